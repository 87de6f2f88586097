//! What three executors do with a task whose handle is dropped.

use std::cell::Cell;
use std::rc::Rc;

use async_executor::LocalExecutor;
use executor::{Ebb, yield_now};
use tokio::task::LocalSet;

// ANCHOR: watch
/// Says whether the task came to its end.
async fn watch(ended: Rc<Cell<bool>>) {
    yield_now().await;
    ended.set(true);
}
// ANCHOR_END: watch

fn say(name: &str, ended: &Cell<bool>) {
    println!("{name:<14} {}", if ended.get() { "the task ran on" } else { "the task is gone" });
}

async fn a_few_turns() {
    for _ in 0..5 {
        yield_now().await;
    }
}

fn main() {
    // ANCHOR: main
    let ended = Rc::new(Cell::new(false));
    let seen = ended.clone();
    Ebb::new().block_on(async {
        drop(executor::spawn(watch(seen)));
        a_few_turns().await;
    });
    say("Ebb", &ended);

    let ended = Rc::new(Cell::new(false));
    let seen = ended.clone();
    let tokio = tokio::runtime::Builder::new_current_thread().build().unwrap();
    tokio.block_on(LocalSet::new().run_until(async {
        drop(tokio::task::spawn_local(watch(seen)));
        a_few_turns().await;
    }));
    say("Tokio", &ended);

    let ended = Rc::new(Cell::new(false));
    let executor = LocalExecutor::new();
    executor::block_on(executor.run(async {
        drop(executor.spawn(watch(ended.clone())));
        a_few_turns().await;
    }));
    say("async-executor", &ended);
    // ANCHOR_END: main
}
