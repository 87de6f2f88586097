//! It is async functions that must not call themselves; an ordinary one may.
//!
//! caught by: a_passage_of_100_000_caves_overflows_no_stack

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
    let mut all = Vec::new();
    list(entrance, &mut all);
    let mut crabs = 0;
    for cave in all {
        crabs += ask(cave).await;
    }
    crabs
}

fn list<'c>(cave: &'c Cave, all: &mut Vec<&'c Cave>) {
    all.push(cave);
    for next in &cave.behind {
        list(next, all);
    }
}
