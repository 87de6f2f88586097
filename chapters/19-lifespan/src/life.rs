//! The application's lifespan call, in a task of its own, and the server's two questions: are you ready, have you put everything away?
//!
//! It leaves out when to ask: that is [`serve`](mod@crate::serve)'s.

use std::collections::VecDeque;
use std::fmt;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use gateway::{
    App, CallId, Exchange, Failure, LifespanScope, LifespanState, Receive, ReceiveEvent, Rules,
    Scope, SendError, SendEvent, Sender, Slot, State, UnsupportedScope, poll_call,
};
use tokio::runtime::Handle;
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// Why an application does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartupError {
    /// It says so, by `lifespan.startup.failed`.
    #[error("{0}")]
    Failed(String),
    /// Its call ended before it had answered: it does not speak lifespan.
    #[error("it does not speak lifespan{}", because(.0))]
    Unsupported(Failure),
    /// It has not answered within this time.
    #[error(
        "it has not answered lifespan.startup within {0:?} (one that does not speak lifespan wants Mode::Off)"
    )]
    Late(Duration),
}

/// For a message: how one that does not speak lifespan has said so.
pub(crate) fn because(failure: &Failure) -> String {
    match failure {
        // The polite way, which says what the message says already.
        Failure::Failed(error) if error.is::<UnsupportedScope>() => String::new(),
        Failure::NoResponse => ": its call has returned without an answer".to_owned(),
        failure => format!(": {failure}"),
    }
}

/// What went wrong at an application's end, or on the way there.
#[derive(Debug, thiserror::Error)]
pub enum ShutdownError {
    /// The application says so, by `lifespan.shutdown.failed`.
    #[error("{0}")]
    Failed(String),
    /// Its lifespan call failed.
    #[error("{0}")]
    Died(Failure),
    /// Its lifespan call returned without an answer.
    #[error("it has returned without an answer to lifespan.shutdown")]
    Silent,
    /// It has not answered within this time.
    #[error("it has not answered lifespan.shutdown within {0:?}")]
    Late(Duration),
}

/// An application's lifespan: one call, for as long as the process lives.
///
/// Dropping it drops the call.
///
/// ```
/// use std::time::Duration;
///
/// use lifespan::Life;
/// use tokio::runtime::Handle;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let mut life = Life::begin(gateway::crab_app, &Handle::current());
/// let state = life.startup(Duration::from_secs(60)).await.unwrap();
/// // Requests are answered here; each has a clone of the state.
/// life.shutdown(Duration::from_secs(5)).await.unwrap();
/// # assert!(state.get::<gateway::crab::GuestBook>().is_some());
/// # }
/// ```
pub struct Life {
    wire: Arc<Wire>,
    call: JoinHandle<Result<(), Failure>>,
    over: bool,
}

// ANCHOR: begin
impl Life {
    /// Calls the application, in a task on `runtime`, and tells it `lifespan.startup`.
    pub fn begin(app: impl App + 'static, runtime: &Handle) -> Self {
        let state = LifespanState::new();
        let scope = Scope::Lifespan(LifespanScope { state: state.clone() });
        let wire = Arc::new(Wire::new(state));
        wire.tell(ReceiveEvent::LifespanStartup);
        let id = wire.slot.begin(Rules::of(&scope));
        let exchange: Arc<dyn Exchange> = Arc::clone(&wire) as _;
        let receive = Receive::new(Arc::clone(&exchange), id);
        let send = Sender::new(exchange, id);
        let own = Arc::clone(&wire);
        let call = runtime.spawn(async move {
            let mut call = pin!(app.call(scope, receive, send));
            let returned = poll_fn(|cx| poll_call(call.as_mut(), cx)).await;
            own.slot.finish(id, returned)
        });
        Self { wire, call, over: false }
    }
    // ANCHOR_END: begin

    // ANCHOR: startup
    /// Waits until the application is ready, and returns what it had stored when it said so.
    ///
    /// # Errors
    ///
    /// [`StartupError`].
    pub async fn startup(&mut self, bound: Duration) -> Result<State, StartupError> {
        match timeout(bound, self.answer()).await {
            Ok(Ok(SendEvent::LifespanStartupFailed(why))) => Err(StartupError::Failed(why)),
            // The rules let nothing else through.
            Ok(Ok(_)) => Ok(self.wire.stored()),
            Ok(Err(ended)) => Err(StartupError::Unsupported(ended.unwrap_or(Failure::NoResponse))),
            Err(_) => Err(StartupError::Late(bound)),
        }
    }
    // ANCHOR_END: startup

    // ANCHOR: shutdown
    /// Tells the application `lifespan.shutdown`, and waits for its answer.
    /// One whose call has returned before has nothing to put away.
    ///
    /// # Errors
    ///
    /// [`ShutdownError`].
    pub async fn shutdown(&mut self, bound: Duration) -> Result<(), ShutdownError> {
        self.wire.tell(ReceiveEvent::LifespanShutdown);
        match timeout(bound, self.answer()).await {
            Ok(Ok(SendEvent::LifespanShutdownFailed(why))) => Err(ShutdownError::Failed(why)),
            Ok(Ok(_) | Err(None)) => Ok(()),
            Ok(Err(Some(Failure::Unfinished))) => Err(ShutdownError::Silent),
            Ok(Err(Some(failure))) => Err(ShutdownError::Died(failure)),
            Err(_) => Err(ShutdownError::Late(bound)),
        }
    }
    // ANCHOR_END: shutdown

    /// Waits until the call is over. It may be over long before the process is: an application that has nothing to put away may leave.
    /// Once it has returned, it waits for ever.
    ///
    /// # Errors
    ///
    /// [`Failure`], unless it did all that it had to.
    pub async fn ended(&mut self) -> Result<(), Failure> {
        poll_fn(|cx| self.poll_ended(cx)).await
    }

    /// Waits for so long until the call is over, and drops it then. For one that has said what it had to say.
    ///
    /// # Errors
    ///
    /// As [`ended`](Self::ended). That it had to be dropped is none.
    pub async fn leave(mut self, bound: Duration) -> Result<(), Failure> {
        if self.over {
            return Ok(());
        }
        if let Ok(ended) = timeout(bound, self.ended()).await {
            return ended;
        }
        self.give_up(bound).await;
        Ok(())
    }

    /// Drops the call, and waits for so long until that is done: a call that blocks its thread is dropped when it gives way.
    pub async fn give_up(mut self, bound: Duration) {
        self.call.abort();
        if !self.over {
            // However it ended.
            let _ = timeout(bound, self.ended()).await;
        }
    }

    /// The application's next word, or how it ended instead: well is none.
    async fn answer(&mut self) -> Result<SendEvent, Option<Failure>> {
        poll_fn(|cx| {
            if let Poll::Ready(event) = self.wire.slot.poll_event(cx) {
                return Poll::Ready(Ok(event));
            }
            if self.over {
                return Poll::Ready(Err(None));
            }
            let Poll::Ready(ended) = self.poll_ended(cx) else { return Poll::Pending };
            // What it said between the two looks.
            match self.wire.slot.poll_event(cx) {
                Poll::Ready(event) => Poll::Ready(Ok(event)),
                Poll::Pending => Poll::Ready(Err(ended.err())),
            }
        })
        .await
    }

    fn poll_ended(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Failure>> {
        if self.over {
            return Poll::Pending;
        }
        let Poll::Ready(joined) = Pin::new(&mut self.call).poll(cx) else { return Poll::Pending };
        self.over = true;
        // It catches its panics; what else can be is that the runtime ends.
        Poll::Ready(joined.unwrap_or(Err(Failure::Disconnected)))
    }
}

impl Drop for Life {
    fn drop(&mut self) {
        self.wire.slot.close();
        self.call.abort();
    }
}

impl fmt::Debug for Life {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Life").field("over", &self.over).finish_non_exhaustive()
    }
}

// ANCHOR: wire
/// What is under the call's `receive` and `send`.
struct Wire {
    slot: Slot,
    inbox: Mutex<Inbox>,
    state: LifespanState,
}

#[derive(Default)]
struct Inbox {
    told: VecDeque<ReceiveEvent>,
    waiting: Option<Waker>,
    /// What the state was when the application was ready.
    stored: Option<State>,
}

impl Exchange for Wire {
    /// There are two events. After them it waits for ever: a process has no client that could leave.
    fn poll_receive(&self, call: CallId, cx: &mut Context<'_>) -> Poll<ReceiveEvent> {
        let mut inbox = self.inbox();
        let Some(event) = inbox.told.pop_front() else {
            inbox.waiting = Some(cx.waker().clone());
            return Poll::Pending;
        };
        drop(inbox);
        self.slot.receives(call, &event);
        Poll::Ready(event)
    }

    fn poll_send(
        &self,
        call: CallId,
        event: &mut Option<SendEvent>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), SendError>> {
        let ready = matches!(event, Some(SendEvent::LifespanStartupComplete));
        // Held for so long, the server does not see the event before the state, nor the application go on.
        let mut inbox = self.inbox();
        let sent = self.slot.poll_send(call, event, cx);
        if ready && matches!(sent, Poll::Ready(Ok(()))) {
            inbox.stored.get_or_insert_with(|| self.state.snapshot());
        }
        sent
    }
}
// ANCHOR_END: wire

impl Wire {
    fn new(state: LifespanState) -> Self {
        Self { slot: Slot::new(), inbox: Mutex::default(), state }
    }

    fn tell(&self, event: ReceiveEvent) {
        let mut inbox = self.inbox();
        inbox.told.push_back(event);
        let waker = inbox.waiting.take();
        drop(inbox);
        waker.into_iter().for_each(Waker::wake);
    }

    fn stored(&self) -> State {
        self.inbox().stored.take().unwrap_or_default()
    }

    fn inbox(&self) -> MutexGuard<'_, Inbox> {
        // Nothing panics while it holds this.
        self.inbox.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
