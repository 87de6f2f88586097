//! What a call costs beside bare hyper: allocations, and time, for keep-alive requests over one connection of loopback.
//!
//! `cargo run --release -p gateway --example slot_on_hyper`

mod counting;
mod driver;

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use gateway::{Connection, Error, Receive, ResponseBody, ResponseStart, Scope, Sender, State};
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

#[global_allocator]
static MEMORY: counting::Counting = counting::Counting::new();

const TEXT: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");
const REQUEST: &[u8] =
    b"GET /crabs?sort=name HTTP/1.1\r\nhost: crabsarecool.com\r\naccept: */*\r\nuser-agent: crab/1\r\n\r\n";
const ROUNDS: usize = 9;

/// The application.
async fn hello(scope: Scope, _receive: Receive, send: Sender) -> Result<(), Error> {
    let Scope::Http(_) = scope else { return Err(scope.unsupported().into()) };
    send.send(ResponseStart::new(200).header(CONTENT_TYPE, TEXT)).await?;
    send.send(ResponseBody::last("Hello, crabs!\n")).await?;
    Ok(())
}

/// The same as a service of hyper's.
async fn bare(_request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let mut response = Response::new(Full::new(Bytes::from_static(b"Hello, crabs!\n")));
    response.headers_mut().append(CONTENT_TYPE, TEXT);
    Ok(response)
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let requests =
        if std::env::args().any(|argument| argument == "--short") { 1_000 } else { 50_000 };
    let app = Arc::new(hello);
    let mut bare_times = Vec::new();
    let mut our_times = Vec::new();
    let (mut bare_allocations, mut our_allocations) = (0.0, 0.0);
    for _ in 0..ROUNDS {
        let (stream, mut client) = connection().await;
        let server = tokio::spawn(async move {
            http1::Builder::new().serve_connection(TokioIo::new(stream), service_fn(bare)).await
        });
        let (allocations, time) = ask(&mut client, requests).await;
        bare_allocations = allocations;
        bare_times.push(time);
        drop(client);
        let _ = server.await;

        let (stream, mut client) = connection().await;
        let app = Arc::clone(&app);
        let surroundings = Arc::new(Connection::default());
        let server = tokio::spawn(driver::serve_connection(
            app,
            TokioIo::new(stream),
            surroundings,
            State::new(),
            |failure| panic!("{failure}"),
        ));
        let (allocations, time) = ask(&mut client, requests).await;
        our_allocations = allocations;
        our_times.push(time);
        drop(client);
        let _ = server.await;
    }
    println!("                  allocations   microseconds");
    println!("                   a request      a request");
    println!("bare hyper         {bare_allocations:>9.2}      {:>9.2}", median(&mut bare_times));
    println!("scope, receive, send {our_allocations:>7.2}      {:>9.2}", median(&mut our_times));
}

async fn connection() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    let (stream, _) = listener.accept().await.unwrap();
    stream.set_nodelay(true).unwrap();
    client.set_nodelay(true).unwrap();
    (stream, client)
}

/// Asks one request after the other. How many allocations there were for each, and how many microseconds it took.
async fn ask(client: &mut TcpStream, requests: usize) -> (f64, f64) {
    for _ in 0..100 {
        ask_once(client).await;
    }
    let (allocations, began) = (MEMORY.allocations(), Instant::now());
    for _ in 0..requests {
        ask_once(client).await;
    }
    let time = began.elapsed().as_secs_f64() * 1e6 / requests as f64;
    ((MEMORY.allocations() - allocations) as f64 / requests as f64, time)
}

async fn ask_once(client: &mut TcpStream) {
    let mut buffer = [0; 1024];
    client.write_all(REQUEST).await.unwrap();
    let count = client.read(&mut buffer).await.unwrap();
    assert!(buffer[..count].ends_with(b"\r\n\r\nHello, crabs!\n"), "the response is whole");
}

fn median(times: &mut [f64]) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}
