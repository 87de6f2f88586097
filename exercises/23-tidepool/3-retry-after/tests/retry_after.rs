//! A server with too much to do.

use std::future::pending;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use gateway::testing::{self, Answer, HttpCall, Request};
use gateway::{
    Accept, App, CallId, Close, Connection, Error, Exchange, Extensions, Failure, HttpScope,
    Message, Receive, ReceiveEvent, RequestBody, RequestHead, ResponseBody, ResponseStart, Scope,
    SendError, SendEvent, Sender, State,
};
use proctor::count::Peak;
use retry_after::{Bounds, Limit};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, sleep_until, timeout};

const SECOND: Duration = Duration::from_secs(1);
const MILLISECOND: Duration = Duration::from_millis(1);
const PATIENCE: Duration = Duration::from_secs(10);
/// How long the tests wait for something that should take a few seconds.
const LONG: Duration = Duration::from_hours(1);

/// The application.
#[derive(Debug, Clone, Default)]
struct Site {
    running: Peak,
    /// What was asked for, in the order in which the application was called.
    asked: Arc<Mutex<Vec<String>>>,
}

impl App for Site {
    async fn call(&self, scope: Scope, mut receive: Receive, send: Sender) -> Result<(), Error> {
        if let Scope::Lifespan(_) = scope {
            while receive.next().await != ReceiveEvent::LifespanStartup {}
            send.send(SendEvent::LifespanStartupComplete).await?;
            while receive.next().await != ReceiveEvent::LifespanShutdown {}
            send.send(SendEvent::LifespanShutdownComplete).await?;
            return Ok(());
        }
        let _running = self.running.enter();
        let Scope::Http(scope) = scope else {
            self.asked.lock().unwrap().push("/socket".to_owned());
            let first = receive.next().await;
            assert_eq!(first, ReceiveEvent::WebSocketConnect, "the first event of a WebSocket");
            send.send(Accept::new()).await?;
            loop {
                match receive.next().await {
                    ReceiveEvent::WebSocketReceive(message) => send.send(message).await?,
                    ReceiveEvent::WebSocketDisconnect(_) => return Ok(()),
                    _ => {}
                }
            }
        };
        let path = scope.path().into_owned();
        self.asked.lock().unwrap().push(path.clone());
        let mut words = path.split('/').skip(1);
        let what = words.next().unwrap_or_default();
        let seconds = words.next().and_then(|word| word.parse().ok()).unwrap_or(0);
        let time = Duration::from_secs(seconds);
        match what {
            "ends" => sleep(time).await,
            "never" => pending().await,
            "fails" => {
                sleep(time).await;
                return Err("the kitchen is on fire".into());
            }
            "panics" => {
                sleep(time).await;
                panic!("the kitchen exploded");
            }
            "echo" => {
                send.send(ResponseStart::new(201).header("content-type", "text/plain")).await?;
                while let Some(part) = receive.part().await? {
                    send.send(ResponseBody::part(part)).await?;
                }
                send.send(ResponseBody::last("")).await?;
                return Ok(());
            }
            what => panic!("there is no /{what}"),
        }
        send.send(ResponseStart::new(200)).await?;
        send.send(ResponseBody::last("served\n")).await?;
        Ok(())
    }
}

/// A server with an application in a `Limit`.
struct Server {
    site: Site,
    limit: Arc<Limit<Site>>,
    bounds: Bounds,
    began: Instant,
}

/// A call, in its connection's task: what the client saw, and when the call ended.
type Call = JoinHandle<(Answer, Duration)>;

impl Server {
    fn new(running: usize, waiting: usize) -> Self {
        let site = Site::default();
        let bounds = Bounds { running, waiting, patience: PATIENCE };
        let limit = Arc::new(Limit::new(site.clone(), bounds));
        Self { site, limit, bounds, began: Instant::now() }
    }

    /// A client asks.
    async fn ask(&self, request: Request) -> Call {
        let (limit, began) = (Arc::clone(&self.limit), self.began);
        let call = tokio::spawn(async move {
            let answer = testing::ask(&*limit, request).await;
            (answer, began.elapsed())
        });
        settle().await;
        call
    }

    async fn get(&self, path: &str) -> Call {
        self.ask(Request::get(path)).await
    }

    /// A client asks that is an exchange of its own.
    fn call(&self, path: &str, exchange: Arc<dyn Exchange>) -> JoinHandle<Result<(), Error>> {
        let scope = HttpScope {
            head: Arc::new(RequestHead { uri: path.parse().unwrap(), ..RequestHead::default() }),
            state: State::new(),
            extensions: Extensions::NONE,
            connection: Arc::new(Connection::default()),
        };
        let receive = Receive::new(Arc::clone(&exchange), CallId::default());
        let send = Sender::new(exchange, CallId::default());
        let limit = Arc::clone(&self.limit);
        tokio::spawn(async move { limit.call(scope.into(), receive, send).await })
    }

    async fn at(&self, seconds: u64) {
        sleep_until(self.began + Duration::from_secs(seconds)).await;
    }

    fn bounds(&self) -> String {
        format!("{} may run, {} may wait", self.bounds.running, self.bounds.waiting)
    }

    /// What the application was called for, in order.
    fn asked(&self) -> Vec<String> {
        self.site.asked.lock().unwrap().clone()
    }

    /// Comes with many requests that do not end: so many run, so many wait, and the rest is refused.
    async fn has_room(&self, running: usize, waiting: usize, when: &str) {
        let before = self.site.running.inside();
        let mut calls = Vec::new();
        let mut refused = 0;
        for _ in 0..running + waiting + 3 {
            let call = self.get("/never").await;
            if call.is_finished() {
                refused += 1;
            }
            calls.push(call);
        }
        let inside = self.site.running.inside() - before;
        let got = (inside, calls.len() - inside - refused, refused);
        for call in calls {
            call.abort();
        }
        settle().await;
        proctor::expect_eq!(
            got,
            (running, waiting, 3),
            "how many run, wait and are refused, where {} come that do not end: {when} ({})",
            running + waiting + 3,
            self.bounds()
        );
    }
}

/// Lets everybody go on until all of them wait. No time passes on the clock.
async fn settle() {
    for _ in 0..20 {
        tokio::task::yield_now().await;
    }
}

/// Waits for the end of a call.
async fn over(call: Call, what: &str) -> (Answer, Duration) {
    let ended = timeout(LONG, call).await;
    let ended = ended.unwrap_or_else(|_| panic!("an hour later, {what} has no answer"));
    ended.unwrap_or_else(|error| panic!("{what}: {error}"))
}

/// It was served at that time.
async fn is_served(call: Call, what: &str, seconds: u64) {
    let (answer, at) = over(call, what).await;
    let got = (answer.status.as_u16(), answer.complete, at);
    proctor::expect_eq!(
        got,
        (200, true, Duration::from_secs(seconds)),
        "status, whether it is complete, and when its call ended, of {what}"
    );
}

/// It was refused at that time.
async fn is_refused(call: Call, what: &str, seconds: u64) {
    let (answer, at) = over(call, what).await;
    let after = answer.header("retry-after").unwrap_or("none");
    let got = (answer.status.as_u16(), after, answer.complete, at);
    proctor::expect_eq!(
        got,
        (503, "10", true, Duration::from_secs(seconds)),
        "status, retry-after, whether it is complete, and when its call ended, of {what}"
    );
    assert!(answer.ended.is_ok(), "a refusal is no failure: {:?}", answer.ended);
}

#[test]
fn below_the_bound_nothing_changes() {
    proctor::watch_async(async {
        let server = Server::new(2, 2);
        let request = || Request::post("/echo").part("cr").wait(SECOND).part("ab");
        let with = testing::ask(&*server.limit, request()).await;
        let without = testing::ask(&server.site, request()).await;
        let seen = |answer: &Answer| {
            let events = answer.sent.iter().map(|sent| format!("{:?}: {:?}", sent.at, sent.event));
            events.collect::<Vec<_>>()
        };
        proctor::expect_eq!(
            seen(&with),
            seen(&without),
            "the events of a response while there is a place (expected: as without `Limit`)"
        );
        let answer = testing::ask(&*server.limit, Request::get("/fails/1")).await;
        assert!(
            matches!(&answer.ended, Err(Failure::Failed(error)) if error.to_string().contains("fire")),
            "the application has failed, and the call ended with {:?}",
            answer.ended
        );
    });
}

#[test]
fn no_more_than_so_many_run_and_the_others_wait() {
    proctor::watch_async(async {
        let server = Server::new(3, 20);
        let mut calls = Vec::new();
        for _ in 0..9 {
            calls.push(server.get("/ends/3").await);
        }
        proctor::expect_eq!(
            server.site.running.inside(),
            3,
            "how many calls of the application run, where nine have come ({})",
            server.bounds()
        );
        for (number, call) in (1..).zip(calls) {
            let seconds = u64::div_ceil(number, 3) * 3;
            is_served(
                call,
                &format!("request {number} of nine that take 3 s each, three at a time"),
                seconds,
            )
            .await;
        }
        proctor::expect_eq!(
            server.site.running.highest(),
            3,
            "how many calls have run at a time, at most"
        );
    });
}

#[test]
fn who_came_first_runs_first() {
    proctor::watch_async(async {
        let server = Server::new(2, 30);
        let mut expected = Vec::new();
        let mut calls = Vec::new();
        for number in 0..4 {
            if number == 2 {
                sleep(3 * MILLISECOND).await;
            }
            let path = format!("/ends/2/{number}");
            calls.push(server.get(&path).await);
            expected.push(path);
        }
        // Others come all the time, also at the very moment when places become free, and a moment later.
        for second in 1..=3 {
            server.at(second).await;
            let path = format!("/ends/2/at-{second}");
            calls.push(server.get(&path).await);
            expected.push(path);
            sleep(MILLISECOND).await;
            let path = format!("/ends/2/after-{second}");
            calls.push(server.get(&path).await);
            expected.push(path);
        }
        for call in calls {
            let _ = over(call, "a request that waits with others").await;
        }
        proctor::expect_eq!(
            server.asked(),
            expected,
            "the order in which the application was called (expected: in which they came)"
        );
    });
}

#[test]
fn with_a_full_queue_the_next_one_is_refused_at_once() {
    proctor::watch_async(async {
        let server = Server::new(1, 2);
        let running = server.get("/ends/5").await;
        let waiting = [server.get("/ends/1").await, server.get("/ends/1").await];
        server.at(1).await;
        for _ in 0..3 {
            let call = server.get("/ends/0").await;
            is_refused(
                call,
                "a request that found one running and two waiting (1 may run, 2 may wait)",
                1,
            )
            .await;
        }
        is_served(running, "the request that was running", 5).await;
        let [first, second] = waiting;
        is_served(first, "the first one that waited", 6).await;
        is_served(second, "the second one that waited", 7).await;
        proctor::expect_eq!(server.asked().len(), 3, "how often the application was called");
    });
}

#[test]
fn nobody_waits_without_a_queue() {
    proctor::watch_async(async {
        let server = Server::new(2, 0);
        server.has_room(2, 0, "at the beginning").await;
        server.has_room(2, 0, "after that").await;
    });
}

#[test]
fn nobody_waits_longer_than_patience() {
    proctor::watch_async(async {
        let server = Server::new(1, 2);
        let running = server.get("/ends/60").await;
        server.at(1).await;
        let first = server.get("/ends/0").await;
        server.at(4).await;
        let second = server.get("/ends/0").await;
        is_refused(first, "a request that began to wait at 1 s, with a patience of 10 s", 11).await;
        // There is room again.
        let third = server.get("/ends/0").await;
        is_refused(second, "a request that began to wait at 4 s, with a patience of 10 s", 14)
            .await;
        is_refused(third, "a request that began to wait at 11 s, with a patience of 10 s", 21)
            .await;
        is_served(running, "the request that was running", 60).await;
        proctor::expect_eq!(server.asked(), ["/ends/60"], "what the application was called for");
        server.has_room(1, 2, "after three have waited in vain").await;
    });
}

/// A client that does not read, and sends nothing.
struct Deaf;

impl Exchange for Deaf {
    fn poll_receive(&self, _: CallId, _: &mut Context<'_>) -> Poll<ReceiveEvent> {
        Poll::Pending
    }

    fn poll_send(
        &self,
        _: CallId,
        _: &mut Option<SendEvent>,
        _: &mut Context<'_>,
    ) -> Poll<Result<(), SendError>> {
        Poll::Pending
    }
}

#[test]
fn who_is_being_refused_waits_no_more() {
    proctor::watch_async(async {
        let server = Server::new(1, 1);
        let _running = server.get("/ends/60").await;
        let _deaf = server.call("/ends/0", Arc::new(Deaf));
        settle().await;
        server.has_room(0, 0, "while one waits").await;
        server.at(11).await;
        server
            .has_room(0, 1, "one has waited for its 10 s, was refused, and does not read that")
            .await;
    });
}

#[test]
fn patience_is_for_waiting_only() {
    proctor::watch_async(async {
        let server = Server::new(1, 2);
        let running = server.get("/ends/6").await;
        server.at(1).await;
        let long = server.get("/ends/60").await;
        is_served(running, "the request that was running", 6).await;
        is_served(long, "a request that waited for 5 s, and takes 60 s", 66).await;
    });
}

#[test]
fn retry_after_is_the_patience_rounded_up() {
    proctor::watch_async(async {
        for (patience, expected) in
            [(10_000_000, "10"), (200_000, "1"), (2_001_000, "3"), (2_000_500, "3")]
        {
            let bounds =
                Bounds { running: 1, waiting: 1, patience: Duration::from_micros(patience) };
            let limit = Arc::new(Limit::new(Site::default(), bounds));
            let mut running = testing::call(&*limit, Request::get("/never"));
            running.settle().await;
            let answer = testing::ask(&*limit, Request::get("/never")).await;
            proctor::expect_eq!(
                answer.header("retry-after"),
                Some(expected),
                "retry-after, with a patience of {:?}",
                bounds.patience
            );
        }
    });
}

#[test]
fn a_place_comes_back_however_a_call_ends() {
    proctor::watch_async(async {
        let server = Server::new(2, 3);
        server.has_room(2, 3, "at the beginning").await;
        server
            .has_room(
                2,
                3,
                "after the server has dropped all calls, those that ran and those that waited",
            )
            .await;
        server.has_room(2, 3, "after it has done so twice").await;
        for what in ["ends", "fails", "panics"] {
            let server = Server::new(2, 3);
            for _ in 0..5 {
                let calls = [
                    server.get(&format!("/{what}/1")).await,
                    server.get(&format!("/{what}/1")).await,
                ];
                for call in calls {
                    let _ = over(call, &format!("/{what}")).await;
                }
            }
            server.has_room(2, 3, &format!("after ten requests of /{what}/1")).await;
        }
    });
}

#[test]
fn a_place_is_the_next_ones_at_once() {
    proctor::watch_async(async {
        for what in ["ends", "fails", "panics"] {
            let server = Server::new(1, 2);
            let running = server.get(&format!("/{what}/3")).await;
            let waiting = server.get("/ends/2").await;
            let _ = over(running, &format!("/{what}/3")).await;
            is_served(waiting, &format!("a request that waits for the end of /{what}/3"), 5).await;
        }
        let server = Server::new(1, 2);
        let running = server.get("/never").await;
        let waiting = server.get("/ends/2").await;
        server.at(3).await;
        running.abort();
        is_served(waiting, "a request that waits for one whose call the server drops at 3 s", 5)
            .await;
    });
}

#[test]
fn with_the_place_the_room_to_wait_is_free() {
    proctor::watch_async(async {
        let server = Server::new(1, 1);
        let mut running = testing::call(&*server.limit, Request::get("/never"));
        running.settle().await;
        let mut waiting = testing::call(&*server.limit, Request::get("/ends/1/waited"));
        waiting.settle().await;
        drop(running);
        // The one that waited has not had its turn yet.
        let mut next = testing::call(&*server.limit, Request::get("/ends/1/came-then"));
        next.settle().await;
        let calls = tokio::join!(waiting.answer(), next.answer());
        let got = [calls.0, calls.1].map(|answer| answer.status.as_u16());
        proctor::expect_eq!(
            got,
            [200, 200],
            "the status of one that waited, and of one that came at the moment when the running one ended (1 may run, 1 may wait)"
        );
        proctor::expect_eq!(
            server.asked(),
            ["/never", "/ends/1/waited", "/ends/1/came-then"],
            "the order in which the application was called"
        );
    });
}

#[test]
fn a_place_is_not_lost_with_the_one_that_it_was_handed_to() {
    proctor::watch_async(async {
        let server = Server::new(1, 2);
        for leaves in [false, true] {
            let mut running = testing::call(&*server.limit, Request::get("/never"));
            running.settle().await;
            let mut waiting = testing::call(&*server.limit, Request::get("/ends/0"));
            waiting.settle().await;
            drop(running);
            // The place is its own, and it has not had its turn yet.
            if leaves {
                waiting.disconnect();
                let ended = timeout(LONG, waiting.ended()).await;
                assert!(ended.is_ok(), "an hour later, the call of a client that has left goes on");
            }
            drop(waiting);
            let who = if leaves { "its client has left" } else { "the server has dropped it" };
            server
                .has_room(
                    1,
                    2,
                    &format!("after a place became free for one that waited, and {who}"),
                )
                .await;
        }
    });
}

#[test]
fn after_a_gust_all_is_as_before() {
    proctor::watch_async(async {
        let server = Server::new(2, 3);
        for gust in 0..3 {
            let mut calls = Vec::new();
            for _ in 0..100 {
                calls.push(server.get("/ends/1").await);
            }
            let mut answered = 0;
            for call in calls {
                let (answer, _) = over(call, "a request among a hundred").await;
                answered += usize::from(answer.status.as_u16() == 200);
            }
            proctor::expect_eq!(
                answered,
                5,
                "how many of a hundred are served that come at once ({}), in gust {gust}",
                server.bounds()
            );
        }
        server.has_room(2, 3, "after three gusts of a hundred each").await;
    });
}

#[test]
fn a_refusal_does_not_wait_for_the_body() {
    proctor::watch_async(async {
        let server = Server::new(1, 1);
        let _running = server.get("/never").await;
        let waiting = server.ask(Request::post("/echo").open()).await;
        let call = server.ask(Request::post("/echo").open()).await;
        is_refused(
            call,
            "an upload of which nothing has come yet, and that finds no room to wait",
            0,
        )
        .await;
        is_refused(
            waiting,
            "an upload of which nothing has come yet, and that has waited for 10 s",
            10,
        )
        .await;
        let waiting = server.ask(Request::post("/echo").part("cr").open()).await;
        is_refused(
            waiting,
            "an upload whose first part has come, and that has waited for 10 s",
            20,
        )
        .await;
    });
}

/// Its call has ended, and the application knows nothing of it.
async fn has_left(mut call: HttpCall<'_>, what: &str) {
    let ended = timeout(Duration::ZERO, call.ended()).await;
    let Ok(ended) = ended else { panic!("{what}, and its call goes on") };
    match ended {
        Err(failure) if failure.is_expected() => {}
        ended => panic!("{what}, and its call ended with {ended:?} instead of `Disconnected`"),
    }
}

#[test]
fn a_client_that_leaves_is_not_waited_for() {
    proctor::watch_async(async {
        let server = Server::new(1, 2);
        let running = server.get("/ends/5").await;
        for number in 1..=10 {
            let mut leaves = testing::call(&*server.limit, Request::get("/ends/0/left"));
            leaves.settle().await;
            sleep(Duration::from_millis(100)).await;
            leaves.disconnect();
            leaves.settle().await;
            has_left(leaves, &format!("client {number} of ten has left while it waited")).await;
        }
        for upload in ["crab", ""] {
            let request = Request::post("/echo").body(upload);
            let mut leaves = testing::call(&*server.limit, request);
            leaves.settle().await;
            leaves.disconnect();
            has_left(leaves, "a client that had sent all of its body has left while it waited")
                .await;
        }
        server.has_room(0, 2, "after twelve clients have left while they waited").await;
        is_served(running, "the request that was running", 5).await;
        assert!(
            !server.asked().iter().any(|path| path == "/ends/0/left" || path == "/echo"),
            "the application was called for a client that had left while it waited"
        );
    });
}

#[test]
fn what_was_received_while_it_waited_is_not_lost() {
    proctor::watch_async(async {
        let server = Server::new(1, 4);
        let running = server.get("/ends/5").await;
        let uploads = [
            Request::post("/echo").body("crab"),
            Request::post("/echo").part("cr").part("").part("ab"),
            Request::post("/echo").part("c").wait(SECOND).part("ra").wait(5 * SECOND).part("b"),
            Request::post("/echo").wait(7 * SECOND).part("crab"),
        ];
        let mut calls = Vec::new();
        for upload in uploads {
            calls.push(server.ask(upload).await);
        }
        is_served(running, "the request that was running", 5).await;
        for (number, call) in (1..).zip(calls) {
            let (answer, _) = over(call, "an upload that has waited").await;
            let got = (answer.status.as_u16(), answer.text().into_owned(), answer.complete);
            proctor::expect_eq!(
                got,
                (201, "crab".to_owned(), true),
                "status, body, and whether it is complete, of the echo of upload {number} of 4, which has waited for a place"
            );
        }
        // An application that waits for the end of a call is still told of it.
        let running = server.get("/ends/5").await;
        let waiting = server.get("/echo").await;
        let _ = over(running, "the request that was running").await;
        let (answer, _) = over(waiting, "a request without a body that has waited").await;
        proctor::expect_eq!(
            answer.status.as_u16(),
            201,
            "the status of a request without a body that has waited"
        );
    });
}

/// A client that sends and sends, and how much of that was received.
#[derive(Debug, Default)]
struct Upload {
    received: AtomicUsize,
}

impl Exchange for Upload {
    fn poll_receive(&self, _: CallId, _: &mut Context<'_>) -> Poll<ReceiveEvent> {
        // Somebody who takes it all would never be done.
        if self.received.fetch_add(1, Ordering::Relaxed) >= 100 {
            return Poll::Pending;
        }
        Poll::Ready(RequestBody { body: vec![0; 1_000].into(), more_body: true }.into())
    }

    fn poll_send(
        &self,
        _: CallId,
        event: &mut Option<SendEvent>,
        _: &mut Context<'_>,
    ) -> Poll<Result<(), SendError>> {
        *event = None;
        Poll::Ready(Ok(()))
    }
}

#[test]
fn the_body_waits_with_its_client() {
    proctor::watch_async(async {
        let server = Server::new(1, 2);
        let _running = server.get("/never").await;
        let upload = Arc::new(Upload::default());
        let call = server.call("/echo", Arc::clone(&upload) as _);
        sleep(SECOND).await;
        let received = upload.received.load(Ordering::Relaxed);
        assert!(
            received <= 1,
            "{received} parts of a body were received while its call waits: they are in the server's memory now"
        );
        assert!(!call.is_finished(), "the call of an upload that waits for a place has ended");
        call.abort();
    });
}

#[test]
fn websockets_are_calls_too() {
    proctor::watch_async(async {
        let server = Server::new(2, 2);
        let mut first = testing::websocket(&*server.limit, Request::get("/socket"));
        first.accepted().await;
        server.has_room(1, 2, "while a WebSocket is open").await;
        let running = server.get("/ends/5").await;
        let mut waits = testing::websocket(&*server.limit, Request::get("/socket"));
        waits.settle().await;
        let mut leaves = testing::websocket(&*server.limit, Request::get("/socket"));
        leaves.settle().await;
        let mut refused = testing::websocket(&*server.limit, Request::get("/socket"));
        let event = refused.event().await;
        assert!(
            matches!(event, Some(SendEvent::WebSocketClose(_))),
            "a WebSocket came where two run and two wait, and was answered with {event:?} ({})",
            server.bounds()
        );
        leaves.close(Close::new(1006));
        let ended = timeout(Duration::ZERO, leaves.ended()).await;
        let Ok(ended) = ended else {
            panic!("the client of a WebSocket has left while it waited, and its call goes on")
        };
        assert!(
            matches!(&ended, Err(failure) if failure.is_expected()),
            "the client of a WebSocket has left while it waited, and its call ended with {ended:?}"
        );
        is_served(running, "the request that was running", 5).await;
        waits.accepted().await;
        waits.say("crab");
        proctor::expect_eq!(
            waits.heard().await,
            Some(Message::from("crab")),
            "what a WebSocket hears that has waited, and says something"
        );
        first.say("crab");
        proctor::expect_eq!(
            first.heard().await,
            Some(Message::from("crab")),
            "what the first WebSocket hears"
        );
    });
}

#[test]
fn a_lifespan_takes_no_place() {
    proctor::watch_async(async {
        let server = Server::new(1, 1);
        let mut lives = Vec::new();
        for _ in 0..3 {
            let mut life = testing::lifespan(&*server.limit);
            let started = timeout(LONG, life.startup()).await;
            let Ok(started) = started else {
                panic!(
                    "an hour later, a lifespan call has not started, through `Limit`, while others go on ({})",
                    server.bounds()
                )
            };
            let started = started.map(drop).map_err(|error| error.to_string());
            proctor::expect_eq!(started, Ok(()), "start-up, through `Limit`");
            lives.push(life);
        }
        server.has_room(1, 1, "while lifespan calls are under way").await;
        for mut life in lives {
            proctor::expect_eq!(life.shutdown().await, Ok(()), "the shutdown, through `Limit`");
        }
    });
}
