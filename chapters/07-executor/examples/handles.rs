//! What becomes of a task: an output, a panic, an abort.

use std::future::pending;
use std::panic;

use executor::{Ebb, spawn, yield_now};

// ANCHOR: watch
struct Lamp;

impl Drop for Lamp {
    fn drop(&mut self) {
        println!("the lamp is out");
    }
}

async fn watch() {
    let _lamp = Lamp;
    pending::<()>().await;
}
// ANCHOR_END: watch

fn main() {
    // What a panic prints is not what this is about.
    panic::set_hook(Box::new(|_| {}));
    // ANCHOR: main
    Ebb::new().block_on(async {
        let reading = spawn(async { 1.9 });
        println!("{:?}", reading.await);

        let fault = spawn(async { panic!("no such gauge") });
        match fault.await {
            Ok(()) => println!("no fault"),
            Err(error) => println!("{error}"),
        }

        let watch = spawn(watch());
        yield_now().await;
        watch.abort();
        println!("the watch is told to stop");
        if let Err(error) = watch.await {
            println!("{error}");
        }
    });
    // ANCHOR_END: main
}
