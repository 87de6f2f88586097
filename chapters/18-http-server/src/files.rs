//! Bodies that are in files: `http.response.pathsend` and `http.response.zerocopysend`.
//!
//! A file is opened and read in Tokio's threads for what blocks, a piece at a time. The next piece is read when there is room for it,
//! so that a file of any size takes as much memory as a streamed part.
//!
//! It leaves out the kernel's own way from a file to a socket (`sendfile`): the bytes would have to pass hyper by.

use std::fs::File;
use std::io::{self, Read, Seek};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use gateway::SendEvent;
use tokio::task::{JoinHandle, spawn_blocking};

/// How much is read at a time, in bytes.
const PIECE: u64 = 64 * 1024;

/// A file that is being opened, or measured if the application has opened it.
#[derive(Debug)]
pub struct Opening {
    opened: JoinHandle<io::Result<Region>>,
    name: String,
    /// Whether the body goes on after it.
    pub more_body: bool,
}

impl Opening {
    /// The file of such an event, if it has one.
    pub fn of(event: SendEvent) -> Option<Self> {
        match event {
            SendEvent::HttpResponsePathSend(path) => {
                let name = format!("the file {}", path.display());
                let opened = spawn_blocking(move || {
                    // To open a pipe would wait for its other end.
                    if !path.metadata()?.is_file() {
                        return Err(not_a_file());
                    }
                    Region::new(Arc::new(File::open(path)?), Some(0), None)
                });
                Some(Self { opened, name, more_body: false })
            }
            SendEvent::HttpResponseZeroCopySend(part) => {
                let name = "the file of http.response.zerocopysend".to_owned();
                let opened =
                    spawn_blocking(move || Region::new(part.file, part.offset, part.count));
                Some(Self { opened, name, more_body: part.more_body })
            }
            _ => None,
        }
    }
}

/// What is wrong is said in a sentence, for the log.
impl Future for Opening {
    type Output = Result<Region, String>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let opened = ready!(Pin::new(&mut self.opened).poll(cx));
        let opened = opened.unwrap_or_else(|panicked| Err(io::Error::other(panicked)));
        Poll::Ready(opened.map_err(|error| format!("{} cannot be sent: {error}", self.name)))
    }
}

/// A region of an open file, of which so much is still to be sent.
#[derive(Debug)]
pub struct Region {
    state: State,
    left: u64,
}

#[derive(Debug)]
enum State {
    Idle(Place),
    Reading(JoinHandle<(Place, io::Result<Vec<u8>>)>),
    Ended,
}

impl Region {
    /// Blocks.
    fn new(file: Arc<File>, offset: Option<u64>, count: Option<u64>) -> io::Result<Self> {
        let metadata = file.metadata()?;
        if !metadata.is_file() {
            return Err(not_a_file());
        }
        let begin = offset.map_or_else(|| (&*file).stream_position(), Ok)?;
        let there = metadata.len().saturating_sub(begin);
        let left = count.unwrap_or(there);
        if left > there {
            return Err(io::Error::new(
                io::ErrorKind::UnexpectedEof,
                format!("{left} bytes of it were promised, and it has {there}"),
            ));
        }
        Ok(Self { state: State::Idle(Place { file, at: offset }), left })
    }

    /// How many bytes are still to be sent.
    pub fn left(&self) -> u64 {
        self.left
    }

    /// The next piece; `None` at the end.
    ///
    /// # Errors
    ///
    /// What reading says; and a file that has become shorter meanwhile is one. One that has grown is sent as it was.
    pub fn poll_piece(&mut self, cx: &mut Context<'_>) -> Poll<Option<io::Result<Bytes>>> {
        loop {
            match std::mem::replace(&mut self.state, State::Ended) {
                State::Ended => return Poll::Ready(None),
                State::Idle(_) if self.left == 0 => return Poll::Ready(None),
                State::Idle(place) => {
                    let most = self.left.min(PIECE);
                    self.state = State::Reading(spawn_blocking(move || place.read(most)));
                }
                State::Reading(mut reading) => {
                    let Poll::Ready(read) = Pin::new(&mut reading).poll(cx) else {
                        self.state = State::Reading(reading);
                        return Poll::Pending;
                    };
                    let piece = match read {
                        Ok((place, Ok(piece))) if !piece.is_empty() => {
                            self.state = State::Idle(place);
                            piece
                        }
                        Ok((_, Ok(_))) => {
                            let why =
                                format!("{} bytes of the file are not there any more", self.left);
                            return Poll::Ready(Some(Err(io::Error::other(why))));
                        }
                        Ok((_, Err(error))) => return Poll::Ready(Some(Err(error))),
                        Err(panicked) => return Poll::Ready(Some(Err(io::Error::other(panicked)))),
                    };
                    self.left = self.left.saturating_sub(piece.len() as u64);
                    return Poll::Ready(Some(Ok(piece.into())));
                }
            }
        }
    }
}

/// Where the next byte is read: at an offset of ours, or, as others may use the file too, where the file itself stands.
#[derive(Debug)]
struct Place {
    file: Arc<File>,
    at: Option<u64>,
}

impl Place {
    /// Reads so much, less only at the file's end. Blocks.
    fn read(mut self, most: u64) -> (Self, io::Result<Vec<u8>>) {
        let mut piece = Vec::with_capacity(usize::try_from(most).unwrap_or(0));
        let read = self.by_ref().take(most).read_to_end(&mut piece);
        (self, read.map(|_| piece))
    }
}

impl Read for Place {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let Some(at) = &mut self.at else { return (&*self.file).read(buffer) };
        #[cfg(unix)]
        let count = std::os::unix::fs::FileExt::read_at(&*self.file, buffer, *at)?;
        #[cfg(windows)]
        let count = std::os::windows::fs::FileExt::seek_read(&*self.file, buffer, *at)?;
        *at += count as u64;
        Ok(count)
    }
}

fn not_a_file() -> io::Error {
    io::Error::other("it is not a regular file")
}
