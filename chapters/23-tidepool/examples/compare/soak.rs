//! Mixed traffic over every protocol for as long as one likes, with the server's memory before, during and after.
//!
//! Two servers, one with TLS and one without, are asked by clients of every kind: those that stay, those that come and go, those that leave
//! in the middle of something. What must not be: an answer that is not the right one, memory that grows, descriptors that stay.

use std::cell::{Cell, RefCell};
use std::io;
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use clap::Args;
use http::Request;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::{LocalSet, spawn_local};
use tokio::time::{Instant, sleep, timeout};
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};
use websockets::{Encoder, Role};

use crate::authority::Authority;
use crate::client::{length_of_echo, message};
use crate::ours::{HELLO, PAGE};
use crate::peers::Peer;
use crate::process::Server;
use crate::sockets::request;

/// How often a client does something before it comes anew.
const VISIT: u32 = 200;
/// What a client may wait for an answer.
const PATIENCE: Duration = Duration::from_secs(30);
/// By how much the memory in the last quarter may exceed that in the second one: a tenth, or so many KiB.
const SLACK: f64 = 4.0 * 1024.0;

/// For how long, and by how many.
#[derive(Debug, Args)]
pub struct Soaking {
    /// How many seconds of traffic
    #[arg(long, default_value_t = 600, value_parser = clap::value_parser!(u64).range(1..))]
    seconds: u64,
    /// How many clients of each kind there are at a time
    #[arg(long, default_value_t = 8)]
    clients: u32,
    /// The servers' core
    #[arg(long, default_value_t = 0)]
    core: u32,
}

/// What a client does.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Requests,
    RequestsOverTls,
    Streams,
    StreamsOverTls,
    Echoes,
    EchoesOverTls,
    /// Somebody who breaks off: in a head, in a body, in a WebSocket's message.
    Leaves,
}

const KINDS: [(Kind, &str); 7] = [
    (Kind::Requests, "requests over HTTP/1.1"),
    (Kind::RequestsOverTls, "the same over TLS"),
    (Kind::Streams, "requests over HTTP/2"),
    (Kind::StreamsOverTls, "the same over TLS"),
    (Kind::Echoes, "echoes by WebSockets"),
    (Kind::EchoesOverTls, "the same over TLS"),
    (Kind::Leaves, "clients that broke off"),
];

/// What all clients have in common.
struct Pool {
    plain: Server,
    secure: Server,
    http1: TlsConnector,
    http2: TlsConnector,
    until: Cell<Instant>,
    counts: [Cell<u64>; KINDS.len()],
    errors: RefCell<Vec<String>>,
}

impl Soaking {
    /// Says what it has seen. An error, if anything was not as it should be.
    pub fn run(self) -> io::Result<()> {
        event_loop::descriptors::raise_limit(20_000);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        LocalSet::new().block_on(&runtime, self.soak())
    }

    async fn soak(self) -> io::Result<()> {
        let folder = tempfile::tempdir()?;
        let pool = Rc::new(Pool::new(folder.path(), self.core)?);
        // Each kind once, for what is made when it is first wanted.
        for (at, (kind, _)) in KINDS.iter().enumerate() {
            timeout(PATIENCE, pool.visit(at, *kind, 3)).await??;
        }
        sleep(Duration::from_secs(2)).await;
        println!("       s  MiB without TLS  MiB with TLS  descriptors");
        let before = pool.look("before")?;
        let length = Duration::from_secs(self.seconds);
        pool.until.set(Instant::now() + length);
        let clients: Vec<_> = (0..self.clients)
            .flat_map(|_| KINDS.iter().enumerate())
            .map(|(at, (kind, _))| spawn_local(Rc::clone(&pool).stay(at, *kind)))
            .collect();
        let mut looks = Vec::new();
        for turn in 1..=20_u32 {
            sleep(length / 20).await;
            let look = pool.look(&(self.seconds as f64 * f64::from(turn) / 20.0).to_string())?;
            looks.push(look.memory);
        }
        for client in clients {
            client.await?;
        }
        // Until buffers of idle connections would be given up, and lingering ones closed.
        sleep(Duration::from_secs(3)).await;
        let after = pool.look("after")?;
        for ((_, name), count) in KINDS.iter().zip(&pool.counts) {
            println!("{:>10}  {name}", count.get());
        }
        let mean = |looks: &[f64]| looks.iter().sum::<f64>() / looks.len() as f64;
        let (early, late) = (mean(&looks[5..10]), mean(&looks[15..]));
        println!("memory in the last quarter, of that in the second: {:.2}", late / early);
        let errors = pool.errors.borrow();
        println!("errors: {}", errors.len());
        if let Some(error) = errors.first() {
            return Err(io::Error::other(format!("the first of them: {error}")));
        }
        if late > (early * 1.1).max(early + SLACK) {
            return Err(io::Error::other("the servers' memory grows"));
        }
        if after.descriptors > before.descriptors {
            return Err(io::Error::other(format!(
                "{} connections have stayed open",
                after.descriptors - before.descriptors
            )));
        }
        Ok(())
    }
}

/// Of both servers.
struct Look {
    /// In KiB.
    memory: f64,
    descriptors: usize,
}

impl Pool {
    fn new(folder: &Path, core: u32) -> io::Result<Self> {
        let authority = Authority::new("Soak").map_err(io::Error::other)?;
        let signed = authority.server(&["localhost"]).map_err(io::Error::other)?;
        let files = signed.save(folder, "server")?;
        let mut roots = RootCertStore::empty();
        let root = CertificateDer::from_pem_slice(authority.certificate().as_bytes());
        roots.add(root.map_err(io::Error::other)?).map_err(io::Error::other)?;
        let connector = |protocol: &[u8]| {
            let mut config =
                ClientConfig::builder().with_root_certificates(roots.clone()).with_no_client_auth();
            config.alpn_protocols = vec![protocol.to_vec()];
            TlsConnector::from(Arc::new(config))
        };
        let mut plain = Server::start(Peer::Tidepool, Path::new(""), core, None)?;
        let mut secure = Server::start(Peer::Tidepool, Path::new(""), core, Some(&files))?;
        plain.ready()?;
        secure.ready()?;
        Ok(Self {
            plain,
            secure,
            http1: connector(b"http/1.1"),
            http2: connector(b"h2"),
            until: Cell::new(Instant::now() + PATIENCE),
            counts: Default::default(),
            errors: RefCell::default(),
        })
    }

    fn look(&self, when: &str) -> io::Result<Look> {
        let (plain, secure) = (self.plain.resident()?, self.secure.resident()?);
        let descriptors = self.plain.descriptors()? + self.secure.descriptors()?;
        println!(
            "{when:>8}  {:>15.1}  {:>12.1}  {descriptors:>11}",
            plain / 1024.0,
            secure / 1024.0
        );
        Ok(Look { memory: plain + secure, descriptors })
    }

    /// Comes again and again, until the time is over.
    async fn stay(self: Rc<Self>, at: usize, kind: Kind) {
        while Instant::now() < self.until.get() {
            let visit = timeout(PATIENCE + PATIENCE, self.visit(at, kind, VISIT)).await;
            let visit = visit.map_err(|_| io::Error::from(io::ErrorKind::TimedOut));
            if let Err(error) = visit.and_then(|visit| visit) {
                self.errors.borrow_mut().push(format!("{}: {error}", KINDS[at].1));
            }
        }
    }

    /// One visit, of so many acts at most.
    async fn visit(&self, at: usize, kind: Kind, acts: u32) -> io::Result<()> {
        match kind {
            Kind::Requests => self.requests(at, self.connect().await?, acts).await,
            Kind::RequestsOverTls => self.requests(at, self.tls(&self.http1).await?, acts).await,
            Kind::Streams => self.streams(at, self.connect().await?, acts).await,
            Kind::StreamsOverTls => self.streams(at, self.tls(&self.http2).await?, acts).await,
            Kind::Echoes => self.echoes(at, self.connect().await?, acts).await,
            Kind::EchoesOverTls => self.echoes(at, self.tls(&self.http1).await?, acts).await,
            Kind::Leaves => self.leave(at).await,
        }
    }

    async fn connect(&self) -> io::Result<TcpStream> {
        let stream = TcpStream::connect(self.plain.address).await?;
        stream.set_nodelay(true)?;
        Ok(stream)
    }

    async fn tls(
        &self,
        connector: &TlsConnector,
    ) -> io::Result<tokio_rustls::client::TlsStream<TcpStream>> {
        let stream = TcpStream::connect(self.secure.address).await?;
        stream.set_nodelay(true)?;
        let name = ServerName::try_from("localhost").map_err(io::Error::other)?;
        connector.connect(name, stream).await
    }

    /// Counts an act. Whether there is time for more.
    fn did(&self, at: usize) -> bool {
        self.counts[at].set(self.counts[at].get() + 1);
        Instant::now() < self.until.get()
    }

    async fn requests<S: AsyncRead + AsyncWrite + Unpin>(
        &self,
        at: usize,
        mut stream: S,
        acts: u32,
    ) -> io::Result<()> {
        for act in 0..acts {
            let (path, body, expected) = asked(act);
            let method = if body.is_empty() { "GET" } else { "POST" };
            let head = format!(
                "{method} {path} HTTP/1.1\r\nhost: crab\r\ncontent-length: {}\r\n\r\n",
                body.len()
            );
            stream.write_all(&[head.as_bytes(), body].concat()).await?;
            head_of(&mut stream, b"HTTP/1.1 200").await?;
            let mut answer = vec![0; expected.len()];
            stream.read_exact(&mut answer).await?;
            same(&answer, expected)?;
            if !self.did(at) {
                break;
            }
        }
        Ok(())
    }

    async fn streams<S: AsyncRead + AsyncWrite + Unpin + 'static>(
        &self,
        at: usize,
        stream: S,
        acts: u32,
    ) -> io::Result<()> {
        let (mut send, connection) =
            h2::client::handshake(stream).await.map_err(io::Error::other)?;
        // It ends as the last of what is sent is dropped.
        let connection = spawn_local(connection);
        for act in 0..acts {
            let (path, body, expected) = asked(act);
            send = send.ready().await.map_err(io::Error::other)?;
            let method = if body.is_empty() { "GET" } else { "POST" };
            let uri = format!("http://crab{path}");
            let request = Request::builder().method(method).uri(uri).body(());
            let request = request.map_err(io::Error::other)?;
            let begun = send.send_request(request, body.is_empty()).map_err(io::Error::other)?;
            let (response, mut body_of) = begun;
            if !body.is_empty() {
                let body = Bytes::from_static(PAGE);
                body_of.send_data(body, true).map_err(io::Error::other)?;
            }
            if act == VISIT / 2 {
                // Somebody changes his mind.
                body_of.send_reset(h2::Reason::CANCEL);
                continue;
            }
            let response = response.await.map_err(io::Error::other)?;
            let mut answer = Vec::new();
            let mut parts = response.into_body();
            while let Some(part) = parts.data().await {
                let part = part.map_err(io::Error::other)?;
                let _ = parts.flow_control().release_capacity(part.len());
                answer.extend_from_slice(&part);
            }
            same(&answer, expected)?;
            if !self.did(at) {
                break;
            }
        }
        drop(send);
        // How the server takes the goodbye is not what is asked here.
        let _ = connection.await;
        Ok(())
    }

    async fn echoes<S: AsyncRead + AsyncWrite + Unpin>(
        &self,
        at: usize,
        mut stream: S,
        acts: u32,
    ) -> io::Result<()> {
        stream.write_all(&request()).await?;
        head_of(&mut stream, b"HTTP/1.1 101").await?;
        for act in 0..acts {
            let message = message(if act % 10 == 9 { 64 * 1024 } else { 16 });
            let mut echo = vec![0; length_of_echo(&message)];
            stream.write_all(&message).await?;
            stream.read_exact(&mut echo).await?;
            let right = echo.starts_with(&[0x82]) && echo.ends_with(b"~");
            same(if right { b"" } else { b"another message" }, b"")?;
            if !self.did(at) {
                break;
            }
        }
        let mut goodbye = Vec::new();
        Encoder::new(Role::Client { key: || [7; 4] }).close(Some((1000, "")), &mut goodbye);
        stream.write_all(&goodbye).await?;
        let mut rest = Vec::new();
        // Over TLS the end may come without a goodbye of its own.
        let _ = stream.read_to_end(&mut rest).await;
        same(&rest[..rest.len().min(1)], &[0x88])
    }

    async fn leave(&self, at: usize) -> io::Result<()> {
        let message = message(16);
        let parts: [&[&[u8]]; 4] = [
            &[b"GET / HTTP/1.1\r\nhost: cr"],
            &[b"POST /echo HTTP/1.1\r\nhost: crab\r\ncontent-length: 9999\r\n\r\nabc"],
            &[b"GET /wait HTTP/1.1\r\nhost: crab\r\n\r\n"],
            &[&request(), &message[..10]],
        ];
        for parts in parts {
            let mut stream = self.connect().await?;
            for part in parts {
                stream.write_all(part).await?;
                sleep(Duration::from_millis(2)).await;
            }
            drop(stream);
            self.did(at);
        }
        Ok(())
    }
}

/// What is asked for in that turn: the path, a body, and the answer.
fn asked(act: u32) -> (&'static str, &'static [u8], &'static [u8]) {
    match act % 4 {
        0 => ("/page", b"", PAGE),
        1 => ("/echo", PAGE, PAGE),
        2 => ("/wait", b"", HELLO),
        _ => ("/", b"", HELLO),
    }
}

/// Reads a head, which must begin so.
async fn head_of<S: AsyncRead + Unpin>(stream: &mut S, start: &[u8]) -> io::Result<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await?);
    }
    if head.starts_with(start) {
        return Ok(());
    }
    Err(io::Error::other(String::from_utf8_lossy(&head).into_owned()))
}

fn same(answer: &[u8], expected: &[u8]) -> io::Result<()> {
    if answer == expected {
        return Ok(());
    }
    let start = String::from_utf8_lossy(&answer[..answer.len().min(100)]).into_owned();
    Err(io::Error::other(format!("another answer of {} bytes: {start}", answer.len())))
}
