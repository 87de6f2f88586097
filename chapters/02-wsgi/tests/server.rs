//! The driver that blocks, over scripted streams: no socket, no waiting.

mod common;

use std::io::{ErrorKind, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use common::{echo, hello, quiet, talk, talk_with};
use proctor::script::Script;
use wsgi::protocol::Limits;
use wsgi::{Body, Config, Environ, Error, StartError, StartResponse};

const NO_TIME: Duration = Duration::ZERO;
const GET: &str = "GET /tide HTTP/1.1\r\nHost: c\r\n\r\n";

fn post(fields: &str, body: &str) -> String {
    format!("POST / HTTP/1.1\r\nHost: c\r\n{fields}\r\n{body}")
}

#[test]
fn two_requests_on_one_connection_get_two_responses() {
    let (said, complaints) = talk(Script::new().gives(GET).gives(GET), NO_TIME, &hello);
    let one =
        "HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 12\r\n\r\nhello /tide\n";
    assert_eq!(said, format!("{one}{one}"));
    assert_eq!(complaints, "");
}

#[test]
fn however_the_bytes_come_the_answer_is_the_same() {
    let request =
        format!("{GET}{}", post("Transfer-Encoding: chunked\r\n", "4\r\ncrab\r\n0\r\n\r\n"));
    let whole = talk(Script::new().gives(&request), NO_TIME, &hello);
    assert_eq!(whole.0.matches("200 OK").count(), 2);
    for split in proctor::splits(&request) {
        let script = Script::new().gives_each(&split).takes_each(7);
        assert_eq!(talk(script, NO_TIME, &hello), whole, "{split}");
    }
}

#[test]
fn a_body_can_be_sent_back_while_it_is_read() {
    let script = Script::new()
        .gives(post("Transfer-Encoding: chunked\r\n", "4\r\ncrab\r\n1\r\ns\r\n0\r\n\r\n"))
        .gives(GET);
    let (said, _) = talk(script, NO_TIME, &echo);
    assert!(said.starts_with("HTTP/1.1 200 OK\r\ncontent-type: application/octet-stream\r\ntransfer-encoding: chunked\r\n\r\n4\r\ncrab\r\n1\r\ns\r\n0\r\n\r\nHTTP/1.1 200 OK\r\n"), "{said}");
}

#[test]
fn a_body_that_nobody_read_is_passed_over() {
    let script = Script::new().gives(post("Content-Length: 4\r\n", "crab") + GET);
    let (said, _) = talk(script, NO_TIME, &hello);
    assert_eq!(said.matches("200 OK").count(), 2, "{said}");
    assert!(said.contains("hello /tide"), "{said}");
}

#[test]
fn a_long_body_that_nobody_read_ends_the_connection() {
    let script =
        Script::new().gives(post("Content-Length: 400000\r\n", &"c".repeat(400_000)) + GET);
    let (said, _) = talk(script, NO_TIME, &hello);
    assert_eq!(said.matches("200 OK").count(), 1);
}

#[test]
fn the_client_is_asked_for_its_body_when_the_application_wants_it() {
    let request = || {
        Script::new().gives(post("Content-Length: 4\r\nExpect: 100-continue\r\n", "")).gives("crab")
    };
    let reads = |mut environ: Environ, start_response: StartResponse| -> Result<Body, Error> {
        let mut body = String::new();
        environ.input.read_to_string(&mut body)?;
        start_response.call("200 OK", [("content-type", "text/plain")])?;
        Ok(body.into())
    };
    let (said, _) = talk(request(), NO_TIME, &reads);
    assert_eq!(
        said,
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 4\r\n\r\ncrab"
    );
    let (said, _) = talk(request(), NO_TIME, &hello);
    assert!(
        said.starts_with("HTTP/1.1 200 OK\r\n"),
        "an application that does not want it never asks: {said}"
    );
    assert!(said.contains("connection: close\r\n"), "{said}");
}

#[test]
fn silence_before_a_request_ends_the_connection_without_a_word() {
    assert_eq!(talk(Script::new().blocks_read(), NO_TIME, &hello).0, "");
    let (said, _) = talk(Script::new().gives(GET).blocks_read(), NO_TIME, &hello);
    assert_eq!(said.matches("HTTP/1.1").count(), 1);
}

#[test]
fn silence_in_a_head_is_408() {
    let (said, _) = talk(Script::new().gives("GET / HT").blocks_read(), NO_TIME, &hello);
    assert!(said.starts_with("HTTP/1.1 408 Request Timeout\r\n"), "{said}");
}

#[test]
fn a_head_that_drips_is_408_however_regularly_it_drips() {
    let drips = GET.bytes().map(|byte| vec![byte]);
    let (said, _) = talk(Script::new().gives_each(drips), Duration::from_secs(1), &hello);
    assert!(said.starts_with("HTTP/1.1 408 Request Timeout\r\n"), "{said}");
}

#[test]
fn silence_in_a_body_is_408_even_if_the_application_makes_nothing_of_it() {
    let script = Script::new().gives(post("Content-Length: 4\r\n", "cr")).blocks_read();
    let reads = |mut environ: Environ, start_response: StartResponse| -> Result<Body, Error> {
        std::io::copy(&mut environ.input, &mut std::io::sink())?;
        hello(environ, start_response)
    };
    let (said, complaints) = talk(script, NO_TIME, &reads);
    assert!(said.starts_with("HTTP/1.1 408 Request Timeout\r\n"), "{said}");
    assert_eq!(complaints, "POST /: the request did not arrive in time\n");
}

#[test]
fn a_body_that_is_refused_on_the_way_says_why() {
    let script = Script::new().gives(post("Transfer-Encoding: chunked\r\n", "4\r\ncrab!\r\n"));
    let reads = |mut environ: Environ, start_response: StartResponse| -> Result<Body, Error> {
        std::io::copy(&mut environ.input, &mut std::io::sink())?;
        hello(environ, start_response)
    };
    let (said, _) = talk(script, NO_TIME, &reads);
    assert!(said.starts_with("HTTP/1.1 400 Bad Request\r\n"), "{said}");
    assert!(
        said.ends_with("malformed chunk: its data does not end where its size says\n"),
        "{said}"
    );
}

#[test]
fn limits_and_bad_paths_are_answered_by_the_server() {
    let (config, clock, complaints) = quiet();
    let config = Config { limits: Limits { body: 3, ..Limits::default() }, ..config };
    let script = Script::new().gives(post("Content-Length: 4\r\n", "crab"));
    let (said, _) = talk_with(script, NO_TIME, &hello, &config, clock, &complaints);
    assert!(said.starts_with("HTTP/1.1 413 Content Too Large\r\n"), "{said}");

    let (said, _) =
        talk(Script::new().gives("GET /%e9 HTTP/1.1\r\nHost: c\r\n\r\n"), NO_TIME, &hello);
    assert!(said.starts_with("HTTP/1.1 400 Bad Request\r\n"), "{said}");
}

#[test]
fn the_number_of_requests_on_a_connection_is_bounded_and_announced() {
    let (config, clock, complaints) = quiet();
    let config = Config { requests: 2, ..config };
    let script = Script::new().gives(GET.repeat(3));
    let (said, _) = talk_with(script, NO_TIME, &hello, &config, clock, &complaints);
    assert_eq!(said.matches("200 OK").count(), 2);
    assert_eq!(said.matches("connection: close").count(), 1);
}

/// A body that counts how often it was dropped.
struct Held(Vec<Result<Vec<u8>, Error>>, Arc<AtomicUsize>);

impl Iterator for Held {
    type Item = Result<Vec<u8>, Error>;
    fn next(&mut self) -> Option<Self::Item> {
        (!self.0.is_empty()).then(|| self.0.remove(0))
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.1.fetch_add(1, Ordering::SeqCst);
    }
}

fn held(
    parts: impl Fn() -> Vec<Result<Vec<u8>, Error>> + Send + Sync,
) -> (impl wsgi::App, Arc<AtomicUsize>) {
    let drops = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&drops);
    let app = move |_: Environ, start_response: StartResponse| -> Result<Body, Error> {
        start_response.call("200 OK", [("content-type", "text/plain")])?;
        Ok(Body::new(Held(parts(), Arc::clone(&count))))
    };
    (app, drops)
}

#[test]
fn the_body_is_released_when_it_ends_when_it_fails_and_when_the_client_leaves() {
    let (app, drops) = held(|| vec![Ok(b"crab".to_vec())]);
    talk(Script::new().gives(GET), NO_TIME, &app);
    assert_eq!(drops.load(Ordering::SeqCst), 1, "after its end");

    let (app, drops) = held(|| vec![Ok(b"crab".to_vec()), Err("out of crabs".into())]);
    let (said, complaints) = talk(Script::new().gives(GET.repeat(2)), NO_TIME, &app);
    assert_eq!(drops.load(Ordering::SeqCst), 1, "after its failure");
    assert!(
        said.ends_with("4\r\ncrab\r\n"),
        "no last chunk: the client must see that something is missing. {said}"
    );
    assert_eq!(complaints, "GET /tide: out of crabs\n");

    let (app, drops) = held(|| vec![Ok(b"cr".to_vec()), Ok(b"ab".to_vec())]);
    let script = Script::new().gives(GET).takes(20).fails_write(ErrorKind::BrokenPipe);
    let (_, complaints) = talk(script, NO_TIME, &app);
    assert_eq!(drops.load(Ordering::SeqCst), 1, "after the client has left");
    assert_eq!(complaints, "", "a client that leaves is nobody's failure");
}

#[test]
fn a_client_that_reads_nothing_is_given_up_and_reported() {
    let script = Script::new().gives(GET).takes(20).blocks_write();
    let (said, complaints) = talk(script, NO_TIME, &hello);
    assert_eq!(said.len(), 20);
    assert_eq!(complaints, "connection: the client made no room for the response in time\n");
}

#[test]
fn an_application_that_fails_early_is_a_500() {
    let fails =
        |_: Environ, _: StartResponse| -> Result<Body, Error> { Err("no crabs\ntoday".into()) };
    let (said, complaints) = talk(Script::new().gives(GET), NO_TIME, &fails);
    assert!(said.starts_with("HTTP/1.1 500 Internal Server Error\r\n"), "{said}");
    assert_eq!(complaints, "GET /tide: no crabs\\ntoday\n", "and its words cannot forge a line");

    let forgets = |_: Environ, _: StartResponse| -> Result<Body, Error> { Ok("crab".into()) };
    let (said, complaints) = talk(Script::new().gives(GET), NO_TIME, &forgets);
    assert!(said.starts_with("HTTP/1.1 500 "), "{said}");
    assert_eq!(complaints, "GET /tide: start_response was not called before the first part\n");

    let panics = |_: Environ, _: StartResponse| -> Result<Body, Error> { panic!("pinched") };
    let (said, complaints) = talk(Script::new().gives(GET), NO_TIME, &panics);
    assert!(said.starts_with("HTTP/1.1 500 "), "{said}");
    assert_eq!(complaints, "GET /tide: the application panicked\n");
}

#[test]
fn start_response_may_come_as_late_as_before_the_first_part() {
    let late = |_: Environ, start_response: StartResponse| -> Result<Body, Error> {
        let mut parts = vec!["ab", "cr"];
        Ok(Body::new(std::iter::from_fn(move || {
            if parts.len() == 2
                && let Err(error) = start_response.call("200 OK", [("content-type", "text/plain")])
            {
                return Some(Err(error.into()));
            }
            parts.pop().map(|part| Ok(part.as_bytes().to_vec()))
        })))
    };
    let (said, _) = talk(Script::new().gives(GET), NO_TIME, &late);
    assert!(said.ends_with("\r\n\r\n2\r\ncr\r\n2\r\nab\r\n0\r\n\r\n"), "{said}");
}

#[test]
fn a_response_can_be_replaced_until_its_first_part_is_sent() {
    let app = |early: bool| {
        move |_: Environ, start_response: StartResponse| -> Result<Body, Error> {
            start_response.call("200 OK", [("content-type", "text/plain")])?;
            let mut turn = 0;
            Ok(Body::new(std::iter::from_fn(move || {
                turn += 1;
                let part: &[u8] = if turn == 1 && early { b"" } else { b"crab" };
                if turn == 2 {
                    let replaced = start_response
                        .replace("503 Service Unavailable", [("content-type", "text/plain")]);
                    assert_eq!(replaced, if early { Ok(()) } else { Err(StartError::HeadSent) });
                    assert_eq!(
                        start_response.call("200 OK", [("content-type", "text/plain")]),
                        Err(StartError::AlreadyStarted)
                    );
                }
                (turn < 3).then(|| Ok(part.to_vec()))
            })))
        }
    };
    assert!(talk(Script::new().gives(GET), NO_TIME, &app(true)).0.starts_with("HTTP/1.1 503 "));
    assert!(talk(Script::new().gives(GET), NO_TIME, &app(false)).0.starts_with("HTTP/1.1 200 "));
}

#[test]
fn a_status_or_header_that_may_not_be_sent_is_refused_to_the_application() {
    type Case = (&'static str, &'static str, &'static str);
    let cases: [(Case, StartError); 9] = [
        (("200", "a", "b"), StartError::Status("200".into())),
        (("OK 200", "a", "b"), StartError::Status("OK 200".into())),
        (("200 OK\r\nX: y", "a", "b"), StartError::Status("200 OK\r\nX: y".into())),
        (("100 Continue", "a", "b"), StartError::Status("100 Continue".into())),
        (("200 OK", "bad name", "b"), StartError::Name("bad name".into())),
        (("200 OK", "Status", "200"), StartError::Name("Status".into())),
        (("200 OK", "a", "b\r\nSet-Cookie: c"), StartError::Value("a".into())),
        (("200 OK", "Connection", "close"), StartError::HopByHop("Connection".into())),
        (("200 OK", "Content-Length", "four"), StartError::Length),
    ];
    for ((status, name, value), expected) in cases {
        let app = |_: Environ, start_response: StartResponse| -> Result<Body, Error> {
            assert_eq!(start_response.call(status, [(name, value)]), Err(expected.clone()));
            start_response.call("200 OK", [("content-type", "text/plain")])?;
            Ok("crab".into())
        };
        let (said, _) = talk(Script::new().gives(GET), NO_TIME, &app);
        assert!(said.starts_with("HTTP/1.1 200 OK\r\n"), "the wire never saw it: {said}");
    }
}

#[test]
fn a_head_request_does_not_run_through_an_endless_body() {
    let endless = |_: Environ, start_response: StartResponse| -> Result<Body, Error> {
        start_response.call("200 OK", [("content-type", "text/plain")])?;
        Ok(Body::new(std::iter::repeat_with(|| Ok(b"wave".to_vec()))))
    };
    let head = "HEAD / HTTP/1.1\r\nHost: c\r\n\r\n";
    let (said, _) = talk(Script::new().gives(head.repeat(2)), NO_TIME, &endless);
    let one = "HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ntransfer-encoding: chunked\r\n\r\n";
    assert_eq!(said, format!("{one}{one}"));
}

#[test]
fn input_that_is_kept_beyond_its_request_reads_nothing_of_the_next() {
    let kept: Arc<std::sync::Mutex<Option<Box<dyn Read + Send>>>> = Arc::default();
    let keeper = Arc::clone(&kept);
    let app = move |environ: Environ, start_response: StartResponse| -> Result<Body, Error> {
        let mut kept = keeper.lock().unwrap();
        let mut read = String::new();
        if let Some(mut input) = kept.take() {
            input.read_to_string(&mut read)?;
        }
        *kept = Some(environ.input);
        start_response.call("200 OK", [("content-type", "text/plain")])?;
        Ok(format!("[{read}]").into())
    };
    let script = Script::new().gives(post("Content-Length: 4\r\n", "crab").repeat(2));
    let (said, _) = talk(script, NO_TIME, &app);
    assert_eq!(said.matches("\r\n\r\n[]").count(), 2, "{said}");
}
