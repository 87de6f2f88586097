//! From options to what the parts below are set up with: [`http_server::Config`] and [`lifespan::Config`].

use std::time::Duration;

use http::HeaderValue;
use lifespan::{Mode, Stages};

use crate::cli::{self, Options};
use crate::listen::accept::Prelude;
use crate::log;

/// The server's.
pub fn http(options: &Options) -> http_server::Config {
    let cli::Limits {
        limit_concurrency,
        retry_after,
        limit_connections,
        limit_requests_per_connection,
        limit_head_bytes,
        limit_head_fields,
        limit_drain,
        write_buffer,
        unsent,
        min_body_rate,
        min_write_rate,
        awake_connections,
        half_close,
    } = options.limits;
    let times = &options.times;
    http_server::Config {
        first_byte: times.timeout_first_byte,
        head: times.timeout_head,
        keep_alive: times.timeout_keep_alive,
        park: times.park_after,
        body: times.timeout_body,
        body_rate: min_body_rate,
        write: times.timeout_write,
        write_rate: min_write_rate,
        after_disconnect: times.timeout_after_disconnect,
        linger: times.timeout_linger,
        graceful: times.timeout_graceful_shutdown,
        head_bytes: in_memory(limit_head_bytes),
        head_fields: limit_head_fields,
        drain: limit_drain,
        write_buffer: in_memory(write_buffer),
        unsent: u32::try_from(unsent).ok().filter(|bytes| *bytes > 0),
        connections: limit_connections,
        awake: awake_connections,
        in_flight: limit_concurrency,
        retry_after,
        requests: limit_requests_per_connection,
        half_close,
        date: options.application.date_header,
        server: options.application.server_header.then(|| HeaderValue::from_static("tidepool")),
        root_path: options.application.root_path.clone(),
        errors: log::errors(),
    }
}

/// What there is no memory for is no bound.
fn in_memory(size: u64) -> usize {
    usize::try_from(size).unwrap_or(usize::MAX)
}

/// The server's life; `stages` learns of it.
pub fn life(options: &Options, stages: Stages) -> lifespan::Config {
    let times = &options.times;
    lifespan::Config {
        http: http(options),
        mode: match options.application.lifespan {
            cli::Lifespan::Auto => Mode::Auto,
            cli::Lifespan::On => Mode::On,
            cli::Lifespan::Off => Mode::Off,
        },
        startup: times.timeout_startup,
        quiet: times.quiet_shutdown,
        shutdown: times.timeout_shutdown,
        leave: times.timeout_leave,
        stages,
    }
}

/// What stands before HTTP on each connection, if anything does.
pub fn prelude(options: &Options) -> Option<Prelude> {
    let proxies = &options.proxies;
    proxies.proxy_protocol.then(|| Prelude {
        trust: proxies.forwarded_allow_ips.clone(),
        bound: proxies.timeout_proxy_protocol,
    })
}

/// How many threads serve in each process.
pub fn threads(options: &Options) -> usize {
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    let share = (processors / usize::from(options.processes.workers)).max(1);
    options.processes.threads.map_or(share, usize::from)
}

/// How long the whole end of a process can take, by its own bounds.
pub fn whole_end(options: &Options) -> Duration {
    let times = &options.times;
    [
        times.timeout_leave,
        times.quiet_shutdown,
        times.timeout_graceful_shutdown,
        times.timeout_leave,
        times.timeout_shutdown,
        times.timeout_leave,
        times.timeout_leave,
    ]
    .into_iter()
    .fold(Duration::from_secs(1), Duration::saturating_add)
}
