//! Serves crabsarecool.com over HTTP/1.1, with the live feed.
//!
//! ```text
//! cargo run -p http-server --example crab_http
//! ```

use gateway::{Error, Shutdown, crab_app, testing};
use http_server::{Config, Server};
use tokio::net::TcpListener;

// ANCHOR: main
#[tokio::main]
async fn main() -> Result<(), Error> {
    let state = testing::lifespan(&crab_app).startup().await?;
    let server = Server::with_state(crab_app, Config::default(), state, Shutdown::new());

    let listener = TcpListener::bind("127.0.0.1:8000").await?;
    println!("http://{} until Ctrl-C", listener.local_addr()?);
    let stop = async {
        let _ = tokio::signal::ctrl_c().await;
    };
    let dropped = server.serve_until(listener, stop).await;
    println!("{dropped} connections had to be dropped");
    Ok(())
}
// ANCHOR_END: main
