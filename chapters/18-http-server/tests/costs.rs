//! What a request costs beside bare hyper: allocations, which count the same every time.

#[path = "../../17-gateway/examples/slot_on_hyper/counting.rs"]
mod counting;

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use gateway::{App, Error, Receive, ResponseBody, ResponseStart, Scope, Sender};
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use http_server::{Config, Server};
use hyper::body::{Body, Frame, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use proctor::{expect_eq, watch_local};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};

#[global_allocator]
static MEMORY: counting::Counting = counting::Counting;

const GET: &str = "GET /crabs?sort=name HTTP/1.1\r\nhost: crabsarecool.com\r\naccept: */*\r\n\r\n";
const REQUESTS: u64 = 200;
const PART: &[u8] = &[b'x'; 1024];
const PARTS: usize = 10;

async fn hello(_: Scope, _: Receive, send: Sender) -> Result<(), Error> {
    send.send(
        ResponseStart::new(200)
            .header("content-type", http::HeaderValue::from_static("text/plain")),
    )
    .await?;
    Ok(send.send(ResponseBody::last("crab")).await?)
}

async fn bare_hello(_: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let mut response = Response::new(Full::new(Bytes::from_static(b"crab")));
    let text = http::HeaderValue::from_static("text/plain");
    response.headers_mut().insert("content-type", text);
    Ok(response)
}

async fn stream(_: Scope, _: Receive, send: Sender) -> Result<(), Error> {
    send.send(ResponseStart::new(200)).await?;
    for _ in 0..PARTS {
        send.send(ResponseBody::part(PART)).await?;
    }
    Ok(send.send(ResponseBody::last("")).await?)
}

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

async fn bare_stream(_: Request<Incoming>) -> Result<Response<Parts>, Infallible> {
    Ok(Response::new(Parts(PARTS)))
}

async fn upload(_: Scope, mut receive: Receive, send: Sender) -> Result<(), Error> {
    while receive.part().await?.is_some() {}
    send.send(ResponseStart::new(200)).await?;
    Ok(send.send(ResponseBody::last("crab")).await?)
}

async fn bare_upload(request: Request<Incoming>) -> hyper::Result<Response<Full<Bytes>>> {
    // The head stays, as it does for an application: it is a part of the buffer that hyper reads into, and hyper takes a new one.
    let (head, mut body) = request.into_parts();
    while let Some(frame) = body.frame().await {
        drop(frame?);
    }
    drop(head);
    Ok(Response::new(Full::new(Bytes::from_static(b"crab"))))
}

async fn allocations(mut client: DuplexStream, request: &[u8], end: &[u8]) -> u64 {
    let mut buffer = vec![0; 16 * 1024];
    let mut ask = async |requests: u64| {
        for _ in 0..requests {
            client.write_all(request).await.unwrap();
            let mut read = 0;
            while !buffer[..read].ends_with(end) {
                read += client.read(&mut buffer[read..]).await.unwrap();
            }
        }
    };
    ask(10).await;
    let before = counting::allocations();
    ask(REQUESTS).await;
    // A buffer of hyper's or of the pipe may be renewed once in a while.
    (counting::allocations() - before) / REQUESTS
}

/// Allocations of a request to the application, and to hyper alone, which `bare` lets serve the connection.
fn expect_equal(
    app: impl App + 'static,
    bare: impl FnOnce(TokioIo<DuplexStream>) + Send + 'static,
    request: &'static [u8],
    end: &'static [u8],
) {
    let bare = watch_local(async move || {
        let (client, server) = duplex(16 * 1024);
        bare(TokioIo::new(server));
        allocations(client, request, end).await
    });
    let ours = watch_local(async move || {
        let (client, server) = duplex(16 * 1024);
        tokio::spawn(Server::new(app, Config::default()).serve_connection(server));
        allocations(client, request, end).await
    });
    expect_eq!(ours, bare, "allocations of a request");
}

#[test]
fn a_request_allocates_no_more_than_with_bare_hyper() {
    let bare = |io| {
        tokio::spawn(http1::Builder::new().serve_connection(io, service_fn(bare_hello)));
    };
    expect_equal(hello, bare, GET.as_bytes(), b"crab");
}

#[test]
fn a_streamed_response_allocates_no_more_than_with_bare_hyper() {
    let bare = |io| {
        tokio::spawn(http1::Builder::new().serve_connection(io, service_fn(bare_stream)));
    };
    expect_equal(stream, bare, GET.as_bytes(), b"\r\n0\r\n\r\n");
}

#[test]
fn an_upload_allocates_no_more_than_with_bare_hyper() {
    const POST: &[u8] = b"POST / HTTP/1.1\r\nhost: crab\r\ntransfer-encoding: chunked\r\n\r\n\
        4\r\ncrab\r\n4\r\ncrab\r\n4\r\ncrab\r\n4\r\ncrab\r\n0\r\n\r\n";
    let bare = |io| {
        tokio::spawn(http1::Builder::new().serve_connection(io, service_fn(bare_upload)));
    };
    expect_equal(upload, bare, POST, b"crab");
}
