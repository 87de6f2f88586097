//! Where wakes from other threads arrive.
//!
//! It leaves out what is in it: a key is a number that the executor understands.

use std::collections::VecDeque;
use std::task::Waker;

use crate::sync::Mutex;

/// Keys of tasks that other threads have woken, and whether the executor must be interrupted to see them.
#[derive(Debug)]
pub struct Inbox {
    inner: Mutex<Inner>,
    /// Interrupts the executor's wait.
    interrupt: Waker,
}

#[derive(Debug)]
struct Inner {
    keys: VecDeque<usize>,
    /// The executor waits, or is about to.
    sleeping: bool,
}

const UNPOISONED: &str = "nothing panics while it holds the inbox";

// ANCHOR: inbox
impl Inbox {
    // ANCHOR_END: inbox
    /// An empty inbox. Waking `interrupt` ends the executor's wait.
    pub fn new(interrupt: Waker) -> Self {
        let inner = Inner { keys: VecDeque::new(), sleeping: false };
        Self { inner: Mutex::new(inner), interrupt }
    }

    // ANCHOR: inbox
    /// Leaves a key, and interrupts the executor if it sleeps.
    pub fn push(&self, key: usize) {
        let mut inner = self.inner.lock().expect(UNPOISONED);
        inner.keys.push_back(key);
        let sleeping = std::mem::take(&mut inner.sleeping);
        drop(inner);
        if sleeping {
            self.interrupt.wake_by_ref();
        }
    }

    /// Moves all keys to the end of `ready`.
    pub fn take(&self, ready: &mut VecDeque<usize>) {
        let mut inner = self.inner.lock().expect(UNPOISONED);
        inner.sleeping = false;
        ready.append(&mut inner.keys);
    }

    /// Announces that the executor will wait. `false` if it must not, since there is a key.
    pub fn sleep(&self) -> bool {
        let mut inner = self.inner.lock().expect(UNPOISONED);
        inner.sleeping = inner.keys.is_empty();
        inner.sleeping
    }
}
// ANCHOR_END: inbox
