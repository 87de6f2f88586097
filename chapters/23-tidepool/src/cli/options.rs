//! What can be set, with Uvicorn's names where Uvicorn has the option.
//!
//! The text above each field is what `--help` shows.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use clap::builder::ArgAction::Set;
use clap::{Args, Parser, ValueEnum};
use http::{HeaderName, HeaderValue, header};
use http2_and_tls::{Allowance, Password};

use super::units::{allowance, mode, number, size, time, window};
use crate::proxy::Trust;
use crate::reload::Pattern;

const AFTER: &str = "Every option is also an environment variable, as TIDEPOOL_PORT for --port (WEB_CONCURRENCY and FORWARDED_ALLOW_IPS are \
read too), and a key of the file that --config names, as port = 8000. The command line wins over the environment, and that over the file.

Times are seconds (5, 0.25) or have a unit (500ms, 2m); never is no bound. Sizes are bytes or have a unit (64KiB). \
A switch that is on is turned off by =false, or by --no-… before its name.

SIGTERM and SIGINT end the server, requests first; a second SIGINT ends it at once. With several workers, SIGHUP replaces them one by one, \
SIGTTIN adds one, SIGTTOU takes one away; with one, and TLS, SIGHUP has it read certificate and key again. Connections that are open stay as they are.

TLS is 1.2 and 1.3, with none but suites that nobody has broken: there is no --ssl-version and no --ssl-ciphers to choose worse ones by.

Exit codes: 0 told to stop; 1 a socket or a certificate could not be had, or the end went wrong; 2 the options cannot be used; 3 the application did not start; \
130 and 143 ended by a signal.";

/// Serves this application.
#[derive(Debug, Clone, Parser)]
#[command(name = "tidepool", version, after_help = AFTER, max_term_width = 100)]
#[expect(missing_docs, reason = "each is a group of options, whose fields say more")]
pub struct Options {
    /// A TOML file with further options; their names are those of the command line
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    #[command(flatten)]
    pub listening: Listening,
    #[command(flatten)]
    pub tls: Tls,
    #[command(flatten)]
    pub processes: Processes,
    #[command(flatten)]
    pub application: Application,
    #[command(flatten)]
    pub logging: Logging,
    #[command(flatten)]
    pub proxies: Proxies,
    #[command(flatten)]
    pub limits: Limits,
    #[command(flatten)]
    pub times: Times,
    #[command(flatten)]
    pub http2: Http2,
    #[command(flatten)]
    pub web_sockets: WebSockets,
    #[command(flatten)]
    pub development: Development,
}

/// Where connections come from.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Listening")]
pub struct Listening {
    /// The address to listen on; 0.0.0.0 is every one of this machine
    #[arg(long, default_value = "127.0.0.1")]
    pub host: String,
    /// The port; 0 is a free one
    #[arg(long, default_value_t = 8000, value_parser = number::<u16>(0..=u16::MAX.into()))]
    pub port: u16,
    /// A Unix socket instead
    #[arg(long, value_name = "PATH", conflicts_with = "fd")]
    pub uds: Option<PathBuf>,
    /// Who may connect to the Unix socket: its mode, in octal digits
    #[arg(long, value_name = "MODE", default_value = "666", value_parser = mode)]
    pub uds_mode: u32,
    /// A listening socket that the parent process left open under this number
    #[arg(long, value_name = "NUMBER", value_parser = number::<u32>(0..=u32::MAX.into()))]
    pub fd: Option<u32>,
    /// How many connections wait in the kernel to be accepted
    #[arg(long, default_value_t = 2048, value_parser = number::<u32>(1..=65_535))]
    pub backlog: u32,
    /// What clients may speak. auto is HTTP/1.1 and HTTP/2: over TLS as the two agree, else as the client begins
    #[arg(long, value_enum, default_value = "auto")]
    pub http: Http,
}

impl Listening {
    /// The nearest word counts: a port on the command line, and the Unix socket of a file is not meant.
    pub(super) fn prefer(&mut self, named: &[String], in_environment: &dyn Fn(&str) -> bool) {
        let ways = ["fd", "uds", "host", "port"];
        let is_named = |way: &&str| named.iter().any(|name| name == way);
        let near = ways.into_iter().find(is_named);
        let near = near.or_else(|| ways.into_iter().find(|way| in_environment(way)));
        match near {
            Some("fd") => self.uds = None,
            Some("uds") => self.fd = None,
            Some(_) => (self.uds, self.fd) = (None, None),
            None => {}
        }
    }
}

/// What is so for TLS, which is on if there is a certificate.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "TLS")]
pub struct Tls {
    /// The server's certificate and those that vouch for it, in PEM: HTTPS is served, and nothing else. Read again at SIGHUP
    #[arg(long, value_name = "FILE")]
    pub ssl_certfile: Option<PathBuf>,
    /// Its private key, in PEM [default: it is in the certificate's file]
    #[arg(long, value_name = "FILE")]
    pub ssl_keyfile: Option<PathBuf>,
    /// What the key is encrypted with; by the environment or the file, as others may see the command line
    #[arg(long, value_name = "PASSWORD", hide_default_value = true)]
    pub ssl_keyfile_password: Option<Password>,
    /// Whether clients have to show a certificate: none, optional, required (or 0, 1, 2)
    #[arg(
        long,
        value_enum,
        value_name = "WHETHER",
        default_value = "none",
        hide_possible_values = true
    )]
    pub ssl_cert_reqs: CertReqs,
    /// Whose certificates they may show: those that these vouch for, in PEM
    #[arg(long, value_name = "FILE")]
    pub ssl_ca_certs: Option<PathBuf>,
    /// Whether a client that comes again may go on with its session, which is cheaper
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value = "true", action = Set, hide_possible_values = true)]
    pub ssl_resumption: bool,
    /// How long a handshake may take, with the wait for its turn
    #[arg(long, value_name = "TIME", default_value = "10", value_parser = time)]
    pub ssl_timeout_handshake: Duration,
    /// How many handshakes are under way at a time; more wait for their turn [default: as many as connections]
    #[arg(long, value_name = "NUMBER", value_parser = number::<usize>(0..=u64::MAX))]
    pub ssl_max_handshakes: Option<usize>,
}

impl Tls {
    /// What only some of the options together have wrong.
    pub(super) fn check(&self) -> Result<(), String> {
        let needs = [
            ("--ssl-keyfile", self.ssl_keyfile.is_some()),
            ("--ssl-keyfile-password", self.ssl_keyfile_password.is_some()),
            ("--ssl-ca-certs", self.ssl_ca_certs.is_some()),
            ("--ssl-cert-reqs", self.ssl_cert_reqs != CertReqs::None),
        ];
        if let (None, Some((name, _))) =
            (&self.ssl_certfile, needs.iter().find(|(_, given)| *given))
        {
            return Err(format!(
                "{name} is nothing without --ssl-certfile, the server's certificate"
            ));
        }
        match (self.ssl_cert_reqs, &self.ssl_ca_certs) {
            (CertReqs::None, Some(_)) => Err(
                "--ssl-ca-certs says whose certificates clients may show, and --ssl-cert-reqs none does not ask for one: add --ssl-cert-reqs required, or optional".into(),
            ),
            (CertReqs::Optional | CertReqs::Required, None) => Err(
                "--ssl-cert-reqs asks clients for a certificate: add --ssl-ca-certs, which says whose certificates are good".into(),
            ),
            _ => Ok(()),
        }
    }
}

/// How the work is shared out.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Processes and threads")]
pub struct Processes {
    /// How many processes serve; with more than one, this one watches over them and holds the socket
    #[arg(long, default_value_t = 1, value_parser = number::<u16>(1..=1024))]
    pub workers: u16,
    /// How many threads serve in each; with one, applications cannot block_in_place [default: one for
    /// each processor, shared among the workers]
    #[arg(long, value_parser = number::<u16>(1..=1024))]
    pub threads: Option<u16>,
    /// After how many requests a process is replaced, or ends if it is the only one
    #[arg(long, value_name = "NUMBER", value_parser = number::<u64>(1..=u64::MAX))]
    pub limit_max_requests: Option<u64>,
    /// Up to how many more each process draws for itself, so that not all are replaced at a time
    #[arg(long, value_name = "NUMBER", default_value_t = 0, value_parser = number::<u64>(0..=u64::MAX))]
    pub limit_max_requests_jitter: u64,
    /// How long a worker may be silent before it is killed and replaced
    #[arg(long, value_name = "TIME", default_value = "5", value_parser = time)]
    pub timeout_worker_healthcheck: Duration,
}

/// What the application is told, and what is added to it.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Application")]
pub struct Application {
    /// Whether the application is asked to start and to end: off, on (it must answer), auto (if it answers)
    #[arg(long, value_enum, default_value = "auto")]
    pub lifespan: Lifespan,
    /// The path under which a proxy has mounted the application
    #[arg(long, value_name = "PATH", default_value = "", value_parser = root_path, hide_default_value = true)]
    pub root_path: String,
    /// A header for every response that has none of that name; may be given several times
    #[arg(long, value_name = "NAME:VALUE", value_parser = header)]
    pub header: Vec<(HeaderName, HeaderValue)>,
    /// Whether responses name the server
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value = "true", action = Set, hide_possible_values = true)]
    pub server_header: bool,
    /// Whether responses have a date
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value = "true", action = Set, hide_possible_values = true)]
    pub date_header: bool,
    /// A folder whose files are served under a path, as /static=public; may be given several times
    #[arg(long, value_name = "PATH=FOLDER")]
    pub static_dir: Vec<StaticDir>,
}

/// What is said of it.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Log and metrics")]
pub struct Logging {
    /// What is worth a line
    #[arg(long, value_enum, default_value = "info")]
    pub log_level: LogLevel,
    /// How a line looks
    #[arg(long, value_enum, default_value = "text")]
    pub log_format: LogFormat,
    /// Whether each request has a line, on standard output
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value = "true", action = Set, hide_possible_values = true)]
    pub access_log: bool,
    /// Whether lines are coloured [default: on a terminal]
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true", action = Set, hide_possible_values = true)]
    pub use_colors: Option<bool>,
    /// Where Prometheus may fetch figures, as 127.0.0.1:9000, under any path
    #[arg(long, value_name = "ADDRESS")]
    pub metrics: Option<SocketAddr>,
}

/// Who may speak for somebody else.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Behind a proxy")]
pub struct Proxies {
    /// Whether a trusted proxy says who the client is and how it came
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value = "true", action = Set, hide_possible_values = true)]
    pub proxy_headers: bool,
    /// In which header it does; the other one may be the client's invention, and is not looked at
    #[arg(long, value_enum, default_value = "x-forwarded")]
    pub forwarded_header: ForwardedHeader,
    /// Which proxies are trusted: addresses, networks (10.0.0.0/8), unix for whoever comes over a Unix socket, * for everybody
    #[arg(long, value_name = "LIST", default_value = "127.0.0.1")]
    pub forwarded_allow_ips: Trust,
    /// Whether each connection begins with a header of the PROXY protocol, version 1 or 2
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value = "false", action = Set, hide_possible_values = true)]
    pub proxy_protocol: bool,
    /// How long that header may take
    #[arg(long, value_name = "TIME", default_value = "5", value_parser = time)]
    pub timeout_proxy_protocol: Duration,
}

/// How much of something there may be.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Limits")]
pub struct Limits {
    /// How many requests run at a time in each process; more get 503
    #[arg(long, value_name = "NUMBER", value_parser = number::<usize>(0..=u64::MAX))]
    pub limit_concurrency: Option<usize>,
    /// When a client that got 503 may come back
    #[arg(long, value_name = "TIME", default_value = "1", value_parser = time)]
    pub retry_after: Duration,
    /// How many connections each process has open; more wait in the kernel
    #[arg(long, value_name = "NUMBER", default_value_t = 10_000, value_parser = number::<usize>(0..=u64::MAX))]
    pub limit_connections: usize,
    /// After how many requests a connection is closed
    #[arg(long, value_name = "NUMBER", value_parser = number::<u64>(0..=u64::MAX))]
    pub limit_requests_per_connection: Option<u64>,
    /// The longest head of a request
    #[arg(long, value_name = "SIZE", default_value = "64KiB", value_parser = size)]
    pub limit_head_bytes: u64,
    /// The most fields in it, up to 100
    #[arg(long, value_name = "NUMBER", default_value_t = 100, value_parser = number::<usize>(0..=u64::MAX))]
    pub limit_head_fields: usize,
    /// How much of a body that the application did not read is read and thrown away, to keep the connection
    #[arg(long, value_name = "SIZE", default_value = "256KiB", value_parser = size)]
    pub limit_drain: u64,
    /// How much of a response waits in the server for a slow client
    #[arg(long, value_name = "SIZE", default_value = "256KiB", value_parser = size)]
    pub write_buffer: u64,
    /// How much of it waits in the kernel; 0 leaves that to the kernel
    #[arg(long, value_name = "SIZE", default_value = "256KiB", value_parser = size)]
    pub unsent: u64,
    /// How many bytes a second a body must bring; 0 is no bound
    #[arg(long, value_name = "BYTES", default_value_t = 240, value_parser = number::<u32>(0..=u32::MAX.into()))]
    pub min_body_rate: u32,
    /// How many bytes a second of a response a client must take; 0 is no bound
    #[arg(long, value_name = "BYTES", default_value_t = 240, value_parser = number::<u32>(0..=u32::MAX.into()))]
    pub min_write_rate: u32,
    /// How many idle connections keep their buffers
    #[arg(long, value_name = "NUMBER", default_value_t = 64, value_parser = number::<usize>(0..=u64::MAX))]
    pub awake_connections: usize,
    /// Whether a client that has closed its sending side is still there
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value = "false", action = Set, hide_possible_values = true)]
    pub half_close: bool,
}

/// How long something may take.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Times")]
pub struct Times {
    /// The application's start
    #[arg(long, value_name = "TIME", default_value = "60", value_parser = time)]
    pub timeout_startup: Duration,
    /// Silence before the first byte of a connection
    #[arg(long, value_name = "TIME", default_value = "10", value_parser = time)]
    pub timeout_first_byte: Duration,
    /// The head of a request; then 408
    #[arg(long, value_name = "TIME", default_value = "10", value_parser = time)]
    pub timeout_head: Duration,
    /// A connection between two requests
    #[arg(long, value_name = "TIME", default_value = "5", value_parser = time)]
    pub timeout_keep_alive: Duration,
    /// After how long an idle connection gives up its buffers
    #[arg(long, value_name = "TIME", default_value = "1", value_parser = time)]
    pub park_after: Duration,
    /// The next bytes of a body
    #[arg(long, value_name = "TIME", default_value = "30", value_parser = time)]
    pub timeout_body: Duration,
    /// A client that does not read
    #[arg(long, value_name = "TIME", default_value = "30", value_parser = time)]
    pub timeout_write: Duration,
    /// The application, after its client has left in the middle of a response
    #[arg(long, value_name = "TIME", default_value = "30", value_parser = time)]
    pub timeout_after_disconnect: Duration,
    /// A client that is to read the last response before the connection is closed
    #[arg(long, value_name = "TIME", default_value = "1", value_parser = time)]
    pub timeout_linger: Duration,
    /// At the end: how long connections may end by themselves before applications are told
    #[arg(long, value_name = "TIME", default_value = "0", value_parser = time)]
    pub quiet_shutdown: Duration,
    /// Then: how long requests have to end; those that have not are cut
    #[arg(long, value_name = "TIME", default_value = "20", value_parser = time)]
    pub timeout_graceful_shutdown: Duration,
    /// Then: how long the application has to put everything away
    #[arg(long, value_name = "TIME", default_value = "5", value_parser = time)]
    pub timeout_shutdown: Duration,
    /// Then: how long to wait for threads that do not come back
    #[arg(long, value_name = "TIME", default_value = "1", value_parser = time)]
    pub timeout_leave: Duration,
}

/// What is so for HTTP/2; what it has in common with HTTP/1.1 is among the limits and times above.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "HTTP/2")]
pub struct Http2 {
    /// How many streams a client has open at a time
    #[arg(long, value_name = "NUMBER", default_value_t = 100, value_parser = number::<u32>(1..=u32::MAX.into()))]
    pub http2_max_concurrent_streams: u32,
    /// How much of a body waits for the application, for each stream
    #[arg(long, value_name = "SIZE", default_value = "64KiB", value_parser = window)]
    pub http2_initial_stream_window_size: u32,
    /// And for all of a connection [default: as much for each of its streams]
    #[arg(long, value_name = "SIZE", value_parser = window)]
    pub http2_initial_connection_window_size: Option<u32>,
    /// The largest frame of a client, from 16KiB to 16MiB
    #[arg(long, value_name = "SIZE", default_value = "16KiB", value_parser = window)]
    pub http2_max_frame_size: u32,
    /// How much of a response waits for a slow client, for each stream
    #[arg(long, value_name = "SIZE", default_value = "64KiB", value_parser = size)]
    pub http2_max_send_buffer_size: u64,
    /// A connection without a stream
    #[arg(long, value_name = "TIME", default_value = "60", value_parser = time)]
    pub http2_timeout_idle: Duration,
    /// After how long a silence a client with open streams is asked whether it is there
    #[arg(long, value_name = "TIME", default_value = "20", value_parser = time)]
    pub http2_keep_alive_interval: Duration,
    /// How long it may be silent then
    #[arg(long, value_name = "TIME", default_value = "20", value_parser = time)]
    pub http2_keep_alive_timeout: Duration,
    /// How often a client may reset a stream: so many times at once, and so many a second; this and the next ones end the connection of who goes beyond
    #[arg(long, value_name = "BURST/RATE", default_value = "200/20", value_parser = allowance)]
    pub http2_limit_resets: Allowance,
    /// How often it may send SETTINGS
    #[arg(long, value_name = "BURST/RATE", default_value = "10/1", value_parser = allowance)]
    pub http2_limit_settings: Allowance,
    /// PING
    #[arg(long, value_name = "BURST/RATE", default_value = "30/3", value_parser = allowance)]
    pub http2_limit_pings: Allowance,
    /// DATA that brings nothing
    #[arg(long, value_name = "BURST/RATE", default_value = "100/10", value_parser = allowance)]
    pub http2_limit_empty_data: Allowance,
    /// PRIORITY, and frames that nobody knows
    #[arg(long, value_name = "BURST/RATE", default_value = "300/10", value_parser = allowance)]
    pub http2_limit_other_frames: Allowance,
    /// WINDOW_UPDATE, beyond one for each KiB that it was sent
    #[arg(long, value_name = "BURST/RATE", default_value = "1000/100", value_parser = allowance)]
    pub http2_limit_window_updates: Allowance,
}

/// What is so for WebSockets.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "WebSockets")]
pub struct WebSockets {
    /// The longest message, inflated
    #[arg(long, value_name = "SIZE", default_value = "16MiB", value_parser = size)]
    pub ws_max_size: u64,
    /// How many messages wait for the application
    #[arg(long, value_name = "NUMBER", default_value_t = 32, value_parser = number::<usize>(0..=u64::MAX))]
    pub ws_max_queue: usize,
    /// And how long they may be together
    #[arg(long, value_name = "SIZE", default_value = "256KiB", value_parser = size)]
    pub ws_max_queue_bytes: u64,
    /// How much waits for a client that does not read
    #[arg(long, value_name = "SIZE", default_value = "64KiB", value_parser = size)]
    pub ws_write_buffer: u64,
    /// After how long a silence the client is asked whether it is there
    #[arg(long, value_name = "TIME", default_value = "20", value_parser = time)]
    pub ws_ping_interval: Duration,
    /// How long it may be silent then
    #[arg(long, value_name = "TIME", default_value = "20", value_parser = time)]
    pub ws_ping_timeout: Duration,
    /// Whether messages are compressed where the client offers it
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value = "false", action = Set, hide_possible_values = true)]
    pub ws_per_message_deflate: bool,
    /// The application's answer to a handshake; then 503
    #[arg(long, value_name = "TIME", default_value = "10", value_parser = time)]
    pub ws_timeout_handshake: Duration,
    /// A client that does not read
    #[arg(long, value_name = "TIME", default_value = "30", value_parser = time)]
    pub ws_timeout_write: Duration,
    /// A client's answer to the goodbye
    #[arg(long, value_name = "TIME", default_value = "10", value_parser = time)]
    pub ws_timeout_close: Duration,
    /// A client that is to read the last word before the connection is closed
    #[arg(long, value_name = "TIME", default_value = "1", value_parser = time)]
    pub ws_timeout_linger: Duration,
    /// At the end: how long applications have to say goodbye; then it is said for them, with 1012
    #[arg(long, value_name = "TIME", default_value = "1", value_parser = time)]
    pub ws_drain: Duration,
}

/// Start again when the program has changed.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Development")]
pub struct Development {
    /// Whether the program is built and started again when its sources change; requests wait meanwhile
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value = "false", action = Set, hide_possible_values = true)]
    pub reload: bool,
    /// A folder to watch; may be given several times [default: the package's]
    #[arg(long, value_name = "FOLDER")]
    pub reload_dir: Vec<PathBuf>,
    /// Which files matter; may be given several times
    #[arg(long, value_name = "PATTERN", default_values = ["*.rs", "Cargo.toml", "Cargo.lock"])]
    pub reload_include: Vec<Pattern>,
    /// Which do not, in whatever folder; may be given several times
    #[arg(long, value_name = "PATTERN", default_values = ["**/target/**", "**/.*/**"])]
    pub reload_exclude: Vec<Pattern>,
    /// How long it has to be quiet after a change
    #[arg(long, value_name = "TIME", default_value = "0.25", value_parser = time)]
    pub reload_delay: Duration,
    /// What builds the program, for a shell [default: cargo build, as this program was built]
    #[arg(long, value_name = "COMMAND")]
    pub reload_command: Option<String>,
}

/// What clients may speak.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[expect(missing_docs, reason = "what is said of values would make --help twice as long")]
pub enum Http {
    Auto,
    // Granian's and Uvicorn's words for the same are read too.
    #[value(name = "h1", alias = "1")]
    H1,
    #[value(name = "h2", alias = "2")]
    H2,
}

/// Whether clients show certificates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[expect(missing_docs, reason = "see the option")]
pub enum CertReqs {
    // The numbers are those of Python's module ssl, which Uvicorn takes.
    #[value(alias = "0")]
    None,
    #[value(alias = "1")]
    Optional,
    #[value(alias = "2")]
    Required,
}

/// Whether the application is asked about its lifespan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[expect(missing_docs, reason = "see the option")]
pub enum Lifespan {
    Auto,
    On,
    Off,
}

/// What is worth a line: this, and what is worse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[expect(missing_docs, reason = "the names are the levels")]
pub enum LogLevel {
    #[value(alias = "critical")]
    Error,
    Warning,
    Info,
    Debug,
    Trace,
}

/// How a line looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[expect(missing_docs, reason = "what is said of values would make --help twice as long")]
pub enum LogFormat {
    // For people, in Uvicorn's words.
    Text,
    // For programs, an object a line.
    Json,
}

/// Which header a proxy writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[expect(missing_docs, reason = "what is said of values would make --help twice as long")]
pub enum ForwardedHeader {
    // `X-Forwarded-For` and `X-Forwarded-Proto`.
    XForwarded,
    // `Forwarded`, RFC 7239.
    Forwarded,
}

impl ForwardedHeader {
    /// Whether that is the header's name, or one of its names.
    pub(crate) fn is(self, name: &HeaderName) -> bool {
        match self {
            Self::XForwarded => matches!(name.as_str(), "x-forwarded-for" | "x-forwarded-proto"),
            Self::Forwarded => *name == header::FORWARDED,
        }
    }
}

/// A folder, and the path under which its files are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StaticDir {
    /// Begins with a slash, and ends without.
    pub prefix: String,
    /// The folder.
    pub folder: PathBuf,
}

impl FromStr for StaticDir {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (prefix, folder) =
            text.split_once('=').ok_or("it is PATH=FOLDER, as /static=public")?;
        if !prefix.starts_with('/') || folder.is_empty() {
            return Err(
                "the path begins with a slash, and a folder follows, as /static=public".into()
            );
        }
        Ok(Self { prefix: prefix.trim_end_matches('/').to_owned(), folder: folder.into() })
    }
}

fn root_path(text: &str) -> Result<String, String> {
    let path = text.trim_end_matches('/');
    if path.is_empty() || path.starts_with('/') {
        return Ok(path.to_owned());
    }
    Err("a path begins with a slash, as /api".into())
}

fn header(text: &str) -> Result<(HeaderName, HeaderValue), String> {
    let (name, value) = text.split_once(':').ok_or("it is NAME:VALUE, as x-frame-options:deny")?;
    let name = name.parse().map_err(|_| format!("{name:?} is no name of a header"))?;
    let value = value.trim().parse().map_err(|_| "the value has control characters in it")?;
    Ok((name, value))
}

/// Whether an option is on or off, by the name of its field.
pub(super) fn is_switch(id: &str) -> bool {
    const SWITCHES: [&str; 10] = [
        "ssl_resumption",
        "ws_per_message_deflate",
        "server_header",
        "date_header",
        "access_log",
        "use_colors",
        "proxy_headers",
        "proxy_protocol",
        "half_close",
        "reload",
    ];
    SWITCHES.contains(&id)
}
