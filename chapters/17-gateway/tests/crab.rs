//! The site, called without any server.

use std::time::Duration;

use gateway::testing::{Answer, Request};
use gateway::{Shutdown, State, crab_app, testing};
use http::Method;
use proctor::{expect_eq, watch_async};
use tokio::time::sleep;

/// What lifespan stores.
async fn opened() -> State {
    testing::lifespan(&crab_app).startup().await.unwrap()
}

async fn ask(request: Request) -> Answer {
    let answer = testing::ask(&crab_app, request.state(opened().await)).await;
    assert!(answer.ended.is_ok() && answer.complete, "{answer:?}");
    answer
}

#[test]
fn every_page_answers() {
    watch_async(async {
        for (method, target, status, content) in [
            ("GET", "/", 200, "<h1>Crabs are cool</h1>"),
            ("GET", "/", 200, "new EventSource(\"/feed\")"),
            ("HEAD", "/", 200, ""),
            ("HEAD", "/feed", 200, ""),
            ("GET", "/crabs/fiddler", 200, "Minuca pugnax"),
            ("GET", "/crabs/%3Cb%3E", 404, "never met the &lt;b&gt; crab"),
            ("GET", "/crab.svg", 200, "<svg"),
            ("GET", "/guests", 200, "<li>Judit</li>"),
            ("GET", "/dunes", 404, "Nothing but sand here."),
            ("DELETE", "/", 405, ""),
            ("POST", "/crabs/fiddler", 405, ""),
        ] {
            let answer = ask(Request::new(method.parse().unwrap(), target)).await;
            expect_eq!(answer.status, status, "the status of {method} {target}");
            assert!(answer.text().contains(content), "{method} {target}: {}", answer.text());
            assert!(answer.header("content-type").is_some(), "{method} {target}");
        }
    });
}

#[test]
fn a_guest_signs_and_is_seen_until_the_server_goes_down() {
    watch_async(async {
        let mut lifespan = testing::lifespan(&crab_app);
        let state = lifespan.startup().await.unwrap();
        let ask =
            async |request: Request| testing::ask(&crab_app, request.state(state.clone())).await;
        let sign = async |form: &str| ask(Request::post("/guests").body(form.to_owned())).await;

        let answer = sign("name=P%C3%A9ter+%26+Lili").await;
        expect_eq!(answer.status, 303, "the status");
        expect_eq!(answer.header("location"), Some("/guests"), "the location");
        let guests = ask(Request::get("/guests")).await;
        assert!(guests.text().contains("<li>Péter &amp; Lili</li>"), "{}", guests.text());

        expect_eq!(sign("name=+").await.status, 400, "the status without a name");
        expect_eq!(sign("town=Budapest").await.status, 400, "the status without the field");
        let long = format!("name={}", "x".repeat(2_000));
        expect_eq!(sign(&long).await.status, 413, "the status of an entry that is too long");

        expect_eq!(lifespan.shutdown().await, Ok(()), "the shutdown");
        assert!(lifespan.ended().await.is_ok());
    });
}

#[test]
fn a_form_that_comes_in_parts_is_a_form() {
    watch_async(async {
        let request =
            Request::post("/guests").part("na").wait(Duration::from_secs(1)).part("me=Zoltan");
        expect_eq!(ask(request).await.status, 303, "the status");
    });
}

#[test]
fn the_feed_waits_a_second_between_two_readings() {
    watch_async(async {
        let answer = ask(Request::get("/feed?readings=3")).await;
        expect_eq!(answer.header("content-type"), Some("text/event-stream"), "content-type");
        let events = "data: 0.50 m, rising\n\ndata: 0.51 m, rising\n\ndata: 0.53 m, rising\n\n";
        expect_eq!(answer.text(), events, "the events");
        let last = answer.sent.last().unwrap().at;
        expect_eq!(
            last,
            Duration::from_secs(2),
            "the time of the last, after which none is waited for"
        );
    });
}

#[test]
fn the_feed_ends_when_the_client_leaves() {
    watch_async(async {
        let answer = testing::ask(&crab_app, Request::get("/feed").disconnect_after(2)).await;
        expect_eq!(answer.sent.len(), 3, "events: the start, and two readings");
        let failure = answer.ended.unwrap_err();
        assert!(failure.is_expected(), "{failure}");
    });
}

#[test]
fn the_feed_ends_well_when_the_server_goes_down() {
    watch_async(async {
        let shutdown = Shutdown::new();
        let request =
            Request::get("/feed").connection(|connection| connection.shutdown = shutdown.clone());
        let answer = tokio::spawn(testing::call(&crab_app, request).answer());
        sleep(Duration::from_millis(2_500)).await;
        shutdown.begin();
        let answer = answer.await.unwrap();
        assert!(answer.complete && answer.ended.is_ok(), "{answer:?}");
        let last = answer.sent.last().unwrap().at;
        expect_eq!(last, Duration::from_millis(2_500), "the time of the end");
    });
}

#[test]
fn without_lifespan_there_is_no_guest_book_and_all_else() {
    watch_async(async {
        for (method, target, status) in
            [(Method::GET, "/", 200), (Method::GET, "/guests", 503), (Method::POST, "/guests", 503)]
        {
            let answer = testing::ask(&crab_app, Request::new(method, target)).await;
            expect_eq!(answer.status, status, "the status of {target}");
        }
    });
}
