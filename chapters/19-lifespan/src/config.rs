//! All that can be set, with units and defaults.

use std::time::Duration;

use crate::stage::Stages;

/// Whether the application is asked about its lifespan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mode {
    /// It is asked. One that does not speak lifespan, which is to say that its call ends before it has answered, is served without.
    #[default]
    Auto,
    /// It is asked, and must answer. If its call fails later, while it serves, the server shuts down.
    On,
    /// It is not asked, and its requests have no state.
    Off,
}

/// How a server's life is arranged.
///
/// ```
/// use std::time::Duration;
///
/// let config = lifespan::Config {
///     startup: Duration::from_mins(10), // a large model
///     http: http_server::Config { graceful: Duration::from_secs(5), ..http_server::Config::default() },
///     ..lifespan::Config::default()
/// };
/// # let _ = config;
/// ```
// ANCHOR: config
#[derive(Debug, Clone)]
pub struct Config {
    /// The server's. Its `graceful` is how long connections have to end, after applications were told.
    pub http: http_server::Config,
    /// Whether the application is asked about its lifespan. Default: [`Mode::Auto`].
    pub mode: Mode,
    /// How long the application may take to start. Default: 1 min.
    pub startup: Duration,
    /// How long connections have to end by themselves, before applications are told of the shutdown.
    /// None of this is lost where they end earlier. Default: 0 s, which tells them at once.
    pub quiet: Duration,
    /// How long the application may take to shut down, after the connections have ended. Default: 5 s.
    pub shutdown: Duration,
    /// How long to wait for what was told to end and may not listen: first for calls that were cut and block their thread,
    /// in the end for the lifespan call to return and for threads of `spawn_blocking`. Default: 1 s.
    pub leave: Duration,
    /// Who is told how far it is. Default: standard error, a line for each stage.
    pub stages: Stages,
}
// ANCHOR_END: config

impl Default for Config {
    fn default() -> Self {
        Self {
            http: http_server::Config::default(),
            mode: Mode::default(),
            startup: Duration::from_mins(1),
            quiet: Duration::ZERO,
            shutdown: Duration::from_secs(5),
            leave: Duration::from_secs(1),
            stages: Stages::default(),
        }
    }
}
