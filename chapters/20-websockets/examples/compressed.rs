//! What compression saves and what it costs, and what it takes to be hit by a bomb.
//!
//! ```text
//! cargo run -p websockets --example compressed
//! ```

use http::{HeaderMap, HeaderValue, header::SEC_WEBSOCKET_EXTENSIONS};
use proctor::memory::{Counting, Mark};
use websockets::deflate::{Pool, Settings, agree};
use websockets::{Decoder, Encoder, Limits, Role};

#[global_allocator]
static MEMORY: Counting = Counting;

const CLIENT: Role = Role::Client { key: || [1, 2, 3, 4] };

/// What one side of a WebSocket reads and writes with.
type Side = (Decoder, Encoder);

/// The server's side of a WebSocket and the client's, with engines from these pools.
fn connection(server: &Pool, client: &Pool) -> (Side, Side) {
    let mut offer = HeaderMap::new();
    offer.insert(SEC_WEBSOCKET_EXTENSIONS, HeaderValue::from_static("permessage-deflate"));
    let agreed = agree(&offer, server.settings()).expect("the offer has no conditions");
    let side = |role, (inflate, deflate)| {
        (
            Decoder::new(role, Limits::default()).with_inflate(Some(inflate)),
            Encoder::new(role).with_deflate(Some(deflate)),
        )
    };
    (side(Role::Server, server.server(&agreed)), side(CLIENT, client.client(&agreed)))
}

// ANCHOR: reading
fn reading(minute: usize) -> String {
    let height = 120 + (minute * 37) % 90;
    format!(
        r#"{{"station":"crab rock","minute":{minute},"height_cm":{height},"crabs":["hermit","fiddler"]}}"#
    )
}
// ANCHOR_END: reading

/// Sends a hundred readings to each of ten clients, and says what one has got and what the server holds for all.
fn feed(name: &str, settings: Settings) {
    let (server_pool, client_pool) = (Pool::new(settings), Pool::new(settings));
    let mut connections: Vec<_> = (0..10).map(|_| connection(&server_pool, &client_pool)).collect();
    let mut bytes = 0;
    let before = Mark::here();
    for ((_, server), _) in &mut connections {
        bytes = 0;
        for minute in 0..100 {
            let mut wire = Vec::new();
            server.text(&reading(minute), &mut wire);
            bytes += wire.len();
        }
    }
    println!(
        "  {name:<22} {bytes:>6} bytes for each client, {:>5} KiB for all",
        before.held() / 1024
    );
}

fn main() {
    let forgets = Settings::default();
    let keeps = Settings { server_no_context_takeover: false, ..forgets };
    println!("A hundred readings of the tide, to ten clients");
    feed("as they are", Settings { smallest: usize::MAX, ..forgets });
    feed("each for itself", forgets);
    feed("with what came before", keeps);

    println!("A bomb");
    let pool = Pool::new(Settings { level: 9, ..forgets });
    let ((mut decoder, _), (_, mut encoder)) = connection(&pool, &pool);
    let mut wire = Vec::new();
    encoder.binary(&vec![0; 256 * 1024 * 1024], &mut wire);
    let length = wire.len();
    let before = Mark::here();
    let fault = decoder.decode(&mut wire).expect_err("it is larger than 16 MiB");
    println!("  256 MiB of nothing in {length} bytes: {fault}");
    println!("  at most {} MiB were held for it", before.highest() / 1024 / 1024);
}
