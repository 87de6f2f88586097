//! The signals that end a server, one after the other.

use std::fmt;
use std::future::pending;
use std::io;

use tokio::sync::mpsc;

/// A signal that asks a process to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Signal {
    /// SIGTERM: what `kill` sends, and supervisors.
    Terminate,
    /// SIGINT: Ctrl-C.
    Interrupt,
}

impl Signal {
    /// What a shell reports of a process that this signal has ended: 128 and its number.
    pub fn code(self) -> u8 {
        match self {
            Self::Terminate => 128 + 15,
            Self::Interrupt => 128 + 2,
        }
    }
}

impl fmt::Display for Signal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Terminate => "SIGTERM",
            Self::Interrupt => "SIGINT",
        })
    }
}

/// Where signals come from.
#[derive(Debug)]
pub struct Signals {
    source: Source,
}

#[derive(Debug)]
enum Source {
    Process(Process),
    Script(mpsc::UnboundedReceiver<Signal>),
}

impl Signals {
    /// Those of this process. From now on they do not end it any more, also after this is dropped.
    ///
    /// # Errors
    ///
    /// What the operating system says.
    ///
    /// # Panics
    ///
    /// Outside a Tokio runtime.
    pub fn of_process() -> io::Result<Self> {
        Ok(Self { source: Source::Process(Process::listen()?) })
    }

    /// Those that are sent by hand, for tests and for servers that something else ends.
    pub fn scripted() -> (mpsc::UnboundedSender<Signal>, Self) {
        let (sender, receiver) = mpsc::unbounded_channel();
        (sender, Self { source: Source::Script(receiver) })
    }

    /// The next one. When there will be none any more, it waits for ever.
    ///
    /// Cancellation safe. Signals of one kind that arrive before the first of them was taken are one, as the kernel has it.
    pub async fn next(&mut self) -> Signal {
        let next = match &mut self.source {
            Source::Process(process) => process.next().await,
            Source::Script(script) => script.recv().await,
        };
        match next {
            Some(signal) => signal,
            None => pending().await,
        }
    }
}

/// The handlers of the process.
#[cfg(unix)]
#[derive(Debug)]
struct Process {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Process {
    fn listen() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    async fn next(&mut self) -> Option<Signal> {
        tokio::select! {
            Some(()) = self.terminate.recv() => Some(Signal::Terminate),
            Some(()) = self.interrupt.recv() => Some(Signal::Interrupt),
            else => None,
        }
    }
}

/// Windows has no SIGTERM.
#[cfg(not(unix))]
#[derive(Debug)]
struct Process {
    interrupt: tokio::signal::windows::CtrlC,
}

#[cfg(not(unix))]
impl Process {
    fn listen() -> io::Result<Self> {
        Ok(Self { interrupt: tokio::signal::windows::ctrl_c()? })
    }

    async fn next(&mut self) -> Option<Signal> {
        self.interrupt.recv().await.map(|()| Signal::Interrupt)
    }
}
