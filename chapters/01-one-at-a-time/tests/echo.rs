//! The blocking echo server, over scripted streams and over real ones.

use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::thread;

use one_at_a_time::echo;
use proctor::script::Script;

fn served() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || echo::serve(&listener));
    address
}

#[test]
fn everything_comes_back_in_order_however_little_a_write_takes() {
    let client = Script::new().gives("tide ").gives("pool").takes_each(1);
    let seen = client.clone();
    proctor::watch(move || echo::echo(client)).unwrap();
    assert_eq!(seen.written_text(), "tide pool");
}

#[test]
fn an_error_of_the_client_is_returned() {
    let client = Script::new().gives("tide").fails_write(ErrorKind::BrokenPipe);
    let error = proctor::watch(move || echo::echo(client)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::BrokenPipe);
}

#[test]
fn the_second_client_is_served_when_the_first_hangs_up() {
    proctor::watch(|| {
        let server = served();
        let mut first = TcpStream::connect(server).unwrap();
        let mut second = TcpStream::connect(server).unwrap();
        second.write_all(b"second\n").unwrap();
        first.write_all(b"first\n").unwrap();
        let mut line = String::new();
        BufReader::new(&first).read_line(&mut line).unwrap();
        assert_eq!(line, "first\n");

        // A thousand answers later, a server that serves both would have come to the second.
        let mut reader = BufReader::new(&first);
        for _ in 0..1000 {
            (&first).write_all(b"again\n").unwrap();
            reader.read_line(&mut String::new()).unwrap();
        }
        second.set_nonblocking(true).unwrap();
        let error = second.read(&mut [0; 16]).unwrap_err();
        assert_eq!(
            error.kind(),
            ErrorKind::WouldBlock,
            "the second client has no answer while the first is there"
        );
        second.set_nonblocking(false).unwrap();

        first.shutdown(Shutdown::Both).unwrap();
        let mut line = String::new();
        BufReader::new(&second).read_line(&mut line).unwrap();
        assert_eq!(line, "second\n");
    });
}

#[test]
fn a_client_that_fails_ends_its_own_connection_only() {
    proctor::watch(|| {
        let server = served();
        let broken = TcpStream::connect(server).unwrap();
        // Closing with a linger of zero sends a reset: the server's read fails.
        socket2::SockRef::from(&broken).set_linger(Some(std::time::Duration::ZERO)).unwrap();
        drop(broken);
        let mut next = TcpStream::connect(server).unwrap();
        next.write_all(b"still there?\n").unwrap();
        let mut line = String::new();
        BufReader::new(&next).read_line(&mut line).unwrap();
        assert_eq!(line, "still there?\n");
    });
}
