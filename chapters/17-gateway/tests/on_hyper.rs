//! The design on hyper: a connection in memory, a client that speaks bytes, and the driver of the example `slot_on_hyper`.

#[path = "../examples/slot_on_hyper/driver.rs"]
mod driver;

use std::future::pending;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use gateway::{
    App, Connection, Error, Receive, ReceiveEvent, ResponseBody, ResponseStart, ResponseTrailers,
    Scope, SendError, Sender, State, crab_app, testing,
};
use hyper_util::rt::TokioIo;
use proctor::{expect_eq, watch_async};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::task::JoinHandle;
use tokio::time::sleep;

/// What a pipe holds, each way.
const PIPE: usize = 16 * 1024;

/// A connection to an application, its task, and the failures that were reported.
struct Client {
    stream: DuplexStream,
    server: JoinHandle<hyper::Result<()>>,
    failures: Arc<Mutex<Vec<String>>>,
}

impl Client {
    fn connect(app: impl App + 'static) -> Self {
        Self::connect_with(app, State::new())
    }

    fn connect_with(app: impl App + 'static, state: State) -> Self {
        let (stream, theirs) = duplex(PIPE);
        let failures = Arc::new(Mutex::new(Vec::new()));
        let reported = Arc::clone(&failures);
        let server = tokio::spawn(driver::serve_connection(
            Arc::new(app),
            TokioIo::new(theirs),
            Arc::new(Connection::default()),
            state,
            move |failure| reported.lock().unwrap().push(failure.to_string()),
        ));
        Self { stream, server, failures }
    }

    async fn say(&mut self, bytes: &str) {
        self.stream.write_all(bytes.as_bytes()).await.unwrap();
    }

    /// Reads until the text ends like that.
    async fn hear(&mut self, end: &str) -> String {
        let mut heard = Vec::new();
        while !heard.ends_with(end.as_bytes()) {
            let count = self.stream.read_buf(&mut heard).await.unwrap();
            assert!(count > 0, "the connection ended: {}", String::from_utf8_lossy(&heard));
        }
        String::from_utf8(heard).unwrap()
    }

    /// Reads until the server closes the connection.
    async fn hear_all(&mut self) -> String {
        let mut heard = String::new();
        self.stream.read_to_string(&mut heard).await.unwrap();
        heard
    }

    fn failures(&self) -> Vec<String> {
        self.failures.lock().unwrap().clone()
    }
}

/// Without the `date`.
fn dateless(text: &str) -> String {
    let lines: Vec<_> = text.lines().filter(|line| !line.starts_with("date: ")).collect();
    lines.join("\n") + "\n"
}

const GET: &str = "GET / HTTP/1.1\r\nhost: crab\r\n\r\n";

async fn hello(scope: Scope, _: Receive, send: Sender) -> Result<(), Error> {
    let Scope::Http(_) = scope else { return Err(scope.unsupported().into()) };
    send.send(ResponseStart::new(200)).await?;
    Ok(send.send(ResponseBody::last("crab")).await?)
}

#[test]
fn a_whole_response_has_a_content_length_and_the_connection_stays() {
    watch_async(async {
        let mut client = Client::connect(hello);
        for _ in 0..3 {
            client.say(GET).await;
            let response = dateless(&client.hear("crab").await);
            expect_eq!(response, "HTTP/1.1 200 OK\ncontent-length: 4\n\ncrab\n", "the response");
        }
        drop(client.stream);
        client.server.await.unwrap().unwrap();
    });
}

#[test]
fn pipelined_requests_are_answered_in_order() {
    watch_async(async {
        let app = async |scope: Scope, _: Receive, send: Sender| {
            let Scope::Http(scope) = scope else { return Err(scope.unsupported().into()) };
            if scope.path() == "/1" {
                sleep(Duration::from_secs(1)).await;
            }
            send.send(ResponseStart::new(200)).await?;
            Ok::<_, Error>(send.send(ResponseBody::last(scope.path().into_owned())).await?)
        };
        let mut client = Client::connect(app);
        for number in 1..4 {
            client.say(&format!("GET /{number} HTTP/1.1\r\nhost: crab\r\n\r\n")).await;
        }
        let responses = client.hear("/3").await;
        let places: Vec<_> = (1..4).map(|number| responses.find(&format!("\n/{number}"))).collect();
        assert!(places.iter().all(Option::is_some) && places.is_sorted(), "{responses}");
    });
}

#[test]
fn a_request_body_streams_and_so_does_the_response() {
    watch_async(async {
        let app = async |_: Scope, mut receive: Receive, send: Sender| {
            send.send(ResponseStart::new(200)).await?;
            while let Some(part) = receive.part().await? {
                send.send(ResponseBody::part(part)).await?;
            }
            Ok::<_, Error>(send.send(ResponseBody::last("")).await?)
        };
        let mut client = Client::connect(app);
        client.say("POST / HTTP/1.1\r\nhost: crab\r\ntransfer-encoding: chunked\r\n\r\n").await;
        for word in ["tide", "pool"] {
            client.say(&format!("4\r\n{word}\r\n")).await;
            let heard = client.hear(&format!("4\r\n{word}\r\n")).await;
            assert!(heard.contains(word), "{heard}");
        }
        client.say("0\r\n\r\n").await;
        client.hear("0\r\n\r\n").await;
        client.say("POST / HTTP/1.1\r\nhost: crab\r\ncontent-length: 4\r\n\r\ncrab").await;
        client.hear("4\r\ncrab\r\n0\r\n\r\n").await;
        expect_eq!(client.failures(), Vec::<String>::new(), "failures");
    });
}

#[test]
fn at_least_one_event_even_with_no_body() {
    watch_async(async {
        let app = async |_: Scope, mut receive: Receive, send: Sender| {
            let event = receive.next().await;
            send.send(ResponseStart::new(200)).await?;
            Ok::<_, Error>(send.send(ResponseBody::last(format!("{event:?}."))).await?)
        };
        let mut client = Client::connect(app);
        client.say(GET).await;
        let response = client.hear(".").await;
        assert!(
            response.contains("HttpRequest(RequestBody { body: b\"\", more_body: false })."),
            "{response}"
        );
    });
}

#[test]
fn a_response_that_completes_before_the_body_was_read_holds_up_nobody() {
    watch_async(async {
        let app = async |scope: Scope, _receive: Receive, send: Sender| {
            let Scope::Http(scope) = scope else { return Err(scope.unsupported().into()) };
            send.send(ResponseStart::new(200)).await?;
            if scope.path() == "/parts" {
                send.send(ResponseBody::part("cr")).await?;
            }
            send.send(ResponseBody::last("ab")).await?;
            if scope.path() == "/works" {
                sleep(Duration::from_hours(1)).await;
            }
            Ok::<_, Error>(())
        };
        let app = Arc::new(app);
        for path in ["/", "/parts", "/works"] {
            let head = format!("POST {path} HTTP/1.1\r\nhost: crab\r\n");
            // All of the body is there: the connection stays.
            let mut client = Client::connect(Shared(Arc::clone(&app)));
            let end = if path == "/parts" { "2\r\nab\r\n0\r\n\r\n" } else { "ab" };
            for _ in 0..2 {
                client.say(&format!("{head}content-length: 4\r\n\r\ncrab")).await;
                client.hear(end).await;
            }
            // Most of it is missing: the connection is closed, and nobody waits for it.
            client.say(&format!("{head}content-length: 100000\r\n\r\ncrab")).await;
            let last = client.hear_all().await;
            assert!(last.ends_with(end), "{path}: {last}");
        }
    });
}

/// An application that several connections serve.
struct Shared<A>(Arc<A>);

impl<A: App> App for Shared<A> {
    async fn call(&self, scope: Scope, receive: Receive, send: Sender) -> Result<(), Error> {
        self.0.call(scope, receive, send).await
    }
}

#[test]
fn send_waits_while_the_client_does_not_read() {
    static SENT: AtomicUsize = AtomicUsize::new(0);
    const PART: usize = 64 * 1024;
    async fn flood(_: Scope, _: Receive, send: Sender) -> Result<(), Error> {
        send.send(ResponseStart::new(200)).await?;
        for _ in 0..1_000 {
            send.send(ResponseBody::part(vec![b'x'; PART])).await?;
            SENT.fetch_add(1, SeqCst);
        }
        Ok(send.send(ResponseBody::last("")).await?)
    }
    watch_async(async {
        let mut client = Client::connect(flood);
        client.say(GET).await;
        sleep(Duration::from_mins(1)).await;
        let unread = SENT.load(SeqCst) * PART;
        // hyper's own buffer is most of it; the application is one part ahead of it.
        assert!(
            unread <= 600 * 1024,
            "{unread} bytes were accepted from a client that reads nothing"
        );
        let mut read = 0;
        let mut buffer = vec![0; PART];
        while read < 10 * PART {
            read += client.stream.read(&mut buffer).await.unwrap();
        }
        sleep(Duration::from_mins(1)).await;
        let more = SENT.load(SeqCst) * PART - unread;
        assert!(
            (9 * PART..=12 * PART).contains(&more),
            "{more} bytes more, after {read} were read"
        );
    });
}

/// Writes what it meets, in order.
type Diary = Arc<Mutex<Vec<String>>>;

#[test]
fn one_that_waits_on_receive_learns_of_a_lost_client_at_once_and_again() {
    watch_async(async {
        let diary = Diary::default();
        let written = Arc::clone(&diary);
        let app = move |_: Scope, mut receive: Receive, send: Sender| {
            let written = Arc::clone(&written);
            async move {
                for _ in 0..3 {
                    let event = receive.next().await;
                    written.lock().unwrap().push(event.name().to_owned());
                }
                let sent = send.send(ResponseStart::new(200)).await;
                written.lock().unwrap().push(format!("{sent:?}"));
                Ok::<_, Error>(sent?)
            }
        };
        let mut client = Client::connect(app);
        client.say(GET).await;
        sleep(Duration::from_secs(1)).await;
        drop(client.stream);
        let _ = client.server.await.unwrap();
        expect_eq!(
            *diary.lock().unwrap(),
            [
                "http.request",
                "http.disconnect",
                "http.disconnect",
                "Err(Disconnected(Disconnected))"
            ],
            "what the application met"
        );
        expect_eq!(*client.failures.lock().unwrap(), Vec::<String>::new(), "failures");
    });
}

#[test]
fn one_that_streams_learns_of_a_lost_client_by_the_error_of_send() {
    watch_async(async {
        let diary = Diary::default();
        let written = Arc::clone(&diary);
        let app = move |_: Scope, _: Receive, send: Sender| {
            let written = Arc::clone(&written);
            async move {
                send.send(ResponseStart::new(200)).await?;
                loop {
                    if let Err(error) = send.send(ResponseBody::part("crab")).await {
                        written.lock().unwrap().push(error.to_string());
                        return Err::<(), Error>(error.into());
                    }
                    sleep(Duration::from_secs(1)).await;
                }
            }
        };
        let mut client = Client::connect(app);
        client.say(GET).await;
        client.hear("crab\r\n").await;
        drop(client.stream);
        let _ = client.server.await.unwrap();
        expect_eq!(
            *diary.lock().unwrap(),
            ["nothing can be sent: the client is gone"],
            "what send said"
        );
        expect_eq!(*client.failures.lock().unwrap(), Vec::<String>::new(), "failures");
    });
}

#[test]
fn a_lost_client_is_told_to_an_application_whose_response_hyper_has_let_go_of() {
    watch_async(async {
        let diary = Diary::default();
        let written = Arc::clone(&diary);
        let app = move |_: Scope, _: Receive, send: Sender| {
            let written = Arc::clone(&written);
            async move {
                send.send(ResponseStart::new(200)).await?;
                loop {
                    // To HEAD, nothing of this goes out.
                    if let Err(SendError::Disconnected(_)) =
                        send.send(ResponseBody::part("crab")).await
                    {
                        written.lock().unwrap().push("gone".to_owned());
                        return Ok::<_, Error>(());
                    }
                    sleep(Duration::from_secs(1)).await;
                }
            }
        };
        let mut client = Client::connect(app);
        client.say("HEAD / HTTP/1.1\r\nhost: crab\r\n\r\n").await;
        client.hear("\r\n\r\n").await;
        sleep(Duration::from_secs(10)).await;
        drop(client.stream);
        let _ = client.server.await.unwrap();
        expect_eq!(*diary.lock().unwrap(), ["gone"], "what the application met");
    });
}

#[test]
fn head_sends_headers_as_for_get_and_no_body() {
    watch_async(async {
        let mut client = Client::connect(hello);
        client.say("HEAD / HTTP/1.1\r\nhost: crab\r\n\r\n").await;
        client.say("GET / HTTP/1.1\r\nhost: crab\r\nconnection: close\r\n\r\n").await;
        let responses = dateless(&client.hear_all().await);
        expect_eq!(
            responses,
            "HTTP/1.1 200 OK\ncontent-length: 4\n\nHTTP/1.1 200 OK\nconnection: close\ncontent-length: 4\n\ncrab\n",
            "the responses"
        );
    });
}

#[test]
fn statuses_204_and_304_have_no_body() {
    watch_async(async {
        let app = async |scope: Scope, _: Receive, send: Sender| {
            let Scope::Http(scope) = scope else { return Err(scope.unsupported().into()) };
            let status: u16 = scope.path()[1..].parse()?;
            send.send(ResponseStart::new(status)).await?;
            send.send(ResponseBody::part("cr")).await?;
            Ok::<_, Error>(send.send(ResponseBody::last("ab")).await?)
        };
        let mut client = Client::connect(app);
        for status in [204, 304] {
            client.say(&format!("GET /{status} HTTP/1.1\r\nhost: crab\r\n\r\n")).await;
            let head = client.hear("\r\n\r\n").await;
            assert!(head.starts_with(&format!("HTTP/1.1 {status} ")), "{head}");
            assert!(!head.contains("content-length"), "{head}");
        }
        client.say("GET /200 HTTP/1.1\r\nhost: crab\r\n\r\n").await;
        client.hear("2\r\ncr\r\n2\r\nab\r\n0\r\n\r\n").await;
        expect_eq!(client.failures(), Vec::<String>::new(), "failures");
    });
}

#[test]
fn an_application_that_fails_before_its_first_part_yields_500_and_the_connection_stays() {
    watch_async(async {
        let app = async |scope: Scope, _: Receive, send: Sender| {
            let Scope::Http(scope) = scope else { return Err(scope.unsupported().into()) };
            match &*scope.path() {
                "/early" => return Err("out of crabs".into()),
                "/none" => return Ok(()),
                "/panic" => panic!("ouch"),
                "/between" => {
                    send.send(ResponseStart::new(200)).await?;
                    sleep(Duration::from_secs(1)).await;
                    return Err::<(), Error>("out of crabs".into());
                }
                _ => {}
            }
            send.send(ResponseStart::new(200)).await?;
            Ok(send.send(ResponseBody::last("crab")).await?)
        };
        let mut client = Client::connect(app);
        for path in ["/early", "/none", "/panic", "/between"] {
            client.say(&format!("GET {path} HTTP/1.1\r\nhost: crab\r\n\r\n")).await;
            let response = client.hear("Internal Server Error\n").await;
            assert!(response.starts_with("HTTP/1.1 500 Internal Server Error\r\n"), "{response}");
        }
        client.say(GET).await;
        client.hear("crab").await;
        expect_eq!(
            client.failures(),
            [
                "the application failed: out of crabs",
                "the application returned without a response",
                "the application panicked: ouch",
                "the application failed: out of crabs",
            ],
            "failures"
        );
    });
}

#[test]
fn an_application_that_fails_after_its_first_part_leaves_a_truncated_response() {
    watch_async(async {
        let app = async |_: Scope, _: Receive, send: Sender| {
            send.send(ResponseStart::new(200)).await?;
            send.send(ResponseBody::part("cr")).await?;
            sleep(Duration::from_secs(1)).await;
            Err::<(), Error>("out of crabs".into())
        };
        let mut client = Client::connect(app);
        client.say(GET).await;
        let response = client.hear_all().await;
        assert!(response.ends_with("\r\n\r\n2\r\ncr\r\n"), "the last chunk is missing: {response}");
        expect_eq!(client.failures(), ["the application failed: out of crabs"], "failures");
    });
}

#[test]
fn work_after_the_response_does_not_hold_up_the_next_request() {
    watch_async(async {
        let diary = Diary::default();
        let written = Arc::clone(&diary);
        let app = move |_: Scope, mut receive: Receive, send: Sender| {
            let written = Arc::clone(&written);
            async move {
                send.send(ResponseStart::new(200)).await?;
                send.send(ResponseBody::last("crab")).await?;
                assert_eq!(receive.next().await, ReceiveEvent::HttpDisconnect);
                sleep(Duration::from_secs(10)).await;
                // The next call's response is not this one's.
                send.send(ResponseBody::last("late")).await?;
                written.lock().unwrap().push("worked".to_owned());
                Ok::<_, Error>(())
            }
        };
        let mut client = Client::connect(app);
        let began = tokio::time::Instant::now();
        for _ in 0..3 {
            client.say(GET).await;
            let response = client.hear("crab").await;
            assert!(!response.contains("late"), "{response}");
        }
        expect_eq!(began.elapsed(), Duration::ZERO, "the time for three requests");
        sleep(Duration::from_secs(20)).await;
        expect_eq!(diary.lock().unwrap().len(), 3, "applications that were through");
        drop(client.stream);
        client.server.await.unwrap().unwrap();
    });
}

#[test]
fn trailers_are_sent_to_a_client_that_wants_them() {
    watch_async(async {
        let app = async |_: Scope, _: Receive, send: Sender| {
            let start = ResponseStart::new(200).header("trailer", "x-legs").with_trailers();
            send.send(start).await?;
            send.send(ResponseBody::last("crab")).await?;
            let headers = [("x-legs".parse()?, "10".parse()?)].into_iter().collect();
            Ok::<_, Error>(send.send(ResponseTrailers { headers, more_trailers: false }).await?)
        };
        let mut client = Client::connect(app);
        client.say("GET / HTTP/1.1\r\nhost: crab\r\nte: trailers\r\n\r\n").await;
        client.hear("4\r\ncrab\r\n0\r\nx-legs: 10\r\n\r\n").await;
        client.say(GET).await;
        let response = client.hear("Internal Server Error\n").await;
        assert!(response.starts_with("HTTP/1.1 500 "), "{response}");
    });
}

#[test]
fn an_application_that_is_dropped_with_its_connection_leaves_nothing_behind() {
    watch_async(async {
        let alive = Arc::new(());
        let seen = Arc::downgrade(&alive);
        let app = move |_: Scope, receive: Receive, send: Sender| {
            let alive = Arc::clone(&alive);
            async move {
                let _held = (alive, receive, send);
                pending::<()>().await;
                Ok::<_, Error>(())
            }
        };
        let mut client = Client::connect(app);
        client.say(GET).await;
        sleep(Duration::from_secs(1)).await;
        client.server.abort();
        assert!(client.server.await.unwrap_err().is_cancelled());
        assert!(seen.upgrade().is_none(), "the call's future is dropped");
    });
}

#[test]
fn the_site_is_served() {
    watch_async(async {
        let state = testing::lifespan(&crab_app).startup().await.unwrap();
        let mut client = Client::connect_with(crab_app, state);
        client.say("GET /guests HTTP/1.1\r\nhost: crab\r\n\r\n").await;
        client.hear("</form>\n").await;
        client.say("GET /feed HTTP/1.1\r\nhost: crab\r\n\r\n").await;
        client.hear("data: 0.50 m, rising\n\n\r\n").await;
        client.hear("data: 0.51 m, rising\n\n\r\n").await;
    });
}
