//! A client that trusts an authority.

use std::error::Error;
use std::sync::Arc;

use gateway::App;
use http2_and_tls::Server;
use tokio::io::{DuplexStream, duplex};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use crate::authority::Authority;

pub fn trusting(authority: &Authority) -> Result<ClientConfig, Box<dyn Error>> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(authority.certificate().as_bytes())?)?;
    let provider = Arc::new(ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec()];
    Ok(config)
}

/// Shakes hands with a server, on a pipe in memory.
pub async fn connect<A: App + 'static>(
    server: &Server<A>,
    config: &Arc<ClientConfig>,
) -> Result<TlsStream<DuplexStream>, Box<dyn Error>> {
    let (ours, theirs) = duplex(16 * 1024);
    let server = server.clone();
    tokio::spawn(async move { server.serve_connection(theirs).await });
    let connector = TlsConnector::from(Arc::clone(config));
    Ok(connector.connect("localhost".try_into()?, ours).await?)
}
