//! Values that say when they are dropped.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What happened, in order. Clones write into the same log.
#[derive(Debug, Clone, Default)]
pub struct Log {
    entries: Arc<Mutex<Vec<String>>>,
}

impl Log {
    /// An empty log.
    pub fn new() -> Self {
        Self::default()
    }

    /// Writes an entry.
    pub fn write(&self, entry: impl Into<String>) {
        self.lock().push(entry.into());
    }

    /// A value that writes its name into the log when it is dropped.
    pub fn note(&self, name: &'static str) -> Note {
        Note { log: self.clone(), name }
    }

    /// All entries so far. The log is empty afterwards.
    pub fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.lock())
    }

    fn lock(&self) -> MutexGuard<'_, Vec<String>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

// ANCHOR: note
/// Writes its name into a log when it is dropped. [`Log::note`] makes it.
#[derive(Debug)]
#[must_use = "a note that is not kept is dropped at once"]
pub struct Note {
    log: Log,
    name: &'static str,
}

impl Drop for Note {
    fn drop(&mut self) {
        self.log.write(self.name);
    }
}
// ANCHOR_END: note
