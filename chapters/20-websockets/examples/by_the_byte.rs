//! The same bytes, in portions of any size.
//!
//! ```text
//! cargo run -p websockets --example by_the_byte
//! ```

use websockets::{Decoder, Fault, Limits, Role};

// ANCHOR: main
fn main() -> Result<(), Fault> {
    // "tide" in two fragments, with a ping between them.
    let mut wire = Vec::new();
    wire.extend([0x01, 0x82, 1, 2, 3, 4, b't' ^ 1, b'i' ^ 2]);
    wire.extend([0x89, 0x80, 5, 6, 7, 8]);
    wire.extend([0x80, 0x82, 9, 8, 7, 6, b'd' ^ 9, b'e' ^ 8]);

    for size in [1, 5, wire.len()] {
        println!("in portions of {size}");
        let mut decoder = Decoder::new(Role::Server, Limits::default());
        let mut seen = 0;
        for portion in wire.clone().chunks_mut(size) {
            let mut rest = portion;
            while !rest.is_empty() {
                let (used, event) = decoder.decode(rest)?;
                seen += used;
                if let Some(event) = event {
                    println!("  after {seen:>2} bytes: {event:?}");
                }
                rest = &mut rest[used..];
            }
        }
    }
    Ok(())
}
// ANCHOR_END: main
