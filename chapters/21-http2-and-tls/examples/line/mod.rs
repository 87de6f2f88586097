//! A line between clients and a server, in memory and in virtual time: it has a delay, and carries one piece after the other.
//!
//! Connections on it share what it carries towards the clients, and take turns. Nothing is lost, and nothing is slow to start: it is kinder than a network.

use std::sync::{Arc, Mutex as Shared, PoisonError};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, ReadHalf, WriteHalf, duplex, split};
use tokio::sync::{Mutex, mpsc};
use tokio::time::{Instant, sleep, sleep_until};

/// How long a byte is under way.
pub const DELAY: Duration = Duration::from_millis(50);
/// How much is carried at a time, at most.
const PIECE: usize = 4096;
/// How long the line takes for a KiB, or what there is of it.
const KIB: Duration = Duration::from_millis(5);
/// How many pieces of a connection may be under way, or wait for a client that does not read.
const UNDER_WAY: usize = 6;

/// From when to when the line carried the pieces of a connection, as the client sees it.
#[derive(Debug, Clone, Default)]
pub struct Carried {
    times: Arc<Shared<Vec<(Instant, Instant)>>>,
}

impl Carried {
    fn add(&self, from: Instant, to: Instant) {
        self.times.lock().unwrap_or_else(PoisonError::into_inner).push((from, to));
    }

    pub fn times(&self) -> Vec<(Instant, Instant)> {
        self.times.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// What is between. A clone is the same line.
#[derive(Debug, Clone, Default)]
pub struct Line {
    busy: Arc<Mutex<()>>,
}

impl Line {
    /// A new connection, after the round trip of TCP's handshake: the client's end, and the server's.
    pub async fn connect(&self) -> (DuplexStream, DuplexStream, Carried) {
        sleep(2 * DELAY).await;
        let (client, near) = duplex(PIECE);
        let (far, server) = duplex(PIECE);
        let (near_reads, near_writes) = split(near);
        let (far_reads, far_writes) = split(far);
        let carried = Carried::default();
        // What a client says is short: it costs the line nothing.
        tokio::spawn(carry(near_reads, far_writes, None, Carried::default()));
        tokio::spawn(carry(far_reads, near_writes, Some(self.clone()), carried.clone()));
        (client, server, carried)
    }
}

/// Carries what is written at one end to the other. It ends when either is closed.
async fn carry(
    mut from: ReadHalf<DuplexStream>,
    mut to: WriteHalf<DuplexStream>,
    line: Option<Line>,
    carried: Carried,
) {
    let (sender, mut under_way) = mpsc::channel::<(Instant, Bytes)>(UNDER_WAY);
    let arrives = tokio::spawn(async move {
        while let Some((at, piece)) = under_way.recv().await {
            sleep_until(at).await;
            if to.write_all(&piece).await.is_err() {
                return;
            }
        }
        // The other end is closed, or will not hear of it.
        let _ = to.shutdown().await;
    });
    let mut buffer = BytesMut::new();
    loop {
        // What the window has no room for is not carried.
        let Ok(room) = sender.reserve().await else { break };
        buffer.reserve(PIECE);
        match (&mut from).take(PIECE as u64).read_buf(&mut buffer).await {
            Ok(1..) => {}
            Ok(0) | Err(_) => break,
        }
        let piece = buffer.split().freeze();
        if let Some(line) = &line {
            let turn = line.busy.lock().await;
            let began = Instant::now();
            let size = u32::try_from(piece.len().div_ceil(1024)).unwrap_or(u32::MAX);
            sleep(size * KIB).await;
            carried.add(began + DELAY, Instant::now() + DELAY);
            drop(turn);
        }
        room.send((Instant::now() + DELAY, piece));
    }
    drop(sender);
    // It says nothing but that it is over.
    let _ = arrives.await;
}
