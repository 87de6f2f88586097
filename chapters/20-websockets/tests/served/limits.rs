//! Bounds, and the attacks that they stop.

use tokio::time::{Instant, sleep, timeout};
use websockets::deflate::Settings;
use websockets::frame::Opcode;
use websockets::{Config, Event, Limits, Patience};

use crate::common::{Diary, SECOND, code, connect, echo, listener, open, request, text};

#[tokio::test(start_paused = true)]
async fn a_message_that_is_too_long_is_1009_before_its_payload_is_sent() {
    let diary = Diary::default();
    let mut client = open(listener(&diary), Config::default()).await;
    // The head of a frame of 64 MiB, and nothing of it.
    client.say([0x82, 0xff, 0, 0, 0, 0, 4, 0, 0, 0, 1, 2, 3, 4]).await;
    assert_eq!(client.closed().await, code(1009, "a message is longer than 16777216 bytes"));
    client.reports().await;
    let told = "disconnect 1009 a message is longer than 16777216 bytes";
    assert_eq!(diary.lines(), ["websocket.connect", told]);
}

#[tokio::test(start_paused = true)]
async fn a_message_that_is_too_long_in_fragments_is_1009() {
    let config = Config { limits: Limits { message: 1_000 }, ..Config::default() };
    let mut client = open(echo, config).await;
    let frames = client.frames(|encoder, out| {
        encoder.fragment(Opcode::Binary, false, &[0; 600], out);
        encoder.fragment(Opcode::Continuation, false, &[0; 401], out);
    });
    client.say(frames).await;
    assert_eq!(client.closed().await, code(1009, "a message is longer than 1000 bytes"));
}

#[tokio::test(start_paused = true)]
async fn a_close_for_a_fault_reaches_a_client_that_goes_on_sending() {
    let config = Config { limits: Limits { message: 1_000 }, ..Config::default() };
    let mut client = open(echo, config).await;
    let frames = client.frames(|encoder, out| encoder.binary(&vec![0; 300_000], out));
    client.say(frames).await;
    assert_eq!(client.closed().await, code(1009, "a message is longer than 1000 bytes"));
}

#[tokio::test(start_paused = true)]
async fn a_decompression_bomb_is_1009_at_its_limit() {
    let config = Config {
        compression: Some(Settings::default()),
        limits: Limits { message: 100_000 },
        ..Config::default()
    };
    let mut client = connect(echo, config);
    client.shake_hands(&request("sec-websocket-extensions: permessage-deflate")).await;
    // Some kilobytes that inflate to ten megabytes.
    let mut deflate = flate2::Compress::new(flate2::Compression::best(), false);
    let mut bomb = Vec::with_capacity(100_000);
    deflate.compress_vec(&vec![0; 10_000_000], &mut bomb, flate2::FlushCompress::Sync).unwrap();
    assert!(bomb.len() < 12_000, "{} bytes", bomb.len());
    let length = u16::try_from(bomb.len()).unwrap().to_be_bytes();
    client.say([&[0xc2, 0xfe, length[0], length[1], 0, 0, 0, 0], &bomb[..]].concat()).await;
    assert_eq!(client.closed().await, code(1009, "a message is longer than 100000 bytes"));
}

#[tokio::test(start_paused = true)]
async fn bad_utf8_is_1007_at_the_first_bad_byte() {
    let diary = Diary::default();
    let mut client = open(listener(&diary), Config::default()).await;
    let mut frames = client
        .frames(|encoder, out| encoder.fragment(Opcode::Text, false, b"crab \xff and more", out));
    // All but the last three bytes: the message has not ended, nor has the frame.
    frames.truncate(frames.len() - 3);
    client.say(frames).await;
    assert_eq!(client.closed().await, code(1007, "invalid UTF-8"));
    client.reports().await;
    assert_eq!(diary.lines(), ["websocket.connect", "disconnect 1007 invalid UTF-8"]);
}

#[tokio::test(start_paused = true)]
async fn a_broken_protocol_is_1002() {
    for bytes in [
        &[0x81, 0x01, b'a'] as &[u8],          // not masked
        &[0xf1, 0x81, 0, 0, 0, 0, b'a'],       // reserved bits
        &[0x83, 0x81, 0, 0, 0, 0, b'a'],       // a reserved opcode
        &[0x80, 0x81, 0, 0, 0, 0, b'a'],       // nothing to continue
        &[0x88, 0x81, 0, 0, 0, 0, b'a'],       // half a close code
        &[0x88, 0x82, 0, 0, 0, 0, 0x03, 0xed], // the code 1005
        &[0x09, 0x80, 0, 0, 0, 0],             // a ping in fragments
    ] {
        let mut client = open(echo, Config::default()).await;
        client.say(bytes).await;
        let closed = client.closed().await;
        assert_eq!(closed.map(|(code, _)| code), Some(1002), "{bytes:?}");
        assert_eq!(client.reports().await, Vec::<String>::new());
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_that_answers_pings_stays_and_one_that_does_not_is_lost() {
    let diary = Diary::default();
    let mut client = open(listener(&diary), Config::default()).await;
    let began = Instant::now();
    for round in 1..4_u32 {
        assert_eq!(client.next().await, Some(Event::Ping(bytes::Bytes::new())));
        assert_eq!(began.elapsed(), 20 * round * SECOND);
        let pong = client.frames(|encoder, out| encoder.pong(b"", out));
        client.say(pong).await;
    }
    assert_eq!(client.next().await, Some(Event::Ping(bytes::Bytes::new())));
    assert_eq!(client.closed().await, code(1011, "no answer to a ping"));
    assert_eq!(began.elapsed(), 100 * SECOND);
    client.reports().await;
    assert_eq!(diary.lines(), ["websocket.connect", "disconnect 1006"]);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_talks_is_not_asked_whether_it_is_there() {
    let mut client = open(echo, Config::default()).await;
    for _ in 0..10 {
        sleep(19 * SECOND).await;
        client.text("here").await;
        assert_eq!(client.next().await, text("here"));
    }
}

#[tokio::test(start_paused = true)]
async fn without_pings_silence_has_no_bound() {
    let patience = Patience { ping_interval: None, ..Patience::default() };
    let mut client = open(echo, Config { patience, ..Config::default() }).await;
    assert!(timeout(100_000 * SECOND, client.next()).await.is_err());
    client.text("here").await;
    assert_eq!(client.next().await, text("here"));
}

#[tokio::test(start_paused = true)]
async fn a_flood_of_pings_from_a_client_that_does_not_read_is_answered_in_bounded_memory_and_time()
{
    let diary = Diary::default();
    let mut client = open(listener(&diary), Config::default()).await;
    let pings = client.frames(|encoder, out| {
        for _ in 0..1_000 {
            encoder.ping(&[7; 125], out);
        }
    });
    let began = Instant::now();
    // One ping of each read is answered as long as there is room, which takes some seconds; then none, until the time to write is over.
    while diary.lines().len() < 2 {
        let _ =
            timeout(SECOND, tokio::io::AsyncWriteExt::write_all(&mut client.stream, &pings)).await;
        sleep(SECOND).await;
    }
    assert!((30 * SECOND..45 * SECOND).contains(&began.elapsed()), "{:?}", began.elapsed());
    assert_eq!(diary.lines(), ["websocket.connect", "disconnect 1006"]);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_does_not_read_is_lost_when_its_time_is_over() {
    let mut client = open(echo, Config { write: 7 * SECOND, ..Config::default() }).await;
    let message = client.frames(|encoder, out| encoder.binary(&[0; 10_000], out));
    let began = Instant::now();
    while tokio::io::AsyncWriteExt::write_all(&mut client.stream, &message).await.is_ok() {}
    // Up to a second for it to read the rest.
    assert!((7 * SECOND..9 * SECOND).contains(&began.elapsed()), "{:?}", began.elapsed());
    assert_eq!(client.reports().await, Vec::<String>::new());
}
