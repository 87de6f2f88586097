//! What a message costs: allocations, reads and writes, which count the same every time.

#[path = "../../17-gateway/examples/slot_on_hyper/counting.rs"]
mod counting;

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::task::{Context, Poll};

use gateway::{Accept, Address, Error, Receive, ReceiveEvent, Scope, Sender};
use http_server::{Server, Transport};
use proctor::{expect_eq, watch_local};
use tokio::io::{
    AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream, ReadBuf, duplex,
};
use websockets::{Config, Encoder, Role, WebSockets};

#[global_allocator]
static MEMORY: counting::Counting = counting::Counting;

const REQUEST: &[u8] =
    b"GET /chat HTTP/1.1\r\nhost: crab\r\nupgrade: websocket\r\nconnection: Upgrade\r\n\
    sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\nsec-websocket-version: 13\r\n\r\n";
const ECHOES: u64 = 200;

async fn echo(_: Scope, mut receive: Receive, send: Sender) -> Result<(), Error> {
    send.send(Accept::new()).await?;
    loop {
        match receive.next().await {
            ReceiveEvent::WebSocketReceive(message) => send.send(message).await?,
            ReceiveEvent::WebSocketDisconnect(_) => return Ok(()),
            _ => {}
        }
    }
}

/// How often a stream was read and written with success: over a socket, a system call each.
#[derive(Default)]
struct Count {
    reads: AtomicU64,
    writes: AtomicU64,
}

struct Counted {
    stream: DuplexStream,
    count: Arc<Count>,
}

impl AsyncRead for Counted {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let polled = Pin::new(&mut self.stream).poll_read(cx, buf);
        if polled.is_ready() {
            self.count.reads.fetch_add(1, SeqCst);
        }
        polled
    }
}

impl AsyncWrite for Counted {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.count.writes.fetch_add(1, SeqCst);
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.count.writes.fetch_add(1, SeqCst);
        Pin::new(&mut self.stream).poll_write_vectored(cx, parts)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

impl Transport for Counted {
    const WATCHES: bool = false;

    fn left(&self, half_close: bool) -> impl Future<Output = ()> + Send + 'static {
        self.stream.left(half_close)
    }

    fn reset(&self) {}

    fn addresses(&self) -> (Option<Address>, Option<Address>) {
        (None, None)
    }
}

/// Allocations, reads and writes for each echo of this message, rounded up.
async fn costs(message: &str) -> [u64; 3] {
    let http = http_server::Config {
        upgrade: Some(WebSockets::new(Config::default())),
        ..http_server::Config::default()
    };
    let (mut client, stream) = duplex(256 * 1024);
    let count = Arc::new(Count::default());
    let counted = Counted { stream, count: Arc::clone(&count) };
    tokio::spawn(Server::new(echo, http).serve_connection(counted));
    client.write_all(REQUEST).await.unwrap();
    let mut byte = [0];
    let mut end = 0_u32;
    while end != u32::from_be_bytes(*b"\r\n\r\n") {
        client.read_exact(&mut byte).await.unwrap();
        end = end << 8 | u32::from(byte[0]);
    }
    let mut words = Vec::new();
    Encoder::new(Role::Client { key: || [1, 2, 3, 4] }).text(message, &mut words);
    // An answer is not masked, so it has no key.
    let mut answer = vec![0; words.len() - 4];
    let mut before = [0; 3];
    // What is kept for the next message is made by the first few.
    for round in 0..ECHOES + 4 {
        if round == 4 {
            before = [counting::allocations(), count.reads.load(SeqCst), count.writes.load(SeqCst)];
        }
        client.write_all(&words).await.unwrap();
        client.read_exact(&mut answer).await.unwrap();
    }
    let after = [counting::allocations(), count.reads.load(SeqCst), count.writes.load(SeqCst)];
    [0, 1, 2].map(|at| (after[at] - before[at]).div_ceil(ECHOES))
}

#[test]
fn an_echo_is_one_read_one_write_and_one_allocation_for_the_message() {
    watch_local(async || {
        expect_eq!(
            costs("Hello, crabs!").await,
            [1, 1, 1],
            "allocations, reads and writes an echo"
        );
    });
}

#[test]
fn an_echo_of_10_kib_is_no_more() {
    watch_local(async || {
        expect_eq!(
            costs(&"crab".repeat(2_560)).await,
            [1, 1, 1],
            "allocations, reads and writes an echo"
        );
    });
}

#[test]
fn an_echo_of_64_kib_is_two_reads_one_write_and_two_allocations_of_which_one_is_small() {
    watch_local(async || {
        // Its head is read first, so that the rest is read to where it stays; and it is written from there.
        expect_eq!(
            costs(&"crab".repeat(16 * 1_024)).await,
            [2, 2, 1],
            "allocations, reads and writes an echo"
        );
    });
}
