//! A server on a thread of its own, and how to ask it.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::rc::Rc;
use std::sync::{Arc, mpsc};
use std::thread;

use event_loop::{Pace, Service};
use reactor::TcpListener;
use wsgi::{Config, crab_app};

/// Serves by `serve` on a thread of its own, and returns where.
pub fn serving(
    serve: impl AsyncFnOnce(&TcpListener, Rc<Service>) + Send + 'static,
    service: impl FnOnce() -> Service + Send + 'static,
) -> SocketAddr {
    let (tell, address) = mpsc::channel();
    thread::spawn(move || {
        reactor::new().unwrap().block_on(async {
            let listener = TcpListener::bind(([127, 0, 0, 1], 0).into()).unwrap();
            tell.send(listener.local_addr().unwrap()).unwrap();
            serve(&listener, Rc::new(service())).await;
        });
    });
    address.recv().unwrap()
}

/// The site, for [`serving`].
pub fn site() -> Service {
    let pace = Arc::new(Pace::new());
    Service::new(crab_app(pace.clone()), pace, Config::default())
}

/// Sends `request`, and returns all that comes back.
pub fn ask(server: SocketAddr, request: &str) -> String {
    let mut stream = TcpStream::connect(server).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}
