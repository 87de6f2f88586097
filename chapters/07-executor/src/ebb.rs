//! The loop: it polls what is ready, in order, and waits when nothing is.
//!
//! It leaves out what it waits on, which is a [`Park`].

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::fmt;
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use crate::event::{Event, Happening, TaskId};
use crate::inbox::Inbox;
use crate::park::{Park, ThreadPark};
use crate::state::State;
use crate::task::{self, Header, JoinHandle, Run};
use crate::timers::{Clock, Timers};

/// The key of the future that was given to `block_on`, which is not among the tasks.
const MAIN: usize = usize::MAX;

/// So often may a task go on in one turn where it could go on for ever.
const BUDGET: u32 = 128;

/// So many polls at most, and then a look at the inbox, the timers and the parker: nobody may keep them waiting.
const POLLS_A_TURN: usize = 64;

thread_local! {
    /// The executor whose `block_on` this thread is in.
    static CURRENT: RefCell<Option<Rc<Local>>> = const { RefCell::new(None) };
}

// ANCHOR: home
/// What other threads know of an executor.
#[derive(Debug)]
pub(crate) struct Home {
    inbox: Inbox,
}

impl Home {
    /// Puts a task at the end of the run queue: at once on the executor's thread, by way of the inbox on others.
    pub(crate) fn queue(&self, key: usize) {
        let queued = CURRENT.try_with(|current| match &*current.borrow() {
            Some(local) if std::ptr::eq(&raw const *local.home, self) => {
                local.ready.borrow_mut().push_back(key);
                true
            }
            _ => false,
        });
        if queued != Ok(true) {
            self.inbox.push(key);
        }
    }
}
// ANCHOR_END: home

type Watcher = Box<dyn FnMut(&Event)>;

/// What the executor's thread alone may touch.
pub(crate) struct Local {
    home: Arc<Home>,
    /// Keys of the tasks that are to be polled, first come first served.
    ready: RefCell<VecDeque<usize>>,
    tasks: RefCell<Tasks>,
    pub(crate) timers: RefCell<Timers>,
    pub(crate) clock: Clock,
    spawned: Cell<u64>,
    /// What is left of [`BUDGET`] in the present turn.
    budget: Cell<u32>,
    /// Of the [`Park`].
    handle: Option<Rc<dyn Any>>,
    watcher: RefCell<Option<Watcher>>,
}

/// A slab: a task's key is its place, and places are used again.
///
/// A key that is queued is never stale, since only a turn of its task can end the task, and takes the key from the queue.
#[derive(Default)]
struct Tasks {
    entries: Vec<Option<Entry>>,
    free: Vec<usize>,
}

struct Entry {
    task: Rc<dyn Run>,
    header: Arc<Header>,
    /// Of the header: made once, lent to each poll.
    waker: Waker,
    id: TaskId,
}

impl Local {
    /// Runs `body` with the present thread's executor.
    #[track_caller]
    pub(crate) fn with<R>(what: &str, body: impl FnOnce(&Rc<Self>) -> R) -> R {
        CURRENT.with(|current| match &*current.borrow() {
            Some(local) => body(local),
            None => panic!(
                "{what} needs an executor: call it from a future that runs in `Ebb::block_on`"
            ),
        })
    }

    /// Runs `body` with the present thread's executor, if there is one and the thread is not about to end.
    pub(crate) fn if_any(body: impl FnOnce(&Rc<Self>)) {
        let _ = CURRENT.try_with(|current| current.borrow().as_ref().map(body));
    }

    /// Tells executors apart.
    pub(crate) fn address(&self) -> usize {
        Arc::as_ptr(&self.home).addr()
    }

    fn spawn<F: Future + 'static>(&self, future: F) -> JoinHandle<F::Output> {
        self.spawned.set(self.spawned.get() + 1);
        let id = TaskId(self.spawned.get());
        let mut tasks = self.tasks.borrow_mut();
        let key = tasks.free.pop().unwrap_or_else(|| {
            tasks.entries.push(None);
            tasks.entries.len() - 1
        });
        let home = Arc::clone(&self.home);
        let header = Arc::new(Header { state: State::new(), key, home });
        let (task, handle) = task::new(future, id, &header);
        header.state.wake();
        self.ready.borrow_mut().push_back(key);
        let waker = Waker::from(Arc::clone(&header));
        tasks.entries[key] = Some(Entry { task, header, waker, id });
        handle
    }

    // ANCHOR: turn
    /// Gives the task its turn.
    fn turn(&self, key: usize) {
        // The entry is out of its place while it runs, and the place is not free: the task may spawn others.
        let Some(entry) = self.tasks.borrow_mut().entries[key].take() else {
            return;
        };
        self.tell(|| Happening::Begins(entry.id));
        let aborted = entry.header.state.begin();
        if aborted {
            entry.task.cancel();
        }
        if aborted || entry.task.poll(&entry.waker) {
            entry.header.state.finish();
            self.tasks.borrow_mut().free.push(key);
            self.tell(|| Happening::Ends(entry.id));
        } else {
            let woken = entry.header.state.pause();
            if woken {
                self.ready.borrow_mut().push_back(key);
            }
            let id = entry.id;
            self.tasks.borrow_mut().entries[key] = Some(entry);
            self.tell(|| Happening::Waits(id));
        }
    }
    // ANCHOR_END: turn

    /// Queues what other threads have woken, and what is due.
    fn collect(&self) {
        self.home.inbox.take(&mut self.ready.borrow_mut());
        if self.timers.borrow().next().is_none() {
            return;
        }
        let now = self.clock.now();
        loop {
            // The waker is called when nothing is borrowed: it need not be one of ours.
            let due = self.timers.borrow_mut().take_due(now);
            let Some(waker) = due else { break };
            waker.wake();
        }
    }

    fn is_idle(&self) -> bool {
        self.ready.borrow().is_empty()
    }

    /// Tells the watcher, if there is one.
    fn tell(&self, what: impl FnOnce() -> Happening) {
        let mut watcher = self.watcher.borrow_mut();
        let Some(watcher) = watcher.as_mut() else {
            return;
        };
        let tasks = self.tasks.borrow();
        let id = |key: &usize| match tasks.entries.get(*key) {
            Some(Some(entry)) => Some(entry.id),
            _ if *key == MAIN => Some(TaskId(0)),
            _ => None,
        };
        let queue = self.ready.borrow().iter().filter_map(id).collect();
        watcher(&Event { at: self.clock.now(), what: what(), queue });
    }
}

/// While it exists, the present thread is in the executor's `block_on`.
struct Inside;

impl Inside {
    #[track_caller]
    fn of(local: &Rc<Local>) -> Self {
        CURRENT.with(|current| {
            let mut current = current.borrow_mut();
            assert!(
                current.is_none(),
                "`Ebb::block_on` was called inside `Ebb::block_on`: the outer one's tasks would all wait; await the future instead"
            );
            *current = Some(Rc::clone(local));
        });
        Self
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        let local = CURRENT.take();
        drop(local);
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
        let home = Arc::new(Home { inbox: Inbox::new(park.interrupt()) });
        let local = Local {
            home,
            ready: RefCell::default(),
            tasks: RefCell::default(),
            timers: RefCell::default(),
            clock,
            spawned: Cell::new(0),
            budget: Cell::new(BUDGET),
            handle: park.handle(),
            watcher: RefCell::new(None),
        };
        Self { local: Rc::new(local), park: Box::new(park) }
    }

    /// Has `watcher` told of each poll and each wait from now on.
    pub fn watch(&mut self, watcher: impl FnMut(&Event) + 'static) {
        *self.local.watcher.borrow_mut() = Some(Box::new(watcher));
    }

    /// How many tasks have not ended.
    pub fn tasks(&self) -> usize {
        let tasks = self.local.tasks.borrow();
        tasks.entries.len() - tasks.free.len()
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
    pub fn block_on<F: Future>(&mut self, future: F) -> F::Output {
        let inside = Inside::of(&self.local);
        let local = Rc::clone(&self.local);
        let mut future = pin!(future);
        let main =
            Arc::new(Header { state: State::new(), key: MAIN, home: Arc::clone(&local.home) });
        let waker = Waker::from(Arc::clone(&main));
        waker.wake_by_ref();
        loop {
            for _ in 0..POLLS_A_TURN {
                let next = local.ready.borrow_mut().pop_front();
                let Some(key) = next else { break };
                local.budget.set(BUDGET);
                if key != MAIN {
                    local.turn(key);
                    continue;
                }
                local.tell(|| Happening::Begins(TaskId(0)));
                main.state.begin();
                if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker))
                {
                    main.state.finish();
                    local.tell(|| Happening::Ends(TaskId(0)));
                    drop(inside);
                    return output;
                }
                if main.state.pause() {
                    local.ready.borrow_mut().push_back(MAIN);
                }
                local.tell(|| Happening::Waits(TaskId(0)));
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
        let until = local.timers.borrow().next();
        let is_virtual = matches!(local.clock, Clock::Virtual(_));
        if !local.is_idle() || (is_virtual && until.is_some()) {
            // A look without a wait: sockets must not starve while tasks keep the queue filled.
            self.park.park(Some(Duration::ZERO));
            local.collect();
        }
        if !local.is_idle() {
            return;
        }
        local.tell(|| Happening::Idles { until });
        if let (Clock::Virtual(now), Some(until)) = (&local.clock, until) {
            now.set(until);
        } else if local.home.inbox.sleep() {
            self.park.park(until.map(|until| until.saturating_sub(local.clock.now())));
        }
        local.collect();
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
        let inside =
            CURRENT.with(|current| current.borrow().is_none()).then(|| Inside::of(&self.local));
        loop {
            let left: Vec<Entry> =
                self.local.tasks.borrow_mut().entries.drain(..).flatten().collect();
            self.local.ready.borrow_mut().clear();
            self.local.tasks.borrow_mut().free.clear();
            if left.is_empty() {
                break;
            }
            for entry in left {
                entry.task.cancel();
                entry.header.state.finish();
            }
        }
        drop(inside);
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
    Local::with("spawn", |local| local.spawn(future))
}

/// The executor's time: since it was made, on its clock.
///
/// # Panics
///
/// Outside of [`Ebb::block_on`].
#[track_caller]
pub fn now() -> Duration {
    Local::with("now", |local| local.clock.now())
}

/// Takes one step of the present task's budget, which is 128 for each turn.
///
/// A future that could go on for ever without waiting, such as a read from a socket that always has more,
/// asks here before each step. When the budget is used up the task is queued again, and others have a turn.
/// Outside of [`Ebb::block_on`] it is always ready.
pub fn poll_proceed(context: &mut Context<'_>) -> Poll<()> {
    let mut spent = false;
    Local::if_any(|local| match local.budget.get().checked_sub(1) {
        Some(left) => local.budget.set(left),
        None => spent = true,
    });
    if spent {
        context.waker().wake_by_ref();
        return Poll::Pending;
    }
    Poll::Ready(())
}

/// What the present executor's [`Park::handle`] gave, if that is a `T`.
pub fn park_handle<T: 'static>() -> Option<Rc<T>> {
    let mut found = None;
    Local::if_any(|local| found.clone_from(&local.handle));
    found?.downcast().ok()
}
