//! An index into a string counts its characters.
//!
//! caught by: it_says_the_same

#![forbid(unsafe_code)]

use std::fmt;
use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll};

use async_await::notes::{Log, Note};

/// The machine. Fields stand in the order in which they are dropped.
#[must_use = "a future does nothing until it is polled"]
pub enum Announce<W, H> {
    /// Nobody has polled it. Captured values are dropped as they were captured.
    Start(Start<W, H>),
    /// At the first await: what it waits for, then locals, then parameters, the last one first.
    Words {
        /// What it waits for.
        words: W,
        /// A local variable.
        asked: Note,
        /// A parameter.
        height: H,
        /// A parameter.
        log: Log,
        /// A parameter.
        visitor: Note,
    },
    /// At the second.
    Height {
        /// What it waits for.
        height: H,
        /// A local variable.
        heard: Note,
        /// A local variable.
        words: String,
        /// Where in `words` the name ends.
        name: usize,
        /// A local variable.
        asked: Note,
        /// A parameter.
        log: Log,
        /// A parameter.
        visitor: Note,
    },
    /// It has returned.
    Done,
}

/// What the call has captured.
pub struct Start<W, H> {
    visitor: Note,
    log: Log,
    words: W,
    height: H,
}

/// Waits for a visitor's words and for the height of the water, and announces both.
pub fn announce_by_hand<W, H>(visitor: Note, log: Log, words: W, height: H) -> Announce<W, H>
where
    W: Future<Output = String> + Unpin,
    H: Future<Output = f64> + Unpin,
{
    Announce::Start(Start { visitor, log, words, height })
}

impl<W, H> Future for Announce<W, H>
where
    W: Future<Output = String> + Unpin,
    H: Future<Output = f64> + Unpin,
{
    type Output = String;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<String> {
        loop {
            *self = match mem::replace(&mut *self, Self::Done) {
                Self::Start(Start { visitor, log, words, height }) => {
                    let asked = log.note("asked");
                    Self::Words { words, asked, height, log, visitor }
                }
                Self::Words { words: mut future, asked, height, log, visitor } => {
                    let Poll::Ready(words) = Pin::new(&mut future).poll(context) else {
                        *self = Self::Words { words: future, asked, height, log, visitor };
                        return Poll::Pending;
                    };
                    drop(future);
                    let name = words.chars().take_while(|c| *c != ':').count();
                    let heard = log.note("heard");
                    Self::Height { height, heard, words, name, asked, log, visitor }
                }
                Self::Height { height: mut future, heard, words, name, asked, log, visitor } => {
                    let Poll::Ready(height) = Pin::new(&mut future).poll(context) else {
                        let height = future;
                        *self = Self::Height { height, heard, words, name, asked, log, visitor };
                        return Poll::Pending;
                    };
                    let text = format!("{}, the water is at {height} m", &words[..name]);
                    // In the order of the fields, as if the machine were dropped here.
                    drop(Self::Height { height: future, heard, words, name, asked, log, visitor });
                    return Poll::Ready(text);
                }
                Self::Done => panic!("an announcement was polled after it was made"),
            };
        }
    }
}

impl<W, H> fmt::Debug for Announce<W, H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Start(_) => "Start",
            Self::Words { .. } => "Words",
            Self::Height { .. } => "Height",
            Self::Done => "Done",
        })
    }
}

impl<W, H> fmt::Debug for Start<W, H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Start").finish_non_exhaustive()
    }
}
