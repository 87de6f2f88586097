//! An echo, and a visitor.
//!
//! ```text
//! cargo run -p websockets --example echo_socket
//! ```
//!
//! python/echo_socket.py says the same, line for line.

use gateway::{Accept, Error, Receive, ReceiveEvent, Scope, Sender};
use tokio::net::{TcpListener, TcpStream};
use websockets::{Event, WebSockets};

mod visitor;

use visitor::Visitor;

// ANCHOR: app
async fn echo(scope: Scope, mut receive: Receive, send: Sender) -> Result<(), Error> {
    let Scope::WebSocket(_) = scope else { return Err(scope.unsupported().into()) };
    receive.next().await; // websocket.connect
    send.send(Accept::new()).await?;
    loop {
        match receive.next().await {
            ReceiveEvent::WebSocketReceive(message) => send.send(message).await?,
            ReceiveEvent::WebSocketDisconnect(close) => {
                println!("server   {} '{}'", close.code, close.reason);
                break Ok(());
            }
            _ => {}
        }
    }
}
// ANCHOR_END: app

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    // ANCHOR: served
    let config = http_server::Config {
        upgrade: Some(WebSockets::new(websockets::Config::default())),
        ..http_server::Config::default()
    };
    // ANCHOR_END: served
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let at = listener.local_addr()?;
    let serving = tokio::spawn(http_server::serve(listener, echo, config));

    let mut ada = Visitor::new(TcpStream::connect(at).await?, "/").await?;
    ada.says("How are the crabs?").await?;
    if let Event::Text(text) = ada.hears().await? {
        println!("client   '{text}'");
    }
    ada.says(vec![0, 1]).await?;
    if let Event::Binary(bytes) = ada.hears().await? {
        println!("client   b'{}'", bytes.escape_ascii());
    }
    ada.pings().await?;
    if let Event::Pong(_) = ada.hears().await? {
        println!("client   has its pong");
    }
    ada.leaves(1000, "bye").await?;
    tokio::task::yield_now().await;
    serving.abort();
    Ok(())
}
