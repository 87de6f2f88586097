//! Figures for Prometheus: how many requests, how they ended, how long they took, what is going on now.
//!
//! Each process counts in [`Metrics`], by atomics. What it has counted is a [`Snapshot`], a row of numbers that a worker sends to its supervisor;
//! snapshots can be added, and [written](Snapshot::text) in Prometheus' text format, version 0.0.4.
//!
//! It leaves out labels for paths: their number would be the clients' to choose.

mod metered;
mod serve;

use std::fmt::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use http::{Method, StatusCode};

pub use metered::Metered;
pub use serve::serve;

const METHODS: [&str; 8] = ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "other"];
const STATUSES: [&str; 6] = ["none", "1xx", "2xx", "3xx", "4xx", "5xx"];
/// With which the server answers in the application's place.
const DECLINED: [&str; 8] = ["400", "405", "408", "426", "431", "501", "503", "other"];
/// The upper ends of the latencies' buckets, in microseconds, and as text in seconds.
const BUCKETS: [(u64, &str); 13] = [
    (1_000, "0.001"),
    (2_500, "0.0025"),
    (5_000, "0.005"),
    (10_000, "0.01"),
    (25_000, "0.025"),
    (50_000, "0.05"),
    (100_000, "0.1"),
    (250_000, "0.25"),
    (500_000, "0.5"),
    (1_000_000, "1"),
    (2_500_000, "2.5"),
    (5_000_000, "5"),
    (10_000_000, "10"),
];

// Where each figure is in the row: first what only grows, then what is so at the moment.
const REQUESTS: usize = 0;
const LATENCY: usize = REQUESTS + METHODS.len() * STATUSES.len();
const LATENCY_SUM: usize = LATENCY + BUCKETS.len() + 1;
const ACCEPTED: usize = LATENCY_SUM + 1;
const HANDSHAKES: usize = ACCEPTED + 1;
const DECLINES: usize = HANDSHAKES + 2;
const GAUGES: usize = DECLINES + DECLINED.len();
const IN_FLIGHT: usize = GAUGES;
const WEBSOCKETS: usize = IN_FLIGHT + 1;
const STREAMS: usize = WEBSOCKETS + 1;
const PHASES: usize = STREAMS + 1;
const QUEUE: usize = PHASES + Phase::ALL.len();
const ALL: usize = QUEUE + 1;

/// What one process counts.
#[derive(Debug)]
pub struct Metrics {
    values: [AtomicU64; ALL],
}

impl Metrics {
    /// Nothing yet.
    pub fn new() -> Self {
        Self { values: [const { AtomicU64::new(0) }; ALL] }
    }

    fn add(&self, at: usize, count: u64) {
        self.values[at].fetch_add(count, Relaxed);
    }

    fn less(&self, at: usize) {
        self.values[at].fetch_sub(1, Relaxed);
    }

    fn request(&self, method: &Method, status: Option<StatusCode>, took: Duration) {
        let method = METHODS.iter().position(|name| *name == method.as_str());
        let method = method.unwrap_or(METHODS.len() - 1);
        let class = status.map_or(0, |status| usize::from(status.as_u16() / 100));
        self.add(REQUESTS + method * STATUSES.len() + class.min(STATUSES.len() - 1), 1);
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        let bucket = BUCKETS.iter().position(|(end, _)| micros <= *end).unwrap_or(BUCKETS.len());
        self.add(LATENCY + bucket, 1);
        self.add(LATENCY_SUM, micros);
    }

    /// A handshake of TLS is over.
    pub fn handshake(&self, well: bool) {
        self.add(HANDSHAKES + usize::from(!well), 1);
    }

    /// A request was answered without the application.
    pub fn declined(&self, status: StatusCode) {
        let at = DECLINED.iter().position(|name| *name == status.as_str());
        self.add(DECLINES + at.unwrap_or(DECLINED.len() - 1), 1);
    }

    /// What was counted so far, with the length of the runtime's queue now.
    pub fn snapshot(&self, queue: usize) -> Snapshot {
        let mut values: Vec<_> = self.values.iter().map(|value| value.load(Relaxed)).collect();
        values[QUEUE] = queue as u64;
        Snapshot { values }
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

/// How far a connection is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Phase {
    /// It has to say who it is first.
    Prelude,
    /// It has to agree on TLS.
    Handshake,
    /// Accepted, and not a byte has come.
    Silent,
    /// Nothing is under way.
    Idle,
    /// A request is, or a WebSocket.
    Active,
}

impl Phase {
    const ALL: [Self; 5] = [Self::Prelude, Self::Handshake, Self::Silent, Self::Idle, Self::Active];

    const fn name(self) -> &'static str {
        match self {
            Self::Prelude => "prelude",
            Self::Handshake => "handshake",
            Self::Silent => "silent",
            Self::Idle => "idle",
            Self::Active => "active",
        }
    }
}

/// A connection that is counted in its phase, until this is dropped.
#[derive(Debug)]
pub struct PhaseGuard {
    metrics: Arc<Metrics>,
    /// It is changed by the connection's own task.
    phase: AtomicU8,
}

impl PhaseGuard {
    /// A new connection.
    pub fn accepted(metrics: &Arc<Metrics>, phase: Phase) -> Self {
        metrics.add(ACCEPTED, 1);
        metrics.add(PHASES + phase as usize, 1);
        Self { metrics: Arc::clone(metrics), phase: AtomicU8::new(phase as u8) }
    }

    /// It goes on, or is where it was.
    pub fn enter(&self, phase: Phase) {
        if self.phase.load(Relaxed) == phase as u8 {
            return;
        }
        let before = self.phase.swap(phase as u8, Relaxed);
        self.metrics.less(PHASES + usize::from(before));
        self.metrics.add(PHASES + phase as usize, 1);
    }

    /// Bytes of HTTP have come. Those of a prelude or a handshake are none.
    pub fn heard(&self) {
        if self.phase.load(Relaxed) == Phase::Silent as u8 {
            self.enter(Phase::Active);
        }
    }
}

impl Drop for PhaseGuard {
    fn drop(&mut self) {
        self.metrics.less(PHASES + usize::from(*self.phase.get_mut()));
    }
}

/// What was counted up to a moment, by one process or by several.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    values: Vec<u64>,
}

impl Default for Snapshot {
    fn default() -> Self {
        Self { values: vec![0; ALL] }
    }
}

impl Snapshot {
    /// Of both together.
    pub fn add(&mut self, other: &Self) {
        for (sum, value) in self.values.iter_mut().zip(&other.values) {
            *sum = sum.saturating_add(*value);
        }
    }

    /// What remains of a process that has ended: what it has counted, and nothing that is going on.
    pub fn ended(mut self) -> Self {
        self.values[GAUGES..].fill(0);
        self
    }

    /// For the way between two processes: one line, without its end.
    pub fn to_line(&self) -> String {
        self.values.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
    }

    /// From such a line, if it is one of this version.
    pub fn from_line(line: &str) -> Option<Self> {
        let values: Vec<_> =
            line.split(' ').map(|word| word.parse().ok()).collect::<Option<_>>()?;
        (values.len() == ALL).then_some(Self { values })
    }

    // ANCHOR: text
    /// In Prometheus' text format.
    pub fn text(&self) -> String {
        let mut text = String::new();
        let value = |at: usize| self.values[at];
        family(&mut text, "tidepool_requests_total", "counter", "Requests whose call has ended.");
        for (row, method) in METHODS.iter().enumerate() {
            for (column, status) in STATUSES.iter().enumerate() {
                let count = value(REQUESTS + row * STATUSES.len() + column);
                if count > 0 {
                    let labels = format!("{{method=\"{method}\",status=\"{status}\"}}");
                    line(&mut text, "tidepool_requests_total", &labels, count);
                }
            }
        }
        let name = "tidepool_declined_requests_total";
        family(&mut text, name, "counter", "Requests that the server answered by itself.");
        for (at, status) in DECLINED.iter().enumerate() {
            line(&mut text, name, &format!("{{status=\"{status}\"}}"), value(DECLINES + at));
        }
        family(
            &mut text,
            "tidepool_request_duration_seconds",
            "histogram",
            "From the call of the application to its return.",
        );
        let mut count = 0;
        let ends = BUCKETS.iter().map(|(_, end)| *end).chain(["+Inf"]);
        for (at, end) in ends.enumerate() {
            count += value(LATENCY + at);
            let labels = format!("{{le=\"{end}\"}}");
            line(&mut text, "tidepool_request_duration_seconds_bucket", &labels, count);
        }
        let sum = Duration::from_micros(value(LATENCY_SUM)).as_secs_f64();
        line(&mut text, "tidepool_request_duration_seconds_sum", "", sum);
        line(&mut text, "tidepool_request_duration_seconds_count", "", count);
        for (name, kind, help, at) in [
            ("tidepool_connections_accepted_total", "counter", "Connections, in all.", ACCEPTED),
            ("tidepool_requests_in_flight", "gauge", "Calls that have not returned.", IN_FLIGHT),
            ("tidepool_websockets_open", "gauge", "Calls for a WebSocket.", WEBSOCKETS),
            ("tidepool_http2_streams", "gauge", "Of all calls, those over HTTP/2.", STREAMS),
            (
                "tidepool_runtime_queue",
                "gauge",
                "Tasks in the queue that the threads share.",
                QUEUE,
            ),
        ] {
            family(&mut text, name, kind, help);
            line(&mut text, name, "", value(at));
        }
        family(&mut text, "tidepool_tls_handshakes_total", "counter", "How they ended.");
        for (at, result) in ["well", "failed"].into_iter().enumerate() {
            let labels = format!("{{result=\"{result}\"}}");
            line(&mut text, "tidepool_tls_handshakes_total", &labels, value(HANDSHAKES + at));
        }
        family(&mut text, "tidepool_connections", "gauge", "Connections, by how far they are.");
        for phase in Phase::ALL {
            let labels = format!("{{phase=\"{}\"}}", phase.name());
            line(&mut text, "tidepool_connections", &labels, value(PHASES + phase as usize));
        }
        text
    }
    // ANCHOR_END: text
}

/// Writing to a string cannot fail, here and below.
pub(crate) fn family(text: &mut String, name: &str, kind: &str, help: &str) {
    let _ = write!(text, "# HELP {name} {help}\n# TYPE {name} {kind}\n");
}

pub(crate) fn line(text: &mut String, name: &str, labels: &str, value: impl std::fmt::Display) {
    let _ = writeln!(text, "{name}{labels} {value}");
}
