//! hyper in front of an application, in twenty lines: the request is collected, the response is collected.
//!
//! ```text
//! cargo run -p http-server --example buffered
//! ```

#[path = "../examples/visitor/mod.rs"]
mod visitor;

use bytes::Bytes;
use gateway::{Error, State, crab_app, testing};
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::DuplexStream;
use visitor::{Visitor, wire};

// ANCHOR: serve
async fn serve_connection(stream: DuplexStream, state: State) -> hyper::Result<()> {
    let service = service_fn(|request| answer(request, state.clone()));
    http1::Builder::new().serve_connection(TokioIo::new(stream), service).await
}

async fn answer(
    request: Request<Incoming>,
    state: State,
) -> Result<Response<Full<Bytes>>, hyper::Error> {
    let (head, body) = request.into_parts();
    let body = body.collect().await?.to_bytes();
    let request = testing::Request::new(head.method, &head.uri.to_string());
    let request = request.with(|it| it.headers = head.headers).part(body).state(state);

    let answer = testing::ask(&crab_app, request).await;

    let mut response = Response::new(Full::new(answer.body));
    *response.status_mut() = answer.status;
    *response.headers_mut() = answer.headers;
    Ok(response)
}
// ANCHOR_END: serve

// ANCHOR: main
#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() -> Result<(), Error> {
    let state = testing::lifespan(&crab_app).startup().await?;
    let connect = |name| {
        let (ours, theirs) = wire();
        tokio::spawn(serve_connection(theirs, state.clone()));
        Visitor::new(name, ours)
    };

    let mut ada = connect("Ada");
    ada.asks("GET", "/").await?;
    ada.hears().await?;

    let mut eve = connect("Eve");
    eve.fills_in("/guests", 8_000_000).await?;

    let mut ben = connect("Ben");
    ben.asks("GET", "/feed").await?;
    ben.hears().await?;
    Ok(())
}
// ANCHOR_END: main
