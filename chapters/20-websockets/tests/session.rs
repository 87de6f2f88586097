//! Both sides of a WebSocket, with a network in between that one can hold.

use std::time::{Duration, Instant};

use gateway::{Close, Message};
use websockets::{Decoder, Encoder, Limits, Patience, Role, Session};

const SECOND: Duration = Duration::from_secs(1);

fn session(role: Role, now: Instant) -> Session {
    Session::new(
        Decoder::new(role, Limits::default()),
        Encoder::new(role),
        Patience::default(),
        now,
    )
}

/// A server, a client, and the time.
struct Pair {
    server: Session,
    client: Session,
    now: Instant,
}

impl Pair {
    fn new() -> Self {
        let now = Instant::now();
        let client = session(Role::Client { key: || [9, 8, 7, 6] }, now);
        Self { server: session(Role::Server, now), client, now }
    }

    /// Carries what one has written to the other, and gives the messages.
    fn carry(from: &mut Session, to: &mut Session, now: Instant) -> Vec<Message> {
        let mut bytes = std::mem::take(from.output());
        from.written();
        let mut rest = &mut bytes[..];
        let mut messages = Vec::new();
        while !rest.is_empty() {
            let (used, message) = to.event(rest, now);
            messages.extend(message);
            rest = &mut rest[used..];
        }
        messages
    }

    fn towards_server(&mut self) -> Vec<Message> {
        Self::carry(&mut self.client, &mut self.server, self.now)
    }

    fn towards_client(&mut self) -> Vec<Message> {
        Self::carry(&mut self.server, &mut self.client, self.now)
    }

    fn later(&mut self, by: Duration) {
        self.now += by;
        self.server.expire(self.now);
        self.client.expire(self.now);
    }
}

fn is(end: Option<&Close>, code: u16, reason: &str) -> bool {
    end.is_some_and(|end| (end.code, &*end.reason) == (code, reason))
}

#[test]
fn messages_go_both_ways() {
    let mut pair = Pair::new();
    pair.client.send(&Message::Text("crab".into()));
    pair.client.send(&Message::Binary(vec![1, 2].into()));
    let messages = pair.towards_server();
    assert!(matches!(&messages[..], [Message::Text(text), Message::Binary(_)] if text == "crab"));
    pair.server.send(&Message::Text("shrimp".into()));
    assert_eq!(pair.towards_client().len(), 1);
    assert!(pair.server.is_open() && pair.client.is_open());
}

#[test]
fn either_side_may_say_goodbye_first_and_hears_the_answer() {
    let mut pair = Pair::new();
    pair.client.close(4000, "had enough", pair.now);
    assert!(pair.towards_server().is_empty());
    assert!(is(pair.server.end(), 4000, "had enough"));
    assert!(!pair.server.is_over(), "the answer is not written yet");
    pair.towards_client();
    assert!(pair.server.is_over() && pair.client.is_over());
    assert!(is(pair.client.end(), 4000, "had enough"));

    let mut pair = Pair::new();
    pair.server.close(1001, "the tide comes", pair.now);
    pair.towards_client();
    assert!(is(pair.client.end(), 1001, "the tide comes"));
    pair.towards_server();
    assert!(pair.server.is_over() && pair.client.is_over());
}

#[test]
fn both_may_say_goodbye_at_once() {
    let mut pair = Pair::new();
    pair.client.close(4001, "", pair.now);
    pair.server.close(4002, "", pair.now);
    pair.towards_server();
    pair.towards_client();
    assert!(pair.server.is_over() && pair.client.is_over());
    // Each keeps what it has said itself.
    assert!(is(pair.client.end(), 4001, "") && is(pair.server.end(), 4002, ""));
}

#[test]
fn a_goodbye_without_a_code_is_1005_and_a_lost_connection_1006() {
    let mut pair = Pair::new();
    let mut wire = Vec::new();
    Encoder::new(Role::Client { key: || [0; 4] }).close(None, &mut wire);
    pair.server.event(&mut wire, pair.now);
    assert!(is(pair.server.end(), 1005, ""));
    assert_eq!(*pair.server.output(), [0x88, 0], "the answer has no code either");
    let mut pair = Pair::new();
    pair.server.lost();
    assert!(pair.server.is_over() && is(pair.server.end(), 1006, ""));
    // After a goodbye the loss changes nothing of what was said.
    let mut pair = Pair::new();
    pair.server.close(1000, "", pair.now);
    pair.server.lost();
    assert!(is(pair.server.end(), 1000, ""));
}

#[test]
fn a_peer_that_does_not_answer_a_goodbye_is_left() {
    let mut pair = Pair::new();
    pair.server.close(1000, "", pair.now);
    pair.server.output().clear();
    pair.server.written();
    pair.later(9 * SECOND);
    assert!(!pair.server.is_over());
    pair.later(SECOND);
    assert!(pair.server.is_over());
}

#[test]
fn messages_that_were_under_way_at_a_goodbye_are_passed_over() {
    let mut pair = Pair::new();
    pair.client.send(&Message::Text("too late".into()));
    pair.server.close(1000, "", pair.now);
    assert!(pair.towards_server().is_empty());
    pair.server.send(&Message::Text("nor this".into()));
    assert!(pair.towards_client().is_empty());
}

#[test]
fn a_silent_peer_is_asked_and_left_if_it_does_not_answer() {
    let mut pair = Pair::new();
    pair.now += 19 * SECOND;
    pair.server.expire(pair.now);
    assert!(pair.server.output().is_empty());
    pair.now += SECOND;
    pair.server.expire(pair.now);
    assert_eq!(*pair.server.output(), [0x89, 0]);
    // It answers, and all is well for another twenty seconds.
    pair.towards_client();
    assert_eq!(pair.client.output().len(), 6);
    pair.towards_server();
    assert_eq!(pair.server.deadline(), Some(pair.now + 20 * SECOND));
    pair.now += 20 * SECOND;
    pair.server.expire(pair.now);
    pair.server.output().clear();
    pair.now += 20 * SECOND;
    pair.server.expire(pair.now);
    assert!(is(pair.server.end(), 1006, ""));
    assert_eq!(pair.server.output()[2..4], 1011_u16.to_be_bytes());
    assert!(!pair.server.is_over(), "the last word is to be written");
    pair.now += 10 * SECOND;
    pair.server.expire(pair.now);
    assert!(pair.server.is_over(), "or not, after ten seconds");
}

#[test]
fn a_peer_that_pings_and_does_not_read_has_one_answer_waiting() {
    let mut pair = Pair::new();
    let mut wire = Vec::new();
    let mut client = Encoder::new(Role::Client { key: || [0; 4] });
    for number in 0..1_000_u16 {
        client.ping(&number.to_be_bytes(), &mut wire);
    }
    pair.server.event(&mut wire, pair.now);
    assert_eq!(*pair.server.output(), [0x8a, 2, 0, 0]);
    pair.server.output().clear();
    pair.server.written();
    assert_eq!(*pair.server.output(), [0x8a, 2, 3, 231], "then the last one");
}

#[test]
fn a_fault_is_told_and_ends_it() {
    let mut pair = Pair::new();
    let (_, message) = pair.server.event(&mut [0x81, 0x01, b'x'], pair.now);
    assert!(message.is_none() && !pair.server.is_reading());
    assert!(pair.server.end().is_some_and(|end| end.code == 1002));
    assert_eq!(pair.server.output()[2..4], 1002_u16.to_be_bytes());
    pair.server.output().clear();
    pair.server.written();
    assert!(pair.server.is_over());
}
