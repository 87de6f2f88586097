//! Two visitors, one counter, and every order in which their steps can fall.
//!
//! Run with `cargo run -p threads --example lost_hit`.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex as Notebook};

// ANCHOR: imports
use shuttle::sync::atomic::{AtomicU32, Ordering::SeqCst};
use shuttle::thread;
// ANCHOR_END: imports

type Note = Arc<dyn Fn(String) + Send + Sync>;

// ANCHOR: hit
fn hit(hits: &AtomicU32, note: impl Fn(String)) {
    let seen = hits.load(SeqCst);
    note(format!("reads {seen}"));
    hits.store(seen + 1, SeqCst);
    note(format!("writes {}", seen + 1));
}
// ANCHOR_END: hit

// ANCHOR: mended
fn mended_hit(hits: &AtomicU32, note: impl Fn(String)) {
    let seen = hits.fetch_add(1, SeqCst);
    note(format!("makes {seen} into {}", seen + 1));
}
// ANCHOR_END: mended

fn main() {
    println!("Read, then write:");
    for (order, hits) in every_order(|hits, note| hit(hits, |what| note(what))) {
        println!("  {order}: {}", counted(hits));
    }
    println!("In one step:");
    for (order, hits) in every_order(|hits, note| mended_hit(hits, |what| note(what))) {
        println!("  {order}: {}", counted(hits));
    }
}

fn counted(hits: u32) -> String {
    if hits == 2 { String::from("2 hits") } else { format!("{hits} hit, and one is lost") }
}

/// What two visitors do, in every order, and how many hits were counted then.
fn every_order(visit: fn(&AtomicU32, &Note)) -> BTreeMap<String, u32> {
    let outcomes = Arc::new(Notebook::new(BTreeMap::new()));
    let found = Arc::clone(&outcomes);
    let both_visit = move || {
        let hits = Arc::new(AtomicU32::new(0));
        let story = Arc::new(Notebook::new(Vec::new()));
        let visitors = ["A", "B"].map(|name| {
            let hits = Arc::clone(&hits);
            let note = noting(name, &story);
            thread::spawn(move || visit(&hits, &note))
        });
        for visitor in visitors {
            visitor.join().unwrap();
        }
        let story = story.lock().unwrap().join(", ");
        found.lock().unwrap().insert(story, hits.load(SeqCst));
    };
    // ANCHOR: every
    shuttle::check_dfs(both_visit, None);
    // ANCHOR_END: every
    let outcomes = outcomes.lock().unwrap();
    outcomes.clone()
}

fn noting(name: &'static str, story: &Arc<Notebook<Vec<String>>>) -> Note {
    let story = Arc::clone(story);
    Arc::new(move |what| story.lock().unwrap().push(format!("{name} {what}")))
}
