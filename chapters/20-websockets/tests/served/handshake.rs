//! From a request to a WebSocket, or to something else.

use std::future::pending;
use std::time::Duration;

use gateway::{
    Accept, Close, Error, Message, Receive, ReceiveEvent, ResponseBody, ResponseStart, Scope,
    SendEvent, Sender, Shutdown, State,
};
use http_server::Server;
use tokio::time::Instant;
use websockets::Config;

use crate::common::{
    Client, Diary, REQUEST, SECOND, connect, connect_to, described, echo, http, open, request, text,
};

#[tokio::test(start_paused = true)]
async fn a_handshake_is_answered_as_the_rfc_says() {
    let mut client = connect(echo, Config::default());
    let head = client.shake_hands(REQUEST).await;
    assert_eq!(
        head,
        "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
        sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"
    );
}

#[tokio::test(start_paused = true)]
async fn a_websocket_scope_is_as_that_of_a_request_without_method_and_with_subprotocols() {
    let seen = Diary::default();
    let diary = seen.clone();
    let app = move |scope: Scope, _: Receive, send: Sender| {
        let diary = diary.clone();
        async move {
            let Scope::WebSocket(scope) = scope else { return Err(scope.unsupported().into()) };
            diary.note(scope.scheme());
            diary.note(scope.http_version());
            diary.note(scope.path());
            diary.note(String::from_utf8_lossy(scope.raw_path()));
            diary.note(String::from_utf8_lossy(scope.query_string()));
            diary.note(scope.root_path());
            diary.note(scope.header("host").unwrap_or_default());
            diary.note(scope.subprotocols.join(" "));
            diary.note(scope.state.get::<u8>().unwrap_or(&0).to_string());
            diary.note(format!("{:?}", scope.extensions));
            let subprotocol = Some("crab.v2".parse()?);
            let headers = [("x-legs".parse()?, "10".parse()?)].into_iter().collect();
            Ok(send.send(Accept { subprotocol, headers }).await?)
        }
    };
    let mut client = connect_to(|failures| {
        let config = http_server::Config {
            root_path: "/pool".to_owned(),
            ..http(failures, Config::default())
        };
        let mut state = State::new();
        state.insert(7_u8);
        Server::with_state(app, config, state, Shutdown::new())
    });
    let asked = request("sec-websocket-protocol: crab.v3, crab.v2")
        .replace("/chat", "/pool/ch%20at?tide=low");
    let head = client.shake_hands(&asked).await;
    assert!(head.contains("\r\nsec-websocket-protocol: crab.v2\r\n"), "{head}");
    assert!(head.contains("\r\nx-legs: 10\r\n"), "{head}");
    assert_eq!(
        seen.lines(),
        [
            "ws",
            "1.1",
            "/pool/ch at",
            "/pool/ch%20at",
            "tide=low",
            "/pool",
            "crab",
            "crab.v3 crab.v2",
            "7",
            r#"{"websocket.http.response"}"#,
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn a_handshake_in_the_wrong_way_is_refused_and_the_application_is_not_called() {
    let wrong = [
        (REQUEST.replace("GET", "POST"), "405 Method Not Allowed", "allow: GET"),
        (
            REQUEST.replace("version: 13", "version: 8"),
            "426 Upgrade Required",
            "sec-websocket-version: 13",
        ),
        (REQUEST.replace("Upgrade\r\n", "keep-alive\r\n"), "400 Bad Request", ""),
        (REQUEST.replace("dGhl", ""), "400 Bad Request", ""),
        (format!("{}crab", request("content-length: 4")), "400 Bad Request", ""),
    ];
    for (request, status, field) in wrong {
        let app = |_: Scope, _: Receive, _: Sender| async { panic!("it is not to be called") };
        let mut client = connect(app, Config::default());
        client.say(&request).await;
        let response = client.rest().await;
        assert!(response.starts_with(&format!("HTTP/1.1 {status}\r\n")), "{request}{response}");
        assert!(response.contains(field), "{request}{response}");
        assert_eq!(client.reports().await, Vec::<String>::new());
    }
}

#[tokio::test(start_paused = true)]
async fn without_the_hook_or_for_another_protocol_it_is_a_request_like_others() {
    async fn kind(scope: Scope, _: Receive, send: Sender) -> Result<(), Error> {
        send.send(ResponseStart::new(200)).await?;
        Ok(send.send(ResponseBody::last(scope.kind())).await?)
    }
    let no_hook = |failures: &Diary| {
        let config = http(failures, Config::default());
        Server::new(kind, http_server::Config { upgrade: None, ..config })
    };
    let mut client = connect_to(no_hook);
    client.say(request("connection: close")).await;
    assert!(client.rest().await.ends_with("\r\n\r\nhttp"));
    for asked in [
        REQUEST.replace("upgrade: websocket", "upgrade: h2c"),
        REQUEST.replace("HTTP/1.1", "HTTP/1.0"),
    ] {
        let mut client = connect(kind, Config::default());
        client.say(asked.replace("connection: Upgrade", "connection: close, upgrade")).await;
        assert!(client.rest().await.ends_with("\r\n\r\nhttp"), "{asked}");
    }
}

/// Refuses, each path in another way.
async fn refuses(scope: Scope, mut receive: Receive, send: Sender) -> Result<(), Error> {
    let Scope::WebSocket(scope) = scope else { return Err(scope.unsupported().into()) };
    let response = |more_body| {
        let start = ResponseStart::new(401)
            .header("www-authenticate", "Shell")
            .header("content-length", "3");
        let body = ResponseBody { body: "show your shell\n".into(), more_body };
        (SendEvent::WebSocketResponseStart(start), SendEvent::WebSocketResponseBody(body))
    };
    match &*scope.path() {
        "/close" => send.send(Close::default()).await?,
        "/response" => {
            let (start, body) = response(false);
            send.send(start).await?;
            send.send(body).await?;
        }
        "/parts" => {
            let (start, body) = response(true);
            send.send(start).await?;
            for _ in 0..1000 {
                send.send(body.clone()).await?;
            }
            send.send(SendEvent::WebSocketResponseBody(ResponseBody::last("the end"))).await?;
        }
        "/half" => {
            let (start, body) = response(true);
            send.send(start).await?;
            send.send(body).await?;
            tokio::task::yield_now().await;
            return Ok(());
        }
        "/start" => return Ok(send.send(response(true).0).await?),
        "/fails" => return Err("no shell".into()),
        "/panics" => panic!("no shell"),
        _ => return Ok(()),
    }
    // What a refused call is told, over and over.
    for told in ["websocket.connect", "disconnect 1006", "disconnect 1006"] {
        assert_eq!(described(&receive.next().await), told);
    }
    Ok(())
}

async fn refused(path: &str) -> (String, Vec<String>) {
    let mut client = connect(refuses, Config::default());
    client.say(REQUEST.replace("/chat", path)).await;
    let response = client.rest().await;
    (response, client.reports().await)
}

#[tokio::test(start_paused = true)]
async fn a_close_before_accept_is_403() {
    let (response, reports) = refused("/close").await;
    assert_eq!(
        response,
        "HTTP/1.1 403 Forbidden\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
    );
    assert_eq!(reports, Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn a_denial_is_a_response_with_head_and_body() {
    let (response, reports) = refused("/response").await;
    assert_eq!(
        response,
        "HTTP/1.1 401 Unauthorized\r\nwww-authenticate: Shell\r\nconnection: close\r\ncontent-length: 16\r\n\r\nshow your shell\n"
    );
    assert_eq!(reports, Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn a_denial_in_parts_is_streamed_and_waits_for_a_client_that_does_not_read() {
    let (response, reports) = refused("/parts").await;
    assert!(response.contains("transfer-encoding: chunked\r\n"), "{response}");
    assert_eq!(response.matches("show your shell").count(), 1000);
    assert!(response.ends_with("7\r\nthe end\r\n0\r\n\r\n"), "{response}");
    assert_eq!(reports, Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn a_denial_that_breaks_off_is_a_visible_truncation() {
    let (response, reports) = refused("/half").await;
    assert!(response.contains("show your shell") && !response.ends_with("0\r\n\r\n"), "{response}");
    assert_eq!(reports.len(), 1, "{reports:?}");
}

#[tokio::test(start_paused = true)]
async fn an_application_that_fails_or_returns_without_an_answer_yields_500() {
    for (path, report) in [
        ("/fails", "the application failed: no shell"),
        ("/panics", "the application panicked: no shell"),
        ("/none", "the application returned without a response"),
        ("/start", "the application returned in the middle of its response"),
    ] {
        let (response, reports) = refused(path).await;
        assert!(response.starts_with("HTTP/1.1 500 "), "{path}: {response}");
        assert_eq!(reports, [report], "{path}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_accept_that_the_client_did_not_offer_is_an_error_out_of_send() {
    async fn app(_: Scope, _: Receive, send: Sender) -> Result<(), Error> {
        let unasked = Accept { subprotocol: Some("crab.v9".parse()?), ..Accept::new() };
        let error = send.send(unasked).await.unwrap_err().to_string();
        assert!(error.contains("crab.v9") && error.ends_with("crab.v1"), "{error}");
        let headers = [("sec-websocket-accept".parse()?, "crab".parse()?)].into_iter().collect();
        let error = send.send(Accept { headers, ..Accept::new() }).await.unwrap_err().to_string();
        assert!(error.contains("sec-websocket-accept"), "{error}");
        // What is refused has changed nothing.
        send.send(Accept::new()).await?;
        Ok(send.send(Message::from("accepted")).await?)
    }
    let mut client = connect(app, Config::default());
    client.shake_hands(&request("sec-websocket-protocol: crab.v1")).await;
    assert_eq!(client.next().await, text("accepted"));
    assert_eq!(client.reports().await, Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn what_is_sent_with_the_accept_leaves_with_the_head_and_what_came_behind_the_request_is_read()
 {
    async fn greets(_: Scope, mut receive: Receive, send: Sender) -> Result<(), Error> {
        send.send(Accept::new()).await?;
        send.send(Message::from("welcome")).await?;
        loop {
            if let ReceiveEvent::WebSocketReceive(message) = receive.next().await {
                send.send(message).await?;
            }
        }
    }
    let mut client = connect(greets, Config::default());
    // Clients should wait for the answer, and not all do. The frames are no HTTP: the scanner refuses them, and they are kept.
    let mut words = REQUEST.as_bytes().to_vec();
    for message in ["one", "two\r\nthree\n", "four"] {
        words.extend(client.frames(|encoder, out| encoder.text(message, out)));
    }
    client.say(words).await;
    let head = client.head().await;
    assert!(head.starts_with("HTTP/1.1 101 "), "{head}");
    for message in ["welcome", "one", "two\r\nthree\n", "four"] {
        assert_eq!(client.next().await, text(message));
    }
}

#[tokio::test(start_paused = true)]
async fn a_handshake_is_answered_in_its_turn_among_pipelined_requests() {
    async fn app(scope: Scope, receive: Receive, send: Sender) -> Result<(), Error> {
        if let Scope::WebSocket(_) = scope {
            return echo(scope, receive, send).await;
        }
        tokio::time::sleep(SECOND).await;
        send.send(ResponseStart::new(200)).await?;
        Ok(send.send(ResponseBody::last("crab".repeat(1000))).await?)
    }
    let mut client = connect(app, Config::default());
    let get = "GET / HTTP/1.1\r\nhost: crab\r\n\r\n";
    client.say(format!("{get}{get}{REQUEST}")).await;
    for _ in 0..2 {
        assert!(client.head().await.starts_with("HTTP/1.1 200 OK"));
        client.skip(4000).await;
    }
    assert!(client.head().await.starts_with("HTTP/1.1 101 "));
    client.text("crab").await;
    assert_eq!(client.next().await, text("crab"));
}

#[tokio::test(start_paused = true)]
async fn work_that_goes_on_after_an_earlier_response_does_so_beside_the_websocket() {
    let (seen, diary) = (Diary::default(), Diary::default());
    let noted = seen.clone();
    let app = move |scope: Scope, receive: Receive, send: Sender| {
        let noted = noted.clone();
        async move {
            if let Scope::WebSocket(_) = scope {
                return echo(scope, receive, send).await;
            }
            send.send(ResponseStart::new(200)).await?;
            send.send(ResponseBody::last("crab")).await?;
            tokio::time::sleep(SECOND).await;
            noted.note("worked on");
            Ok(())
        }
    };
    drop(diary);
    let mut client = connect(app, Config::default());
    client.say("GET / HTTP/1.1\r\nhost: crab\r\n\r\n").await;
    client.head().await;
    client.skip(4).await;
    client.shake_hands(REQUEST).await;
    assert_eq!(seen.lines(), Vec::<String>::new());
    tokio::time::sleep(2 * SECOND).await;
    assert_eq!(seen.lines(), ["worked on"]);
    client.text("crab").await;
    assert_eq!(client.next().await, text("crab"));
    assert_eq!(client.reports().await, Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn an_application_that_does_not_answer_a_handshake_is_bounded() {
    let diary = Diary::default();
    let noted = diary.clone();
    let app = move |_: Scope, mut receive: Receive, _: Sender| {
        let noted = noted.clone();
        async move {
            noted.note(described(&receive.next().await));
            noted.note(described(&receive.next().await));
            Ok(())
        }
    };
    let mut client = connect(app, Config { handshake: 3 * SECOND, ..Config::default() });
    let began = Instant::now();
    client.say(REQUEST).await;
    assert!(client.head().await.starts_with("HTTP/1.1 503 "));
    assert_eq!(began.elapsed(), 3 * SECOND);
    assert_eq!(client.reports().await, Vec::<String>::new());
    assert_eq!(diary.lines(), ["websocket.connect", "disconnect 1006"]);
}

#[tokio::test(start_paused = true)]
async fn an_application_whose_client_leaves_during_the_handshake_is_told_and_has_its_grace() {
    let diary = Diary::default();
    let noted = diary.clone();
    let app = move |_: Scope, mut receive: Receive, send: Sender| {
        let noted = noted.clone();
        async move {
            noted.note(described(&receive.next().await));
            noted.note(described(&receive.next().await));
            noted.note(send.send(Accept::new()).await.unwrap_err().to_string());
            pending().await
        }
    };
    let began = Instant::now();
    let mut client = connect(app, Config::default());
    client.say(REQUEST).await;
    diary.until(1).await;
    let reports = client.reports().await;
    assert_eq!(
        diary.lines(),
        ["websocket.connect", "disconnect 1006", "nothing can be sent: the client is gone"]
    );
    assert_eq!(reports, ["an application went on after its client had left, and was dropped"]);
    assert_eq!(began.elapsed(), Duration::from_secs(30));
}

#[tokio::test(start_paused = true)]
async fn websockets_count_among_the_calls_in_flight() {
    let failures = Diary::default();
    let config = http_server::Config { in_flight: Some(1), ..http(&failures, Config::default()) };
    let server = Server::new(echo, config);
    let connect = || {
        let (stream, theirs) = tokio::io::duplex(16 * 1024);
        Client::new(stream, tokio::spawn(server.serve_connection(theirs)), failures.clone())
    };
    let mut first = connect();
    first.shake_hands(REQUEST).await;
    let mut second = connect();
    second.say(REQUEST).await;
    let head = second.head().await;
    assert!(head.starts_with("HTTP/1.1 503 ") && head.contains("retry-after: 1"), "{head}");
    first.close(None).await;
    first.closed().await;
    assert_eq!(first.reports().await, Vec::<String>::new());
    let mut third = connect();
    third.shake_hands(REQUEST).await;
}

#[tokio::test(start_paused = true)]
async fn compression_is_agreed_on_where_it_is_wanted_by_both() {
    const OFFER: &str = "sec-websocket-extensions: permessage-deflate; client_max_window_bits";
    let on =
        Config { compression: Some(websockets::deflate::Settings::default()), ..Config::default() };
    let mut client = connect(echo, on.clone());
    let head = client.shake_hands(&request(OFFER)).await;
    let agreed = "permessage-deflate; server_no_context_takeover; client_no_context_takeover\r\n";
    assert!(head.contains(&format!("\r\nsec-websocket-extensions: {agreed}")), "{head}");
    let head = connect(echo, on).shake_hands(REQUEST).await;
    assert!(!head.contains("extensions"), "the client has not offered it: {head}");
    let head = connect(echo, Config::default()).shake_hands(&request(OFFER)).await;
    assert!(!head.contains("extensions"), "the server does not want it: {head}");
    drop(open(echo, Config::default()).await);
}
