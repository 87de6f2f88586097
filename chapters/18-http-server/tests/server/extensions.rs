//! The extensions that the server offers: early hints, trailers, files.

use std::fs::{self, File};
use std::io::{Seek, SeekFrom};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::app::Conformance;
use crate::common::{Diary, GET, SECOND, get, in_memory, over_tcp, real, status};
use gateway::{
    App, Error, Extension, Receive, ResponseBody, ResponseStart, ResponseTrailers, Scope,
    SendEvent, Sender, ZeroCopySend,
};
use http::{HeaderMap, HeaderValue, Method};
use proctor::{expect_eq, watch_async};
use tokio::io::AsyncReadExt;
use tokio::task::yield_now;
use tokio::time::{Instant, sleep};

const HINTED: &str = "HTTP/1.1 103 Early Hints\r\nlink: </crab.css>; rel=preload; as=style\r\n\r\n";

fn hint(link: &'static str) -> SendEvent {
    SendEvent::HttpResponseEarlyHint(vec![HeaderValue::from_static(link)])
}

#[test]
fn an_early_hint_goes_out_before_the_response_is_known() {
    real(|| async {
        let diary = Diary::default();
        let read = diary.clone();
        let app = move |_: Scope, _: Receive, send: Sender| {
            let read = read.clone();
            async move {
                send.send(hint("</crab.css>")).await?;
                send.send(hint("</crab.js>")).await?;
                read.until(1).await;
                send.send(ResponseStart::new(200)).await?;
                Ok::<_, Error>(send.send(ResponseBody::last("crab")).await?)
            }
        };
        let mut client = over_tcp(app, |_| {}).await;
        client.say(GET).await;
        expect_eq!(
            client.hear("</crab.js>\r\n\r\n").await,
            "HTTP/1.1 103 Early Hints\r\nlink: </crab.css>\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: </crab.js>\r\n\r\n",
            "what comes before the response"
        );
        diary.note("both are read");
        let response = client.hear("crab").await;
        expect_eq!(status(&response), "HTTP/1.1 200 OK", "the status");
    });
}

#[test]
fn an_early_hint_stands_before_its_response_and_behind_the_one_before() {
    real(|| async {
        // The first response is longer than the pipe, so it is on its way for a while.
        let mut client = in_memory(Conformance::default(), |_| {});
        let requests = ["/bytes?n=100000&part=1000", "/hints", "/"]
            .map(|target| format!("GET {target} HTTP/1.1\r\nhost: crab\r\n\r\n"));
        client.say(requests.concat() + &get("/hints")).await;
        for _ in 0..1_000 {
            yield_now().await;
        }
        let heard = client.hear_all().await;
        let rest = heard.split_once("xHTTP").expect("the first body, and what follows").1;
        let response = |close: &str, body: &str| {
            let length = body.len();
            format!(
                "HTTP/1.1 200 OK\r\ncontent-type: text/plain; charset=utf-8\r\n{close}content-length: {length}\r\n\r\n{body}"
            )
        };
        let (hinted, last) = (response("", "hinted"), response("connection: close\r\n", "hinted"));
        let expected = format!("{HINTED}{hinted}{}{HINTED}{last}", response("", "Hello, crabs!"));
        expect_eq!(format!("HTTP{rest}"), expected, "what follows the first body");
    });
}

#[test]
fn a_response_waits_for_an_early_hint_that_has_no_room_yet() {
    watch_async(async {
        let link = "x".repeat(40_000);
        let sent = link.clone();
        let app = move |_: Scope, _: Receive, send: Sender| {
            let link = HeaderValue::from_str(&sent).unwrap();
            async move {
                for _ in 0..2 {
                    send.send(SendEvent::HttpResponseEarlyHint(vec![link.clone()])).await?;
                }
                send.send(ResponseStart::new(200)).await?;
                Ok::<_, Error>(send.send(ResponseBody::last("crab")).await?)
            }
        };
        let mut client = in_memory(app, |_| {});
        client.say(get("/")).await;
        sleep(SECOND).await;
        let hint = format!("HTTP/1.1 103 Early Hints\r\nlink: {link}\r\n\r\n");
        let response = "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 4\r\n\r\ncrab";
        assert!(client.hear_all().await == format!("{hint}{hint}{response}"), "the whole");
    });
}

#[test]
fn a_client_that_does_not_read_its_hints_is_bounded() {
    watch_async(async {
        let link = HeaderValue::from_str(&"x".repeat(40_000)).unwrap();
        let app = move |_: Scope, _: Receive, send: Sender| {
            let link = link.clone();
            async move {
                loop {
                    send.send(SendEvent::HttpResponseEarlyHint(vec![link.clone()])).await?;
                }
                #[expect(unreachable_code, reason = "it says what is returned")]
                Ok::<_, Error>(())
            }
        };
        let mut client = in_memory(app, |_| {});
        client.say(GET).await;
        let began = Instant::now();
        client.server.await.unwrap();
        expect_eq!(began.elapsed().as_secs(), 30, "seconds");
        expect_eq!(client.failures.lines(), Vec::<String>::new(), "failures");
    });
}

#[test]
fn an_early_hint_without_links_is_nothing_and_one_before_a_failure_is_followed_by_500() {
    real(|| async {
        let app = async |_: Scope, _: Receive, send: Sender| {
            send.send(SendEvent::HttpResponseEarlyHint(Vec::new())).await?;
            send.send(hint("</crab.css>")).await?;
            yield_now().await;
            Err::<(), Error>("ouch".into())
        };
        let response = over_tcp(app, |_| {}).await.ask(get("/")).await;
        let rest = response.strip_prefix("HTTP/1.1 103 Early Hints\r\nlink: </crab.css>\r\n\r\n");
        let rest = rest.unwrap_or_else(|| panic!("the hint comes first: {response}"));
        expect_eq!(status(rest), "HTTP/1.1 500 Internal Server Error", "the status");
    });
}

#[test]
fn extensions_are_offered_by_what_the_client_understands() {
    real(|| async {
        let app = async |scope: Scope, _: Receive, send: Sender| {
            let Scope::Http(scope) = scope else { return Err(scope.unsupported().into()) };
            let refused = send.send(hint("</crab.css>")).await.is_err();
            let text = format!("{:?} {refused}", scope.extensions);
            send.send(ResponseStart::new(200)).await?;
            Ok::<_, Error>(send.send(ResponseBody::last(text)).await?)
        };
        let files = r#""http.response.pathsend", "http.response.zerocopysend""#;
        let (hints, trailers) = (r#""http.response.early_hint""#, r#""http.response.trailers""#);
        for (request, expected) in [
            ("GET / HTTP/1.0\r\nte: trailers\r\n\r\n", format!("{{{files}}} true")),
            (&get("/"), format!("{{{files}, {hints}}} false")),
            (
                "GET / HTTP/1.1\r\nhost: crab\r\nte: trailers\r\nconnection: close\r\n\r\n",
                format!("{{{files}, {hints}, {trailers}}} false"),
            ),
        ] {
            let response = over_tcp(app, |_| {}).await.ask(request).await;
            let body = response.rsplit("\r\n\r\n").next().unwrap();
            expect_eq!(body, expected, "what is offered to {request:?}");
        }
    });
}

fn trailers(fields: &[(&'static str, &'static str)], more_trailers: bool) -> ResponseTrailers {
    let headers: HeaderMap = fields
        .iter()
        .map(|(name, value)| (name.parse().unwrap(), HeaderValue::from_static(value)))
        .collect();
    ResponseTrailers { headers, more_trailers }
}

const TRAILED: &str = "GET / HTTP/1.1\r\nhost: crab\r\nte: trailers\r\n\r\n";

#[test]
fn a_trailer_that_was_not_announced_is_an_error_out_of_send() {
    real(|| async {
        let app = async |_: Scope, _: Receive, send: Sender| {
            let start = ResponseStart::new(200)
                .header("trailer", "x-legs, Content-Type")
                .header("trailer", "x-claws");
            send.send(start.with_trailers()).await?;
            let mut errors = Vec::new();
            send.send(ResponseBody::part("")).await?;
            for refused in ["x-shell", "content-type"] {
                // The rules come first: before the body's end none are due.
                let error = send.send(trailers(&[(refused, "1")], false)).await.unwrap_err();
                errors.push(format!("{error}\n"));
            }
            send.send(ResponseBody::last(errors.concat())).await?;
            let announced = trailers(&[("x-legs", "10"), ("x-claws", "2")], false);
            Ok::<_, Error>(send.send(announced).await?)
        };
        let mut client = over_tcp(app, |_| {}).await;
        client.say(TRAILED).await;
        let response = client.hear("x-legs: 10\r\nx-claws: 2\r\n\r\n").await;
        for line in [
            "the trailers cannot be sent: x-shell is not announced in the response's trailer field\n",
            "the trailers cannot be sent: content-type belongs into the head\n",
        ] {
            assert!(response.contains(line), "{line:?} is missing: {response}");
        }
    });
}

#[test]
fn trailers_that_come_one_by_one_stand_together_behind_the_chunks() {
    real(|| async {
        let app = async |_: Scope, _: Receive, send: Sender| {
            let start = ResponseStart::new(200)
                .header("content-length", "4")
                .header("trailer", "x-legs, x-claws");
            send.send(start.with_trailers()).await?;
            send.send(ResponseBody::last("crab")).await?;
            send.send(trailers(&[("x-legs", "10")], true)).await?;
            send.send(trailers(&[("x-claws", "2")], true)).await?;
            Ok::<_, Error>(send.send(trailers(&[], false)).await?)
        };
        let mut client = over_tcp(app, |_| {}).await;
        for _ in 0..2 {
            client.say(TRAILED).await;
            let response = client.hear("0\r\nx-claws: 2\r\nx-legs: 10\r\n\r\n").await;
            assert!(!response.contains("content-length"), "{response}");
        }
    });
}

/// A file in the build's folder for such, with this in it. It is removed in the end.
struct Scratch {
    path: PathBuf,
}

impl Scratch {
    fn new(name: &str, content: impl AsRef<[u8]>) -> Self {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR"))
            .join(format!("http-server-{}-{name}", std::process::id()));
        fs::write(&path, content).unwrap();
        Self { path }
    }

    fn open(&self) -> Arc<File> {
        Arc::new(File::open(&self.path).unwrap())
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}

fn region(file: &Arc<File>, offset: Option<u64>, count: Option<u64>, more: bool) -> ZeroCopySend {
    ZeroCopySend { file: Arc::clone(file), offset, count, more_body: more }
}

/// Sends that file by its path, with the length that the query gives, if it gives one.
fn by_path(path: PathBuf) -> impl App + 'static {
    move |scope: Scope, _: Receive, send: Sender| {
        let path = path.clone();
        async move {
            let Scope::Http(scope) = scope else { return Err(scope.unsupported().into()) };
            assert!(scope.extensions.offer(Extension::PathSend), "it is offered");
            let mut start = ResponseStart::new(200);
            if let Ok(length) = str::from_utf8(scope.query_string())
                && !length.is_empty()
            {
                start = start.header("content-length", length);
            }
            send.send(start).await?;
            Ok::<_, Error>(send.send(SendEvent::HttpResponsePathSend(path)).await?)
        }
    }
}

#[test]
fn a_file_is_sent_by_its_path_and_its_length_is_counted() {
    real(|| async {
        let long = "0123456789abcdef".repeat(20_000);
        for content in ["", "crab", &long] {
            let file = Scratch::new("path", content);
            let length = content.len();
            let mut client = over_tcp(by_path(file.path.clone()), |_| {}).await;
            for target in ["/".to_owned(), format!("/?{length}")] {
                let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n");
                client.say(format!("HEAD {target} HTTP/1.1\r\nhost: crab\r\n\r\n")).await;
                expect_eq!(client.hear("\r\n\r\n").await, head, "the answer to HEAD");
                client.say(format!("GET {target} HTTP/1.1\r\nhost: crab\r\n\r\n")).await;
                let expected = format!("{head}{content}");
                assert!(client.hear(&expected).await == expected, "{length} bytes of a file");
            }
            client.say("GET / HTTP/1.0\r\n\r\n").await;
            assert!(client.hear_all().await.ends_with(&format!("\r\n\r\n{content}")), "HTTP/1.0");
            expect_eq!(client.failures.lines(), Vec::<String>::new(), "failures");
        }
    });
}

#[test]
fn a_path_where_no_file_is_yields_500_and_the_connection_stays() {
    real(|| async {
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
        let socket = folder.join(format!("http-server-{}-socket", std::process::id()));
        let listener = UnixListener::bind(&socket).unwrap();
        for (path, why) in [
            (folder.join("not-there"), "No such file or directory (os error 2)"),
            (folder.clone(), "it is not a regular file"),
            (socket.clone(), "it is not a regular file"),
        ] {
            let mut client = over_tcp(by_path(path.clone()), |_| {}).await;
            for _ in 0..2 {
                client.say(GET).await;
                let response = client.hear("Internal Server Error\n").await;
                expect_eq!(
                    status(&response),
                    "HTTP/1.1 500 Internal Server Error",
                    "{}",
                    path.display()
                );
            }
            let line = format!("the file {} cannot be sent: {why}", path.display());
            expect_eq!(client.failures.lines(), [line.clone(), line], "failures");
        }
        drop(listener);
        fs::remove_file(socket).unwrap();
    });
}

#[test]
fn a_length_that_the_file_contradicts_yields_500() {
    real(|| async {
        let file = Scratch::new("length", "crab");
        for length in [3, 5] {
            let mut client = over_tcp(by_path(file.path.clone()), |_| {}).await;
            let response = client.ask(get(&format!("/?{length}"))).await;
            expect_eq!(status(&response), "HTTP/1.1 500 Internal Server Error", "length {length}");
            let line = format!(
                "a file cannot be sent: the content-length says {length} bytes, and there are 4"
            );
            expect_eq!(client.failures.lines(), [line], "failures");
        }
    });
}

/// Sends these, each after the one before, then says how that went.
fn sending(events: Vec<SendEvent>) -> (Diary, impl App + 'static) {
    let diary = Diary::default();
    let written = diary.clone();
    let app = move |_: Scope, _: Receive, send: Sender| {
        let (written, events) = (written.clone(), events.clone());
        async move {
            for event in events {
                if let Err(error) = send.send(event).await {
                    written.note(error.to_string());
                    return Err(error.into());
                }
            }
            written.note("all was sent");
            Ok::<_, Error>(())
        }
    };
    (diary, app)
}

#[test]
fn regions_of_open_files_are_parts_of_a_body() {
    real(|| async {
        let scratch = Scratch::new("regions", "0123456789");
        let file = scratch.open();
        (&*file).seek(SeekFrom::Start(7)).unwrap();
        let events = vec![
            ResponseStart::new(200).into(),
            ResponseBody::part("<").into(),
            region(&file, Some(2), Some(3), true).into(),
            // From where the file stands, which the ones with an offset do not move.
            region(&file, None, Some(1), true).into(),
            region(&file, Some(10), None, true).into(),
            ResponseBody::part("|").into(),
            region(&file, None, None, true).into(),
            ResponseBody::last(">").into(),
        ];
        let (diary, app) = sending(events);
        let mut client = over_tcp(app, |_| {}).await;
        client.say(GET).await;
        let response = client.hear("0\r\n\r\n").await;
        let body = response.split_once("\r\n\r\n").unwrap().1;
        expect_eq!(
            body,
            "1\r\n<\r\n3\r\n234\r\n1\r\n7\r\n1\r\n|\r\n2\r\n89\r\n1\r\n>\r\n0\r\n\r\n",
            "the chunks"
        );
        expect_eq!(diary.lines(), ["all was sent"], "what the application met");
        expect_eq!(client.failures.lines(), Vec::<String>::new(), "failures");
        // The only one is a whole response, with its length.
        let whole =
            vec![ResponseStart::new(200).into(), region(&file, Some(8), None, false).into()];
        let response = over_tcp(sending(whole).1, |_| {}).await.ask(get("/")).await;
        expect_eq!(
            response,
            "HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\n89",
            "the response"
        );
    });
}

#[test]
fn a_body_with_a_file_in_it_is_counted_against_its_content_length() {
    real(|| async {
        let scratch = Scratch::new("counted", "0123456789");
        for (length, file, last, heard, why) in [
            // The file is longer than what is left: nothing of it goes out.
            (
                "11",
                None,
                None,
                "ab",
                "a file cannot be sent: the content-length says 9 bytes, and there are 10",
            ),
            // The rest is missing.
            (
                "13",
                None,
                Some(""),
                "ab0123456789",
                "the body ends 1 bytes before its content-length",
            ),
            // The file is shorter than the application has promised.
            (
                "22",
                Some(20),
                None,
                "ab",
                "the file of http.response.zerocopysend cannot be sent: 20 bytes of it were promised, and it has 10",
            ),
        ] {
            let more = last.is_some();
            let mut events = vec![
                ResponseStart::new(200).header("content-length", length).into(),
                ResponseBody::part("ab").into(),
                region(&scratch.open(), Some(0), file, more).into(),
            ];
            events.extend(last.map(|last| ResponseBody::last(last).into()));
            let mut client = over_tcp(sending(events).1, |_| {}).await;
            let response = client.ask(GET.repeat(2)).await;
            let body = response.split_once("\r\n\r\n").unwrap().1;
            expect_eq!(body, heard, "the body, with a length of {length}");
            expect_eq!(client.failures.lines(), [why], "failures");
        }
    });
}

#[test]
fn a_file_that_shrinks_while_it_is_sent_is_a_visible_truncation() {
    const LENGTH: usize = 4_000_000;
    real(|| async {
        for (request, chunked) in [(GET, false), (GET, true), ("GET / HTTP/1.0\r\n\r\n", true)] {
            let scratch = Scratch::new("shrinks", vec![b'x'; LENGTH]);
            let file = File::options().write(true).open(&scratch.path).unwrap();
            let mut events: Vec<SendEvent> = vec![ResponseStart::new(200).into()];
            if chunked {
                events.push(region(&scratch.open(), None, None, true).into());
                events.push(ResponseBody::last("").into());
            } else {
                events.push(SendEvent::HttpResponsePathSend(scratch.path.clone()));
            }
            let mut client = over_tcp(sending(events).1, |_| {}).await;
            client.say(request).await;
            client.stream.read_exact(&mut [0; 10_000]).await.unwrap();
            file.set_len(0).unwrap();
            let mut heard = Vec::new();
            let ended = client.stream.read_to_end(&mut heard).await;
            assert!(heard.len() < LENGTH, "{} bytes came", heard.len());
            if request == GET {
                ended.unwrap();
                assert!(!heard.ends_with(b"0\r\n\r\n"), "it is not an end");
            } else {
                assert!(ended.is_err(), "the connection ends with a reset");
            }
            let failures = client.failures.lines();
            assert!(
                failures[0].ends_with("bytes of the file are not there any more"),
                "{failures:?}"
            );
        }
    });
}

#[test]
fn a_file_is_read_no_faster_than_the_client_reads_and_let_go_of_when_it_leaves() {
    const LENGTH: u64 = 100_000_000;
    watch_async(async {
        let scratch = Scratch::new("unread", "");
        File::options().write(true).open(&scratch.path).unwrap().set_len(LENGTH).unwrap();
        let file = scratch.open();
        let events = vec![
            ResponseStart::new(200).into(),
            region(&file, None, None, true).into(),
            ResponseBody::part("more").into(),
            ResponseBody::last("").into(),
        ];
        let (diary, app) = sending(events);
        let mut client = in_memory(app, |_| {});
        client.say(GET).await;
        let mut some = vec![0; 1_000_000];
        client.stream.read_exact(&mut some).await.unwrap();
        // Time goes on when nothing else does: neither the server nor the threads that read files.
        sleep(SECOND).await;
        let before = (&*file).stream_position().unwrap();
        // The mark, the piece that passed it, one more; and what the pipe holds.
        let most = 1_000_000 + (256 + 2 * 64 + 16) * 1024;
        assert!(before <= most, "{before} bytes were read for a client that has read 1,000,000");
        drop(client.stream);
        client.server.await.unwrap();
        expect_eq!(
            diary.lines(),
            ["nothing can be sent: the client is gone"],
            "what the application met"
        );
        expect_eq!(client.failures.lines(), Vec::<String>::new(), "failures");
        // What was being read when the client left comes to its end in its thread.
        while Arc::strong_count(&file) > 1 {
            yield_now().await;
        }
    });
}

#[test]
fn a_region_that_cannot_be_sent_yields_500_and_the_application_learns_of_it() {
    real(|| async {
        let folder = Arc::new(File::open(env!("CARGO_TARGET_TMPDIR")).unwrap());
        let events = vec![
            ResponseStart::new(200).into(),
            region(&folder, None, None, true).into(),
            ResponseBody::part("more").into(),
            ResponseBody::part("and more").into(),
            ResponseBody::last("").into(),
        ];
        let (diary, app) = sending(events);
        let mut client = over_tcp(app, |_| {}).await;
        let response = client.ask(GET).await;
        expect_eq!(status(&response), "HTTP/1.1 500 Internal Server Error", "the status");
        client.server.await.unwrap();
        expect_eq!(
            diary.lines(),
            ["nothing can be sent: the client is gone"],
            "what the application met"
        );
    });
}

#[test]
fn a_file_has_no_place_in_a_response_without_a_body() {
    real(|| async {
        let events = vec![
            ResponseStart::new(304).into(),
            SendEvent::HttpResponsePathSend(PathBuf::from("/not/there")),
        ];
        let mut client = over_tcp(sending(events).1, |_| {}).await;
        client.say(GET).await;
        expect_eq!(
            client.hear("\r\n\r\n").await,
            "HTTP/1.1 304 Not Modified\r\n\r\n",
            "the response"
        );
        client.say(format!("{} / HTTP/1.1\r\nhost: crab\r\n\r\n", Method::GET)).await;
        client.hear("\r\n\r\n").await;
    });
}
