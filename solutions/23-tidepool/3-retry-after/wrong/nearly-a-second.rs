//! Whole seconds are what is before the point.
//!
//! caught by: retry_after_is_the_patience_rounded_up

use std::collections::VecDeque;
use std::future::pending;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use gateway::{
    App, CallId, Close, Disconnected, Error, Exchange, Receive, ReceiveEvent, ResponseBody,
    ResponseStart, Scope, SendError, SendEvent, Sender,
};
use tokio::sync::Semaphore;
use tokio::time::timeout;

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
    app: A,
    patience: Duration,
    /// A permit for each call that may be in here, to run or to wait.
    inside: Semaphore,
    /// A permit for each that may run. Its queue is in the order of coming.
    running: Semaphore,
}

impl<A: App> Limit<A> {
    /// `app`, within bounds.
    pub fn new(app: A, bounds: Bounds) -> Self {
        let Bounds { running, waiting, patience } = bounds;
        let inside = Semaphore::new(running + waiting);
        Self { app, patience, inside, running: Semaphore::new(running) }
    }
}

impl<A: App> App for Limit<A> {
    async fn call(&self, scope: Scope, mut receive: Receive, send: Sender) -> Result<(), Error> {
        if let Scope::Lifespan(_) = scope {
            return self.app.call(scope, receive, send).await;
        }
        let after = self.patience.as_secs();
        let Ok(inside) = self.inside.try_acquire() else {
            return refuse(&scope, &send, after).await;
        };
        let mut received = Vec::new();
        let place = tokio::select! {
            biased;
            place = timeout(self.patience, self.running.acquire()) => place,
            () = left(&mut receive, &mut received) => return Err(Disconnected.into()),
        };
        let Ok(Ok(_place)) = place else {
            // It waits no more, and how long it takes to be told is up to its client.
            drop(inside);
            return refuse(&scope, &send, after).await;
        };
        if !received.is_empty() {
            receive = replay(received, receive);
        }
        self.app.call(scope, receive, send).await
    }
}

/// Waits until the client has left, as far as that can be seen without taking more of the body than its first part.
async fn left(receive: &mut Receive, received: &mut Vec<ReceiveEvent>) {
    loop {
        match receive.next().await {
            ReceiveEvent::HttpDisconnect | ReceiveEvent::WebSocketDisconnect(_) => return,
            ReceiveEvent::HttpRequest(part) if part.more_body => {
                received.push(part.into());
                return pending().await;
            }
            event => received.push(event),
        }
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
