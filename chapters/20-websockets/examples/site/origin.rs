//! Whose page asks for a WebSocket.

use gateway::WebSocketScope;

// ANCHOR: origin
/// Whether one of this site's own pages asks, or no page at all: a browser always says whose page it is.
pub fn is_ours(socket: &WebSocketScope) -> bool {
    let Some(origin) = socket.head.headers.get("origin") else { return true };
    let authority = origin.to_str().ok().and_then(|origin| origin.split_once("://"));
    authority.is_some_and(|(_, authority)| socket.head.header("host") == Some(authority))
}
// ANCHOR_END: origin
