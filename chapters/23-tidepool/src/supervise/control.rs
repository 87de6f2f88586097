//! What supervisor and worker say to each other, over a pair of Unix sockets, of which the worker's end is its standard input.
//!
//! First the supervisor sends the listening sockets, by `SCM_RIGHTS`, with one byte that says how many they are.
//! From then on it says nothing; that its end closes is the news of its death. The worker writes [lines](Line).

use std::env;
use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, recvmsg, sendmsg,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::time::{MissedTickBehavior, interval};

use crate::listen::Bound;
use crate::metrics::Snapshot;

/// It is set for a worker, to the supervisor's process number.
pub(super) const WORKER: &str = "TIDEPOOL_INTERNAL_WORKER_OF";

/// The most sockets that are handed over.
pub(super) const SOCKETS: usize = 64;

/// What a worker says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Line {
    /// It serves.
    Ready,
    /// It has answered as many requests as it may, and wants to be replaced.
    Enough,
    /// It is well, and this is what it has counted.
    Beat(Snapshot),
}

impl Line {
    fn to_text(&self) -> String {
        match self {
            Self::Ready => "ready\n".to_owned(),
            Self::Enough => "enough\n".to_owned(),
            Self::Beat(snapshot) => format!("beat {}\n", snapshot.to_line()),
        }
    }

    /// None if it is none.
    pub(super) fn parse(text: &str) -> Option<Self> {
        match text.split_once(' ') {
            None if text == "ready" => Some(Self::Ready),
            None if text == "enough" => Some(Self::Enough),
            // A program of another version counts other things, and is well.
            Some(("beat", figures)) => {
                Some(Self::Beat(Snapshot::from_line(figures).unwrap_or_default()))
            }
            _ => None,
        }
    }
}

/// Whether this process was started by a supervisor.
pub fn is_worker() -> bool {
    let parent = rustix::process::getppid().map(|parent| parent.as_raw_nonzero().to_string());
    // The variable alone could come from a worker's own child.
    env::var(WORKER).ok().is_some_and(|named| parent.is_none_or(|parent| parent == named))
}

// ANCHOR: hand_over
/// Sends sockets to a process that is about to be started. The message waits in the kernel.
pub(super) fn hand_over(to: &UnixStream, bound: &[Bound]) -> io::Result<()> {
    let fds: Vec<BorrowedFd<'_>> = bound.iter().take(SOCKETS).map(AsFd::as_fd).collect();
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(SOCKETS))];
    let mut ancillary = SendAncillaryBuffer::new(&mut space);
    ancillary.push(SendAncillaryMessage::ScmRights(&fds));
    let count = [u8::try_from(fds.len()).map_err(io::Error::other)?];
    sendmsg(to, &[IoSlice::new(&count)], &mut ancillary, SendFlags::empty())?;
    Ok(())
}

/// In a worker: what the supervisor has sent, and the way to it.
///
/// # Errors
///
/// What the operating system says, and that something is missing.
pub fn receive() -> io::Result<(UnixStream, Vec<Bound>)> {
    let control = UnixStream::from(io::stdin().as_fd().try_clone_to_owned()?);
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(SOCKETS))];
    let mut ancillary = RecvAncillaryBuffer::new(&mut space);
    let mut count = [0];
    let flags = RecvFlags::CMSG_CLOEXEC;
    recvmsg(&control, &mut [IoSliceMut::new(&mut count)], &mut ancillary, flags)?;
    let fds = ancillary.drain().flat_map(|message| match message {
        RecvAncillaryMessage::ScmRights(fds) => fds.collect::<Vec<OwnedFd>>(),
        _ => Vec::new(),
    });
    let bound: Vec<_> = fds.map(Bound::from_fd).collect::<io::Result<_>>()?;
    if bound.is_empty() || bound.len() != usize::from(count[0]) {
        return Err(io::Error::other("it has not sent all of its sockets"));
    }
    Ok((control, bound))
}
// ANCHOR_END: hand_over

/// In a worker: says what `said` brings, and that it is well, with its figures, as often as `pause` says; calls `orphaned` when the supervisor is gone.
///
/// # Errors
///
/// What the operating system says.
///
/// # Panics
///
/// Outside a Tokio runtime.
pub fn speak(
    control: UnixStream,
    mut said: UnboundedReceiver<Line>,
    pause: Duration,
    figures: impl Fn() -> Snapshot + Send + 'static,
    orphaned: impl FnOnce() + Send + 'static,
) -> io::Result<()> {
    control.set_nonblocking(true)?;
    let (mut reading, mut writing) = tokio::net::UnixStream::from_std(control)?.into_split();
    tokio::spawn(async move {
        // Nothing comes but the end.
        let mut nothing = [0; 16];
        while matches!(reading.read(&mut nothing).await, Ok(1..)) {}
        orphaned();
    });
    tokio::spawn(async move {
        let mut beats = interval(pause);
        beats.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let line = tokio::select! {
                biased;
                Some(line) = said.recv() => line,
                _ = beats.tick() => Line::Beat(figures()),
            };
            if writing.write_all(line.to_text().as_bytes()).await.is_err() {
                return;
            }
        }
    });
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_come_back_as_they_were_said() {
        let beat = Line::Beat(Snapshot::default());
        for line in [Line::Ready, Line::Enough, beat.clone()] {
            assert_eq!(Line::parse(line.to_text().trim_end()), Some(line));
        }
        assert_eq!(Line::parse("beat 1 2"), Some(beat), "one of another version is well too");
        assert_eq!(Line::parse("ready or not"), None);
    }
}
