//! An application that fails in the middle, and what its client sees: with the chapter's third step, and with the chapter's server.
//!
//! ```text
//! cargo run -p http-server --example cut_short
//! ```

#[path = "../steps/beside/response.rs"]
mod response;
#[path = "../steps/beside/server.rs"]
mod server;
#[path = "../steps/wire/mod.rs"]
mod wire;

use std::io;

use gateway::{DynApp, Error, Receive, ResponseBody, ResponseStart, Scope, Sender, State};
use http_server::{Config, Tcp};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use wsgi::server::ErrorLog;

// ANCHOR: app
async fn fails(scope: Scope, _: Receive, send: Sender) -> Result<(), Error> {
    let Scope::Http(scope) = scope else { return Err(scope.unsupported().into()) };
    let start = ResponseStart::new(200);
    match &*scope.path() {
        "/before" => send.send(start).await?,
        "/contradiction" => {
            send.send(start.header("content-length", "1000")).await?;
            send.send(ResponseBody::last("The tide is")).await?;
        }
        _ => {
            send.send(start).await?;
            send.send(ResponseBody::part("The tide is")).await?;
            tokio::task::yield_now().await;
        }
    }
    Err("the gauge has fallen into the sea".into())
}
// ANCHOR_END: app

const REQUESTS: [&str; 4] = [
    "GET /before HTTP/1.1\r\nHost: crab\r\n\r\n",
    "GET /contradiction HTTP/1.1\r\nHost: crab\r\n\r\n",
    "GET /after HTTP/1.1\r\nHost: crab\r\n\r\n",
    "GET /after HTTP/1.0\r\n\r\n",
];

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let config = Config { errors: ErrorLog::new(io::sink()), ..Config::default() };
    let ours = http_server::Server::new(fails, config);
    for request in REQUESTS {
        println!("{}", request.lines().next().unwrap_or_default());
        for step in [true, false] {
            let listener = TcpListener::bind("127.0.0.1:0").await?;
            let mut client = TcpStream::connect(listener.local_addr()?).await?;
            let (stream, _) = listener.accept().await?;
            if step {
                tokio::spawn(server::serve_connection(stream, DynApp::new(fails), State::new()));
            } else {
                tokio::spawn(ours.serve_connection(Tcp::new(stream, None)));
            }
            client.write_all(request.as_bytes()).await?;
            let who = if step { "the third step" } else { "http-server" };
            println!("  {who:<14}  {}", hear(&mut client).await);
        }
    }
    Ok(())
}

/// What a client sees: the status, what came of the body, and how it ended.
async fn hear(client: &mut TcpStream) -> String {
    let mut heard = Vec::new();
    let end = loop {
        match client.read_buf(&mut heard).await {
            Ok(0) => break "the end",
            Ok(_) if is_whole(&heard) => break "all of it",
            Ok(_) => {}
            Err(_) => break "a reset",
        }
    };
    let heard = String::from_utf8_lossy(&heard);
    let status = heard.lines().next().unwrap_or_default();
    let body = heard.split_once("\r\n\r\n").map_or("", |(_, body)| body);
    format!("{status}, {body:?}, {end}")
}

/// Whether a response has come as far as it says that it goes.
fn is_whole(response: &[u8]) -> bool {
    let response = String::from_utf8_lossy(response);
    let Some((head, body)) = response.split_once("\r\n\r\n") else { return false };
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    length.is_some_and(|length| length == body.len().to_string()) || body.ends_with("0\r\n\r\n")
}
