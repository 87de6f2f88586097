//! Compressed messages, and what the two sides agree on.

use http::{HeaderMap, HeaderValue, header::SEC_WEBSOCKET_EXTENSIONS};
use websockets::deflate::{Agreed, Pool, Settings, agree};
use websockets::{Decoder, Encoder, Event, Fault, Limits, Role};

/// The engines keep what they have seen.
fn takeover() -> Settings {
    Settings {
        server_no_context_takeover: false,
        client_no_context_takeover: false,
        smallest: 0,
        ..Settings::default()
    }
}

fn agreed(offer: &str, settings: &Settings) -> Option<Agreed> {
    let mut headers = HeaderMap::new();
    headers.append(SEC_WEBSOCKET_EXTENSIONS, HeaderValue::from_str(offer).expect("it is a value"));
    agree(&headers, settings)
}

fn answer(offer: &str, settings: &Settings) -> Option<String> {
    agreed(offer, settings).map(|agreed| agreed.to_string())
}

fn decoder(settings: Settings, message: usize) -> Decoder {
    let agreed = agreed("permessage-deflate", &settings).expect("nothing is asked for");
    let (inflate, _) = Pool::new(settings).client(&agreed);
    let role = Role::Client { key: || [0; 4] };
    Decoder::new(role, Limits { message }).with_inflate(Some(inflate))
}

fn only(decoder: &mut Decoder, bytes: &[u8]) -> Result<Event, Fault> {
    let mut bytes = bytes.to_vec();
    let (used, event) = decoder.decode(&mut bytes)?;
    assert_eq!(used, bytes.len());
    Ok(event.expect("the frame is whole"))
}

/// A frame from a server.
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![first, u8::try_from(payload.len()).expect("it is short")];
    bytes.extend(payload);
    bytes
}

#[test]
fn the_examples_of_the_rfc_inflate() {
    // RFC 7692, section 7.2.3.
    const HELLO: [u8; 7] = [0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00];
    const AGAIN: [u8; 5] = [0xf2, 0x00, 0x11, 0x00, 0x00];
    const STORED: [u8; 11] = [0x00, 0x05, 0x00, 0xfa, 0xff, 0x48, 0x65, 0x6c, 0x6c, 0x6f, 0x00];
    const FINAL: [u8; 8] = [0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00, 0x00];
    const BLOCKS: [u8; 13] =
        [0xf2, 0x48, 0x05, 0x00, 0x00, 0x00, 0xff, 0xff, 0xca, 0xc9, 0xc9, 0x07, 0x00];
    let hello = Ok(Event::Text("Hello".into()));
    let mut decoder = decoder(takeover(), 100);
    for payload in [&HELLO[..], &AGAIN, &HELLO, &STORED, &BLOCKS, &FINAL, &HELLO] {
        assert_eq!(only(&mut decoder, &frame(0xc1, payload)), hello, "{payload:x?}");
    }
    // In fragments, of which only the first says that they are compressed.
    let mut bytes = [frame(0x41, &HELLO[..3]), frame(0x80, &HELLO[3..])].concat();
    assert_eq!(decoder.decode(&mut bytes), Ok((bytes.len(), Some(Event::Text("Hello".into())))));
    // And one that is not compressed at all.
    assert_eq!(only(&mut decoder, &frame(0x81, b"Hello")), hello);
}

#[test]
fn without_takeover_a_message_cannot_look_back_at_the_last() {
    let mut decoder = decoder(Settings::default(), 100);
    assert!(only(&mut decoder, &frame(0xc1, &[0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00])).is_ok());
    let again = only(&mut decoder, &frame(0xc1, &[0xf2, 0x00, 0x11, 0x00, 0x00]));
    assert_eq!(again, Err(Fault::Deflate));
}

#[test]
fn what_a_compressor_writes_an_inflater_reads_in_every_window() {
    let text: String =
        (0..3_000).flat_map(|n| ["crab ".to_owned(), (n * n % 997).to_string()]).collect();
    for bits in 9..=15 {
        for settings in [takeover(), Settings::default()] {
            let settings = Settings { server_max_window_bits: bits, ..settings };
            let agreed = agreed("permessage-deflate", &settings).expect("nothing is asked for");
            let pool = Pool::new(settings);
            let mut encoder = Encoder::new(Role::Server).with_deflate(Some(pool.server(&agreed).1));
            let mut decoder = Decoder::new(Role::Client { key: || [0; 4] }, Limits::default())
                .with_inflate(Some(pool.client(&agreed).0));
            for message in [&text[..], "", "short", &text[..20_000], &text[7..], "", ""] {
                let mut out = Vec::new();
                encoder.text(message, &mut out);
                assert!(message.len() < 1_000 || out.len() < message.len() / 2);
                assert_eq!(only(&mut decoder, &out), Ok(Event::Text(message.into())));
            }
        }
    }
}

#[test]
fn a_bomb_is_stopped_at_the_limit() {
    let bomb = {
        let settings = takeover();
        let agreed = agreed("permessage-deflate", &settings).expect("nothing is asked for");
        let mut encoder =
            Encoder::new(Role::Server).with_deflate(Some(Pool::new(settings).server(&agreed).1));
        let mut out = Vec::new();
        encoder.binary(&vec![0; 2_000_000], &mut out);
        out
    };
    assert!(bomb.len() < 40_000, "2 MB are {} bytes", bomb.len());
    assert_eq!(only(&mut decoder(takeover(), 200_000), &bomb), Err(Fault::TooBig(200_000)));
}

#[test]
fn bytes_that_do_not_inflate_are_refused() {
    let garbage = only(&mut decoder(takeover(), 100), &frame(0xc2, &[0xff, 0xff, 0xff]));
    assert_eq!(garbage, Err(Fault::Deflate));
    assert_eq!(Fault::Deflate.code(), 1007);
}

#[test]
fn text_is_checked_after_inflating() {
    // The stored block of the RFC with a byte that is no UTF-8.
    let stored = [0x00, 0x05, 0x00, 0xfa, 0xff, 0x48, 0x65, 0xff, 0x6c, 0x6f, 0x00];
    let text = only(&mut decoder(takeover(), 100), &frame(0xc1, &stored));
    assert_eq!(text.map_err(Fault::code), Err(1007));
}

#[test]
fn offers_are_met_or_passed_over() {
    let settings = takeover();
    let plain = Some("permessage-deflate".to_owned());
    assert_eq!(answer("permessage-deflate", &settings), plain);
    assert_eq!(answer("Permessage-Deflate; client_max_window_bits", &settings), plain);
    let cases = [
        ("permessage-deflate; server_no_context_takeover", "; server_no_context_takeover"),
        ("permessage-deflate; client_no_context_takeover", "; client_no_context_takeover"),
        ("permessage-deflate; server_max_window_bits=10", "; server_max_window_bits=10"),
        ("permessage-deflate; server_max_window_bits=\"10\"", "; server_max_window_bits=10"),
        ("permessage-deflate; client_max_window_bits=9", "; client_max_window_bits=9"),
        // The second offer is the first that can be met.
        ("permessage-deflate; server_max_window_bits=8, permessage-deflate", ""),
        (
            "x-crab; a=\"permessage-deflate, b\", permessage-deflate; server_max_window_bits=12",
            "; server_max_window_bits=12",
        ),
    ];
    for (offer, expected) in cases {
        assert_eq!(
            answer(offer, &settings),
            Some(format!("permessage-deflate{expected}")),
            "{offer}"
        );
    }
    let refused = [
        "permessage-deflate; server_max_window_bits=8",
        "permessage-deflate; server_max_window_bits=16",
        "permessage-deflate; server_max_window_bits=010",
        "permessage-deflate; server_max_window_bits",
        "permessage-deflate; client_max_window_bits=7",
        "permessage-deflate; server_no_context_takeover=1",
        "permessage-deflate; server_no_context_takeover; server_no_context_takeover",
        "permessage-deflate; crab",
        "permessage-bzip2",
        "x-crab; a=\"permessage-deflate, permessage-deflate\"",
    ];
    for offer in refused {
        assert_eq!(answer(offer, &settings), None, "{offer}");
    }
}

#[test]
fn a_client_is_told_of_its_window_only_if_it_lets_itself_be_told() {
    let settings = Settings { client_max_window_bits: 11, ..takeover() };
    let told = answer("permessage-deflate; client_max_window_bits", &settings);
    assert_eq!(told.as_deref(), Some("permessage-deflate; client_max_window_bits=11"));
    let agreed = agreed("permessage-deflate", &settings).expect("nothing is asked for");
    assert_eq!(agreed.to_string(), "permessage-deflate");
    assert_eq!(agreed.client_max_window_bits, 15, "it may look back as far as it likes");
}
