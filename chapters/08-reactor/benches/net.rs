//! Ebb's sockets beside Tokio's current-thread runtime and async-executor with async-io, in one run.
//!
//! The benchmark measures one after the other. On a busy machine, the example `net_peers` is fairer: it takes turns.
//!
//! `cargo bench -p reactor`

use divan::Bencher;

mod rivals;

use rivals::{MESSAGES, Rival};

fn main() {
    event_loop::descriptors::raise_limit(4_096);
    divan::main();
}

#[divan::bench(args = [1, 1_000], sample_count = 30)]
fn ebb(bencher: Bencher<'_, '_>, connections: usize) {
    measure(bencher, rivals::ebb(connections));
}

#[divan::bench(args = [1, 1_000], sample_count = 30)]
fn tokio(bencher: Bencher<'_, '_>, connections: usize) {
    measure(bencher, rivals::tokio(connections));
}

#[divan::bench(args = [1, 1_000], sample_count = 30)]
fn async_io(bencher: Bencher<'_, '_>, connections: usize) {
    measure(bencher, rivals::async_io(connections));
}

fn measure(bencher: Bencher<'_, '_>, mut rival: Box<dyn Rival>) {
    bencher.bench_local(|| rival.round(MESSAGES));
}
