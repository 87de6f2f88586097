//! Two threads that each hold what the other wants, and `main`, which finds out.
//!
//! Run with `cargo run -p threads --example two_locks`.

use std::sync::mpsc::{self, Sender};
use std::sync::{Arc, Barrier, Mutex};
use std::thread;

// ANCHOR: transfer
/// Moves shells between two accounts.
fn transfer(from: &Mutex<u32>, to: &Mutex<u32>, shells: u32, pause: impl FnOnce()) {
    let mut giver = from.lock().unwrap();
    pause();
    let mut taker = to.lock().unwrap();
    *giver -= shells;
    *taker += shells;
}
// ANCHOR_END: transfer

// ANCHOR: waits
/// What a thread says before it waits for its second lock.
struct Waits {
    thread: &'static str,
    holds: &'static str,
    wants: &'static str,
}
// ANCHOR_END: waits

fn main() {
    println!("One transfer after the other:");
    let (hermit, fiddler) = (Mutex::new(5), Mutex::new(5));
    transfer(&hermit, &fiddler, 1, || ());
    transfer(&fiddler, &hermit, 2, || ());
    println!("  hermit {}, fiddler {}", hermit.lock().unwrap(), fiddler.lock().unwrap());

    println!("Both at once, each with its first lock:");
    // ANCHOR: both
    let accounts = Arc::new((Mutex::new(5), Mutex::new(5)));
    let both_hold_one = Arc::new(Barrier::new(2));
    let (says, heard) = mpsc::channel();
    for names in [("left", "hermit", "fiddler"), ("right", "fiddler", "hermit")] {
        let (thread, holds, wants) = names;
        let (accounts, barrier, says) = (accounts.clone(), both_hold_one.clone(), says.clone());
        let pause = move || {
            barrier.wait();
            announce(&says, Waits { thread, holds, wants });
        };
        thread::spawn(move || {
            let (hermit, fiddler) = &*accounts;
            match holds {
                "hermit" => transfer(hermit, fiddler, 1, pause),
                _ => transfer(fiddler, hermit, 2, pause),
            }
        });
    }
    // ANCHOR_END: both
    let mut waits: Vec<Waits> = heard.iter().take(2).collect();
    waits.sort_by_key(|waits| waits.thread);
    for Waits { thread, holds, wants } in &waits {
        println!("  {thread} holds {holds} and wants {wants}");
    }
    match circle(&waits) {
        Some(circle) => println!("Deadlock: {}.", circle.join(", ")),
        None => println!("No deadlock."),
    }
    // The two threads wait on; they end with the process.
}

fn announce(says: &Sender<Waits>, waits: Waits) {
    says.send(waits).expect("main listens");
}

// ANCHOR: circle
/// Follows the waits from the first thread until somebody comes up twice; `None` if they end at somebody who doesn't wait.
fn circle(waits: &[Waits]) -> Option<Vec<String>> {
    let mut waiting = waits.first()?;
    let mut steps: Vec<[&str; 2]> = Vec::new();
    while steps.iter().all(|[waiter, _]| *waiter != waiting.thread) {
        let holder = waits.iter().find(|other| other.holds == waiting.wants)?;
        steps.push([waiting.thread, holder.thread]);
        waiting = holder;
    }
    let closed = steps.iter().skip_while(|[waiter, _]| *waiter != waiting.thread);
    Some(closed.map(|[waiter, holder]| format!("{waiter} waits for {holder}")).collect())
}
// ANCHOR_END: circle
