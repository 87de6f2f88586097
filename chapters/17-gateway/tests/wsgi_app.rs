//! A blocking application behind the async interface.
//!
//! Its threads are real, so these tests run under the watchdog for blocked threads, and nothing in them waits for time to pass.

use std::io::{self, Read};
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::mpsc::{Receiver, Sender as StdSender, channel};
use std::sync::{Arc, Mutex};

use gateway::testing::{Answer, Request};
use gateway::{App, Failure, Receive, Scope, Sender, WsgiApp, testing};
use http::{Method, Version};
use proctor::{expect_eq, watch};
use wsgi::{Body, Environ, Error, ErrorLog, StartResponse, TestClock};

/// Runs a test whose application has real threads.
fn run<T: Send + 'static>(body: impl Future<Output = T> + Send + 'static) -> T {
    watch(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let value = runtime.block_on(body);
        // A thread that is left behind must not hold up the test.
        runtime.shutdown_background();
        value
    })
}

async fn ask(app: &impl App, request: Request) -> Answer {
    testing::ask(app, request).await
}

fn site() -> WsgiApp<impl wsgi::App> {
    WsgiApp::new(wsgi::crab_app(Arc::new(TestClock::new())))
}

#[test]
fn every_page_of_chapter_2_answers() {
    run(async {
        let site = site();
        for (method, target, status, content) in [
            ("GET", "/", 200, "<h1>Crabs are cool</h1>"),
            ("HEAD", "/", 200, ""),
            ("GET", "/crabs/fiddler", 200, "Minuca pugnax"),
            ("GET", "/crabs/f%C3%A9", 404, "never met the fé crab"),
            ("GET", "/guests", 200, "<li>Judit</li>"),
            ("GET", "/dunes", 404, "Nothing but sand here."),
            ("DELETE", "/", 405, ""),
            ("GET", "/%ff", 400, "The path is not UTF-8."),
        ] {
            let answer = ask(&site, Request::new(method.parse().unwrap(), target)).await;
            expect_eq!(answer.status, status, "the status of {method} {target}");
            assert!(answer.text().contains(content), "{method} {target}: {}", answer.text());
            assert!(answer.ended.is_ok() && answer.complete, "{method} {target}: {answer:?}");
        }
    });
}

#[test]
fn the_request_body_is_read_part_by_part() {
    run(async {
        let site = site();
        let request = Request::post("/guests").part("name=P%C3").part("").part("%A9ter");
        expect_eq!(ask(&site, request).await.status, 303, "the status");
        let guests = ask(&site, Request::get("/guests")).await;
        assert!(guests.text().contains("<li>Péter</li>"), "{}", guests.text());
    });
}

#[test]
fn a_response_in_one_part_is_one_event() {
    run(async {
        let answer = ask(&site(), Request::get("/")).await;
        let names: Vec<_> = answer.sent.iter().map(|sent| sent.event.name()).collect();
        expect_eq!(names, ["http.response.start", "http.response.body"], "the events");
    });
}

#[test]
fn the_live_feed_of_chapter_2_streams() {
    run(async {
        let site = site();
        let mut call = testing::call(&site, Request::get("/feed"));
        let start = call.start().await;
        expect_eq!(start.headers["content-type"], "text/plain; charset=utf-8", "content-type");
        for reading in ["0.50 m, rising\n", "0.51 m, rising\n", "0.53 m, rising\n"] {
            expect_eq!(call.part().await.unwrap(), reading, "the reading");
        }
        call.disconnect();
        assert!(matches!(call.ended().await, Err(Failure::Disconnected)));
    });
}

/// A body that tells how many of its parts were asked for, and when it is dropped.
struct Watched {
    parts: Arc<AtomicUsize>,
    dropped: StdSender<()>,
}

impl Iterator for Watched {
    type Item = Result<Vec<u8>, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        self.parts.fetch_add(1, SeqCst);
        Some(Ok(b"crab".to_vec()))
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        let _ = self.dropped.send(());
    }
}

/// An endless response; how many parts were made, and the news that nobody makes any more.
fn endless() -> (WsgiApp<impl wsgi::App>, Arc<AtomicUsize>, Receiver<()>) {
    let parts = Arc::new(AtomicUsize::new(0));
    let (dropped, news) = channel();
    let (made, dropped) = (Arc::clone(&parts), Mutex::new(dropped));
    let app = move |_: Environ, start_response: StartResponse| {
        start_response.call("200 OK", [("content-type", "text/plain")])?;
        let dropped = dropped.lock().unwrap().clone();
        Ok::<_, Error>(Body::new(Watched { parts: Arc::clone(&made), dropped }))
    };
    (WsgiApp::new(app), parts, news)
}

#[test]
fn a_client_that_does_not_read_holds_the_thread_back() {
    run(async {
        let (app, made, _news) = endless();
        let mut call = testing::call(&app, Request::get("/"));
        call.start().await;
        for _ in 0..100 {
            expect_eq!(call.part().await.unwrap(), "crab", "the part");
        }
        // One part each: on the client's side of the slot, in the slot, in the call's hands, in the channel, in the thread's hands.
        let ahead = made.load(SeqCst) - 100;
        assert!(ahead <= 5, "{ahead} parts ahead of the client");
    });
}

#[test]
fn a_client_that_leaves_ends_the_thread_at_its_next_part() {
    run(async {
        let (app, _made, news) = endless();
        let mut call = testing::call(&app, Request::get("/"));
        call.start().await;
        call.part().await;
        call.disconnect();
        assert!(matches!(call.ended().await, Err(Failure::Disconnected)));
        tokio::task::spawn_blocking(move || news.recv()).await.unwrap().unwrap();
    });
}

#[test]
fn a_call_that_is_dropped_ends_the_thread_at_its_next_part() {
    run(async {
        let (app, _made, news) = endless();
        let mut call = testing::call(&app, Request::get("/"));
        call.start().await;
        call.part().await;
        drop(call);
        tokio::task::spawn_blocking(move || news.recv()).await.unwrap().unwrap();
    });
}

#[test]
fn a_client_that_leaves_while_the_thread_works_ends_the_call_at_once() {
    run(async {
        let (enter, entered) = channel();
        let (leave, wait) = channel::<()>();
        let (enter, wait) = (Mutex::new(enter), Mutex::new(wait));
        let app = WsgiApp::new(move |_: Environ, _: StartResponse| {
            enter.lock().unwrap().send(()).unwrap();
            // Hears nothing until the test is through.
            let _ = wait.lock().unwrap().recv();
            Err::<Body, Error>("too late".into())
        });
        let mut call = testing::call(&app, Request::get("/"));
        call.settle().await;
        tokio::task::spawn_blocking(move || entered.recv()).await.unwrap().unwrap();
        call.disconnect();
        assert!(matches!(call.ended().await, Err(Failure::Disconnected)));
        drop(leave);
    });
}

#[test]
fn a_read_from_a_client_that_has_left_is_an_error() {
    run(async {
        let (tell, told) = channel();
        let tell = Mutex::new(tell);
        let app = WsgiApp::new(move |mut environ: Environ, _: StartResponse| {
            let read = environ.input.read_to_end(&mut Vec::new());
            tell.lock().unwrap().send(read.unwrap_err().kind()).unwrap();
            Err::<Body, Error>("unread".into())
        });
        let answer = ask(&app, Request::post("/").part("cr").disconnect()).await;
        assert!(matches!(answer.ended, Err(Failure::Disconnected)), "{:?}", answer.ended);
        let kind = tokio::task::spawn_blocking(move || told.recv()).await.unwrap().unwrap();
        expect_eq!(kind, io::ErrorKind::ConnectionAborted, "the kind of error");
    });
}

/// Counts what an application receives.
struct Counting<A> {
    app: A,
    received: Arc<AtomicUsize>,
}

impl<A: App> App for Counting<A> {
    async fn call(&self, scope: Scope, receive: Receive, send: Sender) -> Result<(), Error> {
        let received = Arc::clone(&self.received);
        let receive = receive.map(move |event| {
            received.fetch_add(1, SeqCst);
            event
        });
        self.app.call(scope, receive, send).await
    }
}

#[test]
fn at_most_one_part_is_received_before_the_application_reads_and_none_that_waits_for_100_continue()
{
    run(async {
        for (expect, most) in [(None, 1), (Some("100-continue"), 0)] {
            let (enter, entered) = channel();
            let (leave, wait) = channel::<()>();
            let (enter, wait) = (Mutex::new(enter), Mutex::new(wait));
            let site = WsgiApp::new(move |mut environ: Environ, start_response: StartResponse| {
                enter.lock().unwrap().send(()).unwrap();
                // Reads only when it is told to.
                let _ = wait.lock().unwrap().recv();
                let mut text = String::new();
                environ.input.read_to_string(&mut text)?;
                start_response.call("200 OK", [("content-type", "text/plain")])?;
                Ok::<_, Error>(text.into())
            });
            let received = Arc::new(AtomicUsize::new(0));
            let app = Counting { app: site, received: Arc::clone(&received) };
            let mut request = Request::post("/").part("c").part("r").part("a").part("b");
            if let Some(expect) = expect {
                request = request.header("expect", expect);
            }
            let mut call = testing::call(&app, request);
            call.settle().await;
            tokio::task::spawn_blocking(move || entered.recv()).await.unwrap().unwrap();
            call.settle().await;
            expect_eq!(received.load(SeqCst), most, "parts received with expect: {expect:?}");
            leave.send(()).unwrap();
            expect_eq!(call.answer().await.text(), "crab", "the body");
        }
    });
}

#[test]
fn no_more_threads_work_at_a_time_than_the_limit_says() {
    run(async {
        let (working, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let seen = Arc::clone(&most);
        let meeting = Arc::new(proctor::threads::Meeting::new(2, "two requests at work"));
        let app = WsgiApp::new(move |_: Environ, start_response: StartResponse| {
            let now = working.fetch_add(1, SeqCst) + 1;
            seen.fetch_max(now, SeqCst);
            // Two at a time, and no fewer: each waits for another one.
            meeting.wait();
            working.fetch_sub(1, SeqCst);
            start_response.call("200 OK", [("content-type", "text/plain")])?;
            Ok::<_, Error>("crab".into())
        })
        .threads(2);
        let app = Arc::new(app);
        let mut tasks = tokio::task::JoinSet::new();
        for _ in 0..10 {
            let app = Arc::clone(&app);
            tasks.spawn(async move { testing::ask(&*app, Request::get("/")).await.status });
        }
        while let Some(status) = tasks.join_next().await {
            expect_eq!(status.unwrap(), 200, "the status");
        }
        expect_eq!(most.load(SeqCst), 2, "threads at a time");
    });
}

#[test]
fn a_client_that_leaves_while_its_request_waits_for_a_thread_costs_none() {
    run(async {
        let called = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&called);
        let app = WsgiApp::new(move |_: Environ, _: StartResponse| {
            counted.fetch_add(1, SeqCst);
            Err::<Body, Error>("called".into())
        })
        .threads(0);
        let mut call = testing::call(&app, Request::get("/"));
        call.settle().await;
        call.disconnect();
        assert!(matches!(call.ended().await, Err(Failure::Disconnected)));
        expect_eq!(called.load(SeqCst), 0, "calls");
    });
}

#[test]
fn a_client_that_leaves_while_its_request_waits_for_tokios_pool_costs_no_call() {
    watch(|| {
        let mut builder = tokio::runtime::Builder::new_current_thread();
        let runtime = builder.max_blocking_threads(1).build().unwrap();
        runtime.block_on(async {
            let (leave, wait) = channel::<()>();
            let busy = tokio::task::spawn_blocking(move || wait.recv());
            let called = Arc::new(AtomicUsize::new(0));
            let counted = Arc::clone(&called);
            let app = WsgiApp::new(move |_: Environ, _: StartResponse| {
                counted.fetch_add(1, SeqCst);
                Err::<Body, Error>("called".into())
            });
            let mut call = testing::call(&app, Request::get("/"));
            call.settle().await;
            call.disconnect();
            assert!(matches!(call.ended().await, Err(Failure::Disconnected)));
            drop(leave);
            assert!(busy.await.is_ok());
            // The pool's only thread takes its work in order: when this is done, so is what waited.
            tokio::task::spawn_blocking(|| {}).await.unwrap();
            expect_eq!(called.load(SeqCst), 0, "calls");
        });
    });
}

#[test]
fn a_path_that_only_begins_like_the_root_path_is_not_cut() {
    run(async {
        let app = WsgiApp::new(|environ: Environ, start_response: StartResponse| {
            start_response.call("200 OK", [("content-type", "text/plain")])?;
            let said = format!("{:?} {:?}", environ.script_name, environ.path_info);
            Ok::<_, Error>(said.into())
        });
        for (target, said) in [
            ("/shop/crabs", "\"/shop\" \"/crabs\""),
            ("/shop", "\"/shop\" \"\""),
            ("/shopping", "\"\" \"/shopping\""),
        ] {
            let request = Request::get(target)
                .connection(|connection| connection.root_path = "/shop".to_owned());
            expect_eq!(ask(&app, request).await.text(), said, "the environ of {target}");
        }
    });
}

#[test]
fn a_panic_is_a_failure() {
    run(async {
        let app =
            WsgiApp::new(|_: Environ, _: StartResponse| -> Result<Body, Error> { panic!("ouch") });
        let answer = ask(&app, Request::get("/")).await;
        expect_eq!(answer.status, 500, "the status");
        expect_eq!(
            answer.ended.unwrap_err().to_string(),
            "the application panicked: ouch",
            "the failure"
        );
    });
}

#[test]
fn a_failure_before_the_first_part_is_500_and_after_it_an_incomplete_response() {
    run(async {
        let app = WsgiApp::new(|environ: Environ, start_response: StartResponse| {
            if environ.path_info == "/none" {
                return Ok(Body::empty());
            }
            start_response.call("200 OK", [("content-type", "text/plain")])?;
            if environ.path_info == "/again" {
                start_response.call("200 OK", [("content-type", "text/plain")])?;
            }
            let early = environ.path_info == "/early";
            let parts = [Ok(b"cr".to_vec()), Ok(b"ab".to_vec()), Err("out of crabs".into())];
            Ok::<_, Error>(Body::new(parts.into_iter().skip(if early { 2 } else { 0 })))
        });
        for path in ["/none", "/again", "/early"] {
            let answer = ask(&app, Request::get(path)).await;
            expect_eq!(answer.status, 500, "the status of {path}");
            assert!(matches!(answer.ended, Err(Failure::Failed(_))), "{path}: {:?}", answer.ended);
        }
        let answer = ask(&app, Request::get("/late")).await;
        expect_eq!(
            (&*answer.text(), answer.complete),
            ("crab", false),
            "the body, and whether it is complete"
        );
        expect_eq!(answer.status, 200, "the status");
    });
}

#[test]
fn an_error_page_replaces_what_was_said_before_the_first_part() {
    run(async {
        let app = WsgiApp::new(|_: Environ, start_response: StartResponse| {
            start_response.call("200 OK", [("content-type", "text/plain")])?;
            start_response.replace("503 Service Unavailable", [("retry-after", "5")])?;
            Ok::<_, Error>("later".into())
        });
        let answer = ask(&app, Request::get("/")).await;
        expect_eq!(answer.status, 503, "the status");
        expect_eq!(answer.header("content-type"), None, "the header that was taken back");
    });
}

#[test]
fn the_environ_says_what_the_scope_says() {
    run(async {
        let app = WsgiApp::new(|mut environ: Environ, start_response: StartResponse| {
            use std::io::Write;
            environ.errors.write_all(b"a complaint\n")?;
            start_response
                .call("200 OK", [("content-type", "text/plain"), ("x-a", "1"), ("x-a", "2")])?;
            let cookies = environ.headers.all("cookie").count();
            let said = format!(
                "{} {} {:?} {:?} {} {:?} {:?} {} {cookies}",
                environ.request_method,
                environ.path_info,
                environ.script_name,
                environ.query_string,
                environ.client,
                environ.url_scheme,
                environ.server_protocol,
                environ.multithread,
            );
            Ok::<_, Error>(said.into())
        })
        .errors(ErrorLog::new(io::sink()));
        let request = Request::new(Method::PUT, "/shop/cr%61b?a=%20b")
            .header("cookie", "a")
            .header("cookie", "b")
            .with(|head| head.version = Version::HTTP_10)
            .connection(|connection| {
                connection.encrypted = true;
                connection.root_path = "/shop".to_owned();
            });
        let answer = ask(&app, request).await;
        expect_eq!(
            answer.text(),
            "PUT /crab \"/shop\" \"a=%20b\" 127.0.0.1:50000 Https Http10 true 2",
            "what the application said"
        );
        expect_eq!(answer.headers.get_all("x-a").iter().count(), 2, "the headers of one name");
    });
}

#[test]
fn a_blocking_application_declines_lifespan_and_websockets() {
    run(async {
        let site = site();
        assert!(testing::lifespan(&site).startup().await.is_err());
        assert!(testing::websocket(&site, Request::get("/")).ended().await.is_err());
    });
}
