//! A server goes down while a request is on its way to it.
//!
//! ```text
//! cargo run -p http2-and-tls --example orderly
//! ```

#[expect(dead_code, reason = "nobody uploads")]
mod browser;
mod far;
#[path = "../steps/site/mod.rs"]
#[expect(dead_code, reason = "Ada asks for other pages")]
mod site;
mod tap;

use std::sync::Arc;
use std::time::Duration;

use browser::Browser;
use far::{Path, connect};
use http_server::Config;
use http2_and_tls::{Http2, Server};
use site::site;
use tap::Tap;
use tokio::time::sleep;

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() -> Result<(), h2::Error> {
    let config = Config { date: false, ..Config::default() };
    let server = Server::new(site, config, Http2::default());
    let going_down = server.clone();
    // ANCHOR: main
    let path = Path { takes: Duration::from_secs(1), sent: Arc::default(), lost: None };
    let (ours, theirs) = connect(&path);
    let serving = tokio::spawn(async move { server.serve_connection(theirs).await });
    let ada = Browser::new(Tap::new(ours)).await?;
    let map = ada.asks("/map").await?;
    sleep(Duration::from_secs(2)).await;
    going_down.http().close_idle();
    println!("the server is to go down");
    println!("Ada has {}", ada.get("/tide").await?.trim_end());
    println!("Ada has the map: {}", map.await?.status());
    let _ = serving.await;
    // ANCHOR_END: main
    Ok(())
}
