//! Certificates and keys out of files of PEM, and what is wrong with those that have none.

use std::fmt;
use std::fs;
use std::path::Path;

use pkcs8::SecretDocument;
use pkcs8::der::Decode;
use pkcs8::der::asn1::OctetStringRef;
use pkcs8::der::pem::PemLabel;
use tokio_rustls::rustls::pki_types::pem::{self, PemObject};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

use crate::tls::TlsError;

/// What a key is encrypted with. It is not shown by `{:?}`.
#[derive(Clone, PartialEq, Eq)]
pub struct Password {
    text: String,
}

impl From<&str> for Password {
    fn from(text: &str) -> Self {
        Self { text: text.to_owned() }
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Password")
    }
}

fn read(path: &Path) -> Result<Vec<u8>, TlsError> {
    fs::read(path).map_err(|source| TlsError::Read { path: path.to_owned(), source })
}

fn broken(path: &Path) -> impl Fn(pem::Error) -> TlsError {
    |source| TlsError::Pem { path: path.to_owned(), source }
}

/// The certificates in a file, at least one.
pub(crate) fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let text = read(path)?;
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&text).collect();
    let certificates = certificates.map_err(broken(path))?;
    if certificates.is_empty() {
        return Err(TlsError::NoCertificate { path: path.to_owned() });
    }
    Ok(certificates)
}

type Encrypted<'a> = pkcs8::EncryptedPrivateKeyInfo<&'a OctetStringRef>;

/// The first private key in a file.
pub(crate) fn key(
    path: &Path,
    password: Option<&Password>,
) -> Result<PrivateKeyDer<'static>, TlsError> {
    let text = read(path)?;
    let words = String::from_utf8_lossy(&text);
    // As OpenSSL wrote them before PKCS #8.
    if words.contains("Proc-Type: 4,ENCRYPTED") {
        return Err(TlsError::OldEncryption { path: path.to_owned() });
    }
    if let Some(begin) = words.find(&format!("-----BEGIN {}-----", Encrypted::PEM_LABEL)) {
        let password = password.ok_or_else(|| TlsError::NoPassword { path: path.to_owned() })?;
        let wrong = |source: &dyn fmt::Display| TlsError::Password {
            path: path.to_owned(),
            why: source.to_string(),
        };
        let (_, document) =
            SecretDocument::from_pem(section(&words[begin..])).map_err(|source| wrong(&source))?;
        let encrypted =
            Encrypted::from_der(document.as_bytes()).map_err(|source| wrong(&source))?;
        let key = encrypted.decrypt(&password.text).map_err(|source| wrong(&source))?;
        return Ok(PrivatePkcs8KeyDer::from(key.as_bytes().to_vec()).into());
    }
    match PrivateKeyDer::from_pem_slice(&text) {
        Err(pem::Error::NoItemsFound) => Err(TlsError::NoKey { path: path.to_owned() }),
        key => key.map_err(broken(path)),
    }
}

/// One section of several: the reader of it is to see no other.
fn section(text: &str) -> &str {
    let end = text
        .find("-----END ")
        .map_or(text.len(), |end| text[end..].find('\n').map_or(text.len(), |line| end + line + 1));
    &text[..end]
}
