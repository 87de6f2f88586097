//! How much processor time a thread has used.
//!
//! Linux tells it in `/proc`; elsewhere the answer is "unknown", and the watchdog's message names both kinds of hang.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

/// One thread, as the operating system knows it.
pub(crate) struct Thread {
    /// `/proc/PID/task/TID/stat`, where there is one.
    stat: Option<PathBuf>,
}

impl Thread {
    /// The thread that calls this.
    pub(crate) fn current() -> Self {
        // The link reads `PID/task/TID`.
        let stat = fs::read_link("/proc/thread-self")
            .ok()
            .map(|link| PathBuf::from("/proc").join(link).join("stat"));
        Self { stat }
    }

    /// The processor time it has used so far, in user and kernel mode, to a hundredth of a second.
    pub(crate) fn used(&self) -> Option<Duration> {
        let stat = fs::read_to_string(self.stat.as_ref()?).ok()?;
        // proc_pid_stat(5): the second field is the name in parentheses, which may hold spaces and parentheses itself.
        // After it, the third field is the first; utime is the 14th of all and stime the 15th.
        let (_, after_name) = stat.rsplit_once(')')?;
        let mut times = after_name.split_whitespace().skip(11).map(str::parse::<u64>);
        let ticks = times.next()?.ok()? + times.next()?.ok()?;
        // A tick is 1/100 s in everything that Linux shows to programs.
        Some(Duration::from_millis(ticks * 10))
    }
}
