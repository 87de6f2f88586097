//! What a client makes the server hold. A hostile one: bounded while it is there, and nothing when it has gone. An idle one: what h2 needs.

#[path = "server/common.rs"]
#[expect(dead_code, reason = "these tests need the client that speaks frames, and no other")]
mod common;

use std::future::pending;

use gateway::{Error, Receive, ResponseBody, ResponseStart, Scope, Sender};
use http2_and_tls::choose::PREFACE;
use proctor::memory::{Counting, Mark};
use proctor::{expect_eq, watch_async};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::task::yield_now;
use tokio::time::sleep;

use crate::common::{ENHANCE_YOUR_CALM, Frame, Raw, SECOND, kind, request};

#[global_allocator]
static MEMORY: Counting = Counting;

const KIB: usize = 1024;

/// Neither reads nor answers.
async fn deaf(_: Scope, _: Receive, _: Sender) -> Result<(), Error> {
    pending().await
}

/// Lets the server do all that it can, and throws away what it says.
async fn settle(raw: &mut Raw) {
    for _ in 0..20 {
        yield_now().await;
        while raw.there().await.is_some() {}
    }
}

/// Runs an attack, and bounds in KiB what is held for it, at most and when the client has gone. The client's own side is counted as well.
fn weigh<F>(most: usize, attack: impl FnOnce() -> F + Send + 'static)
where
    F: Future<Output = Raw> + Send + 'static,
{
    watch_async(async move {
        // What is made once a thread is made before.
        let raw = Raw::new(deaf, |_, _| {}).await;
        drop(raw.stream);
        raw.server.await.unwrap();
        let mark = Mark::here();
        let raw = attack().await;
        let (during, highest) = (mark.held() / KIB, mark.highest() / KIB);
        drop(raw.stream);
        raw.server.await.unwrap();
        drop(raw.failures);
        let after = mark.held() / KIB;
        println!("at most {highest} KiB, {during} KiB before the end, {after} KiB after it");
        assert!(highest <= most, "{highest} KiB were held, and {most} are the bound");
        assert!(after <= 8, "{after} KiB are held after the end");
    });
}

#[test]
fn bodies_that_nobody_reads_fill_their_windows_and_no_more() {
    weigh(8 * KIB, || async {
        let mut raw = Raw::new(deaf, |_, _| {}).await;
        for stream in (1..200).step_by(2) {
            raw.request(stream, 4, "POST", "/").await;
            // Without an acknowledgement of its SETTINGS, the server holds a client to RFC 9113's first window.
            for bytes in [16 * KIB, 16 * KIB, 16 * KIB, 16 * KIB - 1] {
                raw.say(Frame::new(kind::DATA, 0, stream, vec![0; bytes])).await;
            }
            settle(&mut raw).await;
        }
        raw
    });
}

#[test]
fn a_body_in_frames_of_one_byte_costs_half_the_window_of_the_connection_at_most() {
    weigh(5 * KIB / 4, || async {
        let mut raw = Raw::new(deaf, |_, http2| http2.connection_window = Some(1024 * 1024)).await;
        raw.request(1, 4, "POST", "/").await;
        let mut code = None;
        for _ in 0..64 * KIB {
            if !raw.try_say(Frame::new(kind::DATA, 0, 1, [0])).await {
                code = code.or(raw.goodbye().await);
                break;
            }
            yield_now().await;
            while let Some(frame) = raw.there().await {
                if frame.kind == kind::GOAWAY {
                    code = Some(frame.code());
                }
            }
        }
        // This h2 counts by itself: what small frames take beside their bytes, up to half the connection's window.
        expect_eq!(code, Some(ENHANCE_YOUR_CALM), "the end");
        raw
    });
}

#[test]
fn rapid_reset_leaves_nothing_behind() {
    weigh(512, || async {
        let mut raw = Raw::new(deaf, |_, _| {}).await;
        for stream in (1..200_000).step_by(2) {
            let begins = Frame::new(kind::HEADERS, 5, stream, request("GET", "/"));
            let resets = Frame::new(kind::RST_STREAM, 0, stream, 8_u32.to_be_bytes());
            if !raw.try_say(begins).await || !raw.try_say(resets).await {
                break;
            }
        }
        raw
    });
}

#[test]
fn headers_that_never_end_are_not_kept() {
    weigh(512, || async {
        let mut raw = Raw::new(deaf, |_, _| {}).await;
        raw.request(1, 1, "GET", "/").await;
        let field = common::block(&[("x-legs", "10 legs and two claws")]).repeat(500);
        for _ in 0..1_000 {
            if !raw.try_say(Frame::new(kind::CONTINUATION, 0, 1, field.clone())).await {
                break;
            }
            settle(&mut raw).await;
        }
        raw
    });
}

#[test]
fn a_client_that_opens_its_windows_and_does_not_read_fills_the_send_buffers_and_no_more() {
    async fn endless(_: Scope, _: Receive, send: Sender) -> Result<(), Error> {
        send.send(ResponseStart::new(200)).await?;
        loop {
            send.send(ResponseBody::part(vec![b'x'; 4 * KIB])).await?;
        }
    }
    weigh(10 * KIB, || async {
        let mut raw = Raw::new(endless, |_, _| {}).await;
        raw.say(Frame::new(kind::SETTINGS, 0, 0, [0, 4, 0x7f, 0xff, 0xff, 0xff])).await;
        let most: u32 = (1 << 31) - 1 - 65_535;
        raw.say(Frame::new(kind::WINDOW_UPDATE, 0, 0, most.to_be_bytes())).await;
        for stream in (1..200).step_by(2) {
            raw.request(stream, 5, "GET", "/").await;
            for _ in 0..20 {
                yield_now().await;
            }
        }
        sleep(SECOND).await;
        raw
    });
}

async fn hello(_: Scope, _: Receive, send: Sender) -> Result<(), Error> {
    send.send(ResponseStart::new(200)).await?;
    Ok(send.send(ResponseBody::last("crab")).await?)
}

/// The same by h2 alone.
async fn bare(stream: DuplexStream) {
    let mut connection = h2::server::handshake(stream).await.unwrap();
    while let Some(Ok((_, mut respond))) = connection.accept().await {
        let mut stream = respond.send_response(http::Response::new(()), false).unwrap();
        stream.send_data(bytes::Bytes::from_static(b"crab"), true).unwrap();
    }
}

/// How many bytes a connection holds that is idle after three requests, and how many one that has said nothing yet.
async fn idle<F>(serve: impl Fn(DuplexStream) -> F) -> (usize, usize)
where
    F: Future<Output = ()> + Send + 'static,
{
    const CONNECTIONS: usize = 50;
    let mut pairs: Vec<_> = (0..CONNECTIONS).map(|_| duplex(4 * KIB)).collect();
    for (ours, theirs) in &mut pairs {
        // A pipe takes its memory when it is first filled, and keeps it.
        let mut bytes = [0; 4 * KIB];
        ours.write_all(&bytes).await.unwrap();
        theirs.read_exact(&mut bytes).await.unwrap();
        theirs.write_all(&bytes).await.unwrap();
        ours.read_exact(&mut bytes).await.unwrap();
    }
    let mark = Mark::here();
    let mut clients = Vec::with_capacity(CONNECTIONS);
    let mut tasks = Vec::with_capacity(CONNECTIONS);
    for (ours, theirs) in pairs {
        tasks.push(tokio::spawn(serve(theirs)));
        clients.push(ours);
    }
    yield_now().await;
    let silent = mark.held() / CONNECTIONS;
    for client in &mut clients {
        let settings = Frame::new(kind::SETTINGS, 0, 0, []).bytes();
        client.write_all(&[PREFACE, &settings[..]].concat()).await.unwrap();
        for stream in [1, 3, 5] {
            let asks = Frame::new(kind::HEADERS, 5, stream, request("GET", "/")).bytes();
            client.write_all(&asks).await.unwrap();
            let mut heard = Vec::new();
            while !heard.ends_with(b"crab") {
                client.read_buf(&mut heard).await.unwrap();
            }
        }
    }
    sleep(SECOND).await;
    (mark.held() / CONNECTIONS, silent)
}

#[test]
fn an_idle_connection_holds_what_h2_holds_and_little_more() {
    watch_async(async {
        let (server, _) = common::server(hello, |_, _| {});
        let (alone, _) = idle(bare).await;
        let (ours, silent) = idle(move |stream| {
            let server = server.clone();
            async move { server.serve_connection(stream).await }
        })
        .await;
        println!("h2 alone {alone}, ours {ours}, before the first byte {silent} bytes");
        assert!(silent <= 3 * KIB, "one that has said nothing holds {silent} bytes");
        assert!(
            ours <= alone + 6 * KIB,
            "an idle connection holds {ours} bytes, and one of h2's alone {alone}"
        );
    });
}
