//! Where no call is under way, there is nobody to tell.
//!
//! caught by: a_server_without_calls_is_drained_at_once

use std::time::Duration;

use gateway::{App, Close, Error, Receive, ResponseBody, ResponseStart, Scope, Sender, Shutdown};
use tokio::sync::watch;
use tokio::time::timeout;

/// An application that can be drained.
pub struct Drain<A> {
    app: A,
    shutdown: Shutdown,
    calls: watch::Sender<Calls>,
    cut: watch::Sender<bool>,
}

/// What has become of the calls during a drain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Drained {
    /// How many were under way, and have ended within the grace.
    pub finished: usize,
    /// How many were under way, and have not.
    pub cut: usize,
    /// How many came too late.
    pub refused: usize,
}

/// All that is known of the calls, under one lock.
#[derive(Debug, Default)]
struct Calls {
    under_way: usize,
    draining: bool,
    drained: Drained,
}

/// A call that is under way until this is dropped.
struct UnderWay<'a> {
    calls: &'a watch::Sender<Calls>,
    cut: bool,
}

impl<'a> UnderWay<'a> {
    /// None, if it came too late.
    fn begin(calls: &'a watch::Sender<Calls>) -> Option<Self> {
        let mut begun = false;
        calls.send_modify(|calls| {
            begun = !calls.draining;
            if begun {
                calls.under_way += 1;
            } else {
                calls.drained.refused += 1;
            }
        });
        begun.then(|| Self { calls, cut: false })
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.calls.send_modify(|calls| {
            calls.under_way -= 1;
            if self.cut {
                calls.drained.cut += 1;
            } else if calls.draining {
                calls.drained.finished += 1;
            }
        });
    }
}

impl<A: App> Drain<A> {
    /// Serves `app` until the drain, and tells of that by `shutdown`.
    pub fn new(app: A, shutdown: Shutdown) -> Self {
        Self { app, shutdown, calls: watch::Sender::default(), cut: watch::Sender::default() }
    }

    /// Lets end what is under way, for so long.
    pub async fn drain(&self, grace: Duration) -> Drained {
        self.calls.send_modify(|calls| calls.draining = true);
        if self.calls.borrow().under_way == 0 {
            return self.calls.borrow().drained;
        }
        self.shutdown.begin();
        if timeout(grace, self.all_ended()).await.is_err() {
            self.cut.send_replace(true);
            self.all_ended().await;
        }
        self.calls.borrow().drained
    }

    /// Waits until no call is under way.
    async fn all_ended(&self) {
        // It cannot fail: the sender is in `self`.
        let _ = self.calls.subscribe().wait_for(|calls| calls.under_way == 0).await;
    }

    /// Waits until what is under way is cut.
    async fn is_cut(&self) {
        let _ = self.cut.subscribe().wait_for(|cut| *cut).await;
    }
}

impl<A: App> App for Drain<A> {
    async fn call(&self, scope: Scope, receive: Receive, send: Sender) -> Result<(), Error> {
        if let Scope::Lifespan(_) = scope {
            return self.app.call(scope, receive, send).await;
        }
        let Some(mut under_way) = UnderWay::begin(&self.calls) else {
            return refuse(&scope, &send).await;
        };
        tokio::select! {
            ended = self.app.call(scope, receive, send) => ended,
            () = self.is_cut() => {
                under_way.cut = true;
                Err(Cut.into())
            }
        }
    }
}

/// The grace is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cut;

impl std::fmt::Display for Cut {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("the server goes down, and has not waited any longer")
    }
}

impl std::error::Error for Cut {}

/// Says that the server goes down.
async fn refuse(scope: &Scope, send: &Sender) -> Result<(), Error> {
    if let Scope::WebSocket(_) = scope {
        send.send(Close::new(1012)).await?;
    } else {
        send.send(ResponseStart::new(503).header("retry-after", "1")).await?;
        send.send(ResponseBody::last("going down\n")).await?;
    }
    Ok(())
}
