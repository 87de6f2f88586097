//! The servers that are compared, each with the same echo.

use std::io;
use std::time::Duration;

use axum::Router;
use axum::extract::ws::{WebSocket, WebSocketUpgrade};
use axum::routing::any;
use axum::serve::ListenerExt;
use gateway::{Accept, Error, Receive, ReceiveEvent, Scope, Sender};
use tokio::net::TcpListener;
use websockets::WebSockets;

/// What the servers are called.
pub const WAYS: [&str; 2] = ["axum", "tidepool"];

/// Serves for ever.
pub async fn serve(way: &str, listener: TcpListener, _: Duration) -> io::Result<()> {
    match way {
        "axum" => with_axum(listener).await,
        "tidepool" => ours(listener).await,
        _ => Err(io::Error::other(format!("there is no server {way}"))),
    }
}

async fn ours(listener: TcpListener) -> io::Result<()> {
    let config = http_server::Config {
        upgrade: Some(WebSockets::new(websockets::Config::default())),
        ..http_server::Config::default()
    };
    http_server::serve(listener, echo, config).await
}

async fn echo(scope: Scope, mut receive: Receive, send: Sender) -> Result<(), Error> {
    let Scope::WebSocket(_) = scope else { return Err(scope.unsupported().into()) };
    // axum's handler has no request either while it talks.
    drop(scope);
    receive.next().await;
    send.send(Accept::new()).await?;
    while let ReceiveEvent::WebSocketReceive(message) = receive.next().await {
        send.send(message).await?;
    }
    Ok(())
}

async fn with_axum(listener: TcpListener) -> io::Result<()> {
    let upgrade = async |upgrade: WebSocketUpgrade| upgrade.on_upgrade(axum_echo);
    let listener = listener.tap_io(|stream| {
        let _ = stream.set_nodelay(true);
    });
    axum::serve(listener, Router::new().route("/", any(upgrade))).await
}

async fn axum_echo(mut socket: WebSocket) {
    while let Some(Ok(message)) = socket.recv().await {
        if socket.send(message).await.is_err() {
            break;
        }
    }
}
