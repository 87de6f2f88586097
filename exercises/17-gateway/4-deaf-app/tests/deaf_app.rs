//! Listeners who stay, and listeners who leave.

use std::sync::Arc;
use std::time::Duration;

use deaf_app::{Broken, Feed, Pier};
use gateway::testing::{Answer, HttpCall, Request};
use gateway::{Failure, testing};
use tokio::time::{Instant, sleep, timeout};

const HALF: Duration = Duration::from_millis(500);
const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_hours(1);
/// How long the tests wait for the end of a call whose client has left. A deaf one reads the gauge each second meanwhile.
const PATIENCE: Duration = Duration::from_mins(20);

fn feed(pier: Pier) -> Feed {
    Feed { pier: Arc::new(pier) }
}

/// A reading, as it is sent.
fn reading(level: u32) -> String {
    format!("data: {level}\n\n")
}

/// The body with the readings from 1 up to this one.
fn readings(last: u32) -> String {
    (1..=last).map(reading).collect::<Vec<_>>().concat()
}

/// The seconds at which parts with something in them came.
fn seconds(answer: &Answer) -> Vec<u64> {
    let parts = answer.sent.iter().filter_map(|sent| match &sent.event {
        gateway::SendEvent::HttpResponseBody(part) if !part.body.is_empty() => Some(sent.at),
        _ => None,
    });
    parts.map(|at| at.as_secs()).collect()
}

/// Waits for the end of a call whose client has left.
async fn end(call: &mut HttpCall<'_>, feed: &Feed, when: &str) -> Result<(), Failure> {
    let ended = timeout(PATIENCE, call.ended()).await;
    let read = feed.pier.readings();
    ended.unwrap_or_else(|_| {
        panic!("a client left {when}; twenty minutes later its call still goes on; readings until then: {read}")
    })
}

/// Nobody has made a mistake.
fn quiet(ended: &Result<(), Failure>, when: &str) {
    if let Err(failure) = ended {
        assert!(
            failure.is_expected(),
            "a client left {when}, and its call was reported as a failure: {failure}"
        );
    }
}

fn all_seats_are_free(feed: &Feed, visits: usize, when: &str) {
    proctor::expect_eq!(feed.pier.seated(), 0, "how many seats are taken {when}");
    proctor::expect_eq!(feed.pier.visits(), visits, "how often somebody sat down, {when}");
}

#[test]
fn who_stays_hears_every_reading() {
    proctor::watch_async(async {
        let feed = feed(Pier::new(SECOND).closes_after(3));
        let answer = testing::ask(&feed, Request::get("/tide")).await;
        if let Err(failure) = &answer.ended {
            panic!("the call of a client that stayed failed: {failure}");
        }
        proctor::expect_eq!(answer.text(), readings(3), "what a client that stays hears");
        proctor::expect_eq!(seconds(&answer), [1, 2, 3], "at which seconds it hears something");
        proctor::expect_eq!(answer.status.as_u16(), 200, "the status");
        proctor::expect_eq!(
            answer.header("content-type"),
            Some("text/event-stream"),
            "the content-type"
        );
        assert!(answer.complete, "the gauge was taken in, and the response has no end");
        all_seats_are_free(&feed, 1, "when the gauge was taken in");
    });
}

#[test]
fn what_a_listener_still_sends_is_no_farewell() {
    proctor::watch_async(async {
        let feed = feed(Pier::new(SECOND).closes_after(5));
        let mut request = Request::post("/tide").wait(HALF);
        for part in ["more ", "about ", "", "crabs", ""] {
            request = request.part(part).wait(SECOND / 4);
        }
        let answer = testing::ask(&feed, request).await;
        if let Err(failure) = &answer.ended {
            panic!("the call of a client that sent a long body failed: {failure}");
        }
        proctor::expect_eq!(
            answer.text(),
            readings(5),
            "what a client hears that sends parts of a body meanwhile"
        );
        proctor::expect_eq!(
            seconds(&answer),
            [1, 2, 3, 4, 5],
            "at which seconds it hears something"
        );
        assert!(answer.complete, "the gauge was taken in, and the response has no end");
    });
}

#[test]
fn nothing_is_lost_on_a_slow_listener() {
    proctor::watch_async(async {
        let feed = feed(Pier::new(SECOND).closes_after(5));
        let request = Request::post("/tide").wait(3 * SECOND + HALF);
        let request = request.part("more ").wait(SECOND).part("about ").wait(SECOND).part("crabs");
        let mut call = testing::call(&feed, request);
        // It reads nothing for a while. The server has room for one reading, and the next one waits.
        let early = timeout(6 * SECOND + HALF, call.ended()).await;
        assert!(early.is_err(), "nobody has read anything, and the call has ended: {early:?}");
        let answer = call.answer().await;
        proctor::expect_eq!(
            answer.text(),
            readings(5),
            "what a client hears that reads nothing for six seconds, and sends parts of a body meanwhile"
        );
        assert!(answer.complete, "the gauge was taken in, and the response has no end");
        all_seats_are_free(&feed, 1, "when the gauge was taken in");
    });
}

#[test]
fn who_leaves_is_sent_nothing_more() {
    proctor::watch_async(async {
        let feed = feed(Pier::new(SECOND));
        let mut call = testing::call(&feed, Request::get("/tide").disconnect_after(2));
        call.start().await;
        for level in 1..=2 {
            let part = call.part().await.unwrap_or_default();
            proctor::expect_eq!(String::from_utf8_lossy(&part), reading(level), "reading {level}");
        }
        let when = "after its second reading";
        let ended = end(&mut call, &feed, when).await;
        quiet(&ended, when);
        all_seats_are_free(&feed, 1, "when the only client has left after its second reading");
        assert!(
            feed.pier.readings() <= 3,
            "a client left {when}, and the gauge was read {} times for it",
            feed.pier.readings()
        );
    });
}

#[test]
fn who_leaves_between_two_readings_need_not_wait_for_the_next() {
    proctor::watch_async(async {
        let feed = feed(Pier::new(HOUR));
        let began = Instant::now();
        // No round number, so that nobody happens to look at that moment.
        let leaves = HOUR + Duration::from_millis(10_537);
        let request = Request::get("/tide").wait(leaves).disconnect();
        let mut call = testing::call(&feed, request);
        call.start().await;
        proctor::expect_eq!(
            call.part().await.as_deref(),
            Some(readings(1).as_bytes()),
            "the first reading"
        );
        let when = "ten seconds after a reading";
        let ended = end(&mut call, &feed, when).await;
        quiet(&ended, when);
        proctor::expect_eq!(
            began.elapsed(),
            leaves,
            "when the call ended of a client that left 10.537 s after a reading, where the next comes in an hour"
        );
        all_seats_are_free(&feed, 1, "when the only client has left");
    });
}

#[test]
fn who_leaves_without_having_read_is_let_go() {
    proctor::watch_async(async {
        let feed = feed(Pier::new(SECOND));
        let began = Instant::now();
        let request = Request::get("/tide").wait(10 * SECOND + HALF).disconnect();
        let mut call = testing::call(&feed, request);
        let when = "while a reading waited to be sent";
        let ended = end(&mut call, &feed, when).await;
        quiet(&ended, when);
        proctor::expect_eq!(
            began.elapsed(),
            10 * SECOND + HALF,
            "when the call ended of a client that read nothing for ten seconds and a half, and left"
        );
        all_seats_are_free(&feed, 1, "when the only client has left");
    });
}

#[test]
fn who_leaves_at_once_leaves_no_trace() {
    proctor::watch_async(async {
        let feed = feed(Pier::new(SECOND));
        let mut call = testing::call(&feed, Request::get("/tide").disconnect());
        let when = "before anything was sent";
        let ended = end(&mut call, &feed, when).await;
        quiet(&ended, when);
        proctor::expect_eq!(
            feed.pier.seated(),
            0,
            "how many seats are taken when the only client left before anything was sent"
        );
    });
}

#[test]
fn who_leaves_does_not_disturb_the_others() {
    proctor::watch_async(async {
        let feed = feed(Pier::new(SECOND).closes_after(6));
        let leaves = async {
            let request = Request::get("/tide").wait(2 * SECOND + HALF).disconnect();
            timeout(PATIENCE, testing::ask(&feed, request)).await
        };
        let looks = async {
            sleep(3 * SECOND).await;
            feed.pier.seated()
        };
        let (first, left, second, seated) = tokio::join!(
            testing::ask(&feed, Request::get("/tide")),
            leaves,
            testing::ask(&feed, Request::get("/tide")),
            looks
        );
        proctor::expect_eq!(seated, 2, "how many of three seats are taken when one has left");
        let left = left.expect("its gauge was taken in after six seconds");
        quiet(&left.ended, "after two readings of six");
        proctor::expect_eq!(left.text(), readings(2), "what the one heard that left");
        for stays in [first, second] {
            assert!(stays.ended.is_ok(), "a client that stayed: {:?}", stays.ended);
            proctor::expect_eq!(stays.text(), readings(6), "what one heard that stayed");
        }
        all_seats_are_free(&feed, 3, "when the gauge was taken in");
    });
}

#[test]
fn a_gauge_that_breaks_is_a_failure() {
    proctor::watch_async(async {
        let feed = feed(Pier::new(SECOND).breaks_after(2));
        let answer = testing::ask(&feed, Request::get("/tide")).await;
        proctor::expect_eq!(
            answer.text(),
            readings(2),
            "what a client hears of a gauge that breaks"
        );
        assert!(
            !answer.complete,
            "the gauge broke, and the response was ended as if it were whole"
        );
        match &answer.ended {
            Err(Failure::Failed(error)) if error.is::<Broken>() => {}
            other => panic!("the gauge broke, and the call ended with {other:?}"),
        }
        all_seats_are_free(&feed, 1, "when the gauge broke");
    });
}

#[test]
fn a_call_that_is_dropped_gives_its_seat_back() {
    proctor::watch_async(async {
        let feed = feed(Pier::new(SECOND));
        let mut call = testing::call(&feed, Request::get("/tide"));
        call.start().await;
        proctor::expect_eq!(
            call.part().await.as_deref(),
            Some(readings(1).as_bytes()),
            "the first reading"
        );
        proctor::expect_eq!(feed.pier.seated(), 1, "how many seats one listener takes");
        drop(call);
        all_seats_are_free(&feed, 1, "when the server has dropped the only call");
    });
}
