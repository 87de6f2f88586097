//! The one place through which an application's events reach a protocol server, and all that waits for it.
//!
//! One slot serves a connection, one call after the other: nothing is allocated for a call.
//! It has room for the start of a response and one more event. A start waits there until the first part of the body comes,
//! so that an application that fails between the two can still be answered with 500.
//!
//! It leaves out where the request's body comes from.

use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker, ready};

use http::HeaderValue;
use tokio::task::coop::poll_proceed;

use crate::error::{Disconnected, Error, Failure, SendError};
use crate::event::{ReceiveEvent, ResponseStart, SendEvent};
use crate::exchange::CallId;
use crate::rules::{LifespanRules, Rules, Verdict};

/// The meeting point of an application and a protocol server.
///
/// The application's side is [`poll_send`](Self::poll_send) and [`poll_over`](Self::poll_over), which an
/// [`Exchange`](crate::Exchange) passes on; the rest is the server's.
pub struct Slot {
    inner: Mutex<Inner>,
}

// ANCHOR: inner
struct Inner {
    call: CallId,
    rules: Rules,
    start: Option<ResponseStart>,
    event: Option<SendEvent>,
    /// The server has taken the start.
    handed: bool,
    /// The connection is closed, for this call and all others.
    closed: bool,
    /// Who wants to send, and finds no room.
    senders: Waiters,
    /// Who waits for the call to be over.
    receiver: Option<Waker>,
    /// Who waits for an event.
    server: Option<Waker>,
}
// ANCHOR_END: inner

/// What a response begins with.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "a box would cost each response an allocation")]
pub enum Head {
    /// Links for an informational response. The head proper is still to come.
    EarlyHint(Vec<HeaderValue>),
    /// The start, and the first event of the body.
    Response(ResponseStart, SendEvent),
}

impl Slot {
    /// A slot for a connection.
    pub fn new() -> Self {
        Self {
            inner: Mutex::new(Inner {
                call: CallId::default(),
                rules: Rules::Lifespan(LifespanRules::new()),
                start: None,
                event: None,
                handed: false,
                closed: false,
                senders: Waiters::default(),
                receiver: None,
                server: None,
            }),
        }
    }

    /// Makes room for the next call. What the last one still sends is ignored, and it is told that it is over.
    #[inline]
    pub fn begin(&self, mut rules: Rules) -> CallId {
        let mut inner = self.lock();
        if inner.closed {
            rules.gone();
        }
        inner.call.0 += 1;
        inner.rules = rules;
        inner.start = None;
        inner.event = None;
        inner.handed = false;
        inner.server = None;
        let call = inner.call;
        inner.wake_application();
        call
    }

    /// Takes an application's event: what [`Exchange::poll_send`](crate::Exchange::poll_send) is to do.
    #[inline]
    pub fn poll_send(
        &self,
        call: CallId,
        event: &mut Option<SendEvent>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), SendError>> {
        let Some(sent) = event.as_ref() else { return Poll::Ready(Ok(())) };
        let mut inner = self.lock();
        if inner.closed {
            return in_budget(cx, Err(Disconnected.into()));
        }
        if inner.call != call {
            // This comes from what is left of an earlier call, and that one's response is complete.
            return in_budget(cx, Ok(()));
        }
        let is_start = matches!(sent, SendEvent::HttpResponseStart(_));
        if inner.event.is_some() && !is_start && !inner.rules.is_complete() {
            inner.senders.wait(cx.waker());
            return Poll::Pending;
        }
        match inner.rules.send(sent) {
            Ok(Verdict::Pass) => {}
            Ok(Verdict::Ignore) => return in_budget(cx, Ok(())),
            Err(error) => return in_budget(cx, Err(error)),
        }
        if is_start {
            inner.start = match event.take() {
                Some(SendEvent::HttpResponseStart(start)) => Some(start),
                _ => None,
            };
        } else if inner.handed && inner.rules.is_bodiless() {
            // The client has all that it gets: the rest of the body was for the rules only.
            *event = None;
            if !inner.rules.is_complete() {
                return in_budget(cx, Ok(()));
            }
        } else {
            inner.event = event.take();
        }
        let receiver = if inner.rules.is_complete() { inner.receiver.take() } else { None };
        let server = inner.server.take();
        drop(inner);
        wake(receiver);
        wake(server);
        Poll::Ready(Ok(()))
    }

    /// Waits until the call is over for the application: its response is complete, or the client is gone.
    /// For [`Exchange::poll_receive`](crate::Exchange::poll_receive).
    pub fn poll_over(&self, call: CallId, cx: &mut Context<'_>) -> Poll<()> {
        let mut inner = self.lock();
        if inner.is_over(call) {
            return Poll::Ready(());
        }
        set(&mut inner.receiver, cx.waker());
        Poll::Pending
    }

    /// Whether the call is over for the application.
    pub fn is_over(&self, call: CallId) -> bool {
        self.lock().is_over(call)
    }

    /// Tells the rules what the application is being told.
    pub fn receives(&self, call: CallId, event: &ReceiveEvent) {
        let mut inner = self.lock();
        if inner.call == call {
            inner.rules.receive(event);
        }
    }

    /// Waits for the beginning of a response: a start together with what follows it.
    ///
    /// To be polled until it has given [`Head::Response`]; from then on, [`poll_event`](Self::poll_event).
    #[inline]
    pub fn poll_head(&self, cx: &mut Context<'_>) -> Poll<Head> {
        let mut inner = self.lock();
        let head = match (inner.event.take(), inner.start.take()) {
            (Some(SendEvent::HttpResponseEarlyHint(links)), start) => {
                inner.start = start;
                Head::EarlyHint(links)
            }
            (Some(event), Some(start)) => {
                inner.handed = true;
                Head::Response(start, event)
            }
            (event, start) => {
                inner.event = event;
                inner.start = start;
                set(&mut inner.server, cx.waker());
                return Poll::Pending;
            }
        };
        inner.wake_senders();
        Poll::Ready(head)
    }

    /// Waits for the application's next event. A start comes by itself, as soon as it is there.
    #[inline]
    pub fn poll_event(&self, cx: &mut Context<'_>) -> Poll<SendEvent> {
        let mut inner = self.lock();
        let hint = matches!(inner.event, Some(SendEvent::HttpResponseEarlyHint(_)));
        if !hint && let Some(start) = inner.start.take() {
            inner.handed = true;
            return Poll::Ready(SendEvent::HttpResponseStart(start));
        }
        let Some(event) = inner.event.take() else {
            set(&mut inner.server, cx.waker());
            return Poll::Pending;
        };
        inner.wake_senders();
        Poll::Ready(event)
    }

    /// The client is gone: every call learns of it, by `receive` and by `send`.
    pub fn close(&self) {
        let mut inner = self.lock();
        inner.closed = true;
        inner.rules.gone();
        inner.event = None;
        inner.start = None;
        inner.wake_application();
        // A waker keeps its task from being freed, and a sender may be kept for long.
        inner.senders = Waiters::default();
    }

    /// Whether the client is gone.
    pub fn is_closed(&self) -> bool {
        self.lock().closed
    }

    /// Whether the application has said all that it may say.
    pub fn is_complete(&self) -> bool {
        self.lock().rules.is_complete()
    }

    /// Whether the response has no body on the wire, whatever the application sends.
    pub fn is_bodiless(&self) -> bool {
        self.lock().rules.is_bodiless()
    }

    /// Whether the start was taken by the server. As long as it was not, a failure can be answered with 500.
    pub fn is_handed(&self) -> bool {
        self.lock().handed
    }

    /// The application has returned. If its response is incomplete and was not taken, it never will be.
    ///
    /// # Errors
    ///
    /// [`Failure`], unless it did all that it had to.
    #[inline]
    pub fn finish(&self, call: CallId, returned: Result<(), Error>) -> Result<(), Failure> {
        let mut inner = self.lock();
        if inner.call != call {
            // Its response was complete, or another call would not have begun.
            return returned.map_err(Failure::from);
        }
        // Only a response is withdrawn: of a socket or a process, what was said before the end was said.
        let is_response = matches!(inner.rules, Rules::Http(_));
        if is_response && !inner.handed && !inner.rules.is_complete() {
            inner.start = None;
            inner.event = None;
        }
        let server = inner.server.take();
        let finished = inner.rules.finish(returned);
        drop(inner);
        wake(server);
        finished
    }

    #[inline]
    fn lock(&self) -> MutexGuard<'_, Inner> {
        // Nothing panics while it holds this; if something did, what is in here would still be whole.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn is_over(&self, call: CallId) -> bool {
        self.closed || self.call != call || self.rules.is_complete()
    }

    fn wake_application(&mut self) {
        self.wake_senders();
        wake(self.receiver.take());
    }

    fn wake_senders(&mut self) {
        self.senders.wake();
    }
}

impl Default for Slot {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Slot {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = self.lock();
        formatter
            .debug_struct("Slot")
            .field("call", &inner.call)
            .field("rules", &inner.rules)
            .field("closed", &inner.closed)
            .finish_non_exhaustive()
    }
}

/// Those who wait for room. Nearly always there is one, the same each time: its waker is kept, and takes no memory of its own.
#[derive(Default)]
struct Waiters {
    first: Option<Waker>,
    /// Whether the first one waits.
    waits: bool,
    others: Vec<Waker>,
}

impl Waiters {
    /// An application that tries again and again, each time as another task, is woken rather than remembered.
    const MOST: usize = 64;

    fn wait(&mut self, waker: &Waker) {
        if !self.waits {
            set(&mut self.first, waker);
            self.waits = true;
            return;
        }
        let mut waiting = self.first.iter().chain(&self.others);
        if waiting.any(|other| other.will_wake(waker)) {
            return;
        }
        if self.others.len() == Self::MOST {
            self.wake();
        }
        self.others.push(waker.clone());
    }

    fn wake(&mut self) {
        if !self.waits {
            return;
        }
        self.waits = false;
        self.first.iter().for_each(Waker::wake_by_ref);
        self.others.drain(..).for_each(Waker::wake);
    }
}

/// An answer that the application can have as often as it asks. One that asks for ever, and does not listen, must let go of its thread.
fn in_budget(cx: &mut Context<'_>, answer: Result<(), SendError>) -> Poll<Result<(), SendError>> {
    ready!(poll_proceed(cx)).made_progress();
    Poll::Ready(answer)
}

fn wake(waker: Option<Waker>) {
    if let Some(waker) = waker {
        waker.wake();
    }
}

fn set(place: &mut Option<Waker>, waker: &Waker) {
    match place {
        Some(old) => old.clone_from(waker),
        None => *place = Some(waker.clone()),
    }
}
