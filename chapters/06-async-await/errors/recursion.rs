//! An async function that calls itself. It must not compile.

struct Cave {
    behind: Vec<Cave>,
}

// ANCHOR: depth
async fn depth(cave: &Cave) -> usize {
    let mut deepest = 0;
    for next in &cave.behind {
        deepest = deepest.max(depth(next).await);
    }
    1 + deepest
}
// ANCHOR_END: depth

fn main() {
    drop(depth(&Cave { behind: Vec::new() }));
}
