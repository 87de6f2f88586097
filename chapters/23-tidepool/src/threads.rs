//! The threads that calls run on.

use std::io;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use tokio::runtime::{Builder, Handle, Runtime};
use tokio::sync::oneshot;

/// A runtime for the calls. One thread has nobody to share its tasks with, so its runtime is one that cannot, which spares each wake what sharing costs.
pub(crate) enum Threads {
    Several(Runtime),
    One { handle: Handle, end: oneshot::Sender<Duration>, ended: mpsc::Receiver<()> },
}

impl Threads {
    pub(crate) fn new(number: usize) -> io::Result<Self> {
        const NAME: &str = "tidepool";
        if number > 1 {
            let mut builder = Builder::new_multi_thread();
            return builder
                .worker_threads(number)
                .thread_name(NAME)
                .enable_all()
                .build()
                .map(Self::Several);
        }
        let runtime = Builder::new_current_thread().thread_name(NAME).enable_all().build()?;
        let handle = runtime.handle().clone();
        let (end, asked) = oneshot::channel();
        let (ending, ended) = mpsc::channel::<()>();
        thread::Builder::new().name(NAME.to_owned()).spawn(move || {
            // It goes when all is over.
            let _ending = ending;
            let bound = runtime.block_on(asked).unwrap_or_default();
            runtime.shutdown_timeout(bound);
        })?;
        Ok(Self::One { handle, end, ended })
    }

    pub(crate) fn handle(&self) -> &Handle {
        match self {
            Self::Several(runtime) => runtime.handle(),
            Self::One { handle, .. } => handle,
        }
    }

    /// Drops all tasks, and waits so long for threads that are busy with a call.
    pub(crate) fn shutdown_timeout(self, bound: Duration) {
        match self {
            Self::Several(runtime) => runtime.shutdown_timeout(bound),
            Self::One { end, ended, .. } => {
                // If the thread is gone already, nothing is left to wait for.
                let _ = end.send(bound);
                let _ = ended.recv_timeout(bound);
            }
        }
    }
}
