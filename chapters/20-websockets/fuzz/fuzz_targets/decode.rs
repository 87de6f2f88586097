//! However the bytes are cut, the decoder says the same of them; with compression and without.
#![no_main]

use http::{HeaderMap, HeaderValue, header::SEC_WEBSOCKET_EXTENSIONS};
use libfuzzer_sys::fuzz_target;
use websockets::deflate::{Pool, Settings, agree};
use websockets::{Decoder, Event, Fault, Limits, Role};

fn read<'a>(
    inflates: bool,
    portions: impl Iterator<Item = &'a [u8]>,
) -> (Vec<Event>, Option<Fault>) {
    let mut headers = HeaderMap::new();
    headers.insert(SEC_WEBSOCKET_EXTENSIONS, HeaderValue::from_static("permessage-deflate"));
    let settings = Settings { client_no_context_takeover: false, ..Settings::default() };
    let agreed = agree(&headers, &settings).filter(|_| inflates);
    let inflate = agreed.map(|agreed| Pool::new(settings).server(&agreed).0);
    let mut decoder = Decoder::new(Role::Server, Limits { message: 500 }).with_inflate(inflate);
    let mut events = Vec::new();
    for portion in portions {
        let mut portion = portion.to_vec();
        let mut rest = &mut portion[..];
        loop {
            match decoder.decode(rest) {
                Err(fault) => return (events, Some(fault)),
                Ok((used, None)) => {
                    assert_eq!(used, rest.len());
                    break;
                }
                Ok((used, event)) => {
                    events.extend(event);
                    rest = &mut rest[used..];
                }
            }
        }
    }
    (events, None)
}

fuzz_target!(|input: (bool, u8, &[u8])| {
    let (inflates, size, bytes) = input;
    let (events, fault) = read(inflates, [bytes].into_iter());
    for portions in [bytes.chunks(1), bytes.chunks(usize::from(size.max(1)))] {
        let (cut, cut_fault) = read(inflates, portions);
        assert_eq!(cut, events);
        // A message may be too big and wrong at once: which is seen first depends on how much of it is inflated in one go.
        assert_eq!(cut_fault.is_some(), fault.is_some());
        assert!(inflates || cut_fault == fault);
    }
});
