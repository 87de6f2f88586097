//! Where a future is, and where the references in it point.

use std::cell::Cell;
use std::pin::{Pin, pin};
use std::task::{Context, Waker};

use futures_by_hand::Countdown;

// ANCHOR: pier
async fn pier_then_height(place: &Cell<usize>) -> usize {
    let line = *b"north: 1.9 metre";
    let pier = &line[..5];
    place.set(pier.as_ptr().addr());
    Countdown::from(2).await;
    pier.len()
}
// ANCHOR_END: pier

/// Whether the byte at `place` is one of those that `future` consists of.
fn is_inside<F>(place: &Cell<usize>, future: &Pin<impl std::ops::Deref<Target = F>>) -> bool {
    let start = std::ptr::from_ref::<F>(&**future).addr();
    (start..start + size_of::<F>()).contains(&place.get())
}

// ANCHOR: main
fn main() {
    let mut context = Context::from_waker(Waker::noop());
    let place = Cell::new(0);

    let mut future = Box::pin(pier_then_height(&place));
    assert!(future.as_mut().poll(&mut context).is_pending());
    println!("the name is a part of the future: {}", is_inside(&place, &future));

    let mut elsewhere = future;
    println!("the box has moved, and it still is: {}", is_inside(&place, &elsewhere));
    assert!(elsewhere.as_mut().poll(&mut context).is_pending());

    let mut on_the_stack = pin!(pier_then_height(&place));
    assert!(on_the_stack.as_mut().poll(&mut context).is_pending());
    println!("pinned on the stack, the same: {}", is_inside(&place, &on_the_stack));
}
// ANCHOR_END: main
