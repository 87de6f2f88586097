//! However the bytes are cut, the decoder says the same of them; with compression and without.
#![no_main]

use bytes::BufMut;
use http::{HeaderMap, HeaderValue, header::SEC_WEBSOCKET_EXTENSIONS};
use libfuzzer_sys::fuzz_target;
use websockets::deflate::{Pool, Settings, agree};
use websockets::{Decoder, Event, Fault, Limits, Role};

fn read<'a>(
    inflates: bool,
    places: bool,
    portions: impl Iterator<Item = &'a [u8]>,
) -> (Vec<Event>, Option<Fault>) {
    let mut headers = HeaderMap::new();
    headers.insert(SEC_WEBSOCKET_EXTENSIONS, HeaderValue::from_static("permessage-deflate"));
    let settings = Settings { client_no_context_takeover: false, ..Settings::default() };
    let agreed = agree(&headers, &settings).filter(|_| inflates);
    let inflate = agreed.map(|agreed| Pool::new(settings).server(&agreed).0);
    let mut decoder = Decoder::new(Role::Server, Limits { message: 500 }).with_inflate(inflate);
    let mut events = Vec::new();
    for mut portion in portions {
        while let Some(mut place) = if places { decoder.place(8) } else { None } {
            let mut room = place.room();
            let (now, later) = portion.split_at(portion.len().min(room.remaining_mut()));
            room.put_slice(now);
            drop(room);
            match decoder.placed(place) {
                Err(fault) => return (events, Some(fault)),
                Ok(event) => events.extend(event),
            }
            portion = later;
            if portion.is_empty() {
                break;
            }
        }
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
    let (events, fault) = read(inflates, false, [bytes].into_iter());
    let cut = usize::from(size.max(1));
    for (places, size) in [(false, 1), (false, cut), (true, 1), (true, cut)] {
        let (cut, cut_fault) = read(inflates, places, bytes.chunks(size));
        assert_eq!(cut, events);
        // A message may be too big and wrong at once: which is seen first depends on how much of it is inflated in one go.
        assert_eq!(cut_fault.is_some(), fault.is_some());
        assert!(inflates || cut_fault == fault);
    }
});
