//! Applications in all states, and clients that leave.

use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use gateway::rules::HttpRules;
use gateway::{
    CallId, Error, Exchange, Extensions, Failure, Receive, ReceiveEvent, RequestBody, ResponseBody,
    ResponseStart, Rules, SendError, SendEvent, Sender, Slot,
};
use hang_up::{Call, Ended, attend};
use http::Method;
use proctor::count::{Drops, Token};
use tokio::time::{Instant, Sleep, sleep, timeout};

const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_hours(1);
/// When clients leave, and how long applications have then.
const LEAVES: Duration = Duration::from_secs(10);
const GRACE: Duration = Duration::from_secs(5);

/// What is under Receive and Sender: a request without a body.
struct Wire {
    slot: Arc<Slot>,
    received: AtomicBool,
}

impl Exchange for Wire {
    fn poll_receive(&self, call: CallId, cx: &mut Context<'_>) -> Poll<ReceiveEvent> {
        if !self.received.swap(true, Ordering::Relaxed) {
            return Poll::Ready(RequestBody::default().into());
        }
        self.slot.poll_over(call, cx).map(|()| ReceiveEvent::HttpDisconnect)
    }

    fn poll_send(
        &self,
        call: CallId,
        event: &mut Option<SendEvent>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), SendError>> {
        self.slot.poll_send(call, event, cx)
    }
}

/// A client that leaves at some time; it is not to be polled when it has.
struct Leaves {
    at: Option<Pin<Box<Sleep>>>,
    left: bool,
}

impl Leaves {
    fn after(time: Duration) -> Self {
        Self { at: Some(Box::pin(sleep(time))), left: false }
    }

    fn never() -> Self {
        Self { at: None, left: false }
    }
}

impl Future for Leaves {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        assert!(!self.left, "`left` was ready, and is polled again");
        let Some(at) = &mut self.at else { return Poll::Pending };
        let left = at.as_mut().poll(cx);
        self.left = left.is_ready();
        left
    }
}

/// A clean-up: when, how the call had ended, and how much of the application was still there.
#[derive(Debug)]
struct Cleaned {
    at: Duration,
    ended: Ended,
    alive: usize,
}

/// A connection with one call, and notes about it.
#[derive(Clone)]
struct Stage {
    slot: Arc<Slot>,
    began: Instant,
    drops: Drops,
    cleaned: Arc<Mutex<Vec<Cleaned>>>,
    /// What the application says of itself, with the time.
    said: Arc<Mutex<Vec<(Duration, String)>>>,
}

impl Stage {
    fn new() -> Self {
        Self {
            slot: Arc::new(Slot::new()),
            began: Instant::now(),
            drops: Drops::new(),
            cleaned: Arc::default(),
            said: Arc::default(),
        }
    }

    /// Calls an application, which holds a token for as long as its future is there.
    fn call<A, F>(&self, app: A) -> Call<impl Future<Output = Result<(), Error>> + use<A, F>>
    where
        A: FnOnce(Receive, Sender) -> F,
        F: Future<Output = Result<(), Error>>,
    {
        let rules = HttpRules::new(&Method::GET, Extensions::NONE);
        let id = self.slot.begin(Rules::Http(rules));
        let wire = Wire { slot: Arc::clone(&self.slot), received: AtomicBool::new(false) };
        let exchange: Arc<dyn Exchange> = Arc::new(wire);
        let receive = Receive::new(Arc::clone(&exchange), id);
        let app = app(receive, Sender::new(exchange, id));
        let token: Token = self.drops.token();
        let future = async move {
            let _token = token;
            app.await
        };
        Call { future, slot: Arc::clone(&self.slot), id }
    }

    fn clean_up(&self) -> impl Fn(Ended) + use<> {
        let stage = self.clone();
        move |ended| {
            let cleaned = Cleaned { at: stage.began.elapsed(), ended, alive: stage.drops.alive() };
            stage.cleaned.lock().unwrap().push(cleaned);
        }
    }

    fn say(&self, what: impl Into<String>) {
        self.said.lock().unwrap().push((self.began.elapsed(), what.into()));
    }

    /// What the application said, and at which second.
    fn said(&self) -> Vec<(u64, String)> {
        let said = self.said.lock().unwrap();
        said.iter().map(|(at, what)| (at.as_secs(), what.clone())).collect()
    }

    /// A client reads whatever comes.
    fn reads(&self) {
        let slot = Arc::clone(&self.slot);
        tokio::spawn(async move {
            loop {
                poll_fn(|cx| slot.poll_event(cx)).await;
            }
        });
    }

    /// Attends a call to its end.
    async fn attend<F>(&self, call: Call<F>, left: Leaves, grace: Duration, what: &str)
    where
        F: Future<Output = Result<(), Error>>,
    {
        let attended = timeout(24 * HOUR, attend(call, left, grace, self.clean_up())).await;
        assert!(attended.is_ok(), "{what}; a day later `attend` has not returned");
    }

    /// It was cleaned up once, at that time, after the future was gone. How it had ended.
    #[track_caller]
    fn cleaned_up_once(&self, at: Duration, what: &str) -> Ended {
        let mut cleaned = self.cleaned.lock().unwrap();
        proctor::expect_eq!(
            cleaned.len(),
            1,
            "how often `clean_up` was called: {what}: {cleaned:?}"
        );
        let cleaned = cleaned.remove(0);
        proctor::expect_eq!(
            cleaned.at,
            at,
            "when `clean_up` was called, with {:?}: {what}",
            cleaned.ended
        );
        proctor::expect_eq!(
            cleaned.alive,
            0,
            "how many of the application's futures were still there at the clean-up: {what}.\n\
             What an application holds, it holds until its future is dropped"
        );
        cleaned.ended
    }
}

/// The application returned, and there is nothing to report.
#[track_caller]
fn returned_well(ended: &Ended, what: &str) {
    match ended {
        Ended::Returned(Ok(()) | Err(Failure::Disconnected)) => {}
        other => panic!(
            "how the call ended: {what}\n  expected: it returned, without a failure\n       got: {other:?}"
        ),
    }
}

#[track_caller]
fn given_up(ended: &Ended, what: &str) {
    assert!(
        matches!(ended, Ended::GivenUp),
        "how the call ended: {what}\n  expected: GivenUp\n       got: {ended:?}"
    );
}

#[track_caller]
fn dropped(ended: &Ended, what: &str) {
    assert!(
        matches!(ended, Ended::Dropped),
        "how the call ended: {what}\n  expected: Dropped\n       got: {ended:?}"
    );
}

async fn respond(send: &Sender) -> Result<(), Error> {
    send.send(ResponseStart::new(200)).await?;
    send.send(ResponseBody::last("crab")).await?;
    Ok(())
}

#[test]
fn a_call_that_returns_is_cleaned_up_behind() {
    proctor::watch_async(async {
        for (takes, left) in [
            (3 * SECOND, Leaves::never()),
            (3 * SECOND, Leaves::after(LEAVES)),
            (Duration::ZERO, Leaves::never()),
        ] {
            let stage = Stage::new();
            let call = stage.call(|_, send| async move {
                sleep(takes).await;
                respond(&send).await
            });
            let what = format!("a call responded after {takes:?} and returned");
            stage.attend(call, left, GRACE, &what).await;
            returned_well(&stage.cleaned_up_once(takes, &what), &what);
        }
    });
}

#[test]
fn a_client_that_stays_has_no_grace() {
    proctor::watch_async(async {
        let stage = Stage::new();
        let call = stage.call(|_, send| async move {
            sleep(HOUR).await;
            respond(&send).await
        });
        let what =
            "a call responded after an hour, to a client that stayed, where the grace is 5 s";
        stage.attend(call, Leaves::never(), GRACE, what).await;
        returned_well(&stage.cleaned_up_once(HOUR, what), what);
        assert!(!stage.slot.is_closed(), "{what}, and the slot was closed");
    });
}

#[test]
fn one_that_waits_for_receive_is_told_at_once() {
    proctor::watch_async(async {
        let stage = Stage::new();
        let app = stage.clone();
        let call = stage.call(|mut receive, _send| async move {
            while !matches!(receive.next().await, ReceiveEvent::HttpDisconnect) {}
            app.say("received the disconnect");
            Ok(())
        });
        let what = "a client left after 10 s, while the application waited for `receive`";
        stage.attend(call, Leaves::after(LEAVES), GRACE, what).await;
        proctor::expect_eq!(
            stage.said(),
            [(10, String::from("received the disconnect"))],
            "what the application says of itself, and at which second: {what}"
        );
        returned_well(&stage.cleaned_up_once(LEAVES, what), what);
    });
}

#[test]
fn one_that_waits_in_send_is_told_at_once() {
    proctor::watch_async(async {
        let stage = Stage::new();
        let app = stage.clone();
        let call = stage.call(|_, send| async move {
            send.send(ResponseStart::new(200)).await?;
            send.send(ResponseBody::part("one")).await?;
            // Nobody reads, and there is no room for another.
            let sent = send.send(ResponseBody::part("two")).await;
            app.say(format!("sent: {}", sent.is_ok()));
            Ok(sent?)
        });
        let what = "a client left after 10 s, while the application waited in `send`";
        stage.attend(call, Leaves::after(LEAVES), GRACE, what).await;
        proctor::expect_eq!(
            stage.said(),
            [(10, String::from("sent: false"))],
            "what the application says of itself, and at which second: {what}"
        );
        returned_well(&stage.cleaned_up_once(LEAVES, what), what);
    });
}

#[test]
fn one_that_streams_is_told_at_its_next_send() {
    proctor::watch_async(async {
        let stage = Stage::new();
        let app = stage.clone();
        stage.reads();
        let call = stage.call(|_, send| async move {
            send.send(ResponseStart::new(200)).await?;
            loop {
                sleep(2 * SECOND).await;
                let sent = send.send(ResponseBody::part("tide")).await;
                if sent.is_err() {
                    app.say("told");
                }
                sent?;
            }
        });
        let what = "a client left after 11 s, and the application sends something every 2 s";
        stage.attend(call, Leaves::after(11 * SECOND), GRACE, what).await;
        proctor::expect_eq!(
            stage.said(),
            [(12, String::from("told"))],
            "what the application says of itself, and at which second: {what}"
        );
        returned_well(&stage.cleaned_up_once(12 * SECOND, what), what);
    });
}

#[test]
fn one_that_sleeps_is_given_up_after_its_grace() {
    proctor::watch_async(async {
        for grace in [GRACE, SECOND, Duration::ZERO] {
            let stage = Stage::new();
            let call = stage.call(|_, send| async move {
                sleep(HOUR).await;
                respond(&send).await
            });
            let what = format!(
                "a client left after 10 s, the application sleeps for an hour, and the grace is {grace:?}"
            );
            stage.attend(call, Leaves::after(LEAVES), grace, &what).await;
            given_up(&stage.cleaned_up_once(LEAVES + grace, &what), &what);
        }
    });
}

#[test]
fn one_that_does_not_listen_is_given_up_after_its_grace() {
    proctor::watch_async(async {
        let stage = Stage::new();
        stage.reads();
        let call = stage.call(|_, send| async move {
            send.send(ResponseStart::new(200)).await?;
            loop {
                let _ = send.send(ResponseBody::part("tide")).await;
                sleep(SECOND).await;
            }
        });
        let what = "a client left after 10 s, and the application goes on sending";
        stage.attend(call, Leaves::after(LEAVES), GRACE, what).await;
        given_up(&stage.cleaned_up_once(LEAVES + GRACE, what), what);
    });
}

#[test]
fn one_that_is_told_has_time_to_end_well() {
    proctor::watch_async(async {
        for (grace, takes) in [(GRACE, 3 * SECOND), (HOUR, 1_800 * SECOND), (Duration::MAX, HOUR)] {
            let stage = Stage::new();
            let app = stage.clone();
            let call = stage.call(|mut receive, _send| async move {
                while !matches!(receive.next().await, ReceiveEvent::HttpDisconnect) {}
                sleep(takes).await;
                app.say("rolled back");
                Ok(())
            });
            let what = format!(
                "a client left after 10 s, and the application needs {takes:?} of its grace of {grace:?} to end well"
            );
            stage.attend(call, Leaves::after(LEAVES), grace, &what).await;
            let at = LEAVES + takes;
            proctor::expect_eq!(
                stage.said(),
                [(at.as_secs(), String::from("rolled back"))],
                "what the application says of itself, and at which second: {what}"
            );
            returned_well(&stage.cleaned_up_once(at, &what), &what);
        }
    });
}

#[test]
fn one_whose_response_is_complete_has_all_its_time() {
    proctor::watch_async(async {
        let stage = Stage::new();
        let app = stage.clone();
        stage.reads();
        let call = stage.call(|_, send| async move {
            respond(&send).await?;
            sleep(HOUR).await;
            // While the client is there, what comes after the end is ignored.
            let sent = send.send(ResponseBody::part("and more")).await;
            app.say(format!("sent: {}", sent.is_ok()));
            Ok(())
        });
        let what = "a client left after 10 s with its whole response, and the application goes on for an hour";
        stage.attend(call, Leaves::after(LEAVES), GRACE, what).await;
        returned_well(&stage.cleaned_up_once(HOUR, what), what);
        proctor::expect_eq!(
            stage.said(),
            [(3_600, String::from("sent: false"))],
            "what the application says of itself, and at which second: {what}"
        );
    });
}

#[test]
fn one_that_returns_as_the_client_leaves_has_returned() {
    proctor::watch_async(async {
        // More than once, for one that takes them in any order.
        for at in [Duration::ZERO, LEAVES].repeat(20) {
            let stage = Stage::new();
            let call = stage.call(|_, send| async move {
                if !at.is_zero() {
                    sleep(at).await;
                }
                respond(&send).await
            });
            let what = "a client left at the moment at which the application responded";
            stage.attend(call, Leaves::after(at), Duration::ZERO, what).await;
            let ended = stage.cleaned_up_once(at, what);
            assert!(
                matches!(ended, Ended::Returned(Ok(()))),
                "how the call ended: {what}\n  expected: Returned(Ok)\n       got: {ended:?}"
            );
            assert!(
                !stage.slot.is_closed(),
                "{what}, and the slot was closed, and the response in it is lost.\n\
                 A client that has closed its sending side may still read"
            );
        }
    });
}

#[test]
fn a_failure_is_cleaned_up_behind_as_well() {
    proctor::watch_async(async {
        let stage = Stage::new();
        let call = stage.call(|_, _| async {
            sleep(SECOND).await;
            Err("out of crabs".into())
        });
        let what = "the application failed after a second";
        stage.attend(call, Leaves::never(), GRACE, what).await;
        match stage.cleaned_up_once(SECOND, what) {
            Ended::Returned(Err(Failure::Failed(error))) => {
                proctor::expect_eq!(error.to_string(), "out of crabs", "the error");
            }
            other => panic!(
                "how the call ended: {what}\n  expected: Returned(Err(Failed))\n       got: {other:?}"
            ),
        }
    });
}

#[test]
fn a_panic_is_a_failure_like_others() {
    proctor::watch_async(async {
        for after_leaving in [false, true] {
            let stage = Stage::new();
            let call = stage.call(move |mut receive, _send| async move {
                if after_leaving {
                    while !matches!(receive.next().await, ReceiveEvent::HttpDisconnect) {}
                }
                sleep(SECOND).await;
                panic!("out of crabs, on purpose");
            });
            let when =
                if after_leaving { "a second after its client left" } else { "after a second" };
            let what = format!("the application panicked {when}");
            let left = if after_leaving { Leaves::after(LEAVES) } else { Leaves::never() };
            let clean_up = stage.clean_up();
            let mut attending = std::pin::pin!(attend(call, left, GRACE, clean_up));
            let attended = poll_fn(|cx| {
                match catch_unwind(AssertUnwindSafe(|| attending.as_mut().poll(cx))) {
                    Ok(polled) => polled.map(Ok),
                    Err(panic) => Poll::Ready(Err(panic)),
                }
            });
            let attended = attended.await;
            assert!(
                attended.is_ok(),
                "{what}, and the panic went through `attend`: the connection would end by it.\n\
                 `poll_call` polls a call, and makes an error of a panic"
            );
            let at = if after_leaving { LEAVES + SECOND } else { SECOND };
            match stage.cleaned_up_once(at, &what) {
                Ended::Returned(Err(Failure::Panicked(message))) => {
                    proctor::expect_eq!(message, "out of crabs, on purpose", "the panic's message");
                }
                other => panic!(
                    "how the call ended: {what}\n  expected: Returned(Err(Panicked))\n       got: {other:?}"
                ),
            }
        }
    });
}

#[test]
fn what_is_missing_is_said() {
    proctor::watch_async(async {
        let stage = Stage::new();
        let call = stage.call(|_, _| async { Ok(()) });
        let what = "the application returned without a response";
        stage.attend(call, Leaves::never(), GRACE, what).await;
        let ended = stage.cleaned_up_once(Duration::ZERO, what);
        assert!(
            matches!(ended, Ended::Returned(Err(Failure::NoResponse))),
            "how the call ended: {what}\n  expected: Returned(Err(NoResponse))\n       got: {ended:?}"
        );

        let stage = Stage::new();
        let call = stage.call(|_, send| async move {
            send.send(ResponseStart::new(200)).await?;
            send.send(ResponseBody::part("cr")).await?;
            Ok(())
        });
        let what = "the application returned in the middle of its response";
        stage.attend(call, Leaves::never(), GRACE, what).await;
        let ended = stage.cleaned_up_once(Duration::ZERO, what);
        assert!(
            matches!(ended, Ended::Returned(Err(Failure::Unfinished))),
            "how the call ended: {what}\n  expected: Returned(Err(Unfinished))\n       got: {ended:?}"
        );
    });
}

#[test]
fn one_that_is_dropped_is_cleaned_up_behind() {
    proctor::watch_async(async {
        for (at, when) in [
            (3 * SECOND, "in the middle of the call"),
            (12 * SECOND, "in the grace, after the client left"),
        ] {
            let stage = Stage::new();
            let call = stage.call(|_, send| async move {
                sleep(HOUR).await;
                respond(&send).await
            });
            let attending = attend(call, Leaves::after(LEAVES), GRACE, stage.clean_up());
            let ended = timeout(at, attending).await;
            let what = format!("what `attend` returns was dropped {when}");
            assert!(ended.is_err(), "{what}; but it had returned before");
            dropped(&stage.cleaned_up_once(at, &what), &what);
        }
    });
}

#[test]
fn one_that_was_never_polled_is_cleaned_up_behind() {
    proctor::watch_async(async {
        let stage = Stage::new();
        let call = stage.call(|_, send| async move { respond(&send).await });
        let attending = attend(call, Leaves::after(LEAVES), GRACE, stage.clean_up());
        drop(attending);
        let what = "what `attend` returns was dropped without having been polled";
        let cleaned = stage.cleaned.lock().unwrap();
        proctor::expect_eq!(cleaned.len(), 1, "how often `clean_up` was called: {what}");
        dropped(&cleaned[0].ended, what);
        proctor::expect_eq!(
            cleaned[0].alive,
            0,
            "how many of the application's futures were still there at the clean-up: {what}.\n\
             What a block has taken along is dropped in an order, too"
        );
    });
}

#[test]
fn nothing_is_cleaned_up_before_its_end() {
    proctor::watch_async(async {
        let stage = Stage::new();
        let call = stage.call(|mut receive, _send| async move {
            while !matches!(receive.next().await, ReceiveEvent::HttpDisconnect) {}
            sleep(3 * SECOND).await;
            Ok(())
        });
        let attending = attend(call, Leaves::after(LEAVES), GRACE, stage.clean_up());
        let mut attending = std::pin::pin!(attending);
        for (at, when) in [(5, "while the client was there"), (12, "in the application's grace")] {
            let time = (SECOND * at).saturating_sub(stage.began.elapsed());
            let early = timeout(time, attending.as_mut()).await;
            assert!(early.is_err(), "`attend` has returned {when}, and the call goes on");
            let cleaned = stage.cleaned.lock().unwrap();
            assert!(cleaned.is_empty(), "`clean_up` was called {when}: {cleaned:?}");
        }
        attending.await;
        let what = "the call was told after 10 s, and returned after 13 s";
        returned_well(&stage.cleaned_up_once(13 * SECOND, what), what);
    });
}
