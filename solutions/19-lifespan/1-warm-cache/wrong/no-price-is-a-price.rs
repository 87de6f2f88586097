//! The hall's answer is kept, whatever it was: no price is one of 0.
//!
//! caught by: what_nobody_sells_is_not_found

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use gateway::{App, Error, LifespanScope, Receive, ReceiveEvent, ResponseBody, ResponseStart};
use gateway::{Scope, SendEvent, Sender};
use tokio::time::sleep;

/// The prices of crabsarecool.com.
pub struct Prices {
    /// Where they are made.
    pub hall: Hall,
}

/// What all requests of one server share.
struct Cache {
    line: Line,
    known: Mutex<HashMap<String, u32>>,
}

impl Cache {
    /// A cache with the list of the day in it. If that can't be had, nothing stays open.
    async fn open(hall: &Hall) -> Result<Self, Trouble> {
        let line = hall.connect().await?;
        match line.list().await {
            Ok(list) => Ok(Self { line, known: Mutex::new(list.into_iter().collect()) }),
            Err(trouble) => {
                // Why the server does not start is the first trouble, not the second.
                let _ = line.close().await;
                Err(trouble)
            }
        }
    }

    async fn price(&self, name: &str) -> Result<Option<u32>, Trouble> {
        if let Some(&price) = self.known().get(name) {
            return Ok(Some(price));
        }
        let price = self.line.price(name).await?;
        self.known().insert(name.to_owned(), price.unwrap_or_default());
        Ok(price)
    }

    /// For a moment: nobody may hold this while the hall is asked.
    fn known(&self) -> std::sync::MutexGuard<'_, HashMap<String, u32>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl App for Prices {
    async fn call(&self, scope: Scope, receive: Receive, send: Sender) -> Result<(), Error> {
        match scope {
            Scope::Lifespan(scope) => self.live(&scope, receive, &send).await,
            Scope::Http(scope) => {
                let Some(cache) = scope.state.get::<Cache>() else {
                    return respond(&send, 503, "the hall is not open yet").await;
                };
                match cache.price(scope.path().trim_start_matches('/')).await? {
                    Some(price) => respond(&send, 200, price.to_string()).await,
                    None => respond(&send, 404, "nobody sells that").await,
                }
            }
            Scope::WebSocket(_) => Err(scope.unsupported().into()),
        }
    }
}

impl Prices {
    async fn live(
        &self,
        scope: &LifespanScope,
        mut receive: Receive,
        send: &Sender,
    ) -> Result<(), Error> {
        while receive.next().await != ReceiveEvent::LifespanStartup {}
        let cache = match Cache::open(&self.hall).await {
            Ok(cache) => Arc::new(cache),
            Err(trouble) => {
                send.send(SendEvent::LifespanStartupFailed(trouble.to_string())).await?;
                return Ok(());
            }
        };
        scope.state.insert_shared(Arc::clone(&cache));
        send.send(SendEvent::LifespanStartupComplete).await?;

        while receive.next().await != ReceiveEvent::LifespanShutdown {}
        let farewell = match cache.line.close().await {
            Ok(()) => SendEvent::LifespanShutdownComplete,
            Err(trouble) => SendEvent::LifespanShutdownFailed(trouble.to_string()),
        };
        send.send(farewell).await?;
        Ok(())
    }
}

/// Answers a request.
async fn respond(send: &Sender, status: u16, text: impl Into<String>) -> Result<(), Error> {
    send.send(ResponseStart::new(status).header("content-type", "text/plain")).await?;
    send.send(ResponseBody::last(text.into())).await?;
    Ok(())
}

/// The auction hall. A clone is the same hall.
#[derive(Debug, Clone)]
pub struct Hall {
    inner: Arc<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    trouble: Option<Trouble>,
    lines: AtomicUsize,
    lists: AtomicUsize,
    questions: AtomicUsize,
    closings: AtomicUsize,
}

/// What does not work today.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// Nobody picks up the telephone.
    Connect,
    /// The list is not ready.
    List,
    /// Nobody knows a price.
    Price,
    /// The line cannot be closed.
    Close,
}

impl fmt::Display for Trouble {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Connect => "nobody picks up the telephone in the hall",
            Self::List => "the list of the day has been eaten",
            Self::Price => "the auctioneer has lost his voice",
            Self::Close => "the hall does not hang up",
        })
    }
}

impl std::error::Error for Trouble {}

/// A telephone line to the hall. It costs by the hour until it is closed, whether anybody holds it or not.
#[derive(Debug)]
pub struct Line {
    hall: Hall,
    closed: AtomicBool,
}

impl Hall {
    /// A hall in which everything works.
    pub fn new() -> Self {
        Self { inner: Arc::default() }
    }

    /// A hall in which something does not.
    pub fn with(trouble: Trouble) -> Self {
        Self { inner: Arc::new(Inner { trouble: Some(trouble), ..Inner::default() }) }
    }

    /// Gets a line, which takes a second.
    ///
    /// # Errors
    ///
    /// If nobody picks up.
    pub async fn connect(&self) -> Result<Line, Trouble> {
        self.takes(1, Trouble::Connect).await?;
        self.inner.lines.fetch_add(1, Ordering::Relaxed);
        Ok(Line { hall: self.clone(), closed: AtomicBool::new(false) })
    }

    /// How many lines there have been.
    pub fn lines(&self) -> usize {
        self.inner.lines.load(Ordering::Relaxed)
    }

    /// How often the list was asked for.
    pub fn lists(&self) -> usize {
        self.inner.lists.load(Ordering::Relaxed)
    }

    /// How often a single price was asked for.
    pub fn questions(&self) -> usize {
        self.inner.questions.load(Ordering::Relaxed)
    }

    /// How often a line was closed, successfully or not.
    pub fn closings(&self) -> usize {
        self.inner.closings.load(Ordering::Relaxed)
    }

    async fn takes(&self, seconds: u64, trouble: Trouble) -> Result<(), Trouble> {
        sleep(Duration::from_secs(seconds)).await;
        if self.inner.trouble == Some(trouble) { Err(trouble) } else { Ok(()) }
    }
}

impl Default for Hall {
    fn default() -> Self {
        Self::new()
    }
}

impl Line {
    /// The list of the day, which takes two seconds.
    ///
    /// # Errors
    ///
    /// If there is none.
    pub async fn list(&self) -> Result<Vec<(String, u32)>, Trouble> {
        self.hall.inner.lists.fetch_add(1, Ordering::Relaxed);
        self.hall.takes(2, Trouble::List).await?;
        let list = [("crab", 24), ("lobster", 39), ("oyster", 3)];
        Ok(list.map(|(name, price)| (name.to_owned(), price)).into())
    }

    /// The price of something that is not on the list, which takes a second; `None` if the hall has never heard of it.
    ///
    /// # Errors
    ///
    /// If nobody can say, or the line is closed.
    pub async fn price(&self, name: &str) -> Result<Option<u32>, Trouble> {
        self.hall.inner.questions.fetch_add(1, Ordering::Relaxed);
        self.hall.takes(1, Trouble::Price).await?;
        if self.closed.load(Ordering::Relaxed) {
            return Err(Trouble::Connect);
        }
        Ok(match name {
            "crab" => Some(24),
            "lobster" => Some(39),
            "oyster" => Some(3),
            "urchin" => Some(12),
            _ => None,
        })
    }

    /// Closes the line, which takes a second.
    ///
    /// # Errors
    ///
    /// If the hall does not hang up.
    pub async fn close(&self) -> Result<(), Trouble> {
        self.closed.store(true, Ordering::Relaxed);
        let closed = self.hall.takes(1, Trouble::Close).await;
        self.hall.inner.closings.fetch_add(1, Ordering::Relaxed);
        closed
    }
}
