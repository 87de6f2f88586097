//! A server under test, and two clients: h2's, and one that speaks frames.

#[path = "../../../18-http-server/tests/diary/mod.rs"]
mod diary;

use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use gateway::{App, DynApp};
use h2::client::SendRequest;
use h2::{RecvStream, SendStream};
use http::{HeaderMap, Request, Response};
use http_server::Config;
use http2_and_tls::choose::PREFACE;
use http2_and_tls::{Http2, Server};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt, DuplexStream, ReadBuf, duplex};
use tokio::task::JoinHandle;
use wsgi::server::ErrorLog;

pub use diary::Diary;

pub const SECOND: Duration = Duration::from_secs(1);

/// Defaults that do not depend on the clock on the wall, and report to a diary.
pub fn config(failures: &Diary) -> Config {
    Config {
        date: false,
        server: None,
        errors: ErrorLog::new(failures.clone()),
        ..Config::default()
    }
}

/// How many bytes a connection in memory holds, each way.
pub const PIPE: usize = 16 * 1024;

/// A server, and where its failures are noted.
///
/// Of no particular application, so that the compiler makes one server for all tests.
pub fn server(
    app: impl App + 'static,
    change: impl FnOnce(&mut Config, &mut Http2),
) -> (Server<DynApp>, Diary) {
    let failures = Diary::default();
    let (mut config, mut http2) = (config(&failures), Http2::default());
    change(&mut config, &mut http2);
    (Server::new(DynApp::new(app), config, http2), failures)
}

/// h2's client on a connection in memory.
pub struct Client {
    pub send: SendRequest<Bytes>,
    /// Ends with the connection.
    pub driver: JoinHandle<Result<(), h2::Error>>,
    pub server: JoinHandle<()>,
    pub failures: Diary,
}

pub async fn client(
    app: impl App + 'static,
    change: impl FnOnce(&mut Config, &mut Http2),
) -> Client {
    let (server, failures) = server(app, change);
    client_of(&server, failures, &h2::client::Builder::new()).await
}

pub async fn client_of<A: App + 'static>(
    server: &Server<A>,
    failures: Diary,
    builder: &h2::client::Builder,
) -> Client {
    let (stream, theirs) = duplex(PIPE);
    let server = server.clone();
    let server = tokio::spawn(async move { server.serve_connection(theirs).await });
    let (send, connection) = builder.handshake(stream).await.unwrap();
    Client { send, driver: tokio::spawn(connection), server, failures }
}

/// A response that has come whole.
#[derive(Debug, PartialEq, Eq)]
pub struct Whole {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: String,
    pub trailers: Option<HeaderMap>,
}

impl Client {
    /// Begins a request.
    pub fn begin(
        &self,
        request: Request<()>,
        ends: bool,
    ) -> (h2::client::ResponseFuture, SendStream<Bytes>) {
        self.send.clone().send_request(request, ends).unwrap()
    }

    /// A request without a body, and its response.
    pub async fn get(&self, target: &str) -> Whole {
        self.ask(get(target), "").await.unwrap()
    }

    /// A request with a body in one part, and its response.
    pub async fn ask(&self, request: Request<()>, body: &'static str) -> Result<Whole, h2::Error> {
        let mut send = self.send.clone().ready().await?;
        let (response, mut stream) = send.send_request(request, body.is_empty())?;
        if !body.is_empty() {
            stream.send_data(Bytes::from_static(body.as_bytes()), true)?;
        }
        whole(response.await?).await
    }
}

/// The rest of a response.
pub async fn whole(response: Response<RecvStream>) -> Result<Whole, h2::Error> {
    let (parts, mut stream) = response.into_parts();
    let mut body = BytesMut::new();
    while let Some(part) = stream.data().await {
        let part = part?;
        stream.flow_control().release_capacity(part.len())?;
        body.extend_from_slice(&part);
    }
    let trailers = stream.trailers().await?;
    let body = String::from_utf8(body.to_vec()).unwrap();
    Ok(Whole { status: parts.status.as_u16(), headers: parts.headers, body, trailers })
}

pub fn get(target: &str) -> Request<()> {
    Request::get(format!("http://crab{target}")).body(()).unwrap()
}

pub fn post(target: &str) -> Request<()> {
    Request::post(format!("http://crab{target}")).body(()).unwrap()
}

/// A frame of HTTP/2.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    pub kind: u8,
    pub flags: u8,
    pub stream: u32,
    pub payload: Vec<u8>,
}

pub mod kind {
    pub const DATA: u8 = 0;
    pub const HEADERS: u8 = 1;
    pub const PRIORITY: u8 = 2;
    pub const RST_STREAM: u8 = 3;
    pub const SETTINGS: u8 = 4;
    pub const PING: u8 = 6;
    pub const GOAWAY: u8 = 7;
    pub const WINDOW_UPDATE: u8 = 8;
    pub const CONTINUATION: u8 = 9;
}

pub const ENHANCE_YOUR_CALM: u32 = 11;

impl Frame {
    pub fn new(kind: u8, flags: u8, stream: u32, payload: impl Into<Vec<u8>>) -> Self {
        Self { kind, flags, stream, payload: payload.into() }
    }

    pub fn bytes(&self) -> Vec<u8> {
        let length = u32::try_from(self.payload.len()).unwrap();
        let head = [&length.to_be_bytes()[1..], &[self.kind, self.flags]].concat();
        [&head, &self.stream.to_be_bytes()[..], &self.payload].concat()
    }

    /// What RST_STREAM or GOAWAY says.
    pub fn code(&self) -> u32 {
        let at = if self.kind == kind::GOAWAY { 4 } else { 0 };
        u32::from_be_bytes(self.payload[at..at + 4].try_into().unwrap())
    }
}

/// Fields, as HPACK has them without any compression (RFC 7541, section 6.2.2).
pub fn block(fields: &[(&str, &str)]) -> Vec<u8> {
    let mut block = Vec::new();
    for (name, value) in fields {
        block.push(0);
        for text in [name, value] {
            assert!(text.len() < 127, "a longer one is written otherwise");
            block.push(u8::try_from(text.len()).unwrap());
            block.extend_from_slice(text.as_bytes());
        }
    }
    block
}

/// A request's fields.
pub fn request(method: &str, path: &str) -> Vec<u8> {
    block(&[(":method", method), (":scheme", "http"), (":path", path), (":authority", "crab")])
}

/// A client that speaks frames, on a connection in memory.
pub struct Raw {
    pub stream: DuplexStream,
    pub server: JoinHandle<()>,
    pub failures: Diary,
}

impl Raw {
    /// A connection on which nothing was said.
    pub fn silent<A: App + 'static>(app: A, change: impl FnOnce(&mut Config, &mut Http2)) -> Self {
        let (server, failures) = server(app, change);
        let (stream, theirs) = duplex(PIPE);
        let server = tokio::spawn(async move { server.serve_connection(theirs).await });
        Self { stream, server, failures }
    }

    /// The same after the preface, and empty SETTINGS.
    pub async fn new<A: App + 'static>(
        app: A,
        change: impl FnOnce(&mut Config, &mut Http2),
    ) -> Self {
        let mut raw = Self::silent(app, change);
        raw.stream.write_all(PREFACE).await.unwrap();
        raw.say(Frame::new(kind::SETTINGS, 0, 0, [])).await;
        raw
    }

    /// Says whether it could be said: the server may have closed the connection.
    pub async fn try_say(&mut self, frame: Frame) -> bool {
        self.stream.write_all(&frame.bytes()).await.is_ok()
    }

    pub async fn say(&mut self, frame: Frame) {
        assert!(self.try_say(frame).await, "the server has closed the connection");
    }

    /// Begins a request with these flags: 1 ends the stream, 4 the headers.
    pub async fn request(&mut self, stream: u32, flags: u8, method: &str, path: &str) {
        self.say(Frame::new(kind::HEADERS, flags, stream, request(method, path))).await;
    }

    /// The server's next frame; none if it has closed the connection.
    pub async fn hear(&mut self) -> Option<Frame> {
        let mut head = [0; 9];
        self.stream.read_exact(&mut head).await.ok()?;
        self.rest(head).await
    }

    /// A frame that has come by now, if any has.
    pub async fn there(&mut self) -> Option<Frame> {
        let mut first = [0];
        let polled = poll_fn(|cx| {
            let mut buf = ReadBuf::new(&mut first);
            let polled = Pin::new(&mut self.stream).poll_read(cx, &mut buf);
            Poll::Ready(polled.is_ready() && !buf.filled().is_empty())
        })
        .await;
        if !polled {
            return None;
        }
        let mut head = [first[0], 0, 0, 0, 0, 0, 0, 0, 0];
        self.stream.read_exact(&mut head[1..]).await.ok()?;
        self.rest(head).await
    }

    async fn rest(&mut self, head: [u8; 9]) -> Option<Frame> {
        let [a, b, c, kind, flags, stream @ ..] = head;
        let mut payload = vec![0; u32::from_be_bytes([0, a, b, c]) as usize];
        self.stream.read_exact(&mut payload).await.ok()?;
        Some(Frame { kind, flags, stream: u32::from_be_bytes(stream), payload })
    }

    /// Reads until there is a frame of that kind.
    pub async fn until(&mut self, kind: u8) -> Option<Frame> {
        loop {
            let frame = self.hear().await?;
            if frame.kind == kind {
                return Some(frame);
            }
        }
    }

    /// Reads to the end: what the last GOAWAY said.
    pub async fn goodbye(&mut self) -> Option<u32> {
        let mut code = None;
        while let Some(frame) = self.hear().await {
            if frame.kind == kind::GOAWAY {
                code = Some(frame.code());
            }
        }
        code
    }
}
