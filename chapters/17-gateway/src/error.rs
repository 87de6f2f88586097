//! What goes wrong: at `send`, and in a call as a whole.
//!
//! It leaves out what goes wrong on a wire: that is the protocol server's, and the application learns of it as [`Disconnected`].

use std::error::Error as StdError;
use std::io;

use crate::app::Panicked;
use crate::rules::Violation;

/// What an application fails with: any error.
///
/// Every error type becomes one by `?`, and so does a text, by `Err("out of crabs")?`.
pub type Error = Box<dyn StdError + Send + Sync>;

/// The client is gone, or the connection to it is.
///
/// ASGI 2.4 has an `OSError` here. An application that streams may stop quietly when it meets this one;
/// it may also let it pass out of itself by `?`, and no server will report it as a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
#[error("the client is gone")]
pub struct Disconnected;

/// Why an event was not sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// Nobody is there to send to.
    #[error("nothing can be sent: {0}")]
    Disconnected(#[from] Disconnected),
    /// The event may not be sent now, or not at all. It is as if it had not been tried: another one may follow.
    #[error(transparent)]
    Violation(#[from] Violation),
}

impl SendError {
    /// Whether nobody is there to send to.
    pub fn is_disconnected(&self) -> bool {
        matches!(self, Self::Disconnected(_))
    }
}

/// As Python has it: an error of input and output, of the kind [`BrokenPipe`](io::ErrorKind::BrokenPipe) if nobody is there.
impl From<SendError> for io::Error {
    fn from(error: SendError) -> Self {
        let kind = match error {
            SendError::Disconnected(_) => io::ErrorKind::BrokenPipe,
            SendError::Violation(_) => io::ErrorKind::InvalidInput,
        };
        Self::new(kind, error)
    }
}

/// Why a request's body could not be had whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BodyError {
    /// The client left before it had sent everything.
    #[error("the request's body is incomplete: {0}")]
    Disconnected(#[from] Disconnected),
    /// There is more of it than the application wants.
    #[error("the request's body is longer than {limit} bytes")]
    TooLong {
        /// How many bytes were asked for at most.
        limit: usize,
    },
}

/// Whether an error says, or was caused by one that says, that the client is gone.
pub fn is_disconnected(error: &(dyn StdError + 'static)) -> bool {
    let mut next = Some(error);
    while let Some(error) = next {
        if error.is::<Disconnected>() {
            return true;
        }
        // An `io::Error` does not list the error that it carries among its sources, only that one's own.
        let carried = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        next = carried.map(|carried| carried as _).or_else(|| error.source());
    }
    false
}

/// How a call ended that did not end well.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The client left, and the application passed that on. This is nobody's mistake, and is not to be reported as one.
    #[error("the client is gone")]
    Disconnected,
    /// The application returned without a word.
    #[error("the application returned without a response")]
    NoResponse,
    /// The application returned in the middle of what it had to say.
    #[error("the application returned in the middle of its response")]
    Unfinished,
    /// The application returned an error.
    #[error("the application failed: {0}")]
    Failed(Error),
    /// The application panicked, with this message.
    #[error("the application panicked: {0}")]
    Panicked(String),
}

impl Failure {
    /// Whether there is nothing to report.
    pub fn is_expected(&self) -> bool {
        matches!(self, Self::Disconnected)
    }
}

/// From what an application returned, or [`poll_call`](crate::poll_call) made of it.
impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        match error.downcast::<Panicked>() {
            Ok(panicked) => Self::Panicked(panicked.message),
            Err(error) if is_disconnected(&*error) => Self::Disconnected,
            Err(error) => Self::Failed(error),
        }
    }
}
