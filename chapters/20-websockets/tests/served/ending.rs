//! How a WebSocket ends, and who is told what.

use std::future::pending;

use gateway::{Accept, Close, Error, Message, Receive, ReceiveEvent, Scope, Sender};
use http_server::Server;
use tokio::time::{Instant, sleep};
use websockets::{Config, Event, Patience};

use crate::common::{
    Client, Diary, REQUEST, SECOND, code, described, echo, http, listener, open, text,
};

/// Accepts, and does what the path says; then notes what it is told.
fn ends(diary: &Diary, how: &'static str) -> impl gateway::App + 'static {
    let diary = diary.clone();
    move |_: Scope, mut receive: Receive, send: Sender| {
        let diary = diary.clone();
        async move {
            send.send(Accept::new()).await?;
            assert_eq!(receive.next().await, ReceiveEvent::WebSocketConnect);
            match how {
                "returns" => return Ok(()),
                "fails" => return Err("the tide".into()),
                "panics" => panic!("the tide"),
                _ => send.send(Close::because(4001, "the tide")).await?,
            }
            diary.note(described(&receive.next().await));
            diary.note(described(&receive.next().await));
            Ok(())
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_application_that_ends_without_closing_closes_1000_and_one_that_fails_1011() {
    for (how, code, reports) in [
        ("returns", 1000, &[] as &[&str]),
        ("fails", 1011, &["the application failed: the tide"]),
        ("panics", 1011, &["the application panicked: the tide"]),
    ] {
        let diary = Diary::default();
        let mut client = open(ends(&diary, how), Config::default()).await;
        assert_eq!(client.next().await, Some(Event::Close(Some((code, String::new())))), "{how}");
        client.close(Some((code, ""))).await;
        assert_eq!(client.next().await, None, "{how}");
        assert_eq!(client.reports().await, reports, "{how}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_application_closes_with_code_and_reason_and_is_told_of_it() {
    let diary = Diary::default();
    let mut client = open(ends(&diary, "closes"), Config::default()).await;
    assert_eq!(client.next().await, Some(Event::Close(code(4001, "the tide"))));
    client.close(Some((4001, ""))).await;
    assert_eq!(client.next().await, None);
    assert_eq!(client.reports().await, Vec::<String>::new());
    assert_eq!(diary.lines(), ["disconnect 4001 the tide", "disconnect 4001 the tide"]);
}

#[tokio::test(start_paused = true)]
async fn a_close_of_ours_that_is_not_answered_is_bounded_and_what_comes_meanwhile_is_passed_over() {
    let diary = Diary::default();
    let patience = Patience { close: 3 * SECOND, ..Patience::default() };
    let config = Config { patience, ..Config::default() };
    let mut client = open(ends(&diary, "closes"), config).await;
    let began = Instant::now();
    assert_eq!(client.next().await, Some(Event::Close(code(4001, "the tide"))));
    client.text("still here").await;
    client.binary(&[0; 10_000]).await;
    assert_eq!(client.next().await, None);
    assert_eq!(began.elapsed(), 3 * SECOND);
}

#[tokio::test(start_paused = true)]
async fn both_may_close_at_the_same_time() {
    let diary = Diary::default();
    let mut client = open(ends(&diary, "closes"), Config::default()).await;
    client.close(Some((1001, "away"))).await;
    assert_eq!(client.closed().await, code(4001, "the tide"));
    client.reports().await;
}

#[tokio::test(start_paused = true)]
async fn a_disconnect_has_the_clients_code_or_1005_or_1006() {
    for (close, told) in [
        (Some(Some((1001, "away"))), "disconnect 1001 away"),
        (Some(None), "disconnect 1005"),
        (None, "disconnect 1006"),
    ] {
        let diary = Diary::default();
        let mut client = open(listener(&diary), Config::default()).await;
        if let Some(close) = close {
            client.close(close).await;
        }
        assert_eq!(client.reports().await, Vec::<String>::new());
        assert_eq!(diary.lines(), ["websocket.connect", told]);
    }
}

#[tokio::test(start_paused = true)]
async fn send_after_the_disconnect_is_an_error_to_match_on_and_is_not_reported() {
    let diary = Diary::default();
    let noted = diary.clone();
    let feed = move |_: Scope, _: Receive, send: Sender| {
        let noted = noted.clone();
        async move {
            send.send(Accept::new()).await?;
            loop {
                sleep(SECOND).await;
                if let Err(error) = send.send(Message::from("tide")).await {
                    noted.note(error.to_string());
                    return Err(error.into());
                }
            }
        }
    };
    // Lost, and closed.
    for closes in [false, true] {
        let mut client = open(feed.clone(), Config::default()).await;
        assert_eq!(client.next().await, text("tide"));
        if closes {
            client.close(None).await;
            assert_eq!(client.closed().await, None);
        }
        assert_eq!(client.reports().await, Vec::<String>::new());
    }
    assert_eq!(diary.lines(), ["nothing can be sent: the client is gone"; 2]);
}

#[tokio::test(start_paused = true)]
async fn an_application_that_goes_on_after_the_disconnect_is_dropped_after_its_grace() {
    let stays = |_: Scope, _: Receive, send: Sender| async move {
        send.send(Accept::new()).await?;
        pending().await
    };
    let client = open(stays, Config::default()).await;
    let began = Instant::now();
    let reports = client.reports().await;
    assert_eq!(reports, ["an application went on after its client had left, and was dropped"]);
    assert_eq!(began.elapsed(), 30 * SECOND);
}

/// A server, a client with an open WebSocket, and the end of the server.
async fn served(
    app: impl gateway::App + 'static,
    config: Config,
) -> (Client, tokio::sync::oneshot::Sender<()>) {
    let failures = Diary::default();
    let server = Server::new(app, http(&failures, config));
    let (connect, listener) = tokio::sync::mpsc::unbounded_channel();
    let (stop, stopped) = tokio::sync::oneshot::channel();
    let running = tokio::spawn(async move {
        let dropped = server
            .serve_until(listener, async {
                stopped.await.unwrap();
            })
            .await;
        assert_eq!(dropped, 0, "connections that had to be dropped");
    });
    let (stream, theirs) = tokio::io::duplex(16 * 1024);
    connect.send(theirs).unwrap();
    let mut client = Client::new(stream, running, failures);
    client.shake_hands(REQUEST).await;
    (client, stop)
}

#[tokio::test(start_paused = true)]
async fn at_the_servers_end_a_websocket_is_closed_with_1012_when_it_has_had_its_time() {
    let config = Config { drain: 3 * SECOND, ..Config::default() };
    let (mut client, stop) = served(echo, config).await;
    let began = Instant::now();
    stop.send(()).unwrap();
    sleep(SECOND).await;
    client.text("still?").await;
    assert_eq!(client.next().await, text("still?"));
    assert_eq!(client.next().await, Some(Event::Close(code(1012, "the server goes down"))));
    assert_eq!(began.elapsed(), 3 * SECOND);
    client.close(Some((1012, ""))).await;
    assert_eq!(client.next().await, None);
    assert_eq!(client.reports().await, Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn at_the_servers_end_an_application_is_told_first_and_may_say_goodbye_itself() {
    async fn feed(scope: Scope, _: Receive, send: Sender) -> Result<(), Error> {
        let Scope::WebSocket(scope) = scope else { return Err(scope.unsupported().into()) };
        send.send(Accept::new()).await?;
        scope.shutdown().begun().await;
        send.send(Message::from("the tide is out")).await?;
        Ok(send.send(Close::because(1001, "come again")).await?)
    }
    let (mut client, stop) = served(feed, Config::default()).await;
    stop.send(()).unwrap();
    assert_eq!(client.next().await, text("the tide is out"));
    assert_eq!(client.next().await, Some(Event::Close(code(1001, "come again"))));
    client.close(Some((1001, ""))).await;
    assert_eq!(client.next().await, None);
    client.reports().await;
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_is_cut_tells_whoever_has_its_ends() {
    let diary = Diary::default();
    let noted = diary.clone();
    let app = move |_: Scope, mut receive: Receive, send: Sender| {
        let noted = noted.clone();
        async move {
            send.send(Accept::new()).await?;
            tokio::spawn(async move {
                while !matches!(receive.next().await, ReceiveEvent::WebSocketDisconnect(_)) {}
                noted.note(send.send(Message::from("?")).await.unwrap_err().to_string());
            });
            pending().await
        }
    };
    let client = open(app, Config::default()).await;
    client.server.abort();
    diary.until(1).await;
    assert_eq!(diary.lines(), ["nothing can be sent: the client is gone"]);
}
