//! Clients of every kind that leave at random, again and again: nothing panics, nothing hangs, no connection is left, and no memory;
//! and what an attack may take while it lasts.

#[path = "../examples/conformance_ws/app.rs"]
mod app;

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use app::{Conformance, Requests};
use gateway::{Accept, Error, Receive, ReceiveEvent, Scope, Sender};
use http_server::Server;
use proctor::memory::{Counting, Mark};
use proctor::watch_local;
use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};
use tokio::task::yield_now;
use tokio::time::{Duration, sleep};
use websockets::deflate::Settings;
use websockets::frame::Opcode;
use websockets::{Config, Encoder, Limits, Role, WebSockets};
use wsgi::ErrorLog;

#[global_allocator]
static MEMORY: Counting = Counting;

fn request(path: &str, fields: &str) -> Vec<u8> {
    format!(
        "GET {path} HTTP/1.1\r\nhost: crab\r\nupgrade: websocket\r\nconnection: upgrade\r\n\
        sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\nsec-websocket-version: 13\r\n{fields}\r\n"
    )
    .into_bytes()
}

fn server(config: Config) -> Server<Conformance> {
    let reports = || ErrorLog::new(io::sink());
    let http = http_server::Config {
        errors: reports(),
        upgrade: Some(WebSockets::new(config)),
        ..http_server::Config::default()
    };
    let requests = Requests { reports: reports(), ..Requests::default() };
    Server::new(Conformance { requests }, http)
}

/// What clients say after their request.
fn exchanges() -> Vec<Vec<u8>> {
    let mut encoder = Encoder::new(Role::Client { key: || [1, 2, 3, 4] });
    let mut say = |make: &dyn Fn(&mut Encoder, &mut Vec<u8>)| {
        let mut out = Vec::new();
        make(&mut encoder, &mut out);
        out
    };
    vec![
        Vec::new(),
        say(&|encoder, out| encoder.text("crab", out)),
        say(&|encoder, out| (0..500).for_each(|_| encoder.text("crab", out))),
        say(&|encoder, out| encoder.binary(&vec![7; 300_000], out)),
        say(&|encoder, out| {
            encoder.fragment(Opcode::Text, false, b"cr", out);
            encoder.ping(b"?", out);
        }),
        say(&|encoder, out| encoder.close(None, out)),
        say(&|encoder, out| {
            encoder.text("crab", out);
            encoder.close(Some((4000, "tide")), out);
            encoder.text("late", out);
        }),
        vec![0x81, 0x85, 0, 0, 0, 0, 0xff, 0xff],
        vec![0xc1, 0x85, 0, 0, 0, 0, 1, 2, 3, 4, 5],
        vec![0x82, 0xff, 0, 0, 0, 0, 4, 0, 0, 0, 1, 2, 3, 4],
    ]
}

#[test]
fn clients_that_leave_at_any_time_leave_nothing_behind() {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    runtime.enable_all().start_paused(true).build().unwrap().block_on(async {
        let server = server(Config { compression: Some(Settings::default()), ..Config::default() });
        let open = Arc::new(AtomicUsize::new(0));
        let mut held = Vec::new();
        for round in 0..3_u32 {
            let before = Mark::here();
            for path in ["/ws", "/wsdeny", "/wsdenial", "/wsflood", "/wsidle", "/nowhere"] {
                for fields in ["", "sec-websocket-extensions: permessage-deflate\r\n"] {
                    if path == "/wsflood" && !fields.is_empty() {
                        // Unoptimized, to compress 300 MB takes its time.
                        continue;
                    }
                    for words in exchanges() {
                        for hears in [0, 200, 200_000] {
                            let (mut client, theirs) = duplex(16 * 1024);
                            open.fetch_add(1, SeqCst);
                            let (connection, count) =
                                (server.serve_connection(theirs), Arc::clone(&open));
                            tokio::spawn(async move {
                                connection.await;
                                count.fetch_sub(1, SeqCst);
                            });
                            let all = [request(path, fields), words.clone()].concat();
                            let mut buffer = vec![0; 4096];
                            let talk = async {
                                // A server that refuses what it hears does not hear all.
                                let _ = client.write_all(&all).await;
                                let mut heard = 0;
                                while heard < hears {
                                    match client.read(&mut buffer).await {
                                        Ok(count @ 1..) => heard += count,
                                        _ => break,
                                    }
                                }
                            };
                            // One that waits for ever leaves as well.
                            let _ = tokio::time::timeout(Duration::from_millis(100), talk).await;
                        }
                    }
                }
            }
            while open.load(SeqCst) > 0 {
                sleep(Duration::from_secs(1)).await;
            }
            yield_now().await;
            held.push((round, before.held()));
        }
        assert!(held[2].1 < 2_000, "the third round leaves bytes behind: {held:?}");
    });
}

/// How much more memory is held, at most, while a client says that over and over; the server's side of it.
async fn most(config: Config, fields: &str, words: &[u8], times: usize) -> usize {
    let server = server(config);
    let (mut client, theirs) = duplex(16 * 1024);
    let connection = tokio::spawn(server.serve_connection(theirs));
    client.write_all(&request("/ws", fields)).await.unwrap();
    let mut buffer = vec![0; 4096];
    assert!(client.read(&mut buffer).await.unwrap() > 0, "a handshake is answered");
    let (before, mut most) = (Mark::here(), 0);
    for _ in 0..times {
        if client.write_all(words).await.is_err() {
            break;
        }
        yield_now().await;
        most = most.max(before.held());
    }
    connection.abort();
    most
}

#[test]
fn tiny_fragments_take_memory_for_their_bytes_and_end_at_the_limit() {
    watch_local(async || {
        let config = Config { limits: Limits { message: 100_000 }, ..Config::default() };
        let mut encoder = Encoder::new(Role::Client { key: || [1, 2, 3, 4] });
        let mut words = Vec::new();
        encoder.fragment(Opcode::Binary, false, b"x", &mut words);
        let mut more = Vec::new();
        for _ in 0..1_000 {
            encoder.fragment(Opcode::Continuation, false, b"x", &mut more);
            // An empty one costs nothing either.
            encoder.fragment(Opcode::Continuation, false, b"", &mut more);
        }
        words.extend(&more);
        // The first turn begins the message; the others are more of it, as its beginning is a fault then.
        let held = most(config, "", &more_of(&words, &more), 1).await;
        assert!(
            held < 300_000,
            "a message of 100,000 bytes in fragments of one has taken {held} bytes"
        );
    });
}

/// A message that begins like that, and goes on and on.
fn more_of(first: &[u8], more: &[u8]) -> Vec<u8> {
    let mut all = first.to_vec();
    for _ in 0..110 {
        all.extend(more);
    }
    all
}

#[test]
fn a_decompression_bomb_takes_no_more_than_the_limit() {
    // Some kilobytes that inflate to two megabytes.
    let mut deflate = flate2::Compress::new(flate2::Compression::fast(), false);
    let mut bomb = Vec::with_capacity(100_000);
    deflate.compress_vec(&vec![0; 2_000_000], &mut bomb, flate2::FlushCompress::Sync).unwrap();
    let length = u16::try_from(bomb.len()).unwrap().to_be_bytes();
    let words = [&[0xc2, 0xfe, length[0], length[1], 0, 0, 0, 0], &bomb[..]].concat();
    watch_local(async move || {
        let config = Config {
            limits: Limits { message: 200_000 },
            compression: Some(Settings::default()),
            ..Config::default()
        };
        let held =
            most(config, "sec-websocket-extensions: permessage-deflate\r\n", &words, 3).await;
        assert!(held < 600_000, "a message of at most 200,000 bytes has taken {held} bytes");
    });
}

#[test]
fn a_flood_that_nobody_reads_the_answers_to_takes_bounded_memory() {
    watch_local(async || {
        let mut encoder = Encoder::new(Role::Client { key: || [1, 2, 3, 4] });
        let mut words = Vec::new();
        (0..100).for_each(|_| encoder.binary(&[7; 1_000], &mut words));
        let config = Config { write_buffer: 50_000, queue_bytes: 50_000, ..Config::default() };
        let server = server(config);
        let (mut client, theirs) = duplex(16 * 1024);
        tokio::spawn(server.serve_connection(theirs));
        client.write_all(&request("/ws", "")).await.unwrap();
        let before = Mark::here();
        let flood = async {
            loop {
                client.write_all(&words).await.unwrap();
            }
        };
        let _ = tokio::time::timeout(Duration::from_secs(5), async {
            let _: () = flood.await;
        })
        .await;
        let held = before.held();
        assert!(held < 400_000, "{held} bytes are held for a client that does not read");
    });
}

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

#[test]
fn an_idle_websocket_holds_little_and_no_more_after_a_long_message() {
    const CONNECTIONS: usize = 50;
    watch_local(async || {
        let http = http_server::Config {
            upgrade: Some(WebSockets::new(Config::default())),
            ..http_server::Config::default()
        };
        let server = Server::new(echo, http);
        let mut pairs: Vec<_> = (0..CONNECTIONS).map(|_| duplex(8 * 1024)).collect();
        for (client, theirs) in &mut pairs {
            // A pipe takes its memory when it is first filled, and keeps it.
            let mut bytes = vec![0; 8 * 1024];
            client.write_all(&bytes).await.unwrap();
            theirs.read_exact(&mut bytes).await.unwrap();
            theirs.write_all(&bytes).await.unwrap();
            client.read_exact(&mut bytes).await.unwrap();
        }
        let before = Mark::here();
        let mut clients = Vec::new();
        for (mut client, theirs) in pairs {
            tokio::spawn(server.serve_connection(theirs));
            client.write_all(&request("/ws", "")).await.unwrap();
            let mut head = [0; 512];
            assert!(client.read(&mut head).await.unwrap() > 0, "a handshake is answered");
            clients.push(client);
        }
        let new = before.held() / CONNECTIONS;
        let mut words = Vec::new();
        let encoder = &mut Encoder::new(Role::Client { key: || [1, 2, 3, 4] });
        encoder.binary(&vec![7; 100_000], &mut words);
        let mut answer = vec![0; words.len() - 4];
        for client in &mut clients {
            let (mut reader, mut writer) = tokio::io::split(client);
            let (said, heard) =
                tokio::join!(writer.write_all(&words), reader.read_exact(&mut answer));
            said.unwrap();
            heard.unwrap();
        }
        yield_now().await;
        drop((words, answer));
        let used = before.held() / CONNECTIONS;
        println!(
            "bytes that an idle WebSocket holds: {new} when it is new, {used} after a message of 100,000 bytes"
        );
        assert!(new < 5_000, "a new WebSocket holds {new} bytes");
        assert!(used <= new + 600, "it holds {used} bytes after a long message, and {new} before");
    });
}
