//! What can be set of HTTP/2, with units and defaults. What it has in common with HTTP/1.1 is in [`http_server::Config`].

use std::time::Duration;

use crate::observe::Observer;

/// The largest window (RFC 9113, section 6.9.1).
pub(crate) const LARGEST_WINDOW: u32 = (1 << 31) - 1;

/// How often something may happen: so many times at once, and so many times a second on average.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allowance {
    /// How often at once.
    pub burst: u32,
    /// How many a second are earned back. Never more than `burst` are kept.
    pub per_second: u32,
}

/// How HTTP/2 is set up.
///
/// What it has in common with HTTP/1.1 is taken from [`http_server::Config`]: `head` bounds a block of headers, `head_bytes` its size and
/// `head_fields` its number of fields, and h2 lets it come in as many frames as its size needs, and a quarter more; `body`, `body_rate`, `write` and `write_rate` hold for each stream.
/// With `upgrade`, clients are told that a stream may become a WebSocket (`SETTINGS_ENABLE_CONNECT_PROTOCOL`, RFC 8441).
#[derive(Debug, Clone)]
pub struct Http2 {
    // ANCHOR: sizes
    /// How many streams a client may have open, and how many calls of the application run for
    /// one connection, those of closed streams included. Default: 100.
    pub streams: u32,
    /// How many bytes of a request's body wait for an application that does not read.
    /// Default: 64 KiB.
    pub window: u32,
    /// The same for all streams of a connection together. With less than `streams` windows, a
    /// few applications that do not read keep the others from reading. `None` is that much, by
    /// default 6.25 MiB, which a client can fill; what small frames take beside their bytes is
    /// half as much at most. Default: `None`.
    pub connection_window: Option<u32>,
    /// The largest frame that a client may send, from 16 KiB to 16 MiB. Default: 16 KiB.
    pub frame: u32,
    /// How many bytes of a response wait in the server for a client that has allowed more, and
    /// does not read. To this come, for each stream, two parts. Default: 64 KiB.
    pub send_buffer: usize,
    // ANCHOR_END: sizes
    // ANCHOR: times
    /// How long a connection may be without a stream. Default: 60 s.
    pub keep_alive: Duration,
    /// How long a client with open streams may be silent before it is asked, by PING, whether it
    /// is there; sometimes twice that. [`Duration::MAX`] is never. Default: 20 s.
    pub ping: Duration,
    /// How long it may be silent after that. Then it is gone. Default: 20 s.
    pub ping_timeout: Duration,
    // ANCHOR_END: times
    // ANCHOR: floods
    /// How often a client may reset a stream. Default: 200, and 20 a second.
    pub resets: Allowance,
    /// How often a client may send SETTINGS. Default: 10, and 1 a second.
    pub settings: Allowance,
    /// How often a client may send PING. Default: 30, and 3 a second.
    pub pings: Allowance,
    /// How often a client may send DATA that brings nothing.
    /// Default: 100, and 10 a second.
    pub empty: Allowance,
    /// How often a client may send frames that no stream needs: PRIORITY, and those of
    /// unknown kinds. Default: 300, and 10 a second.
    pub others: Allowance,
    /// How often a client may open a window. 256 bytes of a response earn one.
    /// Default: 1,000, and 100 a second.
    pub updates: Allowance,
    // ANCHOR_END: floods
    /// Who is told of each frame that passes. Default: nobody.
    pub observer: Option<Observer>,
}

impl Http2 {
    /// The window of a connection.
    pub(crate) fn whole_window(&self) -> u32 {
        let windows = self.streams.saturating_mul(self.window);
        // Less than RFC 9113's initial window cannot be said.
        self.connection_window.unwrap_or(windows).clamp(65_535, LARGEST_WINDOW)
    }
}

impl Default for Http2 {
    fn default() -> Self {
        let allowance = |burst, per_second| Allowance { burst, per_second };
        Self {
            streams: 100,
            window: 64 * 1024,
            connection_window: None,
            frame: 16 * 1024,
            send_buffer: 64 * 1024,
            keep_alive: Duration::from_mins(1),
            ping: Duration::from_secs(20),
            ping_timeout: Duration::from_secs(20),
            resets: allowance(200, 20),
            settings: allowance(10, 1),
            pings: allowance(30, 3),
            empty: allowance(100, 10),
            others: allowance(300, 10),
            updates: allowance(1_000, 100),
            observer: None,
        }
    }
}
