//! HTTP/2 with a task for each stream; and one of them carves.
//!
//! ```text
//! cargo run -p http2-and-tls --example task_each
//! ```

#[path = "../examples/browser/mod.rs"]
#[expect(dead_code, reason = "nobody uploads")]
mod browser;
mod naive;
mod visit;

use gateway::App;
use naive::{answer, site};
use tokio::io::DuplexStream;
use tokio::task::JoinSet;

// ANCHOR: serve
async fn serve_connection<A>(stream: DuplexStream, app: A) -> Result<(), h2::Error>
where
    A: App + Clone + 'static,
{
    let mut h2 = h2::server::handshake(stream).await?;
    let mut calls = JoinSet::new();
    loop {
        tokio::select! {
            accepted = h2.accept() => {
                let Some(accepted) = accepted else { return Ok(()) };
                let (request, respond) = accepted?;
                let app = app.clone();
                calls.spawn(async move { answer(app, request, respond).await });
            }
            Some(_) = calls.join_next() => {}
        }
    }
}
// ANCHOR_END: serve

#[tokio::main(worker_threads = 2)]
async fn main() -> Result<(), h2::Error> {
    visit::visit(|stream| serve_connection(stream, site)).await
}
