//! How much memory a thread holds, and how much it has held at most.
//!
//! A test that counts names the allocator:
//!
//! ```
//! use proctor::memory::{Counting, Mark};
//!
//! #[global_allocator]
//! static MEMORY: Counting = Counting;
//!
//! let mark = Mark::here();
//! drop(vec![0_u8; 1_000]);
//! drop(vec![0_u8; 3_000]);
//! assert_eq!((mark.held(), mark.highest()), (0, 3_000));
//! ```

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::hint::black_box;

/// The system's allocator, which counts for each thread how many bytes it has taken and not given back.
#[derive(Debug, Clone, Copy, Default)]
pub struct Counting;

thread_local! {
    // They are made without allocating and need no destructor, so the allocator may use them at any time.
    static HELD: Cell<isize> = const { Cell::new(0) };
    static HIGHEST: Cell<isize> = const { Cell::new(0) };
}

fn add(bytes: isize) {
    let held = HELD.get() + bytes;
    HELD.set(held);
    HIGHEST.set(HIGHEST.get().max(held));
}

fn signed(bytes: usize) -> isize {
    // No allocation is larger than `isize::MAX`.
    isize::try_from(bytes).unwrap_or(isize::MAX)
}

// SAFETY: All is passed on to the system's allocator as it came, and counting allocates nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        add(signed(layout.size()));
        // SAFETY: The caller keeps the contract, which is the same.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        add(signed(layout.size()));
        // SAFETY: The caller keeps the contract, which is the same.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        add(-signed(layout.size()));
        // SAFETY: The caller keeps the contract, which is the same.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        add(signed(size) - signed(layout.size()));
        // SAFETY: The caller keeps the contract, which is the same.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

/// A moment from which on the memory of this thread is watched. A new one ends the one before it.
///
/// What another thread takes is not seen; what it gives back of this thread's memory neither.
#[derive(Debug)]
pub struct Mark {
    held: isize,
}

impl Mark {
    /// From now on.
    ///
    /// # Panics
    ///
    /// If the program's allocator is not [`Counting`].
    pub fn here() -> Self {
        let held = HELD.get();
        let probe = black_box(Box::new(0_u8));
        assert_ne!(
            HELD.get(),
            held,
            "nothing is counted: the test needs `#[global_allocator] static MEMORY: Counting = Counting;`"
        );
        drop(probe);
        HIGHEST.set(held);
        Self { held }
    }

    /// How many bytes this thread holds more than at the mark. Fewer count as 0.
    pub fn held(&self) -> usize {
        usize::try_from(HELD.get() - self.held).unwrap_or(0)
    }

    /// How many bytes more it has held since, at most.
    pub fn highest(&self) -> usize {
        usize::try_from(HIGHEST.get() - self.held).unwrap_or(0)
    }
}
