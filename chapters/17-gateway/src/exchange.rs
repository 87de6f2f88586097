//! The application's two ends, [`Receive`] and [`Sender`], and the seam below them, [`Exchange`], which a protocol server implements.

use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use bytes::{Bytes, BytesMut};
use tokio::task::coop::poll_proceed;

use crate::error::{BodyError, Disconnected, SendError};
use crate::event::{ReceiveEvent, SendEvent};

/// Which call of an exchange: a protocol server uses one exchange for one request after the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CallId(pub(crate) u64);

/// What a protocol server has under [`Receive`] and [`Sender`].
///
/// Most of it is in [`Slot`](crate::Slot), which an implementation has as a field: the rules, the waiting, the one place for the next event.
/// What it adds is where the request's body comes from.
///
/// What `poll_send` answers at once each time (the disconnect, once the client is gone) should consume Tokio's budget, as the slot's answers do:
/// an application that does not listen would otherwise never let go of its thread.
pub trait Exchange: Send + Sync {
    /// What the application is to be told next.
    ///
    /// Only one task polls this at a time, as [`Receive::next`] takes `&mut self`.
    /// A call that is over gets the end, again and again: [`ReceiveEvent::HttpDisconnect`].
    fn poll_receive(&self, call: CallId, cx: &mut Context<'_>) -> Poll<ReceiveEvent>;

    /// Takes the event, if the rules allow it and there is room; else waits until there is.
    ///
    /// Several tasks may poll this at a time.
    fn poll_send(
        &self,
        call: CallId,
        event: &mut Option<SendEvent>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), SendError>>;
}

type ReceiveMap = Box<dyn FnMut(ReceiveEvent) -> ReceiveEvent + Send>;

/// ASGI's `receive`: what the server tells the application.
pub struct Receive {
    exchange: Arc<dyn Exchange>,
    call: CallId,
    map: Option<ReceiveMap>,
    /// The request's last part was seen.
    ended: bool,
}

impl Receive {
    /// The receiving end of a call. For protocol servers.
    pub fn new(exchange: Arc<dyn Exchange>, call: CallId) -> Self {
        Self { exchange, call, map: None, ended: false }
    }

    /// The next event: ASGI's `await receive()`.
    ///
    /// After the end of the call there is always one more: the disconnect.
    ///
    /// Cancellation safe: an event is in the value returned, or is still to come.
    #[expect(
        clippy::should_implement_trait,
        reason = "an await follows, as with every async `next`"
    )]
    pub fn next(&mut self) -> Receiving<'_> {
        Receiving { receive: self }
    }

    /// The next part of the request's body, never an empty one; `None` at its end. In a call that is not a request there is none.
    ///
    /// Cancellation safe.
    ///
    /// # Errors
    ///
    /// [`Disconnected`] if the client leaves before the end.
    pub async fn part(&mut self) -> Result<Option<Bytes>, Disconnected> {
        while !self.ended {
            match self.next().await {
                ReceiveEvent::HttpRequest(part) if part.body.is_empty() => {}
                ReceiveEvent::HttpRequest(part) => return Ok(Some(part.body)),
                ReceiveEvent::HttpDisconnect => return Err(Disconnected),
                _ => return Ok(None),
            }
        }
        Ok(None)
    }

    /// The rest of the request's body, whole. A body in one part is not copied.
    ///
    /// Not cancellation safe: what was read is lost when this is dropped.
    ///
    /// # Errors
    ///
    /// [`BodyError`] if there are more than `limit` bytes, or the client leaves before the end.
    pub async fn body(&mut self, limit: usize) -> Result<Bytes, BodyError> {
        let mut whole = Bytes::new();
        let mut parts = BytesMut::new();
        while let Some(part) = self.part().await? {
            if whole.len() + parts.len() + part.len() > limit {
                return Err(BodyError::TooLong { limit });
            }
            if whole.is_empty() && parts.is_empty() {
                whole = part;
            } else {
                parts.extend_from_slice(&std::mem::take(&mut whole));
                parts.extend_from_slice(&part);
            }
        }
        Ok(if parts.is_empty() { whole } else { parts.freeze() })
    }

    /// For middleware: each event goes through `map` before the application has it. Costs one allocation.
    pub fn map(
        mut self,
        mut map: impl FnMut(ReceiveEvent) -> ReceiveEvent + Send + 'static,
    ) -> Self {
        self.map = Some(match self.map.take() {
            None => Box::new(map),
            Some(mut inner) => Box::new(move |event| map(inner(event))),
        });
        self
    }
}

impl fmt::Debug for Receive {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Receive")
    }
}

/// The future of [`Receive::next`].
#[derive(Debug)]
#[must_use = "nothing is received until this is awaited"]
pub struct Receiving<'a> {
    receive: &'a mut Receive,
}

impl Future for Receiving<'_> {
    type Output = ReceiveEvent;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<ReceiveEvent> {
        let receive = &mut *self.receive;
        let mut event = ready!(receive.exchange.poll_receive(receive.call, cx));
        if matches!(event, ReceiveEvent::HttpDisconnect | ReceiveEvent::WebSocketDisconnect(_)) {
            // It is the answer however often the application asks. One that asks for ever must let go of its thread:
            // Tokio's budget makes it pause, and the answer will be there again.
            ready!(poll_proceed(cx)).made_progress();
        }
        if let Some(map) = &mut receive.map {
            event = map(event);
        }
        receive.ended = match &event {
            ReceiveEvent::HttpRequest(part) => !part.more_body,
            _ => receive.ended,
        };
        Poll::Ready(event)
    }
}

/// ASGI's `send`: what the application tells the server.
///
/// A clone sends to the same client; what several tasks send at a time arrives in some order, each event whole.
#[derive(Clone)]
pub struct Sender {
    exchange: Arc<dyn Exchange>,
    call: CallId,
    layers: Option<Arc<Layer<SendMap>>>,
}

type SendMap = dyn FnMut(SendEvent) -> SendEvent + Send;

/// What one middleware does to each event, and what the middleware around it does.
struct Layer<F: ?Sized> {
    outer: Option<Arc<Layer<SendMap>>>,
    map: Mutex<F>,
}

impl Sender {
    /// The sending end of a call. For protocol servers.
    pub fn new(exchange: Arc<dyn Exchange>, call: CallId) -> Self {
        Self { exchange, call, layers: None }
    }

    /// Sends an event: ASGI's `await send(event)`.
    ///
    /// It waits while the server has no room, which is while the client does not read. When it returns, the server has the event.
    ///
    /// Cancellation safe: if this is dropped before it returns, nothing was sent.
    ///
    /// # Errors
    ///
    /// [`SendError::Disconnected`] if the client is gone, [`SendError::Violation`] if the event may not be sent now.
    pub fn send(&self, event: impl Into<SendEvent>) -> Sending<'_> {
        Sending { sender: self, event: Some(event.into()), mapped: self.layers.is_none() }
    }

    /// The event after all middleware has seen it, the innermost first.
    fn mapped(&self, mut event: SendEvent) -> SendEvent {
        let mut layer = self.layers.as_ref();
        while let Some(Layer { outer, map }) = layer.map(|layer| &**layer) {
            event = map.lock().unwrap_or_else(PoisonError::into_inner)(event);
            layer = outer.as_ref();
        }
        event
    }

    /// For middleware: each event goes through `map` on its way to the server. Costs one allocation.
    ///
    /// It is called once for each event, before the event waits for room.
    /// So what the server then refuses or ignores was seen by `map` as well, and so was what is given up while it waits;
    /// and where several tasks send at a time, they may be sent in another order than they were seen in.
    pub fn map(self, map: impl FnMut(SendEvent) -> SendEvent + Send + 'static) -> Self {
        let Self { exchange, call, layers: outer } = self;
        Self { exchange, call, layers: Some(Arc::new(Layer { outer, map: Mutex::new(map) })) }
    }
}

impl fmt::Debug for Sender {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Sender")
    }
}

/// The future of [`Sender::send`].
#[derive(Debug)]
#[must_use = "nothing is sent until this is awaited"]
pub struct Sending<'a> {
    sender: &'a Sender,
    event: Option<SendEvent>,
    mapped: bool,
}

impl Future for Sending<'_> {
    type Output = Result<(), SendError>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        if !this.mapped {
            this.mapped = true;
            this.event = this.event.take().map(|event| this.sender.mapped(event));
        }
        this.sender.exchange.poll_send(this.sender.call, &mut this.event, cx)
    }
}
