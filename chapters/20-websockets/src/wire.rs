//! What is under an application's `receive` and `send`: the two queues, the rules, and whoever waits.
//!
//! A message that is sent is encoded where `send` is polled, into the session's output: it waits as bytes, and what was sent in one turn is written in one.
//!
//! Wakers run the code of others, which may come back here: so nothing is woken under the lock.

use std::collections::VecDeque;
use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker, ready};

use gateway::{
    Accept, CallId, Close, Disconnected, Error, Exchange, Failure, Message, ReceiveEvent,
    ResponseBody, ResponseStart, Rules, SendError, SendEvent, Verdict, Violation,
};
use http::HeaderName;
use http::header::{SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_EXTENSIONS, SEC_WEBSOCKET_PROTOCOL};
use tokio::task::coop::poll_proceed;
use tokio::time::Instant;

use crate::close::codes;
use crate::config::Config;
use crate::output::{Apart, LONG};
use crate::session::Session;

/// The meeting point of an application, and the task of its connection.
pub(crate) struct Wire {
    inner: Mutex<Inner>,
    subprotocols: Box<[String]>,
    config: Arc<Config>,
}

// ANCHOR: inner
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is set by one side and asked by the other, and they say nothing of each other"
)]
pub(crate) struct Inner {
    rules: Rules,
    /// The application was told of the connect.
    told: bool,
    /// What it has said to the handshake.
    answer: Option<Box<Answer>>,
    /// The next part of a denial.
    part: Option<Box<ResponseBody>>,
    /// There is one from 101 to the last byte.
    pub(crate) session: Option<Session>,
    /// A payload that is not in the session's output, but has its place there.
    pub(crate) apart: Option<Box<Apart>>,
    inbox: VecDeque<Message>,
    inbox_bytes: usize,
    /// How it ended.
    end: Option<Box<Close>>,
    /// The call has returned.
    finished: bool,
    /// With what an open WebSocket is closed then.
    farewell: u16,
    /// Something has happened that the application may wait for.
    news: bool,
    /// Something has happened that the connection's task may wait for.
    stir: bool,
    /// Who waits to receive, and to send.
    receiver: Option<Waker>,
    senders: Vec<Waker>,
    /// The connection's task, while it is not at work.
    task: Option<Waker>,
    asleep: bool,
}
// ANCHOR_END: inner

/// How many wait to send at most.
const SENDERS: usize = 64;

/// What an application says to a handshake.
pub(crate) enum Answer {
    Accept(Accept),
    Close,
    Denial(ResponseStart),
}

impl Wire {
    pub(crate) fn new(rules: Rules, subprotocols: Vec<String>, config: Arc<Config>) -> Self {
        let inner = Inner {
            rules,
            told: false,
            answer: None,
            part: None,
            session: None,
            apart: None,
            inbox: VecDeque::new(),
            inbox_bytes: 0,
            end: None,
            finished: false,
            farewell: codes::NORMAL,
            news: false,
            stir: false,
            receiver: None,
            senders: Vec::new(),
            task: None,
            asleep: false,
        };
        Self { inner: Mutex::new(inner), subprotocols: subprotocols.into(), config }
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, Inner> {
        // Nothing panics while it holds this.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether more may be read: what comes has room, or nobody wants it.
    pub(crate) fn has_room(&self, inner: &Inner) -> bool {
        let is_open = inner.session.as_ref().is_some_and(Session::is_open);
        !is_open
            || inner.finished
            || inner.inbox.len() < self.config.queue.max(1)
                && inner.inbox_bytes < self.config.queue_bytes.max(1)
    }

    /// The call has returned.
    pub(crate) fn finish(&self, returned: Result<(), Error>) -> Result<(), Failure> {
        let mut inner = self.lock();
        inner.finished = true;
        inner.inbox = VecDeque::new();
        if returned.is_err() {
            inner.farewell = codes::INTERNAL_ERROR;
        }
        let ended = inner.rules.finish(returned);
        let farewell = inner.farewell;
        if let Some(session) = &mut inner.session {
            session.close(farewell, "", Instant::now().into_std());
        }
        let task = inner.stir();
        drop(inner);
        wake(task);
        ended
    }

    /// There is a client no more: whoever waits learns of it.
    pub(crate) fn end(&self, close: Close) {
        let mut inner = self.lock();
        inner.end.get_or_insert_with(|| Box::new(close));
        inner.session = None;
        inner.apart = None;
        inner.rules.gone();
        inner.news = true;
        let wakers = (mem::take(&mut inner.senders), inner.receiver.take());
        drop(inner);
        wakers.0.into_iter().chain(wakers.1).for_each(Waker::wake);
    }

    /// The client has left, though what it has said before may be unread: nothing that is sent reaches it.
    pub(crate) fn gone(&self, asking: &Waker) {
        let mut inner = self.lock();
        inner.rules.gone();
        inner.news = true;
        let senders = inner.senders(asking);
        drop(inner);
        senders.into_iter().for_each(Waker::wake);
    }

    /// The handshake is over, and this begins.
    pub(crate) fn open(&self, mut session: Session) {
        let mut inner = self.lock();
        if inner.finished {
            session.close(inner.farewell, "", Instant::now().into_std());
        }
        inner.session = Some(session);
        inner.news = true;
        let senders = mem::take(&mut inner.senders);
        drop(inner);
        senders.into_iter().for_each(Waker::wake);
    }

    /// Waits for what the application says to the handshake: its answer, and the first part of a denial.
    /// There is none if the call has returned.
    pub(crate) fn poll_answer(
        &self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<(Answer, Option<ResponseBody>)>> {
        let mut inner = self.lock();
        match inner.answer.take().map(|answer| *answer) {
            Some(Answer::Denial(start)) => match inner.part.take() {
                Some(part) => {
                    let senders = mem::take(&mut inner.senders);
                    drop(inner);
                    senders.into_iter().for_each(Waker::wake);
                    Poll::Ready(Some((Answer::Denial(start), Some(*part))))
                }
                None if inner.finished => Poll::Ready(None),
                None => {
                    inner.answer = Some(Box::new(Answer::Denial(start)));
                    inner.sleep(cx.waker());
                    Poll::Pending
                }
            },
            Some(answer) => Poll::Ready(Some((answer, None))),
            None if inner.finished => Poll::Ready(None),
            None => {
                inner.sleep(cx.waker());
                Poll::Pending
            }
        }
    }

    /// Waits for the next part of a denial.
    pub(crate) fn poll_part(&self, cx: &mut Context<'_>) -> Poll<Option<ResponseBody>> {
        let mut inner = self.lock();
        match inner.part.take() {
            Some(part) => {
                let senders = mem::take(&mut inner.senders);
                drop(inner);
                senders.into_iter().for_each(Waker::wake);
                Poll::Ready(Some(*part))
            }
            None if inner.finished => Poll::Ready(None),
            None => {
                inner.sleep(cx.waker());
                Poll::Pending
            }
        }
    }

    /// Whether an accept can be sent.
    fn check(&self, accept: &Accept) -> Result<(), Violation> {
        const OURS: [HeaderName; 3] =
            [SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_EXTENSIONS, SEC_WEBSOCKET_PROTOCOL];
        if let Some(name) = OURS.iter().find(|name| accept.headers.contains_key(*name)) {
            return Err(Violation::Accept(format!("the field {name} is the server's")));
        }
        let Some(chosen) = &accept.subprotocol else { return Ok(()) };
        if self.subprotocols.iter().any(|offered| offered.as_bytes() == chosen.as_bytes()) {
            return Ok(());
        }
        let offered = self.subprotocols.join(", ");
        Err(Violation::Accept(format!(
            "the client does not offer the subprotocol {chosen:?}, but: {offered}"
        )))
    }
}

impl Inner {
    /// A message has come.
    pub(crate) fn push(&mut self, message: Message) {
        if self.finished {
            return;
        }
        self.inbox_bytes += length(&message);
        self.inbox.push_back(message);
        self.news = true;
    }

    /// Whoever waits to receive, if there is something to receive now; unless it is the one who asks, who will look.
    #[must_use = "it waits until it is woken"]
    pub(crate) fn receiver(&mut self, asking: &Waker) -> Option<Waker> {
        let ended = self.session.as_ref().is_some_and(|session| session.end().is_some());
        if self.inbox.is_empty() && !ended {
            return None;
        }
        self.news = true;
        self.receiver.take().filter(|waker| !waker.will_wake(asking))
    }

    /// Whoever waits to send, as there is room now; unless it is the one who asks, who will look.
    #[must_use = "they wait until they are woken"]
    pub(crate) fn senders(&mut self, asking: &Waker) -> Vec<Waker> {
        if self.senders.is_empty() {
            return Vec::new();
        }
        self.news = true;
        let mut senders = mem::take(&mut self.senders);
        senders.retain(|waker| !waker.will_wake(asking));
        senders
    }

    /// The connection's task is at work: it need not be woken.
    pub(crate) fn wake_up(&mut self) {
        self.asleep = false;
    }

    /// The connection's task waits.
    pub(crate) fn sleep(&mut self, task: &Waker) {
        if !self.task.as_ref().is_some_and(|known| known.will_wake(task)) {
            self.task = Some(task.clone());
        }
        self.asleep = true;
        self.stir = false;
    }

    /// Whether the application has something new to look at.
    pub(crate) fn has_news(&self) -> bool {
        self.news
    }

    /// The connection's task is to look once more before it waits.
    pub(crate) fn touch(&mut self) {
        self.stir = true;
    }

    /// Whether the application has something new to look at. Tells it once.
    pub(crate) fn take_news(&mut self) -> bool {
        mem::take(&mut self.news)
    }

    /// Whether the application has done something since. Tells it once.
    pub(crate) fn take_stir(&mut self) -> bool {
        mem::take(&mut self.stir)
    }

    /// The connection's task is to look. Returns it if it has to be woken for that.
    fn stir(&mut self) -> Option<Waker> {
        self.stir = true;
        if mem::take(&mut self.asleep) { self.task.clone() } else { None }
    }

    /// The end, as the application is told of it: also after it has closed or refused by itself.
    fn disconnect(&self) -> Option<Close> {
        let said = self.session.as_ref().and_then(Session::end);
        match self.end.as_deref().or(said) {
            Some(close) => Some(close.clone()),
            None => self.rules.is_complete().then(|| Close::new(codes::LOST)),
        }
    }

    /// Whether `event` has to wait. What is against the rules has not.
    fn is_full(&self, event: &SendEvent, write_buffer: usize) -> bool {
        if self.rules.is_complete() || self.rules.is_gone() || self.finished {
            return false;
        }
        let Rules::WebSocket(rules) = &self.rules else { return false };
        match event {
            // The session begins when the handshake is over.
            SendEvent::WebSocketSend(_) if rules.is_open() => {
                self.session.as_ref().is_none_or(|session| self.waiting(session) >= write_buffer)
            }
            // It takes a small place that is always there: a client that does not read is not to keep an application from leaving.
            SendEvent::WebSocketClose(_) if rules.is_open() => self.session.is_none(),
            SendEvent::WebSocketResponseBody(_) => self.part.is_some(),
            _ => false,
        }
    }

    /// How many bytes wait to be written.
    fn waiting(&self, session: &Session) -> usize {
        session.waiting() + self.apart.as_ref().map_or(0, |apart| apart.payload().len())
    }

    /// An event has passed the rules.
    fn take(&mut self, event: SendEvent) {
        match (event, &mut self.session) {
            (SendEvent::WebSocketAccept(accept), _) => {
                self.answer = Some(Box::new(Answer::Accept(accept)));
            }
            (SendEvent::WebSocketSend(message), Some(session)) => {
                let is_long = length(&message) >= LONG && self.apart.is_none();
                if is_long && session.send_head(&message) {
                    self.apart = Some(Box::new(Apart { at: session.waiting(), message }));
                } else {
                    session.send(&message);
                }
            }
            (SendEvent::WebSocketClose(close), Some(session)) => {
                session.close(close.code, &close.reason, Instant::now().into_std());
            }
            (SendEvent::WebSocketClose(_), None) => self.answer = Some(Box::new(Answer::Close)),
            (SendEvent::WebSocketResponseStart(start), _) => {
                self.answer = Some(Box::new(Answer::Denial(start)));
            }
            (SendEvent::WebSocketResponseBody(part), _) => self.part = Some(Box::new(part)),
            // The rules let nothing else through.
            _ => {}
        }
    }
}

pub(crate) fn length(message: &Message) -> usize {
    match message {
        Message::Text(text) => text.len(),
        Message::Binary(bytes) => bytes.len(),
    }
}

// ANCHOR: exchange
impl Exchange for Wire {
    fn poll_receive(&self, _: CallId, cx: &mut Context<'_>) -> Poll<ReceiveEvent> {
        let mut inner = self.lock();
        if !inner.told {
            inner.told = true;
            return Poll::Ready(ReceiveEvent::WebSocketConnect);
        }
        let complete = inner.rules.is_complete();
        if let Some(message) = inner.inbox.pop_front().filter(|_| !complete) {
            let was_full = !self.has_room(&inner) || inner.inbox.len() + 1 >= self.config.queue;
            inner.inbox_bytes -= length(&message);
            let task = if was_full { inner.stir() } else { None };
            drop(inner);
            wake(task);
            return Poll::Ready(ReceiveEvent::WebSocketReceive(message));
        }
        if let Some(close) = inner.disconnect() {
            let event = ReceiveEvent::WebSocketDisconnect(close);
            inner.rules.receive(&event);
            return Poll::Ready(event);
        }
        let known = inner.receiver.as_ref().is_some_and(|waker| waker.will_wake(cx.waker()));
        let replaced = if known { None } else { inner.receiver.replace(cx.waker().clone()) };
        drop(inner);
        drop(replaced);
        Poll::Pending
    }

    fn poll_send(
        &self,
        _: CallId,
        event: &mut Option<SendEvent>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), SendError>> {
        let Some(sent) = event.as_ref() else { return Poll::Ready(Ok(())) };
        let mut inner = self.lock();
        if inner.is_full(sent, self.config.write_buffer.max(1)) {
            if inner.senders.iter().any(|waker| waker.will_wake(cx.waker())) {
                return Poll::Pending;
            }
            // One that tries again and again, each time as another task, is woken rather than remembered.
            let crowd = match inner.senders.len() {
                0..SENDERS => Vec::new(),
                _ => mem::take(&mut inner.senders),
            };
            inner.senders.push(cx.waker().clone());
            drop(inner);
            crowd.into_iter().for_each(Waker::wake);
            return Poll::Pending;
        }
        let allowed = match sent {
            SendEvent::WebSocketAccept(accept) if !inner.rules.is_gone() => self.check(accept),
            _ => Ok(()),
        };
        let verdict = match allowed {
            Err(violation) => Err(violation.into()),
            // The call has returned, and this comes from what is left of it.
            Ok(()) if inner.finished && !inner.rules.is_gone() => Ok(Verdict::Ignore),
            Ok(()) if inner.session.as_ref().is_some_and(|session| session.end().is_some()) => {
                // The client has said goodbye, and listens to nothing else.
                let complete = inner.rules.is_complete();
                if complete { Ok(Verdict::Ignore) } else { Err(Disconnected.into()) }
            }
            Ok(()) => inner.rules.send(sent),
        };
        if !matches!(verdict, Ok(Verdict::Pass)) {
            drop(inner);
            // Whoever does not listen must let go of its thread nevertheless.
            ready!(poll_proceed(cx)).made_progress();
            return Poll::Ready(verdict.map(|_| ()));
        }
        if let Some(event) = event.take() {
            inner.take(event);
        }
        let receiver = if inner.rules.is_complete() { inner.receiver.take() } else { None };
        let task = inner.stir();
        drop(inner);
        wake(receiver);
        wake(task);
        Poll::Ready(Ok(()))
    }
}
// ANCHOR_END: exchange

fn wake(waker: Option<Waker>) {
    if let Some(waker) = waker {
        waker.wake();
    }
}
