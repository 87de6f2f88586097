//! The application is polled beside hyper, and outlives what hyper drops.
//!
//! ```text
//! cargo run -p http-server --example beside
//! ```

mod response;
mod server;
#[path = "../../examples/visitor/mod.rs"]
mod visitor;
#[path = "../wire/mod.rs"]
mod wire;

use gateway::{DynApp, Error, Receive, ResponseBody, ResponseStart, Scope, Sender, State};
use server::serve_connection;
use tokio::net::{TcpListener, TcpStream};
use visitor::{Visitor, leave_out_the_time, tell};

/// The same as in the step before.
async fn room(scope: Scope, mut receive: Receive, send: Sender) -> Result<(), Error> {
    let Scope::Http(scope) = scope else { return Err(scope.unsupported().into()) };
    let name = String::from_utf8_lossy(scope.query_string()).into_owned();
    tell(format!("the room: {name} has come in"));
    send.send(ResponseStart::new(200)).await?;
    send.send(ResponseBody::part(format!("Hello, {name}!"))).await?;
    while receive.part().await?.is_some() {}
    receive.next().await; // the visitor has left
    tell(format!("the room: {name} has left"));
    Ok(())
}

// ANCHOR: main
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    // ANCHOR_END: main
    leave_out_the_time();
    // ANCHOR: main
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let at = listener.local_addr()?;
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve_connection(stream, DynApp::new(room), State::new()));
        }
    });

    let mut ada = Visitor::new("Ada", TcpStream::connect(at).await?);
    ada.asks("GET", "/room?Ada").await?;
    ada.hears().await?;
    ada.hears_part().await?;
    ada.leaves();
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;

    let mut ben = Visitor::new("Ben", TcpStream::connect(at).await?);
    ben.asks("GET", "/room?Ben").await?;
    ben.asks("GET", "/room?Ben").await?;
    ben.hears().await?;
    ben.hears_part().await?;
    ben.leaves();
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    tell("a second has passed");
    Ok(())
}
// ANCHOR_END: main
