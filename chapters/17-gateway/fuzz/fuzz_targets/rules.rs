//! Whatever an application sends, and whenever the client leaves, the rules say what the model says.
#![no_main]

#[path = "../../tests/model/mod.rs"]
mod model;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (u8, u8, Vec<u8>)| {
    let (kind, offered, steps) = input;
    model::check(kind, offered, &steps);
});
