//! The loop: it polls what is ready, in order, and waits when nothing is.
//!
//! It leaves out what it waits on, which is a [`Park`].

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use slab::Slab;

use crate::event::{Event, Happening, TaskId};
use crate::inbox::Inbox;
use crate::park::{Park, ThreadPark};
use crate::task::{Header, JoinHandle, Run, Task};
use crate::time::{Clock, Key};

/// So often may a task go on in one turn where it could go on for ever.
const BUDGET: u32 = 128;

/// So many turns at most, and then a look at the inbox, the timers and the parker: nobody may keep them waiting.
const TURNS_A_ROUND: usize = 64;

/// So many executors have been made, which numbers them.
static EXECUTORS: AtomicU64 = AtomicU64::new(0);

thread_local! {
    /// The executor whose `block_on` this thread is in.
    static CURRENT: RefCell<Option<Rc<Local>>> = const { RefCell::new(None) };
}

// ANCHOR: queue
/// Puts a task at the end of its executor's run queue:
/// at once on that executor's thread, by way of the inbox on others.
pub(crate) fn queue(home: &Arc<Inbox>, key: usize) {
    match Local::current() {
        Some(local) if Arc::ptr_eq(&local.home, home) => local.ready.borrow_mut().push_back(key),
        _ => home.push(key),
    }
}
// ANCHOR_END: queue

type Watcher = Box<dyn FnMut(&Event)>;

// ANCHOR: local
/// What the executor's thread alone may touch.
pub(crate) struct Local {
    /// Where wakes from other threads arrive.
    home: Arc<Inbox>,
    /// Keys of the tasks that are to be polled, first come first served.
    ready: RefCell<VecDeque<usize>>,
    /// A task's key is its place in here. A key in the queue is never stale:
    /// only a turn ends a task, and takes its key from the queue.
    tasks: RefCell<Slab<Rc<dyn Run>>>,
    /// Who is to be woken when. A heap would keep a timeout that was cancelled until its deadline;
    /// a server sets one for each read and cancels nearly all. From a tree any can be taken back.
    pub(crate) timers: RefCell<BTreeMap<Key, Waker>>,
    pub(crate) clock: Clock,
    // ANCHOR_END: local
    /// Tells executors apart. An address would not do: the next executor may lie where the last one lay.
    pub(crate) number: u64,
    /// Tasks and timers so far, which numbers them.
    spawned: Cell<u64>,
    timed: Cell<u64>,
    /// The key of the future that was given to `block_on`, which is not among the tasks.
    /// It is another one in each call, so that one that panicked leaves nothing behind which means the next.
    main: Cell<usize>,
    /// What is left of [`BUDGET`] in the present turn.
    budget: Cell<u32>,
    /// Of the [`Park`].
    handle: Option<Rc<dyn Any>>,
    watcher: RefCell<Option<Watcher>>,
    // ANCHOR: local
}
// ANCHOR_END: local

impl Local {
    /// The executor whose `block_on` this thread is in.
    pub(crate) fn current() -> Option<Rc<Self>> {
        // A thread that is about to end has none.
        CURRENT.try_with(|current| current.borrow().clone()).ok().flatten()
    }

    /// The executor that `what` needs.
    #[track_caller]
    pub(crate) fn needed_by(what: &str) -> Rc<Self> {
        let Some(local) = Self::current() else {
            panic!("{what} needs an executor: call it from a future that runs in `Ebb::block_on`");
        };
        local
    }

    /// A new timer's name.
    pub(crate) fn timer(&self, deadline: Duration) -> Key {
        self.timed.set(self.timed.get() + 1);
        (deadline, self.timed.get())
    }

    // ANCHOR: spawn
    pub(crate) fn spawn<F: Future + 'static>(&self, future: F) -> JoinHandle<F::Output> {
        self.spawned.set(self.spawned.get() + 1);
        let mut tasks = self.tasks.borrow_mut();
        let place = tasks.vacant_entry();
        let header = Header::new(place.key(), TaskId(self.spawned.get()), &self.home);
        header.state.wake();
        self.ready.borrow_mut().push_back(header.key);
        let task = Rc::new(Task::new(future, header));
        place.insert(Rc::<Task<F>>::clone(&task));
        JoinHandle::new(task)
    }
    // ANCHOR_END: spawn

    // ANCHOR: turn
    /// Gives the task its turn. `poll` is told whether the task was aborted.
    fn turn<T>(&self, header: &Header, poll: impl FnOnce(bool) -> Poll<T>) -> Poll<T> {
        // ANCHOR_END: turn
        self.tell(|| Happening::Begins(header.id));
        self.budget.set(BUDGET);
        // ANCHOR: turn
        let outcome = poll(header.state.begin());
        if outcome.is_ready() {
            header.state.finish();
        } else if header.state.pause() {
            self.ready.borrow_mut().push_back(header.key);
        }
        // ANCHOR_END: turn
        self.tell(|| match outcome {
            Poll::Ready(_) => Happening::Ends(header.id),
            Poll::Pending => Happening::Waits(header.id),
        });
        // ANCHOR: turn
        outcome
    }
    // ANCHOR_END: turn

    // ANCHOR: collect
    /// Queues what other threads have woken, and what is due.
    fn collect(&self) {
        self.home.take(&mut self.ready.borrow_mut());
        if self.timers.borrow().is_empty() {
            return;
        }
        let now = self.clock.now();
        loop {
            let mut timers = self.timers.borrow_mut();
            let Some(due) = timers.first_entry().filter(|first| first.key().0 <= now) else {
                break;
            };
            let waker = due.remove();
            // It is called when nothing is borrowed: it need not be one of ours.
            drop(timers);
            waker.wake();
        }
    }
    // ANCHOR_END: collect

    fn next_deadline(&self) -> Option<Duration> {
        self.timers.borrow().keys().next().map(|(deadline, _)| *deadline)
    }

    fn is_idle(&self) -> bool {
        self.ready.borrow().is_empty()
    }

    /// Tells the watcher, if there is one.
    fn tell(&self, what: impl FnOnce() -> Happening) {
        if let Some(watcher) = self.watcher.borrow_mut().as_mut() {
            let queue = {
                let tasks = self.tasks.borrow();
                let id = |key: &usize| tasks.get(*key).map_or(TaskId(0), |task| task.header().id);
                self.ready.borrow().iter().map(id).collect()
            };
            // Nothing is borrowed but the watcher: it may spawn and wake.
            watcher(&Event { at: self.clock.now(), what: what(), queue });
        }
    }
}

/// While it exists, the present thread is in this executor; afterwards in the one before.
struct Inside(Option<Rc<Local>>);

impl Inside {
    fn of(local: &Rc<Local>) -> Self {
        let inside = Some(Rc::clone(local));
        Self(CURRENT.try_with(|current| current.replace(inside)).ok().flatten())
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        let _ = CURRENT.try_with(|current| current.replace(self.0.take()));
    }
}

/// Ebb: an executor for one thread.
///
/// Tasks stay with it when [`block_on`](Self::block_on) returns, and go on in the next one. They are dropped with it.
pub struct Ebb {
    local: Rc<Local>,
    park: Box<dyn Park>,
}

impl Ebb {
    /// An executor with the machine's clock, whose thread sleeps while nothing can go on.
    pub fn new() -> Self {
        Self::with_park(ThreadPark::new())
    }

    /// An executor with the machine's clock, which waits on `park`.
    pub fn with_park(park: impl Park + 'static) -> Self {
        Self::build(park, Clock::Real(Instant::now()))
    }

    /// An executor whose clock stands still while anything can go on, and jumps to the next deadline when nothing can.
    ///
    /// An hour's sleep takes no time, and what happens at which time is the same in each run.
    pub fn with_virtual_clock() -> Self {
        Self::build(ThreadPark::new(), Clock::Virtual(Cell::default()))
    }

    fn build(park: impl Park + 'static, clock: Clock) -> Self {
        let local = Local {
            home: Arc::new(Inbox::new(park.interrupt())),
            ready: RefCell::default(),
            tasks: RefCell::default(),
            timers: RefCell::default(),
            clock,
            number: EXECUTORS.fetch_add(1, Ordering::Relaxed),
            spawned: Cell::new(0),
            timed: Cell::new(0),
            main: Cell::new(usize::MAX),
            budget: Cell::new(BUDGET),
            handle: park.handle(),
            watcher: RefCell::new(None),
        };
        Self { local: Rc::new(local), park: Box::new(park) }
    }

    /// Has `watcher` told of each turn and each wait from now on. It may spawn tasks and wake them.
    pub fn watch(&mut self, watcher: impl FnMut(&Event) + 'static) {
        *self.local.watcher.borrow_mut() = Some(Box::new(watcher));
    }

    /// How many tasks have not ended.
    pub fn tasks(&self) -> usize {
        self.local.tasks.borrow().len()
    }

    /// How many timers are set.
    pub fn timers(&self) -> usize {
        self.local.timers.borrow().len()
    }

    /// [`spawn`] from outside: the task has its first turn in the next [`block_on`](Self::block_on).
    pub fn spawn<F: Future + 'static>(&self, future: F) -> JoinHandle<F::Output> {
        self.local.spawn(future)
    }

    // ANCHOR: block_on
    /// Runs `future` to its end, and the tasks beside it.
    ///
    /// # Panics
    ///
    /// If `future` does (a task's panic stays with its handle), and inside another `Ebb::block_on`.
    #[track_caller]
    pub fn block_on<F: Future>(&mut self, future: F) -> F::Output {
        assert!(
            Local::current().is_none(),
            "`Ebb::block_on` was called inside `Ebb::block_on`: the outer one's tasks would all wait; \
             await the future instead"
        );
        let local = Rc::clone(&self.local);
        let _inside = Inside::of(&local);
        local.main.set(local.main.get() - 1);
        let main = Header::new(local.main.get(), TaskId(0), &local.home);
        let waker = Waker::from(Arc::clone(&main));
        let mut context = Context::from_waker(&waker);
        let mut future = pin!(future);
        waker.wake_by_ref();
        loop {
            for _ in 0..TURNS_A_ROUND {
                let next = local.ready.borrow_mut().pop_front();
                let Some(key) = next else { break };
                if key == main.key {
                    let outcome = local.turn(&main, |_| future.as_mut().poll(&mut context));
                    if let Poll::Ready(output) = outcome {
                        return output;
                    }
                    continue;
                }
                let task = local.tasks.borrow().get(key).cloned();
                if let Some(task) = task
                    && local.turn(task.header(), |aborted| task.run(aborted)).is_ready()
                {
                    local.tasks.borrow_mut().remove(key);
                }
            }
            self.wait();
        }
    }
    // ANCHOR_END: block_on

    // ANCHOR: wait
    /// Looks who can go on, and waits if nobody can.
    fn wait(&mut self) {
        let local = &self.local;
        local.collect();
        // ANCHOR_END: wait
        if local.is_idle() {
            // The watcher may change who can go on, so it is told first.
            local.tell(|| Happening::Idles { until: local.next_deadline() });
        }
        // ANCHOR: wait
        let until = local.next_deadline();
        let timeout = match &local.clock {
            // A look without a wait: sockets must not starve while tasks keep the queue filled,
            // nor while a clock jumps.
            _ if !local.is_idle() => Some(Duration::ZERO),
            Clock::Virtual(_) if until.is_some() => Some(Duration::ZERO),
            clock => until.map(|until| until.saturating_sub(clock.now())),
        };
        if !local.is_idle() || local.home.sleep() {
            self.park.park(timeout);
        }
        local.collect();
        if let (Clock::Virtual(now), Some(until), true) = (&local.clock, until, local.is_idle()) {
            now.set(until);
            local.collect();
        }
    }
    // ANCHOR_END: wait
}

impl Default for Ebb {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Ebb {
    fn drop(&mut self) {
        // Futures that are dropped may spawn, wake and cancel timers.
        let _inside = Inside::of(&self.local);
        loop {
            let left = self.local.tasks.take();
            self.local.ready.borrow_mut().clear();
            if left.is_empty() {
                break;
            }
            for (_, task) in left {
                let _ = task.run(true);
            }
        }
    }
}

impl fmt::Debug for Ebb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ebb").field("tasks", &self.tasks()).finish_non_exhaustive()
    }
}

/// Makes a task of `future`: it runs beside its spawner, whether or not anybody waits for the handle.
///
/// Its first turn comes after those of the tasks that are queued already.
///
/// # Panics
///
/// Outside of [`Ebb::block_on`].
#[track_caller]
pub fn spawn<F: Future + 'static>(future: F) -> JoinHandle<F::Output> {
    Local::needed_by("spawn").spawn(future)
}

/// The executor's time: since it was made, on its clock.
///
/// # Panics
///
/// Outside of [`Ebb::block_on`].
#[track_caller]
pub fn now() -> Duration {
    Local::needed_by("now").clock.now()
}

// ANCHOR: proceed
/// Takes one step of the present task's budget, which is 128 for each turn.
///
/// A future that could go on for ever without waiting, such as a read from a socket that always
/// has more, asks here before each step. When the budget is used up the task is queued again,
/// and others have a turn.
/// Outside of [`Ebb::block_on`] it is always ready.
pub fn poll_proceed(context: &mut Context<'_>) -> Poll<()> {
    let Some(local) = Local::current() else { return Poll::Ready(()) };
    let Some(left) = local.budget.get().checked_sub(1) else {
        context.waker().wake_by_ref();
        return Poll::Pending;
    };
    local.budget.set(left);
    Poll::Ready(())
}
// ANCHOR_END: proceed

/// What the present executor's [`Park::handle`] gave, if that is a `T`.
pub fn park_handle<T: 'static>() -> Option<Rc<T>> {
    Local::current()?.handle.clone()?.downcast().ok()
}
