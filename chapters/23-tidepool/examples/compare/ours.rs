//! The servers in Rust: Tidepool by its command line, hyper and h2 alone, and axum. All give the same answers, to the byte.
//!
//! hyper, h2 and axum run on Tokio's current-thread runtime, with `TCP_NODELAY`, with a task for each connection.

use std::ffi::OsString;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::ws::{WebSocket, WebSocketUpgrade};
use axum::routing::{any, get, post};
use axum::serve::ListenerExt;
use bytes::{Bytes, BytesMut};
use clap::Args;
use gateway::{Accept, Error, Receive, ReceiveEvent, ResponseBody, ResponseStart, Scope, Sender};
use http::header::{CONTENT_TYPE, DATE, HeaderName, SERVER};
use http::{HeaderValue, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::time::sleep;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::peers::Peer;

pub const HELLO: &[u8] = b"Hello, crabs!\n";
pub const PAGE: &[u8] = &{
    let mut page = [b'x'; 10 * 1024];
    page[page.len() - 1] = b'\n';
    page
};
/// How long `/wait` waits.
const WAIT: Duration = Duration::from_millis(10);

const TEXT: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");
const NAME: HeaderValue = HeaderValue::from_static("tidepool");

/// What such a server is told.
#[derive(Debug, Args)]
pub struct Serving {
    peer: Peer,
    port: u16,
    /// Certificate and key, in PEM: it serves TLS.
    #[arg(num_args = 2)]
    tls: Vec<PathBuf>,
}

impl Serving {
    /// Serves until the process is ended.
    pub fn run(self) -> io::Result<()> {
        event_loop::descriptors::raise_limit(20_000);
        if self.peer == Peer::Tidepool {
            return match tidepool::run(self.options(), app) {
                0 => Ok(()),
                code => Err(io::Error::other(format!("Tidepool ended with code {code}"))),
            };
        }
        tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
            let listener = TcpListener::from_std(listen(self.port)?)?;
            match (self.peer, &self.tls[..]) {
                (Peer::Axum, _) => with_axum(listener).await,
                (peer, []) => each(listener, None, peer).await,
                (peer, [certificate, key]) => {
                    each(listener, Some(acceptor(certificate, key, peer)?), peer).await
                }
                _ => Err(io::ErrorKind::InvalidInput.into()),
            }
        })
    }

    /// What Tidepool's command line says.
    fn options(&self) -> Vec<OsString> {
        let port = self.port.to_string();
        let words = ["tidepool", "--port", &port, "--threads", "1", "--backlog", "4096"];
        let more = ["--no-access-log", "--log-level", "warning"];
        let patient = ["--timeout-keep-alive", "10m", "--limit-connections", "20000"];
        let mut options: Vec<OsString> =
            [&words[..], &more, &patient].concat().into_iter().map(OsString::from).collect();
        for (option, path) in ["--ssl-certfile", "--ssl-keyfile"].iter().zip(&self.tls) {
            options.extend([OsString::from(option), path.into()]);
        }
        options
    }
}

fn listen(port: u16) -> io::Result<std::net::TcpListener> {
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None)?;
    socket.set_reuse_address(true)?;
    socket.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, port)).into())?;
    socket.listen(4_096)?;
    socket.set_nonblocking(true)?;
    Ok(socket.into())
}

async fn app(scope: Scope, mut receive: Receive, send: Sender) -> Result<(), Error> {
    let scope = match scope {
        Scope::Http(scope) => scope,
        Scope::WebSocket(scope) => {
            // An echo need not remember what it was asked with, as axum's does not.
            drop(scope);
            return echo(receive, send).await;
        }
        other @ Scope::Lifespan(_) => return Err(other.unsupported().into()),
    };
    let body = match scope.uri.path() {
        "/" => Bytes::from_static(HELLO),
        "/page" => Bytes::from_static(PAGE),
        "/echo" => {
            let mut body = BytesMut::new();
            while let Some(part) = receive.part().await? {
                body.extend_from_slice(&part);
            }
            body.freeze()
        }
        "/wait" => {
            sleep(WAIT).await;
            Bytes::from_static(HELLO)
        }
        path => return Err(format!("nobody asks for {path}").into()),
    };
    send.send(ResponseStart::new(200).header(CONTENT_TYPE, TEXT)).await?;
    Ok(send.send(ResponseBody::last(body)).await?)
}

async fn echo(mut receive: Receive, send: Sender) -> Result<(), Error> {
    receive.next().await;
    send.send(Accept::new()).await?;
    while let ReceiveEvent::WebSocketReceive(message) = receive.next().await {
        send.send(message).await?;
    }
    Ok(())
}

fn acceptor(certificate: &Path, key: &Path, peer: Peer) -> io::Result<TlsAcceptor> {
    let chain = CertificateDer::pem_file_iter(certificate)
        .and_then(Iterator::collect)
        .map_err(io::Error::other)?;
    let key = PrivateKeyDer::from_pem_file(key).map_err(io::Error::other)?;
    let mut config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .map_err(io::Error::other)?;
    config.alpn_protocols =
        vec![if peer == Peer::H2 { b"h2".to_vec() } else { b"http/1.1".to_vec() }];
    Ok(Arc::new(config).into())
}

/// A task for each connection. One that breaks is nobody's fault here.
async fn each(listener: TcpListener, tls: Option<TlsAcceptor>, peer: Peer) -> io::Result<()> {
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let tls = tls.clone();
        tokio::spawn(async move {
            match tls {
                None => speak(stream, peer).await,
                Some(tls) => {
                    if let Ok(stream) = tls.accept(stream).await {
                        speak(stream, peer).await;
                    }
                }
            }
        });
    }
}

async fn speak<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(stream: S, peer: Peer) {
    if peer == Peer::H2 {
        let _ = with_h2(stream).await;
    } else {
        let _ =
            http1::Builder::new().serve_connection(TokioIo::new(stream), service_fn(service)).await;
    }
}

async fn service(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, hyper::Error> {
    let mut status = StatusCode::OK;
    let body = match request.uri().path() {
        "/" => Bytes::from_static(HELLO),
        "/page" => Bytes::from_static(PAGE),
        "/echo" => request.into_body().collect().await?.to_bytes(),
        "/wait" => {
            sleep(WAIT).await;
            Bytes::from_static(HELLO)
        }
        _ => {
            status = StatusCode::NOT_FOUND;
            Bytes::new()
        }
    };
    let mut response = Response::new(Full::new(body));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, TEXT);
    response.headers_mut().insert(SERVER, NAME);
    Ok(response)
}

/// The small page over HTTP/2: what it is asked for by h2 alone.
async fn with_h2<S: AsyncRead + AsyncWrite + Unpin>(stream: S) -> Result<(), h2::Error> {
    let mut connection = h2::server::handshake(stream).await?;
    while let Some(accepted) = connection.accept().await {
        let (_, mut respond) = accepted?;
        tokio::spawn(async move {
            let mut response = Response::new(());
            let headers = response.headers_mut();
            headers.insert(CONTENT_TYPE, TEXT);
            headers.insert(http::header::CONTENT_LENGTH, HeaderValue::from_static("14"));
            headers.insert(SERVER, NAME);
            // As long as any.
            headers.insert(DATE, HeaderValue::from_static("Sun, 29 Nov 2026 12:00:00 GMT"));
            // A client that has gone wants no answer.
            if let Ok(mut stream) = respond.send_response(response, false) {
                let _ = stream.send_data(Bytes::from_static(HELLO), true);
            }
        });
    }
    Ok(())
}

async fn with_axum(listener: TcpListener) -> io::Result<()> {
    const HEAD: [(HeaderName, HeaderValue); 2] = [(CONTENT_TYPE, TEXT), (SERVER, NAME)];
    async fn wait() -> ([(HeaderName, HeaderValue); 2], Bytes) {
        sleep(WAIT).await;
        (HEAD, Bytes::from_static(HELLO))
    }
    let router = Router::new()
        .route("/", get(async || (HEAD, Bytes::from_static(HELLO))))
        .route("/page", get(async || (HEAD, Bytes::from_static(PAGE))))
        .route("/echo", post(async |body: Bytes| (HEAD, body)))
        .route("/wait", get(wait))
        .route("/socket", any(async |upgrade: WebSocketUpgrade| upgrade.on_upgrade(axum_echo)));
    let listener = listener.tap_io(|stream| {
        // One that cannot be tuned still works.
        let _ = stream.set_nodelay(true);
    });
    axum::serve(listener, router).await
}

async fn axum_echo(mut socket: WebSocket) {
    while let Some(Ok(message)) = socket.recv().await {
        if socket.send(message).await.is_err() {
            break;
        }
    }
}
