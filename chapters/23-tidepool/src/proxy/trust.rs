//! Whose word is believed.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use gateway::Address;
use ipnet::IpNet;

/// A set of peers.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Trust {
    everybody: bool,
    unix: bool,
    networks: Vec<IpNet>,
}

/// What a list of peers cannot have in it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no address (192.0.2.1), no network (192.0.2.0/24), not unix, and not *")]
pub struct NotTrust(String);

impl Trust {
    /// Whether the peer is one of them.
    pub fn trusts(&self, peer: Option<&Address>) -> bool {
        match peer {
            Some(Address::Ip(address)) => self.trusts_ip(address.ip()),
            Some(Address::Unix(_)) | None => self.everybody || self.unix,
        }
    }

    /// Whether somebody at this address is.
    pub fn trusts_ip(&self, address: IpAddr) -> bool {
        // A socket for both families shows 192.0.2.1 as ::ffff:192.0.2.1.
        let address = address.to_canonical();
        self.everybody || self.networks.iter().any(|network| network.contains(&address))
    }
}

/// Names between commas; nobody if there are none.
impl FromStr for Trust {
    type Err = NotTrust;

    fn from_str(text: &str) -> Result<Self, NotTrust> {
        let mut trust = Self::default();
        for name in text.split(',').map(str::trim).filter(|name| !name.is_empty()) {
            match name {
                "*" => trust.everybody = true,
                "unix" => trust.unix = true,
                name => {
                    let network = name.parse().or_else(|_| name.parse::<IpAddr>().map(IpNet::from));
                    trust.networks.push(network.map_err(|_| NotTrust(name.to_owned()))?);
                }
            }
        }
        Ok(trust)
    }
}

impl fmt::Display for Trust {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut names: Vec<_> = self
            .networks
            .iter()
            .map(|network| {
                let single = network.prefix_len() == network.max_prefix_len();
                if single { network.addr().to_string() } else { network.to_string() }
            })
            .collect();
        names.extend(self.unix.then(|| "unix".to_owned()));
        names.extend(self.everybody.then(|| "*".to_owned()));
        formatter.write_str(&if names.is_empty() { "nobody".to_owned() } else { names.join(",") })
    }
}
