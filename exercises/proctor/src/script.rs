//! A stream that does what a test tells it to: the kinds of reads and writes that a real one does on a bad day.

use std::collections::VecDeque;
use std::fmt;
use std::io::{self, ErrorKind, Read, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// So many times in a row may the code under test get nowhere before the stream ends the test.
const PATIENCE: usize = 100;

/// A scripted stream: reads come in given pieces, writes take given amounts, and all of it is recorded.
///
/// The methods that build the script say what the other side does: it *gives* input to reads and *takes* output from writes.
/// Input and output have a script each. After the input's last step comes the end of input, `Ok(0)`;
/// after the output's last step every write takes all it is offered.
///
/// Clones are handles of one stream, like those of `TcpStream::try_clone`:
/// give the code under test one and inspect another. `Read` and `Write` are there for `&Script` too.
///
/// ```
/// use std::io::{Read, Write};
///
/// use proctor::script::Script;
///
/// let mut stream = Script::new().gives("tide ").interrupts_read().gives("pool").takes(2);
/// let mut theirs = stream.clone();
/// assert_eq!(std::io::read_to_string(&mut theirs).unwrap(), "tide pool");
/// assert_eq!(theirs.write(b"crab").unwrap(), 2);
/// assert_eq!(stream.written(), b"cr");
/// ```
///
/// # Panics
///
/// A read or write panics, with a message for the learner, where code would otherwise spin or go wrong without a sign:
/// at the hundredth read after the end of input, at the hundredth write in a row that took nothing,
/// at a read into an empty buffer (its `Ok(0)` looks like the end of input),
/// and at a read that would wait for ever, as the other side [`awaits`](Script::awaits) an answer first.
#[derive(Clone, Default)]
pub struct Script {
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    input: VecDeque<Give>,
    output: VecDeque<Take>,
    /// What a write takes at most, after the steps.
    takes_each: Option<usize>,
    written: Vec<u8>,
    calls: Vec<Call>,
    /// How much of `written` the other side has seen the `awaits` steps through.
    awaited: usize,
    reads_at_end: usize,
    fruitless_writes: usize,
}

/// A step of the input.
enum Give {
    Bytes(Vec<u8>),
    AfterWritten(Vec<u8>),
    Error(ErrorKind),
}

/// A step of the output.
enum Take {
    AtMost(usize),
    Error(ErrorKind),
}

/// One call that the code under test made, and what came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Call {
    /// `read`, with a buffer of `asked` bytes.
    Read {
        /// The buffer's length.
        asked: usize,
        /// How many bytes were given; 0 is the end of input.
        given: Result<usize, ErrorKind>,
    },
    /// `write`, with a buffer of `offered` bytes.
    Write {
        /// The buffer's length.
        offered: usize,
        /// How many of them were taken.
        taken: Result<usize, ErrorKind>,
    },
    /// `flush`.
    Flush,
}

impl Script {
    /// A stream whose input is at its end and whose output takes everything.
    pub fn new() -> Self {
        Self::default()
    }

    /// The next read gets these bytes and none after them; where its buffer is smaller, the read after it gets the rest.
    /// Nothing, where `bytes` is empty.
    pub fn gives(self, bytes: impl AsRef<[u8]>) -> Self {
        let bytes = bytes.as_ref();
        if !bytes.is_empty() {
            self.state().input.push_back(Give::Bytes(bytes.to_vec()));
        }
        self
    }

    /// [`gives`](Self::gives) each of these, in order: for the pieces of a [`Split`](crate::Split), or for lines.
    pub fn gives_each<B: AsRef<[u8]>>(self, pieces: impl IntoIterator<Item = B>) -> Self {
        pieces.into_iter().fold(self, Self::gives)
    }

    /// The next read fails with [`ErrorKind::Interrupted`], once: a signal came, and the read is to be tried again.
    pub fn interrupts_read(self) -> Self {
        self.fails_read(ErrorKind::Interrupted)
    }

    /// The next read fails with [`ErrorKind::WouldBlock`], once: nothing is there yet.
    pub fn blocks_read(self) -> Self {
        self.fails_read(ErrorKind::WouldBlock)
    }

    /// The next read fails with this error, once.
    pub fn fails_read(self, kind: ErrorKind) -> Self {
        self.state().input.push_back(Give::Error(kind));
        self
    }

    /// The other side gives what follows once it has received `bytes`, and not before: a client that waits for its answer.
    ///
    /// Such steps go through the output in order: each looks behind what the one before it has found.
    /// A read before that is a deadlock on a real connection; here it panics and says so.
    pub fn awaits(self, bytes: impl AsRef<[u8]>) -> Self {
        let bytes = bytes.as_ref().to_vec();
        self.state().input.push_back(Give::AfterWritten(bytes));
        self
    }

    /// The next write takes this many bytes at most. With 0 it takes nothing and returns `Ok(0)`.
    pub fn takes(self, at_most: usize) -> Self {
        self.state().output.push_back(Take::AtMost(at_most));
        self
    }

    /// Every write after the steps takes this many bytes at most.
    pub fn takes_each(self, at_most: usize) -> Self {
        self.state().takes_each = Some(at_most);
        self
    }

    /// The next write fails with [`ErrorKind::Interrupted`], once, and takes nothing: it is to be tried again.
    pub fn interrupts_write(self) -> Self {
        self.fails_write(ErrorKind::Interrupted)
    }

    /// The next write fails with [`ErrorKind::WouldBlock`], once, and takes nothing.
    pub fn blocks_write(self) -> Self {
        self.fails_write(ErrorKind::WouldBlock)
    }

    /// The next write fails with this error, once, and takes nothing: [`ErrorKind::BrokenPipe`] is a client that has left.
    pub fn fails_write(self, kind: ErrorKind) -> Self {
        self.state().output.push_back(Take::Error(kind));
        self
    }

    /// All that was written so far.
    pub fn written(&self) -> Vec<u8> {
        self.state().written.clone()
    }

    /// All that was written so far, as text for a message: what is not UTF-8 shows as `\u{fffd}`.
    pub fn written_text(&self) -> String {
        String::from_utf8_lossy(&self.state().written).into_owned()
    }

    /// Every call so far, in order.
    pub fn calls(&self) -> Vec<Call> {
        self.state().calls.clone()
    }

    /// How often `read` was called.
    pub fn reads(&self) -> usize {
        self.count(|call| matches!(call, Call::Read { .. }))
    }

    /// How often `write` was called.
    pub fn writes(&self) -> usize {
        self.count(|call| matches!(call, Call::Write { .. }))
    }

    /// How often `flush` was called.
    pub fn flushes(&self) -> usize {
        self.count(|call| matches!(call, Call::Flush))
    }

    /// The input that no read has got.
    pub fn unread(&self) -> Vec<u8> {
        let state = self.state();
        let pieces = state.input.iter().filter_map(|step| match step {
            Give::Bytes(bytes) => Some(bytes.as_slice()),
            Give::AfterWritten(_) | Give::Error(_) => None,
        });
        pieces.collect::<Vec<_>>().concat()
    }

    fn count(&self, wanted: impl Fn(&Call) -> bool) -> usize {
        self.state().calls.iter().filter(|call| wanted(call)).count()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, ErrorKind> {
        assert!(
            !buffer.is_empty(),
            "read was called with an empty buffer. It returns Ok(0), which then does not mean the end of the input.\n\
             A `Vec::with_capacity(n)` has a length of 0: give `read` a buffer like `[0; 1024]` or `vec![0; 1024]`."
        );
        while let Some(Give::AfterWritten(bytes)) = self.input.front() {
            self.awaited = after(&self.written, self.awaited, bytes);
            self.input.pop_front();
        }
        let Some(step) = self.input.front_mut() else {
            self.reads_at_end += 1;
            assert!(
                self.reads_at_end < PATIENCE,
                "read was called {PATIENCE} times after the end of the input. It returned Ok(0) each time, and always will.\n\
                 Take `Ok(0)` as the end: leave the loop."
            );
            return Ok(0);
        };
        match step {
            Give::AfterWritten(_) => unreachable!("these were passed above"),
            Give::Error(kind) => {
                let kind = *kind;
                self.input.pop_front();
                Err(kind)
            }
            Give::Bytes(bytes) => {
                let given = bytes.len().min(buffer.len());
                buffer[..given].copy_from_slice(&bytes[..given]);
                bytes.drain(..given);
                if bytes.is_empty() {
                    self.input.pop_front();
                }
                Ok(given)
            }
        }
    }

    fn write(&mut self, buffer: &[u8]) -> Result<usize, ErrorKind> {
        if buffer.is_empty() {
            return Ok(0);
        }
        let at_most = match self.output.pop_front() {
            Some(Take::Error(kind)) => return Err(kind),
            Some(Take::AtMost(at_most)) => at_most,
            None => self.takes_each.unwrap_or(usize::MAX),
        };
        let taken = buffer.len().min(at_most);
        self.written.extend_from_slice(&buffer[..taken]);
        self.fruitless_writes = if taken == 0 { self.fruitless_writes + 1 } else { 0 };
        assert!(
            self.fruitless_writes < PATIENCE,
            "write was called {PATIENCE} times in a row and returned Ok(0) each time: this stream takes no more, and never will.\n\
             Take `Ok(0)` from a write as an error (`ErrorKind::WriteZero`): leave the loop."
        );
        Ok(taken)
    }
}

/// The place behind `awaited` in what was written from `start` on.
fn after(written: &[u8], start: usize, awaited: &[u8]) -> usize {
    let new = &written[start..];
    let found = (0..=new.len()).find(|&at| new[at..].starts_with(awaited));
    let Some(at) = found else {
        panic!(
            "this read would wait for ever: the other side sends nothing more until it has received \"{}\", \
             and since it last spoke it has received \"{}\".\n\
             Write the whole answer before you read on, and flush what a `BufWriter` holds back.",
            awaited.escape_ascii(),
            new.escape_ascii()
        );
    };
    start + at + awaited.len()
}

impl Read for &Script {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut state = self.state();
        let given = state.read(buffer);
        state.calls.push(Call::Read { asked: buffer.len(), given });
        Ok(given?)
    }
}

impl Write for &Script {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        let mut state = self.state();
        let taken = state.write(buffer);
        state.calls.push(Call::Write { offered: buffer.len(), taken });
        Ok(taken?)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.state().calls.push(Call::Flush);
        Ok(())
    }
}

impl Read for Script {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        (&*self).read(buffer)
    }
}

impl Write for Script {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        (&*self).write(buffer)
    }

    fn flush(&mut self) -> io::Result<()> {
        (&*self).flush()
    }
}

impl fmt::Debug for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Script")
            .field("written", &self.written_text())
            .field("calls", &self.calls())
            .finish_non_exhaustive()
    }
}
