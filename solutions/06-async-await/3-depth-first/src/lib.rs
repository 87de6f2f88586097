//! A deep tree, walked by a future with a flat stack.

/// A cave, and the caves that open from it.
#[derive(Debug, Default)]
pub struct Cave {
    /// What it is called.
    pub name: String,
    /// The caves behind it, in order.
    pub behind: Vec<Cave>,
}

// ANCHOR: count
/// Asks every cave for its crabs, depth first, and returns the sum.
pub async fn count_crabs(entrance: &Cave, ask: impl AsyncFn(&Cave) -> u64) -> u64 {
    let mut crabs = 0;
    let mut ahead = vec![entrance];
    while let Some(cave) = ahead.pop() {
        crabs += ask(cave).await;
        ahead.extend(cave.behind.iter().rev());
    }
    crabs
}
// ANCHOR_END: count
