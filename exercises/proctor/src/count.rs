//! Exact counts of what must happen a certain number of times.

use std::fmt;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

/// Counts how many values were made, and how many of them were dropped.
///
/// ```
/// let drops = proctor::count::Drops::new();
/// let value = (drops.token(), "something to own");
/// assert_eq!((drops.made(), drops.dropped()), (1, 0));
/// drop(value);
/// assert_eq!((drops.made(), drops.dropped()), (1, 1));
/// ```
#[derive(Debug, Clone, Default)]
pub struct Drops {
    counts: Arc<DropCounts>,
}

#[derive(Debug, Default)]
struct DropCounts {
    made: AtomicUsize,
    dropped: AtomicUsize,
}

impl Drops {
    /// A counter that has counted nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// A value whose drop is counted: put it into what must be dropped.
    pub fn token(&self) -> Token {
        self.counts.made.fetch_add(1, Ordering::SeqCst);
        Token { counts: Arc::clone(&self.counts) }
    }

    /// How many tokens were made, clones included.
    pub fn made(&self) -> usize {
        self.counts.made.load(Ordering::SeqCst)
    }

    /// How many tokens were dropped.
    pub fn dropped(&self) -> usize {
        self.counts.dropped.load(Ordering::SeqCst)
    }

    /// How many tokens are still there.
    pub fn alive(&self) -> usize {
        // In this order a token that is dropped meanwhile is counted as alive, and never as less than none.
        let dropped = self.dropped();
        self.made() - dropped
    }
}

/// A value whose drop is counted; [`Drops::token`] makes it.
#[derive(Debug)]
pub struct Token {
    counts: Arc<DropCounts>,
}

impl Clone for Token {
    fn clone(&self) -> Self {
        self.counts.made.fetch_add(1, Ordering::SeqCst);
        Self { counts: Arc::clone(&self.counts) }
    }
}

impl Drop for Token {
    fn drop(&mut self) {
        self.counts.dropped.fetch_add(1, Ordering::SeqCst);
    }
}

/// Counts how many are inside at the same time, and keeps the highest count.
///
/// ```
/// let peak = proctor::count::Peak::new();
/// let first = peak.enter();
/// drop(first);
/// let _second = peak.enter();
/// let _third = peak.enter();
/// assert_eq!((peak.inside(), peak.highest(), peak.entered()), (2, 2, 3));
/// ```
#[derive(Debug, Clone, Default)]
pub struct Peak {
    counts: Arc<Mutex<PeakCounts>>,
}

#[derive(Debug, Default)]
struct PeakCounts {
    inside: usize,
    highest: usize,
    entered: usize,
}

impl Peak {
    /// A counter that nobody has entered.
    pub fn new() -> Self {
        Self::default()
    }

    /// One more is inside, until the guard is dropped: also where a job panics or a task is cancelled.
    #[must_use = "whoever enters is inside for as long as the guard lives"]
    pub fn enter(&self) -> Inside {
        let mut counts = lock(&self.counts);
        counts.inside += 1;
        counts.entered += 1;
        counts.highest = counts.highest.max(counts.inside);
        drop(counts);
        Inside { counts: Arc::clone(&self.counts) }
    }

    /// How many are inside now.
    pub fn inside(&self) -> usize {
        lock(&self.counts).inside
    }

    /// How many have been inside at the same time, at most.
    pub fn highest(&self) -> usize {
        lock(&self.counts).highest
    }

    /// How many have entered in all.
    pub fn entered(&self) -> usize {
        lock(&self.counts).entered
    }
}

/// Is inside while it lives; [`Peak::enter`] makes it.
#[derive(Debug)]
pub struct Inside {
    counts: Arc<Mutex<PeakCounts>>,
}

impl Drop for Inside {
    fn drop(&mut self) {
        lock(&self.counts).inside -= 1;
    }
}

/// Makes wakers, and counts how often they are called and how many are kept.
///
/// ```
/// let wakes = proctor::count::Wakes::new();
/// let waker = wakes.waker();
/// waker.wake_by_ref();
/// assert_eq!((wakes.count(), wakes.wakers()), (1, 1));
/// waker.wake();
/// assert_eq!((wakes.count(), wakes.wakers()), (2, 0));
/// ```
#[derive(Debug, Default)]
pub struct Wakes {
    // Not `Clone`: every other owner is a waker, which is how wakers are counted.
    count: Arc<WakeCount>,
}

#[derive(Debug, Default)]
struct WakeCount(AtomicUsize);

impl Wake for WakeCount {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

impl Wakes {
    /// A counter that has counted nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// A waker whose calls are counted here. All wakers of one `Wakes` are alike to [`Waker::will_wake`].
    pub fn waker(&self) -> Waker {
        Waker::from(Arc::clone(&self.count))
    }

    /// How often the wakers were called.
    pub fn count(&self) -> usize {
        self.count.0.load(Ordering::SeqCst)
    }

    /// How many wakers there are, clones included: 1 more after a poll is a waker that the future has stored.
    pub fn wakers(&self) -> usize {
        Arc::strong_count(&self.count) - 1
    }
}

/// Counts how often futures are polled.
///
/// ```
/// let polls = proctor::count::Polls::new();
/// let future = polls.of(async {
///     tokio::task::yield_now().await;
///     7
/// });
/// assert_eq!(proctor::watch_async(future), 7);
/// assert_eq!(polls.count(), 2);
/// ```
#[derive(Debug, Clone, Default)]
pub struct Polls {
    count: Arc<AtomicUsize>,
}

impl Polls {
    /// A counter that has counted nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// The same future, with its polls counted here.
    pub fn of<F: Future>(&self, future: F) -> Polled<F> {
        Polled { future: Box::pin(future), count: Arc::clone(&self.count) }
    }

    /// How many polls there were, of all the futures together.
    pub fn count(&self) -> usize {
        self.count.load(Ordering::SeqCst)
    }
}

/// A future whose polls are counted; [`Polls::of`] makes it.
#[derive(Debug)]
pub struct Polled<F> {
    future: Pin<Box<F>>,
    count: Arc<AtomicUsize>,
}

impl<F: Future> Future for Polled<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        self.count.fetch_add(1, Ordering::SeqCst);
        self.future.as_mut().poll(context)
    }
}

/// A future in the test's hand: polled when the test says so, by no executor.
///
/// ```
/// use std::task::Poll;
///
/// use proctor::count::{Probe, Task};
///
/// let probe = Probe::new();
/// let mut task = Task::new(probe.future());
/// assert_eq!(task.poll(), Poll::Pending);
/// assert_eq!(task.wakes(), 0);
/// probe.finish("tide");
/// assert_eq!(task.wakes(), 1);
/// assert_eq!(task.poll(), Poll::Ready("tide"));
/// ```
#[derive(Debug)]
pub struct Task<F> {
    future: Pin<Box<F>>,
    wakes: Wakes,
    polls: usize,
    done: bool,
}

impl<F: Future> Task<F> {
    /// A task that was not polled yet.
    pub fn new(future: F) -> Self {
        Self { future: Box::pin(future), wakes: Wakes::new(), polls: 0, done: false }
    }

    /// Polls the future once.
    ///
    /// # Panics
    ///
    /// When the future was done already.
    pub fn poll(&mut self) -> Poll<F::Output> {
        assert!(!self.done, "the test polls a future that is done already");
        self.polls += 1;
        let waker = self.wakes.waker();
        let outcome = self.future.as_mut().poll(&mut Context::from_waker(&waker));
        self.done = outcome.is_ready();
        outcome
    }

    /// Polls the future once, with a new waker that is unlike those before it, as when a task moves to another executor.
    /// The counts of wakes and wakers begin anew: wakes of the old waker do not count.
    ///
    /// # Panics
    ///
    /// As [`poll`](Self::poll).
    pub fn poll_with_new_waker(&mut self) -> Poll<F::Output> {
        self.wakes = Wakes::new();
        self.poll()
    }

    /// How often the task was woken.
    pub fn wakes(&self) -> usize {
        self.wakes.count()
    }

    /// How many wakers of the task are stored somewhere.
    pub fn wakers(&self) -> usize {
        self.wakes.wakers()
    }

    /// How often the task was polled.
    pub fn polls(&self) -> usize {
        self.polls
    }
}

/// A future that is done when the test says so, and the counts of what was done to it.
///
/// Clones are handles of one probe.
///
/// ```
/// let probe = proctor::count::Probe::new();
/// let future = probe.future();
/// probe.finish(7);
/// assert_eq!(proctor::watch_async(future), 7);
/// assert_eq!((probe.polls(), probe.is_dropped()), (1, true));
/// ```
pub struct Probe<T> {
    state: Arc<Mutex<ProbeState<T>>>,
}

struct ProbeState<T> {
    value: Option<T>,
    waker: Option<Waker>,
    polls: usize,
    /// The future was made.
    made: bool,
    done: bool,
    dropped: bool,
}

impl<T> Probe<T> {
    /// A probe that is not done.
    pub fn new() -> Self {
        Self {
            state: Arc::new(Mutex::new(ProbeState {
                value: None,
                waker: None,
                polls: 0,
                made: false,
                done: false,
                dropped: false,
            })),
        }
    }

    /// The probe's future. It keeps the waker of the last poll and calls it once, as the contract of `Future` asks.
    ///
    /// # Panics
    ///
    /// When it was taken before. The future panics when it is polled after it was done.
    pub fn future(&self) -> ProbeFuture<T> {
        let mut state = lock(&self.state);
        assert!(!state.made, "a probe has one future; make a probe for each");
        state.made = true;
        drop(state);
        ProbeFuture { probe: self.clone() }
    }

    /// The future is done, with this value; its task is woken, if it waits.
    pub fn finish(&self, value: T) {
        let mut state = lock(&self.state);
        state.value = Some(value);
        let waker = state.waker.take();
        drop(state);
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// How often the future was polled.
    pub fn polls(&self) -> usize {
        lock(&self.state).polls
    }

    /// Whether the future was polled, returned `Pending`, and waits to be woken.
    pub fn is_waiting(&self) -> bool {
        lock(&self.state).waker.is_some()
    }

    /// Whether the future was dropped, done or not.
    pub fn is_dropped(&self) -> bool {
        lock(&self.state).dropped
    }
}

impl<T> Default for Probe<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> Clone for Probe<T> {
    fn clone(&self) -> Self {
        Self { state: Arc::clone(&self.state) }
    }
}

impl<T> fmt::Debug for Probe<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = lock(&self.state);
        f.debug_struct("Probe")
            .field("polls", &state.polls)
            .field("done", &state.done)
            .field("dropped", &state.dropped)
            .finish_non_exhaustive()
    }
}

/// Is done when its probe says so; [`Probe::future`] makes it.
#[derive(Debug)]
pub struct ProbeFuture<T> {
    probe: Probe<T>,
}

impl<T> Future for ProbeFuture<T> {
    type Output = T;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<T> {
        let mut state = lock(&self.probe.state);
        state.polls += 1;
        assert!(
            !state.done,
            "a future was polled after it had returned `Ready`.\n\
             Keep what it returned, and do not poll it again: most futures panic then, or never return."
        );
        if let Some(value) = state.value.take() {
            state.done = true;
            return Poll::Ready(value);
        }
        state.waker = Some(context.waker().clone());
        Poll::Pending
    }
}

impl<T> Drop for ProbeFuture<T> {
    fn drop(&mut self) {
        let mut state = lock(&self.probe.state);
        state.dropped = true;
        // A task that is gone is not to be woken. The waker is dropped outside of the lock: it may own the task.
        let waker = state.waker.take();
        drop(state);
        drop(waker);
    }
}

fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // What a panic of the code under test leaves behind is what the test wants to see.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
