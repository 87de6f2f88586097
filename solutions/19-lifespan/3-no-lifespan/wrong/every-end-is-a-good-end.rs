//! After the shutdown was told, an application may end as it likes.
//!
//! caught by: a_shutdown_without_an_answer_is_no_good_end

use std::collections::VecDeque;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use gateway::{App, CallId, Error, Exchange, Failure, LifespanScope, LifespanState, Receive};
use gateway::{ReceiveEvent, Rules, Scope, SendError, SendEvent, Sender, Slot, State, poll_call};
use tokio::time::timeout;

/// Whether the application is asked about its lifespan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// It is asked, and served without if it has none.
    Auto,
    /// It is asked, and must have one.
    On,
    /// It is not asked.
    Off,
}

/// How a server's life is arranged.
#[derive(Debug, Clone, Copy)]
pub struct Config {
    /// Whether the application is asked.
    pub mode: Mode,
    /// How long it may take to answer `lifespan.startup`.
    pub startup: Duration,
    /// How long it may take to answer `lifespan.shutdown`.
    pub shutdown: Duration,
}

/// Why nobody was served.
#[derive(Debug)]
pub enum NotStarted {
    /// The application says so.
    Failed(String),
    /// It has no lifespan.
    Unsupported(Failure),
    /// It has not answered in time.
    Late,
}

/// What a server leaves behind.
#[derive(Debug)]
pub struct Served<T> {
    /// What `serve` returned.
    pub value: T,
    /// What has come of the lifespan.
    pub farewell: Farewell,
}

/// How a lifespan ended.
#[derive(Debug)]
pub enum Farewell {
    /// There was none, or nobody has asked.
    None,
    /// Everything was put away, or there was nothing.
    Complete,
    /// The application could not put everything away, and says why.
    Failed(String),
    /// Its call has failed, or returned without the answer that was due.
    Died(Failure),
    /// It has not answered in time.
    Late,
}

/// Lives as long as `serve` does, and tells the application of both ends.
///
/// # Errors
///
/// [`NotStarted`], and then `serve` was not called.
pub async fn run<T, S>(
    app: &impl App,
    config: Config,
    serve: impl FnOnce(State) -> S,
) -> Result<Served<T>, NotStarted>
where
    S: Future<Output = T>,
{
    if config.mode == Mode::Off {
        return Ok(without(serve).await);
    }
    let stored = LifespanState::new();
    let mut call = Call::begin(app, &stored);
    call.tell(ReceiveEvent::LifespanStartup);
    match timeout(config.startup, call.next()).await {
        Err(_) => return Err(NotStarted::Late),
        Ok(Step::Says(SendEvent::LifespanStartupFailed(why))) => {
            return Err(NotStarted::Failed(why));
        }
        // It is complete: the rules let nothing else through.
        Ok(Step::Says(_)) => {}
        Ok(Step::Ended(_)) if config.mode == Mode::Auto => return Ok(without(serve).await),
        Ok(Step::Ended(ended)) => {
            return Err(NotStarted::Unsupported(ended.err().unwrap_or(Failure::NoResponse)));
        }
    }

    let mut ended = None;
    let mut serving = pin!(serve(stored.snapshot()));
    let value = loop {
        tokio::select! {
            value = &mut serving => break value,
            step = call.next() => if let Step::Ended(how) = step {
                ended = Some(how);
            },
        }
    };

    let told = ended.is_none();
    let last = if let Some(how) = ended {
        Ok(Step::Ended(how))
    } else {
        call.tell(ReceiveEvent::LifespanShutdown);
        timeout(config.shutdown, call.next()).await
    };
    let farewell = match last {
        Err(_) => Farewell::Late,
        Ok(Step::Says(SendEvent::LifespanShutdownFailed(why))) => Farewell::Failed(why),
        Ok(Step::Says(_) | Step::Ended(Ok(()))) => Farewell::Complete,
        Ok(Step::Ended(Err(_))) if told => Farewell::Complete,
        Ok(Step::Ended(Err(failure))) => Farewell::Died(failure),
    };
    Ok(Served { value, farewell })
}

async fn without<T, S>(serve: impl FnOnce(State) -> S) -> Served<T>
where
    S: Future<Output = T>,
{
    Served { value: serve(State::new()).await, farewell: Farewell::None }
}

type Running<'a> = Pin<Box<dyn Future<Output = Result<(), Error>> + Send + 'a>>;

/// An application's lifespan call, from the server's side. Dropping it drops the call.
pub struct Call<'a> {
    wire: Arc<Wire>,
    id: CallId,
    app: Option<Running<'a>>,
    ended: Option<Result<(), Failure>>,
}

/// What an application does.
#[derive(Debug)]
pub enum Step {
    /// It says something. The rules let only that through which may be said now.
    Says(SendEvent),
    /// Its call has ended. An error, if it failed or panicked, and also if it returned without an answer that was due.
    Ended(Result<(), Failure>),
}

impl<'a> Call<'a> {
    /// Calls the application, which will store things in `state`. It runs only while [`next`](Self::next) is awaited.
    pub fn begin(app: &'a impl App, state: &LifespanState) -> Self {
        let scope = Scope::from(LifespanScope { state: state.clone() });
        let wire = Arc::new(Wire { slot: Slot::new(), inbox: Mutex::default() });
        let id = wire.slot.begin(Rules::of(&scope));
        let exchange: Arc<dyn Exchange> = Arc::clone(&wire) as _;
        let receive = Receive::new(Arc::clone(&exchange), id);
        let app = app.call(scope, receive, Sender::new(exchange, id));
        Self { wire, id, app: Some(Box::pin(app)), ended: None }
    }

    /// Tells the application something, which it will receive.
    pub fn tell(&self, event: ReceiveEvent) {
        let mut inbox = self.wire.inbox.lock().unwrap_or_else(PoisonError::into_inner);
        inbox.told.push_back(event);
        let waker = inbox.waiting.take();
        drop(inbox);
        waker.into_iter().for_each(Waker::wake);
    }

    /// Waits for what the application does next. After the end it does nothing, and this waits for ever.
    ///
    /// Cancellation safe: a step is in the value returned, or is still to come.
    pub async fn next(&mut self) -> Step {
        poll_fn(|cx| self.poll_next(cx)).await
    }

    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Step> {
        if let Poll::Ready(event) = self.wire.slot.poll_event(cx) {
            return Poll::Ready(Step::Says(event));
        }
        if let Some(app) = &mut self.app
            && let Poll::Ready(returned) = poll_call(app.as_mut(), cx)
        {
            self.app = None;
            self.ended = Some(self.wire.slot.finish(self.id, returned));
        }
        if let Poll::Ready(event) = self.wire.slot.poll_event(cx) {
            return Poll::Ready(Step::Says(event));
        }
        self.ended.take().map_or(Poll::Pending, |ended| Poll::Ready(Step::Ended(ended)))
    }
}

/// What is under the application's two ends.
struct Wire {
    slot: Slot,
    inbox: Mutex<Inbox>,
}

#[derive(Default)]
struct Inbox {
    told: VecDeque<ReceiveEvent>,
    waiting: Option<Waker>,
}

impl Exchange for Wire {
    fn poll_receive(&self, call: CallId, cx: &mut Context<'_>) -> Poll<ReceiveEvent> {
        let mut inbox = self.inbox.lock().unwrap_or_else(PoisonError::into_inner);
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
        self.slot.poll_send(call, event, cx)
    }
}
