//! The scanner sees the same frames, however the bytes are cut; and so does an observer.

use std::future::poll_fn;
use std::io;
use std::mem::take;
use std::pin::Pin;
use std::sync::{Arc, Mutex};

use http2_and_tls::choose::{PREFACE, Protocol, judge};
use http2_and_tls::frames::{Flood, Frames};
use http2_and_tls::observe::{Direction, Observed, Observer};
use http2_and_tls::{Allowance, Http2};
use proctor::{expect_eq, watch_async};
use tokio::io::{AsyncReadExt, AsyncWrite, duplex};

/// DATA without data at the second and third place, the last of them in padding alone.
fn said() -> Vec<u8> {
    let frames: [&[u8]; 5] = [
        &[0, 0, 3, 0, 8, 0, 0, 0, 1, 1, 7, 0],
        &[0, 0, 0, 0, 0, 0, 0, 0, 1],
        &[0, 0, 2, 0, 8, 0, 0, 0, 1, 1, 0],
        &[0, 0, 1, 1, 0, 0, 0, 0, 3, 0],
        &[0, 0, 1, 9, 4, 0, 0, 0, 3, 0],
    ];
    [&PREFACE[..], &frames.concat()].concat()
}

fn config(empty: u32) -> Http2 {
    Http2 { empty: Allowance { burst: empty, per_second: 0 }, ..Http2::default() }
}

#[test]
fn frames_are_followed_however_they_are_cut() {
    watch_async(async {
        let said = said();
        for cut in 0..said.len() {
            for size in 1..said.len() {
                let pieces = || std::iter::once(&said[..cut]).chain(said[cut..].chunks(size));
                let mut frames = Frames::new(&config(2));
                for piece in pieces() {
                    expect_eq!(frames.scan(piece), Ok(()), "two are allowed: {cut} {size}");
                }
                assert!(!frames.in_headers(), "the headers are over: {cut} {size}");
                let mut frames = Frames::new(&config(1));
                let ended = pieces().find_map(|piece| frames.scan(piece).err());
                expect_eq!(ended, Some(Flood::Empty), "one is allowed: {cut} {size}");
            }
        }
    });
}

#[test]
fn headers_are_open_from_their_first_byte_to_their_last() {
    watch_async(async {
        let said = said();
        let mut frames = Frames::new(&config(2));
        let open: Vec<_> = said
            .chunks(1)
            .map(|byte| {
                frames.scan(byte).unwrap();
                frames.in_headers()
            })
            .collect();
        let first = open.iter().position(|&open| open).unwrap();
        // The head of HEADERS is whole with its ninth byte, and the block with the last byte of all.
        expect_eq!(first, said.len() - 20 + 8, "the first byte");
        assert!(open[first..said.len() - 1].iter().all(|&open| open), "it is open in between");
        expect_eq!(open.last(), Some(&false), "the last byte");
    });
}

#[test]
fn the_preface_is_known_by_its_last_byte_and_anything_else_by_its_first_difference() {
    for there in 0..PREFACE.len() {
        expect_eq!(judge(&PREFACE[..there]), None, "after {there} bytes");
        let mut other = PREFACE[..=there].to_vec();
        other[there] ^= 1;
        expect_eq!(judge(&other), Some(Protocol::Http1), "other at {there}");
    }
    expect_eq!(judge(PREFACE), Some(Protocol::Http2), "the whole");
    expect_eq!(judge(b"GET / HTTP/1.1\r\n"), Some(Protocol::Http1), "GET");
}

/// What an observer is told of, on either side of a connection over which this is said; and how it arrives.
async fn observed(size: usize) -> (Vec<String>, Vec<String>, Vec<u8>) {
    let film = Arc::new(Mutex::new([Vec::new(), Vec::new()]));
    let observer = |side: usize, expected: Direction| {
        let film = Arc::clone(&film);
        Observer::new(move |direction, frame| {
            assert_eq!(direction, expected, "of {frame}");
            film.lock().unwrap()[side].push(frame.to_string());
        })
    };
    let (ours, theirs) = duplex(7);
    let mut client = Observed::client(ours, Some(observer(0, Direction::Written)));
    let mut server = Observed::server(theirs, Some(observer(1, Direction::Read)));
    let speaks = async move {
        for piece in said().chunks(size) {
            let (one, other) = piece.split_at(piece.len() / 2);
            let mut parts = [io::IoSlice::new(one), io::IoSlice::new(other)];
            let mut left = &mut parts[..];
            while left.iter().any(|part| !part.is_empty()) {
                let count = poll_fn(|cx| Pin::new(&mut client).poll_write_vectored(cx, left));
                let count = count.await.unwrap();
                io::IoSlice::advance_slices(&mut left, count);
            }
        }
    };
    let mut heard = Vec::new();
    let all = server.read_to_end(&mut heard);
    let ((), count) = tokio::join!(speaks, all);
    expect_eq!(count.unwrap(), said().len(), "bytes");
    let [written, read] = &mut *film.lock().unwrap();
    (take(written), take(read), heard)
}

#[test]
fn an_observer_is_told_of_each_frame_however_the_bytes_are_cut() {
    watch_async(async {
        let expected = [
            "DATA of stream 1, 3 bytes",
            "DATA of stream 1, 0 bytes",
            "DATA of stream 1, 2 bytes",
            "HEADERS of stream 3, 1 bytes",
            "CONTINUATION of stream 3, 1 bytes",
        ];
        for size in 1..said().len() {
            let (written, read, heard) = observed(size).await;
            expect_eq!(written, expected, "written in pieces of {size}");
            expect_eq!(read, expected, "read in pieces of {size}");
            expect_eq!(heard, said(), "what arrives");
        }
    });
}
