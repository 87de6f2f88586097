//! Servers that go down, with calls under way.

use std::future::{pending, poll_fn};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use drain::{Cut, Drain, Drained};
use gateway::testing::{self, Answer, Request};
use gateway::{
    Accept, App, Error, Failure, Message, Receive, ReceiveEvent, ResponseBody, ResponseStart,
    Scope, SendEvent, Sender, Shutdown,
};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, sleep_until, timeout};

const SECOND: Duration = Duration::from_secs(1);
const GRACE: Duration = Duration::from_secs(10);
/// How long the tests wait for something that should take a few seconds.
const PATIENCE: Duration = Duration::from_hours(1);

/// The application.
#[derive(Debug, Clone, Default)]
struct Site {
    calls: Arc<AtomicUsize>,
    living: Arc<AtomicUsize>,
}

/// A call, until it is dropped.
struct Living(Arc<AtomicUsize>);

impl Drop for Living {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Site {
    fn enters(&self) -> Living {
        self.calls.fetch_add(1, Ordering::Relaxed);
        self.living.fetch_add(1, Ordering::Relaxed);
        Living(Arc::clone(&self.living))
    }
}

impl App for Site {
    async fn call(&self, scope: Scope, mut receive: Receive, send: Sender) -> Result<(), Error> {
        let scope = match scope {
            Scope::Http(scope) => scope,
            Scope::Lifespan(_) => {
                while receive.next().await != ReceiveEvent::LifespanStartup {}
                send.send(SendEvent::LifespanStartupComplete).await?;
                while receive.next().await != ReceiveEvent::LifespanShutdown {}
                send.send(SendEvent::LifespanShutdownComplete).await?;
                return Ok(());
            }
            Scope::WebSocket(_) => {
                let _living = self.enters();
                send.send(Accept::new()).await?;
                loop {
                    match receive.next().await {
                        ReceiveEvent::WebSocketReceive(message) => send.send(message).await?,
                        ReceiveEvent::WebSocketDisconnect(_) => return Ok(()),
                        _ => {}
                    }
                }
            }
        };
        let _living = self.enters();
        let path = scope.path();
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
            "feed" => {
                let shutdown = scope.shutdown();
                send.send(ResponseStart::new(200)).await?;
                loop {
                    tokio::select! {
                        () = sleep(SECOND) => send.send(ResponseBody::part("crab\n")).await?,
                        () = shutdown.begun() => break,
                    }
                }
                send.send(ResponseBody::last("bye\n")).await?;
                return Ok(());
            }
            "flood" => {
                send.send(ResponseStart::new(200)).await?;
                loop {
                    send.send(ResponseBody::part("crab\n")).await?;
                }
            }
            what => panic!("there is no /{what}"),
        }
        send.send(ResponseStart::new(200)).await?;
        send.send(ResponseBody::last("served\n")).await?;
        Ok(())
    }
}

/// A server with an application in a `Drain`.
struct Server {
    site: Site,
    shutdown: Shutdown,
    drain: Arc<Drain<Site>>,
    began: Instant,
}

/// A call, in its connection's task: what the client saw, and when the call ended.
type Call = JoinHandle<(Answer, Duration)>;

impl Server {
    fn new() -> Self {
        let (site, shutdown) = (Site::default(), Shutdown::new());
        let drain = Arc::new(Drain::new(site.clone(), shutdown.clone()));
        Self { site, shutdown, drain, began: Instant::now() }
    }

    fn with_news(&self, request: Request) -> Request {
        let shutdown = self.shutdown.clone();
        request.connection(|connection| connection.shutdown = shutdown)
    }

    /// A client asks.
    fn ask(&self, request: Request) -> Call {
        let request = self.with_news(request);
        let (drain, began) = (Arc::clone(&self.drain), self.began);
        tokio::spawn(async move {
            let answer = testing::ask(&*drain, request).await;
            (answer, began.elapsed())
        })
    }

    fn get(&self, path: &str) -> Call {
        self.ask(Request::get(path))
    }

    /// Waits until so many seconds after the beginning.
    async fn at(&self, seconds: u64) {
        sleep_until(self.began + Duration::from_secs(seconds)).await;
    }

    /// Drains, and says when the drain was over, and how many calls of the application lived then.
    async fn drain(&self, grace: Duration) -> (Drained, Duration, usize) {
        let drained = timeout(PATIENCE, self.drain.drain(grace)).await;
        let living = self.site.living.load(Ordering::Relaxed);
        let Ok(drained) = drained else {
            panic!(
                "an hour later, `drain({grace:?})` has not returned; of the application's futures, {living} still exist"
            )
        };
        (drained, self.began.elapsed(), living)
    }

    /// How often the application was called.
    fn calls(&self) -> usize {
        self.site.calls.load(Ordering::Relaxed)
    }
}

fn drained(finished: usize, cut: usize, refused: usize) -> Drained {
    Drained { finished, cut, refused }
}

/// Waits for a call whose application was not disturbed.
async fn served(call: Call, path: &str, seconds: u64) {
    let (answer, at) = over(call, path).await;
    let got = (answer.status.as_u16(), answer.text(), answer.complete);
    proctor::expect_eq!(
        got,
        (200, "served\n".into(), true),
        "status, body, and whether it is complete, of the response to GET {path}"
    );
    proctor::expect_eq!(at, Duration::from_secs(seconds), "when the call of GET {path} ended");
}

/// Waits for the end of a call.
async fn over(call: Call, path: &str) -> (Answer, Duration) {
    let ended = timeout(PATIENCE, call).await;
    let ended =
        ended.unwrap_or_else(|_| panic!("an hour later, the call of GET {path} still goes on"));
    ended.unwrap_or_else(|error| panic!("GET {path}: {error}"))
}

/// Waits for a call that is cut.
async fn is_cut(call: Call, path: &str, seconds: u64) -> Answer {
    let (answer, at) = over(call, path).await;
    match &answer.ended {
        Err(Failure::Failed(error)) if error.is::<Cut>() => {}
        other => panic!(
            "GET {path} has to be cut, and return the error `Cut`; for the server its call ended with {other:?}"
        ),
    }
    proctor::expect_eq!(at, Duration::from_secs(seconds), "when the call of GET {path} was cut");
    answer
}

#[test]
fn before_the_drain_nothing_changes() {
    proctor::watch_async(async {
        let server = Server::new();
        let request = || Request::post("/echo").part("cr").wait(SECOND).part("ab");
        let with = testing::ask(&*server.drain, request()).await;
        let without = testing::ask(&server.site, request()).await;
        let seen = |answer: &Answer| {
            let events = answer.sent.iter().map(|sent| format!("{:?}: {:?}", sent.at, sent.event));
            events.collect::<Vec<_>>()
        };
        proctor::expect_eq!(
            seen(&with),
            seen(&without),
            "the events of a response before the drain (expected: as without `Drain`)"
        );
        let answer = testing::ask(&*server.drain, Request::get("/fails/1")).await;
        assert!(
            matches!(&answer.ended, Err(Failure::Failed(error)) if error.to_string().contains("fire")),
            "the application has failed before the drain, and the call ended with {:?}",
            answer.ended
        );
        assert!(!server.shutdown.has_begun(), "the applications were told of a shutdown before it");
    });
}

#[test]
fn a_server_without_calls_is_drained_at_once() {
    proctor::watch_async(async {
        let server = Server::new();
        let (counts, at, _) = server.drain(GRACE).await;
        proctor::expect_eq!(at, Duration::ZERO, "how long the drain took, with no call ever");
        proctor::expect_eq!(
            counts,
            drained(0, 0, 0),
            "what the drain counted, without a call ever"
        );
        assert!(
            server.shutdown.has_begun(),
            "a drain without calls is over, and `shutdown.begin()` was not called: the lifespan call may listen too"
        );

        let server = Server::new();
        let calls = [server.get("/ends/1"), server.get("/ends/2"), server.get("/ends/3")];
        for call in calls {
            over(call, "/ends").await;
        }
        server.at(5).await;
        let (counts, at, _) = server.drain(GRACE).await;
        proctor::expect_eq!(
            at,
            5 * SECOND,
            "when a drain was over that began at 5 s, where the last call had ended at 3 s"
        );
        proctor::expect_eq!(
            counts,
            drained(0, 0, 0),
            "what the drain counted, where three calls had ended before it began"
        );
    });
}

#[test]
fn the_drain_is_over_when_the_last_call_ends() {
    proctor::watch_async(async {
        let server = Server::new();
        let calls = [server.get("/ends/3"), server.get("/ends/7"), server.get("/ends/5")];
        server.at(1).await;
        let (counts, at, living) = server.drain(GRACE).await;
        proctor::expect_eq!(
            at,
            7 * SECOND,
            "when a drain was over that began at 1 s with a grace of 10 s, where calls ended at 3, 5 and 7 s"
        );
        proctor::expect_eq!(
            counts,
            drained(3, 0, 0),
            "what the drain counted, where three calls ended during it"
        );
        proctor::expect_eq!(living, 0, "how many calls were under way then");
        for (call, seconds) in calls.into_iter().zip([3, 7, 5]) {
            served(call, &format!("/ends/{seconds}"), seconds).await;
        }
    });
}

#[test]
fn many_that_end_at_the_same_time_are_all_noticed() {
    proctor::watch_async(async {
        let server = Server::new();
        let calls: Vec<_> = (0..20).map(|_| server.get("/ends/4")).collect();
        server.at(1).await;
        let (counts, at, _) = server.drain(GRACE).await;
        proctor::expect_eq!(
            at,
            4 * SECOND,
            "when a drain was over that began at 1 s with a grace of 10 s, where twenty calls ended at 4 s"
        );
        proctor::expect_eq!(
            counts,
            drained(20, 0, 0),
            "what the drain counted, where twenty calls ended during it, at the same time"
        );
        for call in calls {
            served(call, "/ends/4", 4).await;
        }
    });
}

#[test]
fn what_is_under_way_is_not_disturbed() {
    proctor::watch_async(async {
        let server = Server::new();
        let request = Request::post("/echo").wait(SECOND).part("cr").wait(3 * SECOND).part("ab");
        let upload = server.ask(request);
        let late = server.get("/ends/5");
        server.at(2).await;
        let (counts, at, _) = server.drain(GRACE).await;
        proctor::expect_eq!(at, 5 * SECOND, "when the drain was over");
        proctor::expect_eq!(
            counts,
            drained(2, 0, 0),
            "what the drain counted, where an upload and another call ended during it"
        );
        let (answer, at) = over(upload, "/echo").await;
        let got = (answer.status.as_u16(), answer.text(), answer.complete);
        proctor::expect_eq!(
            got,
            (201, "crab".into(), true),
            "status, body, and whether it is complete, of the response to an upload that was under way when the drain began"
        );
        proctor::expect_eq!(at, 4 * SECOND, "when the upload was complete");
        served(late, "/ends/5", 5).await;
    });
}

#[test]
fn who_does_not_end_is_cut_when_the_grace_is_over() {
    proctor::watch_async(async {
        let server = Server::new();
        let (ends, never) = (server.get("/ends/4"), server.get("/never"));
        let late = server.get("/ends/15");
        server.at(1).await;
        let (counts, at, living) = server.drain(GRACE).await;
        proctor::expect_eq!(
            at,
            11 * SECOND,
            "when a drain was over that began at 1 s with a grace of 10 s, where one call never ends"
        );
        proctor::expect_eq!(
            living,
            0,
            "how many of the application's futures still exist when the drain is over"
        );
        proctor::expect_eq!(
            counts,
            drained(1, 2, 0),
            "what the drain counted, where one call ended during it, and two did not"
        );
        served(ends, "/ends/4", 4).await;
        is_cut(never, "/never", 11).await;
        is_cut(late, "/ends/15", 11).await;
    });
}

#[test]
fn the_drain_is_over_when_the_last_one_has_been_dropped() {
    proctor::watch_async(async {
        let server = Server::new();
        // A connection that is slow to poll its call, as one is whose thread has much else to do.
        let (drain, began) = (Arc::clone(&server.drain), server.began);
        let slow = tokio::spawn(async move {
            let mut call = Box::pin(testing::ask(&*drain, Request::get("/never")));
            while poll_once(call.as_mut()).await.is_pending() {
                sleep(SECOND * 7 / 10).await;
            }
            began.elapsed()
        });
        server.at(1).await;
        let (counts, at, living) = server.drain(GRACE).await;
        proctor::expect_eq!(
            living,
            0,
            "how many of the application's futures still exist when the drain is over, where the connection of one is slow to poll it"
        );
        proctor::expect_eq!(
            at,
            SECOND * 112 / 10,
            "when a drain was over that began at 1 s with a grace of 10 s, where a connection that polls its call every 0.7 s drops it at 11.2 s"
        );
        proctor::expect_eq!(
            counts,
            drained(0, 1, 0),
            "what the drain counted, where one call never ends"
        );
        let slow = timeout(PATIENCE, slow).await.expect("the call still goes on").unwrap();
        proctor::expect_eq!(slow, SECOND * 112 / 10, "when the call was cut");
    });
}

/// A drain that can be looked at from anywhere, also from a destructor.
#[derive(Clone, Default)]
struct Looked(Arc<Mutex<Look>>);

#[derive(Default)]
struct Look {
    drain: Option<Pin<Box<dyn Future<Output = Drained> + Send>>>,
    /// Of the task that waits for the drain.
    waker: Option<Waker>,
    counts: Option<Drained>,
}

impl Looked {
    fn look(&self) -> Option<Drained> {
        let look = &mut *self.0.lock().unwrap();
        if let (Some(drain), Some(waker)) = (&mut look.drain, &look.waker)
            && let Poll::Ready(counts) = drain.as_mut().poll(&mut Context::from_waker(waker))
        {
            look.drain = None;
            look.counts = Some(counts);
        }
        look.counts
    }
}

/// A thing of a call's, which looks whether the drain is over while it is dropped.
struct LastLook {
    looked: Looked,
    too_early: Arc<AtomicBool>,
}

impl Drop for LastLook {
    fn drop(&mut self) {
        let over = self.looked.look().is_some();
        self.too_early.store(over, Ordering::Relaxed);
    }
}

#[test]
fn a_call_is_counted_until_its_future_is_gone() {
    proctor::watch_async(async {
        let (looked, too_early) = (Looked::default(), Arc::new(AtomicBool::new(false)));
        let (thing, noted) = (looked.clone(), Arc::clone(&too_early));
        let app = move |_: Scope, _: Receive, _: Sender| {
            let thing = LastLook { looked: thing.clone(), too_early: Arc::clone(&noted) };
            async move {
                let _thing = thing;
                pending::<Result<(), Error>>().await
            }
        };
        let drain = Arc::new(Drain::new(app, Shutdown::new()));
        let served = Arc::clone(&drain);
        let call = tokio::spawn(async move { testing::ask(&*served, Request::get("/")).await });
        sleep(SECOND).await;
        looked.0.lock().unwrap().drain = Some(Box::pin(async move { drain.drain(GRACE).await }));
        let over = poll_fn(|cx| {
            looked.0.lock().unwrap().waker = Some(cx.waker().clone());
            looked.look().map_or(Poll::Pending, Poll::Ready)
        });
        let counts = timeout(PATIENCE, over).await.expect("an hour later, the drain is not over");
        assert!(
            !too_early.load(Ordering::Relaxed),
            "the drain was over while the application's future was being dropped: it must be gone before its call counts as ended"
        );
        proctor::expect_eq!(
            counts,
            drained(0, 1, 0),
            "what the drain counted, where one call never ends"
        );
        let _ = timeout(PATIENCE, call).await.expect("the call still goes on");
    });
}

/// Polls a future, whether anybody has woken it or not.
async fn poll_once<F: Future>(mut future: Pin<&mut F>) -> Poll<F::Output> {
    poll_fn(|cx| Poll::Ready(future.as_mut().poll(cx))).await
}

#[test]
fn the_grace_is_one_for_all() {
    proctor::watch_async(async {
        let server = Server::new();
        let calls = [server.get("/ends/4"), server.get("/ends/8")];
        server.at(3).await;
        let never = server.get("/never");
        server.at(5).await;
        let late = async {
            for second in [7, 9, 11] {
                server.at(second).await;
                over(server.get("/ends/1"), "/ends/1").await;
            }
        };
        let ((counts, at, _), ()) = tokio::join!(server.drain(GRACE), late);
        proctor::expect_eq!(
            at,
            15 * SECOND,
            "when a drain was over that began at 5 s with a grace of 10 s, where calls end and come meanwhile, and one never ends"
        );
        proctor::expect_eq!(
            counts,
            drained(1, 1, 3),
            "what the drain counted, where one call ended before it, one during it, one never, and three more came meanwhile"
        );
        for (call, seconds) in calls.into_iter().zip([4, 8]) {
            served(call, &format!("/ends/{seconds}"), seconds).await;
        }
        is_cut(never, "/never", 15).await;
    });
}

#[test]
fn a_grace_of_nothing_cuts_at_once() {
    proctor::watch_async(async {
        let server = Server::new();
        let never = server.get("/never");
        server.at(1).await;
        let (counts, at, living) = server.drain(Duration::ZERO).await;
        proctor::expect_eq!(at, SECOND, "when a drain was over that began at 1 s without grace");
        proctor::expect_eq!(
            counts,
            drained(0, 1, 0),
            "what the drain counted, where one call never ends"
        );
        proctor::expect_eq!(living, 0, "how many of the application's futures still exist then");
        is_cut(never, "/never", 1).await;
    });
}

#[test]
fn new_calls_are_refused_during_the_drain_and_after_it() {
    proctor::watch_async(async {
        let server = Server::new();
        let under_way = server.get("/ends/6");
        server.at(1).await;
        let late = async {
            for second in [1, 3, 5] {
                server.at(second).await;
                let (answer, at) = over(server.get("/ends/1"), "/ends/1").await;
                proctor::expect_eq!(
                    answer.status.as_u16(),
                    503,
                    "the status of a request that came at {second} s, where the drain began at 1 s"
                );
                assert!(answer.complete, "the response that refuses a request has no end");
                proctor::expect_eq!(at, Duration::from_secs(second), "when that was answered");
            }
        };
        let ((counts, at, _), ()) = tokio::join!(server.drain(GRACE), late);
        proctor::expect_eq!(
            at,
            6 * SECOND,
            "when a drain was over whose last call ended at 6 s, where others came meanwhile"
        );
        proctor::expect_eq!(
            counts,
            drained(1, 0, 3),
            "what the drain counted, where one call ended during it, and three more came meanwhile"
        );
        served(under_way, "/ends/6", 6).await;
        for second in [6, 60] {
            server.at(second).await;
            let (answer, _) = over(server.get("/ends/1"), "/ends/1").await;
            proctor::expect_eq!(
                answer.status.as_u16(),
                503,
                "the status of a request that came at {second} s, where the drain was over at 6 s"
            );
        }
        proctor::expect_eq!(
            server.calls(),
            1,
            "how often the application was called: once before the drain, and five requests were refused"
        );
    });
}

#[test]
fn calls_that_fail_have_ended() {
    proctor::watch_async(async {
        let server = Server::new();
        let fails = server.get("/fails/3");
        server.at(1).await;
        let (counts, at, _) = server.drain(GRACE).await;
        proctor::expect_eq!(at, 3 * SECOND, "when the drain was over whose only call fails at 3 s");
        proctor::expect_eq!(
            counts,
            drained(1, 0, 0),
            "what the drain counted, where one call failed during it"
        );
        let (answer, _) = over(fails, "/fails/3").await;
        assert!(
            matches!(&answer.ended, Err(Failure::Failed(error)) if error.to_string().contains("fire")),
            "the application has failed during the drain, and the call ended with {:?}",
            answer.ended
        );
    });
}

#[test]
fn calls_that_panic_have_ended() {
    proctor::watch_async(async {
        let server = Server::new();
        let before = server.get("/panics/0");
        over(before, "/panics/0").await;
        let during = server.get("/panics/3");
        server.at(1).await;
        let (counts, at, _) = server.drain(GRACE).await;
        proctor::expect_eq!(
            at,
            3 * SECOND,
            "when the drain was over, where one call has panicked before it, and the last one panics at 3 s"
        );
        proctor::expect_eq!(
            counts,
            drained(1, 0, 0),
            "what the drain counted, where one call panicked before it, and one during it"
        );
        let (answer, _) = over(during, "/panics/3").await;
        assert!(
            matches!(&answer.ended, Err(Failure::Panicked(why)) if why == "the kitchen exploded"),
            "the application has panicked during the drain, and the call ended with {:?}",
            answer.ended
        );
    });
}

#[test]
fn calls_that_the_server_has_dropped_have_ended() {
    proctor::watch_async(async {
        let server = Server::new();
        // Given up on before the drain, and during it.
        let before = server.get("/never");
        let during = server.get("/never");
        server.at(1).await;
        before.abort();
        let drop = async {
            server.at(4).await;
            during.abort();
        };
        server.at(2).await;
        let ((counts, at, _), ()) = tokio::join!(server.drain(GRACE), drop);
        proctor::expect_eq!(
            at,
            4 * SECOND,
            "when the drain was over that began at 2 s, where the server has dropped one call at 1 s and the last one at 4 s"
        );
        proctor::expect_eq!(
            counts,
            drained(1, 0, 0),
            "what the drain counted, where the server has dropped one call before it, and one during it"
        );
    });
}

#[test]
fn a_call_whose_client_does_not_read_is_cut_as_well() {
    proctor::watch_async(async {
        let server = Server::new();
        let (drain, began) = (Arc::clone(&server.drain), server.began);
        let flood = tokio::spawn(async move {
            let mut call = testing::call(&*drain, Request::get("/flood"));
            let ended = call.ended().await;
            (ended.is_err(), began.elapsed())
        });
        server.at(1).await;
        let (counts, at, living) = server.drain(GRACE).await;
        proctor::expect_eq!(at, 11 * SECOND, "when the drain was over that began at 1 s");
        proctor::expect_eq!(
            counts,
            drained(0, 1, 0),
            "what the drain counted, where one call waits for its client"
        );
        proctor::expect_eq!(living, 0, "how many of the application's futures still exist then");
        let flood = timeout(PATIENCE, flood).await;
        let flood = flood.expect("a call that waits for its client goes on for an hour").unwrap();
        proctor::expect_eq!(flood, (true, 11 * SECOND), "whether it returned an error, and when");
    });
}

#[test]
fn endless_streams_are_told_and_end_well() {
    proctor::watch_async(async {
        let server = Server::new();
        let feeds = [server.get("/feed"), server.get("/feed")];
        server.at(3).await;
        sleep(SECOND / 2).await;
        let (counts, at, _) = server.drain(GRACE).await;
        proctor::expect_eq!(
            at,
            3 * SECOND + SECOND / 2,
            "when the drain was over that began at 3.5 s, where two streams end as soon as they are told"
        );
        proctor::expect_eq!(
            counts,
            drained(2, 0, 0),
            "what the drain counted, where two streams ended during it"
        );
        for feed in feeds {
            let (answer, _) = over(feed, "/feed").await;
            proctor::expect_eq!(
                (answer.text(), answer.complete),
                ("crab\ncrab\ncrab\nbye\n".into(), true),
                "what the client of a stream has got, and whether it is complete"
            );
        }
    });
}

#[test]
fn a_lifespan_outlives_the_drain() {
    proctor::watch_async(async {
        let server = Server::new();
        let (ready, is_ready) = tokio::sync::oneshot::channel();
        let (end, ends) = tokio::sync::oneshot::channel();
        let drain = Arc::clone(&server.drain);
        let lifespan = tokio::spawn(async move {
            let mut lifespan = testing::lifespan(&*drain);
            let started = lifespan.startup().await.map(drop).map_err(|error| error.to_string());
            let _ = ready.send(started);
            // The call goes on, and must not end.
            tokio::select! {
                biased;
                _ = ends => {}
                ended = lifespan.ended() => return Err(format!("it ended during the drain: {ended:?}")),
            }
            lifespan.shutdown().await
        });
        let started = timeout(PATIENCE, is_ready).await.expect("no answer to lifespan.startup");
        proctor::expect_eq!(started.unwrap(), Ok(()), "start-up, through `Drain`");
        let never = server.get("/never");
        server.at(1).await;
        let (counts, at, _) = server.drain(GRACE).await;
        proctor::expect_eq!(at, 11 * SECOND, "when the drain was over that began at 1 s");
        proctor::expect_eq!(
            counts,
            drained(0, 1, 0),
            "what the drain counted, where one request never ends, and the lifespan call goes on"
        );
        is_cut(never, "/never", 11).await;
        end.send(()).unwrap_or_else(|()| panic!("the lifespan call has ended during the drain"));
        let shutdown = timeout(PATIENCE, lifespan).await;
        let shutdown = shutdown.expect("no answer to lifespan.shutdown").unwrap();
        proctor::expect_eq!(shutdown, Ok(()), "the shutdown, after the drain");
    });
}

#[test]
fn a_lifespan_is_not_waited_for() {
    proctor::watch_async(async {
        let server = Server::new();
        let mut lifespan = testing::lifespan(&*server.drain);
        let started = lifespan.startup().await.map(drop).map_err(|error| error.to_string());
        proctor::expect_eq!(started, Ok(()), "start-up, through `Drain`");
        let (counts, at, _) = server.drain(GRACE).await;
        proctor::expect_eq!(
            at,
            Duration::ZERO,
            "how long the drain took, with nothing but the lifespan call under way"
        );
        proctor::expect_eq!(
            counts,
            drained(0, 0, 0),
            "what the drain counted, where nothing but the lifespan call was under way"
        );
        proctor::expect_eq!(lifespan.shutdown().await, Ok(()), "the shutdown, after the drain");
    });
}

#[test]
fn websockets_are_calls_too() {
    proctor::watch_async(async {
        let server = Server::new();
        let drain = Arc::clone(&server.drain);
        let socket = tokio::spawn(async move {
            let mut socket = testing::websocket(&*drain, Request::get("/chat"));
            socket.accepted().await;
            sleep(3 * SECOND).await;
            socket.say("crab");
            let heard = socket.heard().await;
            (heard, socket.ended().await.map_err(|failure| failure.to_string()))
        });
        server.at(1).await;
        let late = async {
            server.at(5).await;
            let mut socket = testing::websocket(&*server.drain, Request::get("/chat"));
            socket.event().await
        };
        let ((counts, at, living), late) = tokio::join!(server.drain(GRACE), late);
        assert!(
            matches!(late, Some(SendEvent::WebSocketClose(_))),
            "a WebSocket that came during the drain was answered with {late:?}, and not refused"
        );
        proctor::expect_eq!(
            at,
            11 * SECOND,
            "when the drain was over that began at 1 s, where a WebSocket does not end"
        );
        proctor::expect_eq!(
            counts,
            drained(0, 1, 1),
            "what the drain counted, where one WebSocket does not end, and another one came meanwhile"
        );
        proctor::expect_eq!(living, 0, "how many of the application's futures still exist then");
        let socket = timeout(PATIENCE, socket).await;
        let (heard, ended) = socket.expect("the WebSocket's call still goes on").unwrap();
        proctor::expect_eq!(
            heard,
            Some(Message::from("crab")),
            "what a WebSocket has heard during the drain"
        );
        assert!(ended.is_err(), "the WebSocket's call was cut, and returned {ended:?}");
    });
}
