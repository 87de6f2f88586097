//! However bytes are cut, they say the same.

use bytes::BufMut;
use proptest::prelude::*;
use websockets::frame::Opcode;
use websockets::{Decoder, Encoder, Event, Fault, Limits, Role, mask};

/// What a client may say, well or not.
#[derive(Debug, Clone)]
enum Said {
    Text(String, Vec<usize>),
    Binary(Vec<u8>),
    Ping(Vec<u8>),
    Close(u16, String),
    Raw(Vec<u8>),
}

fn said() -> impl Strategy<Value = Said> {
    let bytes = |most| prop::collection::vec(any::<u8>(), 0..most);
    prop_oneof![
        5 => ("\\PC{0,40}", prop::collection::vec(0..60_usize, 0..4)).prop_map(|(text, cuts)| Said::Text(text, cuts)),
        3 => bytes(300).prop_map(Said::Binary),
        2 => bytes(126).prop_map(Said::Ping),
        1 => (3000..5000_u16, "\\PC{0,20}").prop_map(|(code, reason)| Said::Close(code, reason)),
        1 => bytes(20).prop_map(Said::Raw),
    ]
}

fn wire(all: &[Said]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut client = Encoder::new(Role::Client { key: || [1, 20, 250, 7] });
    for one in all {
        match one {
            Said::Text(text, cuts) => {
                let mut cuts: Vec<_> = cuts.iter().map(|cut| cut % (text.len() + 1)).collect();
                cuts.sort_unstable();
                let mut from = 0;
                let mut opcode = Opcode::Text;
                for cut in cuts {
                    client.fragment(opcode, false, &text.as_bytes()[from..cut], &mut out);
                    client.ping(b"", &mut out);
                    (from, opcode) = (cut, Opcode::Continuation);
                }
                client.fragment(opcode, true, &text.as_bytes()[from..], &mut out);
            }
            Said::Binary(bytes) => client.binary(bytes, &mut out),
            Said::Ping(bytes) => client.ping(bytes, &mut out),
            Said::Close(code, reason) => client.close(Some((*code, reason)), &mut out),
            Said::Raw(bytes) => out.extend(bytes),
        }
    }
    out
}

/// What a decoder says of them. With `places` it reads payloads to where they stay, if so many bytes are to come.
fn read<'a>(
    portions: impl Iterator<Item = &'a [u8]>,
    places: Option<usize>,
) -> (Vec<Event>, Option<Fault>) {
    let mut decoder = Decoder::new(Role::Server, Limits { message: 200 });
    let mut events = Vec::new();
    for mut portion in portions {
        while let Some(mut place) = places.and_then(|least| decoder.place(least)) {
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
                Ok((_, None)) => break,
                Ok((used, event)) => {
                    events.extend(event);
                    rest = &mut rest[used..];
                }
            }
        }
    }
    (events, None)
}

proptest! {
    #[test]
    fn any_split_of_the_bytes_gives_the_same_events(
        all in prop::collection::vec(said(), 0..8),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..12),
    ) {
        let wire = wire(&all);
        let whole = read([&wire[..]].into_iter(), None);
        prop_assert_eq!(&read(wire.chunks(1), None), &whole);
        prop_assert_eq!(&read(wire.chunks(1), Some(2)), &whole);
        let mut cuts: Vec<_> = cuts.iter().map(|cut| cut.index(wire.len() + 1)).collect();
        cuts.extend([0, wire.len()]);
        cuts.sort_unstable();
        for places in [None, Some(1), Some(20)] {
            prop_assert_eq!(&read(cuts.windows(2).map(|cut| &wire[cut[0]..cut[1]]), places), &whole);
        }
    }

    #[test]
    fn what_is_said_well_arrives(text in "\\PC{0,60}", cuts in prop::collection::vec(0..100_usize, 0..4)) {
        let wire = wire(&[Said::Text(text.clone(), cuts)]);
        let (events, fault) = read(wire.chunks(3), None);
        prop_assert_eq!(fault, (text.len() > 200).then_some(Fault::TooBig(200)));
        prop_assert!(fault.is_some() || events.last() == Some(&Event::Text(text)));
    }

    #[test]
    fn masking_goes_byte_by_byte_whatever_the_portions(
        bytes in prop::collection::vec(any::<u8>(), 0..100),
        key in any::<[u8; 4]>(),
        cut in 0..100_usize,
    ) {
        let expected: Vec<u8> = bytes.iter().zip(key.iter().cycle()).map(|(byte, key)| byte ^ key).collect();
        let cut = cut.min(bytes.len());
        let mut masked = bytes;
        let (first, second) = masked.split_at_mut(cut);
        mask(first, key, 0);
        mask(second, key, cut);
        prop_assert_eq!(masked, expected);
    }
}
