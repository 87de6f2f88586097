//! What taking a mask off costs, byte by byte and a word at a time.
//!
//! ```text
//! cargo run --release -p websockets --example masking
//! ```

use std::hint::black_box;
use std::time::{Duration, Instant};

use websockets::mask;

// ANCHOR: by-byte
fn mask_by_byte(bytes: &mut [u8], key: [u8; 4], offset: usize) {
    for (index, byte) in bytes.iter_mut().enumerate() {
        *byte ^= key[(offset + index) % 4];
    }
}
// ANCHOR_END: by-byte

fn main() {
    const SIZE: usize = 64 * 1024;
    let rounds = if std::env::args().any(|argument| argument == "--small") { 3 } else { 2_001 };
    println!("64 KiB, the median of {rounds} rounds");
    let mut bytes = vec![0x5a; SIZE];
    let key = [0x37, 0xfa, 0x21, 0x3d];
    for (name, how) in [
        ("a byte at a time", mask_by_byte as fn(&mut [u8], [u8; 4], usize)),
        ("a word at a time", mask),
    ] {
        let mut times: Vec<Duration> = Vec::new();
        for offset in 0..rounds {
            let began = Instant::now();
            how(black_box(&mut bytes), black_box(key), offset);
            times.push(began.elapsed());
        }
        times.sort();
        let median = times[rounds / 2].as_secs_f64();
        #[expect(clippy::cast_precision_loss, reason = "it is 65,536")]
        let rate = SIZE as f64 / median / 1e9;
        println!("{name}: {:>5.1} µs, {rate:>5.1} GB/s", median * 1e6);
    }
}
