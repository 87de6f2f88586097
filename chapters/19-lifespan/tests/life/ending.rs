//! From the signal to the exit: in this order, within these bounds, and no later than must be.

use std::future::pending;

use gateway::{
    App, Error, HttpScope, ReceiveEvent, ResponseBody, ResponseStart, SendEvent, Sender,
};
use lifespan::{Config, Mode, Signal};
use proctor::{expect_eq, watch_async};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{Instant, sleep};

use crate::common::{Diary, Grave, SECOND, Site, app, expect, respond, site, well};

/// `/` at once; `/slow` after 3 s; `/feed` an event each second, until it is told; `/deaf` the same, for ever; `/stuck` nothing.
async fn pages(scope: HttpScope, send: Sender, diary: Diary) -> Result<(), Error> {
    match &*scope.path() {
        "/slow" => {
            sleep(3 * SECOND).await;
            respond(&send, "slow").await?;
            diary.note("slow has answered");
        }
        "/feed" => feed(&scope, &send, true).await?,
        "/deaf" => feed(&scope, &send, false).await?,
        "/stuck" => {
            let _grave = Grave(diary, "stuck");
            pending::<()>().await;
        }
        _ => respond(&send, "crab").await?,
    }
    Ok(())
}

async fn feed(scope: &HttpScope, send: &Sender, listens: bool) -> Result<(), Error> {
    send.send(ResponseStart::new(200)).await?;
    let shutdown = scope.shutdown();
    loop {
        send.send(ResponseBody::part("data: tide\n\n")).await?;
        tokio::select! {
            () = sleep(SECOND) => {}
            () = shutdown.begun(), if listens => break,
        }
    }
    Ok(send.send(ResponseBody::last("data: bye\n\n")).await?)
}

/// What a chunked response ends with.
const END: &str = "data: bye\n\n\r\n0\r\n\r\n";

fn crabs(diary: &Diary) -> impl App + 'static {
    let (of_life, of_calls) = (diary.clone(), diary.clone());
    app(
        move |receive, send| {
            let diary = of_life.clone();
            async move { well(&diary, receive, &send).await }
        },
        move |scope, _, send| pages(scope, send, of_calls.clone()),
    )
}

/// A server of these pages that has started.
async fn crab_site(change: impl FnOnce(&mut Config)) -> Site {
    let diary = Diary::new();
    let site = site(&diary, crabs(&diary), change);
    diary.until("serving").await;
    site
}

/// What has happened since the server was up.
fn since(diary: &Diary) -> Vec<String> {
    let lines = diary.lines();
    let up = lines.iter().position(|line| line.ends_with("serving")).expect("it has started");
    lines[up + 1..].to_vec()
}

#[test]
fn shutdown_is_sent_after_connections_are_drained() {
    watch_async(async {
        let site = crab_site(|_| {}).await;
        let diary = site.diary.clone();
        let mut slow = site.ask("/slow").await;
        sleep(SECOND).await;
        site.signal(Signal::Terminate);
        let response = slow.hear("slow").await;
        assert!(response.contains("\r\nconnection: close\r\n"), "{response}");
        drop(slow);
        expect_eq!(site.ended().await, ("stopped".to_owned(), 0), "the end");
        expect_eq!(
            since(&diary),
            [
                " 1 SIGTERM: no more connections are accepted; 1 connection is open",
                " 1 applications are told of the shutdown",
                " 3 slow has answered",
                " 3 the application shuts down",
                " 3 shutdown"
            ],
            "what has happened"
        );
    });
}

#[test]
fn an_endless_event_stream_ends_well_when_it_is_told() {
    watch_async(async {
        let site = crab_site(|_| {}).await;
        let diary = site.diary.clone();
        let mut feed = site.ask("/feed").await;
        sleep(2 * SECOND + SECOND / 2).await;
        site.signal(Signal::Terminate);
        let heard = feed.hear_all().await;
        assert!(heard.ends_with(END), "it was cut: {heard:?}");
        expect_eq!(heard.matches("data: tide").count(), 3, "readings");
        drop(feed);
        expect_eq!(site.ended().await, ("stopped".to_owned(), 0), "the end");
        assert!(since(&diary).last().unwrap().starts_with(" 2 "), "{:?}", since(&diary));
    });
}

#[test]
fn an_application_is_told_after_the_quiet_time() {
    watch_async(async {
        let site = crab_site(|config| config.quiet = 10 * SECOND).await;
        let diary = site.diary.clone();
        let (mut feed, mut slow) = (site.ask("/feed").await, site.ask("/slow").await);
        sleep(SECOND / 2).await;
        site.signal(Signal::Terminate);
        slow.hear_all().await;
        drop(slow);
        assert!(feed.hear_all().await.ends_with(END));
        drop(feed);
        expect_eq!(site.ended().await, ("stopped".to_owned(), 0), "the end");
        expect_eq!(
            since(&diary),
            [
                " 0 SIGTERM: no more connections are accepted; 2 connections are open",
                " 3 slow has answered",
                "10 applications are told of the shutdown",
                "10 the application shuts down",
                "10 shutdown"
            ],
            "what has happened"
        );
    });
}

#[test]
fn the_quiet_time_is_over_when_nobody_is_left() {
    watch_async(async {
        let site = crab_site(|config| config.quiet = 10 * SECOND).await;
        let diary = site.diary.clone();
        let mut slow = site.ask("/slow").await;
        sleep(SECOND).await;
        site.signal(Signal::Terminate);
        slow.hear_all().await;
        drop(slow);
        site.ended().await;
        expect_eq!(since(&diary).last().unwrap(), " 3 shutdown", "the last that has happened");
    });
}

#[test]
fn a_server_with_nothing_to_do_ends_at_once() {
    watch_async(async {
        let site = crab_site(|config| config.quiet = 10 * SECOND).await;
        let began = Instant::now();
        let mut idle = site.ask("/").await;
        idle.hear("crab").await;
        let mut silent = site.connect();
        sleep(SECOND).await;
        site.signal(Signal::Terminate);
        expect_eq!(idle.hear_all().await, "", "what the idle connection hears");
        expect_eq!(silent.hear_all().await, "", "what the silent connection hears");
        drop((idle, silent));
        expect_eq!(site.ended().await, ("stopped".to_owned(), 0), "the end");
        expect_eq!(began.elapsed().as_secs(), 1, "seconds");
    });
}

#[test]
fn nobody_is_accepted_after_the_signal() {
    watch_async(async {
        let site = crab_site(|_| {}).await;
        let mut slow = site.ask("/slow").await;
        sleep(SECOND).await;
        site.signal(Signal::Terminate);
        site.diary.until("no more").await;
        assert!(site.try_connect().is_none(), "the listener is still open");
        slow.hear("slow").await;
    });
}

#[test]
fn a_straggler_is_cut_at_its_bound_and_the_application_shuts_down_after_it() {
    watch_async(async {
        let site = crab_site(|config| config.http.graceful = 7 * SECOND).await;
        let diary = site.diary.clone();
        let mut deaf = site.ask("/deaf").await;
        let mut stuck = site.ask("/stuck").await;
        sleep(SECOND).await;
        site.signal(Signal::Terminate);
        let heard = deaf.hear_all().await;
        assert!(heard.ends_with("data: tide\n\n\r\n"), "a whole response: {heard:?}");
        expect_eq!(stuck.hear_all().await, "", "what the other one hears");
        expect_eq!(site.ended().await, ("stopped".to_owned(), 0), "the end");
        expect_eq!(
            since(&diary),
            [
                " 1 SIGTERM: no more connections are accepted; 2 connections are open",
                " 1 applications are told of the shutdown",
                " 8 2 connections did not end within 7s: cut",
                " 8 stuck is dropped",
                " 8 the application shuts down",
                " 8 shutdown"
            ],
            "what has happened"
        );
    });
}

#[test]
fn the_whole_shutdown_is_bounded_whatever_the_application_does() {
    watch_async(async {
        let diary = Diary::new();
        let of_calls = diary.clone();
        let app = app(
            |mut receive, send| async move {
                expect(&mut receive, ReceiveEvent::LifespanStartup).await;
                send.send(SendEvent::LifespanStartupComplete).await?;
                pending().await
            },
            move |scope, _, send| pages(scope, send, of_calls.clone()),
        );
        let site = site(&diary, app, |_| {});
        let mut stuck = site.ask("/stuck").await;
        sleep(SECOND).await;
        let began = Instant::now();
        site.signal(Signal::Terminate);
        stuck.hear_all().await;
        let told = "the application did not shut down well: it has not answered lifespan.shutdown within 5s";
        expect_eq!(site.ended().await, (told.to_owned(), 1), "the end");
        // 20 for the connections, 5 for the application.
        expect_eq!(began.elapsed().as_secs(), 25, "seconds");
    });
}

#[test]
fn a_second_interrupt_drops_all_at_once() {
    watch_async(async {
        for first in [Signal::Interrupt, Signal::Terminate] {
            let site = crab_site(|_| {}).await;
            let diary = site.diary.clone();
            let mut stuck = site.ask("/stuck").await;
            sleep(SECOND).await;
            site.signal(first);
            sleep(SECOND).await;
            site.signal(Signal::Interrupt);
            let ended = site.ended().await;
            expect_eq!(ended, ("SIGINT again: all is dropped".to_owned(), 130), "the end");
            expect_eq!(stuck.hear_all().await, "", "what the client hears");
            // And the application is not told, as it would be waited for.
            expect_eq!(since(&diary)[2..].to_vec(), [" 2 stuck is dropped"], "what has happened");
        }
    });
}

#[test]
fn a_second_sigterm_changes_nothing() {
    watch_async(async {
        let site = crab_site(|_| {}).await;
        let diary = site.diary.clone();
        let mut slow = site.ask("/slow").await;
        sleep(SECOND).await;
        for _ in 0..2 {
            site.signal(Signal::Terminate);
        }
        assert!(slow.hear_all().await.ends_with("slow"));
        drop(slow);
        expect_eq!(site.ended().await, ("stopped".to_owned(), 0), "the end");
        let ignored = " 1 SIGTERM: the shutdown is under way; Ctrl-C ends it at once";
        assert!(since(&diary).iter().any(|line| line == ignored), "{:?}", since(&diary));
    });
}

#[test]
fn an_interrupt_while_the_application_shuts_down_drops_it() {
    watch_async(async {
        let diary = Diary::new();
        let of_life = diary.clone();
        let app = app(
            move |mut receive, send| {
                let grave = Grave(of_life.clone(), "the lifespan call");
                async move {
                    let _grave = grave;
                    expect(&mut receive, ReceiveEvent::LifespanStartup).await;
                    send.send(SendEvent::LifespanStartupComplete).await?;
                    expect(&mut receive, ReceiveEvent::LifespanShutdown).await;
                    pending().await
                }
            },
            |_, _, send| async move { respond(&send, "crab").await },
        );
        let site = site(&diary, app, |_| {});
        diary.until("serving").await;
        site.signal(Signal::Terminate);
        sleep(2 * SECOND).await;
        site.signal(Signal::Interrupt);
        expect_eq!(site.ended().await.1, 130, "the exit code");
        // The runtime drops it in its own turn.
        diary.until("dropped").await;
        expect_eq!(diary.lines().last().unwrap(), " 2 the lifespan call is dropped", "the last");
    });
}

#[test]
fn dropping_a_server_drops_all_that_it_runs() {
    watch_async(async {
        let diary = Diary::new();
        let (connect, listener) = http_server::InMemory::listen();
        let (_signals, scripted) = lifespan::Signals::scripted();
        let server = lifespan::serve(listener, crabs(&diary), Config::default(), scripted);
        let (mut client, theirs) = tokio::io::duplex(1_024);
        connect.send(theirs).unwrap();
        client.write_all(b"GET /stuck HTTP/1.1\r\nhost: crab\r\n\r\n").await.unwrap();
        let over = tokio::time::timeout(SECOND, server).await;
        assert!(over.is_err(), "nothing has told it to end");
        diary.until("stuck is dropped").await;
        expect_eq!(client.read(&mut [0]).await.unwrap(), 0, "bytes that the client hears");
    });
}

/// A server whose lifespan call ends so after 3 s.
fn dying<F: Future<Output = Result<(), Error>> + Send + 'static>(
    diary: &Diary,
    mode: Mode,
    end: impl Fn() -> F + Clone + Send + Sync + 'static,
) -> Site {
    let of_calls = diary.clone();
    let app = app(
        move |mut receive, send| {
            let end = end.clone();
            async move {
                expect(&mut receive, ReceiveEvent::LifespanStartup).await;
                send.send(SendEvent::LifespanStartupComplete).await?;
                sleep(3 * SECOND).await;
                end().await
            }
        },
        move |scope, _, send| pages(scope, send, of_calls.clone()),
    );
    site(diary, app, |config| config.mode = mode)
}

#[test]
fn a_lifespan_call_that_returns_early_has_nothing_to_put_away() {
    watch_async(async {
        for mode in [Mode::Auto, Mode::On] {
            let diary = Diary::new();
            let site = dying(&diary, mode, async || Ok(()));
            sleep(4 * SECOND).await;
            site.ask("/").await.hear("crab").await;
            site.signal(Signal::Terminate);
            expect_eq!(site.ended().await, ("stopped".to_owned(), 0), "the end");
            assert!(!diary.lines().iter().any(|line| line.contains("shuts down")));
        }
    });
}

#[test]
fn a_lifespan_call_that_fails_is_told_at_once_and_in_the_exit_code() {
    watch_async(async {
        for panics in [false, true] {
            let diary = Diary::new();
            let site = dying(&diary, Mode::Auto, move || async move {
                assert!(!panics, "the tide is out");
                Err("the tide is out".into())
            });
            sleep(4 * SECOND).await;
            let why = if panics { "panicked: the tide is out" } else { "failed: the tide is out" };
            let told =
                format!(" 3 the application's lifespan call has ended: the application {why}");
            expect_eq!(diary.lines().last(), Some(&told), "what is told");
            // Requests are answered all the same.
            site.ask("/").await.hear("crab").await;
            site.signal(Signal::Terminate);
            let end = format!("the application did not shut down well: the application {why}");
            expect_eq!(site.ended().await, (end, 1), "the end");
        }
    });
}

#[test]
fn a_lifespan_call_that_fails_ends_a_server_that_must_have_one() {
    watch_async(async {
        let diary = Diary::new();
        let site = dying(&diary, Mode::On, async || Err("the tide is out".into()));
        let mut feed = site.ask("/feed").await;
        assert!(feed.hear_all().await.ends_with(END), "the end is graceful");
        drop(feed);
        let end = "the application did not shut down well: the application failed: the tide is out";
        expect_eq!(site.ended().await, (end.to_owned(), 1), "the end");
        let told = " 3 the lifespan call must not fail: no more connections are accepted; 1 connection is open";
        assert!(diary.lines().iter().any(|line| line == told), "{:?}", diary.lines());
    });
}

#[test]
fn a_shutdown_that_fails_is_told_with_its_message_and_code_1() {
    watch_async(async {
        let diary = Diary::new();
        let app = app(
            |mut receive, send| async move {
                expect(&mut receive, ReceiveEvent::LifespanStartup).await;
                send.send(SendEvent::LifespanStartupComplete).await?;
                expect(&mut receive, ReceiveEvent::LifespanShutdown).await;
                Ok(send.send(SendEvent::LifespanShutdownFailed("it leaks".to_owned())).await?)
            },
            |_, _, send| async move { respond(&send, "crab").await },
        );
        let site = site(&diary, app, |_| {});
        diary.until("serving").await;
        site.signal(Signal::Terminate);
        let end = "the application did not shut down well: it leaks";
        expect_eq!(site.ended().await, (end.to_owned(), 1), "the end");
    });
}

#[test]
fn a_call_that_fails_after_its_last_answer_is_told_and_code_1() {
    watch_async(async {
        let diary = Diary::new();
        let app = app(
            |mut receive, send| async move {
                expect(&mut receive, ReceiveEvent::LifespanStartup).await;
                send.send(SendEvent::LifespanStartupComplete).await?;
                expect(&mut receive, ReceiveEvent::LifespanShutdown).await;
                send.send(SendEvent::LifespanShutdownComplete).await?;
                Err("it leaks".into())
            },
            |_, _, send| async move { respond(&send, "crab").await },
        );
        let site = site(&diary, app, |_| {});
        diary.until("serving").await;
        site.signal(Signal::Terminate);
        let end = "the application did not shut down well: the application failed: it leaks";
        expect_eq!(site.ended().await, (end.to_owned(), 1), "the end");
    });
}

#[test]
fn calls_that_run_at_the_end_see_the_shutdown_in_their_scope() {
    watch_async(async {
        let diary = Diary::new();
        let of_calls = diary.clone();
        let app = app(
            |mut receive, send| async move {
                expect(&mut receive, ReceiveEvent::LifespanStartup).await;
                send.send(SendEvent::LifespanStartupComplete).await?;
                pending().await
            },
            move |scope, _, send| {
                let diary = of_calls.clone();
                async move {
                    assert!(!scope.shutdown().has_begun());
                    diary.note("called");
                    scope.shutdown().begun().await;
                    respond(&send, "told").await
                }
            },
        );
        let site = site(&diary, app, |config| config.shutdown = SECOND);
        let mut client = site.ask("/").await;
        diary.until("called").await;
        site.signal(Signal::Terminate);
        assert!(client.hear_all().await.ends_with("told"));
    });
}
