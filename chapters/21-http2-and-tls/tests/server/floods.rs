//! Attacks with frames that cost the client little: each ends its own connection, with a reason, and calls no application more often than it may.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use gateway::{Error, Receive, ResponseBody, ResponseStart, Scope, Sender};
use http2_and_tls::Allowance;
use proctor::{expect_eq, watch_async};
use tokio::time::sleep;

use crate::app::Conformance;
use crate::common::{ENHANCE_YOUR_CALM, Frame, Raw, SECOND, block, kind, request};

/// Says the same again and again: how often, until the server has had enough, and what it said then.
async fn flood(raw: &mut Raw, most: usize, frame: impl Fn(usize) -> Frame) -> (usize, Option<u32>) {
    for times in 0..most {
        if !raw.try_say(frame(times)).await {
            return (times, raw.goodbye().await);
        }
        // The server has its turn, and its answers are read: an attacker has time.
        tokio::task::yield_now().await;
        while let Some(frame) = raw.there().await {
            if frame.kind == kind::GOAWAY {
                return (times + 1, Some(frame.code()));
            }
        }
    }
    (most, None)
}

#[test]
fn a_settings_flood_ends_the_connection() {
    watch_async(async {
        let mut raw = Raw::new(Conformance::default(), |_, _| {}).await;
        let ended = flood(&mut raw, 1_000, |_| Frame::new(kind::SETTINGS, 0, 0, [])).await;
        // The first of the ten was sent with the preface.
        expect_eq!(ended, (10, Some(ENHANCE_YOUR_CALM)), "SETTINGS, and the end");
        raw.server.await.unwrap();
        expect_eq!(
            raw.failures.lines(),
            ["a client sends too many SETTINGS: its connection is closed"],
            "reported"
        );
    });
}

#[test]
fn a_ping_flood_ends_the_connection() {
    watch_async(async {
        let mut raw = Raw::new(Conformance::default(), |_, _| {}).await;
        let ended = flood(&mut raw, 1_000, |_| Frame::new(kind::PING, 0, 0, [0; 8])).await;
        expect_eq!(ended, (31, Some(ENHANCE_YOUR_CALM)), "PINGs, and the end");
    });
}

#[test]
fn pings_now_and_then_are_answered_for_ever() {
    watch_async(async {
        let mut raw = Raw::new(Conformance::default(), |_, http2| {
            http2.keep_alive = 1_000 * SECOND;
        })
        .await;
        for number in 0..900_u64 {
            raw.say(Frame::new(kind::PING, 0, 0, number.to_be_bytes())).await;
            let pong = raw.until(kind::PING).await.expect("a pong");
            expect_eq!(pong.payload, number.to_be_bytes(), "the pong");
            sleep(SECOND).await;
        }
    });
}

#[test]
fn empty_data_ends_the_connection() {
    watch_async(async {
        for padding in [None, Some([1, 0])] {
            let mut raw = Raw::new(Conformance::default(), |_, _| {}).await;
            raw.request(1, 4, "POST", "/upload").await;
            let frame = |_| match padding {
                None => Frame::new(kind::DATA, 0, 1, []),
                Some(padding) => Frame::new(kind::DATA, 8, 1, padding),
            };
            let ended = flood(&mut raw, 10_000, frame).await;
            expect_eq!(ended, (101, Some(ENHANCE_YOUR_CALM)), "frames, padded: {padding:?}");
        }
    });
}

#[test]
fn continuation_without_end_ends_the_connection() {
    watch_async(async {
        for field in [&[][..], &[("a", "b")]] {
            let mut raw = Raw::new(Conformance::default(), |_, _| {}).await;
            raw.request(1, 1, "GET", "/").await;
            let ended =
                flood(&mut raw, 10_000, |_| Frame::new(kind::CONTINUATION, 0, 1, block(field)))
                    .await;
            // Five frames of 16 KiB hold the 64 KiB that there may be, and a quarter more.
            expect_eq!(ended, (6, Some(ENHANCE_YOUR_CALM)), "CONTINUATIONs of {field:?}");
        }
    });
}

#[test]
fn frames_that_say_nothing_end_the_connection() {
    watch_async(async {
        for kind in [kind::PRIORITY, 0xfa] {
            let mut raw = Raw::new(Conformance::default(), |_, _| {}).await;
            let ended = flood(&mut raw, 10_000, |_| Frame::new(kind, 0, 1, [0, 0, 0, 3, 0])).await;
            expect_eq!(ended, (301, Some(ENHANCE_YOUR_CALM)), "frames of kind {kind}");
        }
    });
}

#[test]
fn windows_that_open_by_a_byte_end_the_connection() {
    watch_async(async {
        let mut raw = Raw::new(Conformance::default(), |_, _| {}).await;
        let ended =
            flood(&mut raw, 10_000, |_| Frame::new(kind::WINDOW_UPDATE, 0, 0, 1_u32.to_be_bytes()))
                .await;
        expect_eq!(ended, (1_001, Some(ENHANCE_YOUR_CALM)), "WINDOW_UPDATEs");
    });
}

#[test]
fn a_client_that_opens_its_windows_as_it_reads_is_no_flood() {
    watch_async(async {
        // Frames of less than a KiB as well, of which each allows a little.
        for part in [16_384, 600] {
            let mut raw = Raw::new(Conformance::default(), |_, http2| {
                http2.updates = Allowance { burst: 20, per_second: 0 };
            })
            .await;
            raw.request(1, 5, "GET", &format!("/bytes?n=300000&part={part}")).await;
            let mut heard = 0;
            while heard < 300_000 {
                let frame = raw.until(kind::DATA).await.expect("the response goes on");
                heard += frame.payload.len();
                let read = u32::try_from(frame.payload.len()).unwrap().max(1).to_be_bytes();
                for stream in [0, 1] {
                    raw.try_say(Frame::new(kind::WINDOW_UPDATE, 0, stream, read)).await;
                }
            }
            expect_eq!(raw.failures.lines(), Vec::<String>::new(), "reported, parts of {part}");
        }
    });
}

#[test]
fn rapid_reset_calls_no_more_applications_than_streams() {
    watch_async(async {
        let (running, highest) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let (now, most) = (Arc::clone(&running), Arc::clone(&highest));
        // It does not listen: without a bound, each stream would leave one behind.
        let app = move |_: Scope, _: Receive, send: Sender| {
            let (now, most) = (Arc::clone(&now), Arc::clone(&most));
            async move {
                most.fetch_max(now.fetch_add(1, SeqCst) + 1, SeqCst);
                sleep(SECOND).await;
                now.fetch_sub(1, SeqCst);
                send.send(ResponseStart::new(200)).await?;
                Ok::<(), Error>(send.send(ResponseBody::last("late")).await?)
            }
        };
        let mut raw = Raw::new(app, |_, _| {}).await;
        let ended = flood(&mut raw, 100_000, |times| {
            let stream = u32::try_from(times / 2 * 2 + 1).unwrap();
            if times % 2 == 0 {
                Frame::new(kind::HEADERS, 5, stream, request("GET", "/"))
            } else {
                Frame::new(kind::RST_STREAM, 0, stream, 8_u32.to_be_bytes())
            }
        })
        .await;
        expect_eq!(ended.1, Some(ENHANCE_YOUR_CALM), "the end");
        assert!(ended.0 <= 402, "{} frames were taken", ended.0);
        let highest = highest.load(SeqCst);
        assert!(highest <= 100, "{highest} calls ran at a time");
        raw.server.await.unwrap();
        expect_eq!(running.load(SeqCst), 0, "calls that run after the end");
    });
}
