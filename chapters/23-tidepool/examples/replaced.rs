//! Two workers under load: one is killed, and then all are replaced. Who notices?
//!
//! `cargo run -p tidepool --example replaced`: the kill costs at most the requests that this worker had at hand, the replacement none.

mod operator;

use std::process;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::thread::{self, JoinHandle};

use gateway::{Error, Receive, ResponseBody, ResponseStart, Scope, Sender};
use operator::{Server, Signal, ask, kill, serves, tell, try_ask};

/// Says which process it is.
async fn which(scope: Scope, _receive: Receive, send: Sender) -> Result<(), Error> {
    let Scope::Http(_) = scope else { return Err(scope.unsupported().into()) };
    send.send(ResponseStart::new(200)).await?;
    Ok(send.send(ResponseBody::last(process::id().to_string())).await?)
}

fn main() {
    if serves() {
        tidepool::main(which);
    }
    let enough = if std::env::args().any(|word| word == "--small") { 50 } else { 5_000 };
    let mut server = Server::start("--workers 2 --threads 1 --no-access-log");
    let of_workers = |line: &str| line.contains("worker");

    let crowd = Crowd::around(&server.address);
    crowd.go_on(enough);
    tell("crowd", &crowd.so_far());
    let victim = ask(&server.address, "/", "").parse().expect("it says its number");
    tell("operator", "kill -KILL a worker");
    kill(victim, Signal::KILL);
    server.until("worker 3 is ready", of_workers);
    crowd.go_on(enough);
    tell("crowd", &crowd.so_far());

    tell("operator", "kill -HUP the supervisor");
    server.signal(Signal::HUP);
    server.until("worker 5 is ready", of_workers);
    crowd.go_on(enough);
    tell("crowd", &crowd.so_far());
    crowd.leaves();
    let (code, _) = server.end();
    tell("server", &format!("exits with code {}", code.unwrap_or_default()));
}

/// Four clients that ask until they are told to leave, each time over a new connection.
struct Crowd {
    leave: Arc<AtomicBool>,
    asked: Arc<AtomicUsize>,
    failed: Arc<AtomicUsize>,
    clients: Vec<JoinHandle<()>>,
}

impl Crowd {
    fn around(address: &str) -> Self {
        let leave = Arc::new(AtomicBool::new(false));
        let (asked, failed) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let client = |_| {
            let (leave, asked) = (Arc::clone(&leave), Arc::clone(&asked));
            let (failed, address) = (Arc::clone(&failed), address.to_owned());
            thread::spawn(move || {
                while !leave.load(Relaxed) {
                    if !try_ask(&address, "/", "").is_ok_and(|heard| heard.contains(" 200 ")) {
                        failed.fetch_add(1, Relaxed);
                    }
                    asked.fetch_add(1, Relaxed);
                }
            })
        };
        let clients = (0..4).map(client).collect();
        Self { leave, asked, failed, clients }
    }

    /// Waits until so many more have been asked.
    fn go_on(&self, more: usize) {
        let until = self.asked.load(Relaxed) + more;
        while self.asked.load(Relaxed) < until {
            thread::yield_now();
        }
    }

    /// Since it was last asked for.
    fn so_far(&self) -> String {
        let (asked, failed) = (self.asked.swap(0, Relaxed), self.failed.swap(0, Relaxed));
        format!("{asked} requests, {failed} failed")
    }

    fn leaves(self) {
        self.leave.store(true, Relaxed);
        for client in self.clients {
            client.join().expect("a client does not panic");
        }
    }
}
