//! All that can be set, with units and defaults.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use gateway::Connection;
use http::{HeaderValue, StatusCode};
use wsgi::server::ErrorLog;

use crate::upgrade::Upgrade;

/// How the server is set up.
///
/// ```
/// use std::time::Duration;
///
/// let config = http_server::Config {
///     keep_alive: Duration::from_secs(60),
///     in_flight: Some(1_000),
///     ..http_server::Config::default()
/// };
/// # let _ = config;
/// ```
#[derive(Clone)]
pub struct Config {
    // ANCHOR: times
    /// How long a new connection may be silent before the first byte. Default: 10 s.
    pub first_byte: Duration,
    /// How long a request's head may take, from its first byte to its last.
    /// Then the client gets 408. Default: 10 s.
    pub head: Duration,
    /// How long a connection may be idle between two requests. On a busy connection the clock
    /// is asked ten times a second, so that a tenth of a second may be missing. Default: 5 s.
    pub keep_alive: Duration,
    /// After how long an idle connection is parked: it gives up its buffers and all else that
    /// a request needs, and is one small future until the next bytes come. That costs the next
    /// request a few allocations. [`Duration::MAX`] is never. Default: 1 s.
    pub park: Duration,
    /// How long the next bytes of a request's body may take, while somebody waits for them.
    /// Default: 30 s.
    pub body: Duration,
    /// How many bytes a second a request's body must bring, on average over the time that
    /// somebody waits for it, after the first [`body`](Self::body) of it; 0 is no bound.
    /// Default: 240.
    pub body_rate: u32,
    /// How long the client may take to make room for more of the response. Default: 30 s.
    ///
    /// Over TCP the kernel speaks of room when half of [`unsent`](Self::unsent) is free: so a
    /// client that takes less than that in this time, with the defaults some 2 KiB a second, is
    /// cut though it reads. A smaller `unsent`, or a longer time, is kinder to it.
    pub write: Duration,
    /// How many bytes a second of a response the client must take, on average over the time
    /// that the server waits for room, after the first [`write`](Self::write) of it; 0 is no
    /// bound. Default: 240.
    pub write_rate: u32,
    /// How long an application may go on after its client has left in the middle of the response.
    /// Then its future is dropped. What works on after a whole response is not counted. Default: 30 s.
    pub after_disconnect: Duration,
    /// How long a connection that is closed with bytes unread is kept for the client to read
    /// the last response. Default: 1 s.
    pub linger: Duration,
    /// How long connections have to end after [`serve_until`](crate::Server::serve_until)
    /// was told to stop. Then they are dropped. Default: 20 s.
    pub graceful: Duration,
    // ANCHOR_END: times
    /// The longest head, and the longest trailers, in bytes. Longer ones get 431. Default: 64 KiB.
    pub head_bytes: usize,
    /// The most fields in a head, and in the trailers. More get 431. hyper refuses more than 100, so a larger number has no effect. Default: 100.
    pub head_fields: usize,
    /// How many bytes of a request's body are read and thrown away after the response, to keep the connection;
    /// and how many while it lingers. Default: 256 KiB.
    pub drain: u64,
    /// How many bytes of a response wait in the server for a client that does not read, before `send` waits.
    /// To this come at most the part that passes the mark, and one more. A low mark costs system calls:
    /// with 64 KiB, a stream in parts of 16 KiB needs three times as many. Default: 256 KiB.
    pub write_buffer: usize,
    /// How many bytes the kernel keeps for a TCP client beside those that are on their way (`TCP_NOTSENT_LOWAT`, Linux);
    /// `None` leaves it at megabytes. Default: 256 KiB.
    pub unsent: Option<u32>,

    /// How many connections are open at most. More wait in the listener's queue. Default: 10,000.
    pub connections: usize,
    /// How many connections may be ready for their next request. As long as there are more, one that becomes idle is [parked](Self::park) at once:
    /// else a wave of clients would leave the memory of the whole wave with an allocator that returns none in the middle. One that was parked in vain,
    /// as its next request came within 50 ms, is busy, and stays awake as if there were room. Each that is awake costs some 20 KiB. Default: 64.
    pub awake: usize,
    /// How many calls of the application run at a time; further requests get 503. `None` is no bound. Default: none.
    pub in_flight: Option<usize>,
    /// What `retry-after` says in such a 503, in whole seconds. Default: 1 s.
    pub retry_after: Duration,
    /// After how many requests a connection is closed. `None` is no bound. Default: none.
    pub requests: Option<u64>,

    /// Whether a client that has closed its sending side is still there. A FIN does not say which it is.
    /// `false`: it is gone, and an application in the middle of its response learns of it at once.
    /// `true`: it still reads, and is gone only when the connection breaks. Default: `false`.
    pub half_close: bool,
    /// Whether responses have a `date`. Default: `true`.
    pub date: bool,
    /// The `server` field of responses that have none of the application's. Default: `tidepool`.
    pub server: Option<HeaderValue>,
    /// The path under which the application is mounted, for the scope. Default: empty.
    pub root_path: String,
    /// What serves requests that ask for another protocol, as WebSockets. Without it they are requests like others. Default: nothing.
    pub upgrade: Option<Arc<dyn Upgrade>>,
    /// Where failures of the application are reported, a line each. Default: standard error.
    pub errors: ErrorLog,
    /// Who is told of requests that the server has declined. Default: nobody.
    pub declined: Option<OnDeclined>,
}

/// A request that the server has answered in the application's place: it objects to the request, has no room for it, or has waited for it too long.
/// What an application fails to answer is not declined: [`Config::errors`] has it.
#[derive(Debug, Clone, Copy)]
pub struct Declined<'a> {
    /// What the client was told, from 400 to 503.
    pub status: StatusCode,
    /// Why. The client can read it in the response, unless it is hyper who could not parse the request.
    pub why: &'a str,
    /// On which connection.
    pub connection: &'a Connection,
}

/// Is told at once, in the connection's task: it must not block.
pub type OnDeclined = Arc<dyn Fn(Declined<'_>) + Send + Sync>;

impl Config {
    /// Says that a request was declined.
    #[cold]
    pub fn decline(&self, status: StatusCode, why: &str, connection: &Connection) {
        if let Some(tell) = &self.declined {
            tell(Declined { status, why, connection });
        }
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            first_byte: Duration::from_secs(10),
            head: Duration::from_secs(10),
            keep_alive: Duration::from_secs(5),
            park: Duration::from_secs(1),
            body: Duration::from_secs(30),
            body_rate: 240,
            write: Duration::from_secs(30),
            write_rate: 240,
            after_disconnect: Duration::from_secs(30),
            linger: Duration::from_secs(1),
            graceful: Duration::from_secs(20),
            head_bytes: 64 * 1024,
            head_fields: 100,
            drain: 256 * 1024,
            write_buffer: 256 * 1024,
            unsent: Some(256 * 1024),
            connections: 10_000,
            awake: 64,
            in_flight: None,
            retry_after: Duration::from_secs(1),
            requests: None,
            half_close: false,
            date: true,
            server: Some(HeaderValue::from_static("tidepool")),
            root_path: String::new(),
            upgrade: None,
            errors: ErrorLog::new(io::stderr()),
            declined: None,
        }
    }
}

impl fmt::Debug for Config {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Config")
            .field("first_byte", &self.first_byte)
            .field("head", &self.head)
            .field("keep_alive", &self.keep_alive)
            .field("body", &self.body)
            .field("write", &self.write)
            .field("connections", &self.connections)
            .field("in_flight", &self.in_flight)
            .field("requests", &self.requests)
            .finish_non_exhaustive()
    }
}
