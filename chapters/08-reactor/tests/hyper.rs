//! hyper on Ebb: the site by way of hyper, over sockets of this machine, and hyper's time-outs on a virtual clock.

use std::cell::RefCell;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::pin::Pin;
use std::process::Command;
use std::rc::Rc;
use std::sync::{Arc, Mutex, mpsc};
use std::task::{Context, Poll};
use std::thread;
use std::time::Duration;

use event_loop::{Pace, Service};
use futures_util::{AsyncRead, AsyncWrite};
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use proctor::{expect_eq, watch};
use reactor::hyper::wsgi::Site;
use reactor::hyper::{Io, Timer, serve};
use reactor::{Ebb, TcpListener, now, sleep_until, spawn};
use wsgi::{Body, Clock, Config, Environ, Error, ErrorLog, StartResponse};

mod common;

use common::{ask, serving, site};

/// The next response whose body has a length, with its head.
fn next_response(stream: &mut impl BufRead) -> String {
    let mut text = String::new();
    let mut length = 0;
    loop {
        let from = text.len();
        assert!(stream.read_line(&mut text).unwrap() > 0, "the connection has ended: {text}");
        let line = text[from..].trim_end().to_ascii_lowercase();
        if let Some(value) = line.strip_prefix("content-length: ") {
            length = value.parse().unwrap();
        }
        if line.is_empty() {
            break;
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).unwrap();
    text + std::str::from_utf8(&body).unwrap()
}

#[test]
fn one_connection_serves_one_request_after_the_other() {
    watch(|| {
        let mut stream = BufReader::new(TcpStream::connect(serving(serve, site)).unwrap());
        for crab in ["hermit", "fiddler", "coconut"] {
            let request = format!("GET /crabs/{crab} HTTP/1.1\r\nHost: c\r\n\r\n");
            stream.get_mut().write_all(request.as_bytes()).unwrap();
            let answer = next_response(&mut stream);
            assert!(answer.starts_with("HTTP/1.1 200 OK") && answer.contains(crab), "{answer}");
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

#[test]
fn the_feed_begins_at_once_and_keeps_nobody_waiting() {
    watch(|| {
        let server = serving(serve, site);
        let mut watcher = TcpStream::connect(server).unwrap();
        watcher.write_all(b"GET /feed HTTP/1.1\r\nHost: c\r\n\r\n").unwrap();
        let mut lines = BufReader::new(watcher).lines().map(Result::unwrap);
        assert!(lines.any(|line| line == "transfer-encoding: chunked"));
        assert!(lines.any(|line| line.ends_with("rising")));
        // The watcher is in a pause that lasts for as long as it stays.
        for _ in 0..3 {
            let answer = ask(server, "GET / HTTP/1.1\r\nHost: c\r\nConnection: close\r\n\r\n");
            assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
        }
    });
}

fn echo(mut environ: Environ, start_response: StartResponse) -> Result<Body, Error> {
    let mut body = String::new();
    environ.input.read_to_string(&mut body)?;
    start_response.call("200 OK", [("content-type", "text/plain")])?;
    let length = environ.content_length;
    Ok(format!("{} {} {length:?} {body}", environ.request_method, environ.query_string).into())
}

#[test]
fn the_application_is_told_what_the_request_says() {
    watch(|| {
        let server =
            || serving(serve, || Service::new(echo, Arc::new(Pace::new()), Config::default()));
        let whole =
            "POST /?a=b HTTP/1.1\r\nHost: c\r\nContent-Length: 4\r\nConnection: close\r\n\r\ncrab";
        let answer = ask(server(), whole);
        assert!(answer.ends_with("POST a=b Some(4) crab"), "{answer}");
        let parts = "POST /?a=b HTTP/1.1\r\nHost: c\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n\
            2\r\ncr\r\n2\r\nab\r\n0\r\n\r\n";
        let answer = ask(server(), parts);
        assert!(answer.ends_with("POST a=b None crab"), "{answer}");
    });
}

#[test]
fn a_body_that_is_too_long_is_refused() {
    watch(|| {
        let server = serving(serve, || {
            let mut config = Config::default();
            config.limits.body = 3;
            Service::new(echo, Arc::new(Pace::new()), config)
        });
        for (head, body) in [
            ("Content-Length: 4", "crab"),
            ("Transfer-Encoding: chunked", "4\r\ncrab\r\n0\r\n\r\n"),
            // Who asks before sending hears no, and not "go on".
            ("Content-Length: 4\r\nExpect: 100-continue", ""),
        ] {
            let answer = ask(
                server,
                &format!("POST / HTTP/1.1\r\nHost: c\r\n{head}\r\nConnection: close\r\n\r\n{body}"),
            );
            assert!(answer.starts_with("HTTP/1.1 413"), "{head}: {answer}");
        }
    });
}

#[test]
fn a_body_that_makes_no_sense_is_refused_and_nothing_is_reported() {
    watch(|| {
        let (report, reports) = mpsc::channel();
        let errors = ErrorLog::new(Reports(Arc::new(Mutex::new(report))));
        let config = Config { errors, ..Config::default() };
        let server = serving(serve, move || Service::new(echo, Arc::new(Pace::new()), config));
        let head =
            "POST / HTTP/1.1\r\nHost: c\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n";
        let answer = ask(server, &format!("{head}crab\r\n"));
        assert!(answer.starts_with("HTTP/1.1 400"), "a chunk without a size: {answer}");
        let mut leaves = TcpStream::connect(server).unwrap();
        leaves.write_all(format!("{head}4\r\ncr").as_bytes()).unwrap();
        leaves.shutdown(std::net::Shutdown::Write).unwrap();
        let mut answer = String::new();
        leaves.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 400"), "a body that breaks off: {answer}");
        let answer = ask(server, "tide?\r\n\r\n");
        assert!(answer.starts_with("HTTP/1.1 400"), "what is not HTTP: {answer}");
        // Another one is served by the same thread, so those are done with.
        ask(server, "GET / HTTP/1.0\r\n\r\n");
        expect_eq!(reports.try_recv().ok(), None, "what was reported");
    });
}

/// What is reported is sent to the test.
struct Reports(Arc<Mutex<mpsc::Sender<String>>>);

impl Write for Reports {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let _ = self.0.lock().unwrap().send(String::from_utf8_lossy(bytes).into_owned());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn fails(environ: Environ, start_response: StartResponse) -> Result<Body, Error> {
    match environ.path_info.as_str() {
        "/error" => Err("no crabs today".into()),
        "/panic" => panic!("no crabs at all"),
        "/silence" => Ok("nothing was started".into()),
        _ => {
            start_response.call("200 OK", [])?;
            Ok(Body::new([Ok(b"first".to_vec()), Err("no second part".into())]))
        }
    }
}

#[test]
fn an_application_that_fails_is_answered_for_and_reported() {
    watch(|| {
        let (report, reports) = mpsc::channel();
        let errors = ErrorLog::new(Reports(Arc::new(Mutex::new(report))));
        let config = Config { errors, ..Config::default() };
        let server = serving(serve, move || Service::new(fails, Arc::new(Pace::new()), config));
        let get = |path: &str| {
            ask(server, &format!("GET {path} HTTP/1.1\r\nHost: c\r\nConnection: close\r\n\r\n"))
        };
        for (path, why) in [
            ("/error", "GET /error: no crabs today\n"),
            ("/panic", "GET /panic: the application panicked\n"),
            ("/silence", "GET /silence: start_response was not called"),
        ] {
            let answer = get(path);
            assert!(answer.starts_with("HTTP/1.1 500"), "{answer}");
            let line = reports.recv().unwrap();
            assert!(line.starts_with(why), "{line}");
        }
        // hyper may have the first part in hand still: then the client gets nothing, and in no case a whole response.
        let answer = get("/late");
        assert!(!answer.ends_with("0\r\n\r\n"), "{answer}");
        expect_eq!(reports.recv().unwrap(), "no second part\n", "the report");
    });
}

/// Parts of a word for ever, or for as long as there are some, with a pause before each.
fn in_parts(words: impl Iterator<Item = &'static str> + Clone + Send + Sync + 'static) -> Service {
    let pace = Arc::new(Pace::new());
    let clock = Arc::clone(&pace);
    let app = move |_: Environ, start_response: StartResponse| {
        start_response.call("200 OK", [])?;
        let clock = Arc::clone(&clock);
        Ok::<_, Error>(Body::new(words.clone().map(move |word| {
            clock.sleep(Duration::from_millis(1));
            Ok(word.as_bytes().to_vec())
        })))
    };
    Service::new(app, pace, Config::default())
}

#[test]
fn a_client_that_has_asked_and_closes_its_side_gets_the_whole_answer() {
    watch(|| {
        let server = serving(serve, || in_parts(["one ", "two ", "three"].into_iter()));
        let mut stream = TcpStream::connect(server).unwrap();
        stream.write_all(b"GET / HTTP/1.0\r\n\r\n").unwrap();
        stream.shutdown(std::net::Shutdown::Write).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.ends_with("one two three"), "the answer: {answer:?}");
    });
}

#[test]
fn what_an_application_slept_before_it_failed_nobody_else_waits_for() {
    watch(|| {
        let hour = Duration::from_hours(1);
        let server = serving(serve, move || {
            let pace = Arc::new(Pace::new());
            let clock = Arc::clone(&pace);
            let app = move |environ: Environ, start_response: StartResponse| {
                if environ.path_info == "/sleeps" {
                    clock.sleep(hour);
                    return Err(Error::from("it was too tired"));
                }
                start_response.call("200 OK", [])?;
                Ok("awake".into())
            };
            let errors = ErrorLog::new(io::sink());
            Service::new(app, pace, Config { errors, ..Config::default() })
        });
        let get =
            |path: &str| format!("GET {path} HTTP/1.1\r\nHost: c\r\nConnection: close\r\n\r\n");
        // Its own answer may well come in an hour: nobody waits for that here.
        let mut sleeper = TcpStream::connect(server).unwrap();
        sleeper.write_all(get("/sleeps").as_bytes()).unwrap();
        for _ in 0..3 {
            let answer = ask(server, &get("/"));
            assert!(answer.ends_with("awake"), "{answer}");
        }
    });
}

#[test]
fn curl_reads_the_site() {
    let curl = |arguments: &[&str]| Command::new("curl").args(arguments).output();
    let Ok(version) = curl(&["--version"]) else {
        println!("skipped: there is no curl");
        return;
    };
    assert!(version.status.success());
    watch(move || {
        let server = serving(serve, site);
        let page = |path: &str| format!("http://{server}{path}");
        // Two pages on one connection, and a feed that ends.
        let out = Command::new("curl")
            .args(["--silent", "--show-error", "--noproxy", "*"])
            .args(["--write-out", "connections: %{num_connects}\n"])
            .args([page("/crabs/hermit"), page("/crabs/fiddler"), page("/feed?readings=1")])
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&out.stdout);
        assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
        assert!(text.contains("hermit") && text.contains("One claw"), "{text}");
        expect_eq!(text.matches("rising").count(), 1, "the readings");
        let connections: Vec<_> =
            text.lines().filter(|line| line.starts_with("connections")).collect();
        expect_eq!(
            connections,
            ["connections: 1", "connections: 0", "connections: 0"],
            "new connections for each page"
        );
    });
}

/// A client who says what is here, and then nothing any more. What it is told is kept.
struct Silent {
    says: io::Cursor<Vec<u8>>,
    hears: Rc<RefCell<Vec<u8>>>,
}

impl AsyncRead for Silent {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _context: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        match self.says.read(buffer) {
            Ok(0) => Poll::Pending,
            read => Poll::Ready(read),
        }
    }
}

impl AsyncWrite for Silent {
    fn poll_write(
        self: Pin<&mut Self>,
        _context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.hears.borrow_mut().extend_from_slice(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(self: Pin<&mut Self>, _context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// How long hyper listened to somebody who says `says`, whether it was a time-out that ended it, and what was answered.
fn patience_with(says: &'static str) -> (Duration, bool, String) {
    Ebb::with_virtual_clock().block_on(async {
        let hears = Rc::<RefCell<Vec<u8>>>::default();
        let client = Silent { says: io::Cursor::new(says.into()), hears: Rc::clone(&hears) };
        let hello = async |_: Request<Incoming>| {
            Ok::<_, Error>(Response::new(Full::new(Bytes::from_static(b"crab"))))
        };
        let ended = http1::Builder::new()
            .timer(Timer::new())
            .header_read_timeout(Duration::from_secs(10))
            .serve_connection(Io(client), service_fn(hello))
            .await;
        let told = String::from_utf8_lossy(&hears.borrow()).into_owned();
        (now(), ended.is_err_and(|error| error.is_timeout()), told)
    })
}

#[test]
fn a_head_that_is_not_finished_in_time_ends_the_connection() {
    watch(|| {
        let (time, was_late, told) = patience_with("GET / HTTP/1.1\r\nHo");
        expect_eq!((time, was_late), (Duration::from_secs(10), true), "the end of the patience");
        expect_eq!(told, "", "what the client was told");
    });
}

#[test]
fn a_connection_that_is_kept_is_waited_for_as_long_as_a_head_may_take() {
    watch(|| {
        let (time, _, told) = patience_with("GET / HTTP/1.1\r\nHost: c\r\n\r\n");
        expect_eq!(time, Duration::from_secs(10), "the end of the patience");
        assert!(told.ends_with("crab"), "{told}");
    });
}

#[test]
fn what_the_application_sleeps_is_slept_between_the_parts() {
    watch(|| {
        Ebb::with_virtual_clock().block_on(async {
            let hears = Rc::<RefCell<Vec<u8>>>::default();
            let says = "GET /feed?readings=3 HTTP/1.1\r\nHost: c\r\nConnection: close\r\n\r\n";
            let client = Silent { says: io::Cursor::new(says.into()), hears: Rc::clone(&hears) };
            let service = Rc::new(site());
            let nowhere = SocketAddr::from(([127, 0, 0, 1], 0));
            let site = Site::new(service, nowhere, nowhere, Timer::new());
            let served = spawn(async move {
                http1::Builder::new().serve_connection(Io(client), site).await.unwrap();
            });
            let readings = || String::from_utf8_lossy(&hears.borrow()).matches("rising").count();
            for second in 0..3 {
                sleep_until(Duration::from_millis(1_000 * second + 500)).await;
                expect_eq!(readings() as u64, second + 1, "readings after {second}.5 s");
            }
            served.await.unwrap();
            expect_eq!(readings(), 3, "readings in the end");
        });
    });
}

#[test]
fn clients_that_leave_or_reset_leave_no_task_behind() {
    watch(|| {
        let service = Rc::new(in_parts(std::iter::repeat("rising\n")));
        let mut ebb = reactor::new().unwrap();
        ebb.block_on(async {
            let listener = TcpListener::bind(([127, 0, 0, 1], 0).into()).unwrap();
            let server = listener.local_addr().unwrap();
            let clients = thread::spawn(move || {
                for number in 0..30 {
                    let mut client = TcpStream::connect(server).unwrap();
                    client.write_all(b"GET / HTTP/1.1\r\nHost: c\r\n\r\n").unwrap();
                    if number % 3 > 0 {
                        client.read_exact(&mut [0]).unwrap();
                    }
                    // With bytes unread a close is a reset, and the last ones have said before that they say no more.
                    if number % 3 > 1 {
                        client.shutdown(std::net::Shutdown::Write).unwrap();
                        client.read_exact(&mut [0; 64]).unwrap();
                    }
                }
            });
            let tasks: Vec<_> = {
                let mut tasks = Vec::new();
                for _ in 0..30 {
                    let (stream, _) = listener.accept().await.unwrap();
                    let service = Rc::clone(&service);
                    tasks.push(spawn(async move {
                        let _ = reactor::hyper::serve_connection(stream, service).await;
                    }));
                }
                tasks
            };
            for task in tasks {
                task.await.unwrap();
            }
            clients.join().unwrap();
        });
        expect_eq!((ebb.tasks(), ebb.timers()), (0, 0), "tasks and timers left");
    });
}
