//! A box puts a call onto the heap, so it needs no stack.
//!
//! caught by: the_stack_stays_flat

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
    walk(entrance, &ask).await
}

async fn walk(cave: &Cave, ask: &impl AsyncFn(&Cave) -> u64) -> u64 {
    let mut crabs = ask(cave).await;
    for next in &cave.behind {
        crabs += Box::pin(walk(next, ask)).await;
    }
    crabs
}
