#![doc = include_str!("../README.md")]

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
    todo!("ask the entrance, then what is behind it")
}
