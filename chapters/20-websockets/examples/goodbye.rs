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

    /// Carries what one side has written to the other, and says what it was.
    fn carry(&mut self, to_server: bool) {
        let (from, to, who) = if to_server {
            (&mut self.client, &mut self.server, "client")
        } else {
            (&mut self.server, &mut self.client, "server")
        };
        let mut bytes = std::mem::take(from.output());
        from.written();
        if let Some(first) = bytes.first() {
            let what = match first & 0x0f {
                8 => "sends its close frame",
                9 => "asks with a ping",
                10 => "answers with a pong",
                _ => "sends a message",
            };
            to.event(&mut bytes, self.now);
            self.tell(who, what);
        }
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

// ANCHOR: main
fn main() {
    let mut pair = Pair::new("The client leaves");
    pair.client.close(1000, "bye", pair.now);
    pair.carry(true);
    pair.carry(false);
    pair.end();

    let mut pair = Pair::new("Both leave in the same moment");
    pair.client.close(1000, "bye", pair.now);
    pair.server.close(1001, "low tide", pair.now);
    pair.carry(true);
    pair.carry(false);
    pair.end();

    let mut pair = Pair::new("The server leaves, and the client says nothing");
    pair.server.close(1001, "low tide", pair.now);
    pair.carry(false);
    pair.wait();
    pair.end();

    let mut pair = Pair::new("The client's cable is cut");
    pair.wait();
    pair.carry(false);
    pair.wait();
    pair.end();
}
// ANCHOR_END: main
