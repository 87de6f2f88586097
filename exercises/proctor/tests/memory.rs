//! The allocator that counts.

use proctor::memory::{Counting, Mark};

#[global_allocator]
static MEMORY: Counting = Counting;

#[test]
fn a_peak_is_counted_from_the_mark_and_stays() {
    let before = vec![1_u8; 50_000];
    let mark = Mark::here();
    drop(vec![0_u8; 2_000]);
    let mut grows = Vec::with_capacity(10);
    grows.extend([1_u8; 10]);
    grows.reserve_exact(990);
    let held = grows.capacity();
    assert_eq!((mark.held(), mark.highest()), (held, 2_000));
    drop(grows);
    drop(before);
    assert_eq!(mark.held(), 0, "less than at the mark is nothing");
    assert_eq!(mark.highest(), 2_000);
    assert_eq!(Mark::here().highest(), 0, "a new mark begins anew");
}

#[test]
fn other_threads_count_for_themselves() {
    let mark = Mark::here();
    let there = std::thread::spawn(|| {
        let mark = Mark::here();
        let held = vec![0_u8; 1 << 20];
        assert!(mark.highest() >= held.len());
    });
    there.join().unwrap();
    assert!(mark.highest() < 1 << 16, "{}", mark.highest());
}
