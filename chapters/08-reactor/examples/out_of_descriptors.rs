//! The site when the process has no file descriptor left, and when it has one again.
//!
//! ```text
//! cargo run -p reactor --example out_of_descriptors
//! ```

use std::fs::File;
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use event_loop::{Pace, Service};
use reactor::server::serve;
use reactor::{TcpListener, sleep, spawn};
use socket2::{Domain, Socket, Type};
use wsgi::{Config, ErrorLog, crab_app};

fn main() -> io::Result<()> {
    reactor::new()?.block_on(async {
        let listener = TcpListener::bind(([127, 0, 0, 1], 0).into())?;
        let address = listener.local_addr()?;
        let pace = Arc::new(Pace::new());
        let reports = Arc::new(AtomicUsize::new(0));
        let errors = ErrorLog::new(Counted { reports: Arc::clone(&reports) });
        let config = Config { errors, ..Config::default() };
        let service = Rc::new(Service::new(crab_app(pace.clone()), pace, config));
        let server = spawn(async move { serve(&listener, service).await });

        // ANCHOR: scene
        // The visitor has a socket and has not come yet. Then somebody opens files until there are no descriptors.
        let visitor = Socket::new(Domain::IPV4, Type::STREAM, None)?;
        let mut taken = Vec::new();
        while let Ok(file) = File::open("/dev/null") {
            taken.push(file);
        }
        visitor.connect(&address.into())?;
        while reports.load(Ordering::Relaxed) < 3 {
            sleep(Duration::from_millis(5)).await;
        }
        drop(taken);
        // ANCHOR_END: scene
        let answer = visit(visitor.into());
        while !answer.is_finished() {
            sleep(Duration::from_millis(5)).await;
        }
        println!("visitor: {}", answer.join().expect("the visitor does not panic")?);
        server.abort();
        Ok(())
    })
}

/// Standard output, which counts the lines.
struct Counted {
    reports: Arc<AtomicUsize>,
}

impl Write for Counted {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.reports.fetch_add(1, Ordering::Relaxed);
        io::stdout().write(line)
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stdout().flush()
    }
}

/// Asks for the front page, on a thread of its own, and returns the status line.
fn visit(mut stream: TcpStream) -> thread::JoinHandle<io::Result<String>> {
    thread::spawn(move || {
        stream.write_all(b"GET / HTTP/1.1\r\nHost: c\r\nConnection: close\r\n\r\n")?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer.lines().next().unwrap_or_default().to_owned())
    })
}
