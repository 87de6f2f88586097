//! An echo, with scripted receives and recorded sends.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use echo_app::echo;
use gateway::testing::{Answer, Request, StartupError};
use gateway::{
    App, Error, Failure, Receive, ReceiveEvent, Scope, SendEvent, Sender, UnsupportedScope, testing,
};

const SECOND: Duration = Duration::from_secs(1);

/// The echo, with notes of what it is told, and of what it tries to say, whether or not that may be said.
#[derive(Debug, Clone, Default)]
struct Watched {
    received: Arc<AtomicUsize>,
    tried: Arc<Mutex<Vec<String>>>,
}

impl App for Watched {
    async fn call(&self, scope: Scope, receive: Receive, send: Sender) -> Result<(), Error> {
        let received = Arc::clone(&self.received);
        let receive = receive.map(move |event| {
            if matches!(event, ReceiveEvent::HttpRequest(_)) {
                received.fetch_add(1, Ordering::Relaxed);
            }
            event
        });
        let tried = Arc::clone(&self.tried);
        let send = send.map(move |event| {
            tried.lock().unwrap().push(words(&event));
            event
        });
        echo(scope, receive, send).await
    }
}

impl Watched {
    fn tried(&self) -> Vec<String> {
        self.tried.lock().unwrap().clone()
    }
}

fn words(event: &SendEvent) -> String {
    match event {
        SendEvent::HttpResponseStart(start) => format!("start {}", start.status.as_u16()),
        SendEvent::HttpResponseBody(part) => {
            let which = if part.more_body { "part" } else { "last part" };
            format!("{which} {:?}", String::from_utf8_lossy(&part.body))
        }
        event => event.name().to_owned(),
    }
}

/// What the client has back after each second; splitting or joining parts within one makes no difference.
fn by_second(answer: &Answer) -> Vec<(u64, String)> {
    let mut seconds = BTreeMap::<u64, String>::new();
    for sent in &answer.sent {
        if let SendEvent::HttpResponseBody(part) = &sent.event
            && !part.body.is_empty()
        {
            let text = seconds.entry(sent.at.as_secs()).or_default();
            text.push_str(&String::from_utf8_lossy(&part.body));
        }
    }
    seconds.into_iter().collect()
}

/// The whole body came back, and nothing was wrong.
fn whole(answer: &Answer, body: &str, request: &str) {
    if let Err(failure) = &answer.ended {
        panic!("{request}: {failure}");
    }
    proctor::expect_eq!(answer.status.as_u16(), 200, "the status, for {request}");
    proctor::expect_eq!(answer.text(), body, "the body, for {request}");
    assert!(answer.complete, "{request}: the response has no end");
}

/// Nothing is to be reported of a call whose client has left.
fn quiet(ended: &Result<(), Failure>, when: &str) {
    if let Err(failure) = ended {
        assert!(
            failure.is_expected(),
            "a client that left {when} was reported as a failure: {failure}\n\
             Nobody has made a mistake: return Ok, or pass the Disconnected on as it came"
        );
    }
}

#[test]
fn a_body_in_one_part_comes_back() {
    proctor::watch_async(async {
        let answer = testing::ask(&echo, Request::post("/").body("crab")).await;
        whole(&answer, "crab", "a body in one part");
    });
}

#[test]
fn a_body_in_parts_comes_back_whole() {
    proctor::watch_async(async {
        let request = Request::post("/").part("she").part("ll").part("fish").part("es");
        let answer = testing::ask(&echo, request).await;
        whole(&answer, "shellfishes", "a body in four parts");
    });
}

#[test]
fn a_request_without_a_body_has_a_response_without_one() {
    proctor::watch_async(async {
        let answer = testing::ask(&echo, Request::get("/")).await;
        whole(&answer, "", "a GET, whose only part is empty and the last");
    });
}

#[test]
fn empty_parts_are_no_end() {
    proctor::watch_async(async {
        for parts in
            [&["", "crab"][..], &["cr", "", "ab"], &["crab", ""], &["", "", "crab", "", ""]]
        {
            let request =
                parts.iter().fold(Request::post("/"), |request, part| request.part(*part));
            let answer = testing::ask(&echo, request).await;
            whole(&answer, "crab", &format!("a body in the parts {parts:?}"));
        }
    });
}

#[test]
fn a_body_need_not_be_text() {
    proctor::watch_async(async {
        for parts in [
            &[&[0_u8, 255, 128, 10][..]][..],
            // A crab, cut in the middle of its four bytes.
            &[&[0xf0, 0x9f], &[0xa6, 0x80]],
        ] {
            let request =
                parts.iter().fold(Request::post("/"), |request, part| request.part(part.to_vec()));
            let answer = testing::ask(&echo, request).await;
            if let Err(failure) = &answer.ended {
                panic!("a body in the parts {parts:02x?}: {failure}");
            }
            proctor::expect_eq!(
                answer.body,
                parts.concat(),
                "the body, byte for byte, for a request in the parts {parts:02x?}"
            );
        }
    });
}

#[test]
fn each_part_is_answered_before_the_next_comes() {
    proctor::watch_async(async {
        let request = Request::post("/")
            .part("cr")
            .wait(SECOND)
            .part("a")
            .wait(SECOND)
            .part("b")
            .wait(SECOND);
        let answer = testing::ask(&echo, request.part("")).await;
        whole(&answer, "crab", "a body with a second between its parts");
        let expected = [(0, "cr"), (1, "a"), (2, "b")].map(|(at, text)| (at, text.to_owned()));
        proctor::expect_eq!(
            by_second(&answer),
            expected,
            "what came back, and at which second, when a part was sent each second"
        );
        // The end comes alone, a second after the last byte.
        proctor::expect_eq!(
            answer.sent.last().map(|sent| (sent.at, words(&sent.event))),
            Some((3 * SECOND, String::from("last part \"\""))),
            "the last event, when the body's end came a second after its last byte"
        );
    });
}

#[test]
fn one_that_does_not_read_is_not_read_either() {
    proctor::watch_async(async {
        let app = Watched::default();
        let request = (0..10).fold(Request::post("/"), |request, _| request.part("crab"));
        let mut call = testing::call(&app, request);
        for _ in 0..20 {
            call.settle().await;
            tokio::task::yield_now().await;
        }
        let received = app.received.load(Ordering::Relaxed);
        assert!(
            received <= 2,
            "a client sends ten parts and reads nothing of the response: {received} of the ten parts were received.\n\
             One is with the server, and one waits in `send`; the others should still be with the client"
        );
        let answer = call.answer().await;
        whole(&answer, &"crab".repeat(10), "a body that was not read for a while");
    });
}

#[test]
fn type_and_length_are_the_requests() {
    proctor::watch_async(async {
        let request = Request::post("/").header("content-type", "text/plain; charset=utf-8");
        let answer = testing::ask(&echo, request.body("crab")).await;
        whole(&answer, "crab", "a text with its length");
        proctor::expect_eq!(
            answer.header("content-type"),
            Some("text/plain; charset=utf-8"),
            "the content-type, when the request has one"
        );
        proctor::expect_eq!(
            answer.header("content-length"),
            Some("4"),
            "the content-length, when the request has one"
        );

        let request = Request::post("/").header("content-length", "7");
        let answer = testing::ask(&echo, request.part("lob").part("").part("ster")).await;
        whole(&answer, "lobster", "a body in parts with its length");
        proctor::expect_eq!(
            answer.header("content-length"),
            Some("7"),
            "the content-length, when the request has one and comes in parts"
        );

        let answer = testing::ask(&echo, Request::post("/").part("cr").part("ab")).await;
        whole(&answer, "crab", "a body without a length");
        proctor::expect_eq!(
            answer.header("content-type"),
            Some("application/octet-stream"),
            "the content-type, when the request has none"
        );
        proctor::expect_eq!(
            answer.header("content-length"),
            None,
            "the content-length, when the request has none"
        );
    });
}

#[test]
fn it_ends_once() {
    proctor::watch_async(async {
        for parts in [&[""][..], &["crab"], &["cr", "ab"], &["crab", ""]] {
            let app = Watched::default();
            let request =
                parts.iter().fold(Request::post("/"), |request, part| request.part(*part));
            let answer = testing::ask(&app, request).await;
            whole(&answer, &parts.concat(), &format!("a body in the parts {parts:?}"));
            let tried = app.tried();
            let ends = tried.iter().filter(|event| event.starts_with("last")).count();
            proctor::expect_eq!(
                ends,
                1,
                "how many last parts were sent for a body in the parts {parts:?}: {tried:?}"
            );
            assert!(
                tried.last().is_some_and(|event| event.starts_with("last")),
                "something was sent after the last part: {tried:?}"
            );
        }
    });
}

#[test]
fn half_a_body_has_no_end() {
    proctor::watch_async(async {
        for (request, when) in [
            (Request::post("/").disconnect(), "before it sent anything"),
            (Request::post("/").part("cr").disconnect(), "after its first part"),
            (
                Request::post("/").part("cr").wait(SECOND).disconnect(),
                "a second after its first part",
            ),
            (
                Request::post("/").part("cr").part("").wait(SECOND).disconnect(),
                "after an empty part",
            ),
        ] {
            let app = Watched::default();
            let answer = testing::ask(&app, request.header("content-length", "4")).await;
            quiet(&answer.ended, when);
            let tried = app.tried();
            assert!(
                !tried.iter().any(|event| event.starts_with("last")),
                "a client left {when}, and its response was ended all the same: {tried:?}\n\
                 Whoever has got this takes it for the whole"
            );
        }
    });
}

#[test]
fn one_that_leaves_while_it_is_answered_is_no_failure() {
    proctor::watch_async(async {
        let app = Watched::default();
        let request = Request::post("/").part("cr").open().disconnect_after(1);
        let mut call = testing::call(&app, request);
        call.start().await;
        proctor::expect_eq!(call.part().await.as_deref(), Some(&b"cr"[..]), "the first part");
        call.give("ab", false);
        let ended = call.ended().await;
        quiet(&ended, "when it had its first part back");
        let tried = app.tried();
        assert!(
            tried.len() <= 4,
            "a client left when it had its first part back, and the echo goes on: {tried:?}"
        );
    });
    proctor::watch_async(async {
        // The second part waits in `send` when the client leaves.
        let app = Watched::default();
        let mut call = testing::call(&app, Request::post("/").part("cr").part("ab").open());
        call.settle().await;
        call.disconnect();
        let ended = call.ended().await;
        quiet(&ended, "while a part waited to be sent");
    });
}

#[test]
fn other_calls_are_declined() {
    fn declined(failure: &Failure, kind: &str) {
        let error = match failure {
            Failure::Failed(error) => error.downcast_ref::<UnsupportedScope>(),
            _ => None,
        };
        proctor::expect_eq!(
            error.map(|error| error.kind),
            Some(kind),
            "the kind of call that was declined; the call ended with \"{failure}\", and what was wanted is the error that `scope.unsupported()` makes"
        );
    }
    proctor::watch_async(async {
        match testing::lifespan(&echo).startup().await {
            Ok(_) | Err(StartupError::Failed(_)) => {
                panic!("the echo has answered lifespan.startup")
            }
            Err(StartupError::Unsupported(failure)) => declined(&failure, "lifespan"),
        }
        let mut socket = testing::websocket(&echo, Request::get("/"));
        let ended = socket.ended().await;
        match ended {
            Ok(()) => panic!("the echo has answered a WebSocket"),
            Err(failure) => declined(&failure, "websocket"),
        }
    });
}
