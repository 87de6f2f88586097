//! Whose word is believed about a client, and what is made of it.

use gateway::{Address, Error, Receive, ResponseBody, ResponseStart, Scope, Sender, testing};
use http::{HeaderMap, HeaderName, HeaderValue};
use tidepool::cli::ForwardedHeader::{self, Forwarded, XForwarded};
use tidepool::proxy::{Origin, Proxied, Trust, origin};

fn trust(list: &str) -> Trust {
    list.parse().unwrap()
}

fn headers(fields: &[(&'static str, &str)]) -> HeaderMap {
    let pair = |(name, value): &(&'static str, &str)| {
        (HeaderName::from_static(name), HeaderValue::from_str(value).unwrap())
    };
    fields.iter().map(pair).collect()
}

/// Who it was, as text: a dash if the proxy does not say, `hidden` if it hides it. Then the scheme, if it says.
fn asked(header: ForwardedHeader, trusted: &str, fields: &[(&'static str, &str)]) -> String {
    let Some(Origin { client, encrypted }) = origin(&trust(trusted), header, &headers(fields))
    else {
        return "nothing".to_owned();
    };
    let client = match client {
        None => "-".to_owned(),
        Some(None) => "hidden".to_owned(),
        Some(Some(client)) => client.to_string(),
    };
    let scheme = encrypted.map_or("", |encrypted| if encrypted { " https" } else { " http" });
    client + scheme
}

#[test]
fn the_client_is_the_first_from_the_end_that_is_no_proxy_of_ours() {
    let cases = [
        ("192.0.2.1", "192.0.2.1:0"),
        ("192.0.2.1:4711", "192.0.2.1:4711"),
        ("2001:db8::1", "[2001:db8::1]:0"),
        ("[2001:db8::1]:4711", "[2001:db8::1]:4711"),
        ("[2001:db8::1]", "[2001:db8::1]:0"),
        // What the client has written itself stands to the left, and is never reached.
        ("6.6.6.6, 192.0.2.1", "192.0.2.1:0"),
        ("6.6.6.6, 192.0.2.1, 10.0.0.2", "192.0.2.1:0"),
        ("127.0.0.1, 192.0.2.1", "192.0.2.1:0"),
        ("10.0.0.3, 10.0.0.2", "10.0.0.3:0"),
        ("192.0.2.1, unknown, 10.0.0.2", "hidden"),
        ("192.0.2.1, <script>", "hidden"),
        (" , 192.0.2.1 ,, ", "192.0.2.1:0"),
        ("", "nothing"),
    ];
    for (value, expected) in cases {
        let said = asked(XForwarded, "127.0.0.1,10.0.0.0/8", &[("x-forwarded-for", value)]);
        assert_eq!(said, expected, "{value:?}");
    }
}

#[test]
fn several_fields_are_one_list() {
    let fields = [("x-forwarded-for", "6.6.6.6"), ("x-forwarded-for", "192.0.2.1")];
    assert_eq!(asked(XForwarded, "127.0.0.1", &fields), "192.0.2.1:0");
}

#[test]
fn a_list_of_thousands_is_looked_at_from_its_end_and_not_for_long() {
    let long = "10.0.0.2, ".repeat(5_000) + "10.0.0.2";
    let said = asked(XForwarded, "10.0.0.0/8", &[("x-forwarded-for", &long)]);
    assert_eq!(said, "10.0.0.2:0");
    let spoofed = format!("192.0.2.1, {long}");
    let said = asked(XForwarded, "10.0.0.0/8", &[("x-forwarded-for", &spoofed)]);
    assert_eq!(said, "10.0.0.2:0", "nobody has a chain of thousands of proxies");
}

#[test]
fn the_scheme_belongs_to_its_hop_or_to_all() {
    let cases = [
        ("192.0.2.1", "https", "192.0.2.1:0 https"),
        ("192.0.2.1", "HTTP", "192.0.2.1:0 http"),
        ("192.0.2.1", "wss", "192.0.2.1:0 https"),
        ("192.0.2.1", "gopher", "192.0.2.1:0"),
        ("192.0.2.1, 10.0.0.2", "https, http", "192.0.2.1:0 https"),
        ("6.6.6.6, 192.0.2.1, 10.0.0.2", "https", "192.0.2.1:0 https"),
        ("6.6.6.6, 192.0.2.1", "http, https, https", "192.0.2.1:0 https"),
        ("", "https", "- https"),
    ];
    for (nodes, schemes, expected) in cases {
        let fields = [("x-forwarded-for", nodes), ("x-forwarded-proto", schemes)];
        assert_eq!(asked(XForwarded, "10.0.0.0/8", &fields), expected, "{nodes:?} {schemes:?}");
    }
}

#[test]
fn forwarded_is_read_as_its_rfc_has_it() {
    let cases = [
        ("for=192.0.2.43", "192.0.2.43:0"),
        ("For=\"[2001:db8:cafe::17]:4711\"", "[2001:db8:cafe::17]:4711"),
        ("for=192.0.2.60;proto=http;by=203.0.113.43", "192.0.2.60:0 http"),
        ("for=192.0.2.43, for=10.0.0.17", "192.0.2.43:0"),
        ("for=6.6.6.6;proto=http, for=192.0.2.43;proto=https, for=10.0.0.2", "192.0.2.43:0 https"),
        ("for=_hidden", "hidden"),
        ("for=unknown, for=10.0.0.2", "hidden"),
        ("proto=https", "- https"),
        ("for=\"192.0.2.43:80\";host=\"a,b;c\"", "192.0.2.43:80"),
        ("for=\"a\\\"b\"", "hidden"),
        // A client's quote that does not end cannot swallow what our proxy has written behind it.
        ("for=\"6.6.6.6, for=192.0.2.43", "hidden"),
        ("nonsense", "hidden"),
        ("for=", "hidden"),
        ("for=192.0.2.1 for=6.6.6.6", "hidden"),
        ("", "nothing"),
    ];
    for (value, expected) in cases {
        let said = asked(Forwarded, "127.0.0.1,10.0.0.0/8", &[("forwarded", value)]);
        assert_eq!(said, expected, "{value:?}");
    }
}

#[test]
fn a_broken_field_of_the_clients_does_not_hide_the_proxys_own() {
    let fields = [("forwarded", "for=\"6.6.6.6"), ("forwarded", "for=192.0.2.43")];
    assert_eq!(asked(Forwarded, "127.0.0.1", &fields), "192.0.2.43:0");
}

#[test]
fn trust_is_addresses_networks_unix_and_everybody() {
    let ip = |text: &str| Some(Address::Ip(format!("{text}:1").parse().unwrap()));
    let unix = Some(Address::Unix(None));
    let list = trust("192.0.2.1, 10.0.0.0/8,2001:db8::/32");
    for (peer, trusted) in [
        (ip("192.0.2.1"), true),
        (ip("192.0.2.2"), false),
        (ip("10.200.3.4"), true),
        (ip("[2001:db8::5]"), true),
        (ip("[::ffff:10.0.0.1]"), true),
        (ip("[::1]"), false),
        (unix.clone(), false),
    ] {
        assert_eq!(list.trusts(peer.as_ref()), trusted, "{peer:?}");
    }
    assert!(trust("unix").trusts(unix.as_ref()) && !trust("unix").trusts(ip("10.0.0.1").as_ref()));
    assert!(trust("*").trusts(unix.as_ref()) && trust("*").trusts(ip("10.0.0.1").as_ref()));
    assert!(!trust("").trusts(ip("127.0.0.1").as_ref()), "an empty list is nobody");
    for bad in ["proxy", "10.0.0.0/33", "10.0.0", "127.0.0.1:80"] {
        assert!(bad.parse::<Trust>().is_err(), "{bad} was taken for a peer");
    }
}

async fn who(scope: Scope, _: Receive, send: Sender) -> Result<(), Error> {
    let Scope::Http(scope) = scope else { return Err(scope.unsupported().into()) };
    send.send(ResponseStart::new(200)).await?;
    let client = scope.client().map_or("nobody".to_owned(), ToString::to_string);
    Ok(send.send(ResponseBody::last(format!("{client} {}", scope.scheme()))).await?)
}

#[tokio::test(flavor = "current_thread")]
async fn an_untrusted_peer_speaks_for_nobody_and_the_other_header_is_nobodys_word() {
    let ask = async |peer: &str, by: Option<(Trust, ForwardedHeader)>| {
        let peer = Address::Ip(peer.parse().unwrap());
        let request = testing::Request::get("/")
            .header("x-forwarded-for", "192.0.2.1")
            .header("x-forwarded-proto", "https")
            .header("forwarded", "for=192.0.2.9;proto=https")
            .connection(|connection| connection.client = Some(peer));
        testing::ask(&Proxied::new(who, by), request).await.text().into_owned()
    };
    let ours = || Some((trust("10.0.0.1"), XForwarded));
    assert_eq!(ask("10.0.0.1:9", ours()).await, "192.0.2.1:0 https");
    assert_eq!(ask("10.0.0.2:9", ours()).await, "10.0.0.2:9 http");
    assert_eq!(ask("10.0.0.1:9", None).await, "10.0.0.1:9 http");
    assert_eq!(ask("10.0.0.1:9", Some((trust("10.0.0.1"), Forwarded))).await, "192.0.2.9:0 https");
}
