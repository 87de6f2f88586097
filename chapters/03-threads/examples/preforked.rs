//! Three processes that share a listening socket; one of them falls, and is replaced.
//!
//! Run with `cargo run -p threads --example preforked`.

#[cfg(not(unix))]
fn main() {
    println!(
        "This example hands a socket to its children as Unix does it; there is nothing to show here."
    );
}

#[cfg(unix)]
fn main() -> std::io::Result<()> {
    match threads::prefork::worker()? {
        Some((number, listener)) => unix::work(number, &listener),
        None => unix::manage()?,
    }
    Ok(())
}

#[cfg(unix)]
mod unix {
    use std::collections::BTreeSet;
    use std::io;
    use std::net::TcpListener;
    use std::process::{self, Command};
    use std::sync::Arc;
    use std::time::Duration;

    use threads::prefork::{self, Workers};
    use threads::scene::{Client, Gate};
    use wsgi::{Config, Environ, StartResponse};

    // ANCHOR: work
    /// What a worker does: serves the site, and falls when it is asked to.
    pub fn work(number: usize, listener: &TcpListener) {
        let site = wsgi::crab_app(Arc::new(Gate::default()));
        let app = move |environ: Environ, start: StartResponse| {
            if environ.path_info == "/fall" {
                process::exit(70);
            }
            let named = move |mut said: wsgi::Start| {
                said.headers.push("x-worker", number.to_string());
                start.pass(said)
            };
            wsgi::App::call(&site, environ, StartResponse::new(named))
        };
        prefork::serve(listener, &app, &Config { multiprocess: true, ..Config::default() });
    }
    // ANCHOR_END: work

    // ANCHOR: manage
    pub fn manage() -> io::Result<()> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let myself = std::env::current_exe()?;
        let mut workers = Workers::start(listener, 3, move || Command::new(&myself))?;

        let mut watchers = Vec::new();
        let mut names = BTreeSet::new();
        for _ in 0..2 {
            let mut watcher = Client::asks(address, "/feed")?;
            names.insert(worker_of(&watcher.hears_until("ing\n\r\n")?));
            watchers.push(watcher);
        }
        println!("2 watchers watch, on {} workers.", names.len());
        println!("A visitor reads    {}", Client::asks(address, "/")?.reads()?);
        println!(
            "The next asks it to fall, and reads {}.",
            Client::asks(address, "/fall")?.reads()?
        );

        // ANCHOR: replace
        let fallen = loop {
            let fallen = workers.replace_fallen()?;
            if !fallen.is_empty() {
                break fallen;
            }
            std::thread::sleep(Duration::from_millis(10));
        };
        // ANCHOR_END: replace
        for (number, status) in fallen {
            assert!(!names.contains(&number.to_string()));
            println!("The third worker has ended ({status}), and another is hired.");
        }
        for watcher in &mut watchers {
            assert_eq!(watcher.hears()?, "nothing");
        }
        println!("The watchers watch on.");
        println!("A visitor reads    {}", Client::asks(address, "/")?.reads()?);
        Ok(())
    }
    // ANCHOR_END: manage

    fn worker_of(head: &str) -> String {
        head.lines().find_map(|line| line.strip_prefix("x-worker: ")).unwrap_or_default().to_owned()
    }
}
