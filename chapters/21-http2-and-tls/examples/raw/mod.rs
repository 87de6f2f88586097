//! A client that writes frames by hand, as many and as strange as it likes.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;

use http2_and_tls::choose::PREFACE;
use tokio::io::{AsyncRead, AsyncWriteExt, DuplexStream, ReadBuf};
use tokio::task::yield_now;

/// RFC 9113, section 6.
pub mod kind {
    pub const DATA: u8 = 0;
    pub const HEADERS: u8 = 1;
    pub const RST_STREAM: u8 = 3;
    pub const SETTINGS: u8 = 4;
    pub const PING: u8 = 6;
    pub const GOAWAY: u8 = 7;
    pub const WINDOW_UPDATE: u8 = 8;
    pub const CONTINUATION: u8 = 9;
}

// ANCHOR: frame
pub fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).expect("a frame is short").to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}
// ANCHOR_END: frame

/// The headers of `GET /`, without any compression.
pub fn get() -> Vec<u8> {
    fields(&[(":method", "GET"), (":scheme", "http"), (":path", "/"), (":authority", "crab")])
}

/// RFC 7541, section 6.2.2.
pub fn fields(fields: &[(&str, &str)]) -> Vec<u8> {
    let mut block = Vec::new();
    for (name, value) in fields {
        block.push(0);
        for text in [name, value] {
            block.push(u8::try_from(text.len()).expect("a field is short"));
            block.extend_from_slice(text.as_bytes());
        }
    }
    block
}

pub struct Client {
    stream: DuplexStream,
    /// How many bytes it has sent.
    pub sent: usize,
    /// What the server has said at last: a reason, by its number.
    pub told: Option<u32>,
    heard: Vec<u8>,
}

impl Client {
    /// Says the preface, and empty SETTINGS.
    pub async fn new(stream: DuplexStream) -> Self {
        let mut client = Self { stream, sent: 0, told: None, heard: Vec::new() };
        client.says(PREFACE).await;
        client.says(&frame(kind::SETTINGS, 0, 0, &[])).await;
        client
    }

    /// Says that, lets the server do what it has to, and hears what it says. False when the server has had enough.
    pub async fn says(&mut self, bytes: &[u8]) -> bool {
        if self.stream.write_all(bytes).await.is_err() {
            return false;
        }
        self.sent += bytes.len();
        for _ in 0..4 {
            yield_now().await;
            self.hears().await;
        }
        self.told.is_none()
    }

    async fn hears(&mut self) {
        while poll_fn(|cx| {
            let mut room = [0; 1024];
            let mut buf = ReadBuf::new(&mut room);
            let polled = Pin::new(&mut self.stream).poll_read(cx, &mut buf);
            self.heard.extend_from_slice(buf.filled());
            Poll::Ready(polled.is_ready() && !buf.filled().is_empty())
        })
        .await
        {}
        while let Some((head, rest)) = self.heard.split_first_chunk::<9>() {
            let [a, b, c, kind, ..] = *head;
            let length = u32::from_be_bytes([0, a, b, c]) as usize;
            let Some(payload) = rest.get(..length) else { break };
            if kind == kind::GOAWAY
                && let Some(&[_, _, _, _, a, b, c, d]) = payload.first_chunk::<8>()
            {
                self.told = Some(u32::from_be_bytes([a, b, c, d]));
            }
            self.heard.drain(..9 + length);
        }
    }
}
