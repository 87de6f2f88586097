//! How many files and sockets this process may have open.
//!
//! Unix has two limits: a soft one, which holds, and a hard one, up to which a process may raise the soft one by itself.
//! The usual soft limit is 1,024 or less; programs that hold many connections raise it when they start.

use std::fmt;

/// What was asked for, and what there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    /// Descriptors the program would like to have open at once.
    pub wanted: u64,
    /// Descriptors it may have open at once.
    pub granted: u64,
}

impl Limit {
    /// How many of `wanted` connections fit, with `spare` descriptors left for other things.
    pub fn fits(self, wanted: usize, spare: u64) -> usize {
        usize::try_from(self.granted.saturating_sub(spare)).map_or(wanted, |room| room.min(wanted))
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { wanted, granted } = self;
        if granted >= wanted {
            write!(f, "room for {wanted} descriptors")
        } else {
            write!(
                f,
                "wanted {wanted} descriptors, the hard limit is {granted}: raise it with `ulimit -Hn`, as root"
            )
        }
    }
}

// ANCHOR: raise
/// Raises the soft limit to `wanted`, or to the hard limit if that is lower.
#[cfg(unix)]
pub fn raise_limit(wanted: u64) -> Limit {
    use rustix::process::{Resource, getrlimit, setrlimit};

    let mut limit = getrlimit(Resource::Nofile);
    let soft = limit.current.unwrap_or(u64::MAX);
    if soft >= wanted {
        return Limit { wanted, granted: soft };
    }
    let target = limit.maximum.map_or(wanted, |hard| hard.min(wanted));
    limit.current = Some(target);
    // macOS refuses more than its kernel's own limit: then what there was stays.
    let granted = if setrlimit(Resource::Nofile, limit).is_ok() { target } else { soft };
    Limit { wanted, granted }
}
// ANCHOR_END: raise

/// Where there is no such limit.
#[cfg(not(unix))]
pub fn raise_limit(wanted: u64) -> Limit {
    Limit { wanted, granted: wanted }
}
