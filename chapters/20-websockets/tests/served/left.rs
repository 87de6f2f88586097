//! A client that leaves while nothing is read, as the application does not receive.

use std::future::pending;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use gateway::{Accept, Address, App, DynApp, Error, Receive, ReceiveEvent, Scope, Sender};
use http_server::{Server, Tcp, Transport};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, DuplexStream, ReadBuf, duplex};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep, timeout};
use websockets::Config;

use crate::common::{Client, Diary, REQUEST, SECOND, described, http};

/// A stream that is told when its client has left, as the kernel tells a socket.
struct Watched {
    stream: DuplexStream,
    left: Arc<Notify>,
}

impl AsyncRead for Watched {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Watched {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

impl Transport for Watched {
    const WATCHES: bool = true;

    fn left(&self, _: bool) -> impl Future<Output = ()> + Send + 'static {
        let left = Arc::clone(&self.left);
        async move { left.notified().await }
    }

    fn reset(&self) {}

    fn addresses(&self) -> (Option<Address>, Option<Address>) {
        (None, None)
    }
}

/// A WebSocket on such a stream, with room for two messages that nobody has received.
async fn watched(app: impl App + 'static) -> (Client, Arc<Notify>) {
    let (failures, left) = (Diary::default(), Arc::new(Notify::new()));
    let config = Config { queue: 2, ..Config::default() };
    let server = Server::new(DynApp::new(app), http(&failures, config));
    let (stream, theirs) = duplex(16 * 1024);
    let stream_of_server = Watched { stream: theirs, left: Arc::clone(&left) };
    let serving = tokio::spawn(server.serve_connection(stream_of_server));
    let mut client = Client::new(stream, serving, failures);
    client.shake_hands(REQUEST).await;
    (client, left)
}

#[tokio::test(start_paused = true)]
async fn an_application_that_does_nothing_is_dropped_in_its_grace_when_its_client_has_left() {
    let stays = |_: Scope, _: Receive, send: Sender| async move {
        send.send(Accept::new()).await?;
        pending().await
    };
    let (mut client, left) = watched(stays).await;
    for number in 0..5 {
        client.text(&number.to_string()).await;
    }
    sleep(SECOND).await;
    assert!(!client.server.is_finished(), "the client is there");
    let began = Instant::now();
    left.notify_one();
    // The stream is not closed, so nothing but that tells.
    (&mut client.server).await.unwrap();
    assert_eq!(
        client.failures.lines(),
        ["an application went on after its client had left, and was dropped"]
    );
    let took = began.elapsed();
    assert!((30 * SECOND..32 * SECOND).contains(&took), "its grace is 30 s, and it took {took:?}");
}

#[tokio::test(start_paused = true)]
async fn when_a_client_has_left_send_is_an_error_and_what_it_had_said_is_received() {
    let (diary, go) = (Diary::default(), Arc::new(Notify::new()));
    let (noted, went) = (diary.clone(), Arc::clone(&go));
    let app = move |_: Scope, mut receive: Receive, send: Sender| {
        let (diary, go) = (noted.clone(), Arc::clone(&went));
        async move {
            send.send(Accept::new()).await?;
            receive.next().await;
            go.notified().await;
            match send.send(gateway::Message::from("still there?")).await {
                Ok(()) => diary.note("sent"),
                Err(error) => diary.note(error.to_string()),
            }
            loop {
                let event = receive.next().await;
                diary.note(described(&event));
                if let ReceiveEvent::WebSocketDisconnect(_) = event {
                    return Ok::<(), Error>(());
                }
            }
        }
    };
    let (mut client, left) = watched(app).await;
    for number in 0..5 {
        client.text(&number.to_string()).await;
    }
    client.close(Some((4000, "bye"))).await;
    sleep(SECOND).await;
    left.notify_one();
    sleep(SECOND).await;
    go.notify_one();
    (&mut client.server).await.unwrap();
    assert_eq!(
        diary.lines(),
        [
            "nothing can be sent: the client is gone",
            "text 0",
            "text 1",
            "text 2",
            "text 3",
            "text 4",
            "disconnect 4000 bye"
        ]
    );
    assert_eq!(client.failures.lines(), Vec::<String>::new());
}

#[tokio::test]
async fn over_tcp_the_kernel_tells_that_a_client_has_left_whom_nobody_reads() {
    let stays = |_: Scope, _: Receive, send: Sender| async move {
        send.send(Accept::new()).await?;
        pending().await
    };
    let failures = Diary::default();
    let config = Config { queue: 1, ..Config::default() };
    // Nobody waits for the call, so that no time has to pass.
    let config =
        http_server::Config { after_disconnect: Duration::ZERO, ..http(&failures, config) };
    let server = Server::new(stays, config);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let stream = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    let (theirs, _) = listener.accept().await.unwrap();
    let serving = tokio::spawn(server.serve_connection(Tcp::new(theirs, None)));
    let mut client = Client::new(stream, serving, failures);
    client.shake_hands(REQUEST).await;
    for _ in 0..100 {
        client.text("crab").await;
    }
    client.stream.shutdown().await.unwrap();
    let noticed = timeout(Duration::from_mins(1), client.server).await;
    noticed.expect("the server notices within a minute").unwrap();
    assert_eq!(
        client.failures.lines(),
        ["an application went on after its client had left, and was dropped"]
    );
}
