//! Ebb beside Tokio's current-thread runtime and async-executor's `LocalExecutor`, in one run.
//!
//! `cargo bench -p executor`

mod bodies;

use divan::Bencher;

fn main() {
    divan::main();
}

macro_rules! peers {
    ($body:ident, $size:expr, $($peer:ident),+) => {
        mod $body {
            use super::{Bencher, bodies};

            $(
                #[divan::bench]
                fn $peer(bencher: Bencher<'_, '_>) {
                    bencher.bench_local(bodies::$body::$peer($size));
                }
            )+
        }
    };
}

peers!(spawn_and_join, 100_000, ebb, tokio, async_executor);
peers!(ping_pong, 10_000, ebb, tokio, async_executor);
peers!(set_and_cancel, 1_000, ebb, tokio);
peers!(paused_sleeps, 1_000, ebb, tokio);
peers!(wakes_from_a_thread, 1_000, ebb, tokio, async_executor);
