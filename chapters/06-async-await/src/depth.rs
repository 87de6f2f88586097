//! An async function that calls itself: how deep does a tide pool's system of caves go?
//!
//! Left out, and asked for in the exercise *depth-first*: a way that needs no more stack for a deeper tree.

/// A cave, and the caves that open from it.
#[derive(Debug, Default)]
pub struct Cave {
    /// The caves behind it.
    pub behind: Vec<Cave>,
}

impl Cave {
    /// So many caves, one behind the other.
    pub fn passage(length: usize) -> Self {
        let mut cave = Self::default();
        for _ in 1..length {
            cave = Self { behind: vec![cave] };
        }
        cave
    }
}

// ANCHOR: depth
/// How many caves the longest way through them has. `look` is awaited in each cave.
pub async fn depth(cave: &Cave, look: &impl AsyncFn()) -> usize {
    look().await;
    let mut deepest = 0;
    for next in &cave.behind {
        deepest = deepest.max(Box::pin(depth(next, look)).await);
    }
    1 + deepest
}
// ANCHOR_END: depth
