//! WebSockets over streams: extended CONNECT (RFC 8441).

use std::future::poll_fn;
use std::task::Poll;

use bytes::Bytes;
use gateway::{
    Accept, App, Close, Error, Message, Receive, ReceiveEvent, ResponseBody, ResponseStart, Scope,
    SendEvent, Sender,
};
use h2::client::ResponseFuture;
use h2::ext::Protocol;
use h2::{Reason, RecvStream, SendStream};
use http::{HeaderMap, Method, Request};
use http_server::Config;
use http2_and_tls::Http2;
use proctor::{expect_eq, watch_async};
use tokio::time::{Instant, sleep};
use websockets::deflate::Settings;
use websockets::{Decoder, Encoder, Event, Limits, Role, WebSockets};

use crate::common::{Client, Diary, SECOND, client, client_of, server, whole};

/// WebSockets with the defaults.
fn sockets(config: &mut Config, _: &mut Http2) {
    config.upgrade = Some(WebSockets::new(websockets::Config::default()));
}

fn ask(path: &str) -> Request<()> {
    let mut request = Request::builder()
        .method(Method::CONNECT)
        .uri(format!("http://crab{path}"))
        .header("sec-websocket-version", "13")
        .body(())
        .unwrap();
    request.extensions_mut().insert(Protocol::from_static("websocket"));
    request
}

/// A WebSocket, from its client's side.
struct Socket {
    headers: HeaderMap,
    send: SendStream<Bytes>,
    body: RecvStream,
    decoder: Decoder,
    encoder: Encoder,
    heard: Vec<u8>,
}

impl Client {
    /// Waits for the server's SETTINGS, without which nobody may ask.
    async fn may_ask(&self) -> bool {
        self.get("/nothing").await;
        self.send.is_extended_connect_protocol_enabled()
    }

    async fn wish(&self, request: Request<()>) -> (ResponseFuture, SendStream<Bytes>) {
        assert!(self.may_ask().await, "extended CONNECT is offered");
        self.begin(request, false)
    }

    async fn open(&self, request: Request<()>) -> Socket {
        let (response, send) = self.wish(request).await;
        Socket::new(response, send).await
    }
}

impl Socket {
    async fn new(response: ResponseFuture, send: SendStream<Bytes>) -> Self {
        let (parts, body) = response.await.unwrap().into_parts();
        expect_eq!(parts.status, 200, "a WebSocket that is accepted");
        let role = Role::Client { key: || [0x37, 0xfa, 0x21, 0x3d] };
        Self {
            headers: parts.headers,
            send,
            body,
            decoder: Decoder::new(role, Limits::default()),
            encoder: Encoder::new(role),
            heard: Vec::new(),
        }
    }

    fn say(&mut self, make: impl FnOnce(&mut Encoder, &mut Vec<u8>)) {
        let mut out = Vec::new();
        make(&mut self.encoder, &mut out);
        self.send.send_data(out.into(), false).unwrap();
    }

    fn text(&mut self, text: &str) {
        self.say(|encoder, out| encoder.text(text, out));
    }

    /// What the server says next; `None` at the end of the stream.
    async fn next(&mut self) -> Option<Event> {
        loop {
            let (used, event) = self.decoder.decode(&mut self.heard).unwrap();
            self.heard.drain(..used);
            if event.is_some() {
                return event;
            }
            let part = self.body.data().await?.expect("the stream is not reset");
            let _ = self.body.flow_control().release_capacity(part.len());
            self.heard.extend_from_slice(&part);
        }
    }
}

fn text(text: &str) -> Event {
    Event::Text(text.to_owned())
}

fn close(code: u16, reason: &str) -> Event {
    Event::Close(Some((code, reason.to_owned())))
}

/// Requests are answered, and each message is sent back.
async fn echo(scope: Scope, mut receive: Receive, send: Sender) -> Result<(), Error> {
    if let Scope::Http(_) = scope {
        send.send(ResponseStart::new(200)).await?;
        return Ok(send.send(ResponseBody::last("a page")).await?);
    }
    send.send(Accept::new()).await?;
    loop {
        match receive.next().await {
            ReceiveEvent::WebSocketReceive(message) => send.send(message).await?,
            ReceiveEvent::WebSocketDisconnect(_) => return Ok(()),
            _ => {}
        }
    }
}

/// Notes all that WebSockets are told.
fn listener(diary: &Diary) -> impl App + 'static {
    let diary = diary.clone();
    move |scope: Scope, mut receive: Receive, send: Sender| {
        let diary = diary.clone();
        async move {
            let Scope::WebSocket(_) = scope else { return echo(scope, receive, send).await };
            send.send(Accept::new()).await?;
            loop {
                match receive.next().await {
                    ReceiveEvent::WebSocketDisconnect(Close { code, reason }) => {
                        diary.note(format!("disconnect {code} {reason}").trim_end());
                        return Ok(());
                    }
                    event => diary.note(event.name()),
                }
            }
        }
    }
}

#[test]
fn extended_connect_is_offered_where_websockets_are_served() {
    watch_async(async {
        let client = client(echo, sockets).await;
        assert!(client.may_ask().await, "with WebSockets, the setting says so");
        let without = crate::common::client(echo, |_, _| {}).await;
        assert!(!without.may_ask().await, "without them, it does not");
        let (response, _) = without.begin(ask("/"), false);
        let error = response.await.unwrap_err();
        expect_eq!(error.reason(), Some(Reason::PROTOCOL_ERROR), "and nobody may ask");
        expect_eq!(without.get("/").await.body, "a page", "a page after that");
    });
}

#[test]
fn a_stream_becomes_a_websocket_with_the_scope_of_one() {
    watch_async(async {
        async fn app(scope: Scope, receive: Receive, send: Sender) -> Result<(), Error> {
            let Scope::WebSocket(socket) = &scope else { return echo(scope, receive, send).await };
            let told = format!(
                "{} {} {} {:?} {:?} {:?}",
                socket.http_version(),
                socket.scheme(),
                socket.path(),
                String::from_utf8_lossy(socket.query_string()),
                socket.subprotocols,
                socket.head.headers["host"],
            );
            let subprotocol = Some("crab.2".parse()?);
            send.send(Accept { subprotocol, ..Accept::new() }).await?;
            Ok(send.send(Message::Text(told)).await?)
        }
        let client = client(app, sockets).await;
        let mut request = ask("/ch%61t?a=%20");
        request.headers_mut().insert("sec-websocket-protocol", "crab.1, crab.2".parse().unwrap());
        let mut socket = client.open(request).await;
        expect_eq!(socket.headers["sec-websocket-protocol"], "crab.2", "the subprotocol");
        for name in ["sec-websocket-accept", "upgrade", "connection", "content-length"] {
            assert!(!socket.headers.contains_key(name), "{name} has no place here");
        }
        let told = r#"2 ws /chat "a=%20" ["crab.1", "crab.2"] "crab""#;
        expect_eq!(socket.next().await, Some(text(told)), "the scope");
        expect_eq!(socket.next().await, Some(close(1000, "")), "an application that returns");
    });
}

#[test]
fn messages_go_both_ways_over_a_stream() {
    watch_async(async {
        let client = client(echo, sockets).await;
        let mut socket = client.open(ask("/")).await;
        socket.text("Hello, crabs!");
        expect_eq!(socket.next().await, Some(text("Hello, crabs!")), "a message");
        // A message of a mebibyte goes through windows of 64 KiB, in frames of 16 KiB.
        let long = "shell".repeat(200_000);
        socket.text(&long);
        let echoed = socket.next().await;
        assert!(echoed == Some(text(&long)), "a long message came back otherwise");
        socket.say(|encoder, out| encoder.ping(b"there?", out));
        expect_eq!(socket.next().await, Some(Event::Pong(b"there?"[..].into())), "a ping");
        socket.say(|encoder, out| encoder.close(Some((4000, "enough")), out));
        expect_eq!(socket.next().await, Some(close(4000, "")), "a close frame");
        expect_eq!(socket.next().await, None, "the end of the stream");
        expect_eq!(client.get("/").await.body, "a page", "a page after that");
        expect_eq!(client.failures.lines(), Vec::<String>::new(), "failures");
    });
}

#[test]
fn messages_are_compressed_over_a_stream() {
    watch_async(async {
        let client = client(echo, |config, _| {
            config.upgrade = Some(WebSockets::new(websockets::Config {
                compression: Some(Settings::default()),
                ..websockets::Config::default()
            }));
        })
        .await;
        let mut request = ask("/");
        let offer = "permessage-deflate; client_max_window_bits".parse().unwrap();
        request.headers_mut().insert("sec-websocket-extensions", offer);
        let mut socket = client.open(request).await;
        let agreed = socket.headers["sec-websocket-extensions"].to_str().unwrap();
        assert!(agreed.starts_with("permessage-deflate"), "{agreed}");
        // What this client says is not compressed, and need not be.
        socket.text(&"crab".repeat(10_000));
        let part = socket.body.data().await.unwrap().unwrap();
        expect_eq!(part[0], 0b1100_0001, "FIN, RSV1, text");
        assert!(part.len() < 1_000, "40,000 bytes came as {}", part.len());
    });
}

#[test]
fn a_reset_is_1006_and_its_neighbours_go_on() {
    watch_async(async {
        let diary = Diary::default();
        let client = client(listener(&diary), sockets).await;
        let mut first = client.open(ask("/")).await;
        let mut second = client.open(ask("/")).await;
        first.send.send_reset(Reason::CANCEL);
        sleep(SECOND).await;
        expect_eq!(
            diary.lines(),
            ["websocket.connect", "websocket.connect", "disconnect 1006"],
            "told"
        );
        second.text("crab");
        sleep(SECOND).await;
        expect_eq!(diary.lines().last().unwrap(), "websocket.receive", "the neighbour");
        expect_eq!(client.get("/").await.body, "a page", "a page beside it");
        expect_eq!(client.failures.lines(), Vec::<String>::new(), "failures");
    });
}

#[test]
fn the_end_of_a_stream_or_of_a_connection_without_a_close_frame_is_1006() {
    watch_async(async {
        let diary = Diary::default();
        let client = client(listener(&diary), sockets).await;
        let mut socket = client.open(ask("/")).await;
        socket.send.send_data(Bytes::new(), true).unwrap();
        expect_eq!(socket.next().await, None, "the server ends its side as well");
        expect_eq!(diary.lines(), ["websocket.connect", "disconnect 1006"], "END_STREAM");
        let socket = client.open(ask("/")).await;
        client.driver.abort();
        client.server.await.unwrap();
        expect_eq!(
            diary.lines().split_off(2),
            ["websocket.connect", "disconnect 1006"],
            "no connection"
        );
        drop(socket);
    });
}

#[test]
fn a_client_that_resets_before_the_answer_is_gone() {
    watch_async(async {
        let diary = Diary::default();
        let app = {
            let diary = diary.clone();
            move |scope: Scope, mut receive: Receive, send: Sender| {
                let diary = diary.clone();
                async move {
                    let Scope::WebSocket(_) = scope else {
                        return echo(scope, receive, send).await;
                    };
                    receive.next().await;
                    diary.note(format!("{:?}", receive.next().await));
                    diary.note(format!("{:?}", send.send(Accept::new()).await.is_err()));
                    Ok(())
                }
            }
        };
        let client = client(app, sockets).await;
        let (_response, mut send) = client.wish(ask("/")).await;
        sleep(SECOND).await;
        send.send_reset(Reason::CANCEL);
        sleep(SECOND).await;
        let noted = diary.lines();
        expect_eq!(noted.len(), 2, "it returns, and is told: {noted:?}");
        assert!(noted[0].contains("1006"), "the disconnect: {noted:?}");
        expect_eq!(noted[1], "true", "an accept is an error");
        expect_eq!(client.get("/").await.body, "a page", "a page after that");
    });
}

#[test]
fn an_application_may_deny_with_a_response() {
    watch_async(async {
        async fn app(scope: Scope, mut receive: Receive, send: Sender) -> Result<(), Error> {
            let Scope::WebSocket(socket) = &scope else { return echo(scope, receive, send).await };
            receive.next().await;
            let part = |part| send.send(SendEvent::WebSocketResponseBody(part));
            let start = ResponseStart::new(401).header("x-legs", "10");
            match &*socket.path() {
                "/close" => return Ok(send.send(Close::default()).await?),
                "/fail" => return Err("on purpose".into()),
                "/none" => return Ok(()),
                _ => send.send(SendEvent::WebSocketResponseStart(start)).await?,
            }
            if socket.path() == "/one" {
                return Ok(part(ResponseBody::last("no shell, no entry")).await?);
            }
            for _ in 0..100 {
                part(ResponseBody::part(vec![b'~'; 10_000])).await?;
            }
            if socket.path() == "/cut" {
                return Err("in the middle".into());
            }
            Ok(part(ResponseBody::last("")).await?)
        }
        let client = client(app, sockets).await;
        for (path, status, body) in [
            ("/close", 403, String::new()),
            ("/fail", 500, "Internal Server Error\n".to_owned()),
            ("/none", 500, "Internal Server Error\n".to_owned()),
            ("/one", 401, "no shell, no entry".to_owned()),
            ("/many", 401, "~".repeat(1_000_000)),
        ] {
            let (response, _send) = client.wish(ask(path)).await;
            let answer = whole(response.await.unwrap()).await.unwrap();
            expect_eq!(answer.status, status, "{path}");
            assert!(answer.body == body, "{path}: {} bytes came", answer.body.len());
            let legs = answer.headers.get("x-legs").is_some();
            expect_eq!(legs, status == 401, "the application's fields, {path}");
            let length =
                answer.headers.get("content-length").map(|length| length.to_str().unwrap());
            let expected = body.len().to_string();
            let known = (path != "/many").then_some(&*expected);
            expect_eq!(length, known, "content-length, {path}");
        }
        let (response, _send) = client.wish(ask("/cut")).await;
        let response = response.await.unwrap();
        expect_eq!(response.status(), 401, "a denial that is cut");
        let error = whole(response).await.unwrap_err();
        expect_eq!(error.reason(), Some(Reason::INTERNAL_ERROR), "how it is cut");
        let failures = client.failures.lines();
        expect_eq!(failures.len(), 3, "failures that are reported: {failures:#?}");
    });
}

#[test]
fn a_denial_that_nobody_reads_is_cut() {
    watch_async(async {
        async fn app(scope: Scope, receive: Receive, send: Sender) -> Result<(), Error> {
            let Scope::WebSocket(_) = scope else { return echo(scope, receive, send).await };
            send.send(SendEvent::WebSocketResponseStart(ResponseStart::new(401))).await?;
            loop {
                let part = ResponseBody::part(vec![b'~'; 10_000]);
                send.send(SendEvent::WebSocketResponseBody(part)).await?;
            }
        }
        let client = client(app, sockets).await;
        let (response, _send) = client.wish(ask("/")).await;
        let mut body = response.await.unwrap().into_body();
        let began = Instant::now();
        let error = loop {
            // Nothing is released: the window closes.
            match body.data().await {
                Some(Ok(_)) => {}
                Some(Err(error)) => break error,
                None => panic!("it ended as if it were whole"),
            }
        };
        expect_eq!(error.reason(), Some(Reason::CANCEL), "how it is cut");
        expect_eq!(began.elapsed().as_secs(), 30, "seconds");
    });
}

#[test]
fn what_is_asked_in_the_wrong_way_is_refused() {
    watch_async(async {
        let client = client(echo, sockets).await;
        let mut other = ask("/");
        other.extensions_mut().insert(Protocol::from_static("crab"));
        let mut old = ask("/");
        old.headers_mut().insert("sec-websocket-version", "8".parse().unwrap());
        let mut twice = ask("/");
        twice.headers_mut().insert("host", "lobster".parse().unwrap());
        let plain = Request::builder().method(Method::CONNECT).uri("crab:80").body(()).unwrap();
        let cases = [(other, 501), (old, 426), (twice, 400), (plain, 501)];
        for (number, (request, status)) in cases.into_iter().enumerate() {
            let (response, _send) = client.wish(request).await;
            let response = response.await.unwrap();
            expect_eq!(response.status(), status, "case {number}");
            let version = response.headers().get("sec-websocket-version");
            expect_eq!(version.is_some(), status == 426, "which version is spoken, case {number}");
        }
        expect_eq!(client.get("/").await.body, "a page", "a page after that");
    });
}

#[test]
fn a_websocket_is_a_call_in_flight() {
    watch_async(async {
        let client = client(echo, |config, http2| {
            sockets(config, http2);
            config.in_flight = Some(1);
        })
        .await;
        let mut socket = client.open(ask("/")).await;
        expect_eq!(client.get("/").await.status, 503, "a page meanwhile");
        let (response, _send) = client.begin(ask("/"), false);
        expect_eq!(response.await.unwrap().status(), 503, "another WebSocket");
        socket.say(|encoder, out| encoder.close(None, out));
        while socket.next().await.is_some() {}
        expect_eq!(client.get("/").await.status, 200, "a page afterwards");
    });
}

/// Polls until nothing more can be done without time going by.
async fn settle() {
    sleep(SECOND / 100).await;
}

#[test]
fn a_websocket_whose_client_opens_no_window_waits_and_its_neighbours_do_not() {
    watch_async(async {
        let diary = Diary::default();
        let app = {
            let diary = diary.clone();
            move |scope: Scope, receive: Receive, send: Sender| {
                let diary = diary.clone();
                async move {
                    let Scope::WebSocket(_) = scope else {
                        return echo(scope, receive, send).await;
                    };
                    send.send(Accept::new()).await?;
                    for _ in 0..1_000 {
                        send.send(Message::Binary(vec![7; 10_000].into())).await?;
                        diary.note("sent");
                    }
                    Ok(())
                }
            }
        };
        let (server, failures) = server(app, sockets);
        let mut builder = h2::client::Builder::new();
        builder.initial_window_size(100_000).initial_connection_window_size(10_000_000);
        let client = client_of(&server, failures, &builder).await;
        let (response, send) = client.wish(ask("/")).await;
        let mut socket = Socket::new(response, send).await;
        settle().await;
        let waiting = diary.lines().len();
        // A window of 100,000, what h2 holds, and twice what the WebSocket does, with a message on top.
        assert!((10..=40).contains(&waiting), "{waiting} messages of 10,000 bytes were taken");
        settle().await;
        expect_eq!(diary.lines().len(), waiting, "messages, a little later");
        expect_eq!(client.get("/").await.body, "a page", "a page beside it");
        for number in 0..1_000 {
            let Some(Event::Binary(message)) = socket.next().await else {
                panic!("message {number} was expected");
            };
            expect_eq!(message.len(), 10_000, "bytes of message {number}");
        }
        expect_eq!(socket.next().await, Some(close(1000, "")), "the end");
    });
}

#[test]
fn an_application_that_does_not_receive_holds_its_client_and_no_other() {
    watch_async(async {
        async fn app(scope: Scope, mut receive: Receive, send: Sender) -> Result<(), Error> {
            let Scope::WebSocket(_) = &scope else { return echo(scope, receive, send).await };
            send.send(Accept::new()).await?;
            sleep(60 * SECOND).await;
            for _ in 0..1_000 {
                receive.next().await;
            }
            Ok(())
        }
        let client = client(app, sockets).await;
        let mut socket = client.open(ask("/")).await;
        let mut out = Vec::new();
        for _ in 0..1_000 {
            socket.encoder.binary(&[7; 10_000], &mut out);
        }
        let mut out = Bytes::from(out);
        let mut sent = 0;
        let mut stalled = false;
        while !out.is_empty() {
            socket.send.reserve_capacity(out.len());
            let room = poll_fn(|cx| match socket.send.poll_capacity(cx) {
                Poll::Ready(room) => Poll::Ready(room.unwrap().ok()),
                Poll::Pending => Poll::Pending,
            });
            let Ok(room) = tokio::time::timeout(10 * SECOND, room).await else {
                assert!(sent < 1_000_000, "{sent} bytes were taken from the client");
                expect_eq!(client.get("/").await.body, "a page", "a page beside it");
                stalled = true;
                continue;
            };
            let piece = out.split_to(room.expect("the stream is open").min(out.len()));
            sent += piece.len();
            socket.send.send_data(piece, false).unwrap();
        }
        assert!(stalled, "all was taken at once");
        expect_eq!(socket.next().await, Some(close(1000, "")), "all was received");
    });
}

#[test]
fn shutdown_closes_the_websockets_of_a_connection_with_1012() {
    watch_async(async {
        let (server, failures) = server(echo, sockets);
        let client = client_of(&server, failures, &h2::client::Builder::new()).await;
        let mut socket = client.open(ask("/")).await;
        socket.text("crab");
        expect_eq!(socket.next().await, Some(text("crab")), "before the end");
        let began = Instant::now();
        server.http().close_idle();
        server.http().shutdown().begin();
        expect_eq!(socket.next().await, Some(close(1012, "the server goes down")), "the goodbye");
        expect_eq!(began.elapsed().as_secs(), 1, "seconds that it may drain");
        socket.say(|encoder, out| encoder.close(Some((1012, "")), out));
        expect_eq!(socket.next().await, None, "the end of the stream");
        client.server.await.unwrap();
        assert!(client.driver.await.unwrap().is_ok(), "GOAWAY says that it is no failure");
    });
}
