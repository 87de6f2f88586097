//! Timing under a stopped clock, around an application that behaves as its path says.

use std::future::pending;
use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use gateway::testing::{Answer, Request};
use gateway::{
    Accept, App, Error, Extension, Failure, Message, Receive, ReceiveEvent, ResponseBody,
    ResponseStart, Scope, SendEvent, Sender, State, testing,
};
use http::StatusCode;
use timing_middleware::{Ended, Timed, Timing};
use tokio::time::sleep;

const SECOND: Duration = Duration::from_secs(1);

#[derive(Debug, thiserror::Error)]
#[error("the kitchen is on fire")]
struct Fire;

/// How many parts [`site`] has tried to send, for a test that wants to know.
#[derive(Debug, Clone, Default)]
struct Parts(Arc<AtomicUsize>);

/// Behaves as its path says, and speaks everything.
async fn site(scope: Scope, mut receive: Receive, send: Sender) -> Result<(), Error> {
    let scope = match scope {
        Scope::Http(scope) => scope,
        Scope::WebSocket(scope) => {
            assert_eq!(receive.next().await, ReceiveEvent::WebSocketConnect);
            if scope.path() == "/no" {
                let start = ResponseStart::new(404).header("content-type", "text/plain");
                send.send(SendEvent::WebSocketResponseStart(start)).await?;
                let body = ResponseBody::last("no such room");
                return Ok(send.send(SendEvent::WebSocketResponseBody(body)).await?);
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
    let start = ResponseStart::new(200);
    match &*scope.path() {
        "/at-once" => {
            send.send(start).await?;
            send.send(ResponseBody::last("")).await?;
        }
        "/half" => {
            sleep(Duration::from_millis(1500)).await;
            send.send(start).await?;
            send.send(ResponseBody::last("")).await?;
        }
        "/odd" => {
            // A clock that is not moved by a timer stands at any time.
            tokio::time::advance(Duration::from_micros(1_500_400)).await;
            send.send(start).await?;
            send.send(ResponseBody::last("")).await?;
        }
        "/feed" => {
            sleep(SECOND).await;
            send.send(start).await?;
            for part in ["cr", "a", "b"] {
                send.send(ResponseBody::part(part)).await?;
                sleep(SECOND).await;
            }
            send.send(ResponseBody::last("")).await?;
        }
        "/tidy" => {
            send.send(start).await?;
            sleep(SECOND).await;
            send.send(ResponseBody::last("crab")).await?;
            sleep(2 * SECOND).await;
        }
        "/flood" => {
            let parts = scope.state.get::<Parts>().cloned().unwrap_or_default();
            send.send(start).await?;
            for _ in 0..10 {
                parts.0.fetch_add(1, Ordering::Relaxed);
                send.send(ResponseBody::part("crab")).await?;
            }
            send.send(ResponseBody::last("")).await?;
        }
        "/echo" => {
            send.send(start).await?;
            while let Some(part) = receive.part().await? {
                send.send(ResponseBody::part(part)).await?;
            }
            send.send(ResponseBody::last("")).await?;
        }
        "/twice" => {
            sleep(SECOND).await;
            send.send(start).await?;
            sleep(SECOND).await;
            let _ = send.send(ResponseStart::new(500)).await;
            send.send(ResponseBody::last("crab")).await?;
        }
        "/own" => {
            sleep(SECOND).await;
            send.send(start.header("server-timing", "db;dur=5")).await?;
            send.send(ResponseBody::last("")).await?;
        }
        path => return fails(path, receive, send).await,
    }
    Ok(())
}

/// The other pages, which do not come to a good end.
async fn fails(path: &str, mut receive: Receive, send: Sender) -> Result<(), Error> {
    let start = ResponseStart::new(200);
    match path {
        "/early" => {
            sleep(SECOND).await;
            return Err(Fire.into());
        }
        "/late" => {
            send.send(ResponseStart::new(201)).await?;
            send.send(ResponseBody::part("cr")).await?;
            sleep(SECOND).await;
            return Err(Fire.into());
        }
        "/panic" => {
            sleep(SECOND).await;
            std::panic::panic_any("the kitchen exploded");
        }
        "/silent" => sleep(SECOND).await,
        "/never" => pending::<()>().await,
        "/waits" => {
            send.send(start).await?;
            // An error of `receive`'s.
            while receive.part().await?.is_some() {}
        }
        "/content" | "/offended" => {
            send.send(start).await?;
            while receive.next().await != ReceiveEvent::HttpDisconnect {}
            if path == "/offended" {
                return Err(Fire.into());
            }
        }
        "/writes" => {
            send.send(start).await?;
            loop {
                // The same as an error of input and output, which some library makes of it.
                send.send(ResponseBody::part("crab")).await.map_err(io::Error::from)?;
                sleep(SECOND).await;
            }
        }
        path => panic!("there is no {path}"),
    }
    Ok(())
}

/// Counts how often the application in it returns.
struct Around<A> {
    app: A,
    returned: Arc<AtomicUsize>,
}

impl<A: App> App for Around<A> {
    async fn call(&self, scope: Scope, receive: Receive, send: Sender) -> Result<(), Error> {
        let returned = self.app.call(scope, receive, send).await;
        self.returned.fetch_add(1, Ordering::Relaxed);
        returned
    }
}

/// What the sink was told.
#[derive(Debug, Clone, Default)]
struct Told(Arc<Mutex<Vec<Timed>>>);

impl Told {
    fn all(&self) -> Vec<Timed> {
        self.0.lock().unwrap().clone()
    }

    /// The only one.
    fn one(&self, when: &str) -> Timed {
        let all = self.all();
        match &all[..] {
            [timed] => timed.clone(),
            _ => panic!(
                "{when}: one `Timed` was expected, and the sink was told {}: {all:?}",
                all.len()
            ),
        }
    }
}

fn timed() -> (Timing<impl App>, Told) {
    let told = Told::default();
    let sink = told.clone();
    (Timing::new(site, move |timed| sink.0.lock().unwrap().push(timed)), told)
}

/// All values of `server-timing`, sorted.
fn timings(answer: &Answer) -> Vec<&str> {
    let values = answer.headers.get_all("server-timing").iter();
    let mut values: Vec<_> = values.map(|value| value.to_str().unwrap()).collect();
    values.sort_unstable();
    values
}

/// What was sent, and when.
fn events(answer: &Answer) -> Vec<(Duration, String)> {
    let words = |event: &SendEvent| match event {
        SendEvent::HttpResponseBody(part) => {
            format!("{} {:?} more: {}", event.name(), part.body, part.more_body)
        }
        event => event.name().to_owned(),
    };
    answer.sent.iter().map(|sent| (sent.at, words(&sent.event))).collect()
}

#[test]
fn the_header_says_when_the_response_started() {
    proctor::watch_async(async {
        let (app, _) = timed();
        for (path, header) in [
            ("/at-once", "app;dur=0"),
            ("/half", "app;dur=1500"),
            ("/feed", "app;dur=1000"),
            // The last, as timers keep to whole milliseconds, and the clock does not from here on.
            ("/odd", "app;dur=1500"),
        ] {
            let answer = testing::ask(&app, Request::get(path)).await;
            proctor::expect_eq!(timings(&answer), [header], "the server-timing of {path}");
        }
    });
}

#[test]
fn the_sink_is_told_of_each_request() {
    proctor::watch_async(async {
        let (app, told) = timed();
        testing::ask(&app, Request::get("/feed?from=pier")).await;
        let expected = Timed {
            path: String::from("/feed"),
            status: Some(StatusCode::OK),
            total: 4 * SECOND,
            ended: Ended::Returned,
        };
        proctor::expect_eq!(
            told.one("a request"),
            expected,
            "what the sink was told of a request for /feed?from=pier, and a response that starts after a second and ends three later"
        );
    });
}

#[test]
fn work_after_the_last_part_counts() {
    proctor::watch_async(async {
        let (app, told) = timed();
        let mut call = testing::call(&app, Request::get("/tidy"));
        call.start().await;
        proctor::expect_eq!(call.part().await.as_deref(), Some(&b"crab"[..]), "the last part");
        proctor::expect_eq!(
            told.all(),
            [],
            "what the sink was told when the response was complete and the application still at work"
        );
        call.answer().await;
        proctor::expect_eq!(
            told.one("a request").total,
            3 * SECOND,
            "the total of an application that sends its last part after a second, and works two more"
        );
    });
}

#[test]
fn nothing_is_kept_back() {
    proctor::watch_async(async {
        let (app, _) = timed();
        let request =
            || Request::post("/echo").part("cr").wait(SECOND).part("").wait(SECOND).part("ab");
        for request in [Request::get("/feed"), Request::get("/tidy"), request()] {
            let with = testing::ask(&app, request.clone()).await;
            let without = testing::ask(&site, request).await;
            proctor::expect_eq!(
                events(&with),
                events(&without),
                "what was sent, and when (expected: the same as without the middleware)"
            );
        }
    });
}

/// How many of ten parts the application can send to a client that reads nothing.
async fn ahead(app: &impl App) -> usize {
    let (parts, mut state) = (Parts::default(), State::new());
    state.insert(parts.clone());
    let mut call = testing::call(app, Request::get("/flood").state(state));
    for _ in 0..20 {
        call.settle().await;
        tokio::task::yield_now().await;
    }
    parts.0.load(Ordering::Relaxed)
}

#[test]
fn a_client_that_does_not_read_stops_the_application() {
    proctor::watch_async(async {
        let (app, _) = timed();
        proctor::expect_eq!(
            ahead(&app).await,
            ahead(&site).await,
            "how many of ten parts the application sends to a client that reads nothing (expected: as without the middleware)"
        );
    });
}

#[test]
fn a_failure_is_told_and_passed_on() {
    proctor::watch_async(async {
        for (path, status) in [("/early", None), ("/late", Some(StatusCode::CREATED))] {
            let (app, told) = timed();
            let answer = testing::ask(&app, Request::get(path)).await;
            let expected =
                Timed { path: path.to_owned(), status, total: SECOND, ended: Ended::Failed };
            proctor::expect_eq!(told.one(path), expected, "what the sink was told of an error");
            let passed = matches!(&answer.ended, Err(Failure::Failed(error)) if error.is::<Fire>());
            assert!(
                passed,
                "{path}: the application has returned the error Fire, and for the server the call ended with {:?}",
                answer.ended
            );
            assert!(
                !answer.complete,
                "{path}: the response of a call that has failed was completed"
            );
        }
    });
}

#[test]
fn no_response_is_no_status() {
    proctor::watch_async(async {
        let (app, told) = timed();
        let answer = testing::ask(&app, Request::get("/silent")).await;
        let expected = Timed {
            path: String::from("/silent"),
            status: None,
            total: SECOND,
            ended: Ended::Returned,
        };
        proctor::expect_eq!(
            told.one("/silent"),
            expected,
            "what the sink was told of an application that returns without a word"
        );
        assert!(
            matches!(answer.ended, Err(Failure::NoResponse)),
            "the application has sent nothing, and for the server the call ended with {:?}",
            answer.ended
        );
    });
}

#[test]
fn a_panic_is_told_and_goes_on() {
    proctor::watch_async(async {
        let (app, told) = timed();
        let answer = testing::ask(&app, Request::get("/panic")).await;
        let expected = Timed {
            path: String::from("/panic"),
            status: None,
            total: SECOND,
            ended: Ended::Failed,
        };
        proctor::expect_eq!(told.one("a panic"), expected, "what the sink was told of a panic");
        assert!(
            matches!(&answer.ended, Err(Failure::Panicked(why)) if why == "the kitchen exploded"),
            "the application has panicked, and for the server the call ended with {:?}",
            answer.ended
        );
        // Whoever stands around the middleware sees what it would see without: a panic, and no error.
        let around = Around { app, returned: Arc::default() };
        testing::ask(&around, Request::get("/panic")).await;
        proctor::expect_eq!(
            around.returned.load(Ordering::Relaxed),
            0,
            "how often the middleware returned when the application inside had panicked"
        );
    });
}

#[test]
fn a_client_that_leaves_is_no_failure() {
    proctor::watch_async(async {
        for (path, how) in [("/feed", "send"), ("/waits", "receive"), ("/writes", "an io::Error")] {
            let (app, told) = timed();
            let request = Request::post(path).part("crab").wait(2 * SECOND).disconnect();
            let answer = testing::ask(&app, request).await;
            proctor::expect_eq!(
                told.one(path).ended,
                Ended::Left,
                "how a call ended whose application has passed on that the client is gone, as {how} had said"
            );
            assert!(
                matches!(answer.ended, Err(Failure::Disconnected)),
                "{path}: the application has passed on that the client is gone, and for the server the call ended with {:?}",
                answer.ended
            );
        }
    });
}

#[test]
fn what_is_returned_says_how_it_ended() {
    proctor::watch_async(async {
        for (path, ended) in [("/content", Ended::Returned), ("/offended", Ended::Failed)] {
            let (app, told) = timed();
            testing::ask(&app, Request::get(path).wait(SECOND).disconnect()).await;
            let returned = if path == "/content" { "Ok" } else { "the error Fire" };
            proctor::expect_eq!(
                told.one(path).ended,
                ended,
                "how a call ended whose client has left, and whose application has then returned {returned}"
            );
        }
    });
}

#[test]
fn a_call_that_is_dropped_is_told() {
    proctor::watch_async(async {
        let (app, told) = timed();
        let mut call = testing::call(&app, Request::get("/never"));
        let timeout = tokio::time::timeout(5 * SECOND, call.ended()).await;
        assert!(timeout.is_err(), "an application that never ends has ended: {timeout:?}");
        proctor::expect_eq!(told.all(), [], "what the sink was told while the call went on");
        drop(call);
        let expected = Timed {
            path: String::from("/never"),
            status: None,
            total: 5 * SECOND,
            ended: Ended::Dropped,
        };
        proctor::expect_eq!(
            told.one("a call that was dropped"),
            expected,
            "what the sink was told of a call that the server gave up on after five seconds"
        );
    });
}

#[test]
fn the_first_start_counts() {
    proctor::watch_async(async {
        let (app, told) = timed();
        let answer = testing::ask(&app, Request::get("/twice")).await;
        proctor::expect_eq!(
            told.one("two starts").status,
            Some(StatusCode::OK),
            "the status, when the application has started with 200 and then tried to start with 500"
        );
        proctor::expect_eq!(
            timings(&answer),
            ["app;dur=1000"],
            "the server-timing, when the first start came after a second and the second after two"
        );
    });
}

#[test]
fn what_the_application_measured_stays() {
    proctor::watch_async(async {
        let (app, _) = timed();
        let answer = testing::ask(&app, Request::get("/own")).await;
        proctor::expect_eq!(
            timings(&answer),
            ["app;dur=1000", "db;dur=5"],
            "the server-timing of an application that has measured its database"
        );
        let twice = Timing::new(app, |_| {});
        let answer = testing::ask(&twice, Request::get("/half")).await;
        proctor::expect_eq!(
            timings(&answer),
            ["app;dur=1500", "app;dur=1500"],
            "the server-timing of an application in two of the middlewares"
        );
    });
}

#[test]
fn calls_at_the_same_time_are_measured_apart() {
    proctor::watch_async(async {
        let (app, told) = timed();
        tokio::join!(testing::ask(&app, Request::get("/feed")), async {
            sleep(SECOND / 2).await;
            testing::ask(&app, Request::get("/half")).await
        });
        let all: Vec<_> = told.all().into_iter().map(|timed| (timed.path, timed.total)).collect();
        let expected = [
            (String::from("/half"), Duration::from_millis(1500)),
            (String::from("/feed"), 4 * SECOND),
        ];
        proctor::expect_eq!(
            all,
            expected,
            "the totals of two calls, the second of which began half a second after the first and ended before it"
        );
    });
}

#[test]
fn lifespan_goes_through_untouched() {
    proctor::watch_async(async {
        let (app, told) = timed();
        let mut lifespan = testing::lifespan(&app);
        let state = match lifespan.startup().await {
            Ok(state) => state,
            Err(error) => panic!("the application speaks lifespan, and the server heard: {error}"),
        };
        proctor::expect_eq!(state.get::<&str>(), Some(&"stored"), "what the start-up has stored");
        proctor::expect_eq!(lifespan.shutdown().await, Ok(()), "the shutdown");
        let ended = lifespan.ended().await;
        assert!(ended.is_ok(), "for the server the call ended with {ended:?}");
        proctor::expect_eq!(told.all(), [], "what the sink was told of a lifespan");
    });
}

#[test]
fn websockets_go_through_untouched() {
    proctor::watch_async(async {
        let (app, told) = timed();
        let mut socket = testing::websocket(&app, Request::get("/chat"));
        match socket.event().await {
            Some(SendEvent::WebSocketAccept(_)) => {}
            Some(event) => {
                panic!("the application has accepted, and the server heard: {}", event.name())
            }
            None => panic!(
                "the application speaks WebSocket, and for the server the call ended with {:?}",
                socket.ended().await
            ),
        }
        socket.say("crab");
        proctor::expect_eq!(socket.heard().await, Some(Message::from("crab")), "the answer");
        drop(socket);

        let request = Request::get("/no").offer(Extension::WebSocketResponse);
        let mut socket = testing::websocket(&app, request);
        let Some(SendEvent::WebSocketResponseStart(start)) = socket.event().await else {
            panic!("the response with which the application denies a WebSocket did not come")
        };
        assert!(
            !start.headers.contains_key("server-timing"),
            "the response that denies a WebSocket has got a server-timing: {start:?}"
        );
        let _ = socket.event().await;
        let _ = socket.ended().await;
        proctor::expect_eq!(told.all(), [], "what the sink was told of two WebSockets");
    });
}
