//! A server under test, and a client that speaks frames.
#![expect(clippy::unnecessary_wraps, reason = "what is compared with it is an option")]

#[path = "../../../18-http-server/tests/diary/mod.rs"]
mod diary;

use std::time::Duration;

use bytes::Bytes;
use gateway::{Accept, App, Close, DynApp, Error, Receive, ReceiveEvent, Scope, Sender};
use http_server::Server;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream, duplex};
use tokio::task::JoinHandle;
use websockets::{Config, Decoder, Encoder, Event, Limits, Role, WebSockets};
use wsgi::ErrorLog;

pub use diary::Diary;

pub const SECOND: Duration = Duration::from_secs(1);

/// The request of the RFC's example.
pub const REQUEST: &str = "GET /chat HTTP/1.1\r\nhost: crab\r\nupgrade: websocket\r\nconnection: Upgrade\r\n\
    sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\nsec-websocket-version: 13\r\n\r\n";

/// The same with more fields.
pub fn request(fields: &str) -> String {
    REQUEST.replace("\r\n\r\n", &format!("\r\n{fields}\r\n\r\n"))
}

/// A server that reports to a diary, and says nothing that depends on the clock on the wall.
pub fn http(failures: &Diary, config: Config) -> http_server::Config {
    http_server::Config {
        date: false,
        server: None,
        errors: ErrorLog::new(failures.clone()),
        upgrade: Some(WebSockets::new(config)),
        ..http_server::Config::default()
    }
}

/// A client, and the server's side of its connection.
pub struct Client<S = DuplexStream> {
    pub stream: S,
    pub server: JoinHandle<()>,
    pub failures: Diary,
    decoder: Decoder,
    encoder: Encoder,
    heard: Vec<u8>,
    /// How many bytes were read.
    pub read: usize,
}

/// A connection in memory, which holds 16 KiB each way. Nothing is said on it yet.
pub fn connect(app: impl App + 'static, config: Config) -> Client {
    connect_to(|failures| Server::new(DynApp::new(app), http(failures, config)))
}

pub fn connect_to<A: App + 'static>(server: impl FnOnce(&Diary) -> Server<A>) -> Client {
    const PIPE: usize = 16 * 1024;
    let failures = Diary::default();
    let (stream, theirs) = duplex(PIPE);
    let server = tokio::spawn(server(&failures).serve_connection(theirs));
    Client::new(stream, server, failures)
}

/// A WebSocket in memory.
pub async fn open(app: impl App + 'static, config: Config) -> Client {
    let mut client = connect(app, config);
    client.shake_hands(REQUEST).await;
    client
}

impl<S: AsyncRead + AsyncWrite + Unpin> Client<S> {
    pub fn new(stream: S, server: JoinHandle<()>, failures: Diary) -> Self {
        let role = Role::Client { key: || [0x37, 0xfa, 0x21, 0x3d] };
        let (decoder, encoder) = (Decoder::new(role, Limits::default()), Encoder::new(role));
        Self { stream, server, failures, decoder, encoder, heard: Vec::new(), read: 0 }
    }

    /// Says these bytes.
    pub async fn say(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream.write_all(bytes.as_ref()).await.unwrap();
    }

    /// The head of a response, up to the empty line.
    pub async fn head(&mut self) -> String {
        loop {
            if let Some(end) = self.heard.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
                let rest = self.heard.split_off(end + 4);
                let head = std::mem::replace(&mut self.heard, rest);
                return String::from_utf8(head).unwrap();
            }
            assert!(self.more().await, "a head was expected: {:?}", self.heard);
        }
    }

    /// Reads so many bytes that do not matter.
    pub async fn skip(&mut self, bytes: usize) {
        while self.heard.len() < bytes {
            assert!(
                self.more().await,
                "{bytes} bytes were expected, and there are {}",
                self.heard.len()
            );
        }
        self.heard.drain(..bytes);
    }

    /// All that comes until the end.
    pub async fn rest(&mut self) -> String {
        while self.more().await {}
        String::from_utf8(std::mem::take(&mut self.heard)).unwrap()
    }

    async fn more(&mut self) -> bool {
        let count = self.stream.read_buf(&mut self.heard).await.unwrap_or(0);
        self.read += count;
        count > 0
    }

    /// Asks for a WebSocket, and gets it.
    pub async fn shake_hands(&mut self, request: &str) -> String {
        self.say(request).await;
        let head = self.head().await;
        assert!(head.starts_with("HTTP/1.1 101 "), "a handshake was answered by {head}");
        head
    }

    /// From now on it speaks like that.
    pub fn speak(&mut self, decoder: Decoder, encoder: Encoder) {
        (self.decoder, self.encoder) = (decoder, encoder);
    }

    /// Frames, as this client makes them.
    pub fn frames(&mut self, make: impl FnOnce(&mut Encoder, &mut Vec<u8>)) -> Vec<u8> {
        let mut out = Vec::new();
        make(&mut self.encoder, &mut out);
        out
    }

    pub async fn text(&mut self, text: &str) {
        let frames = self.frames(|encoder, out| encoder.text(text, out));
        self.say(frames).await;
    }

    pub async fn binary(&mut self, bytes: &[u8]) {
        let frames = self.frames(|encoder, out| encoder.binary(bytes, out));
        self.say(frames).await;
    }

    pub async fn close(&mut self, close: Option<(u16, &str)>) {
        let frames = self.frames(|encoder, out| encoder.close(close, out));
        self.say(frames).await;
    }

    /// What the server says next; `None` at the end of the stream.
    pub async fn next(&mut self) -> Option<Event> {
        loop {
            let mut heard = std::mem::take(&mut self.heard);
            let (used, event) =
                self.decoder.decode(&mut heard).expect("the server keeps to the protocol");
            heard.drain(..used);
            self.heard = heard;
            if event.is_some() {
                return event;
            }
            if !self.more().await {
                return None;
            }
        }
    }

    /// The server's close frame, and the end of the stream behind it.
    pub async fn closed(&mut self) -> Option<(u16, String)> {
        match self.next().await {
            Some(Event::Close(close)) => {
                assert!(!self.more().await, "after its close frame a server ends the stream");
                close
            }
            other => panic!("a close frame was expected, and {other:?} came"),
        }
    }

    /// Waits until the server is done with the connection, and returns what it has reported.
    pub async fn reports(self) -> Vec<String> {
        drop(self.stream);
        self.server.await.unwrap();
        self.failures.lines()
    }
}

pub fn text(text: &str) -> Option<Event> {
    Some(Event::Text(text.to_owned()))
}

pub fn binary(bytes: impl Into<Bytes>) -> Option<Event> {
    Some(Event::Binary(bytes.into()))
}

pub fn code(code: u16, reason: &str) -> Option<(u16, String)> {
    Some((code, reason.to_owned()))
}

/// Sends each message back.
pub async fn echo(_: Scope, mut receive: Receive, send: Sender) -> Result<(), Error> {
    send.send(Accept::new()).await?;
    loop {
        match receive.next().await {
            ReceiveEvent::WebSocketReceive(message) => send.send(message).await?,
            ReceiveEvent::WebSocketDisconnect(_) => return Ok(()),
            _ => {}
        }
    }
}

/// Accepts, receives, and notes what it is told until the disconnect.
pub fn listener(diary: &Diary) -> impl App + 'static {
    let diary = diary.clone();
    move |_: Scope, mut receive: Receive, send: Sender| {
        let diary = diary.clone();
        async move {
            send.send(Accept::new()).await?;
            loop {
                let event = receive.next().await;
                diary.note(described(&event));
                if let ReceiveEvent::WebSocketDisconnect(_) = event {
                    return Ok(());
                }
            }
        }
    }
}

/// An event in short.
pub fn described(event: &ReceiveEvent) -> String {
    match event {
        ReceiveEvent::WebSocketReceive(gateway::Message::Text(text)) => format!("text {text}"),
        ReceiveEvent::WebSocketReceive(gateway::Message::Binary(bytes)) => {
            format!("{} bytes", bytes.len())
        }
        ReceiveEvent::WebSocketDisconnect(Close { code, reason }) => {
            format!("disconnect {code} {reason}").trim_end().to_owned()
        }
        other => other.name().to_owned(),
    }
}
