//! A certificate is replaced, and then by something that is none, while somebody is connected.
//!
//! ```text
//! cargo run -p http2-and-tls --example renewed
//! ```

#[expect(dead_code, reason = "no client shows a certificate")]
mod authority;
#[expect(dead_code, reason = "nobody uploads")]
mod browser;
#[path = "../steps/site/mod.rs"]
#[expect(dead_code, reason = "Ada asks for one page")]
mod site;
mod trusting;

use std::error::Error;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use authority::{Authority, Signed};
use browser::Browser;
use http_server::Config;
use http2_and_tls::{Http2, Server, Tls, TlsConfig};
use site::site;
use tokio::io::DuplexStream;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use trusting::{connect, trusting};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let folder = Path::new("target/renewed");
    fs::create_dir_all(folder)?;
    let authority = Authority::new("Tide Pool Authority, this machine only")?;
    let config = Arc::new(trusting(&authority)?);
    // ANCHOR: main
    let mut signed = vec![authority.server(&["localhost"])?];
    let (certificate, key) = signed[0].save(folder, "server")?;
    let tls = Tls::load(TlsConfig::new(certificate, key))?;
    let server = Server::new(site, Config::default(), Http2::default());
    let server = server.with_tls(tls.clone());

    let stream = connect(&server, &config).await?;
    println!("Ada is shown certificate {}", which(&stream, &signed));
    let ada = Browser::new(stream).await?;

    signed.push(authority.server(&["localhost"])?);
    signed[1].save(folder, "server")?;
    tls.reload()?;
    let stream = connect(&server, &config).await?;
    println!("Ben is shown certificate {}", which(&stream, &signed));
    println!("Ada, on her old connection: {}", ada.get("/tide").await?.trim_end());

    fs::write(folder.join("server.pem"), "")?;
    if let Err(error) = tls.reload() {
        println!("{error}");
    }
    let stream = connect(&server, &config).await?;
    println!("Cy is shown certificate {}", which(&stream, &signed));
    // ANCHOR_END: main
    Ok(())
}

/// Which of these certificates a server has shown, counted from 1.
fn which(stream: &TlsStream<DuplexStream>, signed: &[Signed]) -> usize {
    let shown = stream.get_ref().1.peer_certificates().and_then(<[_]>::first);
    let is_it = |signed: &Signed| {
        CertificateDer::from_pem_slice(signed.certificate.as_bytes()).ok().as_ref() == shown
    };
    signed.iter().position(is_it).map_or(0, |at| at + 1)
}
