//! The crowd over real sockets, against servers that do as they are told.
//!
//! The frames are long and the servers answer at once, so that nobody waits for a clock:
//! what happens when time runs out is tested on a virtual one, beside the visitor.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use crowd::{Crowd, End, Group};

/// Everybody comes at once, and has all the time in the world. Nobody is slow: that takes real time.
fn hurried() -> Crowd {
    Crowd {
        visitors: 6,
        watchers: 3,
        slow_phones: 0,
        frame: Duration::from_mins(10),
        arrivals: Duration::ZERO,
        ..Crowd::new()
    }
}

/// Answers each of so many connections with what `answer` makes of the request, a thread for each.
/// Returns its address, and where the requests will be.
fn server(
    connections: usize,
    answer: impl Fn(&str, &mut TcpStream) + Clone + Send + 'static,
) -> (SocketAddr, mpsc::Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (requests, received) = mpsc::channel();
    thread::spawn(move || {
        for stream in listener.incoming().take(connections) {
            let mut stream = stream.unwrap();
            let requests = requests.clone();
            let answer = answer.clone();
            thread::spawn(move || {
                let mut request = Vec::new();
                let mut byte = [0];
                while !request.ends_with(b"\r\n\r\n") {
                    assert_eq!(stream.read(&mut byte).unwrap(), 1, "the request is whole");
                    request.push(byte[0]);
                }
                let request = String::from_utf8(request).unwrap();
                answer(&request, &mut stream);
                // Nobody is listening any more if the test is over.
                let _ = requests.send(request);
            });
        }
    });
    (address, received)
}

fn page_or_feed(request: &str, stream: &mut TcpStream) {
    if request.starts_with("GET /feed ") {
        stream.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n").unwrap();
        for _ in 0..3 {
            stream.write_all(b"5\r\ntide\n\r\n").unwrap();
        }
        stream.write_all(b"0\r\n\r\n").unwrap();
    } else {
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\ncrabs").unwrap();
    }
}

#[test]
fn a_server_that_answers_serves_everybody() {
    let (address, requests) = server(9, page_or_feed);
    let visits = crowd::visit(address, &hurried());
    assert_eq!(visits.visits.len(), 9);
    for visit in &visits.visits {
        assert!(matches!(visit.end, End::Done(_)), "{visit:?}");
        assert_eq!(visit.status, Some(200));
        if visit.group == Group::Watchers {
            assert_eq!(visit.parts_in_all, 3);
        }
    }
    let requests: Vec<String> = requests.iter().take(9).collect();
    let feeds = requests.iter().filter(|text| text.starts_with("GET /feed HTTP/1.1\r\n"));
    assert_eq!(feeds.count(), 3);
    let pages = requests.iter().filter(|text| text.starts_with("GET / HTTP/1.1\r\n"));
    assert_eq!(pages.count(), 6);
    assert!(requests.iter().all(|text| text.contains("\r\nHost: crabsarecool.com\r\n")));
}

#[test]
fn a_server_that_is_not_there_turns_everybody_away() {
    let address = {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap()
    };
    let visits = crowd::visit(address, &hurried());
    assert!(visits.visits.iter().all(|visit| matches!(visit.end, End::Broken(_))));
    assert_eq!(
        visits.summary(),
        "6 visitors: 0 served, 6 turned away.\n3 watchers of the feed: 0 watching, 3 turned away.\n"
    );
}

#[test]
fn a_server_that_hangs_up_turns_everybody_away() {
    let (address, _requests) = server(9, |_, _| {});
    let visits = crowd::visit(address, &hurried());
    assert!(visits.visits.iter().all(|visit| matches!(visit.end, End::Broken(_))));
}

#[test]
fn a_full_house_turns_everybody_away() {
    let (address, _requests) = server(9, |_, stream| {
        stream.write_all(b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n").unwrap();
    });
    let visits = crowd::visit(address, &hurried());
    assert!(visits.visits.iter().all(|visit| visit.status == Some(503)));
    assert!(visits.summary().starts_with("6 visitors: 0 served, 6 turned away.\n"));
}
