//! What tests of threads need: a place where threads meet.

use std::cell::RefCell;
use std::fmt;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};

/// A place where a number of threads must be at the same time: [`wait`](Meeting::wait) returns when all are there.
///
/// It shows that a pool runs four jobs at once, with no sleep and no luck: a job waits in the meeting,
/// and if the jobs run one after the other, the first waits for ever.
/// Made inside [`watch`](crate::watch), a meeting that hangs is named in the message of the watchdog, with who has come.
///
/// Clones are handles of one meeting. When all have come and gone, it can be used again.
///
/// ```
/// use proctor::threads::Meeting;
///
/// proctor::watch(|| {
///     let meeting = Meeting::new(2, "threads");
///     let theirs = meeting.clone();
///     let thread = std::thread::spawn(move || theirs.wait());
///     meeting.wait();
///     thread.join().unwrap();
/// });
/// ```
#[derive(Debug, Clone)]
pub struct Meeting {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    parties: usize,
    what: String,
    state: Mutex<State>,
    all_came: Condvar,
}

#[derive(Debug, Default)]
struct State {
    came: usize,
    /// How many meetings have taken place.
    round: usize,
}

impl Meeting {
    /// A meeting of `parties`, which are called `what` in a message: "jobs", "connections".
    ///
    /// # Panics
    ///
    /// When `parties` is 0.
    pub fn new(parties: usize, what: &str) -> Self {
        assert!(parties > 0, "a meeting of nobody never takes place");
        let shared = Arc::new(Shared {
            parties,
            what: what.to_owned(),
            state: Mutex::default(),
            all_came: Condvar::new(),
        });
        WATCHED.with_borrow(|watched| {
            if let Some(meetings) = watched {
                meetings.lock().push(Arc::downgrade(&shared));
            }
        });
        Self { shared }
    }

    /// Waits until all are there.
    pub fn wait(&self) {
        let mut state = self.shared.state();
        state.came += 1;
        if state.came == self.shared.parties {
            state.came = 0;
            state.round += 1;
            self.shared.all_came.notify_all();
            return;
        }
        let round = state.round;
        drop(
            self.shared
                .all_came
                .wait_while(state, |state| state.round == round)
                .unwrap_or_else(PoisonError::into_inner),
        );
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

thread_local! {
    /// The meetings of the test that runs on this thread, for its watchdog.
    static WATCHED: RefCell<Option<Meetings>> = const { RefCell::new(None) };
}

/// The meetings that one test has made.
#[derive(Debug, Clone, Default)]
pub(crate) struct Meetings(Arc<Mutex<Vec<Weak<Shared>>>>);

impl Meetings {
    /// Meetings that this thread makes from now on are among these.
    pub(crate) fn of_this_thread(&self) {
        WATCHED.set(Some(self.clone()));
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Weak<Shared>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One line for each meeting that some have come to and wait in.
impl fmt::Display for Meetings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for meeting in self.lock().iter().filter_map(Weak::upgrade) {
            let came = meeting.state().came;
            if came > 0 {
                let Shared { parties, what, .. } = &*meeting;
                let are = if came == 1 { "is" } else { "are" };
                write!(
                    f,
                    "\nOf {parties} {what} that must be there at the same time, {came} {are}."
                )?;
            }
        }
        Ok(())
    }
}
