//! Six responses over one line: on six connections of HTTP/1.1, and then on one of HTTP/2. One of the six is not read for a while.
//!
//! ```text
//! cargo run -p http2-and-tls --example six_streams
//! ```

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::join_all;
use gateway::{App, Error, Receive, ResponseBody, ResponseStart, Scope, Sender};
use http::Request;
use http_server::Config;
use http2_and_tls::frames::Frame;
use http2_and_tls::observe::{Direction, Observed, Observer};
use http2_and_tls::{Http2, Server, Tls, TlsConfig};
use tempfile::TempDir;
use timeline::{Kind, Lane, Recorder};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::time::{Instant, sleep_until};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

#[expect(dead_code, reason = "nobody here shows a client's certificate")]
mod authority;
mod line;

use authority::Authority;
use line::{Carried, Line};

// ANCHOR: app
/// 48,000 bytes in twelve parts.
async fn shells(scope: Scope, _: Receive, send: Sender) -> Result<(), Error> {
    let Scope::Http(_) = scope else { return Err(scope.unsupported().into()) };
    send.send(ResponseStart::new(200)).await?;
    let part = Bytes::from_static(&[b'~'; 4_000]);
    for _ in 1..12 {
        send.send(ResponseBody::part(part.clone())).await?;
    }
    Ok(send.send(ResponseBody::last(part)).await?)
}
// ANCHOR_END: app

/// How many responses there are.
const RESPONSES: usize = 6;
/// Which of them is not read at first, beyond what its window holds; and until when.
const STALLED: usize = 2;
const READ_AGAIN: Duration = Duration::from_secs(2);
/// How many bytes of a stream the client takes that it has not read.
const WINDOW: u32 = 24_000;

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// A frame, and when it passed.
type Passed = (Instant, Direction, Frame);

/// Frames as they pass.
#[derive(Clone, Default)]
struct Film(Arc<Mutex<Vec<Passed>>>);

impl Film {
    // ANCHOR: observer
    fn observer(&self) -> Observer {
        let film = self.clone();
        Observer::new(move |direction, frame| {
            film.frames().push((Instant::now(), direction, *frame));
        })
    }
    // ANCHOR_END: observer

    fn frames(&self) -> MutexGuard<'_, Vec<Passed>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() -> Result<(), Failure> {
    let folder = TempDir::new()?;
    let authority = Authority::new("Tide Pool Authority")?;
    let (certificate, key) = authority.server(&["crab"])?.save(folder.path(), "server")?;
    let film = Film::default();
    let http2 = Http2 { observer: Some(film.observer()), ..Http2::default() };
    let server = Server::new(shells, Config { date: false, ..Config::default() }, http2)
        .with_tls(Tls::load(TlsConfig::new(certificate, key))?);
    let site = Site { server, authority };

    let mut picture = Recorder::new("Six responses, on six connections and on one");
    picture
        .note(
            "Each of the six connections begins with handshakes of its own. On the one connection, \
             the frames of six streams take turns. A response that its client does not read stops, \
             and the others come as before.",
        )
        .call(Kind::Working, "being sent")
        .call(Kind::Blocked, "stopped");
    println!("HTTP/1.1, six connections");
    six_connections(&site, &mut picture).await?;
    println!("HTTP/2, one connection");
    one_connection(&site, &mut picture).await?;

    let frames = film.frames();
    println!("its first frames, as the server has them");
    for (_, direction, frame) in frames.iter().take(20) {
        println!("  {:<8} {frame}", format!("{direction:?}"));
    }
    let data = frames
        .iter()
        .filter(|(_, direction, frame)| *direction == Direction::Written && frame.name() == "DATA");
    let streams: Vec<_> = data.map(|(.., frame)| frame.stream.to_string()).collect();
    println!("the streams of its DATA, in order");
    for line in streams.chunks(24) {
        println!("  {}", line.join(" "));
    }
    picture.rounded(Duration::from_millis(5)).finish().save("six-streams")?;
    Ok(())
}

/// A server, and who has signed its certificate.
struct Site<A> {
    server: Server<A>,
    authority: Authority,
}

impl<A: App + 'static> Site<A> {
    /// A connection on which the client and the server have agreed on a protocol.
    async fn connect(&self, line: &Line, protocol: &str) -> Result<Connected, Failure> {
        let began = Instant::now();
        let (ours, theirs, carried) = line.connect().await;
        let tcp = began.elapsed();
        let server = self.server.clone();
        tokio::spawn(async move { server.serve_connection(theirs).await });
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(self.authority.certificate().as_bytes())?)?;
        let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = vec![protocol.into()];
        let connector = TlsConnector::from(Arc::new(config));
        let stream = connector.connect("crab".try_into()?, ours).await?;
        Ok(Connected { stream, carried, tcp, tls: began.elapsed() })
    }
}

/// A connection, and when its handshakes were over.
struct Connected {
    stream: TlsStream<DuplexStream>,
    carried: Carried,
    tcp: Duration,
    tls: Duration,
}

/// How a response came.
struct Came {
    /// From when to when each part of it was carried.
    parts: Vec<(Duration, Duration)>,
    whole: Duration,
}

async fn six_connections<A: App + 'static>(
    site: &Site<A>,
    picture: &mut Recorder,
) -> Result<(), Failure> {
    let (began, line) = (Instant::now(), Line::default());
    let fetches = (0..RESPONSES).map(|number| {
        let line = line.clone();
        async move {
            let mut connected = site.connect(&line, "http/1.1").await?;
            let handshakes = connected.carried.times().len();
            let request = format!("GET /{number} HTTP/1.1\r\nhost: crab\r\n\r\n");
            connected.stream.write_all(request.as_bytes()).await?;
            if number == STALLED {
                sleep_until(began + READ_AGAIN).await;
            }
            let mut heard = Vec::new();
            while !heard.ends_with(b"\r\n0\r\n\r\n") {
                connected.stream.read_buf(&mut heard).await?;
            }
            let whole = began.elapsed();
            let pieces = connected.carried.times().split_off(handshakes);
            Ok::<_, Failure>((connected.tcp, connected.tls, pieces, whole))
        }
    });
    for (number, came) in join_all(fetches).await.into_iter().enumerate() {
        let (tcp, tls, pieces, whole) = came?;
        let row = picture.lane(format!("HTTP/1.1, connection {}", number + 1));
        picture.span(row, Duration::ZERO, tcp, Kind::Waiting, "TCP");
        picture.span(row, tcp, tls, Kind::Waiting, "TLS");
        let parts = pieces.iter().map(|&(from, to)| (from - began, to - began)).collect();
        draw(picture, row, tls, number, &Came { parts, whole });
    }
    Ok(())
}

async fn one_connection<A: App + 'static>(
    site: &Site<A>,
    picture: &mut Recorder,
) -> Result<(), Failure> {
    let (began, line) = (Instant::now(), Line::default());
    let connected = site.connect(&line, "h2").await?;
    let film = Film::default();
    let stream = Observed::client(connected.stream, Some(film.observer()));
    let mut builder = h2::client::Builder::new();
    builder.initial_window_size(WINDOW).initial_connection_window_size(1 << 20);
    let (send, connection) = builder.handshake::<_, Bytes>(stream).await?;
    tokio::spawn(connection);
    let fetches = (0..RESPONSES).map(|number| {
        let mut send = send.clone();
        async move {
            let request = Request::get(format!("https://crab/{number}")).body(())?;
            let (response, _) = send.send_request(request, true)?;
            let mut body = response.await?.into_body();
            if number == STALLED {
                sleep_until(began + READ_AGAIN).await;
            }
            while let Some(part) = body.data().await {
                body.flow_control().release_capacity(part?.len())?;
            }
            Ok::<_, Failure>(began.elapsed())
        }
    });
    let wholes = join_all(fetches).await;
    let row = picture.lane("HTTP/2, the connection");
    picture.span(row, Duration::ZERO, connected.tcp, Kind::Waiting, "TCP");
    picture.span(row, connected.tcp, connected.tls, Kind::Waiting, "TLS");
    let carried = connected.carried.times();
    let frames = film.frames();
    for (number, whole) in wholes.into_iter().enumerate() {
        let id = u32::try_from(2 * number + 1)?;
        let row = picture.lane(format!("HTTP/2, stream {id}"));
        let came = frames.iter().filter(|(_, direction, frame)| {
            *direction == Direction::Read && frame.stream == id && frame.name() == "DATA"
        });
        // A frame has come with the piece that its end was in.
        let parts = came.filter_map(|&(at, ..)| {
            let &(from, to) = carried.iter().rev().find(|(_, to)| *to <= at)?;
            Some((from - began, to - began))
        });
        let mut parts: Vec<_> = parts.collect();
        parts.dedup();
        draw(picture, row, connected.tls, number, &Came { parts, whole: whole? });
    }
    Ok(())
}

/// Draws how a response came, and says it.
fn draw(picture: &mut Recorder, row: Lane, asked: Duration, number: usize, came: &Came) {
    let first = came.parts.first().map_or(came.whole, |&(from, _)| from);
    picture.span(row, asked, first, Kind::Waiting, "asked for");
    let mut before = first;
    for &(from, to) in &came.parts {
        if number == STALLED && from > before + READ_AGAIN / 4 {
            picture.span(row, before, from, Kind::Blocked, "its client does not read");
        }
        picture.span(row, from, to, Kind::Working, "");
        before = to;
    }
    picture.mark(row, came.whole, "whole");
    println!(
        "  response {}: asked for at {:>4} ms, begins at {:>4} ms, whole at {:>4} ms",
        number + 1,
        asked.as_millis(),
        first.as_millis(),
        came.whole.as_millis()
    );
}
