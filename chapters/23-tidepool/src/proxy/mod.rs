//! Behind a proxy: who the client is, and how it came, by the word of a peer that is trusted, and of nobody else.
//!
//! A header can be written by anybody. What makes it a proxy's is where it came from: so the peer's address is looked at first,
//! and the list in the header is read from its end, where the nearest proxy has written, as far as proxies are trusted.
//!
//! It leaves out the host: `X-Forwarded-Host`, and `host=` of `Forwarded`. A proxy can pass `Host` itself along.

mod forwarded;
mod trust;

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use gateway::{Address, App, Connection, Error, Receive, RequestHead, Scope, Sender};
use http::HeaderMap;

use crate::cli::ForwardedHeader;

pub use forwarded::{Hop, Node, forwarded, x_forwarded};
pub use trust::{NotTrust, Trust};

/// An application that sees the clients behind trusted proxies.
pub struct Proxied<A> {
    app: A,
    by: Option<(Trust, ForwardedHeader)>,
}

impl<A: App> Proxied<A> {
    /// `app`, with what these proxies say in this header; none: as it comes.
    pub fn new(app: A, by: Option<(Trust, ForwardedHeader)>) -> Self {
        Self { app, by }
    }
}

impl<A: App> App for Proxied<A> {
    // Not an async fn: there is nothing to remember while the application runs.
    fn call(
        &self,
        mut scope: Scope,
        receive: Receive,
        send: Sender,
    ) -> impl Future<Output = Result<(), Error>> + Send {
        if let Some((trust, header)) = &self.by {
            match &mut scope {
                Scope::Http(http) => believe(trust, *header, &http.head, &mut http.connection),
                Scope::WebSocket(ws) => believe(trust, *header, &ws.head, &mut ws.connection),
                Scope::Lifespan(_) => {}
            }
        }
        self.app.call(scope, receive, send)
    }
}

fn believe(
    trust: &Trust,
    header: ForwardedHeader,
    head: &RequestHead,
    connection: &mut Arc<Connection>,
) {
    // A request has few headers: looking at each is quicker than asking the map, which would hash the names.
    if !head.headers.keys().any(|name| header.is(name)) {
        return;
    }
    if !trust.trusts(connection.client.as_ref()) {
        return;
    }
    if let Some(Origin { client, encrypted }) = origin(trust, header, &head.headers) {
        // Copied for this request: the next one over the connection may be somebody else's.
        let connection = Arc::make_mut(connection);
        connection.client = client.unwrap_or(connection.client.take());
        connection.encrypted = encrypted.unwrap_or(connection.encrypted);
    }
}

/// Where a request came from, before it came to the proxies that are trusted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// None if the proxy does not say; and none within if it hides it.
    pub client: Option<Option<Address>>,
    /// Whether it came encrypted, if the proxy says.
    pub encrypted: Option<bool>,
}

// ANCHOR: origin
/// What the header of a trusted peer's request says. None if it says nothing.
pub fn origin(trust: &Trust, header: ForwardedHeader, headers: &HeaderMap) -> Option<Origin> {
    let hops = match header {
        ForwardedHeader::XForwarded => x_forwarded(headers),
        ForwardedHeader::Forwarded => forwarded(headers),
    };
    // From the nearest: as long as a hop is one of our proxies, the one before it is its word, and counts.
    let ours = |hop: &Hop| matches!(hop.node, Node::Ip(address) if trust.trusts_ip(address.ip()));
    let at = hops.iter().rposition(|hop| !ours(hop)).unwrap_or(0);
    let hop = hops.get(at)?;
    let client = match hop.node {
        Node::Peer => None,
        Node::Ip(address) => Some(Some(Address::Ip(address))),
        Node::Hidden => Some(None),
    };
    Some(Origin { client, encrypted: hop.encrypted })
}
// ANCHOR_END: origin

/// `192.0.2.1`, `192.0.2.1:4711`, `2001:db8::1`, `[2001:db8::1]:4711`. Without a port, it is 0.
fn node(text: &str) -> Node {
    let ip = |text: &str| text.parse::<IpAddr>().map(|ip| SocketAddr::new(ip, 0));
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    text.parse().or_else(|_| ip(bare)).map_or(Node::Hidden, Node::Ip)
}
