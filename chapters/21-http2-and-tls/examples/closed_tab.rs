//! Two streams of one connection: one is reset by the client, and one by the server.
//!
//! ```text
//! cargo run -p http2-and-tls --example closed_tab
//! ```

#[expect(dead_code, reason = "nobody uploads")]
mod browser;

use std::time::Duration;

use browser::{Browser, hears};
use gateway::{Error, Receive, ResponseBody, ResponseStart, Scope, Sender};
use http_server::Config;
use http2_and_tls::{Http2, Server};
use tokio::io::duplex;
use tokio::time::{sleep, timeout};
use wsgi::server::ErrorLog;

const SECOND: Duration = Duration::from_secs(1);

// ANCHOR: room
/// A room that one comes into, and leaves by leaving the site.
async fn room(scope: Scope, mut receive: Receive, send: Sender) -> Result<(), Error> {
    let Scope::Http(scope) = scope else { return Err(scope.unsupported().into()) };
    let name = String::from_utf8_lossy(scope.query_string()).into_owned();
    println!("the room: {name} has come in");
    send.send(ResponseStart::new(200)).await?;
    send.send(ResponseBody::part(format!("Hello, {name}!"))).await?;
    if name == "Cy" {
        sleep(SECOND).await;
        return Err("there is no chair left".into());
    }
    while receive.part().await?.is_some() {}
    receive.next().await; // the visitor has left
    println!("the room: {name} has left");
    Ok(())
}
// ANCHOR_END: room

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() -> Result<(), h2::Error> {
    let (ours, theirs) = duplex(16 * 1024);
    let config = Config { errors: ErrorLog::new(std::io::stdout()), ..Config::default() };
    let server = Server::new(room, config, Http2::default());
    tokio::spawn(async move { server.serve_connection(theirs).await });

    // ANCHOR: main
    let browser = Browser::new(ours).await?;
    let mut tabs = Vec::new();
    for name in ["Ada", "Ben", "Cy"] {
        let mut tab = browser.asks(&format!("/room?{name}")).await?.await?.into_body();
        println!("{name} hears {:?}", hears(&mut tab).await?);
        tabs.push((name, tab));
    }
    let (_, ada) = tabs.remove(0);
    println!("Ada closes her tab");
    drop(ada); // h2 says RST_STREAM, with CANCEL
    sleep(SECOND).await;
    for (name, mut tab) in tabs {
        match timeout(SECOND, hears(&mut tab)).await {
            Ok(Err(error)) => println!("{name} hears {:?}", error.reason()),
            Ok(Ok(part)) => println!("{name} hears {part:?}"),
            Err(_) => println!("{name} is still there"),
        }
    }
    // ANCHOR_END: main
    Ok(())
}
