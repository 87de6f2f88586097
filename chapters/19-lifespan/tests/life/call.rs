//! The lifespan call alone: what is told, what is answered, and what becomes of a call that does something else.

use std::future::pending;
use std::time::Duration;

use gateway::{
    App, Error, Failure, LifespanScope, Receive, ReceiveEvent, Scope, SendError, SendEvent, Sender,
};
use lifespan::{Life, ShutdownError, StartupError};
use proctor::{expect_eq, watch_async};
use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep};

use crate::common::{Diary, Grave, SECOND, expect};

const COMPLETE: SendEvent = SendEvent::LifespanStartupComplete;
const PUT_AWAY: SendEvent = SendEvent::LifespanShutdownComplete;

struct Legs(u32);

/// An application that speaks nothing but lifespan.
fn alive<F: Future<Output = Result<(), Error>> + Send + 'static>(
    call: impl Fn(LifespanScope, Receive, Sender) -> F + Send + Sync + 'static,
) -> Life {
    let app = move |scope: Scope, receive: Receive, send: Sender| {
        let Scope::Lifespan(scope) = scope else { unreachable!("it is called for its lifespan") };
        call(scope, receive, send)
    };
    begin(app)
}

fn begin(app: impl App + 'static) -> Life {
    Life::begin(app, &Handle::current())
}

async fn started(life: &mut Life) {
    life.startup(SECOND).await.unwrap();
}

#[test]
fn state_is_what_was_stored_when_startup_was_complete() {
    watch_async(async {
        let mut life = alive(async |scope, mut receive, send| {
            scope.state.insert(Legs(8));
            expect(&mut receive, ReceiveEvent::LifespanStartup).await;
            // Too early once, which is an error and stores nothing.
            scope.state.insert(Legs(10));
            send.send(COMPLETE).await?;
            scope.state.insert(Legs(12));
            pending().await
        });
        let state = life.startup(SECOND).await.unwrap();
        expect_eq!(state.get::<Legs>().map(|legs| legs.0), Some(10), "legs");
    });
}

#[test]
fn an_answer_before_the_question_is_an_error_out_of_send_and_starts_nothing() {
    watch_async(async {
        let mut life = alive(async |scope, mut receive, send| {
            scope.state.insert(Legs(8));
            let early = send.send(COMPLETE).await;
            assert!(matches!(early, Err(SendError::Violation(_))), "{early:?}");
            expect(&mut receive, ReceiveEvent::LifespanStartup).await;
            scope.state.insert(Legs(10));
            send.send(COMPLETE).await?;
            pending().await
        });
        let state = life.startup(SECOND).await.unwrap();
        expect_eq!(state.get::<Legs>().map(|legs| legs.0), Some(10), "legs");
    });
}

#[test]
fn an_application_that_has_nothing_to_put_away_may_leave() {
    watch_async(async {
        let mut life = alive(async |scope, mut receive, send| {
            scope.state.insert(Legs(10));
            expect(&mut receive, ReceiveEvent::LifespanStartup).await;
            Ok(send.send(COMPLETE).await?)
        });
        let state = life.startup(SECOND).await.unwrap();
        expect_eq!(state.get::<Legs>().map(|legs| legs.0), Some(10), "legs");
        assert!(life.shutdown(SECOND).await.is_ok());
        assert!(life.leave(SECOND).await.is_ok());
    });
}

#[test]
fn a_start_that_failed_says_its_message() {
    watch_async(async {
        let mut life = alive(async |_, mut receive, send| {
            expect(&mut receive, ReceiveEvent::LifespanStartup).await;
            Ok(send.send(SendEvent::LifespanStartupFailed("no water".to_owned())).await?)
        });
        let why = life.startup(SECOND).await.unwrap_err();
        expect_eq!(why.to_string(), "no water", "why");
        assert!(matches!(why, StartupError::Failed(_)), "{why:?}");
    });
}

#[test]
fn a_call_that_ends_before_its_answer_does_not_speak_lifespan() {
    watch_async(async {
        let said = async |mut life: Life| match life.startup(SECOND).await {
            Err(why @ StartupError::Unsupported(_)) => why.to_string(),
            other => panic!("{other:?}"),
        };
        let declines = async |scope: Scope, _: Receive, _: Sender| Err(scope.unsupported().into());
        expect_eq!(said(begin(declines)).await, "it does not speak lifespan", "one that declines");
        let fails = async |_: Scope, _: Receive, _: Sender| Err("no crab".into());
        expect_eq!(
            said(begin(fails)).await,
            "it does not speak lifespan: the application failed: no crab",
            "one that fails"
        );
        let panics = |_: Scope, _: Receive, _: Sender| async { panic!("no crab") };
        expect_eq!(
            said(begin(panics)).await,
            "it does not speak lifespan: the application panicked: no crab",
            "one that panics"
        );
        let returns = async |_: Scope, _: Receive, _: Sender| Ok(());
        expect_eq!(
            said(begin(returns)).await,
            "it does not speak lifespan: its call has returned without an answer",
            "one that returns"
        );
        // As if it were a request: the rules refuse that, and `?` does the rest.
        let answers = async |_: Scope, _: Receive, send: Sender| {
            Ok(send.send(gateway::ResponseStart::new(200)).await?)
        };
        let why = said(begin(answers)).await;
        assert!(why.contains("http.response.start has no place"), "{why}");
    });
}

#[test]
fn a_start_that_does_not_end_is_late() {
    watch_async(async {
        let began = Instant::now();
        let mut life = alive(|_, _, _| pending());
        let why = life.startup(7 * SECOND).await.unwrap_err();
        assert!(matches!(why, StartupError::Late(_)), "{why:?}");
        assert!(why.to_string().contains("within 7s"), "{why}");
        expect_eq!(began.elapsed(), 7 * SECOND, "time");
    });
}

#[test]
fn shutdown_is_told_once_and_waited_for() {
    watch_async(async {
        let diary = Diary::new();
        let noted = diary.clone();
        let mut life = alive(move |_, mut receive, send| {
            let noted = noted.clone();
            async move {
                expect(&mut receive, ReceiveEvent::LifespanStartup).await;
                send.send(COMPLETE).await?;
                expect(&mut receive, ReceiveEvent::LifespanShutdown).await;
                noted.note("told");
                sleep(2 * SECOND).await;
                noted.note("put away");
                send.send(PUT_AWAY).await?;
                // There is nothing more to hear, and no client that could leave.
                receive.next().await;
                noted.note("told again");
                Ok(())
            }
        });
        started(&mut life).await;
        sleep(SECOND).await;
        assert!(life.shutdown(5 * SECOND).await.is_ok());
        assert!(life.leave(SECOND).await.is_ok());
        expect_eq!(diary.lines(), [" 1 told", " 3 put away"], "what has happened");
    });
}

#[test]
fn an_end_that_is_not_well_says_why() {
    watch_async(async {
        async fn why<F: Future<Output = Result<(), Error>> + Send + 'static>(
            end: impl Fn(Sender) -> F + Clone + Send + Sync + 'static,
        ) -> ShutdownError {
            let mut life = alive(move |_, mut receive, send| {
                let end = end.clone();
                async move {
                    expect(&mut receive, ReceiveEvent::LifespanStartup).await;
                    send.send(COMPLETE).await?;
                    expect(&mut receive, ReceiveEvent::LifespanShutdown).await;
                    end(send).await
                }
            });
            started(&mut life).await;
            life.shutdown(5 * SECOND).await.unwrap_err()
        }
        let failed = why(async |send: Sender| {
            Ok(send.send(SendEvent::LifespanShutdownFailed("it leaks".to_owned())).await?)
        });
        expect_eq!(failed.await.to_string(), "it leaks", "one that says so");
        let fails = why(async |_| Err("no crab".into()));
        expect_eq!(fails.await.to_string(), "the application failed: no crab", "one that fails");
        let panics = why(|_| async { panic!("no crab") });
        expect_eq!(
            panics.await.to_string(),
            "the application panicked: no crab",
            "one that panics"
        );
        let silent = why(async |_| Ok(()));
        expect_eq!(
            silent.await.to_string(),
            "it has returned without an answer to lifespan.shutdown",
            "one that returns"
        );
        let hangs = why(|_| pending());
        expect_eq!(
            hangs.await.to_string(),
            "it has not answered lifespan.shutdown within 5s",
            "one that hangs"
        );
    });
}

#[test]
fn a_call_that_ends_while_the_server_serves_is_seen_at_once() {
    watch_async(async {
        let began = Instant::now();
        let mut life = alive(async |_, mut receive, send| {
            expect(&mut receive, ReceiveEvent::LifespanStartup).await;
            send.send(COMPLETE).await?;
            sleep(3 * SECOND).await;
            Err("the tide is out".into())
        });
        started(&mut life).await;
        let ended = life.ended().await;
        assert!(matches!(ended, Err(Failure::Failed(_))), "{ended:?}");
        expect_eq!(began.elapsed(), 3 * SECOND, "time");
        // It is over, so there is nobody to ask.
        assert!(life.shutdown(SECOND).await.is_ok());
        expect_eq!(began.elapsed(), 3 * SECOND, "time");
    });
}

#[test]
fn what_goes_wrong_after_the_last_answer_is_seen_too() {
    watch_async(async {
        let mut life = alive(async |_, mut receive, send| {
            expect(&mut receive, ReceiveEvent::LifespanStartup).await;
            send.send(COMPLETE).await?;
            expect(&mut receive, ReceiveEvent::LifespanShutdown).await;
            send.send(PUT_AWAY).await?;
            Err("it leaks".into())
        });
        started(&mut life).await;
        assert!(life.shutdown(SECOND).await.is_ok());
        let left = life.leave(SECOND).await;
        assert!(matches!(left, Err(Failure::Failed(_))), "{left:?}");
    });
}

#[test]
fn a_call_that_stays_after_its_last_answer_is_dropped() {
    watch_async(async {
        let diary = Diary::new();
        let noted = diary.clone();
        let mut life = alive(move |_, mut receive, send| {
            let grave = Grave(noted.clone(), "the call");
            async move {
                let _grave = grave;
                // A loop with no exit, as one would write it for events of which there are always more.
                loop {
                    match receive.next().await {
                        ReceiveEvent::LifespanStartup => send.send(COMPLETE).await?,
                        _ => send.send(PUT_AWAY).await?,
                    }
                }
            }
        });
        started(&mut life).await;
        assert!(life.shutdown(SECOND).await.is_ok());
        assert!(life.leave(4 * SECOND).await.is_ok());
        expect_eq!(diary.lines(), [" 4 the call is dropped"], "what has happened");
    });
}

#[test]
fn dropping_a_life_drops_its_call() {
    watch_async(async {
        let (held, dropped) = oneshot::channel::<()>();
        let held = std::sync::Mutex::new(Some(held));
        let mut life = alive(move |_, mut receive, send| {
            let held = held.lock().unwrap().take();
            async move {
                let _held = held;
                expect(&mut receive, ReceiveEvent::LifespanStartup).await;
                send.send(COMPLETE).await?;
                pending().await
            }
        });
        started(&mut life).await;
        drop(life);
        let dropped = tokio::time::timeout(Duration::from_secs(1), dropped).await;
        assert!(matches!(dropped, Ok(Err(_))), "the call holds on: {dropped:?}");
    });
}
