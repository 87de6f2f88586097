//! crabsarecool.com over TLS, with HTTP/2 for whoever asks for it: `https://localhost:8443`.
//!
//! The example `local_authority` makes the certificates. They are read again when a line is entered.

use std::io::{self, BufRead};
use std::thread;

use gateway::{Shutdown, crab_app, testing};
use http2_and_tls::{Clients, Http2, Server, Tls, TlsConfig};
use tokio::net::TcpListener;
use tokio::signal::ctrl_c;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = "target/authority";
    let config = TlsConfig {
        clients: Clients::Optional(format!("{folder}/authority.pem").into()),
        ..TlsConfig::new(format!("{folder}/server.pem"), format!("{folder}/server-key.pem"))
    };
    let tls = Tls::load(config)?;
    let certificates = tls.clone();
    thread::spawn(move || {
        for _ in io::stdin().lock().lines() {
            match certificates.reload() {
                Ok(()) => println!("new connections get the new certificate"),
                Err(error) => println!("nothing has changed: {error}"),
            }
        }
    });
    let listener = TcpListener::bind("127.0.0.1:8443").await?;
    println!("https://localhost:8443");
    let state = testing::lifespan(&crab_app).startup().await?;
    let config = http_server::Config::default();
    let http = http_server::Server::with_state(crab_app, config, state, Shutdown::new());
    let server = Server::on(http, Http2::default());
    let stop = async {
        let _ = ctrl_c().await;
    };
    server.with_tls(tls).serve_until(listener, stop).await;
    Ok(())
}
