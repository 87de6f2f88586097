//! What a request costs beside bare hyper: allocations, which count the same every time.

#[path = "../../17-gateway/examples/slot_on_hyper/counting.rs"]
mod counting;

use std::convert::Infallible;

use bytes::Bytes;
use gateway::{Error, Receive, ResponseBody, ResponseStart, Scope, Sender};
use http::{Request, Response};
use http_body_util::Full;
use http_server::{Config, Server};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use proctor::{expect_eq, watch_local};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};

#[global_allocator]
static MEMORY: counting::Counting = counting::Counting;

const GET: &str = "GET /crabs?sort=name HTTP/1.1\r\nhost: crabsarecool.com\r\naccept: */*\r\n\r\n";
const REQUESTS: u64 = 200;

async fn hello(_: Scope, _: Receive, send: Sender) -> Result<(), Error> {
    send.send(
        ResponseStart::new(200)
            .header("content-type", http::HeaderValue::from_static("text/plain")),
    )
    .await?;
    Ok(send.send(ResponseBody::last("crab")).await?)
}

async fn bare(_: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let mut response = Response::new(Full::new(Bytes::from_static(b"crab")));
    let text = http::HeaderValue::from_static("text/plain");
    response.headers_mut().insert("content-type", text);
    Ok(response)
}

async fn allocations(mut client: DuplexStream) -> u64 {
    let mut buffer = vec![0; 4 * 1024];
    let mut ask = async |requests: u64| {
        for _ in 0..requests {
            client.write_all(GET.as_bytes()).await.unwrap();
            let mut read = 0;
            while !buffer[..read].ends_with(b"crab") {
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

#[test]
fn a_request_allocates_no_more_than_with_bare_hyper() {
    let bare = watch_local(async || {
        let (client, server) = duplex(16 * 1024);
        let service = service_fn(bare);
        tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(server), service));
        allocations(client).await
    });
    let ours = watch_local(async || {
        let (client, server) = duplex(16 * 1024);
        tokio::spawn(Server::new(hello, Config::default()).serve_connection(server));
        allocations(client).await
    });
    expect_eq!(ours, bare, "allocations of a request");
}
