//! Three requests on a connection of HTTP/1.1, of which the first takes its time.
//!
//! ```text
//! cargo run -p http2-and-tls --example in_a_line
//! ```

mod site;

use std::io;

use http_server::{Config, Server};
use site::{PAGES, site};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, duplex};
use tokio::time::Instant;

// ANCHOR: main
#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() -> io::Result<()> {
    let (mut ada, theirs) = duplex(16 * 1024);
    tokio::spawn(Server::new(site, Config::default()).serve_connection(theirs));
    let began = Instant::now();
    for path in PAGES {
        let request = format!("GET {path} HTTP/1.1\r\nHost: crabsarecool.com\r\n\r\n");
        ada.write_all(request.as_bytes()).await?;
    }
    let mut lines = BufReader::new(ada).lines();
    for _ in PAGES {
        while let Some(line) = lines.next_line().await? {
            if line.starts_with("This") {
                println!("after {} s  {line}", began.elapsed().as_secs());
                break;
            }
        }
    }
    Ok(())
}
// ANCHOR_END: main
