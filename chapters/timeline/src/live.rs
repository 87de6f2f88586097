//! A recorder that reads the time itself, for threads.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::picture::Picture;
use crate::recorder::{Kind, Lane, Recorder};

/// A [`Recorder`] on a clock, shared by threads: a clone records into the same run.
///
/// ```
/// use timeline::{Kind, Live};
///
/// let live = Live::new("Two threads");
/// std::thread::scope(|scope| {
///     for name in ["left", "right"] {
///         let live = live.clone();
///         scope.spawn(move || {
///             let lane = live.lane(name);
///             let _running = live.span(lane, Kind::Working, "add up");
///         }); // the span ends here
///     }
/// });
/// live.finish().save("two-threads")?;
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone)]
pub struct Live {
    shared: Arc<Shared>,
}

struct Shared {
    clock: Box<dyn Fn() -> Duration + Send + Sync>,
    run: Mutex<Run>,
}

struct Run {
    recorder: Recorder,
    /// Spans that have begun and not ended. An ended one leaves its place empty.
    open: Vec<Option<Open>>,
}

#[derive(Clone)]
struct Open {
    lane: Lane,
    start: Duration,
    kind: Kind,
    label: String,
}

impl Live {
    /// A recorder whose clock starts now.
    pub fn new(title: impl Into<String>) -> Self {
        let start = Instant::now();
        Self::with_clock(title, move || start.elapsed())
    }

    /// A recorder on a clock of the caller's: it returns the time since the run began.
    pub fn with_clock(
        title: impl Into<String>,
        clock: impl Fn() -> Duration + Send + Sync + 'static,
    ) -> Self {
        let run = Run { recorder: Recorder::new(title), open: Vec::new() };
        Self { shared: Arc::new(Shared { clock: Box::new(clock), run: Mutex::new(run) }) }
    }

    /// The time since the run began.
    pub fn now(&self) -> Duration {
        (self.shared.clock)()
    }

    /// A new lane under the ones there are. Threads that make their own come in the order in which they ask.
    pub fn lane(&self, name: impl Into<String>) -> Lane {
        self.with(|run| run.recorder.lane(name))
    }

    /// Begins a span; it ends when the returned [`Running`] is dropped.
    pub fn span(&self, lane: Lane, kind: Kind, label: impl Into<String>) -> Running {
        let start = self.now();
        let open = Open { lane, start, kind, label: label.into() };
        let index = self.with(|run| {
            run.open.push(Some(open));
            run.open.len() - 1
        });
        Running { live: self.clone(), index }
    }

    /// Marks this instant.
    pub fn mark(&self, lane: Lane, label: impl Into<String>) {
        let at = self.now();
        self.with(|run| run.recorder.mark(lane, at, label));
    }

    /// One lane reaches another at this instant.
    pub fn arrow(&self, from: Lane, to: Lane, label: impl Into<String>) {
        let at = self.now();
        self.with(|run| run.recorder.arrow(from, to, at, label));
    }

    /// The recording so far, to be rounded, windowed or drawn. Spans that still run end now, in this copy.
    pub fn recording(&self) -> Recorder {
        let now = self.now();
        self.with(|run| {
            let mut recorder = run.recorder.clone();
            for open in run.open.iter().flatten().cloned() {
                let end = now.max(open.start);
                recorder.span(open.lane, open.start, end, open.kind, open.label);
            }
            recorder
        })
    }

    /// Draws the recording so far: `live.recording().finish()`.
    pub fn finish(&self) -> Picture {
        self.recording().finish()
    }

    /// A thread that panicked while it recorded has left the run whole: nothing is half-written.
    fn with<T>(&self, change: impl FnOnce(&mut Run) -> T) -> T {
        let mut run = self.shared.run.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut run)
    }
}

impl fmt::Debug for Live {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Live").finish_non_exhaustive()
    }
}

/// A span that runs until this is dropped.
#[derive(Debug)]
#[must_use = "the span ends when this is dropped: bind it to a name"]
pub struct Running {
    live: Live,
    index: usize,
}

impl Drop for Running {
    fn drop(&mut self) {
        let now = self.live.now();
        self.live.with(|run| {
            if let Some(open) = run.open[self.index].take() {
                let end = now.max(open.start);
                run.recorder.span(open.lane, open.start, end, open.kind, open.label);
            }
        });
    }
}
