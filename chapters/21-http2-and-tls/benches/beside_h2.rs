//! What the gateway costs beside h2 alone, and what the scanner of frames costs. One thread, a client of h2's, a connection in memory.

use bytes::Bytes;
use divan::Bencher;
use divan::counter::{BytesCount, ItemsCount};
use gateway::{Error, Receive, ResponseBody, ResponseStart, Scope, Sender};
use h2::client::SendRequest;
use http::{Request, Response};
use http2_and_tls::choose::PREFACE;
use http2_and_tls::frames::Frames;
use http2_and_tls::{Http2, Server};
use tokio::io::{DuplexStream, duplex};
use tokio::runtime::{Builder, Runtime};

fn main() {
    divan::main();
}

const REQUESTS: usize = 100;

async fn hello(_: Scope, _: Receive, send: Sender) -> Result<(), Error> {
    send.send(ResponseStart::new(200).header("content-type", "text/plain")).await?;
    Ok(send.send(ResponseBody::last("Hello, crabs!\n")).await?)
}

/// The same by h2 alone, a task for each stream.
async fn bare(stream: DuplexStream) {
    let mut connection = h2::server::handshake(stream).await.expect("the client is h2's");
    while let Some(Ok((_, mut respond))) = connection.accept().await {
        tokio::spawn(async move {
            let response = Response::builder()
                .header("content-type", "text/plain")
                .header("content-length", "14")
                .header("server", "tidepool")
                .body(())
                .expect("it is one");
            let mut stream = respond.send_response(response, false).expect("it is open");
            stream.send_data(Bytes::from_static(b"Hello, crabs!\n"), true).expect("it is open");
        });
    }
}

/// A runtime of one thread, with a client on a connection.
fn begin<F>(serve: impl FnOnce(DuplexStream) -> F) -> (Runtime, SendRequest<Bytes>)
where
    F: Future<Output = ()> + Send + 'static,
{
    let runtime = Builder::new_current_thread().enable_all().build().expect("there are threads");
    let (ours, theirs) = duplex(64 * 1024);
    runtime.spawn(serve(theirs));
    let send = runtime.block_on(async {
        let (send, connection) = h2::client::handshake(ours).await.expect("the server speaks it");
        tokio::spawn(connection);
        send
    });
    (runtime, send)
}

/// Requests, so many at a time.
fn ask(bencher: Bencher<'_, '_>, runtime: &Runtime, send: &SendRequest<Bytes>, together: usize) {
    bencher.counter(ItemsCount::new(REQUESTS)).bench_local(|| {
        runtime.block_on(async {
            for _ in 0..REQUESTS / together {
                let mut responses = Vec::with_capacity(together);
                for _ in 0..together {
                    let mut send = send.clone().ready().await.expect("it is open");
                    let request = Request::get("http://crab/").body(()).expect("it is one");
                    responses.push(send.send_request(request, true).expect("it is open").0);
                }
                for response in responses {
                    let mut body = response.await.expect("there is one").into_body();
                    while let Some(part) = body.data().await {
                        let part = part.expect("it is whole");
                        let _ = body.flow_control().release_capacity(part.len());
                    }
                }
            }
        });
    });
}

#[divan::bench(args = [1, 50])]
fn h2_alone(bencher: Bencher<'_, '_>, together: usize) {
    let (runtime, send) = begin(bare);
    ask(bencher, &runtime, &send, together);
}

#[divan::bench(args = [1, 50])]
fn through_scope_receive_send(bencher: Bencher<'_, '_>, together: usize) {
    let config = http_server::Config { date: false, ..http_server::Config::default() };
    let server = Server::new(hello, config, Http2::default());
    let (runtime, send) = begin(|stream| async move { server.serve_http2(stream).await });
    ask(bencher, &runtime, &send, together);
}

/// Frames of so many bytes of DATA.
#[divan::bench(args = [100, 16_384])]
fn scan(bencher: Bencher<'_, '_>, size: u16) {
    const FRAMES: usize = 100;
    let [high, low] = size.to_be_bytes();
    let frame = [&[0, high, low, 0, 0, 0, 0, 0, 1][..], &vec![7; usize::from(size)]].concat();
    let bytes = frame.repeat(FRAMES);
    let mut frames = Frames::new(&Http2::default());
    frames.scan(PREFACE).expect("it is no flood");
    bencher
        .counter(ItemsCount::new(FRAMES))
        .counter(BytesCount::new(bytes.len()))
        .bench_local(|| frames.scan(divan::black_box(&bytes)).is_ok());
}
