//! HTTP/2 with all streams of a connection in its one task; and one of them carves.
//!
//! ```text
//! cargo run -p http2-and-tls --example one_task
//! ```

#[path = "../examples/browser/mod.rs"]
#[expect(dead_code, reason = "nobody uploads")]
mod browser;
mod naive;
mod visit;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use gateway::App;
use naive::{answer, site};
use tokio::io::DuplexStream;

// ANCHOR: serve
async fn serve_connection<A>(stream: DuplexStream, app: A) -> Result<(), h2::Error>
where
    A: App + Clone + 'static,
{
    let mut h2 = h2::server::handshake(stream).await?;
    let mut calls = FuturesUnordered::new();
    loop {
        tokio::select! {
            accepted = h2.accept() => {
                let Some(accepted) = accepted else { return Ok(()) };
                let (request, respond) = accepted?;
                calls.push(answer(app.clone(), request, respond));
            }
            Some(_) = calls.next() => {}
        }
    }
}
// ANCHOR_END: serve

#[tokio::main(worker_threads = 2)]
async fn main() -> Result<(), h2::Error> {
    visit::visit(|stream| serve_connection(stream, site)).await
}
