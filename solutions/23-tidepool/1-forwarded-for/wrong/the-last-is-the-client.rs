//! Our proxy has written the last element, and that is the client.
//!
//! caught by: a_proxy_behind_a_proxy_is_looked_through

use std::net::{IpAddr, SocketAddr};
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
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(ours), IpAddr::V4(other)) => {
                let differ = ours.to_bits() ^ other.to_bits();
                // What counts is on the left. A shift by all bits there are leaves none, and is an overflow to Rust.
                differ.checked_shr(32 - self.prefix).unwrap_or(0) == 0
            }
            (IpAddr::V6(ours), IpAddr::V6(other)) => {
                let differ = ours.to_bits() ^ other.to_bits();
                differ.checked_shr(128 - self.prefix).unwrap_or(0) == 0
            }
            _ => false,
        }
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
    let ours = |address: IpAddr| trusted.iter().any(|network| network.contains(address));
    let peer = peer.to_canonical();
    if !ours(peer) {
        return Origin { client: Some(peer), encrypted };
    }
    let hops: Vec<_> = list(headers, "x-forwarded-for").iter().map(|hop| address(hop)).collect();
    let client = hops.last().copied().unwrap_or(Some(peer));
    let scheme = list(headers, "x-forwarded-proto").pop();
    let encrypted = match scheme.map(|scheme| scheme.to_ascii_lowercase()).as_deref() {
        Some("https") => true,
        Some("http") => false,
        _ => encrypted,
    };
    Origin { client, encrypted }
}

/// The elements of a list that may be spread over several lines.
fn list(headers: &HeaderMap, name: &str) -> Vec<String> {
    let lines = headers.get_all(name).into_iter();
    let elements = lines.flat_map(|line| line.as_bytes().split(|&byte| byte == b','));
    // Bytes that are no text become something that is no address either.
    let texts = elements.map(|element| String::from_utf8_lossy(element.trim_ascii()).into_owned());
    texts.filter(|text| !text.is_empty()).collect()
}

/// Who that is, if anybody knows.
fn address(text: &str) -> Option<IpAddr> {
    let bare = text.parse().ok();
    // A zone means something only to the machine that has it.
    let with_port = text.parse().ok().filter(|_| !text.contains('%'));
    let with_port = with_port.map(|address: SocketAddr| address.ip());
    let in_brackets = || text.strip_prefix('[')?.strip_suffix(']')?.parse().ok().map(IpAddr::V6);
    bare.or(with_port).or_else(in_brackets).map(|address| address.to_canonical())
}
