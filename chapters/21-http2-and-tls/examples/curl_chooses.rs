//! One port, and curl in two versions of HTTP.
//!
//! ```text
//! cargo run -p http2-and-tls --example curl_chooses
//! ```

use std::io;

use gateway::{Error, Receive, ResponseBody, ResponseStart, Scope, Sender};
use http_server::Config;
use http2_and_tls::{Http2, Server};
use tokio::net::TcpListener;
use tokio::process::Command;

// ANCHOR: app
async fn version(scope: Scope, _: Receive, send: Sender) -> Result<(), Error> {
    let Scope::Http(scope) = scope else { return Err(scope.unsupported().into()) };
    send.send(ResponseStart::new(200)).await?;
    Ok(send.send(ResponseBody::last(format!("You speak HTTP/{}.\n", scope.http_version()))).await?)
}
// ANCHOR_END: app

#[tokio::main(flavor = "current_thread")]
async fn main() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let at = format!("crabsarecool.com:80:127.0.0.1:{}", listener.local_addr()?.port());
    let server = Server::new(version, Config::default(), Http2::default());
    tokio::spawn(async move { server.serve_until(listener, std::future::pending()).await });
    for option in ["--http1.1", "--http2-prior-knowledge"] {
        println!("curl {option} http://crabsarecool.com/");
        let output = Command::new("curl")
            .args(["-sS", "--max-time", "20", "--connect-to", &at, option])
            .arg("http://crabsarecool.com/")
            .output()
            .await?;
        print!("{}", String::from_utf8_lossy(&output.stdout));
    }
    Ok(())
}
