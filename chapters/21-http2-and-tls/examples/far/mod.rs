//! A connection between two who are far from each other: what one says arrives later, and in order, as with TCP.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, ReadHalf, WriteHalf, duplex, split};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

// ANCHOR: far
/// How what is said gets to the other side.
#[derive(Clone)]
pub struct Path {
    /// How long a segment takes.
    pub takes: Duration,
    /// How many segments have gone to the client, on all its connections.
    pub sent: Arc<AtomicUsize>,
    /// Which of them is lost, and is sent again after a second.
    pub lost: Option<usize>,
}

impl Path {
    fn arrives(&self, to_client: bool) -> Instant {
        let at = Instant::now() + self.takes;
        let lost = to_client && Some(self.sent.fetch_add(1, Relaxed)) == self.lost;
        if lost { at + Duration::from_secs(1) } else { at }
    }
}
// ANCHOR_END: far

/// The two ends of a connection.
pub fn connect(path: &Path) -> (DuplexStream, DuplexStream) {
    let (ours, near) = duplex(64 * 1024);
    let (remote, theirs) = duplex(64 * 1024);
    let (near_reads, near_writes) = split(near);
    let (remote_reads, remote_writes) = split(remote);
    tokio::spawn(carry(near_reads, remote_writes, path.clone(), false));
    tokio::spawn(carry(remote_reads, near_writes, path.clone(), true));
    (ours, theirs)
}

async fn carry(
    mut from: ReadHalf<DuplexStream>,
    mut to: WriteHalf<DuplexStream>,
    path: Path,
    to_client: bool,
) {
    let (sender, mut receiver) = mpsc::unbounded_channel::<(Instant, Vec<u8>)>();
    tokio::spawn(async move {
        // ANCHOR: order
        while let Some((at, segment)) = receiver.recv().await {
            sleep_until(at).await; // who comes later waits, even if it is there
            if to.write_all(&segment).await.is_err() {
                break;
            }
        }
        // ANCHOR_END: order
    });
    // What an Ethernet's packet has room for.
    let mut segment = vec![0; 1_460];
    while let Ok(count @ 1..) = from.read(&mut segment).await {
        if sender.send((path.arrives(to_client), segment[..count].to_vec())).is_err() {
            break;
        }
    }
}
