#![doc = include_str!("../README.md")]

use std::time::Duration;

use gateway::{Address, App, Close, Error, Receive, ResponseBody, ResponseStart, Scope, Sender};

/// An application that no client asks too often.
#[derive(Debug)]
pub struct RateLimit<A> {
    // Yours to change.
    app: A,
    burst: u32,
    every: Duration,
}

impl<A: App> RateLimit<A> {
    /// Lets each client ask `burst` times at once, and once more each `every`.
    pub fn new(app: A, burst: u32, every: Duration) -> Self {
        Self { app, burst, every }
    }

    /// How many clients' buckets are kept.
    pub fn clients(&self) -> usize {
        todo!("count them")
    }
}

impl<A: App> App for RateLimit<A> {
    async fn call(&self, scope: Scope, receive: Receive, send: Sender) -> Result<(), Error> {
        todo!("take a token, or refuse")
    }
}

/// Says that it was too often, and after how many seconds it is not.
async fn refuse(scope: &Scope, send: &Sender, seconds: u64) -> Result<(), Error> {
    if let Scope::WebSocket(_) = scope {
        // Before accept, this is a 403.
        send.send(Close::default()).await?;
    } else {
        send.send(ResponseStart::new(429).header("retry-after", seconds)).await?;
        send.send(ResponseBody::last("too many requests\n")).await?;
    }
    Ok(())
}
