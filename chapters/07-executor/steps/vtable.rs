//! A waker by hand: a pointer, and a table of four functions that know what it points to.
//!
//! This is the only unsafe code of the chapter; `std::task::Wake` does the same, with the proof done once for everybody.
//! Miri checks such code at run time. It comes with the nightly toolchain:
//!
//! ```sh
//! rustup toolchain install nightly --component miri
//! cargo +nightly miri run -p executor --example vtable
//! ```

use std::mem::ManuallyDrop;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, RawWaker, RawWakerVTable, Waker};

use futures_by_hand::oneshot;

// ANCHOR: vtable
struct Bell {
    name: &'static str,
}

/// Every pointer in such a waker came from `Arc::into_raw`,
/// and stands for one of the counted owners.
static BELL: RawWakerVTable = RawWakerVTable::new(clone, wake, wake_by_ref, drop_waker);

unsafe fn clone(data: *const ()) -> RawWaker {
    // SAFETY: the waker that is cloned is an owner, and remains one:
    // `ManuallyDrop` does not count it down.
    let bell = ManuallyDrop::new(unsafe { Arc::from_raw(data.cast::<Bell>()) });
    let clone = Arc::into_raw(Arc::clone(&bell));
    say("clone", &bell);
    RawWaker::new(clone.cast(), &BELL)
}

unsafe fn wake(data: *const ()) {
    // SAFETY: `wake` consumes its waker, so the owner is ours to take back,
    // and nobody calls `drop_waker` for it.
    let bell = unsafe { Arc::from_raw(data.cast::<Bell>()) };
    say("wake", &bell);
}

unsafe fn wake_by_ref(data: *const ()) {
    // SAFETY: as in `clone`.
    let bell = ManuallyDrop::new(unsafe { Arc::from_raw(data.cast::<Bell>()) });
    say("wake_by_ref", &bell);
}

unsafe fn drop_waker(data: *const ()) {
    // SAFETY: the waker is gone after this call, and its owner with it.
    let bell = unsafe { Arc::from_raw(data.cast::<Bell>()) };
    say("drop", &bell);
}
// ANCHOR_END: vtable

/// Prints what is called, and how many owners there are now.
fn say(what: &str, bell: &Arc<Bell>) {
    println!("  {what} ({}, {} owners)", bell.name, Arc::strong_count(bell));
}

// ANCHOR: main
fn main() {
    let bell = Arc::new(Bell { name: "ship's bell" });
    let data = Arc::into_raw(Arc::clone(&bell)).cast::<()>();
    // SAFETY: the functions of `BELL` keep the contract of `RawWaker` for pointers from
    // `Arc::into_raw`, and may be called from any thread, since `Bell` is `Send` and `Sync`.
    let waker = unsafe { Waker::new(data, &BELL) };
    println!("a waker is {} bytes", size_of::<Waker>());

    let (sender, mut receiver) = oneshot::channel();
    println!("poll");
    let _ = Pin::new(&mut receiver).poll(&mut Context::from_waker(&waker));
    println!("send");
    sender.send("high water");
    println!("poll");
    let _ = Pin::new(&mut receiver).poll(&mut Context::from_waker(&waker));
    println!("the end");
    drop(waker);
    println!("{} owner left", Arc::strong_count(&bell));
}
// ANCHOR_END: main
