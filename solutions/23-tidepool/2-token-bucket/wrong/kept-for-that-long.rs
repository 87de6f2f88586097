//! A full bucket is kept for `burst` × `every`.
//!
//! caught by: it_is_forgotten_in_time_whoever_asks

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use gateway::{Address, App, Close, Error, Receive, ResponseBody, ResponseStart, Scope, Sender};
use tokio::time::Instant;

/// An application that no client asks too often.
#[derive(Debug)]
pub struct RateLimit<A> {
    app: A,
    every: Duration,
    /// How long an empty bucket takes to be full.
    whole: Duration,
    buckets: Mutex<Buckets>,
}

/// When each client's bucket will be full. Those that are not here are.
#[derive(Debug, Default)]
struct Buckets {
    full_at: HashMap<Option<IpAddr>, Instant>,
    /// When to look for full ones.
    sweep_at: Option<Instant>,
}

impl<A: App> RateLimit<A> {
    /// Takes one of the client's tokens, or says how long it will take until there is one.
    fn take(&self, client: Option<IpAddr>, now: Instant) -> Result<(), Duration> {
        let mut buckets = self.buckets();
        if buckets.sweep_at.is_none_or(|at| now >= at) {
            buckets.full_at.retain(|_, full_at| *full_at + self.whole > now);
            buckets.sweep_at = Some(now + self.whole);
        }
        let full_at = buckets.full_at.get(&client).map_or(now, |&full_at| full_at.max(now));
        let full_then = full_at + self.every;
        // A bucket that takes longer than `whole` to be full would have less than nothing in it.
        match full_then.saturating_duration_since(now + self.whole) {
            Duration::ZERO => {
                buckets.full_at.insert(client, full_then);
                Ok(())
            }
            missing => Err(missing),
        }
    }

    /// Lets each client ask `burst` times at once, and once more each `every`.
    pub fn new(app: A, burst: u32, every: Duration) -> Self {
        Self { app, every, whole: every * burst, buckets: Mutex::default() }
    }

    /// How many clients' buckets are kept.
    pub fn clients(&self) -> usize {
        self.buckets().full_at.len()
    }

    fn buckets(&self) -> MutexGuard<'_, Buckets> {
        self.buckets.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<A: App> App for RateLimit<A> {
    async fn call(&self, scope: Scope, receive: Receive, send: Sender) -> Result<(), Error> {
        let client = match &scope {
            Scope::Http(http) => http.client(),
            Scope::WebSocket(socket) => socket.client(),
            Scope::Lifespan(_) => return self.app.call(scope, receive, send).await,
        };
        let client = match client {
            Some(Address::Ip(address)) => Some(address.ip()),
            Some(Address::Unix(_)) | None => None,
        };
        match self.take(client, Instant::now()) {
            Ok(()) => self.app.call(scope, receive, send).await,
            Err(missing) => refuse(&scope, &send, seconds(missing)).await,
        }
    }
}

/// Whole seconds, rounded up.
fn seconds(time: Duration) -> u64 {
    time.as_secs() + u64::from(time.subsec_nanos() > 0)
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
