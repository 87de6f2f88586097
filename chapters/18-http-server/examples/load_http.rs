//! The crowd visits crabsarecool.com, served by one thread with this chapter's server.
//!
//! ```text
//! cargo run -p http-server --example load_http
//! ```

use std::thread;

use crowd::Crowd;
use gateway::{Error, Shutdown, crab_app, testing};
use http_server::{Config, Server};
use tokio::net::TcpListener;
use tokio::runtime;

// ANCHOR: main
fn main() -> Result<(), Error> {
    let small = std::env::args().any(|argument| argument == "--small");
    let crowd = if small { Crowd::small() } else { Crowd::new() };

    let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0"))?;
    let address = listener.local_addr()?;
    thread::spawn(move || {
        runtime.block_on(async {
            let state = testing::lifespan(&crab_app).startup().await?;
            let server = Server::with_state(crab_app, Config::default(), state, Shutdown::new());
            server.serve_until(listener, std::future::pending()).await;
            Ok::<_, Error>(())
        })
    });

    let visits = crowd::visit(address, &crowd);
    print!("{}", visits.summary());
    visits.picture("One thread, http-server").save("load-http")?;
    Ok(())
}
// ANCHOR_END: main
