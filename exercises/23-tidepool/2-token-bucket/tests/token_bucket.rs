//! Clients that ask often, and a clock that is moved.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use gateway::testing::{self, Answer, Request};
use gateway::{
    Accept, Address, App, Error, Message, Receive, ReceiveEvent, ResponseBody, ResponseStart,
    Scope, SendEvent, Sender,
};
use proctor::memory::{Counting, Mark};
use token_bucket::RateLimit;
use tokio::time::{Instant, sleep, timeout};

#[global_allocator]
static MEMORY: Counting = Counting;

const SECOND: Duration = Duration::from_secs(1);

/// The application: it echoes.
#[derive(Debug, Clone, Default)]
struct Site {
    calls: Arc<AtomicUsize>,
}

impl App for Site {
    async fn call(&self, scope: Scope, mut receive: Receive, send: Sender) -> Result<(), Error> {
        match scope {
            Scope::Http(scope) => {
                self.calls.fetch_add(1, Ordering::Relaxed);
                match &*scope.path() {
                    "/slow" => sleep(60 * SECOND).await,
                    "/fails" => return Err("the kitchen is on fire".into()),
                    _ => {}
                }
                send.send(ResponseStart::new(201).header("content-type", "text/plain")).await?;
                while let Some(part) = receive.part().await? {
                    send.send(ResponseBody::part(part)).await?;
                }
                send.send(ResponseBody::last("")).await?;
            }
            Scope::WebSocket(_) => {
                self.calls.fetch_add(1, Ordering::Relaxed);
                send.send(Accept::new()).await?;
                loop {
                    match receive.next().await {
                        ReceiveEvent::WebSocketReceive(message) => send.send(message).await?,
                        ReceiveEvent::WebSocketDisconnect(_) => break,
                        _ => {}
                    }
                }
            }
            Scope::Lifespan(_) => {
                while receive.next().await != ReceiveEvent::LifespanStartup {}
                send.send(SendEvent::LifespanStartupComplete).await?;
                while receive.next().await != ReceiveEvent::LifespanShutdown {}
                send.send(SendEvent::LifespanShutdownComplete).await?;
            }
        }
        Ok(())
    }
}

/// A server that somebody asks.
struct Server {
    site: Site,
    limit: RateLimit<Site>,
    began: Instant,
    burst: u32,
    every: Duration,
}

/// A request from that address and port.
fn from(client: &str) -> Request {
    let client = Some(Address::Ip(client.parse().unwrap()));
    Request::get("/").connection(|connection| connection.client = client)
}

/// A client by its number, on another port each time.
fn number(number: u32, port: u16) -> Request {
    let address = std::net::Ipv4Addr::from(0x0a00_0000 + number);
    from(&format!("{address}:{port}"))
}

impl Server {
    fn new(burst: u32, every: Duration) -> Self {
        let site = Site::default();
        let limit = RateLimit::new(site.clone(), burst, every);
        Self { site, limit, began: Instant::now(), burst, every }
    }

    fn calls(&self) -> usize {
        self.site.calls.load(Ordering::Relaxed)
    }

    /// When it is, and what was set, for a message.
    fn when(&self) -> String {
        format!(
            "{:?} after the first request (burst {}, a token each {:?})",
            self.began.elapsed(),
            self.burst,
            self.every
        )
    }

    /// Asks, and says what `retry-after` says if it is refused.
    async fn ask(&self, request: Request) -> Result<(), u64> {
        let before = self.calls();
        let answer: Answer = testing::ask(&self.limit, request).await;
        let (when, called) = (self.when(), self.calls() - before);
        if answer.status.as_u16() == 201 {
            assert!(
                called == 1 && answer.complete,
                "a request was let in {when}, and the application was called {called} times"
            );
            return Ok(());
        }
        let refused = (answer.status.as_u16(), answer.complete, called);
        proctor::expect_eq!(
            refused,
            (429, true, 0),
            "status, whether it is complete, and how often the application was called, {when}"
        );
        assert!(answer.ended.is_ok(), "a refusal is no failure: {:?}", answer.ended);
        let after = answer.header("retry-after").and_then(|value| value.parse().ok());
        Err(after.unwrap_or_else(|| panic!("a 429 without seconds in its retry-after, {when}")))
    }

    #[track_caller]
    fn expect(&self, got: Result<(), u64>, expected: Result<(), u64>, what: &str) {
        proctor::expect_eq!(
            got,
            expected,
            "{what}, {} (Ok: let in, Err: refused, with these seconds in retry-after)",
            self.when()
        );
    }

    /// A client asks so many times at once, all of which are let in.
    async fn spends(&self, count: u32, client: &str) {
        for number in 1..=count {
            let got = self.ask(from(client)).await;
            self.expect(got, Ok(()), &format!("request {number} of {client}"));
        }
    }

    async fn is_let_in(&self, client: &str) {
        self.spends(1, client).await;
    }

    async fn is_refused(&self, client: &str, seconds: u64) {
        let got = self.ask(from(client)).await;
        self.expect(got, Err(seconds), &format!("another request of {client}"));
    }
}

const ANN: &str = "192.0.2.1:50000";
const BEN: &str = "192.0.2.2:50000";

#[test]
fn what_is_let_in_is_not_touched() {
    proctor::watch_async(async {
        let server = Server::new(3, SECOND);
        let request = || Request::post("/").part("cr").wait(SECOND).part("ab");
        let with = testing::ask(&server.limit, request()).await;
        let without = testing::ask(&server.site, request()).await;
        let seen = |answer: &Answer| {
            let events = answer.sent.iter().map(|sent| format!("{:?}: {:?}", sent.at, sent.event));
            events.collect::<Vec<_>>()
        };
        proctor::expect_eq!(
            seen(&with),
            seen(&without),
            "the events of a response (expected: as without `RateLimit`)"
        );
    });
}

#[test]
fn a_burst_is_let_in_and_no_more() {
    proctor::watch_async(async {
        for burst in [1, 3, 20] {
            let server = Server::new(burst, 10 * SECOND);
            server.spends(burst, ANN).await;
            server.is_refused(ANN, 10).await;
        }
    });
}

#[test]
fn the_tokens_come_back_one_by_one() {
    proctor::watch_async(async {
        let server = Server::new(3, 2 * SECOND);
        server.spends(3, ANN).await;
        sleep(2 * SECOND).await;
        server.is_let_in(ANN).await;
        server.is_refused(ANN, 2).await;
        sleep(4 * SECOND).await;
        server.spends(2, ANN).await;
        server.is_refused(ANN, 2).await;
    });
}

#[test]
fn the_burst_is_not_had_twice() {
    proctor::watch_async(async {
        let server = Server::new(4, SECOND);
        // Nearly at the end of the time in which a bucket fills.
        server.is_let_in(BEN).await;
        sleep(Duration::from_millis(3_900)).await;
        server.spends(4, ANN).await;
        sleep(Duration::from_millis(200)).await;
        server.is_refused(ANN, 1).await;
    });
}

#[test]
fn half_a_token_is_not_lost() {
    proctor::watch_async(async {
        let server = Server::new(2, SECOND);
        server.spends(2, ANN).await;
        // Who asks more often than tokens come gets as many as there are.
        let mut times = Vec::new();
        for _ in 0..30 {
            sleep(Duration::from_millis(300)).await;
            if server.ask(from(ANN)).await.is_ok() {
                times.push(server.began.elapsed().as_millis());
            }
        }
        // A token comes each second, and is taken at the next multiple of 300 ms.
        let expected = [1_200, 2_100, 3_000, 4_200, 5_100, 6_000, 7_200, 8_100, 9_000];
        proctor::expect_eq!(
            times,
            expected,
            "when the requests were let in, in milliseconds, of a client that asks each 300 ms after its burst of 2 \
             (a token comes each second)"
        );
    });
}

#[test]
fn a_full_bucket_gains_nothing() {
    proctor::watch_async(async {
        let server = Server::new(2, SECOND);
        server.spends(2, ANN).await;
        sleep(3_600 * SECOND).await;
        server.spends(2, ANN).await;
        server.is_refused(ANN, 1).await;
    });
    proctor::watch_async(async {
        // Not even a part of a token.
        let server = Server::new(1, 2 * SECOND);
        server.is_let_in(ANN).await;
        sleep(Duration::from_millis(3_500)).await;
        server.is_let_in(ANN).await;
        sleep(SECOND).await;
        server.is_refused(ANN, 1).await;
        sleep(SECOND).await;
        server.is_let_in(ANN).await;
    });
}

#[test]
fn retry_after_is_rounded_up() {
    proctor::watch_async(async {
        for (every, after, seconds) in [
            (2_000, 0, 2),
            (2_000, 500, 2),
            (2_000, 1_000, 1),
            (2_000, 1_990, 1),
            (250, 0, 1),
            (1_250, 0, 2),
            (90_000, 0, 90),
            (90_000, 500, 90),
            (90_000, 88_999, 2),
        ] {
            let server = Server::new(2, Duration::from_millis(every));
            server.spends(2, ANN).await;
            sleep(Duration::from_millis(after)).await;
            server.is_refused(ANN, seconds).await;
        }
    });
}

#[test]
fn less_than_a_millisecond_is_rounded_up_too() {
    proctor::watch_async(async {
        let server = Server::new(1, Duration::from_micros(1_000_500));
        server.is_let_in(ANN).await;
        server.is_refused(ANN, 2).await;
    });
}

#[test]
fn who_comes_back_then_is_let_in() {
    proctor::watch_async(async {
        for every in [700, 1_000, 1_300, 2_500, 61_000] {
            for after in [0, 100, 333, 650] {
                let server = Server::new(3, Duration::from_millis(every));
                server.spends(3, ANN).await;
                sleep(Duration::from_millis(after)).await;
                let Err(seconds) = server.ask(from(ANN)).await else {
                    panic!("a fourth request was let in {}", server.when())
                };
                let wait = Duration::from_secs(seconds);
                // A second earlier, it is too early.
                let early = Server::new(3, Duration::from_millis(every));
                early.spends(3, BEN).await;
                let time = Duration::from_millis(after) + wait.saturating_sub(SECOND);
                sleep(time).await;
                let got = early.ask(from(BEN)).await;
                assert!(
                    got.is_err(),
                    "a client was told to come back in {seconds} s, and could have come a second earlier, {}",
                    early.when()
                );
                sleep(server.began + Duration::from_millis(after) + wait - Instant::now()).await;
                let got = server.ask(from(ANN)).await;
                server.expect(
                    got,
                    Ok(()),
                    &format!("a client that was told to come back in {seconds} s, and does"),
                );
            }
        }
    });
}

#[test]
fn a_refusal_costs_nothing() {
    proctor::watch_async(async {
        let server = Server::new(1, 4 * SECOND);
        server.is_let_in(ANN).await;
        for _ in 0..100 {
            server.is_refused(ANN, 4).await;
        }
        sleep(3 * SECOND).await;
        server.is_refused(ANN, 1).await;
        sleep(SECOND).await;
        server.is_let_in(ANN).await;
    });
}

#[test]
fn a_failure_has_cost_a_token() {
    proctor::watch_async(async {
        let server = Server::new(2, 4 * SECOND);
        let request = from(ANN).with(|head| head.uri = "/fails".parse().unwrap());
        let answer = testing::ask(&server.limit, request).await;
        assert!(answer.ended.is_err(), "the application has failed, and nobody was told");
        server.is_let_in(ANN).await;
        server.is_refused(ANN, 4).await;
    });
}

#[test]
fn each_client_has_a_bucket_and_ports_are_nothing() {
    proctor::watch_async(async {
        let server = Server::new(2, 4 * SECOND);
        server.spends(2, "192.0.2.1:50000").await;
        server.is_refused("192.0.2.1:50001", 4).await;
        server.spends(1, "192.0.2.2:50000").await;
        server.spends(1, "192.0.2.2:1").await;
        server.is_refused("192.0.2.2:2", 4).await;
        server.spends(2, "[2001:db8::1]:50000").await;
        server.is_refused("[2001:db8::1]:50001", 4).await;
        server.spends(2, "[2001:db8::2]:50000").await;
        // Those without an address are one client.
        for (client, expected) in [
            (None, Ok(())),
            (Some(Address::Unix(None)), Ok(())),
            (Some(Address::Unix(Some("/run/a".into()))), Err(4)),
            (None, Err(4)),
        ] {
            let request =
                Request::get("/").connection(|connection| connection.client = client.clone());
            let got = server.ask(request).await;
            server.expect(
                got,
                expected,
                &format!("a request of one without an address, {client:?}"),
            );
        }
        server.is_refused("192.0.2.1:50000", 4).await;
    });
}

#[test]
fn a_websocket_is_one_request() {
    proctor::watch_async(async {
        let server = Server::new(2, 4 * SECOND);
        let mut socket = testing::websocket(&server.limit, from(ANN));
        let first = socket.event().await;
        assert!(
            matches!(first, Some(SendEvent::WebSocketAccept(_))),
            "a WebSocket came to a full bucket, and was answered with {first:?}"
        );
        for _ in 0..10 {
            socket.say("crab");
            proctor::expect_eq!(
                socket.heard().await,
                Some(Message::from("crab")),
                "what a WebSocket hears that was let in, and says something"
            );
        }
        server.is_let_in(ANN).await;
        server.is_refused(ANN, 4).await;
        let before = server.calls();
        let mut refused = testing::websocket(&server.limit, from(ANN));
        let first = refused.event().await;
        assert!(
            matches!(first, Some(SendEvent::WebSocketClose(_))),
            "a WebSocket came to an empty bucket, and was answered with {first:?}"
        );
        proctor::expect_eq!(server.calls(), before, "how often the application was called in all");
        let ended = refused.ended().await;
        assert!(ended.is_ok(), "a refusal is no failure: {ended:?}");
    });
}

#[test]
fn a_lifespan_is_no_request() {
    proctor::watch_async(async {
        let server = Server::new(1, 4 * SECOND);
        let nobody = || Request::get("/").connection(|connection| connection.client = None);
        let mut lives = Vec::new();
        for _ in 0..3 {
            let mut life = testing::lifespan(&server.limit);
            let started = life.startup().await.map(drop).map_err(|error| error.to_string());
            proctor::expect_eq!(started, Ok(()), "start-up, through `RateLimit`");
            lives.push(life);
        }
        proctor::expect_eq!(
            server.limit.clients(),
            0,
            "how many buckets are kept, where nobody has asked"
        );
        let got = server.ask(nobody()).await;
        server.expect(
            got,
            Ok(()),
            "the first request of somebody without an address, after lifespan calls",
        );
        let got = server.ask(nobody()).await;
        server.expect(got, Err(4), "the second request");
        for mut life in lives {
            proctor::expect_eq!(life.shutdown().await, Ok(()), "the shutdown, through `RateLimit`");
        }
    });
}

#[test]
fn nobody_waits_for_somebody_elses_call() {
    proctor::watch_async(async {
        let server = Arc::new(Server::new(2, 4 * SECOND));
        let slow = tokio::spawn({
            let server = Arc::clone(&server);
            async move {
                let request = from(ANN).with(|head| head.uri = "/slow".parse().unwrap());
                testing::ask(&server.limit, request).await.status.as_u16()
            }
        });
        sleep(SECOND).await;
        for client in [ANN, BEN] {
            let got = timeout(SECOND, server.ask(from(client))).await;
            let Ok(got) = got else {
                panic!(
                    "while the application works for {ANN} for a minute, a request of {client} gets no answer"
                )
            };
            server.expect(
                got,
                Ok(()),
                &format!("a request of {client}, while the application works for {ANN}"),
            );
        }
        proctor::expect_eq!(slow.await.unwrap(), 201, "the status of the slow response");
        // Its token was spent when it came, and not when it was done.
        server.spends(2, ANN).await;
    });
}

#[test]
fn nothing_runs_on_its_own() {
    // Made where there is no runtime yet, as in a `static`.
    let limit = Arc::new(RateLimit::new(Site::default(), 2, SECOND));
    proctor::watch_async(async move {
        let metrics = tokio::runtime::Handle::current().metrics();
        for _ in 0..3 {
            testing::ask(&*limit, from(ANN)).await;
        }
        proctor::expect_eq!(
            metrics.num_alive_tasks(),
            0,
            "how many tasks there are after three requests"
        );
        sleep(SECOND).await;
        let status = testing::ask(&*limit, from(ANN)).await.status.as_u16();
        proctor::expect_eq!(
            status,
            201,
            "the status, a second after the bucket was empty (burst 2, a token each second)"
        );
    });
}

/// The watchdog's virtual time is bounded, and this takes years.
fn for_years<F: Future<Output = ()>>(body: impl FnOnce() -> F + Send + 'static) {
    proctor::watch(move || {
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = runtime.enable_time().start_paused(true).build();
        runtime.expect("a test process can start a runtime").block_on(body());
    });
}

#[test]
fn a_client_that_comes_back_after_years_finds_a_full_bucket() {
    for_years(|| async {
        let every = Duration::from_millis(1);
        for pause in [1 << 32, (1 << 32) + 1, 20 * 365 * 24 * 3_600 * 1_000] {
            let server = Server::new(5, every);
            server.spends(5, ANN).await;
            tokio::time::advance(every * 2).await;
            // Somebody else, so that there is something in it.
            server.is_let_in(BEN).await;
            tokio::time::advance(Duration::from_millis(pause)).await;
            server.spends(5, ANN).await;
            server.is_refused(ANN, 1).await;
        }
    });
}

/// A hundred clients ask once each.
async fn a_hundred_ask(server: &Server) {
    for client in 0..100 {
        let got = server.ask(number(client, 1)).await;
        server.expect(got, Ok(()), "the first request of a client");
    }
}

/// No more buckets than these are kept.
#[track_caller]
fn keeps(server: &Server, most: usize, why: &str) {
    let kept = server.limit.clients();
    assert!(
        kept <= most,
        "{kept} buckets are kept {}, and there should be no more than {most}: {why}",
        server.when()
    );
}

#[test]
fn a_full_bucket_is_forgotten() {
    proctor::watch_async(async {
        let server = Server::new(5, SECOND);
        a_hundred_ask(&server).await;
        proctor::expect_eq!(
            server.limit.clients(),
            100,
            "how many buckets are kept, after a request of 100 clients each"
        );
        server.spends(5, ANN).await;
        // Theirs are full after a second, and Ann's after five; 5 s (5 × 1 s) later they have to be forgotten.
        sleep(6 * SECOND).await;
        server.is_let_in(BEN).await;
        keeps(
            &server,
            2,
            "those of 100 clients have been full for 5 s, and one other client has asked now",
        );
        server.spends(4, BEN).await;
        sleep(10 * SECOND).await;
        server.is_let_in(ANN).await;
        proctor::expect_eq!(
            server.limit.clients(),
            1,
            "how many buckets are kept, where all have been full for 5 s, and one client has asked"
        );
    });
}

#[test]
fn it_is_forgotten_in_time_whoever_asks() {
    proctor::watch_async(async {
        let server = Server::new(5, SECOND);
        a_hundred_ask(&server).await;
        // Theirs are full at 1 s.
        sleep(Duration::from_millis(5_500)).await;
        server.is_let_in(BEN).await;
        sleep(Duration::from_millis(600)).await;
        server.is_let_in(BEN).await;
        keeps(
            &server,
            1,
            "those of 100 clients have been full for more than 5 s, and Ben has asked now, and 0.6 s ago",
        );
    });
    proctor::watch_async(async {
        let server = Server::new(5, SECOND);
        a_hundred_ask(&server).await;
        for _ in 0..30 {
            let _ = server.ask(from(ANN)).await;
            sleep(Duration::from_millis(500)).await;
        }
        keeps(
            &server,
            1,
            "those of 100 clients have been full for 14 s, and Ann asks all the time",
        );
    });
    proctor::watch_async(async {
        let server = Server::new(2, 10 * SECOND);
        server.is_let_in(BEN).await;
        sleep(19 * SECOND).await;
        a_hundred_ask(&server).await;
        // Theirs are full at 29 s. Somebody who looks for full ones now finds none of them.
        sleep(9 * SECOND).await;
        server.is_let_in(BEN).await;
        sleep(19 * SECOND).await;
        server.spends(2, ANN).await;
        sleep(3 * SECOND).await;
        server.is_refused(ANN, 7).await;
        keeps(
            &server,
            2,
            "those of 100 clients have been full for more than 20 s, and Ann has asked now, and was refused",
        );
    });
}

#[test]
fn forgetting_gives_nothing_away() {
    proctor::watch_async(async {
        let server = Server::new(10, SECOND);
        server.is_let_in(BEN).await;
        sleep(5 * SECOND).await;
        server.spends(10, ANN).await;
        // Others come and go all the time, whose buckets are forgotten.
        for client in 0..90 {
            let got = server.ask(number(client, 1)).await;
            server.expect(got, Ok(()), "the first request of another client");
            sleep(Duration::from_millis(100)).await;
        }
        server.spends(9, ANN).await;
        server.is_refused(ANN, 1).await;
    });
}

#[test]
fn memory_is_for_those_who_have_asked_lately() {
    proctor::watch_async(async {
        let server = Server::new(2, SECOND);
        for client in 0..50 {
            let _ = server.ask(number(client, 1)).await;
            sleep(SECOND).await;
        }
        let mark = Mark::here();
        for client in 50..2_000 {
            let got = server.ask(number(client, 1)).await;
            server.expect(got, Ok(()), "the first request of a client");
            sleep(SECOND).await;
        }
        let held = mark.held();
        assert!(
            held < 16_384,
            "{held} bytes more are held after 1,950 clients who have asked once each, one a second, and are not coming back \
             (burst 2, a token each second)"
        );
    });
}

/// Numbers that look like chance, and are the same each time (splitmix64).
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound
    }
}

/// Many clients, at odd times, against a bucket that is filled drop by drop.
#[test]
fn every_decision_is_right_whoever_comes_when() {
    proctor::watch_async(async {
        for (seed, burst, every) in [(1, 1, 1_000), (2, 3, 700), (3, 5, 2_300), (4, 2, 90)] {
            let server = Server::new(burst, Duration::from_millis(every));
            let full = u64::from(burst) * every;
            let mut chance = Chance(seed);
            // Of each client, how full the bucket is, in drops: one comes each millisecond, and a token is `every` of them.
            let mut drops: BTreeMap<u32, u64> = BTreeMap::new();
            for turn in 0..300 {
                let client = u32::try_from(chance.below(4)).unwrap();
                let mut pause = chance.below(every * 2 / 3) + 1;
                let after = |pause: u64| {
                    drops.get(&client).map_or(full, |&drops| (drops + pause).min(full))
                };
                // Where it is a matter of a millisecond, floats may differ.
                while after(pause) % every == 0 && after(pause) < full
                    || (every - after(pause).min(every)) % 1_000 == 0 && after(pause) < every
                {
                    pause += 1;
                }
                sleep(Duration::from_millis(pause)).await;
                for drops in drops.values_mut() {
                    *drops = (*drops + pause).min(full);
                }
                let there = drops.entry(client).or_insert(full);
                let expected = if *there >= every {
                    *there -= every;
                    Ok(())
                } else {
                    Err((every - *there).div_ceil(1_000))
                };
                let got = server.ask(number(client, u16::try_from(turn).unwrap())).await;
                server.expect(
                    got,
                    expected,
                    &format!("request {turn} of this run, of client {client} of 4"),
                );
            }
        }
    });
}
