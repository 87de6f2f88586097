//! What is behind a cave can be asked together, as the sum is the same.
//!
//! caught by: one_cave_is_asked_at_a_time

use std::future::poll_fn;
use std::task::Poll;

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
    let mut order = Vec::new();
    let mut ahead = vec![entrance];
    while let Some(cave) = ahead.pop() {
        order.push(cave);
        ahead.extend(cave.behind.iter().rev());
    }
    let mut asked: Vec<_> = order.into_iter().map(|cave| Some(Box::pin(ask(cave)))).collect();
    let mut crabs = 0;
    poll_fn(|context| {
        for slot in &mut asked {
            if let Some(future) = slot
                && let Poll::Ready(answer) = future.as_mut().poll(context)
            {
                crabs += answer;
                *slot = None;
            }
        }
        if asked.iter().all(Option::is_none) { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    crabs
}
