//! An allocator that knows how many bytes each thread holds.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

/// The system's allocator, with a balance for each thread.
pub struct Holding;

thread_local! {
    // It is made without allocating and needs no destructor, so the allocator may use it at any time.
    static BYTES: Cell<i64> = const { Cell::new(0) };
}

/// How many bytes this thread has asked for and not given back.
pub fn bytes() -> i64 {
    BYTES.get()
}

fn change(by: usize, sign: i64) {
    BYTES.set(BYTES.get() + sign * i64::try_from(by).unwrap_or(i64::MAX));
}

// SAFETY: All is passed on to the system's allocator as it came, and the balance allocates nothing.
unsafe impl GlobalAlloc for Holding {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        change(layout.size(), 1);
        // SAFETY: The caller keeps the contract, which is the same.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        change(layout.size(), -1);
        // SAFETY: The caller keeps the contract, which is the same.
        unsafe { System.dealloc(pointer, layout) }
    }
}
