//! Orders in which things happen seldom: an exhausted budget, ends of a call in other tasks, requests behind a FIN, halves of a hint.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use gateway::{Error, Receive, ResponseBody, ResponseStart, Scope, SendEvent, Sender};
use http::HeaderValue;
use http_server::Server;
use proctor::{expect_eq, watch_async};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::task::coop::consume_budget;
use tokio::time::{Instant, sleep, timeout};

use crate::app::Conformance;
use crate::common::{Diary, GET, SECOND, config, get, in_memory, over_tcp, real, status};

const UPLOAD: &str = "POST / HTTP/1.1\r\nhost: crab\r\ncontent-length: 10\r\n\r\n";

/// A connection in memory, in a task that has used up so much of its budget when it begins; it is idle after a response. It has 100 s.
async fn idle_after(spent: usize) -> (Server<Conformance>, DuplexStream) {
    let mut config = config(&Diary::default());
    (config.keep_alive, config.park) = (100 * SECOND, Duration::MAX);
    let server = Server::new(Conformance::default(), config);
    let (mut stream, theirs) = duplex(16 * 1024);
    stream.write_all(GET.as_bytes()).await.unwrap();
    let connection = server.serve_connection(theirs);
    tokio::spawn(async move {
        for _ in 0..spent {
            consume_budget().await;
        }
        connection.await;
    });
    let mut heard = Vec::new();
    while !heard.ends_with(b"crabs!") {
        stream.read_buf(&mut heard).await.unwrap();
    }
    (server, stream)
}

/// More than Tokio's budget of a task's turn, which is 128.
const TURN: usize = 130;

#[test]
fn a_bound_holds_though_the_budget_was_exhausted_when_it_began() {
    watch_async(async {
        for spent in 0..TURN {
            let (_server, mut stream) = idle_after(spent).await;
            let began = Instant::now();
            stream.read_to_end(&mut Vec::new()).await.unwrap();
            let seconds = began.elapsed().as_secs();
            expect_eq!(seconds, 100, "seconds, after {spent} units of the budget");
        }
    });
}

#[test]
fn the_graceful_end_is_heard_though_the_budget_was_exhausted_when_it_was_listened_for() {
    watch_async(async {
        for spent in 0..TURN {
            let (server, mut stream) = idle_after(spent).await;
            let began = Instant::now();
            server.close_idle();
            stream.read_to_end(&mut Vec::new()).await.unwrap();
            let seconds = began.elapsed().as_secs();
            expect_eq!(seconds, 0, "seconds, after {spent} units of the budget");
        }
    });
}

#[test]
fn a_body_that_another_task_waits_for_is_bounded() {
    watch_async(async {
        let app = |_: Scope, mut receive: Receive, send: Sender| async move {
            let reader = tokio::spawn(async move {
                receive.part().await?;
                sleep(120 * SECOND).await;
                receive.part().await
            });
            reader.await??;
            send.send(ResponseStart::new(200)).await?;
            Ok::<_, Error>(send.send(ResponseBody::last("crab")).await?)
        };
        let mut client = in_memory(app, |_| {});
        client.say(UPLOAD).await;
        client.say("leg").await;
        let began = Instant::now();
        let ended = timeout(1_000 * SECOND, client.hear_all()).await;
        assert!(ended.is_ok(), "a body that stands still holds the connection for ever");
        expect_eq!(began.elapsed().as_secs(), 150, "seconds");
    });
}

#[test]
fn a_call_behind_a_fin_learns_of_it_also_if_the_response_before_was_complete() {
    real(|| async {
        let diary = Diary::default();
        let notes = diary.clone();
        let app = move |scope: Scope, mut receive: Receive, send: Sender| {
            let notes = notes.clone();
            async move {
                let Scope::Http(scope) = scope else { return Err(scope.unsupported().into()) };
                notes.note(&*scope.path());
                if scope.path() == "/wait" {
                    while receive.part().await?.is_some() {}
                    notes.note(receive.next().await.name());
                    return Ok(());
                }
                send.send(ResponseStart::new(200)).await?;
                send.send(ResponseBody::part("x")).await?;
                Ok::<_, Error>(send.send(ResponseBody::last(vec![b'x'; 20_000_000])).await?)
            }
        };
        let mut client = over_tcp(app, |_| {}).await;
        client.say(format!("{GET}{}", GET.replace(" / ", " /wait "))).await;
        diary.until(1).await;
        client.stream.shutdown().await.unwrap();
        // The kernel's news is there before a connection that is made afterwards.
        let mut next = over_tcp(Conformance::default(), |_| {}).await;
        next.say(GET).await;
        next.hear("crabs!").await;
        let mut heard = vec![0; 20_000_000];
        client.stream.read_exact(&mut heard).await.unwrap();
        client.stream.read_to_end(&mut heard).await.unwrap();
        client.server.await.unwrap();
        expect_eq!(diary.lines(), ["/", "/wait", "http.disconnect"], "what the calls met");
    });
}

/// Counts those that live.
struct Living(Arc<AtomicUsize>);

impl Living {
    fn new(count: &Arc<AtomicUsize>) -> Self {
        count.fetch_add(1, SeqCst);
        Self(Arc::clone(count))
    }
}

impl Drop for Living {
    fn drop(&mut self) {
        self.0.fetch_sub(1, SeqCst);
    }
}

#[test]
fn calls_whose_response_hyper_has_let_go_of_do_not_pile_up() {
    watch_async(async {
        let living = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&living);
        let app = move |_: Scope, _: Receive, send: Sender| {
            let living = Living::new(&count);
            async move {
                let _living = living;
                send.send(ResponseStart::new(200)).await?;
                loop {
                    // It does not listen.
                    let _ = send.send(ResponseBody::part("crab")).await;
                    sleep(SECOND).await;
                }
                #[expect(unreachable_code, reason = "it says what is returned")]
                Ok::<_, Error>(())
            }
        };
        let mut client = in_memory(app, |_| {});
        for _ in 0..100 {
            client.say("HEAD / HTTP/1.1\r\nhost: crab\r\n\r\n").await;
            client.hear("\r\n\r\n").await;
        }
        let most = living.load(SeqCst);
        assert!(most <= 10, "{most} calls of one connection go on for nobody");
        expect_eq!(client.failures.lines().len(), 1, "reports");
        drop(client.stream);
        let ended = timeout(100 * SECOND, client.server).await;
        assert!(ended.is_ok(), "calls that do not listen outlive their connection");
        expect_eq!(living.load(SeqCst), 0, "calls");
    });
}

#[test]
fn nothing_stands_in_the_middle_of_an_early_hint() {
    watch_async(async {
        let link = format!("<{}>", "x".repeat(20_000));
        let value = HeaderValue::from_str(&link).unwrap();
        let app = move |_: Scope, mut receive: Receive, send: Sender| {
            let value = value.clone();
            async move {
                send.send(SendEvent::HttpResponseEarlyHint(vec![value])).await?;
                while receive.part().await?.is_some() {}
                send.send(ResponseStart::new(200)).await?;
                Ok::<_, Error>(send.send(ResponseBody::last("crab")).await?)
            }
        };
        let mut client = in_memory(app, |_| {});
        client.say(UPLOAD.replace("\r\n\r\n", "\r\nexpect: 100-continue\r\n\r\n")).await;
        // As much of the hint is written as there is room for.
        sleep(SECOND).await;
        let hint = format!("HTTP/1.1 103 Early Hints\r\nlink: {link}\r\n\r\n");
        let heard = client.hear("100 Continue\r\n\r\n").await;
        expect_eq!(heard, format!("{hint}HTTP/1.1 100 Continue\r\n\r\n"), "what was heard");
        client.say("0123456789").await;
        assert!(client.hear("crab").await.starts_with("HTTP/1.1 200 OK\r\n"), "the response");
    });
}

#[test]
fn requests_that_come_in_two_halves_are_answered_whatever_is_parked_between() {
    watch_async(async {
        let upload = "POST /upload HTTP/1.1\r\nhost: crab\r\ncontent-length: 3\r\n\r\nleg";
        let requests = format!("{GET}\r\n{upload}{}", get("/scope"));
        for pause in [0, 999, 1_000, 1_001] {
            for at in 0..requests.len() {
                let mut client = in_memory(Conformance::default(), |config| config.awake = 0);
                let (first, second) = requests.split_at(at);
                client.say(first).await;
                sleep(Duration::from_millis(pause)).await;
                client.say(second).await;
                let heard = client.hear_all().await;
                let whole = heard.contains("Hello, crabs!") && heard.contains("\r\n\r\n3HTTP");
                assert!(
                    whole && heard.ends_with('}'),
                    "split at {at}, {pause} ms between:\n{heard}"
                );
            }
        }
    });
}

#[test]
fn a_body_that_is_malformed_is_the_clients_fault() {
    watch_async(async {
        // The scanner passes these on to hyper, which errs in the middle of the body.
        for chunk in ["4 4\r\nabcd\r\n0\r\n\r\n", "0\r\nno colon\r\n\r\n"] {
            let mut client = in_memory(Conformance::default(), |_| {});
            let head = "POST /upload HTTP/1.1\r\nhost: crab\r\ntransfer-encoding: chunked\r\n\r\n";
            let response = client.ask(format!("{head}{chunk}")).await;
            expect_eq!(status(&response), "HTTP/1.1 400 Bad Request", "the status for {chunk:?}");
        }
    });
}

#[test]
fn a_connection_that_moves_to_another_task_keeps_its_bounds() {
    watch_async(async {
        // What it waits for when it moves, and when it is closed then, in seconds.
        let idle = (GET, 5);
        let head = ("GET / HT", 10);
        let body = (UPLOAD.replace(" / ", " /upload "), 30);
        let cases = [(String::new(), 10), (idle.0.into(), idle.1), (head.0.into(), head.1), body];
        for (said, seconds) in cases {
            for park in [SECOND, Duration::MAX] {
                let mut config = config(&Diary::default());
                config.park = park;
                let server = Server::new(Conformance::default(), config);
                let (mut stream, theirs) = duplex(16 * 1024);
                stream.write_all(said.as_bytes()).await.unwrap();
                let mut connection = Box::pin(server.serve_connection(theirs));
                // It is polled, and registers all that wakes it, for a task that will not poll it again.
                #[expect(clippy::async_yields_async, reason = "it is to be awaited elsewhere")]
                let other = tokio::spawn(async move {
                    let _ = timeout(SECOND / 2, &mut connection).await;
                    connection
                });
                let connection = tokio::spawn(other.await.unwrap());
                let began = Instant::now();
                stream.read_to_end(&mut Vec::new()).await.unwrap();
                drop(stream);
                connection.await.unwrap();
                let late = began.elapsed().as_millis();
                expect_eq!(late, seconds * 1_000 - 500, "milliseconds, after {said:?}");
            }
        }
    });
}
