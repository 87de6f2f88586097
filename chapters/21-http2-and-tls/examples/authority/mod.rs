//! A certificate authority of one's own, for a machine of one's own.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose, IsCa, KeyPair, KeyUsagePurpose,
};

/// An authority, which signs.
pub struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
}

/// A certificate and its key, in PEM.
pub struct Signed {
    pub certificate: String,
    pub key: String,
}

impl Authority {
    // ANCHOR: authority
    /// A new one, of that name. Its key is in memory, and is lost with it: nobody can make it
    /// sign anything else.
    pub fn new(name: &str) -> Result<Self, rcgen::Error> {
        let mut params = CertificateParams::new([])?;
        params.distinguished_name = named(&[(DnType::CommonName, name)]);
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate()?)?;
        Ok(Self { issuer })
    }

    /// A certificate for a server of these names.
    pub fn server(&self, names: &[&str]) -> Result<Signed, rcgen::Error> {
        let names: Vec<_> = names.iter().map(|&name| name.to_owned()).collect();
        let mut params = CertificateParams::new(names)?;
        params.distinguished_name = named(&[(DnType::CommonName, "crabsarecool")]);
        self.sign(params, ExtendedKeyUsagePurpose::ServerAuth)
    }
    // ANCHOR_END: authority

    /// A certificate for a client.
    pub fn client(&self, name: &str) -> Result<Signed, rcgen::Error> {
        let mut params = CertificateParams::new([])?;
        params.distinguished_name =
            named(&[(DnType::OrganizationName, "Tide Pool, East"), (DnType::CommonName, name)]);
        self.sign(params, ExtendedKeyUsagePurpose::ClientAuth)
    }

    fn sign(
        &self,
        mut params: CertificateParams,
        purpose: ExtendedKeyUsagePurpose,
    ) -> Result<Signed, rcgen::Error> {
        // Some clients refuse what is valid for longer than 398 days. A day earlier, for those whose clock is behind.
        let day = Duration::from_hours(24);
        params.not_before = (SystemTime::now() - day).into();
        params.not_after = (SystemTime::now() + 396 * day).into();
        params.extended_key_usages = vec![purpose];
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        let key = KeyPair::generate()?;
        let certificate = params.signed_by(&key, &self.issuer)?.pem();
        Ok(Signed { certificate, key: key.serialize_pem() })
    }

    /// What others need to trust it.
    pub fn certificate(&self) -> String {
        self.issuer.pem()
    }

    /// Writes its certificate into a folder, as `authority.pem`.
    pub fn save(&self, folder: &Path) -> io::Result<PathBuf> {
        let path = folder.join("authority.pem");
        fs::write(&path, self.certificate())?;
        Ok(path)
    }
}

fn named(parts: &[(DnType, &str)]) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    for (kind, part) in parts {
        name.push(kind.clone(), *part);
    }
    name
}

impl Signed {
    /// Writes both into a folder, as `name.pem` and `name-key.pem`.
    pub fn save(&self, folder: &Path, name: &str) -> io::Result<(PathBuf, PathBuf)> {
        let certificate = folder.join(format!("{name}.pem"));
        let key = folder.join(format!("{name}-key.pem"));
        fs::write(&certificate, &self.certificate)?;
        fs::write(&key, &self.key)?;
        Ok((certificate, key))
    }
}
