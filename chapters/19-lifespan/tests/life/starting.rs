//! From the start to the first request: who is asked, who is served, who is not.

use std::future::pending;

use gateway::{Error, Receive, ReceiveEvent, Scope, SendEvent, Sender};
use lifespan::{Mode, Signal};
use proctor::{expect_eq, watch_async};
use tokio::time::sleep;

use crate::common::{Diary, Grave, SECOND, app, expect, respond, site, well};

struct Legs(u32);

#[test]
fn startup_is_complete_before_the_first_connection_is_accepted() {
    watch_async(async {
        let diary = Diary::new();
        let (of_life, of_calls) = (diary.clone(), diary.clone());
        let app = app(
            move |mut receive, send| {
                let diary = of_life.clone();
                async move {
                    expect(&mut receive, ReceiveEvent::LifespanStartup).await;
                    sleep(5 * SECOND).await;
                    diary.note("ready");
                    send.send(SendEvent::LifespanStartupComplete).await?;
                    pending().await
                }
            },
            move |_, _, send| {
                of_calls.note("called");
                async move { respond(&send, "crab").await }
            },
        );
        let site = site(&diary, app, |_| {});
        // They wait in the listener's queue.
        let mut first = site.ask("/").await;
        let mut second = site.ask("/").await;
        first.hear("crab").await;
        second.hear("crab").await;
        let lines = ["5 ready", "5 serving", "5 called", "5 called"];
        expect_eq!(
            diary.lines()[1..].to_vec(),
            lines.map(|line| format!(" {line}")),
            "what has happened"
        );
    });
}

#[test]
fn each_request_has_a_shallow_copy_of_the_state() {
    watch_async(async {
        let diary = Diary::new();
        let app = async |scope: Scope, mut receive: Receive, send: Sender| match scope {
            Scope::Lifespan(scope) => {
                expect(&mut receive, ReceiveEvent::LifespanStartup).await;
                scope.state.insert(Legs(10));
                scope.state.insert(std::sync::Mutex::new(0_u32));
                send.send(SendEvent::LifespanStartupComplete).await?;
                // Too late: it is in nobody's state.
                scope.state.insert(Legs(12));
                pending().await
            }
            Scope::Http(mut scope) => {
                // What it refers to is the same for all.
                let number = {
                    let mut count =
                        scope.state.get::<std::sync::Mutex<u32>>().unwrap().lock().unwrap();
                    *count += 1;
                    *count
                };
                // What it says itself, nobody else sees.
                let legs = scope.state.get::<Legs>().map_or(0, |legs| legs.0);
                scope.state.insert(Legs(legs + 1));
                respond(&send, format!("{number}: {legs} legs")).await
            }
            Scope::WebSocket(_) => Err::<(), Error>(scope.unsupported().into()),
        };
        let site = site(&diary, app, |_| {});
        let mut client = site.ask("/").await;
        assert!(client.hear("legs").await.ends_with("1: 10 legs"));
        client.ask("/").await;
        assert!(client.hear("legs").await.ends_with("2: 10 legs"));
        assert!(site.ask("/").await.hear("legs").await.ends_with("3: 10 legs"));
    });
}

#[test]
fn a_start_that_fails_is_told_with_its_message_and_code_3() {
    watch_async(async {
        let diary = Diary::new();
        let noted = diary.clone();
        let app = app(
            move |mut receive, send| {
                let diary = noted.clone();
                async move {
                    expect(&mut receive, ReceiveEvent::LifespanStartup).await;
                    send.send(SendEvent::LifespanStartupFailed("no water".to_owned())).await?;
                    // What was opened before is closed.
                    sleep(SECOND / 2).await;
                    diary.note("closed");
                    Ok(())
                }
            },
            |_, _, send| async move { respond(&send, "crab").await },
        );
        for mode in [Mode::Auto, Mode::On] {
            let site = site(&diary, app.clone(), |config| config.mode = mode);
            let mut client = site.ask("/").await;
            let ended = site.ended().await;
            expect_eq!(ended, ("the application did not start: no water".to_owned(), 3), "the end");
            expect_eq!(client.hear_all().await, "", "what the client has heard");
        }
        let closed = diary.lines().iter().filter(|line| line.ends_with("closed")).count();
        expect_eq!(closed, 2, "times that it has closed what it had opened");
        assert!(!diary.lines().iter().any(|line| line.contains("serving")), "{:?}", diary.lines());
    });
}

#[test]
fn an_application_without_lifespan_is_served_without_unless_it_must_have_one() {
    watch_async(async {
        async fn declines(scope: Scope, _: Receive, send: Sender) -> Result<(), Error> {
            let Scope::Http(scope) = scope else { return Err(scope.unsupported().into()) };
            respond(&send, if scope.state.is_empty() { "no state" } else { "state" }).await
        }
        async fn panics(scope: Scope, _: Receive, send: Sender) -> Result<(), Error> {
            assert!(matches!(scope, Scope::Http(_)), "it is a request");
            respond(&send, "no state").await
        }
        async fn returns(scope: Scope, _: Receive, send: Sender) -> Result<(), Error> {
            if let Scope::Lifespan(_) = scope {
                return Ok(());
            }
            respond(&send, "no state").await
        }
        async fn one(app: impl gateway::App + 'static + Clone, says: &str) {
            let diary = Diary::new();
            let site_of = |mode| site(&diary, app.clone(), |config| config.mode = mode);
            let auto = site_of(Mode::Auto);
            auto.ask("/").await.hear("no state").await;
            let expected =
                format!(" 0 the application does not speak lifespan, and is served without{says}");
            expect_eq!(diary.lines()[1], expected, "what is told");
            auto.signal(Signal::Terminate);
            expect_eq!(auto.ended().await, ("stopped".to_owned(), 0), "the end");
            let told = format!("the application did not start: it does not speak lifespan{says}");
            expect_eq!(site_of(Mode::On).ended().await, (told, 3), "the end, where it must");
        }
        one(declines, "").await;
        one(panics, ": the application panicked: it is a request").await;
        one(returns, ": its call has returned without an answer").await;
    });
}

#[test]
fn an_application_is_not_asked_where_lifespan_is_off() {
    watch_async(async {
        let diary = Diary::new();
        let app = app(
            |_, _| async { panic!("it was asked") },
            |scope, _, send| async move {
                assert!(scope.state.is_empty());
                respond(&send, "crab").await
            },
        );
        let site = site(&diary, app, |config| config.mode = Mode::Off);
        site.ask("/").await.hear("crab").await;
        site.signal(Signal::Terminate);
        expect_eq!(site.ended().await, ("stopped".to_owned(), 0), "the end");
        expect_eq!(diary.lines()[0], " 0 serving", "the first that has happened");
        assert!(!diary.lines().iter().any(|line| line.contains("application shuts down")));
    });
}

#[test]
fn a_start_that_never_ends_is_given_up_on_at_its_bound() {
    watch_async(async {
        for mode in [Mode::Auto, Mode::On] {
            let diary = Diary::new();
            let noted = diary.clone();
            let app = app(
                move |_, _| {
                    let grave = Grave(noted.clone(), "the call");
                    async move {
                        let _grave = grave;
                        pending().await
                    }
                },
                |_, _, send| async move { respond(&send, "crab").await },
            );
            let site = site(&diary, app, |config| config.mode = mode);
            let (told, code) = site.ended().await;
            assert!(
                told.starts_with(
                    "the application did not start: it has not answered lifespan.startup within 60s"
                ),
                "{told}"
            );
            expect_eq!(code, 3, "the exit code");
            expect_eq!(diary.lines()[1..].to_vec(), ["60 the call is dropped"], "what happened");
        }
    });
}

#[test]
fn a_signal_during_startup_drops_the_start_and_the_process_ends_as_by_the_signal() {
    watch_async(async {
        for (signal, told, code) in [
            (Signal::Terminate, "SIGTERM before the application had started", 143),
            (Signal::Interrupt, "SIGINT before the application had started", 130),
        ] {
            let diary = Diary::new();
            let noted = diary.clone();
            let app = app(
                move |_, _| {
                    let grave = Grave(noted.clone(), "the call");
                    async move {
                        let _grave = grave;
                        pending().await
                    }
                },
                |_, _, send| async move { respond(&send, "crab").await },
            );
            let site = site(&diary, app, |_| {});
            diary.until("starts").await;
            sleep(2 * SECOND).await;
            site.signal(signal);
            expect_eq!(site.ended().await, (told.to_owned(), code), "the end");
            expect_eq!(diary.lines()[1..].to_vec(), [" 2 the call is dropped"], "what happened");
        }
    });
}

#[test]
fn one_with_lifespan_is_asked_once() {
    watch_async(async {
        let diary = Diary::new();
        let noted = diary.clone();
        let app = app(
            move |receive, send| {
                let diary = noted.clone();
                async move { well(&diary, receive, &send).await }
            },
            |_, _, send| async move { respond(&send, "crab").await },
        );
        let site = site(&diary, app, |config| config.mode = Mode::On);
        site.ask("/").await.hear("crab").await;
        sleep(SECOND).await;
        site.signal(Signal::Interrupt);
        expect_eq!(site.ended().await, ("stopped".to_owned(), 0), "the end");
        expect_eq!(
            diary.lines(),
            [
                " 0 the application starts",
                " 0 startup",
                " 0 serving",
                " 1 SIGINT: no more connections are accepted; 0 connections are open",
                " 1 the application shuts down",
                " 1 shutdown"
            ],
            "what has happened"
        );
    });
}
