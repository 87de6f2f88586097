//! A stream is a call of the application: scope, both bodies, the end of the one and of the other.

use std::future::poll_fn;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use gateway::{
    Error, Extension, Receive, ResponseBody, ResponseStart, Scope, SendEvent, Sender, Shutdown,
    State,
};
use h2::Reason;
use http::{HeaderValue, Method, Request, Version};
use http2_and_tls::observe::Observer;
use http2_and_tls::{Http2, Server};
use proctor::{expect_eq, watch_async};
use serde_json::Value;
use tokio::sync::Notify;

use crate::app::{Conformance, Requests};
use crate::common::{
    Client, Diary, Frame, PIPE, Raw, SECOND, block, client, client_of, config, get, kind, post,
    server, whole,
};

async fn conformance() -> Client {
    client(Conformance::default(), |_, _| {}).await
}

/// What the scope was, under ASGI's keys.
async fn scope_of(client: &Client, request: Request<()>) -> Value {
    let whole = client.ask(request, "").await.unwrap();
    serde_json::from_str(&whole.body).unwrap()
}

#[test]
fn the_scope_of_a_stream_is_that_of_a_request() {
    watch_async(async {
        let client = conformance().await;
        let request = Request::get("http://crab:8000/scope?a=%20")
            .header("x-legs", "8")
            .header("x-legs", "2")
            .body(())
            .unwrap();
        let scope = scope_of(&client, request).await;
        expect_eq!(scope["http_version"], "2", "http_version");
        expect_eq!(scope["method"], "GET", "method");
        expect_eq!(scope["scheme"], "http", "scheme");
        expect_eq!(scope["raw_path"], "/scope", "raw_path");
        expect_eq!(scope["query_string"], "a=%20", "query_string");
        let headers = scope["headers"].to_string();
        expect_eq!(
            headers,
            r#"[["x-legs","8"],["x-legs","2"],["host","crab:8000"]]"#,
            "headers: no pseudo-headers, and the authority as host"
        );
    });
}

#[test]
fn the_crumbs_of_a_cookie_are_one_field() {
    watch_async(async {
        let client = conformance().await;
        let request = Request::get("http://crab/scope")
            .header("cookie", "a=1")
            .header("cookie", "b=2")
            .body(())
            .unwrap();
        let headers = scope_of(&client, request).await["headers"].to_string();
        assert!(headers.contains(r#"["cookie","a=1; b=2"]"#), "{headers}");
    });
}

#[test]
fn a_body_goes_both_ways() {
    watch_async(async {
        let client = conformance().await;
        let answer = client.ask(post("/echo"), "crabs walk sideways").await.unwrap();
        expect_eq!((answer.status, &*answer.body), (200, "crabs walk sideways"), "the echo");
        let answer = client.get("/bytes?n=1000000&part=70000").await;
        expect_eq!(answer.body.len(), 1_000_000, "bytes, through windows of 65,535");
        expect_eq!(answer.headers["content-length"], "1000000", "content-length");
        // A body in one part has its length said.
        expect_eq!(client.get("/").await.headers["content-length"], "13", "content-length");
    });
}

#[test]
fn head_has_the_headers_of_get_and_no_body() {
    watch_async(async {
        let client = conformance().await;
        let request = Request::head("http://crab/").body(()).unwrap();
        let answer = client.ask(request, "").await.unwrap();
        expect_eq!(answer.body, "", "the body");
        expect_eq!(answer.headers["content-length"], "13", "content-length");
    });
}

#[test]
fn responses_without_content_have_none() {
    async fn app(scope: Scope, _: Receive, send: Sender) -> Result<(), Error> {
        let Scope::Http(scope) = scope else { return Err(scope.unsupported().into()) };
        let status: u16 = scope.path()[1..].parse()?;
        send.send(ResponseStart::new(status)).await?;
        Ok(send.send(ResponseBody::last("not for the wire")).await?)
    }
    watch_async(async {
        let client = client(app, |_, _| {}).await;
        for status in [204, 304] {
            let answer = client.get(&format!("/{status}")).await;
            expect_eq!((answer.status, &*answer.body), (status, ""), "{status}");
            assert!(!answer.headers.contains_key("content-length"), "{:?}", answer.headers);
        }
    });
}

#[test]
fn an_application_that_fails_before_its_response_is_500() {
    watch_async(async {
        let client = conformance().await;
        for path in ["/early", "/startonly", "/none", "/split"] {
            let answer = client.get(path).await;
            expect_eq!(answer.status, 500, "{path}");
            expect_eq!(answer.body, "Internal Server Error\n", "{path}");
        }
        expect_eq!(client.get("/").await.status, 200, "the next one");
    });
}

#[test]
fn an_application_that_fails_in_its_response_resets_the_stream() {
    watch_async(async {
        let client = conformance().await;
        let (response, _) = client.begin(get("/mid"), true);
        let mut body = response.await.unwrap().into_body();
        let part = body.data().await.unwrap().unwrap();
        expect_eq!(&part[..], b"the first part", "what the client got");
        let error = body.data().await.unwrap().unwrap_err();
        expect_eq!(error.reason(), Some(Reason::INTERNAL_ERROR), "the reset");
        expect_eq!(client.get("/").await.status, 200, "another stream");
    });
}

#[test]
fn an_application_that_panics_ends_its_stream_only() {
    async fn app(scope: Scope, _: Receive, send: Sender) -> Result<(), Error> {
        let Scope::Http(scope) = scope else { return Err(scope.unsupported().into()) };
        assert!(scope.path() != "/panic", "pinched");
        send.send(ResponseStart::new(200)).await?;
        Ok(send.send(ResponseBody::last("fine")).await?)
    }
    watch_async(async {
        let client = client(app, |_, _| {}).await;
        expect_eq!(client.get("/panic").await.status, 500, "the one that panics");
        expect_eq!(client.get("/").await.body, "fine", "the next one");
        expect_eq!(client.failures.lines(), ["the application panicked: pinched"], "reported");
    });
}

#[test]
fn a_body_that_contradicts_its_content_length_is_an_error_out_of_send() {
    watch_async(async {
        let diary = Diary::default();
        let notes = diary.clone();
        let app = move |_: Scope, _: Receive, send: Sender| {
            let notes = notes.clone();
            async move {
                send.send(ResponseStart::new(200).header("content-length", "4")).await?;
                send.send(ResponseBody::part("cr")).await?;
                let sent = send.send(ResponseBody::last("abs")).await;
                notes.note(sent.as_ref().unwrap_err().to_string());
                Ok::<(), Error>(sent?)
            }
        };
        let client = client(app, |_, _| {}).await;
        let error = client.ask(get("/"), "").await.unwrap_err();
        expect_eq!(error.reason(), Some(Reason::INTERNAL_ERROR), "the reset");
        expect_eq!(diary.lines().len(), 1, "errors out of send");
    });
}

#[test]
fn a_request_that_contradicts_its_content_length_is_reset() {
    watch_async(async {
        let client = conformance().await;
        let request = Request::post("http://crab/echo").header("content-length", "3").body(());
        let error = client.ask(request.unwrap(), "crabs").await.unwrap_err();
        expect_eq!(error.reason(), Some(Reason::PROTOCOL_ERROR), "the reset");
        expect_eq!(client.get("/").await.status, 200, "another stream");
    });
}

#[test]
fn trailers_are_offered_to_whom_wants_them() {
    watch_async(async {
        let client = conformance().await;
        let request = Request::get("http://crab/trailers").header("te", "trailers").body(());
        let answer = client.ask(request.unwrap(), "").await.unwrap();
        expect_eq!(answer.body, "trailers follow", "the body");
        expect_eq!(answer.trailers.unwrap()["x-legs"], "10", "the trailers");
        expect_eq!(client.get("/trailers").await.body, "no trailers", "without te");
    });
}

#[test]
fn early_hints_come_before_the_response() {
    watch_async(async {
        let client = conformance().await;
        let (mut response, _) = client.begin(get("/hints"), true);
        let hints = poll_fn(|cx| response.poll_informational(cx)).await.unwrap().unwrap();
        expect_eq!(hints.status().as_u16(), 103, "the first status");
        expect_eq!(hints.headers()["link"], "</crab.css>; rel=preload; as=style", "the link");
        expect_eq!(whole(response.await.unwrap()).await.unwrap().body, "hinted", "the response");
    });
}

#[test]
fn the_client_is_asked_for_its_body_when_the_application_receives() {
    watch_async(async {
        let (go, may_go) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let (asked, wait) = (Arc::clone(&go), Arc::clone(&may_go));
        let app = move |_: Scope, mut receive: Receive, send: Sender| {
            let (asked, wait) = (Arc::clone(&asked), Arc::clone(&wait));
            async move {
                asked.notify_one();
                wait.notified().await;
                let body = receive.body(100).await?;
                send.send(ResponseStart::new(200)).await?;
                Ok::<(), Error>(send.send(ResponseBody::last(body)).await?)
            }
        };
        let client = client(app, |_, _| {}).await;
        let request = Request::post("http://crab/").header("expect", "100-continue").body(());
        let (mut response, mut body) = client.begin(request.unwrap(), false);
        go.notified().await;
        tokio::time::sleep(SECOND).await;
        let early = poll_fn(|cx| std::task::Poll::Ready(response.poll_informational(cx))).await;
        assert!(early.is_pending(), "nobody has received: {early:?}");
        may_go.notify_one();
        let asks = poll_fn(|cx| response.poll_informational(cx)).await.unwrap().unwrap();
        expect_eq!(asks.status().as_u16(), 100, "the first status");
        body.send_data(Bytes::from_static(b"crabs"), true).unwrap();
        expect_eq!(whole(response.await.unwrap()).await.unwrap().body, "crabs", "the response");
    });
}

#[test]
fn a_client_that_resets_its_stream_is_gone_for_this_call_only() {
    watch_async(async {
        let diary = Diary::default();
        let reports = wsgi::server::ErrorLog::new(diary.clone());
        let requests = Requests { reports, ..Requests::default() };
        let app = Conformance { requests };
        let client = client(app, |_, _| {}).await;
        let (kept, _) = client.begin(get("/sse"), true);
        let mut feed = kept.await.unwrap().into_body();
        let (response, mut stream) = client.begin(get("/slow"), true);
        let mut body = response.await.unwrap().into_body();
        expect_eq!(&body.data().await.unwrap().unwrap()[..], b"one part", "the part");
        stream.send_reset(Reason::CANCEL);
        diary.until(2).await;
        expect_eq!(
            diary.lines(),
            [
                "/slow: receive said http.disconnect",
                "/slow: send said nothing can be sent: the client is gone",
            ],
            "what the application was told"
        );
        for number in 0..10 {
            let event = feed.data().await.unwrap().unwrap();
            feed.flow_control().release_capacity(event.len()).unwrap();
            expect_eq!(event, format!("data: {number}\n\n"), "the neighbour");
        }
        expect_eq!(client.failures.lines(), Vec::<String>::new(), "nothing is reported");
    });
}

#[test]
fn a_connection_that_breaks_is_the_disconnect_of_all_its_calls() {
    watch_async(async {
        let diary = Diary::default();
        let notes = diary.clone();
        let app = move |_: Scope, mut receive: Receive, send: Sender| {
            let notes = notes.clone();
            async move {
                send.send(ResponseStart::new(200)).await?;
                send.send(ResponseBody::part("so")).await?;
                receive.next().await;
                notes.note(receive.next().await.name());
                Ok::<(), Error>(send.send(ResponseBody::last("long")).await?)
            }
        };
        let mut raw = Raw::new(app, |_, _| {}).await;
        for stream in [1, 3, 5] {
            raw.request(stream, 5, "GET", "/").await;
        }
        raw.until(kind::DATA).await;
        drop(raw.stream);
        raw.server.await.unwrap();
        expect_eq!(diary.lines(), ["http.disconnect"; 3], "what the calls were told");
        expect_eq!(raw.failures.lines(), Vec::<String>::new(), "nothing is reported");
    });
}

#[test]
fn a_stalled_stream_does_not_hold_another() {
    watch_async(async {
        // With the window of one stream for the whole connection, the client itself would hold its streams.
        let (server, failures) = server(Conformance::default(), |_, _| {});
        let mut builder = h2::client::Builder::new();
        let client =
            client_of(&server, failures, builder.initial_connection_window_size(1 << 20)).await;
        // Nobody reads the one response, and nobody reads the body of the other request.
        let (stalled, _) = client.begin(get("/flood"), true);
        let stalled = stalled.await.unwrap();
        let (_unread, mut body) = client.begin(post("/noread"), false);
        body.send_data(Bytes::from(vec![b'x'; 1_000_000]), true).unwrap();
        for _ in 0..3 {
            expect_eq!(client.get("/").await.body, "Hello, crabs!", "a neighbour");
            let answer = client.ask(post("/echo"), "crabs").await.unwrap();
            expect_eq!(answer.body, "crabs", "a neighbour with a body");
        }
        let sent: usize = client.get("/stat").await.body.parse().unwrap();
        assert!(sent <= 3, "{sent} parts of 1,000,000 bytes were taken, and none was read");
        drop(stalled);
    });
}

#[test]
fn the_window_of_a_request_opens_as_the_application_reads() {
    watch_async(async {
        let read = Arc::new(Notify::new());
        let may_read = Arc::clone(&read);
        let app = move |_: Scope, mut receive: Receive, send: Sender| {
            let read = Arc::clone(&may_read);
            async move {
                read.notified().await;
                let mut count = 0;
                while let Some(part) = receive.part().await? {
                    count += part.len();
                }
                send.send(ResponseStart::new(200)).await?;
                Ok::<(), Error>(send.send(ResponseBody::last(count.to_string())).await?)
            }
        };
        let client = client(app, |_, http2| http2.window = 100_000).await;
        // The client learns of the window by SETTINGS.
        let _ = client.send.clone().ready().await.unwrap();
        let (response, mut body) = client.begin(post("/"), false);
        body.reserve_capacity(1_000_000);
        let mut sent = 0;
        tokio::time::sleep(SECOND).await;
        while body.capacity() > 0 {
            sent += body.capacity();
            body.send_data(vec![b'x'; body.capacity()].into(), false).unwrap();
            body.reserve_capacity(1_000_000 - sent);
            tokio::time::sleep(SECOND).await;
        }
        expect_eq!(sent, 100_000, "bytes that a deaf application lets in");
        read.notify_one();
        while sent < 1_000_000 {
            body.reserve_capacity(1_000_000 - sent);
            let room = poll_fn(|cx| body.poll_capacity(cx)).await.unwrap().unwrap();
            sent += room;
            body.send_data(vec![b'x'; room].into(), sent == 1_000_000).unwrap();
        }
        expect_eq!(whole(response.await.unwrap()).await.unwrap().body, "1000000", "bytes");
    });
}

#[test]
fn a_response_before_the_end_of_the_request_tells_the_client_to_stop() {
    async fn app(_: Scope, _: Receive, send: Sender) -> Result<(), Error> {
        send.send(ResponseStart::new(413)).await?;
        Ok(send.send(ResponseBody::last("too large")).await?)
    }
    watch_async(async {
        let mut raw = Raw::new(app, |_, _| {}).await;
        raw.request(1, 4, "POST", "/").await;
        let data = raw.until(kind::DATA).await.unwrap();
        expect_eq!(&data.payload[..], b"too large", "the response");
        let reset = raw.until(kind::RST_STREAM).await.unwrap();
        expect_eq!(reset.code(), 0, "NO_ERROR");
        raw.say(Frame::new(kind::DATA, 1, 1, *b"what was on its way")).await;
        raw.request(3, 5, "GET", "/").await;
        raw.until(kind::DATA).await.unwrap();
    });
}

#[test]
fn heads_are_judged_as_strictly_as_those_of_http_1() {
    watch_async(async {
        let pseudo = |path, authority: Option<&'static str>| {
            let mut fields = vec![(":method", "GET"), (":scheme", "http"), (":path", path)];
            fields.extend(authority.map(|authority| (":authority", authority)));
            fields
        };
        let more = |fields: Vec<_>, field| [fields, vec![field]].concat();
        // Those that are answered, and those that h2 resets as malformed.
        let answered = [
            ("no host", pseudo("/", None), "there is no host\n"),
            (
                "another host",
                more(pseudo("/", Some("crab")), ("host", "shrimp")),
                "the host is another one than the authority\n",
            ),
            ("userinfo", pseudo("/", Some("shell@crab")), "the host is none\n"),
            ("* with GET", pseudo("*", Some("crab")), "the target * is for OPTIONS\n"),
            ("a host alone", more(pseudo("/", None), ("host", "crab")), "Hello, crabs!"),
            ("the same host", more(pseudo("/", Some("crab")), ("host", "crab")), "Hello, crabs!"),
            (
                "CONNECT",
                vec![(":method", "CONNECT"), (":authority", "crab:80")],
                "this is no proxy: there is no CONNECT\n",
            ),
        ];
        let reset = [
            ("connection", more(pseudo("/", Some("crab")), ("connection", "close"))),
            ("te", more(pseudo("/", Some("crab")), ("te", "gzip"))),
            (
                "transfer-encoding",
                more(pseudo("/", Some("crab")), ("transfer-encoding", "chunked")),
            ),
            ("upgrade", more(pseudo("/", Some("crab")), ("upgrade", "h2c"))),
            ("a pseudo-header at the end", more(vec![("a", "b")], (":method", "GET"))),
            ("no path", vec![(":method", "GET"), (":scheme", "http"), (":authority", "crab")]),
        ];
        let mut raw = Raw::new(Conformance::default(), |_, _| {}).await;
        let mut stream = 1;
        for (what, fields, said) in answered {
            raw.say(Frame::new(kind::HEADERS, 5, stream, block(&fields))).await;
            let data = raw.until(kind::DATA).await.unwrap();
            let text = String::from_utf8(data.payload).unwrap();
            expect_eq!(text, said, "{what}");
            stream += 2;
        }
        for (what, fields) in reset {
            raw.say(Frame::new(kind::HEADERS, 5, stream, block(&fields))).await;
            let reset = raw.until(kind::RST_STREAM).await.unwrap_or_else(|| panic!("{what}"));
            expect_eq!((reset.stream, reset.code()), (stream, 1), "{what}: PROTOCOL_ERROR");
            stream += 2;
        }
        // A name that is none ends the connection: h2 takes it for broken compression.
        let fields = more(pseudo("/", Some("crab")), ("X-Legs", "10"));
        raw.say(Frame::new(kind::HEADERS, 5, stream, block(&fields))).await;
        expect_eq!(raw.goodbye().await, Some(1), "upper case: PROTOCOL_ERROR");
    });
}

#[test]
fn what_concerns_the_connection_is_dropped_from_a_response() {
    async fn app(_: Scope, _: Receive, send: Sender) -> Result<(), Error> {
        let start = ResponseStart::new(200)
            .header("connection", "close")
            .header("transfer-encoding", "chunked")
            .header("keep-alive", "5")
            .header("x-legs", "10");
        send.send(start).await?;
        Ok(send.send(ResponseBody::last("crab")).await?)
    }
    watch_async(async {
        let client = client(app, |config, _| {
            config.server = Some(HeaderValue::from_static("tidepool"));
        })
        .await;
        let answer = client.get("/").await;
        let mut names: Vec<_> = answer.headers.keys().map(http::HeaderName::as_str).collect();
        names.sort_unstable();
        expect_eq!(names, ["content-length", "server", "x-legs"], "the fields");
    });
}

#[test]
fn more_streams_than_allowed_wait_in_the_client() {
    watch_async(async {
        let mut raw = Raw::new(Conformance::default(), |_, http2| http2.streams = 2).await;
        for stream in [1, 3, 5] {
            raw.request(stream, 5, "GET", "/sse").await;
        }
        let reset = raw.until(kind::RST_STREAM).await.unwrap();
        expect_eq!((reset.stream, reset.code()), (5, 7), "REFUSED_STREAM");
    });
}

#[test]
fn shutdown_says_goaway_and_ends_what_is_under_way() {
    watch_async(async {
        let diary = Diary::default();
        let http = http_server::Server::with_state(
            Conformance::default(),
            config(&diary),
            State::new(),
            Shutdown::new(),
        );
        let server = Server::on(http, Http2::default());
        let client = client_of(&server, diary, &h2::client::Builder::new()).await;
        let (response, _) = client.begin(get("/sleep?ms=5000"), true);
        expect_eq!(client.get("/").await.status, 200, "before");
        server.http().close_idle();
        expect_eq!(whole(response.await.unwrap()).await.unwrap().body, "slept", "in flight");
        client.driver.await.unwrap().unwrap();
        client.server.await.unwrap();
        assert!(client.send.clone().ready().await.is_err(), "nothing new is begun");
    });
}

#[test]
fn who_has_connected_a_moment_before_the_end_is_waited_for_a_moment() {
    watch_async(async {
        let (server, _) = server(Conformance::default(), |_, _| {});
        let connect = || {
            let (ours, theirs) = tokio::io::duplex(PIPE);
            let server = server.clone();
            (ours, tokio::spawn(async move { server.serve_connection(theirs).await }))
        };
        let (_silent, old) = connect();
        tokio::time::sleep(3 * SECOND).await;
        let ((speaks, _), (_silent, young)) = (connect(), connect());
        tokio::task::yield_now().await;
        let began = tokio::time::Instant::now();
        server.http().close_idle();
        old.await.unwrap();
        expect_eq!(began.elapsed().as_secs(), 0, "seconds for one that was silent before");
        let (mut send, connection) = h2::client::handshake(speaks).await.unwrap();
        let connection = tokio::spawn(connection);
        // GOAWAY comes when the moment is over: to a client that has read it, a request before that would be lost.
        let (response, _) = send.send_request(get("/"), true).unwrap();
        expect_eq!(response.await.unwrap().status().as_u16(), 200, "the status");
        connection.await.unwrap().unwrap();
        young.await.unwrap();
        expect_eq!(began.elapsed().as_secs(), 1, "seconds for one that has connected just before");
    });
}

#[test]
fn a_connection_has_so_many_requests_at_most() {
    watch_async(async {
        let client = client(Conformance::default(), |config, _| config.requests = Some(3)).await;
        for _ in 0..3 {
            expect_eq!(client.get("/").await.status, 200, "the status");
        }
        client.driver.await.unwrap().unwrap();
        client.server.await.unwrap();
    });
}

#[test]
fn too_many_calls_in_flight_are_503() {
    watch_async(async {
        let client = client(Conformance::default(), |config, _| config.in_flight = Some(1)).await;
        let (response, _) = client.begin(get("/sleep?ms=1000"), true);
        tokio::task::yield_now().await;
        let answer = client.get("/").await;
        expect_eq!(
            (answer.status, &answer.headers["retry-after"]),
            (503, &HeaderValue::from(1)),
            "the second"
        );
        expect_eq!(response.await.unwrap().status().as_u16(), 200, "the first");
        expect_eq!(client.get("/").await.status, 200, "afterwards");
    });
}

#[test]
fn files_are_sent_as_over_http_1() {
    use std::io::Write;
    watch_async(async {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(&vec![b'x'; 200_000]).unwrap();
        let path = file.path().to_owned();
        let app = move |scope: Scope, _: Receive, send: Sender| {
            let path = path.clone();
            async move {
                let Scope::Http(scope) = scope else { return Err(scope.unsupported().into()) };
                assert!(scope.extensions.offer(Extension::PathSend));
                let path = if scope.path() == "/" { path } else { "/nowhere/at/all".into() };
                send.send(ResponseStart::new(200)).await?;
                Ok::<(), Error>(send.send(SendEvent::HttpResponsePathSend(path)).await?)
            }
        };
        let client = client(app, |_, _| {}).await;
        let answer = client.get("/").await;
        expect_eq!(answer.body.len(), 200_000, "bytes");
        expect_eq!(answer.headers["content-length"], "200000", "content-length");
        expect_eq!(client.get("/missing").await.status, 500, "a file that is not there");
        let request = Request::builder().method(Method::HEAD).uri("http://crab/").body(());
        let head = client.ask(request.unwrap(), "").await.unwrap();
        expect_eq!(
            (head.headers["content-length"].as_bytes(), &*head.body),
            (&b"200000"[..], ""),
            "HEAD"
        );
    });
}

/// The rules are for all versions, and one event of another protocol is the application's mistake.
#[test]
fn the_version_of_a_response_is_the_server_s() {
    watch_async(async {
        let client = conformance().await;
        let (response, _) = client.begin(get("/"), true);
        expect_eq!(response.await.unwrap().version(), Version::HTTP_2, "the version");
    });
}

#[test]
fn an_application_that_sends_nothing_for_ever_lets_others_run() {
    async fn app(scope: Scope, _: Receive, send: Sender) -> Result<(), Error> {
        let Scope::Http(scope) = scope else { return Err(scope.unsupported().into()) };
        while scope.path() == "/hints" {
            let link = HeaderValue::from_static("</crab.css>; rel=preload; as=style");
            send.send(SendEvent::HttpResponseEarlyHint(vec![link])).await?;
        }
        send.send(ResponseStart::new(200)).await?;
        while scope.path() == "/parts" {
            send.send(ResponseBody::part("")).await?;
        }
        Ok(send.send(ResponseBody::last("fine")).await?)
    }
    watch_async(async {
        let client = client(app, |_, _| {}).await;
        for path in ["/parts", "/hints"] {
            let (_endless, mut stream) = client.begin(get(path), true);
            for _ in 0..3 {
                expect_eq!(client.get("/").await.body, "fine", "beside {path}");
            }
            stream.send_reset(Reason::CANCEL);
            expect_eq!(client.get("/").await.body, "fine", "after {path}");
        }
    });
}

#[test]
fn after_a_whole_response_to_head_an_application_may_go_on() {
    let diary = Diary::default();
    let notes = diary.clone();
    let app = move |_: Scope, _: Receive, send: Sender| {
        let notes = notes.clone();
        async move {
            send.send(ResponseStart::new(200)).await?;
            send.send(ResponseBody::part("two")).await?;
            tokio::task::yield_now().await;
            send.send(ResponseBody::last("parts")).await?;
            tokio::time::sleep(300 * SECOND).await;
            notes.note("the work is done");
            Ok::<(), Error>(())
        }
    };
    watch_async(async move {
        let client = client(app, |_, _| {}).await;
        let request = Request::head("http://crab/").body(()).unwrap();
        expect_eq!(client.ask(request, "").await.unwrap().status, 200, "the status");
        drop(client.send);
        client.server.await.unwrap();
        expect_eq!(diary.lines(), ["the work is done"], "what the application did");
        expect_eq!(client.failures.lines(), Vec::<String>::new(), "nothing is reported");
    });
}

#[test]
fn an_observer_sees_what_is_read_and_what_is_written() {
    watch_async(async {
        let film = Arc::new(Mutex::new(Vec::new()));
        let client = client(Conformance::default(), |_, http2| {
            let film = Arc::clone(&film);
            http2.observer = Some(Observer::new(move |direction, frame| {
                film.lock().unwrap().push(format!("{direction:?} {frame}"));
            }));
        })
        .await;
        expect_eq!(client.get("/").await.body, "Hello, crabs!", "what is answered");
        let film = film.lock().unwrap().clone();
        for seen in [
            "Read SETTINGS, 0 bytes",
            "Written SETTINGS, 0 bytes, ACK",
            "Read SETTINGS, 0 bytes, ACK",
            "Written DATA of stream 1, 13 bytes, END_STREAM",
        ] {
            assert!(film.iter().any(|frame| frame == seen), "{seen}: {film:#?}");
        }
        let heads = |direction: &str| {
            let head = format!("{direction} HEADERS of stream 1");
            film.iter().filter(|frame| frame.starts_with(&head)).count()
        };
        expect_eq!((heads("Read"), heads("Written")), (1, 1), "HEADERS, read and written");
    });
}
