//! An application on hyper, through the slot, beside a service of hyper's: small responses, a streamed one, an upload.
//!
//! Client and server share a thread, and the kernel has most of the time.
//!
//! `cargo bench -p gateway`

#[path = "../examples/slot_on_hyper/driver.rs"]
mod driver;

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use divan::Bencher;
use gateway::{App, Connection, Error, Receive, ResponseBody, ResponseStart, Scope, Sender, State};
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Frame, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, Runtime};

const PART: &[u8] = &[b'x'; 16 * 1024];
const PARTS: usize = 64;
const HELLO: &str = "GET / HTTP/1.1\r\nhost: crab\r\n\r\n";

fn main() {
    divan::main();
}

/// A connection whose server is a task of the runtime.
fn connect(
    serve: impl AsyncFnOnce(TcpStream) + 'static,
) -> (Runtime, tokio::task::LocalSet, TcpStream) {
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    let tasks = tokio::task::LocalSet::new();
    let client = tasks.block_on(&runtime, async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (stream, _) = listener.accept().await.unwrap();
        stream.set_nodelay(true).unwrap();
        client.set_nodelay(true).unwrap();
        tokio::task::spawn_local(serve(stream));
        client
    });
    (runtime, tasks, client)
}

fn through_the_slot(app: impl App + 'static) -> (Runtime, tokio::task::LocalSet, TcpStream) {
    connect(async |stream| {
        let connection = Arc::new(Connection::default());
        let stream = TokioIo::new(stream);
        let report = |failure: &gateway::Failure| panic!("{failure}");
        driver::serve_connection(Arc::new(app), stream, connection, State::new(), report)
            .await
            .unwrap();
    })
}

/// Sends a request and reads until the end of its response.
fn ask(
    bencher: Bencher<'_, '_>,
    (runtime, tasks, mut client): (Runtime, tokio::task::LocalSet, TcpStream),
    request: &[u8],
    end: &[u8],
) {
    let mut buffer = vec![0; 256 * 1024];
    bencher.bench_local(|| {
        tasks.block_on(&runtime, async {
            let (mut reader, mut writer) = client.split();
            let write = async { writer.write_all(request).await.unwrap() };
            let read = async {
                loop {
                    let count = reader.read(&mut buffer).await.unwrap();
                    assert!(count > 0, "the connection ended");
                    if buffer[..count].ends_with(end) {
                        return;
                    }
                }
            };
            tokio::join!(write, read);
        });
    });
}

#[divan::bench(sample_count = 200, sample_size = 100)]
fn hello_bare(bencher: Bencher<'_, '_>) {
    let server = connect(async |stream| {
        let service = service_fn(async |_: Request<Incoming>| {
            Ok::<_, Infallible>(Response::new(Full::new(Bytes::from_static(b"crab"))))
        });
        http1::Builder::new().serve_connection(TokioIo::new(stream), service).await.unwrap();
    });
    ask(bencher, server, HELLO.as_bytes(), b"crab");
}

#[divan::bench(sample_count = 200, sample_size = 100)]
fn hello_slot(bencher: Bencher<'_, '_>) {
    async fn hello(_: Scope, _: Receive, send: Sender) -> Result<(), Error> {
        send.send(ResponseStart::new(200)).await?;
        Ok(send.send(ResponseBody::last("crab")).await?)
    }
    ask(bencher, through_the_slot(hello), HELLO.as_bytes(), b"crab");
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

#[divan::bench(sample_count = 200, sample_size = 5)]
fn stream_bare(bencher: Bencher<'_, '_>) {
    let server = connect(async |stream| {
        let service = service_fn(async |_: Request<Incoming>| {
            Ok::<_, Infallible>(Response::new(Parts(PARTS)))
        });
        http1::Builder::new().serve_connection(TokioIo::new(stream), service).await.unwrap();
    });
    ask(bencher, server, HELLO.as_bytes(), b"\r\n0\r\n\r\n");
}

#[divan::bench(sample_count = 200, sample_size = 5)]
fn stream_slot(bencher: Bencher<'_, '_>) {
    async fn stream(_: Scope, _: Receive, send: Sender) -> Result<(), Error> {
        send.send(ResponseStart::new(200)).await?;
        for _ in 0..PARTS {
            send.send(ResponseBody::part(Bytes::from_static(PART))).await?;
        }
        Ok(send.send(ResponseBody::last("")).await?)
    }
    ask(bencher, through_the_slot(stream), HELLO.as_bytes(), b"\r\n0\r\n\r\n");
}

/// A POST of a MiB.
fn upload() -> Vec<u8> {
    let length = PARTS * PART.len();
    let mut request =
        format!("POST / HTTP/1.1\r\nhost: crab\r\ncontent-length: {length}\r\n\r\n").into_bytes();
    request.resize(request.len() + length, b'x');
    request
}

#[divan::bench(sample_count = 200, sample_size = 5)]
fn upload_bare(bencher: Bencher<'_, '_>) {
    let server = connect(async |stream| {
        let service = service_fn(async |request: Request<Incoming>| {
            let mut body = request.into_body();
            let mut bytes = 0;
            while let Some(frame) = body.frame().await {
                bytes += frame?.into_data().map_or(0, |part| part.len());
            }
            Ok::<_, hyper::Error>(Response::new(Full::new(Bytes::from(format!("{bytes} read")))))
        });
        http1::Builder::new().serve_connection(TokioIo::new(stream), service).await.unwrap();
    });
    ask(bencher, server, &upload(), b"1048576 read");
}

#[divan::bench(sample_count = 200, sample_size = 5)]
fn upload_slot(bencher: Bencher<'_, '_>) {
    async fn count(_: Scope, mut receive: Receive, send: Sender) -> Result<(), Error> {
        let mut bytes = 0;
        while let Some(part) = receive.part().await? {
            bytes += part.len();
        }
        send.send(ResponseStart::new(200)).await?;
        Ok(send.send(ResponseBody::last(format!("{bytes} read"))).await?)
    }
    ask(bencher, through_the_slot(count), &upload(), b"1048576 read");
}
