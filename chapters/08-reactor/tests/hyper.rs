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
use wsgi::{Body, Config, Environ, Error, ErrorLog, StartResponse, crab_app};

/// A server on a thread of its own, and where it is.
fn serving(service: impl FnOnce() -> Service + Send + 'static) -> SocketAddr {
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

fn site() -> SocketAddr {
    serving(|| {
        let pace = Arc::new(Pace::new());
        Service::new(crab_app(pace.clone()), pace, Config::default())
    })
}

fn ask(server: SocketAddr, request: &str) -> String {
    let mut stream = TcpStream::connect(server).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

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
        let mut stream = BufReader::new(TcpStream::connect(site()).unwrap());
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
            site(),
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
        let server = site();
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
        let server = || serving(|| Service::new(echo, Arc::new(Pace::new()), Config::default()));
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
        let server = serving(|| {
            let mut config = Config::default();
            config.limits.body = 3;
            Service::new(echo, Arc::new(Pace::new()), config)
        });
        let answer = ask(
            server,
            "POST / HTTP/1.1\r\nHost: c\r\nContent-Length: 4\r\nConnection: close\r\n\r\ncrab",
        );
        assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
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
        let server = serving(move || Service::new(fails, Arc::new(Pace::new()), config));
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

#[test]
fn curl_reads_the_site() {
    let curl = |arguments: &[&str]| Command::new("curl").args(arguments).output();
    let Ok(version) = curl(&["--version"]) else {
        println!("skipped: there is no curl");
        return;
    };
    assert!(version.status.success());
    watch(move || {
        let server = site();
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
            let pace = Arc::new(Pace::new());
            let service = Rc::new(Service::new(crab_app(pace.clone()), pace, Config::default()));
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
        let pace = Arc::new(Pace::new());
        let service = Rc::new(Service::new(crab_app(pace.clone()), pace, Config::default()));
        let mut ebb = reactor::new().unwrap();
        ebb.block_on(async {
            let listener = TcpListener::bind(([127, 0, 0, 1], 0).into()).unwrap();
            let server = listener.local_addr().unwrap();
            let clients = thread::spawn(move || {
                for number in 0..30 {
                    let mut client = TcpStream::connect(server).unwrap();
                    client.write_all(b"GET /feed HTTP/1.1\r\nHost: c\r\n\r\n").unwrap();
                    if number % 3 > 0 {
                        client.read_exact(&mut [0]).unwrap();
                    }
                    if number % 3 > 1 {
                        // With bytes unread a close is a reset; this one is an orderly one.
                        client.shutdown(std::net::Shutdown::Write).unwrap();
                        while client.read(&mut [0; 64]).unwrap() > 0 {}
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
