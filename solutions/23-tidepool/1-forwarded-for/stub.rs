#![doc = include_str!("../README.md")]

use std::net::IpAddr;
use std::str::FromStr;

use http::HeaderMap;

/// A network, or a single address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    /// One of its addresses.
    pub address: IpAddr,
    /// How many of the address's bits all of them share: up to 32, or up to 128.
    pub prefix: u32,
}

/// `10.0.0.0/8`, `2001:db8::/32`, `192.0.2.1`.
impl FromStr for Network {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let wrong = || format!("{text:?} is no address and no network");
        let address: IpAddr = address.parse().map_err(|_| wrong())?;
        let bits = if address.is_ipv4() { 32 } else { 128 };
        let prefix = prefix.map_or(Ok(bits), str::parse).map_err(|_| wrong())?;
        if prefix > bits { Err(wrong()) } else { Ok(Self { address, prefix }) }
    }
}

impl Network {
    /// Whether it has that address in it.
    pub fn contains(&self, address: IpAddr) -> bool {
        todo!("compare the bits that count")
    }
}

/// Where a request came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Origin {
    /// Who asked, if anybody knows.
    pub client: Option<IpAddr>,
    /// Whether the client asked over an encrypted connection.
    pub encrypted: bool,
}

/// Where a request came from that has these headers, over a connection that comes from `peer`, and is `encrypted` or is not.
pub fn origin(peer: IpAddr, encrypted: bool, headers: &HeaderMap, trusted: &[Network]) -> Origin {
    todo!("believe who is trusted")
}
