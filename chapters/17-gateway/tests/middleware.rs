//! Middleware: what it sees, and that nobody notices it.

use std::future::pending;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use gateway::middleware::{AccessLog, Ended, RequestId, RequestIds, Timed, Timing};
use gateway::testing::Request;
use gateway::{
    Accept, App, Close, Error, Message, Receive, ReceiveEvent, ResponseBody, ResponseStart, Scope,
    SendEvent, Sender, testing,
};
use http::{Method, Version};
use proctor::{expect_eq, watch_async};
use tokio::time::sleep;

/// Behaves as its path says, and speaks everything.
async fn site(scope: Scope, mut receive: Receive, send: Sender) -> Result<(), Error> {
    let scope = match scope {
        Scope::Http(scope) => scope,
        Scope::WebSocket(scope) => {
            assert_eq!(receive.next().await, ReceiveEvent::WebSocketConnect);
            if scope.path() == "/no" {
                return Ok(send.send(Close::new(1008)).await?);
            }
            send.send(Accept::new()).await?;
            while let ReceiveEvent::WebSocketReceive(message) = receive.next().await {
                send.send(message).await?;
            }
            return Ok(());
        }
        Scope::Lifespan(scope) => {
            assert_eq!(receive.next().await, ReceiveEvent::LifespanStartup);
            scope.state.insert("stored");
            send.send(SendEvent::LifespanStartupComplete).await?;
            assert_eq!(receive.next().await, ReceiveEvent::LifespanShutdown);
            return Ok(send.send(SendEvent::LifespanShutdownComplete).await?);
        }
    };
    match &*scope.path() {
        "/early" => return Err("too early".into()),
        "/none" => return Ok(()),
        "/panic" => panic!("ouch"),
        "/sleep" => pending::<()>().await,
        "/leave" => while receive.next().await != ReceiveEvent::HttpDisconnect {},
        _ => {}
    }
    sleep(Duration::from_secs(1)).await;
    send.send(ResponseStart::new(200)).await?;
    for part in ["cr", "a"] {
        send.send(ResponseBody::part(part)).await?;
        sleep(Duration::from_secs(1)).await;
    }
    if scope.path() == "/late" {
        send.send(ResponseBody::part("")).await?;
        return Err("too\nlate".into());
    }
    if scope.path() == "/id" {
        let id = scope.state.get::<RequestId>().expect("the middleware has put it there");
        return Ok(send.send(ResponseBody::last(id.to_string())).await?);
    }
    let _ = send.send(ResponseStart::new(500)).await;
    Ok(send.send(ResponseBody::last("b")).await?)
}

/// What was noted.
type Notes<T> = Arc<Mutex<Vec<T>>>;

fn logged() -> (AccessLog<impl App>, Notes<String>) {
    let lines = Notes::default();
    let written = Arc::clone(&lines);
    (AccessLog::new(site, move |line| written.lock().unwrap().push(line.to_owned())), lines)
}

fn timed() -> (Timing<impl App>, Notes<Timed>) {
    let times = Notes::default();
    let written = Arc::clone(&times);
    (Timing::new(site, move |timed| written.lock().unwrap().push(timed.clone())), times)
}

fn all<T>(notes: &Notes<T>) -> Vec<T> {
    std::mem::take(&mut notes.lock().unwrap())
}

#[test]
fn an_access_log_has_uvicorns_lines() {
    watch_async(async {
        let (app, lines) = logged();
        let http10 = |head: &mut gateway::RequestHead| head.version = Version::HTTP_10;
        for request in [
            Request::get("/crabs/f%C3%A9?big=1"),
            Request::new(Method::HEAD, "/").with(http10),
            Request::get("/").connection(|connection| connection.client = None),
        ] {
            testing::ask(&app, request).await;
        }
        expect_eq!(
            all(&lines),
            [
                "INFO:     127.0.0.1:50000 - \"GET /crabs/f%C3%A9?big=1 HTTP/1.1\" 200 OK",
                "INFO:     127.0.0.1:50000 - \"HEAD / HTTP/1.0\" 200 OK",
                "INFO:      - \"GET / HTTP/1.1\" 200 OK",
            ],
            "the lines"
        );
    });
}

#[test]
fn an_access_log_reports_a_request_when_its_response_starts() {
    watch_async(async {
        let (app, lines) = logged();
        let mut call = testing::call(&app, Request::get("/"));
        call.start().await;
        expect_eq!(all(&lines).len(), 1, "lines before the body");
        call.answer().await;
        expect_eq!(all(&lines).len(), 0, "lines afterwards");
    });
}

#[test]
fn an_access_log_reports_failures() {
    watch_async(async {
        let (app, lines) = logged();
        let request = |path: &str| format!("INFO:     127.0.0.1:50000 - \"GET {path} HTTP/1.1\"");
        for path in ["/early", "/none", "/panic"] {
            testing::ask(&app, Request::get(path)).await;
            let line = format!("{} 500 Internal Server Error", request(path));
            expect_eq!(all(&lines), [line], "the lines of {path}");
        }
        testing::ask(&app, Request::get("/late")).await;
        expect_eq!(
            all(&lines),
            [
                format!("{} 200 OK", request("/late")),
                format!("{} failed: too\\x0alate", request("/late")),
            ],
            "the lines of one that fails after its start"
        );
    });
}

#[test]
fn a_client_that_leaves_is_no_failure_in_an_access_log() {
    watch_async(async {
        let (app, lines) = logged();
        testing::ask(&app, Request::get("/").disconnect_after(1)).await;
        expect_eq!(all(&lines).len(), 1, "lines of a response that was cut off");
        let request = Request::get("/leave").wait(Duration::from_secs(1)).disconnect();
        let answer = testing::ask(&app, request).await;
        assert!(answer.ended.is_err());
        expect_eq!(all(&lines), Vec::<String>::new(), "the lines of one that left while it waited");
    });
}

#[test]
fn control_characters_in_an_access_log_are_escaped() {
    watch_async(async {
        let (app, lines) = logged();
        // No parser lets such a path through. A Unix socket's may be anything, and a method may have a quote in it.
        let request = Request::new("G'T\u{7c}".parse().unwrap(), "/").connection(|connection| {
            let path = "/tmp/\u{1b}[31m\r\nINFO: \"fake\" \\ \u{e9}";
            connection.client = Some(gateway::Address::Unix(Some(path.into())));
        });
        testing::ask(&app, request).await;
        expect_eq!(
            all(&lines),
            [
                "INFO:     /tmp/\\x1b[31m\\x0d\\x0aINFO: \\\"fake\\\" \\\\ \\xc3\\xa9 - \"G'T| / HTTP/1.1\" 200 OK"
            ],
            "the line"
        );
    });
}

#[test]
fn an_access_log_has_websockets_too() {
    watch_async(async {
        let (app, lines) = logged();
        let mut socket = testing::websocket(&app, Request::get("/chat?room=1"));
        socket.accepted().await;
        socket.say("crab");
        expect_eq!(socket.heard().await, Some(Message::from("crab")), "the echo");
        socket.close(Close::default());
        assert!(socket.ended().await.is_ok());
        assert!(testing::websocket(&app, Request::get("/no")).ended().await.is_ok());
        expect_eq!(
            all(&lines),
            [
                "INFO:     127.0.0.1:50000 - \"WebSocket /chat?room=1\" [accepted]",
                "INFO:     127.0.0.1:50000 - \"WebSocket /no\" 403",
            ],
            "the lines"
        );
    });
}

#[test]
fn timing_measures_the_start_and_the_whole() {
    watch_async(async {
        let (app, measured) = timed();
        testing::ask(&app, Request::get("/crabs")).await;
        let [timed] = &all(&measured)[..] else { panic!("one measurement was expected") };
        expect_eq!((&timed.method, timed.uri.path()), (&Method::GET, "/crabs"), "the request");
        expect_eq!(timed.status.unwrap(), 200, "the status, that of the first start");
        expect_eq!(timed.start, Some(Duration::from_secs(1)), "the time to the start");
        expect_eq!(timed.total, Duration::from_secs(3), "the time to the end");
        expect_eq!(timed.ended, Ended::Returned, "how it ended");
    });
}

#[test]
fn timing_sees_failures_panics_disconnects_and_being_dropped_once_each() {
    watch_async(async {
        let (app, times) = timed();
        testing::ask(&app, Request::get("/early")).await;
        testing::ask(&app, Request::get("/panic")).await;
        testing::ask(&app, Request::get("/").disconnect_after(1)).await;
        let mut call = testing::call(&app, Request::get("/sleep"));
        call.settle().await;
        drop(call);
        let ended: Vec<_> = all(&times).into_iter().map(|timed| timed.ended).collect();
        expect_eq!(
            ended,
            [Ended::Failed, Ended::Failed, Ended::Disconnected, Ended::Dropped],
            "how they ended"
        );
    });
}

#[test]
fn no_middleware_keeps_a_part_back() {
    watch_async(async {
        let app = RequestIds::new(Timing::new(AccessLog::new(site, |_| {}), |_| {}));
        let answer = testing::ask(&app, Request::get("/")).await;
        let plain = testing::ask(&site, Request::get("/")).await;
        let times = |answer: &testing::Answer| {
            answer.sent.iter().map(|sent| (sent.at, sent.event.name())).collect::<Vec<_>>()
        };
        expect_eq!(times(&answer), times(&plain), "the events and their times");
        expect_eq!(answer.body, plain.body, "the body");
    });
}

#[test]
fn lifespan_and_websocket_pass_through_all_middleware() {
    watch_async(async {
        let app = RequestIds::new(Timing::new(AccessLog::new(site, |_| {}), |_| {}));
        let mut lifespan = testing::lifespan(&app);
        let state = lifespan.startup().await.unwrap();
        expect_eq!(state.get::<&str>(), Some(&"stored"), "what was stored");
        expect_eq!(lifespan.shutdown().await, Ok(()), "the shutdown");
        let mut socket = testing::websocket(&app, Request::get("/chat"));
        socket.accepted().await;
        socket.say("crab");
        expect_eq!(socket.heard().await, Some(Message::from("crab")), "the echo");
    });
}

#[test]
fn each_request_has_an_id_of_its_own_in_its_state_and_in_the_response() {
    watch_async(async {
        let app = RequestIds::new(site);
        let mut seen = Vec::new();
        for _ in 0..3 {
            let answer = testing::ask(&app, Request::get("/id")).await;
            let id = answer.header("x-request-id").unwrap().to_owned();
            expect_eq!(answer.text(), format!("cra{id}"), "the body, which ends with the id");
            assert!(!seen.contains(&id), "{id} comes twice");
            seen.push(id);
        }
        let other = RequestIds::new(site);
        let answer = testing::ask(&other, Request::get("/id")).await;
        assert!(!seen.contains(&answer.header("x-request-id").unwrap().to_owned()));
    });
}

#[test]
fn an_id_that_the_request_brings_is_kept_only_if_trusted_and_well_formed() {
    watch_async(async {
        let id = async |app: &RequestIds<_>, given: &str| {
            let request = Request::get("/id").header("x-request-id", given);
            testing::ask(app, request).await.header("x-request-id").unwrap().to_owned()
        };
        async fn plain(scope: Scope, _: Receive, send: Sender) -> Result<(), Error> {
            assert!(matches!(scope, Scope::Http(_)));
            send.send(ResponseStart::new(200).header("x-request-id", "from within")).await?;
            Ok(send.send(ResponseBody::last("")).await?)
        }
        assert_ne!(id(&RequestIds::new(plain), "crab-1").await, "crab-1");
        let app = RequestIds::new(plain).trusting();
        expect_eq!(id(&app, "crab-1").await, "crab-1", "the id");
        for bad in ["", "a b", "a\"b", &"x".repeat(129)] {
            assert_ne!(id(&app, bad).await, bad);
        }
    });
}

#[test]
fn a_start_that_is_refused_is_no_start_to_middleware() {
    watch_async(async {
        let (lines, times) = (Notes::default(), Notes::default());
        let (log, record) = (Arc::clone(&lines), Arc::clone(&times));
        let app = async |_: Scope, _: Receive, send: Sender| {
            let refused = ResponseStart::new(201).header("x-crab", "line\nfeed");
            assert!(send.send(refused).await.is_err());
            sleep(Duration::from_secs(1)).await;
            send.send(ResponseStart::new(200)).await?;
            assert!(send.send(ResponseStart::new(202)).await.is_err());
            Ok::<_, Error>(send.send(ResponseBody::last("crab")).await?)
        };
        let app = RequestIds::new(app);
        let app = Timing::new(app, move |timed| record.lock().unwrap().push(timed.clone()));
        let app = AccessLog::new(app, move |line| log.lock().unwrap().push(line.to_owned()));
        let answer = testing::ask(&app, Request::get("/")).await;
        assert!(answer.headers.contains_key("x-request-id"), "{:?}", answer.headers);
        let timed = all(&times).remove(0);
        expect_eq!(
            (timed.status.map(|status| status.as_u16()), timed.start),
            (Some(200), Some(Duration::from_secs(1))),
            "the status that was measured, and when"
        );
        let line = "INFO:     127.0.0.1:50000 - \"GET / HTTP/1.1\" 200 OK";
        expect_eq!(all(&lines), [line], "the lines");
    });
}
