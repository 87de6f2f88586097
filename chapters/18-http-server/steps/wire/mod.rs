//! What is under an application's `receive` and `send`, for the steps: a slot for what it sends, hyper's body for what it receives.

use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};

use gateway::{
    CallId, Error, Exchange, Extensions, HttpScope, Receive, ReceiveEvent, RequestBody,
    RequestHead, Rules, Scope, SendError, SendEvent, Sender, Slot, State,
};
use http::Request;
use hyper::body::{Body, Incoming};

// ANCHOR: wire
/// One connection, seen from the application.
pub struct Wire {
    pub slot: Slot,
    body: Mutex<Option<Incoming>>,
    /// The application has returned.
    ended: AtomicBool,
    state: State,
}
// ANCHOR_END: wire

impl Wire {
    pub fn new(state: State) -> Self {
        Self { slot: Slot::new(), body: Mutex::default(), ended: AtomicBool::new(false), state }
    }

    /// Makes the three arguments of a call.
    pub fn begin(self: &Arc<Self>, request: Request<Incoming>) -> (CallId, Scope, Receive, Sender) {
        let (head, body) = request.into_parts();
        *self.body() = Some(body);
        self.ended.store(false, Relaxed);
        let head = RequestHead {
            version: head.version,
            method: head.method,
            uri: head.uri,
            headers: head.headers,
        };
        let scope = Scope::Http(HttpScope {
            head: Arc::new(head),
            extensions: Extensions::NONE,
            state: self.state.clone(),
            connection: Arc::default(),
        });
        let call = self.slot.begin(Rules::of(&scope));
        let exchange: Arc<dyn Exchange> = Arc::clone(self) as _;
        let receive = Receive::new(Arc::clone(&exchange), call);
        (call, scope, receive, Sender::new(exchange, call))
    }

    /// The application has returned.
    pub fn finish(&self, call: CallId, returned: Result<(), Error>) {
        // A failure leaves the slot without a response, or with half of one. The steps do not report it.
        let _ = self.slot.finish(call, returned);
        self.ended.store(true, Relaxed);
    }

    /// Whether the application has returned.
    pub fn is_ended(&self) -> bool {
        self.ended.load(Relaxed)
    }

    /// Nobody wants the rest of the request: hyper must not wait for somebody to read it.
    pub fn release(&self) {
        *self.body() = None;
    }

    fn body(&self) -> MutexGuard<'_, Option<Incoming>> {
        self.body.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

// ANCHOR: exchange
impl Exchange for Wire {
    fn poll_receive(&self, call: CallId, cx: &mut Context<'_>) -> Poll<ReceiveEvent> {
        if self.slot.poll_over(call, cx).is_ready() {
            return Poll::Ready(ReceiveEvent::HttpDisconnect);
        }
        let body = &mut *self.body();
        // The whole request was received. There is nothing more to tell but the end.
        let Some(incoming) = body else { return Poll::Pending };
        let frame = ready!(Pin::new(&mut *incoming).poll_frame(cx));
        let more_body = frame.is_some() && !incoming.is_end_stream();
        if !more_body {
            *body = None;
        }
        Poll::Ready(match frame {
            Some(Err(_)) => ReceiveEvent::HttpDisconnect,
            Some(Ok(frame)) => {
                RequestBody { body: frame.into_data().unwrap_or_default(), more_body }.into()
            }
            None => RequestBody::default().into(),
        })
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
// ANCHOR_END: exchange
