//! A burst in each window of that length is the same rate.
//!
//! caught by: the_burst_is_not_had_twice

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
    burst: u32,
    every: Duration,
    /// How long an empty bucket takes to be full.
    whole: Duration,
    buckets: Mutex<Buckets>,
}

/// The buckets that are kept.
#[derive(Debug, Default)]
struct Buckets {
    full_at: HashMap<Option<IpAddr>, Bucket>,
    /// When to look for full ones.
    sweep_at: Option<Instant>,
    began: Option<Instant>,
}

/// How many have come in a window, and when that began.
#[derive(Debug, Clone, Copy)]
struct Bucket {
    tokens: u32,
    since: Instant,
}

impl<A: App> RateLimit<A> {
    /// Takes one of the client's tokens, or says how long it will take until there is one.
    fn take(&self, client: Option<IpAddr>, now: Instant) -> Result<(), Duration> {
        let mut buckets = self.buckets();
        if buckets.sweep_at.is_none_or(|at| now >= at) {
            buckets.full_at.retain(|_, bucket| bucket.since + self.whole > now);
            buckets.sweep_at = Some(now + self.whole);
        }
        // The window that it is, counted from the first request.
        let began = *buckets.began.get_or_insert(now);
        let windows = (now - began).as_nanos() / self.whole.as_nanos();
        let windows = u32::try_from(windows).unwrap_or(u32::MAX);
        let since = began + self.whole * windows;
        let window = buckets.full_at.entry(client).or_insert(Bucket { tokens: self.burst, since });
        if window.since < since {
            *window = Bucket { tokens: self.burst, since };
        }
        if window.tokens > 0 {
            window.tokens -= 1;
            return Ok(());
        }
        Err(since + self.whole - now)
    }

    /// Lets each client ask `burst` times at once, and once more each `every`.
    pub fn new(app: A, burst: u32, every: Duration) -> Self {
        Self { app, burst, every, whole: every * burst, buckets: Mutex::default() }
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
