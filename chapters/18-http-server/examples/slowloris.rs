//! A hundred clients that connect and say nothing, at a server that has room for a hundred; then a visitor.
//!
//! ```text
//! cargo run -p http-server --example slowloris
//! ```

use std::time::Duration;

use gateway::{Error, crab_app};
use http_server::{Config, serve};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, timeout};

// ANCHOR: main
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    for (name, first_byte) in [
        ("async and no clock", Duration::MAX),
        ("async and a clock of 1 s", Duration::from_secs(1)),
    ] {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let at = listener.local_addr()?;
        let config = Config { connections: 100, first_byte, ..Config::default() };
        let server = tokio::spawn(serve(listener, crab_app, config));

        let mut silent = Vec::new();
        for _ in 0..100 {
            silent.push(TcpStream::connect(at).await?);
        }
        let began = Instant::now();
        let mut ada = TcpStream::connect(at).await?;
        ada.write_all(b"GET / HTTP/1.1\r\nHost: crabsarecool.com\r\n\r\n").await?;
        match timeout(Duration::from_secs(3), ada.read(&mut [0; 12])).await {
            Ok(_) => println!("{name}: Ada is served after {:.1?}", began.elapsed()),
            Err(_) => println!("{name}: Ada has waited for {:.1?}", began.elapsed()),
        }
        server.abort();
    }
    Ok(())
}
// ANCHOR_END: main
