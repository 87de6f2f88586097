//! The site on the loop, over real sockets.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::rc::Rc;
use std::sync::{Arc, mpsc};
use std::thread;

use event_loop::server::{Server, listen};
use event_loop::{EventLoop, Pace, Service};
use wsgi::{Config, crab_app};

/// A server on a thread of its own, and where it is.
fn serve() -> SocketAddr {
    let (tell, address) = mpsc::channel();
    thread::spawn(move || {
        let listener = listen(([127, 0, 0, 1], 0).into()).unwrap();
        tell.send(listener.local_addr().unwrap()).unwrap();
        let pace = Arc::new(Pace::new());
        let service = Service::new(crab_app(pace.clone()), pace, Config::default());
        let mut event_loop = EventLoop::new().unwrap();
        Server::start(&mut event_loop, listener, service).unwrap();
        event_loop.run().unwrap();
    });
    address.recv().unwrap()
}

fn get(server: SocketAddr, path: &str) -> String {
    let mut stream = TcpStream::connect(server).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: c\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn somebody_who_watches_the_tide_keeps_nobody_waiting() {
    proctor::watch(|| {
        let server = serve();
        let mut phone = TcpStream::connect(server).unwrap();
        phone.write_all(b"GET / HT").unwrap();
        let mut watcher = TcpStream::connect(server).unwrap();
        watcher.write_all(b"GET /feed HTTP/1.0\r\n\r\n").unwrap();
        let mut lines = BufReader::new(watcher).lines().map(Result::unwrap);
        assert!(lines.any(|line| line.ends_with("rising")));
        // The watcher is in a pause that lasts for as long as it stays; a server that waited with it would never answer.
        for _ in 0..3 {
            assert!(get(server, "/").starts_with("HTTP/1.1 200 OK"));
        }
    });
}

#[test]
fn two_hundred_clients_who_are_all_half_way() {
    proctor::watch(|| {
        let server = serve();
        let mut clients: Vec<_> = (0..200).map(|_| TcpStream::connect(server).unwrap()).collect();
        let request = b"GET /crabs/fiddler HTTP/1.1\r\nHost: c\r\nConnection: close\r\n\r\n";
        for piece in request.chunks(20) {
            for client in &mut clients {
                client.write_all(piece).unwrap();
            }
        }
        for client in &mut clients {
            let mut answer = String::new();
            client.read_to_string(&mut answer).unwrap();
            assert!(answer.contains("One claw"), "{answer}");
        }
    });
}

#[test]
fn a_server_that_is_dropped_closes_its_connections() {
    proctor::watch(|| {
        let listener = listen(([127, 0, 0, 1], 0).into()).unwrap();
        let address = listener.local_addr().unwrap();
        let pace = Arc::new(Pace::new());
        let service = Service::new(crab_app(pace.clone()), pace, Config::default());
        let mut event_loop = EventLoop::new().unwrap();
        let server = Server::start(&mut event_loop, listener, service).unwrap();
        let mut watcher = TcpStream::connect(address).unwrap();
        watcher.write_all(b"GET /feed HTTP/1.0\r\n\r\n").unwrap();

        // However far the conversation got: when the server is gone, the client hears the end.
        let peer = watcher.try_clone().unwrap();
        let heard =
            thread::spawn(move || BufReader::new(peer).lines().map_while(Result::ok).count());
        fn stop_when_came(event_loop: &mut EventLoop, server: Rc<Server>) {
            if server.open() == 1 {
                event_loop.stop();
            } else {
                event_loop.call_soon(move |event_loop| stop_when_came(event_loop, server));
            }
        }
        let seen = Rc::clone(&server);
        event_loop.call_soon(move |event_loop| stop_when_came(event_loop, seen));
        event_loop.run().unwrap();
        drop((event_loop, server));
        heard.join().unwrap();
    });
}
