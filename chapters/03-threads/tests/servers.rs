//! The three ways to serve, over real sockets and without a clock.

use std::net::TcpListener;
use std::sync::Arc;
use std::thread;

use threads::pool::Pool;
use threads::scene::{self, Client, Gate};
use threads::{per_connection, pooled};
use wsgi::{Body, Config, Environ, Error, StartResponse};

const OK: &str = "HTTP/1.1 200 OK";

#[test]
fn with_a_thread_each_a_visitor_need_not_wait_for_a_watcher() {
    proctor::watch(|| {
        let gate = Gate::default();
        let site = scene::site(&gate);
        let config = Config::default();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        thread::scope(|scope| {
            scope
                .spawn(|| per_connection::serve_each(listener.incoming().take(2), &*site, &config));
            let (mut watcher, reading) = Client::watches(address).unwrap();
            assert_eq!(reading, "0.50 m, rising");
            assert_eq!(Client::asks(address, "/").unwrap().reads().unwrap(), OK);
            assert_eq!(watcher.hears().unwrap(), "nothing", "the watcher is still being served");
            gate.let_go(1);
            watcher.reads().unwrap();
        });
    });
}

#[test]
fn a_pool_serves_as_many_as_it_has_workers() {
    proctor::watch(|| {
        let gate = Gate::default();
        let site = scene::site(&gate);
        let config = Config::default();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        thread::scope(|scope| {
            scope.spawn(|| {
                let pool = Pool::new(2, 1).unwrap();
                pooled::serve_each(listener.incoming().take(3), &site, &config, &pool);
            });
            let (mut one, _) = Client::watches(address).unwrap();
            let (mut two, _) = Client::watches(address).unwrap();
            let mut visitor = Client::asks(address, "/").unwrap();
            assert_eq!(visitor.hears().unwrap(), "nothing", "both workers are the watchers'");
            gate.let_go(1);
            assert_eq!(visitor.reads().unwrap(), OK, "one worker is free again");
            gate.let_go(1);
            one.reads().unwrap();
            two.reads().unwrap();
        });
    });
}

#[test]
fn a_panic_of_the_application_ends_its_connection_only() {
    proctor::watch(|| {
        fn app(environ: Environ, start: StartResponse) -> Result<Body, Error> {
            assert!(environ.path_info == "/", "this call panics on purpose");
            start.call("200 OK", [("content-type", "text/plain")])?;
            Ok("well\n".into())
        }
        let config = Config { errors: wsgi::ErrorLog::new(std::io::sink()), ..Config::default() };
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let asks_twice = || {
            let fallen = Client::asks(address, "/fall").unwrap().reads();
            assert_ne!(fallen.unwrap_or_default(), OK);
            assert_eq!(Client::asks(address, "/").unwrap().reads().unwrap(), OK);
        };
        thread::scope(|scope| {
            scope.spawn(|| per_connection::serve_each(listener.incoming().take(2), &app, &config));
            asks_twice();
        });
        thread::scope(|scope| {
            scope.spawn(|| {
                let pool = Pool::new(1, 0).unwrap();
                let app: Arc<dyn wsgi::App> = Arc::new(app);
                pooled::serve_each(listener.incoming().take(2), &app, &config, &pool);
            });
            asks_twice();
        });
    });
}

#[cfg(unix)]
mod processes {
    use std::process::Command;

    use super::*;
    use threads::prefork::{self, Workers};

    /// Not a test: what the processes do that the next test starts.
    #[test]
    fn worker() {
        let Some((_, listener)) = prefork::worker().unwrap() else {
            return;
        };
        let site = scene::site(&Gate::default());
        let app = move |environ: Environ, start: StartResponse| {
            if environ.path_info == "/fall" {
                std::process::exit(70);
            }
            site.call(environ, start)
        };
        prefork::serve(&listener, &app, &Config::default());
    }

    #[test]
    fn processes_share_a_socket_and_are_replaced_when_they_fall() {
        proctor::watch(|| {
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            let address = listener.local_addr().unwrap();
            let mut workers = Workers::start(listener, 2, || {
                let mut command = Command::new(std::env::current_exe().unwrap());
                command.args(["--exact", "processes::worker", "--nocapture"]);
                command
            })
            .unwrap();
            // Each watcher holds a worker, so two watchers have two.
            let (mut one, _) = Client::watches(address).unwrap();
            let (mut two, _) = Client::watches(address).unwrap();
            let mut visitor = Client::asks(address, "/").unwrap();
            assert_eq!(visitor.hears().unwrap(), "nothing", "both processes are the watchers'");
            assert_eq!(workers.replace_fallen().unwrap().len(), 0);
            drop(workers);
            assert!(
                one.reads().is_ok() && two.reads().is_ok(),
                "the connections end with the workers"
            );

            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            let address = listener.local_addr().unwrap();
            let mut workers = Workers::start(listener, 1, || {
                let mut command = Command::new(std::env::current_exe().unwrap());
                command.args(["--exact", "processes::worker", "--nocapture"]);
                command
            })
            .unwrap();
            assert_ne!(Client::asks(address, "/fall").unwrap().reads().unwrap_or_default(), OK);
            let mut after_the_fall = Client::asks(address, "/").unwrap();
            let fallen = loop {
                let fallen = workers.replace_fallen().unwrap();
                if !fallen.is_empty() {
                    break fallen;
                }
                thread::yield_now();
            };
            assert_eq!((fallen[0].0, fallen[0].1.code()), (1, Some(70)));
            assert_eq!(after_the_fall.reads().unwrap(), OK, "whoever waited is served by the next");
        });
    }
}
