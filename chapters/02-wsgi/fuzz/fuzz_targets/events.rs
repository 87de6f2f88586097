//! Whatever the bytes are and wherever they are cut, the protocol says the same, and does not panic.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wsgi::protocol::{Limits, events_of};

fuzz_target!(|input: (Vec<u8>, Vec<u8>)| {
    let (bytes, sizes) = input;
    let mut rest = bytes.as_slice();
    let mut pieces = Vec::new();
    for size in sizes {
        let (piece, after) = rest.split_at(usize::from(size).min(rest.len()));
        pieces.push(piece);
        rest = after;
    }
    pieces.push(rest);
    let limits = Limits { request_line: 60, head: 200, headers: 8, body: 100, chunk_line: 20 };
    assert_eq!(events_of(pieces, limits.clone()), events_of([bytes.as_slice()], limits));
});
