//! Clients, proxies, and what they say of each other.

use std::net::IpAddr;

use forwarded_for::{Network, Origin, origin};
use http::{HeaderMap, HeaderName, HeaderValue};

const FOR: &str = "x-forwarded-for";
const PROTO: &str = "x-forwarded-proto";
/// Where our proxies are.
const OURS: &[&str] = &["127.0.0.1", "10.0.0.0/8", "2001:db8:aa::/48"];

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn network(text: &str) -> Network {
    text.parse().unwrap()
}

fn headers(lines: &[(&'static str, &[u8])]) -> HeaderMap {
    let line = |(name, value): &(&'static str, &[u8])| {
        (HeaderName::from_static(name), HeaderValue::from_bytes(value).unwrap())
    };
    lines.iter().map(line).collect()
}

/// What is asked from `peer` over plain HTTP, with these lines.
fn asked(peer: &str, lines: &[(&'static str, &[u8])]) -> Origin {
    let ours: Vec<_> = OURS.iter().map(|text| network(text)).collect();
    origin(ip(peer), false, &headers(lines), &ours)
}

fn shown(lines: &[&[u8]]) -> String {
    let lines = lines.iter().map(|line| format!("\"{}\"", line.escape_ascii()));
    lines.collect::<Vec<_>>().join(", then ")
}

/// Who the client is, if 10.0.0.1 asks with these lines of X-Forwarded-For.
#[track_caller]
fn client(lines: &[&[u8]], expected: Option<&str>) {
    let with_name: Vec<_> = lines.iter().map(|&line| (FOR, line)).collect();
    let got = asked("10.0.0.1", &with_name).client.map(|client| client.to_string());
    proctor::expect_eq!(
        got.as_deref(),
        expected,
        "the client, where our proxy 10.0.0.1 asks with X-Forwarded-For: {}\n(ours are {})",
        shown(lines),
        OURS.join(", ")
    );
}

#[test]
fn a_client_that_asks_us_itself_is_the_client() {
    proctor::watch(|| {
        for (peer, same) in [
            ("192.0.2.1", "192.0.2.1"),
            ("2001:db8::7", "2001:db8::7"),
            ("::ffff:192.0.2.1", "192.0.2.1"),
        ] {
            let got = asked(peer, &[]);
            let expected = Origin { client: Some(ip(same)), encrypted: false };
            proctor::expect_eq!(got, expected, "where {peer} asks, without any such header");
        }
        let got = origin(ip("192.0.2.1"), true, &HeaderMap::new(), &[]);
        assert!(got.encrypted, "the connection is encrypted and nobody has said anything else");
    });
}

#[test]
fn an_untrusted_peer_speaks_for_nobody() {
    proctor::watch(|| {
        let lines: [(&str, &[u8]); 2] = [(FOR, b"127.0.0.1"), (PROTO, b"https")];
        for peer in ["192.0.2.1", "11.0.0.1", "2001:db8:ab::1", "::1"] {
            let got = asked(peer, &lines);
            proctor::expect_eq!(
                got.client,
                Some(ip(peer)),
                "the client, where {peer}, which is no proxy of ours, says X-Forwarded-For: 127.0.0.1"
            );
            assert!(
                !got.encrypted,
                "{peer}, which is no proxy of ours, says X-Forwarded-Proto: https, and was believed"
            );
        }
        let plain = headers(&[(PROTO, b"http")]);
        let got = origin(ip("192.0.2.1"), true, &plain, &[network("10.0.0.0/8")]);
        assert!(
            got.encrypted,
            "192.0.2.1, which is no proxy of ours, says X-Forwarded-Proto: http over an encrypted connection, and was believed"
        );
        let got = origin(ip("127.0.0.1"), false, &headers(&lines), &[]);
        proctor::expect_eq!(
            got,
            Origin { client: Some(ip("127.0.0.1")), encrypted: false },
            "where no proxy at all is trusted"
        );
    });
}

#[test]
fn what_our_proxy_has_appended_is_believed() {
    proctor::watch(|| {
        client(&[b"192.0.2.1"], Some("192.0.2.1"));
        client(&[b"2001:db8::7"], Some("2001:db8::7"));
        client(&[], Some("10.0.0.1"));
        client(&[b""], Some("10.0.0.1"));
        client(&[b" , ,", b" "], Some("10.0.0.1"));
        client(&[b" ,\t192.0.2.1 ,, "], Some("192.0.2.1"));
        let got = asked("2001:db8:aa::5", &[(FOR, b"192.0.2.1")]);
        proctor::expect_eq!(
            got.client,
            Some(ip("192.0.2.1")),
            "the client, where our proxy 2001:db8:aa::5 says so"
        );
    });
}

#[test]
fn what_the_client_has_made_up_is_not_believed() {
    proctor::watch(|| {
        client(&[b"6.6.6.6, 192.0.2.1"], Some("192.0.2.1"));
        client(&[b"127.0.0.1, 192.0.2.1"], Some("192.0.2.1"));
        client(&[b"6.6.6.6, 10.0.0.9, 192.0.2.1"], Some("192.0.2.1"));
        client(&[b"unknown, 192.0.2.1"], Some("192.0.2.1"));
        client(&[b"\"6.6.6.6, 192.0.2.1"], Some("192.0.2.1"));
    });
}

#[test]
fn a_proxy_behind_a_proxy_is_looked_through() {
    proctor::watch(|| {
        client(&[b"192.0.2.1, 10.0.0.2"], Some("192.0.2.1"));
        client(&[b"192.0.2.1, 10.0.0.2:4711, 2001:db8:aa::3, 127.0.0.1"], Some("192.0.2.1"));
        client(&[b"6.6.6.6, 192.0.2.1, 10.0.0.2"], Some("192.0.2.1"));
        client(&[b"10.0.0.7, 192.0.2.1, 10.0.0.2"], Some("192.0.2.1"));
    });
}

#[test]
fn if_all_are_ours_the_first_one_has_asked() {
    proctor::watch(|| {
        client(&[b"10.0.0.9"], Some("10.0.0.9"));
        client(&[b"10.0.0.9, 10.0.0.8, 127.0.0.1"], Some("10.0.0.9"));
        client(&[b"10.0.0.9", b"10.0.0.8"], Some("10.0.0.9"));
    });
}

#[test]
fn several_lines_are_one_list() {
    proctor::watch(|| {
        client(&[b"6.6.6.6", b"192.0.2.1"], Some("192.0.2.1"));
        client(&[b"192.0.2.1", b"10.0.0.2"], Some("192.0.2.1"));
        client(&[b"6.6.6.6, 192.0.2.1", b"10.0.0.2, 10.0.0.3"], Some("192.0.2.1"));
        client(&[b"6.6.6.6", b"", b"192.0.2.1", b","], Some("192.0.2.1"));
    });
}

#[test]
fn who_is_unknown_ends_the_search() {
    proctor::watch(|| {
        for unknown in [
            "unknown",
            "_hidden",
            "<script>",
            "300.0.0.1",
            "192.0.2.1:99999",
            "192.0.2.1:",
            "[192.0.2.1]",
            "[2001:db8::1",
            "[2001:db8::1]x",
            "[fe80::1%1]:80",
        ] {
            let line = |before: &str, after: &str| format!("{before}{unknown}{after}");
            client(&[line("6.6.6.6, ", ", 10.0.0.2").as_bytes()], None);
            client(&[line("6.6.6.6, ", "").as_bytes()], None);
            client(&[unknown.as_bytes()], None);
            client(&[line("", ", 10.0.0.2").as_bytes()], None);
            client(&[line("", ", 192.0.2.1, 10.0.0.2").as_bytes()], Some("192.0.2.1"));
        }
    });
}

#[test]
fn bytes_that_are_no_text_spoil_one_element_only() {
    proctor::watch(|| {
        client(&[b"6.6.6.6, \xff"], None);
        client(&[b"\xff, 192.0.2.1"], Some("192.0.2.1"));
        client(&[b"6.6.6.6", b"\xff\xfe, 192.0.2.1, 10.0.0.2"], Some("192.0.2.1"));
        client(&[b"6.6.6.6", b"\xe9"], None);
    });
}

#[test]
fn an_address_may_have_a_port_and_brackets() {
    proctor::watch(|| {
        for (element, address) in [
            ("192.0.2.1:4711", "192.0.2.1"),
            ("[2001:db8::1]:4711", "2001:db8::1"),
            ("[2001:db8::1]", "2001:db8::1"),
            ("2001:db8::1", "2001:db8::1"),
            ("2001:db8::1:4711", "2001:db8::1:4711"),
            ("2001:DB8:0:0:0:0:0:1", "2001:db8::1"),
        ] {
            client(&[element.as_bytes()], Some(address));
            let list = format!("6.6.6.6, {element}, [2001:db8:aa::2]:80, 10.0.0.3:80");
            client(&[list.as_bytes()], Some(address));
        }
    });
}

#[test]
fn a_mapped_address_is_the_one_in_it() {
    proctor::watch(|| {
        client(&[b"::ffff:192.0.2.1"], Some("192.0.2.1"));
        client(&[b"[::ffff:192.0.2.1]:4711"], Some("192.0.2.1"));
        client(&[b"192.0.2.1, ::ffff:10.0.0.2"], Some("192.0.2.1"));
        client(&[b"::ffff:10.0.0.9, 10.0.0.2"], Some("10.0.0.9"));
        let got = asked("::ffff:10.0.0.1", &[(FOR, b"192.0.2.1")]);
        proctor::expect_eq!(
            got.client,
            Some(ip("192.0.2.1")),
            "the client, where our proxy asks from ::ffff:10.0.0.1"
        );
        let got = asked("::ffff:10.0.0.1", &[]);
        proctor::expect_eq!(
            got.client,
            Some(ip("10.0.0.1")),
            "the client, where our proxy asks from ::ffff:10.0.0.1 for itself"
        );
    });
}

#[test]
fn the_scheme_is_the_nearest_proxys_word() {
    proctor::watch(|| {
        let cases: [(&[&[u8]], [bool; 2]); 10] = [
            (&[], [false, true]),
            (&[b"https"], [true, true]),
            (&[b"http"], [false, false]),
            (&[b"HTTPS"], [true, true]),
            (&[b"https, http"], [false, false]),
            (&[b"http, https ,"], [true, true]),
            (&[b"http", b"https"], [true, true]),
            (&[b"https", b"gopher"], [false, true]),
            (&[b"wss"], [false, true]),
            (&[b"http, \xff"], [false, true]),
        ];
        for (lines, [plain, encrypted]) in cases {
            let with_name: Vec<_> = lines.iter().map(|&line| (PROTO, line)).collect();
            let headers = headers(&with_name);
            for (connection, expected) in [(false, plain), (true, encrypted)] {
                let got = origin(ip("10.0.0.1"), connection, &headers, &[network("10.0.0.1")]);
                proctor::expect_eq!(
                    got,
                    Origin { client: Some(ip("10.0.0.1")), encrypted: expected },
                    "where our proxy 10.0.0.1 says X-Forwarded-Proto: {}, over a connection that is {}encrypted",
                    if lines.is_empty() { "nothing".to_owned() } else { shown(lines) },
                    if connection { "" } else { "not " }
                );
            }
        }
    });
}

#[test]
fn the_scheme_counts_whoever_the_client_is() {
    proctor::watch(|| {
        for (list, client) in [
            ("192.0.2.1", Some("192.0.2.1")),
            ("192.0.2.1, 10.0.0.2", Some("192.0.2.1")),
            ("10.0.0.2", Some("10.0.0.2")),
            ("unknown", None),
            ("192.0.2.1, unknown, 10.0.0.2", None),
        ] {
            let got = asked("10.0.0.1", &[(FOR, list.as_bytes()), (PROTO, b"https")]);
            proctor::expect_eq!(
                got,
                Origin { client: client.map(ip), encrypted: true },
                "where our proxy 10.0.0.1 says X-Forwarded-For: {list} and X-Forwarded-Proto: https"
            );
        }
    });
}

#[test]
fn a_network_is_its_first_bits() {
    proctor::watch(|| {
        for (text, inside, outside) in [
            ("192.0.2.1", "192.0.2.1", "192.0.2.0"),
            ("192.0.2.128/25", "192.0.2.255", "192.0.2.127"),
            ("172.16.0.0/12", "172.31.255.255", "172.32.0.0"),
            ("172.16.0.0/12", "::ffff:172.20.0.1", "::ffff:172.32.0.0"),
            ("10.1.2.3/8", "10.255.0.9", "11.1.2.3"),
            ("10.0.0.0/8", "10.0.0.0", "100.0.0.0"),
            ("128.0.0.0/1", "255.0.0.1", "127.255.255.255"),
            ("0.0.0.0/0", "203.0.113.9", "2001:db8::1"),
            ("::/0", "2001:db8::1", "203.0.113.9"),
            ("::/0", "::1", "::ffff:203.0.113.9"),
            ("2001:db8::/33", "2001:db8:7fff::", "2001:db8:8000::"),
            ("2001:db8::1", "2001:db8::1", "2001:db8::2"),
            ("a00::/8", "aff::", "10.0.0.0"),
        ] {
            for (address, expected) in [(inside, true), (outside, false)] {
                let got = network(text).contains(ip(address));
                proctor::expect_eq!(got, expected, "whether the network {text} contains {address}");
            }
        }
    });
}

/// All lists of up to four elements, in all lines that they can be cut into.
#[test]
fn every_short_list_is_read_right() {
    proctor::watch(|| {
        let elements: [(&str, Option<&str>); 4] = [
            ("10.0.0.2", Some("10.0.0.2")),
            ("[::ffff:10.0.0.3]:80", Some("10.0.0.3")),
            ("192.0.2.1:4711", Some("192.0.2.1")),
            ("unknown", None),
        ];
        for length in 0..=4_u32 {
            for number in 0..elements.len().pow(length) {
                let list: Vec<_> = (0..length)
                    .map(|at| elements[number / elements.len().pow(at) % elements.len()])
                    .collect();
                // The reader of the list, as a story: who has told us of whom?
                let mut told = Some("10.0.0.1");
                for (_, next) in list.iter().rev() {
                    if told.is_none_or(|address| !address.starts_with("10.")) {
                        break;
                    }
                    told = *next;
                }
                for cuts in 0..1_u32 << length.saturating_sub(1) {
                    let mut lines: Vec<String> = Vec::new();
                    for (at, (element, _)) in list.iter().enumerate() {
                        match lines.last_mut() {
                            Some(line) if cuts >> (at - 1) & 1 == 0 => {
                                line.push_str(", ");
                                line.push_str(element);
                            }
                            _ => lines.push((*element).to_owned()),
                        }
                    }
                    let lines: Vec<_> = lines.iter().map(String::as_bytes).collect();
                    client(&lines, told);
                }
            }
        }
    });
}
