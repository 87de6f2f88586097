//! Without calls, one walks level by level.
//!
//! caught by: what_is_behind_comes_before_what_is_beside

use std::collections::VecDeque;

/// A cave, and the caves that open from it.
#[derive(Debug, Default)]
pub struct Cave {
    /// What it is called.
    pub name: String,
    /// The caves behind it, in order.
    pub behind: Vec<Cave>,
}

/// Asks every cave for its crabs, depth first, and returns the sum.
pub async fn count_crabs(entrance: &Cave, ask: impl AsyncFn(&Cave) -> u64) -> u64 {
    let mut crabs = 0;
    let mut ahead = VecDeque::from([entrance]);
    while let Some(cave) = ahead.pop_front() {
        crabs += ask(cave).await;
        ahead.extend(&cave.behind);
    }
    crabs
}
