//! The bounds: on memory, on each phase's time, on numbers; and the graceful end.

use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use gateway::{
    App, DynApp, Error, Receive, ResponseBody, ResponseStart, Scope, Sender, Shutdown, State,
};
use http_server::{Config, Declined, Listener, Server};
use proctor::{expect_eq, watch_async};
use tokio::io::AsyncReadExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::unbounded_channel;
use tokio::sync::oneshot;
use tokio::task::yield_now;
use tokio::time::{Instant, sleep};

use crate::app::Conformance;
use crate::common::{
    Client, Diary, GET, SECOND, config, get, in_memory, in_memory_to, over_tcp, real, status,
};

/// Sends what comes after `silence` each, then waits for the end: the response, and after how many seconds it came.
async fn after(
    app: impl App + 'static,
    change: impl FnOnce(&mut Config),
    words: &[&str],
    silence: Duration,
) -> (String, u64) {
    let mut client = in_memory(app, change);
    let began = Instant::now();
    for word in words {
        client.say(word).await;
        sleep(silence).await;
    }
    let response = client.hear_all().await;
    let seconds = began.elapsed().as_secs();
    drop(client.stream);
    client.server.await.unwrap();
    (response, seconds)
}

#[test]
fn silence_before_the_first_byte_is_bounded() {
    watch_async(async {
        let ended = after(Conformance::default(), |_| {}, &[], SECOND).await;
        expect_eq!(ended, (String::new(), 10), "what was heard, and when");
    });
}

#[test]
fn a_head_that_does_not_end_is_408() {
    watch_async(async {
        // A byte now and then does not move the bound.
        let words = ["G", "E", "T", " ", "/"];
        let (response, seconds) =
            after(Conformance::default(), |_| {}, &words, Duration::from_millis(1_500)).await;
        expect_eq!(status(&response), "HTTP/1.1 408 Request Timeout", "the status");
        expect_eq!(seconds, 10, "seconds");
    });
}

#[test]
fn idle_keep_alive_is_bounded() {
    watch_async(async {
        let mut client = in_memory(Conformance::default(), |_| {});
        for _ in 0..3 {
            sleep(4 * SECOND).await;
            client.say(GET).await;
            client.hear("crabs!").await;
        }
        let began = Instant::now();
        expect_eq!(client.hear_all().await, "", "what was heard");
        expect_eq!(began.elapsed().as_secs(), 5, "seconds");
    });
}

#[test]
fn after_many_requests_the_idle_bound_is_a_tenth_of_a_second_early_at_most() {
    watch_async(async {
        for pause in [0, 10, 30, 99, 101] {
            let mut client = in_memory(Conformance::default(), |_| {});
            for _ in 0..20 {
                sleep(Duration::from_millis(pause)).await;
                client.say(GET).await;
                client.hear("crabs!").await;
            }
            let began = Instant::now();
            expect_eq!(client.hear_all().await, "", "what was heard");
            let waited = began.elapsed().as_millis();
            // Tokio's timers count whole milliseconds.
            assert!((4_900..=5_001).contains(&waited), "{waited} ms, with pauses of {pause}");
        }
    });
}

#[test]
fn an_application_that_takes_long_is_not_cut_by_the_idle_bound() {
    watch_async(async {
        let mut client = in_memory(Conformance::default(), |_| {});
        client.say("GET /sleep?ms=100000 HTTP/1.1\r\nhost: crab\r\n\r\n").await;
        client.hear("slept").await;
        client.say(GET).await;
        client.hear("crabs!").await;
    });
}

const UPLOAD: &str = "POST /upload HTTP/1.1\r\nhost: crab\r\ncontent-length: 100000\r\n\r\n";

#[test]
fn a_gap_in_the_body_is_bounded() {
    watch_async(async {
        let (response, seconds) =
            after(Conformance::default(), |config| config.body_rate = 0, &[UPLOAD, "crab"], SECOND)
                .await;
        expect_eq!(status(&response), "HTTP/1.1 408 Request Timeout", "the status");
        expect_eq!(seconds, 31, "seconds");
    });
}

#[test]
fn a_body_has_a_minimum_rate() {
    watch_async(async {
        // A byte every ten seconds keeps below the bound on gaps, and not on the rate.
        let mut client = in_memory(Conformance::default(), |_| {});
        client.say(UPLOAD).await;
        let began = Instant::now();
        for _ in 0..3 {
            sleep(Duration::from_millis(9_999)).await;
            client.say("x").await;
        }
        let response = client.hear_all().await;
        expect_eq!(status(&response), "HTTP/1.1 408 Request Timeout", "the status");
        expect_eq!(began.elapsed().as_secs(), 30, "seconds");
    });
}

#[test]
fn a_body_that_nobody_waits_for_has_no_bound() {
    watch_async(async {
        let mut client = in_memory(Conformance::default(), |config| config.body = SECOND);
        client.say("POST /noread HTTP/1.1\r\nhost: crab\r\ncontent-length: 4\r\n\r\n").await;
        client.hear("not read").await;
        client.say("crab").await;
        client.say(GET).await;
        client.hear("crabs!").await;
    });
}

#[test]
fn an_unread_response_is_bounded() {
    watch_async(async {
        let diary = Diary::default();
        let noted = diary.clone();
        let app = move |_: Scope, _: Receive, send: Sender| {
            let noted = noted.clone();
            async move {
                send.send(ResponseStart::new(200)).await?;
                loop {
                    if let Err(error) = send.send(ResponseBody::part(vec![b'x'; 10_000])).await {
                        noted.note(error.to_string());
                        return Err::<(), Error>(error.into());
                    }
                }
            }
        };
        let mut client = in_memory(app, |config| config.write_rate = 0);
        client.say(GET).await;
        // It reads a little, once: the bound begins anew.
        sleep(20 * SECOND).await;
        let mut some = [0; 1_000];
        client.stream.read_exact(&mut some).await.unwrap();
        let began = Instant::now();
        client.server.await.unwrap();
        expect_eq!(began.elapsed().as_secs(), 30, "seconds");
        expect_eq!(diary.lines(), ["nothing can be sent: the client is gone"], "what send said");
        expect_eq!(client.failures.lines(), Vec::<String>::new(), "failures");
    });
}

#[test]
fn a_response_must_be_read_at_a_minimum_rate() {
    watch_async(async {
        // A byte, or a hundred, every ten seconds keep below the bound on a standstill; and so does what is fast enough.
        for (bytes, rate, expected) in
            [(1, 240, Some(40)), (100, 240, Some(40)), (2_400, 240, None), (1, 0, None)]
        {
            let change = |config: &mut Config| {
                config.write = 35 * SECOND;
                config.write_rate = rate;
            };
            let mut client = in_memory(flood(10_000, Arc::default()), change);
            client.say(GET).await;
            let began = Instant::now();
            let mut some = vec![0; bytes];
            let ended = loop {
                sleep(10 * SECOND).await;
                if client.server.is_finished() {
                    break Some(began.elapsed().as_secs());
                }
                if began.elapsed() > 1_000 * SECOND {
                    break None;
                }
                client.stream.read_exact(&mut some).await.unwrap();
            };
            expect_eq!(
                ended,
                expected,
                "after how many seconds a client that reads {bytes} bytes every ten is gone"
            );
        }
    });
}

/// Sends parts for ever, and counts the bytes that were accepted.
fn flood(part: usize, sent: Arc<AtomicUsize>) -> impl App + 'static {
    move |_: Scope, _: Receive, send: Sender| {
        let sent = Arc::clone(&sent);
        async move {
            send.send(ResponseStart::new(200)).await?;
            loop {
                send.send(ResponseBody::part(vec![b'x'; part])).await?;
                sent.fetch_add(part, SeqCst);
            }
            #[expect(unreachable_code, reason = "it says what is returned")]
            Ok::<_, Error>(())
        }
    }
}

#[test]
fn send_waits_while_the_client_does_not_read() {
    watch_async(async {
        for part in [100, 10_000, 100_000] {
            const PIPE: usize = 16 * 1024;
            let sent = Arc::default();
            let mut client = in_memory(flood(part, Arc::clone(&sent)), |_| {});
            client.say(GET).await;
            sleep(SECOND).await;
            let unread = sent.load(SeqCst);
            // The mark, the part that passed it, the next one; and what the pipe holds.
            let most = Config::default().write_buffer + 2 * part + PIPE;
            assert!(
                unread <= most,
                "{unread} bytes in parts of {part} were accepted, {most} at most"
            );
            // Around each part stand some bytes of its own.
            assert!(unread >= PIPE * 9 / 10, "{unread} bytes in parts of {part} were accepted");
            let mut read = 0;
            let mut buffer = vec![0; 64 * 1024];
            while read < 1_000_000 {
                read += client.stream.read(&mut buffer).await.unwrap();
            }
            sleep(SECOND).await;
            let ahead = sent.load(SeqCst).saturating_sub(read);
            assert!(ahead <= most, "{ahead} bytes ahead after {read} were read, {most} at most");
        }
    });
}

#[test]
fn the_kernel_keeps_a_bounded_part_of_a_response() {
    real(|| async {
        let sent: Arc<AtomicUsize> = Arc::default();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        // A small receive buffer, so that what is accepted is the server's side.
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(16 * 1024).unwrap();
        let stream = socket.connect(listener.local_addr().unwrap()).await.unwrap();
        let (theirs, _) = listener.accept().await.unwrap();
        let failures = Diary::default();
        let server = Server::new(flood(10_000, Arc::clone(&sent)), config(&failures));
        let unsent = Config::default().unsent;
        let connection = server.serve_connection(http_server::Tcp::new(theirs, unsent));
        let mut client = Client { stream, server: tokio::spawn(connection), failures };
        client.say(GET).await;
        // Until it stands still.
        let mut before = usize::MAX;
        while before != sent.load(SeqCst) || before == 0 {
            before = sent.load(SeqCst);
            for _ in 0..1_000 {
                yield_now().await;
            }
        }
        assert!(
            before < 1_000_000,
            "{before} bytes were accepted from a client that reads nothing"
        );
        client.server.abort();
    });
}

#[test]
fn requests_in_flight_are_bounded_and_more_get_503_with_retry_after() {
    watch_async(async {
        let failures = Diary::default();
        let mut config = config(&failures);
        config.in_flight = Some(2);
        config.retry_after = 7 * SECOND;
        let server = Server::new(Conformance::default(), config);
        let connect = || in_memory_to(&server, failures.clone());
        let (mut first, mut second, mut third) = (connect(), connect(), connect());
        for busy in [&mut first, &mut second] {
            busy.say("GET /sleep?ms=1000 HTTP/1.1\r\nhost: crab\r\n\r\n").await;
        }
        yield_now().await;
        third.say(GET).await;
        let refused = third.hear("in flight\n").await;
        expect_eq!(status(&refused), "HTTP/1.1 503 Service Unavailable", "the status");
        assert!(refused.contains("\r\nretry-after: 7\r\n"), "{refused}");
        first.hear("slept").await;
        second.hear("slept").await;
        // The connection has stayed, and there is room again.
        third.say(GET).await;
        third.hear("crabs!").await;
    });
}

#[test]
fn what_the_server_answers_for_the_application_is_told() {
    watch_async(async {
        let failures = Diary::default();
        let mut config = config(&failures);
        config.in_flight = Some(1);
        let (tell, mut told) = unbounded_channel();
        config.declined = Some(Arc::new(move |Declined { status, why, .. }| {
            tell.send(format!("{} {why}", status.as_u16())).unwrap();
        }));
        let server = Server::new(Conformance::default(), config);
        let connect = || in_memory_to(&server, failures.clone());
        for (request, expected) in [
            ("GET / HTTP/1.1\nhost: crab\n\n", "400 a line ends with LF and not with CR LF"),
            ("GET / HTTP/1.1\r\n\r\n", "400 there is no host"),
            ("\x16\x03\x01 GET / HTTP/1.1\r\n\r\n", "400 invalid HTTP method parsed"),
            ("GET /", "408 the request did not come in time"),
            (
                "POST /upload HTTP/1.1\r\nhost: crab\r\ncontent-length: 5\r\n\r\nc",
                "408 the request did not come in time",
            ),
        ] {
            let response = connect().ask(request).await;
            assert!(response.starts_with(&format!("HTTP/1.1 {}", &expected[..4])), "{response}");
            expect_eq!(told.try_recv().as_deref(), Ok(expected), "{request:?}");
        }
        let mut busy = connect();
        busy.say("GET /sleep?ms=1000 HTTP/1.1\r\nhost: crab\r\n\r\n").await;
        yield_now().await;
        connect().ask(get("/")).await;
        expect_eq!(
            told.try_recv().as_deref(),
            Ok("503 too many requests are in flight"),
            "the second one at a time"
        );
        busy.hear("slept").await;
        // Of these the application knows.
        connect().ask(get("/early")).await;
        connect().ask(get("/")).await;
        assert!(told.try_recv().is_err(), "an application's own failure was told");
    });
}

#[test]
fn requests_of_a_connection_are_bounded() {
    real(|| async {
        let mut client = over_tcp(Conformance::default(), |config| config.requests = Some(2)).await;
        let responses = client.ask(GET.repeat(3)).await;
        expect_eq!(responses.matches("200 OK").count(), 2, "responses");
        expect_eq!(responses.matches("connection: close").count(), 1, "announcements of the end");
    });
}

/// A server on a port, and how to stop it.
async fn listening(
    app: impl App + 'static,
    change: impl FnOnce(&mut Config),
) -> (std::net::SocketAddr, oneshot::Sender<()>, tokio::task::JoinHandle<usize>) {
    let failures = Diary::default();
    let mut config = config(&failures);
    change(&mut config);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let server = Server::new(DynApp::new(app), config);
    let serving = tokio::spawn(async move {
        let stop = async {
            let _ = stopped.await;
        };
        server.serve_until(listener, stop).await
    });
    (address, stop, serving)
}

async fn ask(stream: &mut TcpStream, request: &str) {
    use tokio::io::AsyncWriteExt;
    stream.write_all(request.as_bytes()).await.unwrap();
}

async fn hear(stream: &mut TcpStream, end: &str) -> String {
    let mut heard = Vec::new();
    while !heard.ends_with(end.as_bytes()) {
        assert!(stream.read_buf(&mut heard).await.unwrap() > 0, "ended before {end:?}");
    }
    String::from_utf8(heard).unwrap()
}

#[test]
fn connections_are_bounded_and_more_wait() {
    real(|| async {
        let (address, _stop, serving) =
            listening(Conformance::default(), |config| config.connections = 1).await;
        let mut first = TcpStream::connect(address).await.unwrap();
        let mut second = TcpStream::connect(address).await.unwrap();
        ask(&mut second, GET).await;
        ask(&mut first, GET).await;
        hear(&mut first, "crabs!").await;
        let mut byte = [0];
        let early = second.try_read(&mut byte);
        expect_eq!(
            early.map_err(|error| error.kind()),
            Err(std::io::ErrorKind::WouldBlock),
            "what the second one has by now"
        );
        drop(first);
        hear(&mut second, "crabs!").await;
        serving.abort();
    });
}

#[test]
fn a_graceful_end_closes_idle_connections_and_finishes_what_is_in_flight() {
    real(|| async {
        let diary = Diary::default();
        let noted = diary.clone();
        let app = move |scope: Scope, _: Receive, send: Sender| {
            let noted = noted.clone();
            async move {
                let Scope::Http(scope) = scope else { return Err(scope.unsupported().into()) };
                if scope.path() == "/wait" {
                    noted.note("called");
                    scope.shutdown().begun().await;
                }
                send.send(ResponseStart::new(200)).await?;
                Ok::<_, Error>(send.send(ResponseBody::last("crab")).await?)
            }
        };
        let (address, stop, serving) = listening(app, |_| {}).await;
        let mut idle = TcpStream::connect(address).await.unwrap();
        ask(&mut idle, GET).await;
        hear(&mut idle, "crab").await;
        let mut busy = TcpStream::connect(address).await.unwrap();
        ask(&mut busy, "GET /wait HTTP/1.1\r\nhost: crab\r\n\r\n").await;
        diary.until(1).await;
        stop.send(()).unwrap();
        let response = hear(&mut busy, "crab").await;
        assert!(response.contains("\r\nconnection: close\r\n"), "{response}");
        expect_eq!(idle.read(&mut [0]).await.unwrap(), 0, "bytes on the idle connection");
        drop((idle, busy));
        expect_eq!(serving.await.unwrap(), 0, "connections that were dropped");
        assert!(TcpStream::connect(address).await.is_err(), "nobody is accepted any more");
    });
}

#[test]
fn a_request_that_is_in_the_kernel_at_the_graceful_end_is_answered() {
    watch_async(async {
        let failures = Diary::default();
        let server = Server::new(Conformance::default(), config(&failures));
        let mut client = in_memory_to(&server, failures);
        client.say(GET).await;
        client.hear("crabs!").await;
        // Both are there when the server looks again.
        client.say(GET).await;
        server.close_idle();
        let response = client.hear_all().await;
        assert!(response.ends_with("Hello, crabs!"), "{response}");
        assert!(response.contains("\r\nconnection: close\r\n"), "{response}");
    });
}

#[test]
fn who_has_connected_a_moment_before_the_graceful_end_is_answered() {
    watch_async(async {
        let failures = Diary::default();
        let server = Server::new(Conformance::default(), config(&failures));
        let mut early = in_memory_to(&server, failures.clone());
        let mut silent = in_memory_to(&server, failures);
        sleep(SECOND / 4).await;
        server.close_idle();
        // Its request is still on its way.
        sleep(SECOND / 4).await;
        early.say(GET).await;
        let response = early.hear_all().await;
        assert!(response.ends_with("Hello, crabs!"), "{response}");
        assert!(response.contains("\r\nconnection: close\r\n"), "{response}");
        let began = Instant::now();
        expect_eq!(silent.hear_all().await, "", "what one hears that says nothing");
        expect_eq!(began.elapsed(), SECOND / 2, "until a second after it had connected");
    });
}

#[test]
fn the_graceful_end_is_bounded() {
    real(|| async {
        let diary = Diary::default();
        let noted = diary.clone();
        let app = move |_: Scope, _: Receive, _: Sender| {
            noted.note("called");
            pending::<Result<(), Error>>()
        };
        let (address, stop, serving) =
            listening(app, |config| config.graceful = Duration::ZERO).await;
        let mut stream = TcpStream::connect(address).await.unwrap();
        ask(&mut stream, GET).await;
        diary.until(1).await;
        stop.send(()).unwrap();
        expect_eq!(serving.await.unwrap(), 1, "connections that were dropped");
    });
}

#[test]
fn state_is_what_the_server_was_given() {
    watch_async(async {
        struct Legs(u32);
        let failures = Diary::default();
        let mut state = State::new();
        state.insert(Legs(10));
        let app = async |scope: Scope, _: Receive, send: Sender| {
            let Scope::Http(mut scope) = scope else { return Err(scope.unsupported().into()) };
            let legs = scope.state.get::<Legs>().map_or(0, |legs| legs.0);
            // A copy for each request: the next one does not see this.
            scope.state.insert(Legs(legs + 1));
            send.send(ResponseStart::new(200)).await?;
            Ok::<_, Error>(send.send(ResponseBody::last(format!("{legs} legs"))).await?)
        };
        let server = Server::with_state(app, config(&failures), state, Shutdown::new());
        let mut client = in_memory_to(&server, failures);
        for _ in 0..2 {
            client.say(GET).await;
            let response = client.hear(" legs").await;
            assert!(response.ends_with("10 legs"), "{response}");
        }
    });
}

#[test]
fn a_connection_that_lingers_does_so_within_its_bound() {
    watch_async(async {
        let (response, seconds) =
            after(Conformance::default(), |_| {}, &[&get("/")], SECOND / 10).await;
        assert!(response.ends_with("crabs!"), "{response}");
        expect_eq!(seconds, 0, "seconds until the end is heard");
        let mut client = in_memory(Conformance::default(), |_| {});
        client.ask(get("/")).await;
        let began = Instant::now();
        // The client keeps its side open.
        client.server.await.unwrap();
        expect_eq!(began.elapsed().as_secs(), 1, "seconds until the connection is gone");
    });
}

#[test]
fn pipelined_requests_are_answered_no_faster_than_responses_are_read() {
    watch_async(async {
        let calls: Arc<AtomicUsize> = Arc::default();
        let counted = Arc::clone(&calls);
        let app = move |_: Scope, _: Receive, send: Sender| {
            counted.fetch_add(1, SeqCst);
            async move {
                send.send(ResponseStart::new(200)).await?;
                Ok::<_, Error>(send.send(ResponseBody::last("crab")).await?)
            }
        };
        let mut client = in_memory(app, |_| {});
        let requests = "HEAD / HTTP/1.1\r\nhost: crab\r\n\r\n".repeat(100_000);
        // It writes for as long as there is room, and reads nothing.
        let written = tokio::time::timeout(SECOND, client.say(requests)).await;
        assert!(written.is_err(), "all requests were taken from a client that reads nothing");
        let answered = calls.load(SeqCst);
        assert!((100..1_000).contains(&answered), "{answered} requests were answered");
    });
}

#[test]
fn a_body_that_is_passed_over_has_the_same_bounds() {
    watch_async(async {
        let mut client = in_memory(Conformance::default(), |_| {});
        client.say("POST / HTTP/1.1\r\nhost: crab\r\ncontent-length: 4\r\n\r\ncr").await;
        client.hear("crabs!").await;
        let began = Instant::now();
        expect_eq!(client.hear_all().await, "", "what comes after the response");
        expect_eq!(began.elapsed().as_secs(), 30, "seconds");
    });
}

/// Brings no connection, as there are no file descriptors left.
struct Exhausted;

impl Listener for Exhausted {
    type Stream = tokio::io::DuplexStream;

    async fn accept(&mut self, _: &Config) -> std::io::Result<Self::Stream> {
        Err(std::io::Error::other("too many open files"))
    }

    fn address(&self) -> Option<gateway::Address> {
        None
    }
}

#[test]
fn connections_that_cannot_be_accepted_are_reported_now_and_then() {
    watch_async(async {
        let failures = Diary::default();
        let server = Server::new(Conformance::default(), config(&failures));
        server.serve_until(Exhausted, sleep(25 * SECOND)).await;
        let lines = failures.lines();
        expect_eq!(lines.len(), 3, "lines in 25 s, in which it is tried 20 times a second");
        assert!(lines.iter().all(|line| line.contains("accept: too many open files")), "{lines:?}");
    });
}
