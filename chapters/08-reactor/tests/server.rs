//! The site on Ebb, over sockets of this machine.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::Arc;

use event_loop::{Pace, Service};
use proctor::{expect_eq, watch};
use reactor::server::serve;
use wsgi::{Body, Config, Environ, Error, StartResponse};

mod common;

use common::{ask, serving, site};

fn get(server: SocketAddr, path: &str) -> String {
    ask(server, &format!("GET {path} HTTP/1.1\r\nHost: c\r\nConnection: close\r\n\r\n"))
}

#[test]
fn somebody_who_watches_the_tide_keeps_nobody_waiting() {
    watch(|| {
        let server = serving(serve, site);
        let mut phone = TcpStream::connect(server).unwrap();
        phone.write_all(b"GET / HT").unwrap();
        let mut watcher = TcpStream::connect(server).unwrap();
        watcher.write_all(b"GET /feed HTTP/1.0\r\n\r\n").unwrap();
        let mut lines = BufReader::new(watcher).lines().map(Result::unwrap);
        assert!(lines.any(|line| line.ends_with("rising")));
        // The watcher is in a pause that lasts for as long as it stays.
        for _ in 0..3 {
            assert!(get(server, "/").starts_with("HTTP/1.1 200 OK"));
        }
    });
}

#[test]
fn two_hundred_clients_who_are_all_half_way() {
    watch(|| {
        let server = serving(serve, site);
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
fn requests_that_come_in_one_piece_are_answered_in_order() {
    watch(|| {
        let answer = ask(
            serving(serve, site),
            "GET /crabs/hermit HTTP/1.1\r\nHost: c\r\n\r\n\
             GET /crabs/fiddler HTTP/1.1\r\nHost: c\r\nConnection: close\r\n\r\n",
        );
        expect_eq!(answer.matches("HTTP/1.1 200 OK").count(), 2, "the responses");
        assert!(answer.find("hermit") < answer.find("One claw"), "{answer}");
    });
}

fn echo(mut environ: Environ, start_response: StartResponse) -> Result<Body, Error> {
    let mut body = String::new();
    environ.input.read_to_string(&mut body)?;
    start_response.call("200 OK", [("content-type", "text/plain")])?;
    Ok(body.into())
}

#[test]
fn the_application_reads_the_whole_body_and_a_client_may_wait_to_send_it() {
    watch(|| {
        let server =
            serving(serve, || Service::new(echo, Arc::new(Pace::new()), Config::default()));
        let mut client = TcpStream::connect(server).unwrap();
        let head = "POST / HTTP/1.1\r\nHost: c\r\nContent-Length: 4\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n";
        client.write_all(head.as_bytes()).unwrap();
        let mut said = [0; 25];
        client.read_exact(&mut said).unwrap();
        expect_eq!(
            std::str::from_utf8(&said).unwrap(),
            "HTTP/1.1 100 Continue\r\n\r\n",
            "the server's first word"
        );
        client.write_all(b"crab").unwrap();
        let mut answer = String::new();
        client.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 200 OK") && answer.ends_with("crab"), "{answer}");
    });
}

#[test]
fn nonsense_is_refused_and_the_refusal_arrives() {
    watch(|| {
        let answer =
            ask(serving(serve, site), "GET /\u{1}nonsense\r\n\r\n and more than was asked for");
        assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
    });
}

#[test]
fn clients_that_leave_or_reset_take_nobody_with_them() {
    watch(|| {
        let server = serving(serve, site);
        for number in 0..50 {
            let mut client = TcpStream::connect(server).unwrap();
            client.write_all(b"GET /feed HTTP/1.1\r\nHost: c\r\n\r\n").unwrap();
            match number % 3 {
                0 => client.shutdown(Shutdown::Both).unwrap(),
                1 => client.shutdown(Shutdown::Write).unwrap(),
                // With bytes unread this is a reset.
                _ => client.read_exact(&mut [0]).unwrap(),
            }
        }
        assert!(get(server, "/").starts_with("HTTP/1.1 200 OK"));
    });
}
