//! The conformance application by its command line: each route over HTTP/1.1 and HTTP/2, encrypted and not, and as Python sees them.

use std::path::Path;

use proctor::expect_eq;

use crate::common::{Server, with_programs};
use crate::tls::{Files, curl, python, run};

/// A route as curl is told to ask for it, and what it prints then: status, an end that is cut, the body.
const ROUTES: [(&str, &str); 17] = [
    ("/", "200 Hello, crabs!"),
    ("/ -d crab", "200 Hello, crabs!"),
    ("/ -I", "200 "),
    ("/echo -d crab", "200 crab"),
    ("/upload -d crabs -H expect:100-continue", "200 5"),
    ("/bytes?n=6&part=4", "200 xxxxxx"),
    ("/sleep?ms=1", "200 slept"),
    ("/early", "500 Internal Server Error\n"),
    ("/startonly", "500 Internal Server Error\n"),
    ("/mid", "200 cut the first part"),
    ("/none", "500 Internal Server Error\n"),
    ("/split", "500 Internal Server Error\n"),
    ("/stat", "200 0"),
    ("/trailers -H te:trailers", "200 trailers follow"),
    ("/trailers", "200 no trailers"),
    ("/hints", "200 hinted"),
    ("/nowhere", "404 not found"),
];

#[test]
fn each_route_is_the_same_over_both_protocols_encrypted_or_not() {
    with_programs(|| {
        let files = Files::new();
        for encrypted in [false, true] {
            let words = if encrypted { files.words() } else { String::new() };
            let mut server = Server::example("conformance", &format!("--port 0 {words}"));
            let address = server.address();
            let (_, port) = address.split_once(':').unwrap();
            let scheme = if encrypted { "https" } else { "http" };
            let trusted = files.path("authority.pem").display().to_string();
            let second = if encrypted { "--http2" } else { "--http2-prior-knowledge" };
            for version in ["--http1.1", second] {
                for (route, expected) in ROUTES {
                    let mut words = route.split(' ');
                    let path = words.next().unwrap();
                    let url = format!("{scheme}://localhost:{port}{path}");
                    let head = route.ends_with("-I");
                    let asked =
                        if head { "%{http_code} " } else { "\n%{http_code} %{http_version}" };
                    let fixed = [version, "--cacert", &trusted, "-w", asked, &url];
                    let arguments: Vec<_> = fixed.into_iter().chain(words).collect();
                    let Some(answer) = curl(&arguments) else { return };
                    if head {
                        assert!(answer.contains("content-length: 13"), "{route}: {answer}");
                        continue;
                    }
                    if version == second && route == "/mid" {
                        // Once curl has read of a reset, it shows nothing of what came before.
                        assert!(answer.contains("INTERNAL_ERROR"), "{answer}");
                        continue;
                    }
                    if version == second && route == "/ -d crab" && answer.contains("curl: (92)") {
                        // Nobody reads this body, so RST_STREAM(NO_ERROR) comes behind the response (RFC 9113, section 8.1).
                        // If it comes before the body is out, curl 7.88 takes it for a failure, from h2 alone as well. `streams.rs` of chapter 21 has both seen.
                        continue;
                    }
                    expect_eq!(shown(&answer), expected, "{version} {route}");
                }
            }
            server.ends_well();
        }
    });
}

/// What curl has printed, in the table's words.
fn shown(heard: &str) -> String {
    let (heard, cut) = match heard.split_once("curl: ") {
        Some((before, _)) => (before, "cut "),
        None => (heard, ""),
    };
    let (body, code) = heard.rsplit_once('\n').unwrap();
    let (code, _) = code.split_once(' ').unwrap();
    format!("{code} {cut}{body}")
}

#[test]
fn pythons_clients_go_through_it_by_the_command_line() {
    with_programs(|| {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
        let Some(python) = python() else { return };
        let script = |name: &str| folder.join("..").join(name).display().to_string();
        let files = Files::new();
        let mut server = Server::example("conformance", &format!("--port 0 {}", files.words()));
        let address = server.address();
        let (_, port) = address.split_once(':').unwrap();
        let httpx = script("21-http2-and-tls/tests/clients/httpx_client.py");
        let at = format!("https://localhost:{port}");
        let trusted = files.path("authority.pem").display().to_string();
        let said = run(&python, &[&httpx, &at, &trusted]).unwrap();
        for line in ["HTTP/2 200 Hello, crabs!", "upload 4000000", "streams 50", "cut True"] {
            assert!(said.lines().any(|heard| heard == line), "{line:?} is not in {said}");
        }
        server.ends_well();

        let mut server = Server::example("conformance", "--port 0 --ws-max-size 16MiB");
        let address = server.address();
        let (_, port) = address.split_once(':').unwrap();
        let h2 = script("21-http2-and-tls/tests/clients/h2_client.py");
        let said = run(&python, &[&h2, port]).unwrap();
        for line in ["/hints 103 </crab.css>; rel=preload; as=style", "/mid reset 2", "/upload 5"] {
            assert!(said.lines().any(|heard| heard == line), "{line:?} is not in {said}");
        }
        let both = script("21-http2-and-tls/tests/clients/h2_wsproto_client.py");
        let said = run(&python, &[&both, port]).unwrap();
        for line in ["offered", "1 pong b'there?'", "1 close 1000 end"] {
            assert!(said.lines().any(|heard| heard == line), "{line:?} is not in {said}");
        }
        let sockets = script("20-websockets/tests/clients/websockets_client.py");
        let said = run(&python, &[&sockets, port]).unwrap();
        for line in [
            "text Hello, crabs!",
            "64 MiB (1009, 'a message is longer than 16777216 bytes')",
            "denial (401, b'show your shell')",
        ] {
            assert!(said.lines().any(|heard| heard == line), "{line:?} is not in {said}");
        }
        server.ends_well();
    });
}
