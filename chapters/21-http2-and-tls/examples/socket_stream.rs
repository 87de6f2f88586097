//! A WebSocket on a stream of HTTP/2, and each frame that passes.
//!
//! ```text
//! cargo run -p http2-and-tls --example socket_stream
//! ```

#[expect(dead_code, reason = "nobody uploads")]
mod browser;
mod tap;

use browser::{Browser, hears};
use bytes::Bytes;
use gateway::{Accept, Error, Receive, ReceiveEvent, ResponseBody, ResponseStart, Scope, Sender};
use http_server::Config;
use http2_and_tls::{Http2, Server};
use tap::Tap;
use tokio::io::duplex;
use websockets::WebSockets;

// ANCHOR: app
async fn site(scope: Scope, mut receive: Receive, send: Sender) -> Result<(), Error> {
    let Scope::WebSocket(scope) = scope else {
        send.send(ResponseStart::new(200)).await?;
        return Ok(send.send(ResponseBody::last("Say something.\n")).await?);
    };
    receive.next().await; // websocket.connect
    println!("a WebSocket over HTTP/{}", scope.http_version());
    send.send(Accept::new()).await?;
    while let ReceiveEvent::WebSocketReceive(message) = receive.next().await {
        send.send(message).await?;
    }
    Ok(())
}
// ANCHOR_END: app

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() -> Result<(), h2::Error> {
    let upgrade = Some(WebSockets::new(websockets::Config::default()));
    let config = Config { date: false, upgrade, ..Config::default() };
    let server = Server::new(site, config, Http2::default());
    let (ours, theirs) = duplex(16 * 1024);
    tokio::spawn(async move { server.serve_connection(theirs).await });
    // ANCHOR: main
    let ada = Browser::new(Tap::new(ours)).await?;
    ada.get("/").await?;
    let (response, mut stream) = ada.opens("/chat").await?;
    let response = response.await?;
    println!("Ada hears {}", response.status());
    let frame = b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58";
    stream.send_data(Bytes::from_static(frame), false)?;
    println!("Ada hears {:02x?}", hears(&mut response.into_body()).await?.as_deref());
    // ANCHOR_END: main
    Ok(())
}
