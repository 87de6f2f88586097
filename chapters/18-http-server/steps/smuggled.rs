//! A request that means one thing to the proxy and another to the server behind it.
//!
//! ```text
//! cargo run -p http-server --example smuggled
//! ```

#[path = "beside/response.rs"]
mod response;
#[path = "beside/server.rs"]
mod server;
mod wire;

use std::time::Duration;

use gateway::{DynApp, Error, Receive, ResponseBody, ResponseStart, Scope, Sender, State};
use http_server::Config;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::time::timeout;

async fn site(scope: Scope, mut receive: Receive, send: Sender) -> Result<(), Error> {
    let Scope::Http(scope) = scope else { return Err(scope.unsupported().into()) };
    println!("    the application: {} {}", scope.method, scope.path());
    while receive.part().await?.is_some() {}
    send.send(ResponseStart::new(200)).await?;
    Ok(send.send(ResponseBody::last("ok")).await?)
}

// ANCHOR: proxy
/// Passes requests on, one after the other, except those for the admins' pages.
async fn proxy(mut from_client: &str, server: &mut DuplexStream) -> Result<(), Error> {
    while let Some((head, rest)) = from_client.split_once("\r\n\r\n") {
        from_client = rest;
        let mut lines = head.split("\r\n");
        let request = lines.next().unwrap_or_default();
        if request.contains("/admin") {
            println!("  the proxy: {request}: forbidden");
            continue;
        }
        println!("  the proxy: {request}, with {} fields: passed on", lines.count());
        server.write_all(format!("{head}\r\n\r\n").as_bytes()).await?;
    }
    Ok(())
}
// ANCHOR_END: proxy

// ANCHOR: requests
const HONEST: &str = "GET /admin HTTP/1.1\r\nHost: crab\r\n\r\n";
const CRAFTED: &str =
    "GET / HTTP/1.1\r\nHost: crab\r\nX: 10\n\nGET /admin HTTP/1.1\r\nHost: crab\r\n\r\n";
// ANCHOR_END: requests

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() -> Result<(), Error> {
    for step in [true, false] {
        println!(
            "{}",
            if step { "behind the proxy: the third step" } else { "behind the proxy: http-server" }
        );
        for request in [HONEST, CRAFTED] {
            let (mut ours, theirs) = duplex(16 * 1024);
            let served = if step {
                tokio::spawn(server::serve_connection(theirs, DynApp::new(site), State::new()))
            } else {
                tokio::spawn(http_server::serve_connection(theirs, site, Config::default()))
            };
            proxy(request, &mut ours).await?;
            let mut heard = Vec::new();
            let hear =
                async { while ours.read_buf(&mut heard).await.is_ok_and(|count| count > 0) {} };
            let _ = timeout(Duration::from_secs(1), hear).await;
            for line in String::from_utf8_lossy(&heard).lines() {
                if let Some(status) = line.strip_prefix("HTTP/1.1 ") {
                    println!("    the response: {status}");
                }
            }
            served.abort();
        }
    }
    Ok(())
}
