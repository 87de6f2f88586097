//! The site itself, called without any server.

use std::sync::Arc;
use std::time::Duration;

use wsgi::testing::Exchange;
use wsgi::{App, Clock, Environ, Headers, TestClock, crab_app};

/// Status, headers and body of the site's answer.
fn ask(app: &dyn App, environ: Environ) -> (String, Headers, String) {
    let answer = Exchange::begin(app, environ).finish();
    assert_eq!(answer.failure, None);
    (answer.status, answer.headers, answer.text)
}

fn site() -> (impl App, Arc<TestClock>) {
    let clock = Arc::new(TestClock::new());
    (crab_app(clock.clone()), clock)
}

#[test]
fn every_page_answers() {
    let (app, _) = site();
    for (method, target, status, content) in [
        ("GET", "/", "200 OK", "<h1>Crabs are cool</h1>"),
        ("HEAD", "/", "200 OK", ""),
        ("GET", "/crabs/fiddler", "200 OK", "Minuca pugnax"),
        ("GET", "/crabs/%3Cb%3E", "404 Not Found", "never met the &lt;b&gt; crab"),
        ("GET", "/crab.svg", "200 OK", "<svg"),
        ("GET", "/guests", "200 OK", "<li>Judit</li>"),
        ("GET", "/dunes", "404 Not Found", "Nothing but sand here."),
        ("DELETE", "/", "405 Method Not Allowed", ""),
        ("POST", "/crabs/fiddler", "405 Method Not Allowed", ""),
    ] {
        let (said, headers, body) = ask(&app, Environ::testing(method, target));
        assert_eq!(said, status, "{method} {target}");
        assert!(body.contains(content), "{method} {target}: {body}");
        assert!(headers.get("content-type").is_some(), "{method} {target}");
    }
}

#[test]
fn a_guest_signs_and_is_seen() {
    let (app, _) = site();
    let sign = |form: &str| {
        let environ = Environ::testing("POST", "/guests")
            .with_body("application/x-www-form-urlencoded", form);
        ask(&app, environ)
    };
    let (status, headers, _) = sign("name=P%C3%A9ter+%26+Lili");
    assert_eq!((status.as_str(), headers.get("location")), ("303 See Other", Some("/guests")));
    assert!(ask(&app, Environ::testing("GET", "/guests")).2.contains("<li>Péter &amp; Lili</li>"));
    assert_eq!(sign("name=+").0, "400 Bad Request");
    assert_eq!(sign("town=Budapest").0, "400 Bad Request");
    assert_eq!(sign(&format!("name={}", "x".repeat(2_000))).0, "413 Content Too Large");
}

#[test]
fn the_feed_waits_a_second_between_two_readings() {
    let (app, clock) = site();
    let (_, _, body) = ask(&app, Environ::testing("GET", "/feed?readings=3"));
    assert_eq!(body, "0.50 m, rising\n0.51 m, rising\n0.53 m, rising\n");
    assert_eq!(clock.now(), Duration::from_secs(2), "and none after the last");
}
