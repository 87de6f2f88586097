//! Requests and responses, as the application and the client see them. Over real sockets where no time passes, in memory where some does.

use crate::app::Conformance;
use crate::common::{Diary, GET, SECOND, get, in_memory, over_tcp, real, status};
use gateway::{Error, Receive, ReceiveEvent, ResponseBody, ResponseStart, Scope, Sender};
use proctor::{expect_eq, watch_async};
use tokio::time::{Instant, sleep};

#[test]
fn a_whole_response_has_a_content_length_and_the_connection_stays() {
    real(|| async {
        let mut client = over_tcp(Conformance::default(), |_| {}).await;
        for _ in 0..3 {
            client.say(GET).await;
            expect_eq!(
                client.hear("crabs!").await,
                "HTTP/1.1 200 OK\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: 13\r\n\r\nHello, crabs!",
                "the response"
            );
        }
        drop(client.stream);
        client.server.await.unwrap();
        expect_eq!(client.failures.lines(), Vec::<String>::new(), "failures");
    });
}

#[test]
fn http_scope_is_filled() {
    real(|| async {
        let mut client =
            over_tcp(Conformance::default(), |config| config.root_path = "/sea".to_owned()).await;
        let us = client.stream.local_addr().unwrap();
        let there = client.stream.peer_addr().unwrap();
        let response = client
            .ask("GET /scope?sort=%6eame HTTP/1.1\r\nHost: crab\r\nX-Legs: 10\r\nx-legs: 8\r\nTE: trailers\r\nconnection: close\r\n\r\n")
            .await;
        let body = response.split_once("\r\n\r\n").unwrap().1;
        let scope: serde_json::Value = serde_json::from_str(body).unwrap();
        let expected = serde_json::json!({
            "type": "http",
            "asgi": { "version": "3.0", "spec_version": "2.5" },
            "http_version": "1.1",
            "method": "GET",
            "scheme": "http",
            "path": "/scope",
            "raw_path": "/scope",
            "query_string": "sort=%6eame",
            "root_path": "/sea",
            "headers": [["host", "crab"], ["x-legs", "10"], ["x-legs", "8"], ["te", "trailers"], ["connection", "close"]],
            "client": ["127.0.0.1", us.port()],
            "server": ["127.0.0.1", there.port()],
            "extensions": {
                "http.response.pathsend": {},
                "http.response.zerocopysend": {},
                "http.response.early_hint": {},
                "http.response.trailers": {},
            },
        });
        expect_eq!(scope, expected, "the scope");
    });
}

#[test]
fn what_a_scope_has_of_an_odd_request() {
    real(|| async {
        let app = async |scope: Scope, _: Receive, send: Sender| {
            let Scope::Http(scope) = scope else { return Err(scope.unsupported().into()) };
            let text = format!(
                "{} {} {} {:?}",
                scope.http_version(),
                scope.method,
                scope.path(),
                str::from_utf8(scope.raw_path())
            );
            send.send(ResponseStart::new(200)).await?;
            Ok::<_, Error>(send.send(ResponseBody::last(text)).await?)
        };
        for (line, expected) in [
            (
                "GET /f%C3%A9/%2e%FF?%20 HTTP/1.0",
                "1.0 GET /f\u{e9}/.\u{fffd} Ok(\"/f%C3%A9/%2e%FF\")",
            ),
            // Methods are case-sensitive (RFC 9110, section 9.1): to raise this one's letters would make another of it.
            ("get / HTTP/1.1", "1.1 get / Ok(\"/\")"),
            ("CRAB / HTTP/1.1", "1.1 CRAB / Ok(\"/\")"),
            ("OPTIONS * HTTP/1.1", "1.1 OPTIONS * Ok(\"*\")"),
        ] {
            let request = format!("{line}\r\nhost: crab\r\nconnection: close\r\n\r\n");
            let response = over_tcp(app, |_| {}).await.ask(request).await;
            expect_eq!(response.rsplit("\r\n\r\n").next().unwrap(), expected, "{line}");
        }
    });
}

#[test]
fn the_authority_of_an_absolute_target_is_the_host() {
    real(|| async {
        let mut client = over_tcp(Conformance::default(), |_| {}).await;
        let request =
            "GET http://crabsarecool.com/scope HTTP/1.1\r\nhost: else\r\nconnection: close\r\n\r\n";
        let response = client.ask(request).await;
        assert!(response.contains("[\"host\",\"crabsarecool.com\"]"), "{response}");
        assert!(response.contains("\"path\":\"/scope\""), "{response}");
        assert!(!response.contains("else"), "{response}");
    });
}

#[test]
fn a_request_body_streams_and_so_does_the_response() {
    real(|| async {
        let mut client = over_tcp(Conformance::default(), |_| {}).await;
        client.say("POST /echo HTTP/1.1\r\nhost: crab\r\ntransfer-encoding: chunked\r\n\r\n").await;
        for word in ["tide", "pool"] {
            client.say(format!("4\r\n{word}\r\n")).await;
            client.hear(&format!("4\r\n{word}\r\n")).await;
        }
        client.say("0\r\n\r\n").await;
        client.hear("0\r\n\r\n").await;
        client.say("POST /echo HTTP/1.1\r\nhost: crab\r\ncontent-length: 4\r\n\r\ncrab").await;
        client.hear("4\r\ncrab\r\n0\r\n\r\n").await;
    });
}

#[test]
fn at_least_one_event_even_with_no_body() {
    real(|| async {
        let app = async |_: Scope, mut receive: Receive, send: Sender| {
            let event = receive.next().await;
            send.send(ResponseStart::new(200)).await?;
            Ok::<_, Error>(send.send(ResponseBody::last(format!("{event:?}"))).await?)
        };
        let response = over_tcp(app, |_| {}).await.ask(get("/")).await;
        assert!(
            response.ends_with("HttpRequest(RequestBody { body: b\"\", more_body: false })"),
            "{response}"
        );
    });
}

#[test]
fn head_sends_headers_as_for_get_and_no_body() {
    real(|| async {
        for target in ["/", "/bytes?n=100&part=10"] {
            let heads = async |method: &str| {
                let request = format!(
                    "{method} {target} HTTP/1.1\r\nhost: crab\r\nconnection: close\r\n\r\n"
                );
                let response = over_tcp(Conformance::default(), |_| {}).await.ask(request).await;
                let (head, body) = response.split_once("\r\n\r\n").unwrap();
                (head.to_owned(), body.to_owned())
            };
            let ((get, _), (head, body)) = (heads("GET").await, heads("HEAD").await);
            expect_eq!(head, get, "the head");
            expect_eq!(body, "", "the body");
        }
    });
}

#[test]
fn statuses_204_and_304_have_no_body() {
    real(|| async {
        let app = async |scope: Scope, _: Receive, send: Sender| {
            let Scope::Http(scope) = scope else { return Err(scope.unsupported().into()) };
            let status: u16 = scope.path()[1..].parse()?;
            send.send(ResponseStart::new(status)).await?;
            send.send(ResponseBody::part("cr")).await?;
            Ok::<_, Error>(send.send(ResponseBody::last("ab")).await?)
        };
        let mut client = over_tcp(app, |_| {}).await;
        for status in [204, 304] {
            client.say(format!("GET /{status} HTTP/1.1\r\nhost: crab\r\n\r\n")).await;
            let head = client.hear("\r\n\r\n").await;
            assert!(head.starts_with(&format!("HTTP/1.1 {status} ")), "{head}");
            assert!(!head.contains("content-length") && !head.contains("chunked"), "{head}");
        }
        client.say("GET /200 HTTP/1.1\r\nhost: crab\r\n\r\n").await;
        client.hear("2\r\ncr\r\n2\r\nab\r\n0\r\n\r\n").await;
    });
}

#[test]
fn the_length_of_a_response_without_a_body_is_the_applications() {
    real(|| async {
        let app = async |scope: Scope, _: Receive, send: Sender| {
            let Scope::Http(scope) = scope else { return Err(scope.unsupported().into()) };
            let status: u16 = scope.path()[1..].parse()?;
            send.send(ResponseStart::new(status).header("content-length", "100")).await?;
            let body = if scope.query_string().is_empty() { "" } else { "crab" };
            Ok::<_, Error>(send.send(ResponseBody::last(body)).await?)
        };
        let mut client = over_tcp(app, |_| {}).await;
        for request in ["HEAD /200", "HEAD /200?crab", "GET /304", "GET /304?crab", "HEAD /304"] {
            client.say(format!("{request} HTTP/1.1\r\nhost: crab\r\n\r\n")).await;
            let head = client.hear("\r\n\r\n").await;
            assert!(head.contains("\r\ncontent-length: 100\r\n"), "{request}: {head}");
        }
        expect_eq!(client.failures.lines(), Vec::<String>::new(), "failures");
    });
}

#[test]
fn pipelined_requests_are_answered_in_order() {
    watch_async(async {
        let mut client = in_memory(Conformance::default(), |_| {});
        let requests = ["/sleep?ms=1000", "/", "/stat"]
            .map(|target| format!("GET {target} HTTP/1.1\r\nhost: crab\r\n\r\n"));
        client.say(requests.concat()).await;
        let responses = client.hear("\r\n\r\n0").await;
        let places = ["slept", "Hello, crabs!", "\r\n\r\n0"].map(|body| responses.find(body));
        assert!(places.iter().all(Option::is_some) && places.is_sorted(), "{responses}");
    });
}

#[test]
fn an_application_that_fails_before_its_first_part_yields_500_and_the_connection_stays() {
    real(|| async {
        let app = async |scope: Scope, receive: Receive, send: Sender| match &scope {
            Scope::Http(scope) if scope.path() == "/panic" => panic!("ouch"),
            _ => gateway::App::call(&Conformance::default(), scope, receive, send).await,
        };
        let mut client = over_tcp(app, |_| {}).await;
        for path in ["/early", "/none", "/startonly", "/split", "/panic"] {
            client.say(format!("GET {path} HTTP/1.1\r\nhost: crab\r\n\r\n")).await;
            let response = client.hear("Internal Server Error\n").await;
            assert!(response.starts_with("HTTP/1.1 500 Internal Server Error\r\n"), "{response}");
            assert!(response.contains("\r\ncontent-type: text/plain"), "{response}");
        }
        client.say(GET).await;
        client.hear("Hello, crabs!").await;
        expect_eq!(
            client.failures.lines(),
            [
                "the application failed: this fails before the start",
                "the application returned without a response",
                "the application failed: this fails after the start",
                "the application failed: http.response.start cannot be sent: the value of x-split has control characters in it",
                "the application panicked: ouch",
            ],
            "failures"
        );
    });
}

#[test]
fn an_application_that_fails_after_its_first_part_leaves_a_truncated_response() {
    real(|| async {
        let mut client = over_tcp(Conformance::default(), |_| {}).await;
        let response = client.ask("GET /mid HTTP/1.1\r\nhost: crab\r\n\r\n").await;
        assert!(
            response.ends_with("\r\n\r\nE\r\nthe first part\r\n"),
            "the last chunk is missing: {response}"
        );
        expect_eq!(
            client.failures.lines(),
            ["the application failed: this fails after the first part"],
            "failures"
        );
    });
}

#[test]
fn a_truncated_response_without_a_length_ends_with_a_reset() {
    real(|| async {
        use tokio::io::AsyncReadExt;
        let mut client = over_tcp(Conformance::default(), |_| {}).await;
        client.say("GET /mid HTTP/1.0\r\n\r\n").await;
        let mut heard = Vec::new();
        let ended = client.stream.read_to_end(&mut heard).await;
        expect_eq!(
            ended.map_err(|error| error.kind()),
            Err(std::io::ErrorKind::ConnectionReset),
            "the end"
        );
    });
}

#[test]
fn a_body_that_contradicts_its_content_length_never_desynchronizes() {
    real(|| async {
        let app = async |scope: Scope, _: Receive, send: Sender| {
            let Scope::Http(scope) = scope else { return Err(scope.unsupported().into()) };
            send.send(ResponseStart::new(200).header("content-length", "4")).await?;
            send.send(ResponseBody::part("cr")).await?;
            let rest = if scope.path() == "/over" { "abs" } else { "a" };
            let error = send.send(ResponseBody::last(rest)).await.unwrap_err();
            Err::<(), Error>(error.into())
        };
        for target in ["/over", "/under"] {
            let mut client = over_tcp(app, |_| {}).await;
            let request = format!("GET {target} HTTP/1.1\r\nhost: crab\r\n\r\n");
            let response = client.ask(request.repeat(2)).await;
            assert!(response.ends_with("content-length: 4\r\n\r\ncr"), "{response}");
            assert!(client.failures.lines()[0].contains("content-length says 4"), "{target}");
        }
    });
}

#[test]
fn hop_by_hop_headers_of_the_application_are_ignored() {
    real(|| async {
        let app = async |_: Scope, _: Receive, send: Sender| {
            let start = ResponseStart::new(200)
                .header("connection", "keep-alive, x-legs")
                .header("keep-alive", "timeout=5")
                .header("transfer-encoding", "gzip")
                .header("upgrade", "crab")
                .header("proxy-connection", "close")
                .header("x-legs", "10");
            send.send(start).await?;
            Ok::<_, Error>(send.send(ResponseBody::last("crab")).await?)
        };
        let mut client = over_tcp(app, |_| {}).await;
        client.say(GET).await;
        let response = client.hear("crab").await;
        expect_eq!(
            response,
            "HTTP/1.1 200 OK\r\nx-legs: 10\r\ncontent-length: 4\r\n\r\ncrab",
            "the response"
        );
    });
}

#[test]
fn date_and_server_are_switchable_and_the_applications_server_wins() {
    real(|| async {
        let app = async |scope: Scope, _: Receive, send: Sender| {
            let Scope::Http(scope) = scope else { return Err(scope.unsupported().into()) };
            let mut start = ResponseStart::new(200);
            if scope.path() == "/own" {
                start = start.header("server", "crab/1");
            }
            send.send(start).await?;
            Ok::<_, Error>(send.send(ResponseBody::last("")).await?)
        };
        let ask = async |target: &str, on: bool| {
            let mut client = over_tcp(app, |config| {
                config.date = on;
                config.server = on.then(|| "tidepool".parse().unwrap());
            })
            .await;
            client.ask(get(target)).await
        };
        let (with, own, without) =
            (ask("/", true).await, ask("/own", true).await, ask("/", false).await);
        assert!(with.contains("\r\ndate: ") && with.contains("\r\nserver: tidepool\r\n"), "{with}");
        assert!(own.contains("\r\nserver: crab/1\r\n") && !own.contains("tidepool"), "{own}");
        assert!(!without.contains("\r\ndate: ") && !without.contains("\r\nserver: "), "{without}");
    });
}

#[test]
fn trailers_are_sent_only_to_a_client_that_wants_them() {
    real(|| async {
        let mut client = over_tcp(Conformance::default(), |_| {}).await;
        client.say("GET /trailers HTTP/1.1\r\nhost: crab\r\nte: gzip, Trailers\r\n\r\n").await;
        client.hear("trailers follow\r\n0\r\nx-legs: 10\r\n\r\n").await;
        client.say("GET /trailers HTTP/1.1\r\nhost: crab\r\n\r\n").await;
        client.hear("no trailers").await;
    });
}

#[test]
fn expect_100_continue_is_answered_when_the_application_first_receives() {
    real(|| async {
        let head = |path: &str| {
            format!(
                "POST {path} HTTP/1.1\r\nhost: crab\r\nexpect: 100-continue\r\ncontent-length: 4\r\n\r\n"
            )
        };
        let mut client = over_tcp(Conformance::default(), |_| {}).await;
        client.say(head("/upload")).await;
        expect_eq!(client.hear("\r\n\r\n").await, "HTTP/1.1 100 Continue\r\n\r\n", "the answer");
        client.say("crab").await;
        client.hear("\r\n\r\n4").await;
        // Nobody asks for this one: the final response comes at once, and the connection is closed.
        let response = client.ask(head("/")).await;
        assert!(response.starts_with("HTTP/1.1 200 OK\r\n"), "{response}");
        assert!(response.ends_with("Hello, crabs!"), "{response}");
    });
}

#[test]
fn an_early_response_reaches_a_client_that_is_still_sending() {
    real(|| async {
        // Most of it is not sent before the response: the rest is passed over, and the connection stays.
        let mut client = over_tcp(Conformance::default(), |_| {}).await;
        client.say("POST / HTTP/1.1\r\nhost: crab\r\ncontent-length: 100000\r\n\r\ncrab").await;
        client.hear("Hello, crabs!").await;
        client.say(vec![b'x'; 100_000 - 4]).await;
        client.say(GET).await;
        client.hear("Hello, crabs!").await;
        // Too much of it: the response comes, and then the end; never a reset before it.
        let request = format!(
            "POST / HTTP/1.1\r\nhost: crab\r\ncontent-length: 1000000\r\n\r\n{}",
            "x".repeat(400_000)
        );
        let response = client.ask(request).await;
        assert!(response.ends_with("Hello, crabs!"), "{response}");
    });
}

#[test]
fn receive_after_the_response_is_the_disconnect_and_again() {
    real(|| async {
        let diary = Diary::default();
        let written = diary.clone();
        let app = move |_: Scope, mut receive: Receive, send: Sender| {
            let written = written.clone();
            async move {
                send.send(ResponseStart::new(200)).await?;
                send.send(ResponseBody::last("crab")).await?;
                for _ in 0..2 {
                    let event = receive.next().await;
                    assert_eq!(event, ReceiveEvent::HttpDisconnect);
                    written.note("disconnect");
                }
                send.send(ResponseBody::last("more")).await?;
                written.note("ignored");
                Ok::<_, Error>(())
            }
        };
        let mut client = over_tcp(app, |_| {}).await;
        client.say(GET).await;
        client.hear("crab").await;
        diary.until(3).await;
        expect_eq!(diary.lines(), ["disconnect", "disconnect", "ignored"], "what was met");
        client.say(GET).await;
        client.hear("crab").await;
    });
}

#[test]
fn work_after_the_response_does_not_hold_up_the_next_request_and_outlives_the_connection() {
    watch_async(async {
        let diary = Diary::default();
        let written = diary.clone();
        let app = move |_: Scope, _: Receive, send: Sender| {
            let written = written.clone();
            async move {
                send.send(ResponseStart::new(200)).await?;
                send.send(ResponseBody::last("crab")).await?;
                sleep(100 * SECOND).await;
                written.note("worked");
                Ok::<_, Error>(())
            }
        };
        let mut client = in_memory(app, |_| {});
        let began = Instant::now();
        for _ in 0..3 {
            client.say(GET).await;
            client.hear("crab").await;
        }
        expect_eq!(began.elapsed().as_secs(), 0, "seconds for three requests");
        drop(client.stream);
        client.server.await.unwrap();
        expect_eq!(diary.lines(), ["worked"; 3], "calls that were through");
    });
}

#[test]
fn http_1_0_is_answered_and_closed_unless_it_asks_otherwise() {
    real(|| async {
        let response =
            over_tcp(Conformance::default(), |_| {}).await.ask("GET / HTTP/1.0\r\n\r\n").await;
        assert!(response.starts_with("HTTP/1.0 200 OK\r\n"), "{response}");
        let mut client = over_tcp(Conformance::default(), |_| {}).await;
        for _ in 0..2 {
            client.say("GET / HTTP/1.0\r\nconnection: keep-alive\r\n\r\n").await;
            client.hear("Hello, crabs!").await;
        }
        let mut client = over_tcp(Conformance::default(), |_| {}).await;
        let response = client.ask("GET /echo HTTP/1.0\r\n\r\n").await;
        assert!(!response.contains("chunked"), "{response}");
        expect_eq!(status(&response), "HTTP/1.0 200 OK", "the status");
    });
}

#[test]
fn the_live_feed_of_the_site_works_over_server_sent_events() {
    watch_async(async {
        let state = gateway::testing::lifespan(&gateway::crab_app).startup().await.unwrap();
        let failures = Diary::default();
        let shutdown = gateway::Shutdown::new();
        let config = crate::common::config(&failures);
        let server =
            http_server::Server::with_state(gateway::crab_app, config, state, shutdown.clone());
        let mut client = crate::common::in_memory_to(&server, failures);
        client.say("GET /guests HTTP/1.1\r\nhost: crab\r\n\r\n").await;
        client.hear("</form>\n").await;
        client.say("GET /feed HTTP/1.1\r\nhost: crab\r\n\r\n").await;
        client.hear("data: 0.50 m, rising\n\n\r\n").await;
        client.hear("data: 0.51 m, rising\n\n\r\n").await;
        // It ends well when the server goes down.
        shutdown.begin();
        client.hear("0\r\n\r\n").await;
    });
}
