//! What proxies write: `X-Forwarded-For` and `X-Forwarded-Proto`, and `Forwarded` of RFC 7239. Both are read into the same list of hops.

use std::net::SocketAddr;

use http::HeaderMap;

use super::node;

/// The most hops that are looked at, the nearest ones. More are nobody's infrastructure.
const HOPS: usize = 32;

/// What one proxy says of the one that asked it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hop {
    /// Who it was.
    pub node: Node,
    /// Whether it asked over an encrypted connection, if the proxy says.
    pub encrypted: Option<bool>,
}

/// Who asked a proxy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Node {
    /// The proxy does not say: as far as this is known, the peer itself.
    Peer,
    /// An address; the port is 0 if it is not said.
    Ip(SocketAddr),
    /// `unknown`, a name that stands for somebody (`_hidden`), or what cannot be understood.
    Hidden,
}

/// The hops of `X-Forwarded-For`, the nearest last.
///
/// The scheme is in a header of its own: where there is one for each hop they belong together, else the last one counts for all,
/// as the nearest proxy has written it.
pub fn x_forwarded(headers: &HeaderMap) -> Vec<Hop> {
    let nodes = list(headers, "x-forwarded-for");
    let schemes = list(headers, "x-forwarded-proto");
    if let ([], [.., scheme]) = (&nodes[..], &schemes[..]) {
        return vec![Hop { node: Node::Peer, encrypted: is_encrypted(scheme) }];
    }
    let each = nodes.len() == schemes.len();
    let hops = nodes.iter().enumerate().map(|(at, name)| {
        let scheme = if each { schemes.get(at) } else { schemes.last() };
        Hop { node: node(name), encrypted: scheme.and_then(|scheme| is_encrypted(scheme)) }
    });
    hops.collect()
}

/// The last elements of a list, which may be spread over several fields.
fn list<'a>(headers: &'a HeaderMap, name: &str) -> Vec<&'a str> {
    let values = headers.get_all(name).into_iter().map(|value| value.to_str().unwrap_or("unknown"));
    let elements = values.flat_map(|value| value.split(',')).map(str::trim);
    let mut elements: Vec<_> = elements.filter(|element| !element.is_empty()).collect();
    elements.split_off(elements.len().saturating_sub(HOPS))
}

fn is_encrypted(scheme: &str) -> Option<bool> {
    match scheme.to_ascii_lowercase().as_str() {
        "https" | "wss" => Some(true),
        "http" | "ws" => Some(false),
        _ => None,
    }
}

/// The hops of `Forwarded`, the nearest last. An element that cannot be understood hides who it is about, and all before it:
/// a quote that does not end could have been meant to swallow the next proxy's word.
pub fn forwarded(headers: &HeaderMap) -> Vec<Hop> {
    let mut hops = Vec::new();
    for value in headers.get_all("forwarded") {
        let elements = value.to_str().ok().and_then(elements);
        hops.extend(elements.unwrap_or_else(|| vec![Hop { node: Node::Hidden, encrypted: None }]));
    }
    hops.split_off(hops.len().saturating_sub(HOPS))
}

/// `for=192.0.2.60;proto=http, for="[2001:db8::1]:4711"` (RFC 7239, section 4).
fn elements(text: &str) -> Option<Vec<Hop>> {
    let mut hops = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        let mut hop = Hop { node: Node::Peer, encrypted: None };
        loop {
            let (name, after) = rest.split_once('=')?;
            let (value, after) = value(after)?;
            match name.trim().to_ascii_lowercase().as_str() {
                "for" => hop.node = node(&value),
                "proto" => hop.encrypted = is_encrypted(&value),
                name if name.is_empty() || name.contains([',', ';', '"', ' ']) => return None,
                _ => {}
            }
            rest = after.trim_start();
            match rest.strip_prefix(';') {
                Some(more) => rest = more.trim_start(),
                None => break,
            }
        }
        hops.push(hop);
        rest = match rest.strip_prefix(',') {
            Some(more) => more.trim_start_matches([',', ' ', '\t']),
            None if rest.is_empty() => rest,
            None => return None,
        };
    }
    Some(hops)
}

/// A token or a quoted string, and what follows it.
fn value(text: &str) -> Option<(String, &str)> {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find([';', ',', ' ', '\t']).unwrap_or(text.len());
        let (token, rest) = text.split_at(end);
        return (!token.is_empty() && !token.contains('"')).then(|| (token.to_owned(), rest));
    };
    let mut value = String::new();
    let mut characters = quoted.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return Some((value, &quoted[at + 1..])),
            '\\' => value.push(characters.next()?.1),
            other => value.push(other),
        }
    }
    None
}
