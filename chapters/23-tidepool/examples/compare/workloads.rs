//! What the servers are asked, and which of them.

use clap::ValueEnum;

use crate::peers::Peer;

/// How a server is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Speaks {
    Http1,
    Http1Tls,
    Http2,
    Http2Tls,
    WebSocket,
}

impl Speaks {
    /// Whether the server has a certificate.
    pub fn is_secure(self) -> bool {
        matches!(self, Self::Http1Tls | Self::Http2Tls)
    }
}

/// What is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Requests for this path; on HTTP/2, so many streams of each connection at a time.
    Requests { path: &'static str, streams: u32 },
    /// Echoes of so many bytes.
    Echoes { size: usize },
    /// Memory, while nobody says anything.
    Idle,
}

/// A part of the comparison, shown together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Group {
    /// What all are measured on, and with.
    Machine,
    Http1,
    Http2,
    WebSockets,
    Idle,
}

/// One row of work.
#[derive(Debug, Clone, Copy)]
pub struct Workload {
    pub name: &'static str,
    pub title: &'static str,
    pub group: Group,
    pub speaks: Speaks,
    pub kind: Kind,
    pub connections: usize,
    /// Whether all are asked who can be. Time is short: else Gunicorn, in which it is Uvicorn that answers, and Hypercorn,
    /// which is far behind, have to be named.
    pub all: bool,
}

impl Workload {
    /// Who takes part, in the order of the table.
    pub fn peers(&self, named: &[Peer]) -> Vec<Peer> {
        let all = Peer::value_variants().iter().copied();
        all.filter(|peer| peer.speaks(self.speaks))
            .filter(|peer| match named {
                [] => self.all || !matches!(peer, Peer::Gunicorn | Peer::Hypercorn),
                named => named.contains(peer),
            })
            .collect()
    }
}

use Speaks::{Http1, Http1Tls, Http2, Http2Tls, WebSocket};

const fn requests(
    name: &'static str,
    title: &'static str,
    speaks: Speaks,
    path: &'static str,
    streams: u32,
    connections: usize,
) -> Workload {
    let group = match speaks {
        Http2 | Http2Tls => Group::Http2,
        _ => Group::Http1,
    };
    let kind = Kind::Requests { path, streams };
    Workload { name, title, group, speaks, kind, connections, all: false }
}

const fn echoes(
    name: &'static str,
    title: &'static str,
    size: usize,
    connections: usize,
) -> Workload {
    let (group, speaks, kind) = (Group::WebSockets, WebSocket, Kind::Echoes { size });
    Workload { name, title, group, speaks, kind, connections, all: false }
}

const fn idle(
    name: &'static str,
    title: &'static str,
    speaks: Speaks,
    connections: usize,
) -> Workload {
    let (group, kind) = (Group::Idle, Kind::Idle);
    Workload { name, title, group, speaks, kind, connections, all: false }
}

/// The same, for all who can be asked.
const fn for_all(workload: Workload) -> Workload {
    Workload { all: true, ..workload }
}

pub const WORKLOADS: [Workload; 18] = [
    requests("hello-1", "hello, 1 connection", Http1, "/", 1, 1),
    for_all(requests("hello-64", "hello, 64 connections", Http1, "/", 1, 64)),
    requests("hello-1000", "hello, 1,000 connections", Http1, "/", 1, 1_000),
    requests("hello-5000", "hello, 5,000 connections", Http1, "/", 1, 5_000),
    requests("page-64", "10 KiB, 64 connections", Http1, "/page", 1, 64),
    requests("echo-64", "echo of 10 KiB, 64 connections", Http1, "/echo", 1, 64),
    requests("wait-1000", "a wait of 10 ms, 1,000 connections", Http1, "/wait", 1, 1_000),
    for_all(requests("tls-64", "hello over TLS, 64 connections", Http1Tls, "/", 1, 64)),
    for_all(requests("h2-1", "hello over HTTP/2, 1 connection of 100 streams", Http2, "/", 100, 1)),
    for_all(requests(
        "h2-64",
        "hello over HTTP/2, 64 connections of 10 streams",
        Http2,
        "/",
        10,
        64,
    )),
    for_all(requests(
        "h2-tls-64",
        "hello over HTTP/2 and TLS, 64 connections of 10 streams",
        Http2Tls,
        "/",
        10,
        64,
    )),
    for_all(echoes("ws16-64", "echo of 16 bytes, 64 WebSockets", 16, 64)),
    echoes("ws16-1000", "echo of 16 bytes, 1,000 WebSockets", 16, 1_000),
    echoes("ws64k-64", "echo of 64 KiB, 64 WebSockets", 64 * 1024, 64),
    for_all(idle("idle-http-5000", "5,000 idle HTTP/1.1 connections", Http1, 5_000)),
    idle("idle-http-10000", "10,000 idle HTTP/1.1 connections", Http1, 10_000),
    for_all(idle("idle-ws-5000", "5,000 idle WebSockets", WebSocket, 5_000)),
    idle("idle-ws-10000", "10,000 idle WebSockets", WebSocket, 10_000),
];

/// The workloads of that name, or that begin so: `hello` are all four.
pub fn named(names: &[String]) -> Result<Vec<Workload>, String> {
    let begins = |workload: &Workload, name: &String| workload.name.starts_with(name.as_str());
    if let Some(name) =
        names.iter().find(|name| !WORKLOADS.iter().any(|workload| begins(workload, name)))
    {
        let all = WORKLOADS.map(|workload| workload.name).join(", ");
        return Err(format!("there is no workload {name}; there are {all}"));
    }
    let wanted =
        |workload: &&Workload| names.is_empty() || names.iter().any(|name| begins(workload, name));
    Ok(WORKLOADS.iter().filter(wanted).copied().collect())
}
