//! How fast a payload is unmasked: by `Unmask`, and by a loop over its bytes.

use std::hint::black_box;
use std::time::{Duration, Instant};

use unmask::Unmask;

/// What a cache near the processor holds, and more than any of them does.
const SIZES: [usize; 2] = [16 * 1024, 64 * 1024 * 1024];

fn main() {
    for size in SIZES {
        let mut bytes = vec![0x5a_u8; size];
        println!("{} KiB", size / 1024);
        measure("a byte at a time", size, || {
            let key: [u8; 4] = black_box([0x37, 0xfa, 0x21, 0x3d]);
            for (i, byte) in bytes.iter_mut().enumerate() {
                *byte ^= key[i % 4];
            }
            black_box(&mut bytes);
        });
        measure("yours", size, || {
            Unmask::new(black_box([0x37, 0xfa, 0x21, 0x3d])).piece(&mut bytes);
            black_box(&mut bytes);
        });
    }
}

/// Does it again and again for half a second, and prints how many bytes a second that makes in the best round.
fn measure(what: &str, size: usize, mut work: impl FnMut()) {
    let times = SIZES[1] / size;
    let mut best = Duration::MAX;
    let began = Instant::now();
    while best == Duration::MAX || began.elapsed() < Duration::from_millis(500) {
        let round = Instant::now();
        for _ in 0..times {
            work();
        }
        best = best.min(round.elapsed());
    }
    let bytes = (times * size) as f64;
    println!("{what:>20}: {:6.1} GB/s", bytes / best.as_secs_f64() / 1e9);
}
