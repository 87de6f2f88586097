//! Every kind of exchange, well-formed and not, again and again: nothing panics, nothing hangs, no connection is left, and no memory.

#[path = "../examples/conformance/app.rs"]
mod app;

use std::alloc::{GlobalAlloc, Layout, System};
use std::io;
use std::net::SocketAddr;
use std::panic;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use app::Conformance;
use gateway::{App, Error, Receive, ResponseBody, ResponseStart, Scope, SendEvent, Sender};
use http_server::{Config, Server, Tcp};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime;
use tokio::task::{JoinSet, yield_now};
use wsgi::server::ErrorLog;

/// The system's allocator, which counts the bytes that all threads hold, and the most that they held.
struct Held;

static HELD: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

impl Held {
    fn more(bytes: usize) {
        PEAK.fetch_max(HELD.fetch_add(bytes, SeqCst) + bytes, SeqCst);
    }

    fn less(bytes: usize) {
        HELD.fetch_sub(bytes, SeqCst);
    }
}

// SAFETY: All is passed on to the system's allocator as it came, and the counters allocate nothing.
unsafe impl GlobalAlloc for Held {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        Self::more(layout.size());
        // SAFETY: The caller keeps the contract, which is the same.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        Self::less(layout.size());
        // SAFETY: The caller keeps the contract, which is the same.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        Self::more(size);
        Self::less(layout.size());
        // SAFETY: The caller keeps the contract, which is the same.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[global_allocator]
static MEMORY: Held = Held;

/// The conformance application, and a file.
struct Site {
    conformance: Conformance,
}

impl App for Site {
    async fn call(&self, scope: Scope, receive: Receive, send: Sender) -> Result<(), Error> {
        match &scope {
            Scope::Http(http) if http.path() == "/file" => {
                let path = concat!(env!("CARGO_MANIFEST_DIR"), "/src/scan.rs").into();
                send.send(ResponseStart::new(200)).await?;
                Ok(send.send(SendEvent::HttpResponsePathSend(path)).await?)
            }
            Scope::Http(http) if http.path() == "/over" => {
                send.send(ResponseStart::new(200).header("content-length", "4")).await?;
                Ok(send.send(ResponseBody::last("crabs")).await?)
            }
            _ => self.conformance.call(scope, receive, send).await,
        }
    }
}

/// What clients say.
fn exchanges() -> Vec<Vec<u8>> {
    const HOST: &str = " HTTP/1.1\r\nhost: crab\r\n";
    let mut exchanges: Vec<String> = Vec::new();
    let routes = "/ /echo /upload /bytes?n=300000&part=7000 /scope /early /startonly /mid /none /split /slow /flood /stat \
        /noread /trailers /hints /nowhere /file /over";
    for route in routes.split_whitespace() {
        let chunked = "transfer-encoding: chunked\r\nte: trailers\r\n\r\n4\r\ncrab\r\n0\r\nx-legs: 10\r\n\r\n";
        let get = format!("GET {route}{HOST}\r\n");
        exchanges.extend([
            get.clone(),
            get.repeat(3),
            format!("GET {route}{HOST}connection: close\r\n\r\n"),
            format!("HEAD {route}{HOST}\r\n"),
            format!("GET {route} HTTP/1.0\r\n\r\n"),
            format!("POST {route}{HOST}content-length: 4\r\n\r\ncrab"),
            format!("POST {route}{HOST}{chunked}"),
            format!("POST {route}{HOST}expect: 100-continue\r\ncontent-length: 4\r\n\r\n"),
            // More than is passed over, and less than was said.
            format!("POST {route}{HOST}content-length: 1000000\r\n\r\n{}", "x".repeat(400_000)),
            format!("POST {route}{HOST}transfer-encoding: chunked\r\n\r\n4;\x01\r\ncrab\r\n"),
            format!("POST {route}{HOST}transfer-encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFF\r\n"),
            format!("{get}GET /#legs{HOST}\r\n{get}"),
        ]);
    }
    exchanges.extend(
        [
            "GET /sse HTTP/1.1\r\nhost: a\r\n\r\n",
            "",
            "\r\n",
            "GET",
            "GET / HTTP/1.1\r\n\r\n",
            "GET / HTTP/1.1\r\nhost: a\r\nhost: b\r\n\r\n",
            "GET / HTTP/1.1\nhost: a\n\n",
            "GET / HTTP/1.1\r\nhost: a\r\nx: y\r\n z\r\n\r\n",
            "GET http://user@a/ HTTP/1.1\r\nhost: a\r\n\r\n",
            "GET * HTTP/1.1\r\nhost: a\r\n\r\n",
            "OPTIONS * HTTP/1.1\r\nhost: a\r\n\r\n",
            "CONNECT a:80 HTTP/1.1\r\nhost: a:80\r\n\r\n",
            "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
            "POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 4\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
            "POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
            "POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 4, 4\r\n\r\ncrab",
            "\u{16}\u{3}\u{1}\u{2}\0\u{1}\0\u{1}\u{fc}\u{3}\u{3}",
        ]
        .map(str::to_owned),
    );
    exchanges.push(format!("GET / HTTP/1.1\r\nhost: a\r\nx: {}\r\n\r\n", "x".repeat(100_000)));
    exchanges.push(format!("GET / HTTP/1.1\r\nhost: a\r\n{}\r\n", "x: y\r\n".repeat(200)));
    exchanges.push(format!("GET /{} HTTP/1.1\r\nhost: a\r\n\r\n", "x".repeat(100_000)));
    exchanges.into_iter().map(String::into_bytes).collect()
}

/// Says that, as far as the server listens; then leaves after the first bytes of the response, or half-closes and reads it to the end,
/// if that is not too far.
async fn exchange(server: SocketAddr, words: &[u8], leaves: bool) {
    const ENOUGH: usize = 4_000_000;
    let stream = TcpStream::connect(server).await.unwrap();
    let (mut reader, mut writer) = stream.into_split();
    let mut buffer = vec![0; 16 * 1024];
    // A server that refuses what it hears does not hear all.
    if leaves {
        let _ = writer.write_all(words).await;
        for _ in 0..100 {
            if reader.try_read(&mut buffer).is_ok() {
                break;
            }
            yield_now().await;
        }
        return;
    }
    let speak = async {
        let _ = writer.write_all(words).await;
        let _ = writer.shutdown().await;
    };
    let listen = async {
        let mut read = 0;
        while let Ok(count @ 1..) = reader.read(&mut buffer).await
            && read < ENOUGH
        {
            read += count;
        }
    };
    tokio::join!(speak, listen);
}

#[test]
fn no_exchange_panics_or_hangs_or_leaves_a_connection_or_memory_behind() {
    const ROUNDS: usize = 4;
    let panics = Arc::new(AtomicUsize::new(0));
    let seen = Arc::clone(&panics);
    let hook = panic::take_hook();
    panic::set_hook(Box::new(move |panicked| {
        seen.fetch_add(1, SeqCst);
        hook(panicked);
    }));
    let open = Arc::new(AtomicUsize::new(0));
    let test = async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let reports = || ErrorLog::new(io::sink());
        let conformance =
            Conformance { noread: Duration::ZERO, reports: reports(), ..Conformance::default() };
        let config = Config { errors: reports(), ..Config::default() };
        let server = Server::new(Site { conformance }, config);
        let counter = Arc::clone(&open);
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                counter.fetch_add(1, SeqCst);
                let connection = server.serve_connection(Tcp::new(stream, Some(128 * 1024)));
                let counter = Arc::clone(&counter);
                tokio::spawn(async move {
                    connection.await;
                    counter.fetch_sub(1, SeqCst);
                });
            }
        });
        let exchanges: Arc<[Vec<u8>]> = exchanges().into();
        let mut rounds = Vec::new();
        for round in 0..ROUNDS {
            PEAK.store(HELD.load(SeqCst), SeqCst);
            let before = HELD.load(SeqCst);
            for words in &*exchanges {
                for leaves in [false, true] {
                    let ended = async {
                        exchange(address, words, leaves).await;
                        while open.load(SeqCst) > 0 {
                            yield_now().await;
                        }
                    };
                    let ended = tokio::time::timeout(Duration::from_secs(20), ended).await;
                    let begin = String::from_utf8_lossy(&words[..words.len().min(200)]);
                    assert!(ended.is_ok(), "this does not end (leaves: {leaves}): {begin}");
                }
            }
            let one_by_one = PEAK.load(SeqCst) - before;
            // And many at a time.
            let mut clients = JoinSet::new();
            for turn in 0..exchanges.len() {
                let exchanges = Arc::clone(&exchanges);
                clients.spawn(
                    async move { exchange(address, &exchanges[turn], round % 2 == 0).await },
                );
                if clients.len() == 50 {
                    clients.join_next().await.unwrap().unwrap();
                }
            }
            while let Some(ended) = clients.join_next().await {
                ended.unwrap();
            }
            while open.load(SeqCst) > 0 {
                yield_now().await;
            }
            drop(clients);
            rounds.push((HELD.load(SeqCst), one_by_one));
        }
        rounds
    };
    let runtime = runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let rounds = runtime
        .block_on(async { tokio::time::timeout(Duration::from_mins(1), test).await })
        .expect("it ends within a minute");
    assert_eq!(panics.load(SeqCst), 0, "panics");
    println!("bytes held after each round, and the most that one exchange added: {rounds:?}");
    // What a runtime makes once, as a thread for files, grows one round; what leaks grows each. Less than a byte for each exchange.
    let grown = rounds[1..].windows(2).map(|two| two[1].0.saturating_sub(two[0].0));
    let grown = grown.min().expect("there are several rounds");
    assert!(grown < 500, "each round leaves {grown} bytes and more behind: {rounds:?}");
    for (_, peak) in &rounds {
        // /flood sends parts of a million bytes: one waits, one is on its way.
        assert!(*peak < 3_500_000, "one exchange has taken {peak} bytes: {rounds:?}");
    }
}
