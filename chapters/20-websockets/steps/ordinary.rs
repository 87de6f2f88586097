//! What a server says to who wants a WebSocket, if it does not know what that is.
//!
//! ```text
//! cargo run -p websockets --example ordinary
//! ```

use std::io;

use gateway::{Accept, Error, Receive, Scope, Sender};
use http_server::{Config, Server};
use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

/// The beginning of chapter 17's chat. It does not come any further here.
async fn crab_chat(scope: Scope, mut receive: Receive, send: Sender) -> Result<(), Error> {
    let Scope::WebSocket(_) = scope else { return Err(scope.unsupported().into()) };
    receive.next().await;
    send.send(Accept::default()).await?;
    Ok(())
}

// ANCHOR: main
#[tokio::main(flavor = "current_thread")]
async fn main() -> io::Result<()> {
    let (mut ada, stream) = duplex(1024);
    tokio::spawn(Server::new(crab_chat, Config::default()).serve_connection(stream));

    let request = "GET /chat HTTP/1.1\r\n\
                   host: crabsarecool.com\r\n\
                   connection: upgrade\r\n\
                   upgrade: websocket\r\n\
                   sec-websocket-version: 13\r\n\
                   sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    ada.write_all(request.as_bytes()).await?;
    let mut response = [0; 1024];
    let count = ada.read(&mut response).await?;
    let response = String::from_utf8_lossy(&response[..count]);
    println!("{}", response.lines().next().unwrap_or_default());
    Ok(())
}
// ANCHOR_END: main
