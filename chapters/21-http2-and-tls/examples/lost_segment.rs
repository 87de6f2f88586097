//! Six pictures on one connection of HTTP/2, and on six; and one segment is lost on the way.
//!
//! ```text
//! cargo run -p http2-and-tls --example lost_segment
//! ```

#[expect(dead_code, reason = "nobody uploads")]
mod browser;
mod far;

use std::sync::Arc;
use std::time::Duration;

use browser::Browser;
use far::{Path, connect};
use gateway::{Error, Receive, ResponseBody, ResponseStart, Scope, Sender};
use http_server::Config;
use http2_and_tls::{Http2, Server};
use tokio::task::JoinSet;
use tokio::time::Instant;

async fn picture(_: Scope, _: Receive, send: Sender) -> Result<(), Error> {
    send.send(ResponseStart::new(200)).await?;
    Ok(send.send(ResponseBody::last(vec![b'~'; 10_000])).await?)
}

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() -> Result<(), h2::Error> {
    // ANCHOR: main
    for (connections, lost) in [(1, None), (1, Some(20)), (6, Some(20))] {
        let path = Path { takes: Duration::from_millis(50), sent: Arc::default(), lost };
        let mut browsers = Vec::new();
        for _ in 0..connections {
            let (ours, theirs) = connect(&path);
            let server = Server::new(picture, Config::default(), Http2::default());
            tokio::spawn(async move { server.serve_connection(theirs).await });
            browsers.push(Browser::new(ours).await?);
        }
        let began = Instant::now();
        let mut asked = JoinSet::new();
        for browser in browsers.iter().cycle().take(6) {
            let browser = browser.clone();
            asked.spawn(async move {
                let _ = browser.get("/picture").await;
                began.elapsed()
            });
        }
        let waits = asked.join_all().await;
        let waits: Vec<_> = waits.iter().map(|wait| format!("{:.1}", wait.as_secs_f64())).collect();
        let connections = if connections == 1 { "one connection" } else { "six connections" };
        let loss = if lost.is_some() { "a loss" } else { "no loss" };
        println!("{:<24}  {} s", format!("{connections}, {loss}:"), waits.join("  "));
    }
    // ANCHOR_END: main
    Ok(())
}
