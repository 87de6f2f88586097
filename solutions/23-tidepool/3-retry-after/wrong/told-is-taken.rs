//! Who was told of its place has it.
//!
//! caught by: a_place_is_not_lost_with_the_one_that_it_was_handed_to

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
use tokio::sync::oneshot;
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
    bounds: Bounds,
    calls: Mutex<Calls>,
}

/// Who is in here.
#[derive(Debug, Default)]
struct Calls {
    running: usize,
    /// Those who wait, and are told of their place.
    waiting: VecDeque<oneshot::Sender<()>>,
}

/// A place, until it is dropped.
struct Place<'a>(&'a Mutex<Calls>);

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut calls = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        while let Some(next) = calls.waiting.pop_front() {
            if next.send(()).is_ok() {
                return;
            }
        }
        calls.running -= 1;
    }
}

impl<A: App> Limit<A> {
    /// `app`, within bounds.
    pub fn new(app: A, bounds: Bounds) -> Self {
        Self { app, bounds, calls: Mutex::default() }
    }

    /// A place that is free, or news of one; neither, if too many wait for that.
    fn enter(&self) -> Option<Option<oneshot::Receiver<()>>> {
        let mut calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        if calls.running < self.bounds.running {
            calls.running += 1;
            return Some(None);
        }
        calls.waiting.retain(|waiting| !waiting.is_closed());
        if calls.waiting.len() >= self.bounds.waiting {
            return None;
        }
        let (sender, turn) = oneshot::channel();
        calls.waiting.push_back(sender);
        Some(Some(turn))
    }
}

impl<A: App> App for Limit<A> {
    async fn call(&self, scope: Scope, mut receive: Receive, send: Sender) -> Result<(), Error> {
        if let Scope::Lifespan(_) = scope {
            return self.app.call(scope, receive, send).await;
        }
        let patience = self.bounds.patience;
        let after = patience.as_secs() + u64::from(patience.subsec_nanos() > 0);
        let Some(turn) = self.enter() else {
            return refuse(&scope, &send, after).await;
        };
        let mut received = Vec::new();
        if let Some(turn) = turn {
            let told = tokio::select! {
                biased;
                told = timeout(patience, turn) => told,
                () = left(&mut receive, &mut received) => return Err(Disconnected.into()),
            };
            if told.is_err() {
                return refuse(&scope, &send, after).await;
            }
        }
        let _place = Place(&self.calls);
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
