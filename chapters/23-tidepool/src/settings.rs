//! From options to what the parts below are set up with: [`http_server::Config`], [`Http2`], [`TlsConfig`], [`websockets::Config`] and [`lifespan::Config`].

use std::time::Duration;

use http::HeaderValue;
use http2_and_tls::{Clients, Http2, TlsConfig};
use lifespan::{Mode, Stages};
use websockets::{Patience, WebSockets};

use crate::cli::{self, CertReqs, Options};
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
        upgrade: Some(WebSockets::new(web_sockets(options))),
        errors: log::errors(),
        declined: None,
    }
}

/// That of HTTP/2.
pub fn http2(options: &Options) -> Http2 {
    let own = &options.http2;
    Http2 {
        streams: own.http2_max_concurrent_streams,
        window: own.http2_initial_stream_window_size,
        connection_window: own.http2_initial_connection_window_size,
        frame: own.http2_max_frame_size,
        send_buffer: in_memory(own.http2_max_send_buffer_size),
        keep_alive: own.http2_timeout_idle,
        ping: own.http2_keep_alive_interval,
        ping_timeout: own.http2_keep_alive_timeout,
        resets: own.http2_limit_resets,
        settings: own.http2_limit_settings,
        pings: own.http2_limit_pings,
        empty: own.http2_limit_empty_data,
        others: own.http2_limit_other_frames,
        updates: own.http2_limit_window_updates,
        observer: None,
    }
}

/// That of TLS, if there is TLS.
pub fn tls(options: &Options) -> Option<TlsConfig> {
    let own = &options.tls;
    let certificates = own.ssl_certfile.clone()?;
    let authorities = own.ssl_ca_certs.clone().unwrap_or_default();
    Some(TlsConfig {
        key: own.ssl_keyfile.clone().unwrap_or_else(|| certificates.clone()),
        certificates,
        password: own.ssl_keyfile_password.clone(),
        clients: match own.ssl_cert_reqs {
            CertReqs::None => Clients::NotAsked,
            CertReqs::Optional => Clients::Optional(authorities),
            CertReqs::Required => Clients::Required(authorities),
        },
        handshake: own.ssl_timeout_handshake,
        handshakes: own.ssl_max_handshakes,
        resumption: own.ssl_resumption,
        http1: options.listening.http != cli::Http::H2,
        http2: options.listening.http != cli::Http::H1,
    })
}

/// That of WebSockets.
pub fn web_sockets(options: &Options) -> websockets::Config {
    let ws = &options.web_sockets;
    let unless_never = |time: Duration| Some(time).filter(|time| *time != Duration::MAX);
    websockets::Config {
        handshake: ws.ws_timeout_handshake,
        patience: Patience {
            ping_interval: unless_never(ws.ws_ping_interval),
            ping_timeout: unless_never(ws.ws_ping_timeout),
            close: ws.ws_timeout_close,
        },
        write: ws.ws_timeout_write,
        drain: ws.ws_drain,
        linger: ws.ws_timeout_linger,
        limits: websockets::Limits { message: in_memory(ws.ws_max_size) },
        queue: ws.ws_max_queue,
        queue_bytes: in_memory(ws.ws_max_queue_bytes),
        write_buffer: in_memory(ws.ws_write_buffer),
        compression: ws.ws_per_message_deflate.then(websockets::deflate::Settings::default),
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
