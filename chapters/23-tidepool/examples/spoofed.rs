//! Who does the application think that Eve is? She writes a header of her own, and the proxy adds what it has seen.
//!
//! `cargo run -p tidepool --example spoofed`: it depends on whom the server believes.

mod operator;

use gateway::{Error, Receive, ResponseBody, ResponseStart, Scope, Sender};
use operator::{Server, ask, masked, serves};

// ANCHOR: app
async fn who(scope: Scope, _receive: Receive, send: Sender) -> Result<(), Error> {
    let Scope::Http(http) = scope else { return Err(scope.unsupported().into()) };
    let client = http.client().map_or("nobody".to_owned(), ToString::to_string);
    send.send(ResponseStart::new(200)).await?;
    Ok(send.send(ResponseBody::last(client)).await?)
}
// ANCHOR_END: app

fn main() {
    if serves() {
        tidepool::main(who);
    }
    // ANCHOR: main
    // Eve is 203.0.113.9. What stands before that is hers, and what comes after it our own proxies have written.
    let requests = [
        ("a proxy, for Ada", "198.51.100.7"),
        ("a proxy, for Eve", "127.0.0.1, 198.51.100.7, 203.0.113.9"),
        ("two proxies, for Eve", "198.51.100.7, 203.0.113.9, 10.0.0.5"),
        ("Eve, past the proxy", "198.51.100.7"),
    ];
    // All of these connections come from 127.0.0.1, Eve's as well: so the third server trusts other proxies.
    let servers = [
        ("*", &requests[..]),
        ("127.0.0.1,10.0.0.0/8", &requests[..3]),
        ("10.0.0.0/8", &requests[3..]),
    ];
    // ANCHOR_END: main
    for (trust, requests) in servers {
        let server = Server::start(&format!("--no-access-log --forwarded-allow-ips {trust}"));
        println!("--forwarded-allow-ips {trust}");
        for (from, list) in requests {
            let client = ask(&server.address, "/", &format!("x-forwarded-for: {list}\r\n"));
            let client = client.strip_suffix(":0").unwrap_or(&client);
            println!("  {from:<20}  {list:<36}  {}", masked(client));
        }
        server.end();
    }
}
