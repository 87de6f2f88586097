//! What is refused, over real sockets: the status, that the application does not see it, and that nothing behind it is answered.

use crate::app::Conformance;
use crate::common::{Client, Diary, over_tcp, real, status};
use gateway::{App, Error, Receive, Scope, Sender};
use proctor::expect_eq;
use tokio::net::TcpStream;

/// The conformance application, which notes each request that it sees.
struct Noted(Diary);

impl App for Noted {
    async fn call(&self, scope: Scope, receive: Receive, send: Sender) -> Result<(), Error> {
        if let Scope::Http(scope) = &scope {
            self.0.note(scope.path());
        }
        Conformance::default().call(scope, receive, send).await
    }
}

async fn client() -> (Client<TcpStream>, Diary) {
    let seen = Diary::default();
    (over_tcp(Noted(seen.clone()), |_| {}).await, seen)
}

const SMUGGLED: &str = "GET /smuggled HTTP/1.1\r\nhost: crab\r\n\r\n";

/// Each head, with a request behind it, is refused with that status; the application sees neither.
fn refuses(expected: &'static str, heads: &'static [&'static str]) {
    real(move || async move {
        for head in heads {
            let (mut client, seen) = client().await;
            let response = client.ask(format!("{head}{SMUGGLED}")).await;
            expect_eq!(&status(&response)["HTTP/1.1 ".len()..], expected, "{head:?}");
            let answered = response.matches(expected).count();
            assert!(
                answered == 1 && !response.contains("404"),
                "one response to {head:?}: {response}"
            );
            expect_eq!(seen.lines(), Vec::<String>::new(), "what was seen of {head:?}");
            drop(client.stream);
            client.server.await.unwrap();
        }
    });
}

const BAD: &str = "400 Bad Request";

#[test]
fn missing_repeated_or_malformed_host_is_refused() {
    refuses(
        BAD,
        &[
            "GET / HTTP/1.1\r\n\r\n",
            "GET / HTTP/1.1\r\nhost: a\r\nhost: a\r\n\r\n",
            "GET / HTTP/1.1\r\nhost: a b\r\n\r\n",
            "GET / HTTP/1.1\r\nhost: user@a\r\n\r\n",
            "GET / HTTP/1.1\r\nhost: a/b\r\n\r\n",
            "GET / HTTP/1.1\r\nhost: a:port\r\n\r\n",
            "GET / HTTP/1.0\r\nhost: a\r\nhost: b\r\n\r\n",
        ],
    );
}

#[test]
fn another_transfer_encoding_than_chunked_is_501() {
    refuses(
        "501 Not Implemented",
        &[
            "POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
            "POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
            "POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
            "POST / HTTP/1.1\r\nhost: a\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
        ],
    );
}

#[test]
fn content_length_together_with_transfer_encoding_is_refused() {
    refuses(
        BAD,
        &[
            "POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
            "POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\ncontent-length: 5\r\n\r\n0\r\n\r\n",
            "POST / HTTP/1.0\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        ],
    );
}

#[test]
fn a_content_length_that_is_not_one_number_is_refused() {
    refuses(
        BAD,
        &[
            "POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\n",
            "POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\ncontent-length: 5\r\n\r\n",
            "POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 5, 5\r\n\r\n",
            "POST / HTTP/1.1\r\nhost: a\r\ncontent-length: +5\r\n\r\n",
            "POST / HTTP/1.1\r\nhost: a\r\ncontent-length: -1\r\n\r\n",
            "POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 0x5\r\n\r\n",
            "POST / HTTP/1.1\r\nhost: a\r\ncontent-length:\r\n\r\n",
            "POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 99999999999999999999\r\n\r\n",
        ],
    );
}

#[test]
fn a_bare_lf_in_a_head_is_refused() {
    refuses(
        BAD,
        &[
            "GET / HTTP/1.1\nhost: a\r\n\r\n",
            "GET / HTTP/1.1\r\nhost: a\n\r\n",
            "GET / HTTP/1.1\r\nhost: a\r\n\n",
            "\nGET / HTTP/1.1\r\nhost: a\r\n\r\n",
        ],
    );
}

#[test]
fn forms_of_the_target_that_do_not_fit_are_refused() {
    refuses(
        BAD,
        &[
            "GET /#legs HTTP/1.1\r\nhost: a\r\n\r\n",
            "GET http://a HTTP/1.1\r\nhost: a\r\n\r\n",
            "GET http://a?b=/ HTTP/1.1\r\nhost: a\r\n\r\n",
            "GET http://user:pass@a/ HTTP/1.1\r\nhost: a\r\n\r\n",
            "GET ftp://a/ HTTP/1.1\r\nhost: a\r\n\r\n",
            "GET * HTTP/1.1\r\nhost: a\r\n\r\n",
            "GET a:80 HTTP/1.1\r\nhost: a\r\n\r\n",
        ],
    );
    refuses("501 Not Implemented", &["CONNECT a:80 HTTP/1.1\r\nhost: a:80\r\n\r\n"]);
}

#[test]
fn the_target_asterisk_is_for_options() {
    real(|| async {
        let (mut client, seen) = client().await;
        client.ask("OPTIONS * HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n").await;
        expect_eq!(seen.lines(), ["*"], "what the application saw");
    });
}

#[test]
fn what_hyper_refuses_by_itself_is_refused_with_the_scanner_before_it() {
    refuses(
        BAD,
        &[
            "GET  / HTTP/1.1\r\nhost: a\r\n\r\n",
            "GET / HTTP/1.1\r\nhost : a\r\n\r\n",
            "GET / HTTP/1.1\r\nhost: a\r\n folded\r\n\r\n",
            "GET / HTTP/1.1\r\nhost: a\r\nx-legs: 1\x000\r\n\r\n",
            "GET / HTTP/1.1\r\nhost: a\r\nx-legs: 1\r0\r\n\r\n",
            "G\x01T / HTTP/1.1\r\nhost: a\r\n\r\n",
            "GET / HTTP/1.1\r\nhost: a\r\nx\u{e9}: 1\r\n\r\n",
            "GET /\u{e9} HTTP/1.1\r\nhost: a\r\n\r\n",
            "GET /\x7f HTTP/1.1\r\nhost: a\r\n\r\n",
            "GET /\x01 HTTP/1.1\r\nhost: a\r\n\r\n",
            "GET /a\tb HTTP/1.1\r\nhost: a\r\n\r\n",
        ],
    );
}

#[test]
fn smuggling_in_chunks_is_refused() {
    real(|| async {
        for chunks in [
            "4;a\x01=b\r\ncrab\r\n0\r\n\r\n",
            "4;a=b\ncrab\r\n0\r\n\r\n",
            "10000000000000004\r\ncrab\r\n0\r\n\r\n",
            "0x4\r\ncrab\r\n0\r\n\r\n",
            "-4\r\ncrab\r\n0\r\n\r\n",
            "4\r\ncrabs\r\n0\r\n\r\n",
            "4\ncrab\r\n0\r\n\r\n",
            "4\r\ncrab\r\n0\r\nx: 1\n\r\n",
        ] {
            let (mut client, seen) = client().await;
            let head = "POST /upload HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n";
            let response = client.ask(format!("{head}{chunks}{SMUGGLED}")).await;
            expect_eq!(status(&response), "HTTP/1.1 400 Bad Request", "{chunks:?}");
            assert_eq!(response.matches("HTTP/1.").count(), 1, "{chunks:?}: {response}");
            expect_eq!(seen.lines(), ["/upload"], "what was seen of {chunks:?}");
        }
    });
}

#[test]
fn a_chunked_body_that_ends_early_is_a_disconnect_and_no_end_of_the_body() {
    real(|| async {
        let seen = Diary::default();
        let noted = seen.clone();
        let app = move |_: Scope, mut receive: Receive, _: Sender| {
            let noted = noted.clone();
            async move {
                loop {
                    match receive.part().await {
                        Ok(Some(part)) => noted.note(String::from_utf8_lossy(&part)),
                        Ok(None) => noted.note("the end"),
                        Err(_) => noted.note("a disconnect"),
                    }
                    if noted.lines().len() > 1 {
                        return Ok::<_, Error>(());
                    }
                }
            }
        };
        let mut client = over_tcp(app, |_| {}).await;
        client
            .say("POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n4\r\ncrab\r\n")
            .await;
        seen.until(1).await;
        drop(client.stream);
        client.server.await.unwrap();
        expect_eq!(seen.lines(), ["crab", "a disconnect"], "what the application met");
    });
}

#[test]
fn an_unbounded_head_is_431() {
    real(|| async {
        let long = format!("GET / HTTP/1.1\r\nhost: a\r\nx-legs: {}", "x".repeat(70_000));
        let target = format!("GET /{}", "x".repeat(70_000));
        let many = format!("GET / HTTP/1.1\r\nhost: a\r\n{}", "x: 1\r\n".repeat(100));
        for head in [long, target, many] {
            let (mut client, seen) = client().await;
            let response = client.ask(head).await;
            expect_eq!(
                status(&response),
                "HTTP/1.1 431 Request Header Fields Too Large",
                "the status"
            );
            expect_eq!(seen.lines(), Vec::<String>::new(), "what the application saw");
        }
    });
}

#[test]
fn a_refusal_comes_after_the_responses_to_what_stands_before_it() {
    real(|| async {
        let (mut client, seen) = client().await;
        let good = "POST /upload HTTP/1.1\r\nhost: a\r\ncontent-length: 4\r\n\r\ncrab";
        let response =
            client.ask(format!("{good}{good}GET / HTTP/1.1\nhost: a\r\n\r\n{good}")).await;
        let statuses: Vec<_> =
            response.split("HTTP/1.1 ").skip(1).map(|response| &response[..3]).collect();
        expect_eq!(statuses, ["200", "200", "400"], "the statuses");
        expect_eq!(seen.lines(), ["/upload", "/upload"], "what the application saw");
    });
}

#[test]
fn response_splitting_is_an_error_out_of_send() {
    real(|| async {
        let (mut client, _) = client().await;
        let response = client.ask(crate::common::get("/split")).await;
        expect_eq!(status(&response), "HTTP/1.1 500 Internal Server Error", "the status");
        assert!(!response.contains("set-cookie"), "{response}");
    });
}

#[test]
fn a_bad_chunk_behind_an_early_response_closes_without_a_second_response() {
    real(|| async {
        let (mut client, _) = client().await;
        let head = "POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n4\r\ncrab\r\n";
        client.say(head).await;
        client.hear("crabs!").await;
        expect_eq!(client.ask("4;\x01\r\ncrab\r\n").await, "", "what comes after the response");
    });
}

#[test]
fn a_bad_chunk_behind_the_start_of_a_response_cuts_it() {
    real(|| async {
        let (mut client, _) = client().await;
        let head =
            "POST /echo HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n4\r\ncrab\r\n";
        client.say(head).await;
        client.hear("4\r\ncrab\r\n").await;
        expect_eq!(client.ask("4;\x01\r\ncrab\r\n").await, "", "what comes after the first part");
    });
}
