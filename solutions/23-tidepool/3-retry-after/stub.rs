#![doc = include_str!("../README.md")]

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use gateway::{
    App, CallId, Close, Disconnected, Error, Exchange, Receive, ReceiveEvent, ResponseBody,
    ResponseStart, Scope, SendError, SendEvent, Sender,
};

/// What an application can take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// How many calls of it run at a time, at most.
    pub running: usize,
    /// How many more wait, at most.
    pub waiting: usize,
    /// How long each of them waits, at most.
    pub patience: Duration,
}

/// An application that is not asked for more than it can take.
#[derive(Debug)]
pub struct Limit<A> {
    // Yours to change.
    app: A,
    bounds: Bounds,
}

impl<A: App> Limit<A> {
    /// `app`, within bounds.
    pub fn new(app: A, bounds: Bounds) -> Self {
        Self { app, bounds }
    }
}

impl<A: App> App for Limit<A> {
    async fn call(&self, scope: Scope, receive: Receive, send: Sender) -> Result<(), Error> {
        todo!("run, wait or refuse")
    }
}

/// Says that there is too much to do, and after how many seconds to try again.
async fn refuse(scope: &Scope, send: &Sender, seconds: u64) -> Result<(), Error> {
    if let Scope::WebSocket(_) = scope {
        // Before accept, this is a 403.
        send.send(Close::default()).await?;
    } else {
        send.send(ResponseStart::new(503).header("retry-after", seconds)).await?;
        send.send(ResponseBody::last("too much to do\n")).await?;
    }
    Ok(())
}

/// A `Receive` that says what has been received already, and then what `receive` says.
fn replay(received: Vec<ReceiveEvent>, receive: Receive) -> Receive {
    let replay = Replay { received: Mutex::new(received.into()), receive: Mutex::new(receive) };
    Receive::new(Arc::new(replay), CallId::default())
}

struct Replay {
    received: Mutex<VecDeque<ReceiveEvent>>,
    receive: Mutex<Receive>,
}

impl Exchange for Replay {
    fn poll_receive(&self, _: CallId, cx: &mut Context<'_>) -> Poll<ReceiveEvent> {
        let received = self.received.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
        let mut receive = self.receive.lock().unwrap_or_else(PoisonError::into_inner);
        received.map_or_else(|| Pin::new(&mut receive.next()).poll(cx), Poll::Ready)
    }

    fn poll_send(
        &self,
        _: CallId,
        _: &mut Option<SendEvent>,
        _: &mut Context<'_>,
    ) -> Poll<Result<(), SendError>> {
        unreachable!("only a `Receive` has this one")
    }
}
