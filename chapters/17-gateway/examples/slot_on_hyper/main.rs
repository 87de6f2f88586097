//! What a call costs beside bare hyper: allocations and time, for keep-alive requests over one connection of loopback.
//!
//!     cargo run --release -p gateway --example slot_on_hyper
//!
//! Client and server share a thread, so the time is that of both, and of the kernel, which has most of it.
//! The name of a row and a number of requests run that row alone, once: for a profiler.

mod counting;
mod driver;

use std::convert::Infallible;
use std::env;
use std::sync::Arc;
use std::time::Instant;

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
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

#[global_allocator]
static MEMORY: counting::Counting = counting::Counting;

const TEXT: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");
const REQUEST: &[u8] =
    b"GET /crabs?sort=name HTTP/1.1\r\nhost: crabsarecool.com\r\naccept: */*\r\nuser-agent: crab/1\r\n\r\n";

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

/// What is compared.
const ROWS: [&str; 6] = ["bare", "call", "boxed", "log", "ids", "timing"];

fn serve(row: &str, stream: TcpStream) -> JoinHandle<()> {
    match row {
        "bare" => tokio::spawn(async move {
            let served =
                http1::Builder::new().serve_connection(TokioIo::new(stream), service_fn(bare));
            served.await.expect("the client ends the connection in order");
        }),
        "call" => call(hello, stream),
        "boxed" => call(DynApp::new(hello), stream),
        "log" => call(AccessLog::new(hello, |_| {}), stream),
        "ids" => call(RequestIds::new(hello), stream),
        "timing" => call(Timing::new(hello, |_| {}), stream),
        _ => panic!("expected one of {ROWS:?}, got {row}"),
    }
}

fn call(app: impl App + 'static, stream: TcpStream) -> JoinHandle<()> {
    let (app, stream) = (Arc::new(app), TokioIo::new(stream));
    tokio::spawn(async move {
        let connection = Arc::new(Connection::default());
        let report = |failure: &gateway::Failure| panic!("{failure}");
        let served = driver::serve_connection(app, stream, connection, State::new(), report);
        served.await.expect("the client ends the connection in order");
    })
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let arguments: Vec<_> = env::args().skip(1).collect();
    if let [row, requests] = &arguments[..] {
        let requests = requests.parse().expect("the second argument is a number");
        measure(row, requests).await;
        return;
    }
    let (rounds, requests) = if arguments == ["--short"] { (1, 100) } else { (9, 20_000) };
    let mut measured = ROWS.map(|_| (0.0, Vec::new()));
    for _ in 0..rounds {
        for (row, (allocations, times)) in ROWS.iter().zip(&mut measured) {
            let (counted, time) = measure(row, requests).await;
            *allocations = counted;
            times.push(time);
        }
    }
    println!("                      allocations   microseconds");
    println!("                        a request      a request");
    let labels = [
        "bare hyper",
        "scope, receive, send",
        "  behind DynApp",
        "  in AccessLog",
        "  in RequestIds",
        "  in Timing",
    ];
    for (label, (allocations, times)) in labels.iter().zip(&mut measured) {
        println!("{label:<20}     {allocations:>8.2}       {:>8.2}", median(times));
    }
}

/// How many allocations there were for each request, and how many microseconds it took.
async fn measure(row: &str, requests: usize) -> (f64, f64) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    let (stream, _) = listener.accept().await.unwrap();
    stream.set_nodelay(true).unwrap();
    client.set_nodelay(true).unwrap();
    let server = serve(row, stream);
    for _ in 0..100 {
        ask(&mut client).await;
    }
    let (allocations, began) = (counting::allocations(), Instant::now());
    for _ in 0..requests {
        ask(&mut client).await;
    }
    let time = began.elapsed().as_secs_f64() * 1e6 / requests as f64;
    let allocations = (counting::allocations() - allocations) as f64 / requests as f64;
    drop(client);
    server.await.unwrap();
    (allocations, time)
}

async fn ask(client: &mut TcpStream) {
    let mut buffer = [0; 1024];
    client.write_all(REQUEST).await.unwrap();
    let count = client.read(&mut buffer).await.unwrap();
    assert!(buffer[..count].ends_with(b"\r\n\r\nHello, crabs!\n"), "the response is whole");
}

fn median(times: &mut [f64]) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}
