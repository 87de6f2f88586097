//! The servers that are compared: hyper alone, axum, and this crate's, each with the same four answers, to the byte.
//!
//! All run on Tokio's current-thread runtime, with `TCP_NODELAY`, with a task for each connection.

use std::convert::Infallible;
use std::io;
use std::net;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::Body as AxumBody;
use axum::http::HeaderName;
use axum::routing::{get, post};
use axum::serve::ListenerExt;
use bytes::Bytes;
use gateway::{Error, Receive, ResponseBody, ResponseStart, Scope, Sender};
use http::header::{CONTENT_TYPE, SERVER};
use http::{HeaderValue, Request, Response, StatusCode};
use http_body_util::{BodyExt, Either, Full};
use http_server::Config;
use hyper::body::{Body, Frame, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::runtime::Builder;

/// What the servers are called.
pub const WAYS: [&str; 3] = ["hyper", "axum", "tidepool"];

pub const HELLO: &[u8] = b"Hello, crabs!\n";
pub const PAGE: &[u8] = &[b'x'; 10 * 1024];
pub const PART: &[u8] = &[b'x'; 16 * 1024];
/// Of a stream, and of an upload: a MiB.
pub const PARTS: usize = 64;

const TEXT: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");
const NAME: HeaderValue = HeaderValue::from_static("tidepool");

/// Serves on this thread, for ever. `bounds` is the time that one of ours has for those that keep it waiting.
pub fn serve(way: &str, listener: net::TcpListener, bounds: Duration) -> io::Result<()> {
    listener.set_nonblocking(true)?;
    Builder::new_current_thread().enable_all().build()?.block_on(async {
        let listener = TcpListener::from_std(listener)?;
        match way {
            "hyper" => bare(listener).await,
            "axum" => with_axum(listener).await,
            "tidepool" => ours(listener, Config { keep_alive: bounds, ..Config::default() }).await,
            "guarded" => ours(listener, guarded(bounds)).await,
            _ => Err(io::Error::other(format!("there is no server {way}"))),
        }
    })
}

/// Patient with those that are idle, and with nobody else.
fn guarded(bounds: Duration) -> Config {
    Config {
        first_byte: bounds,
        head: bounds,
        body: bounds,
        write: bounds,
        keep_alive: Duration::from_secs(600),
        connections: 20_000,
        ..Config::default()
    }
}

// ANCHOR: ours
async fn ours(listener: TcpListener, config: Config) -> io::Result<()> {
    http_server::serve(listener, app, config).await
}

async fn app(scope: Scope, mut receive: Receive, send: Sender) -> Result<(), Error> {
    let Scope::Http(scope) = scope else { return Err(scope.unsupported().into()) };
    let start = |status| ResponseStart::new(status).header(CONTENT_TYPE, TEXT);
    match scope.uri.path() {
        "/" => {
            send.send(start(200)).await?;
            send.send(ResponseBody::last(HELLO)).await?;
        }
        "/page" => {
            send.send(start(200)).await?;
            send.send(ResponseBody::last(PAGE)).await?;
        }
        "/stream" => {
            send.send(start(200)).await?;
            for _ in 0..PARTS {
                send.send(ResponseBody::part(PART)).await?;
            }
            send.send(ResponseBody::last("")).await?;
        }
        "/upload" => {
            let mut bytes = 0;
            while let Some(part) = receive.part().await? {
                bytes += part.len();
            }
            send.send(start(200)).await?;
            send.send(ResponseBody::last(format!("{bytes}\n"))).await?;
        }
        _ => {
            send.send(start(404)).await?;
            send.send(ResponseBody::last("")).await?;
        }
    }
    Ok(())
}
// ANCHOR_END: ours

// ANCHOR: bare
async fn bare(listener: TcpListener) -> io::Result<()> {
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        tokio::spawn(async move {
            // A connection that breaks is nobody's fault here.
            let _ = http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service_fn(service))
                .await;
        });
    }
}

type BareBody = Either<Full<Bytes>, Parts>;

async fn service(request: Request<Incoming>) -> Result<Response<BareBody>, hyper::Error> {
    let mut status = StatusCode::OK;
    let body = match request.uri().path() {
        "/" => Either::Left(Full::from(HELLO)),
        "/page" => Either::Left(Full::from(PAGE)),
        "/stream" => Either::Right(Parts(PARTS)),
        "/upload" => {
            let mut body = request.into_body();
            let mut bytes = 0;
            while let Some(frame) = body.frame().await {
                bytes += frame?.into_data().map_or(0, |part| part.len());
            }
            Either::Left(Full::from(format!("{bytes}\n")))
        }
        _ => {
            status = StatusCode::NOT_FOUND;
            Either::Left(Full::default())
        }
    };
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, TEXT);
    response.headers_mut().insert(SERVER, NAME);
    Ok(response)
}
// ANCHOR_END: bare

/// Hands out parts as fast as hyper takes them.
struct Parts(usize);

impl Body for Parts {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let Some(left) = self.0.checked_sub(1) else { return Poll::Ready(None) };
        self.0 = left;
        Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(PART)))))
    }
}

// ANCHOR: axum
async fn with_axum(listener: TcpListener) -> io::Result<()> {
    const HEAD: [(HeaderName, HeaderValue); 2] = [(CONTENT_TYPE, TEXT), (SERVER, NAME)];
    async fn upload(
        body: AxumBody,
    ) -> Result<([(HeaderName, HeaderValue); 2], String), StatusCode> {
        let mut body = body;
        let mut bytes = 0;
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|_| StatusCode::BAD_REQUEST)?;
            bytes += frame.into_data().map_or(0, |part| part.len());
        }
        Ok((HEAD, format!("{bytes}\n")))
    }
    let router = Router::new()
        .route("/", get(async || (HEAD, Bytes::from_static(HELLO))))
        .route("/page", get(async || (HEAD, Bytes::from_static(PAGE))))
        .route("/stream", get(async || (HEAD, AxumBody::new(Parts(PARTS)))))
        .route("/upload", post(upload));
    let listener = listener.tap_io(|stream| {
        // One that cannot be tuned still works.
        let _ = stream.set_nodelay(true);
    });
    axum::serve(listener, router).await
}
// ANCHOR_END: axum
