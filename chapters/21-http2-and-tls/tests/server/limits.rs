//! The bounds on time, and on the size of what waits.

use std::sync::Arc;
use std::time::Duration;

use gateway::{Error, Receive, ResponseBody, ResponseStart, Scope, Sender};
use http::Request;
use http_server::{Declined, Serve, Tcp};
use http2_and_tls::choose::PREFACE;
use http2_and_tls::tls::Secure;
use proctor::{expect_eq, watch_async};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{Instant, sleep};

use crate::app::Conformance;
use crate::common::{
    Diary, ENHANCE_YOUR_CALM, Frame, Raw, SECOND, block, client, get, kind, post, request, server,
    whole,
};

/// Whole seconds until the server closes the connection, and what its last GOAWAY said.
async fn until_closed(raw: &mut Raw) -> (u64, Option<u32>) {
    let began = Instant::now();
    let code = raw.goodbye().await;
    (began.elapsed().as_secs(), code)
}

#[test]
fn silence_before_the_first_byte_is_bounded() {
    watch_async(async {
        let mut raw = Raw::silent(Conformance::default(), |_, _| {});
        expect_eq!(until_closed(&mut raw).await, (10, None), "seconds");
    });
}

#[test]
fn a_preface_that_does_not_end_is_bounded() {
    watch_async(async {
        let mut raw = Raw::silent(Conformance::default(), |_, _| {});
        let began = Instant::now();
        for byte in &PREFACE[..5] {
            raw.stream.write_all(&[*byte]).await.unwrap();
            sleep(Duration::from_millis(1_500)).await;
        }
        raw.goodbye().await;
        expect_eq!(began.elapsed().as_secs(), 10, "seconds");
    });
}

#[test]
fn http_1_on_the_same_port_is_served_as_before() {
    watch_async(async {
        for cut in [0, 1, 3, 15] {
            let mut raw = Raw::silent(Conformance::default(), |_, _| {});
            let request = b"GET / HTTP/1.1\r\nhost: crab\r\nconnection: close\r\n\r\n";
            raw.stream.write_all(&request[..cut]).await.unwrap();
            sleep(SECOND).await;
            raw.stream.write_all(&request[cut..]).await.unwrap();
            let mut heard = String::new();
            raw.stream.read_to_string(&mut heard).await.unwrap();
            assert!(heard.starts_with("HTTP/1.1 200 OK\r\n"), "{heard}");
            assert!(heard.ends_with("Hello, crabs!"), "{heard}");
        }
    });
}

#[test]
fn what_only_begins_like_the_preface_is_http_1() {
    watch_async(async {
        for said in ["PRI / HTTP/1.1\r\nhost: crab\r\n\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\n"] {
            let mut raw = Raw::silent(Conformance::default(), |_, _| {});
            raw.stream.write_all(said.as_bytes()).await.unwrap();
            let mut heard = String::new();
            raw.stream.read_to_string(&mut heard).await.unwrap();
            assert!(heard.starts_with("HTTP/1."), "{said:?}: {heard}");
        }
    });
}

#[test]
fn a_connection_without_streams_is_closed() {
    watch_async(async {
        let mut raw = Raw::new(Conformance::default(), |_, _| {}).await;
        // It says goodbye first, and waits a second for what is on its way.
        expect_eq!(until_closed(&mut raw).await, (61, Some(0)), "seconds, and NO_ERROR");
    });
}

#[test]
fn pings_do_not_keep_a_connection() {
    watch_async(async {
        let mut raw = Raw::new(Conformance::default(), |_, _| {}).await;
        let began = Instant::now();
        while raw.try_say(Frame::new(kind::PING, 0, 0, [0; 8])).await {
            sleep(SECOND).await;
            while raw.there().await.is_some() {}
        }
        let seconds = began.elapsed().as_secs();
        assert!((60..=62).contains(&seconds), "it was open for {seconds} s");
    });
}

#[test]
fn headers_that_do_not_end_are_bounded() {
    watch_async(async {
        // Within a frame, and between two of them.
        let whole = Frame::new(kind::HEADERS, 5, 1, request("GET", "/")).bytes();
        for begin in
            [whole[..20].to_vec(), Frame::new(kind::HEADERS, 1, 1, request("GET", "/")).bytes()]
        {
            let mut raw = Raw::new(Conformance::default(), |_, _| {}).await;
            raw.stream.write_all(&begin).await.unwrap();
            expect_eq!(until_closed(&mut raw).await, (10, Some(ENHANCE_YOUR_CALM)), "seconds");
        }
    });
}

#[test]
fn a_long_list_of_headers_is_431() {
    watch_async(async {
        let client =
            client(Conformance::default(), |config, _| config.head_bytes = 16 * 1024).await;
        let mut request = get("/");
        request.headers_mut().insert("x-long", "x".repeat(20_000).parse().unwrap());
        // h2's client knows the bound by SETTINGS, and does not care.
        expect_eq!(client.ask(request, "").await.unwrap().status, 431, "the status");
        expect_eq!(client.get("/").await.status, 200, "the next one");
    });
}

#[test]
fn many_headers_are_431() {
    watch_async(async {
        let client = client(Conformance::default(), |_, _| {}).await;
        let mut request = get("/");
        for number in 0..101 {
            let name: http::HeaderName = format!("x-{number}").parse().unwrap();
            request.headers_mut().insert(name, "crab".parse().unwrap());
        }
        expect_eq!(client.ask(request, "").await.unwrap().status, 431, "the status");
    });
}

#[test]
fn a_gap_in_the_body_is_bounded() {
    watch_async(async {
        let client = client(Conformance::default(), |config, _| config.body_rate = 0).await;
        let began = Instant::now();
        let (response, mut body) = client.begin(post("/upload"), false);
        body.send_data("crab".into(), false).unwrap();
        let answer = whole(response.await.unwrap()).await.unwrap();
        expect_eq!((answer.status, began.elapsed().as_secs()), (408, 30), "status, and seconds");
        expect_eq!(client.get("/").await.status, 200, "another stream");
    });
}

#[test]
fn what_the_server_answers_for_the_application_is_told() {
    watch_async(async {
        let (tell, mut told) = tokio::sync::mpsc::unbounded_channel();
        let client = client(Conformance::default(), |config, _| {
            config.in_flight = Some(1);
            config.declined = Some(Arc::new(move |Declined { status, why, .. }| {
                tell.send(format!("{} {why}", status.as_u16())).unwrap();
            }));
        })
        .await;
        let other = Request::get("http://crab/").header("host", "lobster").body(()).unwrap();
        let (response, _) = client.begin(other, true);
        expect_eq!(response.await.unwrap().status().as_u16(), 400, "two names for one host");
        let expected = "400 the host is another one than the authority";
        expect_eq!(told.try_recv().as_deref(), Ok(expected), "the first");

        let (response, mut body) = client.begin(post("/upload"), false);
        body.send_data("crab".into(), false).unwrap();
        tokio::task::yield_now().await;
        expect_eq!(client.get("/").await.status, 503, "a second call");
        let expected = "503 too many requests are in flight";
        expect_eq!(told.try_recv().as_deref(), Ok(expected), "the second");
        expect_eq!(response.await.unwrap().status().as_u16(), 408, "the first call");
        let expected = "408 the request did not come in time";
        expect_eq!(told.try_recv().as_deref(), Ok(expected), "the third");

        expect_eq!(client.get("/early").await.status, 500, "a call that fails");
        assert!(told.try_recv().is_err(), "an application's own failure was told");
    });
}

#[test]
fn a_body_has_a_minimum_rate() {
    watch_async(async {
        let client = client(Conformance::default(), |_, _| {}).await;
        let began = Instant::now();
        let (response, mut body) = client.begin(post("/upload"), false);
        for _ in 0..3 {
            sleep(Duration::from_millis(9_999)).await;
            body.send_data("x".into(), false).unwrap();
        }
        expect_eq!(response.await.unwrap().status().as_u16(), 408, "the status");
        expect_eq!(began.elapsed().as_secs(), 30, "seconds");
    });
}

#[test]
fn a_window_that_stays_shut_ends_its_stream() {
    watch_async(async {
        let mut raw = Raw::silent(Conformance::default(), |_, _| {});
        raw.stream.write_all(PREFACE).await.unwrap();
        // INITIAL_WINDOW_SIZE 0.
        raw.say(Frame::new(kind::SETTINGS, 0, 0, [0, 4, 0, 0, 0, 0])).await;
        let began = Instant::now();
        raw.request(1, 5, "GET", "/flood").await;
        // The server asks whether the client is there.
        let reset = loop {
            match raw.hear().await.expect("the connection stays") {
                frame if frame.kind == kind::PING && frame.flags == 0 => {
                    raw.say(Frame::new(kind::PING, 1, 0, frame.payload)).await;
                }
                frame if frame.kind == kind::RST_STREAM => break frame,
                _ => {}
            }
        };
        expect_eq!((reset.code(), began.elapsed().as_secs()), (8, 30), "CANCEL, and seconds");
    });
}

#[test]
fn a_window_that_opens_by_bytes_has_a_minimum_rate() {
    watch_async(async {
        let mut raw = Raw::silent(Conformance::default(), |_, _| {});
        raw.stream.write_all(PREFACE).await.unwrap();
        raw.say(Frame::new(kind::SETTINGS, 0, 0, [0, 4, 0, 0, 0, 0])).await;
        let began = Instant::now();
        raw.request(1, 5, "GET", "/flood").await;
        let seconds = loop {
            sleep(SECOND).await;
            raw.say(Frame::new(kind::WINDOW_UPDATE, 0, 1, 1_u32.to_be_bytes())).await;
            let mut frames = Vec::new();
            while let Some(frame) = raw.there().await {
                frames.push(frame.kind);
            }
            if frames.contains(&kind::RST_STREAM) {
                break began.elapsed().as_secs();
            }
        };
        expect_eq!(seconds, 31, "seconds, at a byte a second");
    });
}

#[test]
fn a_client_that_reads_nothing_at_all_is_cut() {
    watch_async(async {
        let diary = Diary::default();
        let notes = diary.clone();
        let app = move |_: Scope, _: Receive, send: Sender| {
            let notes = notes.clone();
            async move {
                send.send(ResponseStart::new(200)).await?;
                let error = loop {
                    if let Err(error) = send.send(ResponseBody::part(vec![b'x'; 16_384])).await {
                        break error;
                    }
                    notes.note("sent");
                };
                Err::<(), Error>(error.into())
            }
        };
        let mut raw = Raw::new(app, |_, _| {}).await;
        // Its windows are as open as they can be, and its socket is full.
        raw.say(Frame::new(kind::SETTINGS, 0, 0, [0, 4, 0x7f, 0xff, 0xff, 0xff])).await;
        let most: u32 = (1 << 31) - 1 - 65_535;
        raw.say(Frame::new(kind::WINDOW_UPDATE, 0, 0, most.to_be_bytes())).await;
        raw.request(1, 5, "GET", "/").await;
        let began = Instant::now();
        raw.server.await.unwrap();
        expect_eq!(began.elapsed().as_secs(), 30, "seconds");
        let parts = diary.lines().len();
        assert!(parts <= 9, "{parts} parts of 16 KiB were taken for a client that reads nothing");
    });
}

#[test]
fn a_client_that_does_not_answer_a_ping_is_gone() {
    watch_async(async {
        let mut raw = Raw::new(Conformance::default(), |_, _| {}).await;
        raw.request(1, 5, "GET", "/sleep?ms=100000000").await;
        let began = Instant::now();
        let mut pinged = None;
        while let Some(frame) = raw.hear().await {
            if frame.kind == kind::PING {
                pinged = Some(began.elapsed().as_secs());
            }
        }
        expect_eq!(
            (pinged, began.elapsed().as_secs()),
            (Some(20), 40),
            "asked, and closed, after seconds"
        );
    });
}

#[test]
fn an_application_that_goes_on_after_its_client_is_dropped() {
    async fn app(_: Scope, _: Receive, _: Sender) -> Result<(), Error> {
        std::future::pending().await
    }
    watch_async(async {
        let mut raw = Raw::new(app, |_, _| {}).await;
        raw.request(1, 5, "GET", "/").await;
        sleep(SECOND).await;
        let began = Instant::now();
        drop(raw.stream);
        raw.server.await.unwrap();
        expect_eq!(began.elapsed().as_secs(), 30, "seconds");
        expect_eq!(
            raw.failures.lines(),
            ["an application went on after its client had left, and was dropped"],
            "reported"
        );
    });
}

#[test]
fn headers_in_two_frames_are_one_head() {
    watch_async(async {
        let mut raw = Raw::new(Conformance::default(), |_, _| {}).await;
        let fields = [request("GET", "/"), block(&[("x-legs", "10")])].concat();
        raw.say(Frame::new(kind::HEADERS, 1, 1, fields[..30].to_vec())).await;
        raw.say(Frame::new(kind::CONTINUATION, 4, 1, fields[30..].to_vec())).await;
        let data = raw.until(kind::DATA).await.unwrap();
        expect_eq!(&data.payload[..], b"Hello, crabs!", "the response");
    });
}

#[test]
fn the_future_of_a_connection_is_small_whatever_it_speaks() {
    fn size<F>(_: impl FnOnce() -> F) -> usize {
        size_of::<F>()
    }
    fn none<T>() -> T {
        unreachable!("it is never called")
    }
    let (server, _) = server(Conformance::default(), |_, _| {});
    let sizes = [
        size(|| server.drive(none::<Tcp>(), ())),
        // What one that is parked consists of, beside rustls's own.
        size(|| server.http().drive(none::<Secure<Tcp>>(), ())),
    ];
    assert!(sizes.iter().all(|size| *size <= 512), "bytes for each connection: {sizes:?}");
}
