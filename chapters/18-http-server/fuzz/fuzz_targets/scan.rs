//! However the bytes are cut into reads, the scanner says the same of them, and passes on no more than it was given.
#![no_main]

use http_server::scan::{Limits, Phase, Refusal, Scanner};
use libfuzzer_sys::fuzz_target;

fn verdict<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> (u64, Option<Refusal>, Phase) {
    let mut scanner = Scanner::new(Limits { bytes: 400, fields: 8 });
    for part in parts {
        let passed = scanner.scan(part);
        assert_eq!(passed < part.len(), scanner.refusal().is_some());
        if scanner.refusal().is_some() {
            assert_eq!(scanner.scan(part), 0);
            break;
        }
    }
    (scanner.heads(), scanner.refusal(), scanner.phase())
}

fuzz_target!(|input: (u8, &[u8])| {
    let (size, bytes) = input;
    let whole = verdict([bytes].into_iter().filter(|bytes| !bytes.is_empty()));
    assert_eq!(verdict(bytes.chunks(1)), whole);
    assert_eq!(verdict(bytes.chunks(usize::from(size.max(1)))), whole);
});
