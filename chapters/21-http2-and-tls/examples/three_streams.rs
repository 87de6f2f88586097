//! Three requests on a connection of HTTP/2, of which the first takes its time; and each frame that passes.
//!
//! ```text
//! cargo run -p http2-and-tls --example three_streams
//! ```

#[expect(dead_code, reason = "nobody uploads")]
mod browser;
#[path = "../steps/site/mod.rs"]
mod site;
mod tap;

use browser::Browser;
use http_server::Config;
use http2_and_tls::{Http2, Server};
use site::{PAGES, site};
use tap::Tap;
use tokio::io::duplex;
use tokio::task::JoinSet;

// ANCHOR: main
#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() -> Result<(), h2::Error> {
    let (ours, theirs) = duplex(16 * 1024);
    let config = Config { date: false, ..Config::default() };
    let server = Server::new(site, config, Http2::default());
    tokio::spawn(async move { server.serve_connection(theirs).await });

    let ada = Browser::new(Tap::new(ours)).await?;
    let mut asked = JoinSet::new();
    for path in PAGES {
        let ada = ada.clone();
        asked.spawn(async move { ada.get(path).await });
    }
    asked.join_all().await.into_iter().collect::<Result<Vec<_>, _>>()?;
    Ok(())
}
// ANCHOR_END: main
