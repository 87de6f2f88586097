//! A client that closes its sending side and reads on, and a client that is gone: the server sees the same.
//!
//! ```text
//! cargo run -p http-server --example half_close
//! ```

use std::time::Duration;

use gateway::{Error, Receive, ResponseBody, ResponseStart, Scope, Sender};
use http_server::{Config, serve};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::sleep;

// ANCHOR: app
/// Measures the tide for half a second, unless nobody waits for it any more.
async fn gauge(_: Scope, mut receive: Receive, send: Sender) -> Result<(), Error> {
    while receive.part().await?.is_some() {}
    tokio::select! {
        () = sleep(Duration::from_millis(500)) => {}
        event = receive.next() => {
            println!("  the application is told {}", event.name());
            return Ok(());
        }
    }
    send.send(ResponseStart::new(200).header("content-type", "text/plain")).await?;
    Ok(send.send(ResponseBody::last("0.50 m")).await?)
}
// ANCHOR_END: app

// ANCHOR: main
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    for half_close in [false, true] {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let at = listener.local_addr()?;
        let server =
            tokio::spawn(serve(listener, gauge, Config { half_close, ..Config::default() }));
        println!("half_close: {half_close}");

        let mut client = TcpStream::connect(at).await?;
        client.write_all(b"GET / HTTP/1.1\r\nHost: crab\r\n\r\n").await?;
        client.shutdown().await?; // I have said all that I have to say
        let mut response = String::new();
        client.read_to_string(&mut response).await?;
        let body = response.split_once("\r\n\r\n").map_or("nothing", |(_, body)| body);
        println!("  the client reads {body}");
        server.abort();
    }
    Ok(())
}
// ANCHOR_END: main
