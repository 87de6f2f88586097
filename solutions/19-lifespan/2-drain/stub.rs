#![doc = include_str!("../README.md")]

use std::time::Duration;

use gateway::{App, Close, Error, Receive, ResponseBody, ResponseStart, Scope, Sender, Shutdown};

/// An application that can be drained.
pub struct Drain<A> {
    // Yours to change.
    app: A,
    shutdown: Shutdown,
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

impl<A: App> Drain<A> {
    /// Serves `app` until the drain, and tells of that by `shutdown`.
    pub fn new(app: A, shutdown: Shutdown) -> Self {
        Self { app, shutdown }
    }

    /// Lets end what is under way, for so long.
    pub async fn drain(&self, grace: Duration) -> Drained {
        todo!("tell, refuse, wait, cut")
    }
}

impl<A: App> App for Drain<A> {
    async fn call(&self, scope: Scope, receive: Receive, send: Sender) -> Result<(), Error> {
        todo!("call the application, and know of it until it ends")
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
