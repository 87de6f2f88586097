//! How a WebSocket ends: who says what, and until when one waits.
//!
//! ```text
//! cargo run -p websockets --example goodbye
//! ```

use std::time::Instant;

use websockets::{Decoder, Encoder, Limits, Patience, Role, Session};

/// Two sides without a network between them, and a clock that is turned by hand.
struct Pair {
    began: Instant,
    now: Instant,
    server: Session,
    client: Session,
}

const CLIENT: Role = Role::Client { key: || [1, 2, 3, 4] };

impl Pair {
    fn new(title: &str) -> Self {
        println!("{title}");
        let now = Instant::now();
        let server = |role, patience| {
            Session::new(Decoder::new(role, Limits::default()), Encoder::new(role), patience, now)
        };
        let never = Patience { ping_interval: None, ..Patience::default() };
        let (server, client) = (server(Role::Server, Patience::default()), server(CLIENT, never));
        Self { began: now, now, server, client }
    }

    fn tell(&self, who: &str, what: &str) {
        println!("  {:>3} s  {who}  {what}", (self.now - self.began).as_secs());
    }

    /// What the client has written gets to the server.
    fn client_to_server(&mut self) {
        let what = carry(&mut self.client, &mut self.server, self.now);
        self.tell("client", what);
    }

    /// And the other way round.
    fn server_to_client(&mut self) {
        let what = carry(&mut self.server, &mut self.client, self.now);
        self.tell("server", what);
    }

    /// Lets the time pass up to the server's next deadline.
    fn wait(&mut self) {
        if let Some(deadline) = self.server.deadline() {
            self.now = deadline;
            self.server.expire(self.now);
        }
    }

    fn end(&self) {
        let close = self.server.end().map_or(0, |close| close.code);
        let how = if self.server.is_over() { "closes the connection" } else { "waits" };
        self.tell("server", &format!("{how}, and its application hears {close}"));
    }
}

/// Carries what one side has written to the other, and says what it was.
fn carry(from: &mut Session, to: &mut Session, now: Instant) -> &'static str {
    let mut bytes = std::mem::take(from.output());
    from.written();
    to.event(&mut bytes, now);
    match bytes.first().map(|first| first & 0x0f) {
        Some(8) => "sends its close frame",
        Some(9) => "asks with a ping",
        Some(10) => "answers with a pong",
        Some(_) => "sends a message",
        None => "sends nothing",
    }
}

// ANCHOR: main
fn main() {
    let mut pair = Pair::new("The client leaves");
    pair.client.close(1000, "bye", pair.now);
    pair.client_to_server();
    pair.server_to_client();
    pair.end();

    let mut pair = Pair::new("Both leave in the same moment");
    pair.client.close(1000, "bye", pair.now);
    pair.server.close(1001, "low tide", pair.now);
    pair.client_to_server();
    pair.server_to_client();
    pair.end();

    let mut pair = Pair::new("The server leaves, and the client says nothing");
    pair.server.close(1001, "low tide", pair.now);
    pair.server_to_client();
    pair.wait();
    pair.end();

    let mut pair = Pair::new("The client's cable is cut");
    pair.wait();
    pair.server_to_client();
    pair.wait();
    pair.end();
}
// ANCHOR_END: main
