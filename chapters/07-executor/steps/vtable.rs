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

/// Every pointer in such a waker came from `Arc::into_raw`, and stands for one of the counted owners.
static BELL: RawWakerVTable = RawWakerVTable::new(clone, wake, wake_by_ref, drop_waker);

unsafe fn clone(data: *const ()) -> RawWaker {
    // SAFETY: `data` is from `Arc::into_raw`, and the waker that is cloned is an owner, so the count is not zero.
    unsafe { Arc::increment_strong_count(data.cast::<Bell>()) };
    say("clone", data);
    RawWaker::new(data, &BELL)
}

unsafe fn wake(data: *const ()) {
    say("wake", data);
    // SAFETY: `wake` consumes its waker, so the owner is ours to take back and drop, and nobody calls `drop_waker` for it.
    drop(unsafe { Arc::from_raw(data.cast::<Bell>()) });
}

unsafe fn wake_by_ref(data: *const ()) {
    say("wake_by_ref", data);
}

unsafe fn drop_waker(data: *const ()) {
    say("drop", data);
    // SAFETY: the waker is gone after this call, and its owner with it.
    drop(unsafe { Arc::from_raw(data.cast::<Bell>()) });
}
// ANCHOR_END: vtable

/// Prints what is called, and how many owners there are now.
fn say(what: &str, data: *const ()) {
    // SAFETY: the caller is a function of the table, whose waker is an owner for as long as this call lasts.
    // `ManuallyDrop` leaves that owner where it is.
    let bell = unsafe { ManuallyDrop::new(Arc::from_raw(data.cast::<Bell>())) };
    println!("  {what} ({}, {} owners)", bell.name, Arc::strong_count(&bell));
}

// ANCHOR: main
fn main() {
    let bell = Arc::new(Bell { name: "ship's bell" });
    let data = Arc::into_raw(Arc::clone(&bell)).cast::<()>();
    // SAFETY: the functions of `BELL` keep the contract of `RawWaker` for pointers from `Arc::into_raw`,
    // and may be called from any thread, since `Bell` is `Send` and `Sync`.
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
