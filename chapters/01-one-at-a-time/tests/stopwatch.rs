//! The stopwatch's two clocks.

use std::time::Duration;

use one_at_a_time::stopwatch::{Spent, Stopwatch};

#[test]
fn time_spent_is_shown_on_both_clocks_and_as_a_share() {
    let spent = Spent { wall: Duration::from_millis(2003), cpu: Duration::from_micros(400) };
    assert_eq!(spent.to_string(), "wall 2.003 s, CPU 0.0004 s (0 %)");
    let spent = Spent { wall: Duration::ZERO, cpu: Duration::ZERO };
    assert_eq!(spent.to_string(), "wall 0.000 s, CPU 0.0000 s (0 %)");
}

#[test]
fn work_is_charged() {
    proctor::watch(|| {
        let watch = Stopwatch::start();
        // Work until the operating system has charged for it: it ends only if CPU time passes.
        while watch.read().cpu < Duration::from_millis(1) {
            std::hint::black_box((0..1000_u32).sum::<u32>());
        }
        assert!(watch.read().wall > Duration::ZERO);
    });
}
