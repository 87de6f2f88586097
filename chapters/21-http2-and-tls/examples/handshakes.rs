//! What a handshake costs both sides together, whole and resumed.
//!
//! ```text
//! cargo run --release -p http2-and-tls --example handshakes
//! ```

#[expect(dead_code, reason = "no client shows a certificate")]
mod authority;
mod trusting;

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use authority::Authority;
use cpu_time::ThreadTime;
use gateway::crab_app;
use http_server::Config;
use http2_and_tls::{Http2, Server, Tls, TlsConfig};
use tempfile::TempDir;
use tokio::io::AsyncReadExt;
use tokio_rustls::rustls::HandshakeKind;
use trusting::{connect, trusting};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let small = std::env::args().any(|argument| argument == "--small");
    let times: u32 = if small { 20 } else { 3_000 };
    let folder = TempDir::new()?;
    let authority = Authority::new("Tide Pool Authority, this machine only")?;
    let client = Arc::new(trusting(&authority)?);
    let (certificate, key) = authority.server(&["localhost"])?.save(folder.path(), "server")?;
    for resumption in [false, true] {
        let tls = TlsConfig { resumption, ..TlsConfig::new(&certificate, &key) };
        let server = Server::new(crab_app, Config::default(), Http2::default());
        let server = server.with_tls(Tls::load(tls)?);
        let (mut spent, mut resumed) = (Duration::ZERO, 0);
        // ANCHOR: measure
        for _ in 0..=times {
            let began = ThreadTime::now();
            let mut stream = connect(&server, &client).await?;
            stream.read_u8().await?; // the tickets come before it
            spent += began.elapsed();
            if stream.get_ref().1.handshake_kind() == Some(HandshakeKind::Resumed) {
                resumed += 1;
            }
        }
        // ANCHOR_END: measure
        let each = (spent / (times + 1)).as_micros();
        println!("{resumed} of {} resumed: {each} µs of processor time each", times + 1);
    }
    Ok(())
}
