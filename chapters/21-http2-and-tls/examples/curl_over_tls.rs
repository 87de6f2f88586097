//! curl and openssl shake hands with a server whose certificate is signed by an authority of our own.
//!
//! ```text
//! cargo run -p http2-and-tls --example curl_over_tls
//! ```

mod authority;

use std::process::Stdio;

use authority::Authority;
use gateway::{Error, Receive, ResponseBody, ResponseStart, Scope, Sender};
use http_server::Config;
use http2_and_tls::{Clients, Http2, Server, Tls, TlsConfig};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::process::Command;

// ANCHOR: app
async fn who(scope: Scope, _: Receive, send: Sender) -> Result<(), Error> {
    let Scope::Http(scope) = scope else { return Err(scope.unsupported().into()) };
    let name = scope.tls().and_then(|tls| tls.client_name.as_deref());
    let name = name.unwrap_or("whoever you are");
    let (scheme, version) = (scope.scheme(), scope.http_version());
    let text = format!("Hello, {name}. This is {scheme}, HTTP/{version}.\n");
    send.send(ResponseStart::new(200)).await?;
    Ok(send.send(ResponseBody::last(text)).await?)
}
// ANCHOR_END: app

// ANCHOR: asks
const ASKS: [&str; 5] = [
    "curl -sS https://localhost:8443/",
    "curl -sS --cacert authority.pem https://localhost:8443/",
    "curl -sS --cacert authority.pem --http1.1 https://localhost:8443/",
    "curl -sS --cacert authority.pem --cert client.pem --key client-key.pem https://localhost:8443/",
    "openssl s_client -CAfile authority.pem -alpn h2,http/1.1 -connect localhost:8443",
];
// ANCHOR_END: asks

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    // ANCHOR: files
    let folder = TempDir::new()?;
    let authority = Authority::new("Tide Pool Authority, this machine only")?;
    let trusted = authority.save(folder.path())?;
    let localhost = authority.server(&["localhost"])?;
    let (certificate, key) = localhost.save(folder.path(), "server")?;
    authority.client("Judit")?.save(folder.path(), "client")?;
    let clients = Clients::Optional(trusted);
    let tls = Tls::load(TlsConfig { clients, ..TlsConfig::new(certificate, key) })?;
    let server = Server::new(who, Config::default(), Http2::default()).with_tls(tls);
    // ANCHOR_END: files
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let port = listener.local_addr()?.port().to_string();
    tokio::spawn(async move { server.serve_until(listener, std::future::pending()).await });

    for ask in ASKS {
        println!("{ask}");
        let words = ask.replace("8443", &port);
        let mut words = words.split(' ');
        let output = Command::new(words.next().unwrap_or_default())
            .args(words)
            .current_dir(folder.path())
            .stdin(Stdio::null())
            .output()
            .await?;
        if ask.starts_with("curl") && !output.status.success() {
            println!("curl's status is {}", output.status.code().unwrap_or_default());
        }
        let heard = String::from_utf8_lossy(&output.stdout);
        // openssl says a good deal more, and some of it more than once.
        let said = ["Hello", "New, TLS", "ALPN protocol", "Verify return"];
        for said in said {
            if let Some(line) = heard.lines().find(|line| line.trim_start().starts_with(said)) {
                println!("  {}", line.trim());
            }
        }
    }
    Ok(())
}
