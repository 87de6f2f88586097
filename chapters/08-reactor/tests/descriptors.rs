//! A server that has no file descriptor left. In a process of its own, since the limit is the process's.
#![cfg(unix)]

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::rc::Rc;
use std::sync::{Arc, Mutex, mpsc};
use std::thread;

use event_loop::{Pace, Service};
use proctor::watch;
use reactor::TcpListener;
use reactor::server::serve;
use rustix::process::{Resource, getrlimit, setrlimit};
use wsgi::{Config, ErrorLog, crab_app};

/// Where the server reports, and who is told of each report.
struct Reports(Arc<Mutex<mpsc::Sender<String>>>);

impl Write for Reports {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let line = String::from_utf8_lossy(bytes).into_owned();
        let _ = self.0.lock().unwrap().send(line);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_server_without_descriptors_reports_it_and_goes_on_when_there_are_some() {
    watch(|| {
        let (tell, address) = mpsc::channel();
        let (report, reports) = mpsc::channel();
        thread::spawn(move || {
            reactor::new().unwrap().block_on(async {
                let listener = TcpListener::bind(([127, 0, 0, 1], 0).into()).unwrap();
                tell.send(listener.local_addr().unwrap()).unwrap();
                let pace = Arc::new(Pace::new());
                let errors = ErrorLog::new(Reports(Arc::new(Mutex::new(report))));
                let config = Config { errors, ..Config::default() };
                serve(&listener, Rc::new(Service::new(crab_app(pace.clone()), pace, config))).await;
            });
        });
        let address = address.recv().unwrap();
        // One client has a socket and is not connected yet; then every descriptor is taken.
        let socket =
            socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
        let mut limit = getrlimit(Resource::Nofile);
        let soft = limit.current;
        limit.current = Some(64);
        setrlimit(Resource::Nofile, limit).unwrap();
        let mut taken = Vec::new();
        while let Ok(file) = std::fs::File::open("/dev/null") {
            taken.push(file);
        }
        socket.connect(&address.into()).unwrap();
        let line = reports.recv().unwrap();
        assert!(line.starts_with("accept: ") && line.contains("os error 24"), "{line}");
        drop(taken);
        limit.current = soft;
        setrlimit(Resource::Nofile, limit).unwrap();

        let mut client = TcpStream::from(socket);
        client.write_all(b"GET / HTTP/1.1\r\nHost: c\r\nConnection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        client.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
    });
}
