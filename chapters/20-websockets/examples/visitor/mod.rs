//! A client: the same codec, from the other side.
#![expect(dead_code, reason = "each example uses a part of it, and none uses all")]

use std::io;

use gateway::{Close, Message};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use websockets::{Decoder, Encoder, Event, Limits, Role};

/// Somebody on the other side of a WebSocket.
pub struct Visitor<S> {
    stream: S,
    decoder: Decoder,
    encoder: Encoder,
    heard: Vec<u8>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Visitor<S> {
    /// Asks for a WebSocket at that path.
    pub async fn new(mut stream: S, path: &str) -> io::Result<Self> {
        let request = format!(
            "GET {path} HTTP/1.1\r\nhost: crabsarecool.com\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
             sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).await?;
        let mut heard = Vec::new();
        let end = loop {
            if let Some(end) = heard.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
                break end + 4;
            }
            if stream.read_buf(&mut heard).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        };
        if !heard.starts_with(b"HTTP/1.1 101") {
            let response = String::from_utf8_lossy(&heard[..end]).into_owned();
            return Err(io::Error::other(response));
        }
        heard.drain(..end);
        // A key that nobody can foresee protects proxies. There is none here, and the example says the same each time.
        let role = Role::Client { key: || [0x37, 0xfa, 0x21, 0x3d] };
        let decoder = Decoder::new(role, Limits::default());
        Ok(Self { stream, decoder, encoder: Encoder::new(role), heard })
    }

    /// Sends a message.
    pub async fn says(&mut self, message: impl Into<Message>) -> io::Result<()> {
        let mut wire = Vec::new();
        match message.into() {
            Message::Text(text) => self.encoder.text(&text, &mut wire),
            Message::Binary(bytes) => self.encoder.binary(&bytes, &mut wire),
        }
        self.stream.write_all(&wire).await
    }

    /// Asks whether the server is there.
    pub async fn pings(&mut self) -> io::Result<()> {
        let mut wire = Vec::new();
        self.encoder.ping(b"", &mut wire);
        self.stream.write_all(&wire).await
    }

    /// Says goodbye, and waits for the answer.
    pub async fn leaves(&mut self, code: u16, reason: &str) -> io::Result<()> {
        let mut wire = Vec::new();
        self.encoder.close(Some((code, reason)), &mut wire);
        self.stream.write_all(&wire).await?;
        while !matches!(self.hears().await?, Event::Close(_)) {}
        Ok(())
    }

    /// The next that the server says. A ping is answered.
    pub async fn hears(&mut self) -> io::Result<Event> {
        loop {
            let decoded = self.decoder.decode(&mut self.heard);
            let (used, event) = decoded.map_err(io::Error::other)?;
            self.heard.drain(..used);
            match event {
                Some(Event::Ping(payload)) => {
                    let mut wire = Vec::new();
                    self.encoder.pong(&payload, &mut wire);
                    self.stream.write_all(&wire).await?;
                    continue;
                }
                Some(event) => return Ok(event),
                None => {}
            }
            if self.stream.read_buf(&mut self.heard).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
    }

    /// The connection, to be left alone.
    pub fn into_stream(self) -> S {
        self.stream
    }
}

/// A close event as the examples print it.
pub fn shown(close: &Close) -> String {
    format!("{} {:?}", close.code, close.reason)
}
