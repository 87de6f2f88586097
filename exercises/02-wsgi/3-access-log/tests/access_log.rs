//! One line for each request, when it is over, and nothing else that anybody could notice.

use std::sync::{Arc, Mutex};

use access_log::{AccessLog, Log};
use proctor::count::Drops;
use wsgi::testing::Exchange;
use wsgi::{App, Body, Environ, Error, StartError, StartResponse};

const TEXT: [(&str, &str); 1] = [("content-type", "text/plain")];

/// The lines so far.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<String>>>);

impl Lines {
    fn log(&self) -> Log {
        let lines = self.clone();
        Arc::new(move |line| lines.0.lock().unwrap().push(line))
    }

    #[track_caller]
    fn assert(&self, expected: &[&str], when: &str) {
        proctor::expect_eq!(*self.0.lock().unwrap(), expected, "the lines in the log {when}");
    }
}

/// Begins a request to `app` behind an access log, and gives the test the exchange and the lines.
fn begin(app: impl App + 'static, target: &str) -> (Exchange, Lines) {
    let lines = Lines::default();
    let logged = AccessLog::new(app, lines.log());
    let environ = Environ::testing("GET", target);
    (proctor::watch(move || Exchange::begin(&logged, environ)), lines)
}

/// An application whose body has these parts; an `Err` is a part that fails.
fn parts(parts: &'static [Result<&'static str, &'static str>]) -> impl App + 'static {
    move |_: Environ, start_response: StartResponse| -> Result<Body, Error> {
        start_response.call("200 OK", TEXT)?;
        Ok(Body::new(parts.iter().map(|part| match part {
            Ok(part) => Ok(part.as_bytes().to_vec()),
            Err(error) => Err((*error).into()),
        })))
    }
}

fn text(part: Result<Option<Vec<u8>>, Error>) -> Option<String> {
    part.unwrap().map(|part| String::from_utf8(part).unwrap())
}

#[test]
fn a_finished_request_is_one_line() {
    let (exchange, lines) = begin(parts(&[Ok("a crab, "), Ok("waving")]), "/crabs/fiddler?n=1");
    let answer = exchange.finish();
    proctor::expect_eq!(
        (answer.status.as_str(), answer.text.as_str()),
        ("200 OK", "a crab, waving"),
        "status and body"
    );
    proctor::expect_eq!(
        answer.headers.get("content-type"),
        Some("text/plain"),
        "the application's header"
    );
    lines.assert(&["GET /crabs/fiddler 200 14"], "after a body of 14 bytes");
}

#[test]
fn nothing_is_logged_before_the_body_is_over() {
    let (mut exchange, lines) = begin(parts(&[Ok("a"), Ok("b")]), "/feed");
    lines.assert(&[], "when the application has returned its body, and no part was taken");
    proctor::expect_eq!(text(exchange.part()).as_deref(), Some("a"), "a part of the body");
    proctor::expect_eq!(text(exchange.part()).as_deref(), Some("b"), "a part of the body");
    lines.assert(&[], "after the last part: the body has not yet said that it was the last");
    proctor::expect_eq!(text(exchange.part()), None, "the part after the last");
    lines.assert(&["GET /feed 200 2"], "after the body has said that it is over");
    drop(exchange);
    lines.assert(&["GET /feed 200 2"], "after everything was dropped");
}

#[test]
fn parts_pass_as_they_are_made() {
    let made = Arc::new(Mutex::new(0));
    let count = Arc::clone(&made);
    let app = move |_: Environ, start_response: StartResponse| -> Result<Body, Error> {
        start_response.call("200 OK", TEXT)?;
        let count = Arc::clone(&count);
        Ok(Body::new((0..3).map(move |n| {
            *count.lock().unwrap() += 1;
            Ok(vec![b'a' + n])
        })))
    };
    let (mut exchange, _) = begin(app, "/feed");
    proctor::expect_eq!(
        *made.lock().unwrap(),
        0,
        "parts that the application had made before the server asked for one"
    );
    for taken in 1..=3 {
        assert!(exchange.part().unwrap().is_some());
        proctor::expect_eq!(
            *made.lock().unwrap(),
            taken,
            "parts that the application had made when {taken} were taken"
        );
    }
}

#[test]
fn a_body_that_fails_is_logged_and_fails() {
    let (mut exchange, lines) =
        begin(parts(&[Ok("high "), Ok("tide"), Err("the gauge is out of order")]), "/feed");
    proctor::expect_eq!(text(exchange.part()).as_deref(), Some("high "), "a part of the body");
    proctor::expect_eq!(text(exchange.part()).as_deref(), Some("tide"), "a part of the body");
    match exchange.part() {
        Err(error) => proctor::expect_eq!(
            error.to_string(),
            "the gauge is out of order",
            "the error that the server gets"
        ),
        Ok(part) => panic!("the third part is an error and must reach the server; it got {part:?}"),
    }
    drop(exchange);
    lines.assert(
        &["GET /feed 200 9 failed: the gauge is out of order"],
        "after 9 bytes and an error",
    );
}

#[test]
fn an_application_that_fails_is_logged_and_fails() {
    let fails =
        |_: Environ, _: StartResponse| -> Result<Body, Error> { Err("no crabs today".into()) };
    let (exchange, lines) = begin(fails, "/crabs/hermit");
    proctor::expect_eq!(
        exchange.finish().failure.as_deref(),
        Some("no crabs today"),
        "the error that the server gets"
    );
    lines.assert(&["GET /crabs/hermit - 0 failed: no crabs today"], "without a status");

    let fails = |_: Environ, start_response: StartResponse| -> Result<Body, Error> {
        start_response.call("200 OK", TEXT)?;
        Err("no crabs today".into())
    };
    let (exchange, lines) = begin(fails, "/crabs/hermit");
    drop(exchange);
    lines.assert(&["GET /crabs/hermit 200 0 failed: no crabs today"], "with a status");
}

#[test]
fn a_client_that_leaves_is_logged() {
    let (mut exchange, lines) = begin(parts(&[Ok("high"), Ok("low"), Ok("high")]), "/feed");
    exchange.part().unwrap();
    exchange.part().unwrap();
    lines.assert(&[], "while the body may go on");
    drop(exchange);
    lines.assert(&["GET /feed 200 7 cut short"], "after the server has dropped the body");

    let (exchange, lines) = begin(parts(&[Ok("high")]), "/feed");
    drop(exchange);
    lines.assert(&["GET /feed 200 0 cut short"], "after the server has dropped the body unread");
}

#[test]
fn a_failed_body_is_not_cut_short_too() {
    let (exchange, lines) = begin(parts(&[Err("low battery"), Ok("more")]), "/feed");
    proctor::expect_eq!(
        exchange.finish().failure.as_deref(),
        Some("low battery"),
        "the error that the server gets"
    );
    lines.assert(&["GET /feed 200 0 failed: low battery"], "after the body was dropped, too");
}

#[test]
fn the_status_may_come_as_late_as_the_first_part() {
    let late = |_: Environ, start_response: StartResponse| -> Result<Body, Error> {
        let mut parts = vec!["ab"];
        Ok(Body::new(std::iter::from_fn(move || {
            let part = parts.pop()?;
            Some(match start_response.call("206 Partial Content", TEXT) {
                Ok(()) => Ok(part.as_bytes().to_vec()),
                Err(error) => Err(error.into()),
            })
        })))
    };
    let (exchange, lines) = begin(late, "/crabs");
    proctor::expect_eq!(exchange.finish().status, "206 Partial Content", "the status");
    lines.assert(&["GET /crabs 206 2"], "when start_response was called by the body");
}

#[test]
fn the_last_status_that_the_server_took_is_logged() {
    let app = |_: Environ, start_response: StartResponse| -> Result<Body, Error> {
        start_response.call("200 OK", TEXT)?;
        start_response.replace("503 Service Unavailable", TEXT)?;
        proctor::expect_eq!(
            start_response.call("404 Not Found", TEXT),
            Err(StartError::AlreadyStarted),
            "what the server answers must reach the application"
        );
        Ok("closed".into())
    };
    let (exchange, lines) = begin(app, "/");
    proctor::expect_eq!(exchange.finish().status, "503 Service Unavailable", "the status");
    lines.assert(&["GET / 503 6"], "after 200 was replaced by 503, and 404 was refused");
}

#[test]
fn what_replaces_a_status_is_passed_on_as_such() {
    let app = |_: Environ, start_response: StartResponse| -> Result<Body, Error> {
        start_response.call("503 Service Unavailable", TEXT)?;
        proctor::expect_eq!(
            start_response.call("503 Service Unavailable", TEXT),
            Err(StartError::AlreadyStarted),
            "a second `call` is no `replace`, whatever its status"
        );
        proctor::expect_eq!(
            start_response.replace("418 I'm a Teapot", TEXT),
            Ok(()),
            "a `replace` is no second `call`, whatever its status"
        );
        Ok("tea".into())
    };
    let (exchange, lines) = begin(app, "/");
    proctor::expect_eq!(exchange.finish().status, "418 I'm a Teapot", "the status");
    lines.assert(&["GET / 418 3"], "after 503 was replaced by 418");
}

#[test]
fn all_headers_are_passed_on() {
    const HEADERS: [(&str, &str); 4] = [
        ("content-type", "text/plain"),
        ("set-cookie", "claw=left"),
        ("x-tide", "high"),
        ("set-cookie", "shell=borrowed"),
    ];
    let app = |_: Environ, start_response: StartResponse| -> Result<Body, Error> {
        start_response.call("200 OK", HEADERS)?;
        Ok("crab".into())
    };
    let (exchange, _) = begin(app, "/");
    proctor::expect_eq!(
        exchange.finish().headers,
        HEADERS.into(),
        "the headers that the server got from the application"
    );
}

#[test]
fn empty_parts_are_passed_on() {
    let (mut exchange, lines) = begin(parts(&[Ok(""), Ok("crab"), Ok("")]), "/");
    for expected in [Some(""), Some("crab"), Some(""), None] {
        proctor::expect_eq!(
            text(exchange.part()).as_deref(),
            expected,
            "the next of the parts \"\", \"crab\", \"\": with an empty one an application lets the server breathe"
        );
    }
    lines.assert(&["GET / 200 4"], "after three parts, two of them empty");
}

/// An error that is more than its text.
#[derive(Debug)]
struct GaugeBroken;

impl std::fmt::Display for GaugeBroken {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("the gauge is broken")
    }
}

impl std::error::Error for GaugeBroken {}

#[test]
fn an_error_keeps_its_type() {
    let body = |_: Environ, start_response: StartResponse| -> Result<Body, Error> {
        start_response.call("200 OK", TEXT)?;
        Ok(Body::new([Err(GaugeBroken.into())]))
    };
    let call = |_: Environ, _: StartResponse| -> Result<Body, Error> { Err(GaugeBroken.into()) };
    for (mut exchange, from) in
        [(begin(body, "/").0, "a part of the body"), (begin(call, "/").0, "the application")]
    {
        let error = exchange.part().expect_err("an error must reach the server");
        assert!(
            error.is::<GaugeBroken>(),
            "the error of {from} reached the server as another error with the same text: {error:?}"
        );
    }
}

#[test]
fn nobody_can_forge_a_line() {
    let (exchange, lines) =
        begin(parts(&[Err("lost\nGET /fine 200 1")]), "/%0AGET%20/admin%20200%201%0D");
    exchange.finish();
    lines.assert(
        &[r"GET /\nGET /admin 200 1\r 200 0 failed: lost\nGET /fine 200 1"],
        "with line breaks in the path and in the error",
    );
}

#[test]
fn all_control_characters_are_escaped() {
    let (exchange, lines) = begin(parts(&[Err("\u{9b}2J")]), "/%1B%5B2J%00%7F%C2%85");
    exchange.finish();
    lines.assert(
        &[r"GET /\u{1b}[2J\u{0}\u{7f}\u{85} 200 0 failed: \u{9b}2J"],
        "with control characters that clear a terminal, or break a line in some programs",
    );
}

#[test]
fn letters_are_not_escaped() {
    let (exchange, lines) = begin(parts(&[]), "/crabs/%C3%A9rmit");
    exchange.finish();
    lines.assert(&["GET /crabs/\u{e9}rmit 200 0"], "with a letter that is no control character");
}

#[test]
fn the_server_can_still_tell_how_many_parts_there_are() {
    let one = |_: Environ, start_response: StartResponse| -> Result<Body, Error> {
        start_response.call("200 OK", TEXT)?;
        Ok("crab".into())
    };
    let (exchange, _) = begin(one, "/");
    proctor::expect_eq!(
        exchange.size_hint(),
        (1, Some(1)),
        "the body's size_hint: with it the server can send a Content-Length, without it it must send chunks"
    );
    let (mut exchange, _) = begin(parts(&[Ok("a"), Ok("b"), Ok("c")]), "/");
    proctor::expect_eq!(exchange.size_hint(), (3, Some(3)), "size_hint before the first of three");
    exchange.part().unwrap();
    proctor::expect_eq!(exchange.size_hint(), (2, Some(2)), "size_hint after the first of three");
    let (exchange, _) = begin(parts(&[]), "/");
    proctor::expect_eq!(exchange.size_hint(), (0, Some(0)), "size_hint of a body without parts");
    let endless = |_: Environ, start_response: StartResponse| -> Result<Body, Error> {
        start_response.call("200 OK", TEXT)?;
        Ok(Body::new(std::iter::from_fn(|| Some(Ok(vec![b'x'])))))
    };
    let (exchange, _) = begin(endless, "/");
    proctor::expect_eq!(exchange.size_hint(), (0, None), "size_hint of a body that does not know");
}

#[test]
fn the_applications_body_is_released() {
    let drops = Drops::new();
    let probe = drops.clone();
    let app = move |_: Environ, start_response: StartResponse| -> Result<Body, Error> {
        start_response.call("200 OK", TEXT)?;
        let held = probe.token();
        Ok(Body::new(std::iter::repeat_with(move || {
            let _held = &held;
            Ok(vec![b'x'])
        })))
    };
    let (mut exchange, _) = begin(app, "/");
    exchange.part().unwrap();
    drop(exchange);
    proctor::expect_eq!(
        drops.dropped(),
        1,
        "how often the application's body was dropped when the client had left"
    );
}
