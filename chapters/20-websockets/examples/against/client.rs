//! What a client sends, and how long the answer to it is.

/// The request for a WebSocket.
pub const REQUEST: &[u8] =
    b"GET / HTTP/1.1\r\nhost: crab\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
    sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

/// A message of so many bytes.
pub fn message(size: usize) -> Vec<u8> {
    let mut wire = Vec::new();
    let role = websockets::Role::Client { key: || [0x37, 0xfa, 0x21, 0x3d] };
    websockets::Encoder::new(role).binary(&vec![b'~'; size], &mut wire);
    wire
}

/// How many bytes its echo has, which is not masked.
pub fn length_of_echo(message: &[u8]) -> usize {
    message.len() - 4
}
