//! What the crate's documentation says about costs.

#[path = "../examples/slot_on_hyper/counting.rs"]
mod counting;
#[path = "../examples/slot_on_hyper/driver.rs"]
mod driver;

use std::convert::Infallible;
use std::sync::Arc;

use bytes::Bytes;
use gateway::middleware::{AccessLog, RequestIds, Timing};
use gateway::{
    App, Connection, DynApp, Error, Receive, ResponseBody, ResponseStart, Scope, Sender, State,
};
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use proctor::{expect_eq, watch_local};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};

#[global_allocator]
static MEMORY: counting::Counting = counting::Counting;

const TEXT: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");
const GET: &str = "GET /crabs?sort=name HTTP/1.1\r\nhost: crabsarecool.com\r\naccept: */*\r\n\r\n";
const POST: &str = "POST / HTTP/1.1\r\nhost: crabsarecool.com\r\ncontent-length: 4\r\n\r\ncrab";
const REQUESTS: u64 = 200;

async fn hello(scope: Scope, _receive: Receive, send: Sender) -> Result<(), Error> {
    let Scope::Http(_) = scope else { return Err(scope.unsupported().into()) };
    send.send(ResponseStart::new(200).header(CONTENT_TYPE, TEXT)).await?;
    Ok(send.send(ResponseBody::last("crab")).await?)
}

/// Allocations for each of some requests, on the thread that serves and asks.
async fn count(mut client: DuplexStream, request: &str, end: &str) -> u64 {
    let mut buffer = vec![0; 64 * 1024];
    let mut before = 0;
    for number in 0..2 * REQUESTS {
        if number == REQUESTS {
            before = counting::allocations();
        }
        client.write_all(request.as_bytes()).await.unwrap();
        let mut filled = 0;
        while !buffer[..filled].ends_with(end.as_bytes()) {
            filled += client.read(&mut buffer[filled..]).await.unwrap();
        }
    }
    let all = counting::allocations() - before;
    // A buffer of hyper's or of the pipe may be renewed once in a while.
    all / REQUESTS
}

async fn of_app(app: impl App + 'static, request: &str, end: &str) -> u64 {
    let (client, stream) = duplex(64 * 1024);
    let server = tokio::spawn(driver::serve_connection(
        Arc::new(app),
        TokioIo::new(stream),
        Arc::new(Connection::default()),
        State::new(),
        |failure| panic!("{failure}"),
    ));
    let counted = count(client, request, end).await;
    server.await.unwrap().unwrap();
    counted
}

async fn of_hyper(request: &str) -> u64 {
    let (client, stream) = duplex(64 * 1024);
    let server = tokio::spawn(async move {
        let service = service_fn(async |_: Request<Incoming>| {
            let mut response = Response::new(Full::new(Bytes::from_static(b"crab")));
            response.headers_mut().append(CONTENT_TYPE, TEXT);
            Ok::<_, Infallible>(response)
        });
        http1::Builder::new().serve_connection(TokioIo::new(stream), service).await
    });
    let counted = count(client, request, "crab").await;
    server.await.unwrap().unwrap();
    counted
}

#[test]
fn a_whole_response_costs_the_allocations_that_bare_hyper_needs() {
    watch_local(async || {
        for request in [GET, POST] {
            let (ours, bare) = (of_app(hello, request, "crab").await, of_hyper(request).await);
            expect_eq!(ours, bare, "allocations for {request:?}");
        }
    });
}

#[test]
fn a_part_of_the_request_or_the_response_costs_none_of_ours() {
    async fn echo(_: Scope, mut receive: Receive, send: Sender) -> Result<(), Error> {
        send.send(ResponseStart::new(200).header(CONTENT_TYPE, TEXT)).await?;
        while receive.part().await?.is_some() {}
        for _ in 0..50 {
            send.send(ResponseBody::part("tide")).await?;
        }
        Ok(send.send(ResponseBody::last("")).await?)
    }
    async fn short(_: Scope, mut receive: Receive, send: Sender) -> Result<(), Error> {
        send.send(ResponseStart::new(200).header(CONTENT_TYPE, TEXT)).await?;
        while receive.part().await?.is_some() {}
        send.send(ResponseBody::part("tide")).await?;
        Ok(send.send(ResponseBody::last("")).await?)
    }
    watch_local(async || {
        let end = "0\r\n\r\n";
        let (long, short) = (of_app(echo, POST, end).await, of_app(short, POST, end).await);
        expect_eq!(long, short, "allocations for a response in 50 parts, and in one");
    });
}

#[test]
fn middleware_costs_the_allocations_that_its_documentation_says() {
    watch_local(async || {
        let plain = of_app(hello, GET, "crab").await;
        let boxed = of_app(DynApp::new(hello), GET, "crab").await;
        let log = of_app(AccessLog::new(hello, |_| {}), GET, "crab").await;
        let timing = of_app(Timing::new(hello, |_| {}), GET, "crab").await;
        let ids = of_app(RequestIds::new(hello), GET, "crab").await;
        expect_eq!(boxed - plain, 1, "allocations of DynApp");
        expect_eq!(log - plain, 5, "allocations of AccessLog");
        expect_eq!(timing - plain, 2, "allocations of Timing");
        expect_eq!(ids - plain, 7, "allocations of RequestIds");
    });
}
