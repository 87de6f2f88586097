//! The one place through which an application's events reach a protocol server, and all that waits for it.
//!
//! One slot serves a connection, one call after the other: nothing is allocated for a call.
//! It has room for the start of a response and one more event. A start waits there until the first part of the body comes,
//! so that an application that fails between the two can still be answered with 500.
//!
//! Wakers, events and errors run the code of others when they are woken or dropped, and that code may come back here.
//! So nothing is woken or dropped under the lock.
//!
//! It leaves out where the request's body comes from.

use std::fmt;
use std::mem;
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
        inner.handed = false;
        let call = inner.call;
        let server = inner.server.take();
        withdraw(inner);
        drop(server);
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
        let is_start = matches!(sent, SendEvent::HttpResponseStart(_));
        let mut inner = self.lock();
        let full = inner.event.is_some() && !inner.rules.is_complete() && !inner.rules.is_gone();
        let verdict = if inner.closed {
            Err(Disconnected.into())
        } else if inner.call != call {
            // This comes from what is left of an earlier call, and that one is over.
            Ok(Verdict::Ignore)
        } else if full && !is_start {
            let crowd = inner.senders.wait(cx.waker());
            drop(inner);
            crowd.wake();
            return Poll::Pending;
        } else {
            inner.rules.send(sent)
        };
        if !matches!(verdict, Ok(Verdict::Pass)) {
            drop(inner);
            return in_budget(cx, verdict.map(|_| ()));
        }
        if is_start {
            if let Some(SendEvent::HttpResponseStart(start)) = event.take() {
                inner.start = Some(start);
            }
        } else if inner.handed && inner.rules.is_bodiless() {
            // The client has all that it gets: the rest of the body was for the rules only.
            if !inner.rules.is_complete() {
                drop(inner);
                *event = None;
                return in_budget(cx, Ok(()));
            }
        } else {
            // Nothing is there, or it would be full: what is dropped after the lock is nothing. An event is large, and this moves it once.
            mem::swap(&mut inner.event, event);
        }
        let receiver = if inner.rules.is_complete() { inner.receiver.take() } else { None };
        let server = inner.server.take();
        drop(inner);
        if event.is_some() {
            *event = None;
        }
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
        let replaced = set(&mut inner.receiver, cx.waker());
        drop(inner);
        drop(replaced);
        Poll::Pending
    }

    /// Whether the call is over for the application.
    pub fn is_over(&self, call: CallId) -> bool {
        self.lock().is_over(call)
    }

    /// Tells the rules what the application is being told.
    pub fn receives(&self, call: CallId, event: &ReceiveEvent) {
        let mut inner = self.lock();
        if inner.call != call {
            return;
        }
        inner.rules.receive(event);
        if inner.rules.is_gone() {
            // There will be no room any more, and nobody needs it.
            let_in(inner, None);
        }
    }

    /// Waits for the beginning of a response: a start together with what follows it.
    ///
    /// To be polled until it has given [`Head::Response`]; from then on, [`poll_event`](Self::poll_event).
    #[inline]
    pub fn poll_head(&self, cx: &mut Context<'_>) -> Poll<Head> {
        let (mut start, mut event) = (None, None);
        ready!(self.head(&mut start, &mut event, cx, false));
        match (start, event) {
            (Some(start), Some(event)) => Poll::Ready(Head::Response(start, event)),
            (None, Some(SendEvent::HttpResponseEarlyHint(links))) => {
                Poll::Ready(Head::EarlyHint(links))
            }
            // There is always an event, and a start with it unless it is a hint.
            _ => Poll::Pending,
        }
    }

    /// As [`poll_head`](Self::poll_head), for a server that polls the application in the same task, and does so when it has taken an event:
    /// so an application that waits for room is not woken if it waits in this task. Start and event, which are large,
    /// come into places that are empty; with an early hint there is no start.
    #[inline]
    pub fn take_head(
        &self,
        start: &mut Option<ResponseStart>,
        event: &mut Option<SendEvent>,
        cx: &mut Context<'_>,
    ) -> Poll<()> {
        self.head(start, event, cx, true)
    }

    /// `awake` says that this task polls the application anyway.
    #[inline]
    fn head(
        &self,
        start: &mut Option<ResponseStart>,
        event: &mut Option<SendEvent>,
        cx: &mut Context<'_>,
        awake: bool,
    ) -> Poll<()> {
        let mut inner = self.lock();
        match &inner.event {
            Some(SendEvent::HttpResponseEarlyHint(_)) => {}
            Some(_) if inner.start.is_some() => {
                inner.handed = true;
                mem::swap(&mut inner.start, start);
            }
            _ => return wait(inner, cx),
        }
        mem::swap(&mut inner.event, event);
        let_in(inner, awake.then(|| cx.waker()));
        Poll::Ready(())
    }

    /// Waits for the application's next event. A start comes by itself, as soon as it is there.
    pub fn poll_event(&self, cx: &mut Context<'_>) -> Poll<SendEvent> {
        match event(self.lock(), None) {
            Ok(event) => Poll::Ready(event),
            Err(inner) => wait(inner, cx),
        }
    }

    /// As [`poll_event`](Self::poll_event), under the terms of [`take_head`](Self::take_head).
    /// `None` if all is said and taken. Who asks for that apart may overlook what another thread says in between.
    #[inline]
    pub fn take_event(&self, cx: &mut Context<'_>) -> Poll<Option<SendEvent>> {
        match event(self.lock(), Some(cx.waker())) {
            Ok(event) => Poll::Ready(Some(event)),
            Err(inner) if inner.rules.is_complete() => Poll::Ready(None),
            Err(inner) => wait(inner, cx),
        }
    }

    /// The client is gone: every call learns of it, by `receive` and by `send`.
    pub fn close(&self) {
        let mut inner = self.lock();
        inner.closed = true;
        inner.rules.gone();
        withdraw(inner);
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

    /// The application has returned. If its response is incomplete and was not taken, it never will be:
    /// what the application has left behind, a task with a clone of its sender perhaps, cannot say it after all.
    ///
    /// # Errors
    ///
    /// [`Failure`], unless it did all that it had to.
    #[inline]
    pub fn finish(&self, call: CallId, returned: Result<(), Error>) -> Result<(), Failure> {
        let mut inner = self.lock();
        if inner.call != call {
            // Its response was complete, or another call would not have begun.
            drop(inner);
            return returned.map_err(Failure::from);
        }
        let ended = inner.rules.finish(Ok(()));
        let server = inner.server.take();
        // Only a response is withdrawn: of a socket or a process, what was said before the end was said.
        let is_response = matches!(inner.rules, Rules::Http(_));
        if is_response && !inner.handed && !inner.rules.is_complete() {
            inner.call.0 += 1;
            withdraw(inner);
        } else {
            drop(inner);
        }
        wake(server);
        returned.map_err(Failure::from).and(ended)
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

/// Those who wait for room. Nearly always there is one, who takes no memory of its own.
#[derive(Default)]
#[must_use = "they wait until they are woken"]
struct Waiters {
    first: Option<Waker>,
    others: Vec<Waker>,
}

impl Waiters {
    /// An application that tries again and again, each time as another task, is woken rather than remembered.
    const MOST: usize = 64;

    /// Takes up one more. Returns those who are to be woken for that, as they have become too many.
    fn wait(&mut self, waker: &Waker) -> Self {
        if self.first.iter().chain(&self.others).any(|other| other.will_wake(waker)) {
            return Self::default();
        }
        let crowd = if self.others.len() == Self::MOST { mem::take(self) } else { Self::default() };
        match self.first {
            None => self.first = Some(waker.clone()),
            Some(_) => self.others.push(waker.clone()),
        }
        crowd
    }

    fn wake(self) {
        wake(self.first);
        self.others.into_iter().for_each(Waker::wake);
    }

    /// Whether there is none but that one.
    #[inline]
    fn are_only(&self, waker: Option<&Waker>) -> bool {
        match (&self.first, waker) {
            (None, _) => true,
            (Some(first), Some(waker)) => self.others.is_empty() && first.will_wake(waker),
            (Some(_), None) => false,
        }
    }
}

/// What the server is to have next, if there is something.
#[inline]
fn event<'a>(
    mut inner: MutexGuard<'a, Inner>,
    awake: Option<&Waker>,
) -> Result<SendEvent, MutexGuard<'a, Inner>> {
    let hint = matches!(inner.event, Some(SendEvent::HttpResponseEarlyHint(_)));
    if !hint && let Some(start) = inner.start.take() {
        inner.handed = true;
        return Ok(SendEvent::HttpResponseStart(start));
    }
    let Some(event) = inner.event.take() else { return Err(inner) };
    let_in(inner, awake);
    Ok(event)
}

/// The server waits for more.
#[inline]
fn wait<T>(mut inner: MutexGuard<'_, Inner>, cx: &Context<'_>) -> Poll<T> {
    let replaced = set(&mut inner.server, cx.waker());
    drop(inner);
    drop(replaced);
    Poll::Pending
}

/// There is room now. Who is awake need not be woken, and is remembered if it waits again.
#[inline]
fn let_in(mut inner: MutexGuard<'_, Inner>, awake: Option<&Waker>) {
    if !inner.senders.are_only(awake) {
        let senders = mem::take(&mut inner.senders);
        drop(inner);
        senders.wake();
    }
}

/// Of what a call has said and the server has not taken, nothing comes any more. All who wait on the application's side learn of it.
#[inline]
fn withdraw(inner: MutexGuard<'_, Inner>) {
    let Inner { start: None, event: None, receiver: None, .. } = &*inner else {
        return withdraw_all(inner);
    };
    let_in(inner, None);
}

#[cold]
fn withdraw_all(mut inner: MutexGuard<'_, Inner>) {
    let past = (inner.start.take(), inner.event.take());
    let (senders, receiver) = (mem::take(&mut inner.senders), inner.receiver.take());
    drop(inner);
    drop(past);
    senders.wake();
    wake(receiver);
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

/// Puts a waker in its place. The one that was there is to be dropped when the lock is free.
#[must_use = "it is not to be dropped under the lock"]
fn set(place: &mut Option<Waker>, waker: &Waker) -> Option<Waker> {
    if place.as_ref().is_some_and(|old| old.will_wake(waker)) {
        return None;
    }
    place.replace(waker.clone())
}
