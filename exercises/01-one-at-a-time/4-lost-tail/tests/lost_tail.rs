//! An echo, with clients who take their time.

use std::io::{self, ErrorKind, Read, Write};

use lost_tail::echo;
use proctor::script::Script;

const ORDER: &str = "fourteen crabs, please, and a pot of mayonnaise; deliver them to the north pier before high tide";

/// Serves a client to its end, and compares what it got and what was counted with what it sent.
#[track_caller]
fn assert_echoes(client: Script, sent: &str, how: &str) {
    let seen = client.clone();
    let result = proctor::watch(move || echo(client));
    proctor::expect_eq!(seen.written_text(), sent, "what came back {how}");
    match result {
        Ok(count) => proctor::expect_eq!(
            count,
            sent.len() as u64,
            "the number of bytes that `echo` returned {how}"
        ),
        Err(error) => panic!("expected Ok {how}, got {error:?}"),
    }
}

#[test]
fn a_quick_client_gets_everything_back() {
    assert_echoes(Script::new().gives(ORDER), ORDER, "to a client that takes every write whole");
}

#[test]
fn a_client_without_words_gets_none() {
    assert_echoes(Script::new(), "", "to a client that said nothing");
}

#[test]
fn a_slow_telephone_gets_everything_back() {
    for at_most in 1..=16 {
        let client = Script::new().gives(ORDER).takes_each(at_most);
        assert_echoes(
            client,
            ORDER,
            &format!("to a client that takes at most {at_most} byte(s) of each write"),
        );
    }
}

#[test]
fn a_single_short_write_loses_nothing() {
    for taken in 1..64 {
        let client = Script::new().gives(ORDER).takes(taken);
        assert_echoes(client, ORDER, &format!("when the first write took {taken} byte(s)"));
    }
}

#[test]
fn two_short_writes_in_a_row_lose_nothing() {
    let client = Script::new().gives(ORDER).takes(30).takes(5);
    assert_echoes(client, ORDER, "when the first write took 30 bytes and the second 5");
}

#[test]
fn an_interrupted_write_loses_nothing() {
    let client = Script::new().gives(ORDER).interrupts_write();
    assert_echoes(client, ORDER, "when the first write was interrupted");
    let client =
        Script::new().gives(ORDER).takes(10).interrupts_write().takes(10).interrupts_write();
    assert_echoes(client, ORDER, "when writes were short and interrupted in turn");
}

#[test]
fn an_interrupted_read_loses_nothing() {
    let client = Script::new()
        .interrupts_read()
        .gives("fourteen ")
        .interrupts_read()
        .gives("crabs")
        .interrupts_read();
    assert_echoes(client, "fourteen crabs", "when three reads were interrupted");
}

#[test]
fn a_stream_that_takes_nothing_is_an_error() {
    let client = Script::new().gives(ORDER).takes(10).takes_each(0);
    let result = proctor::watch(move || echo(client)).map_err(|error| error.kind());
    proctor::expect_eq!(
        result,
        Err(ErrorKind::WriteZero),
        "a write that takes nothing will never take anything"
    );
}

#[test]
fn other_errors_are_returned() {
    let client = Script::new().gives(ORDER).takes(10).fails_write(ErrorKind::BrokenPipe);
    let result = proctor::watch(move || echo(client)).map_err(|error| error.kind());
    proctor::expect_eq!(result, Err(ErrorKind::BrokenPipe), "the second write fails");
    let client = Script::new().gives(ORDER).fails_read(ErrorKind::ConnectionReset);
    let result = proctor::watch(move || echo(client)).map_err(|error| error.kind());
    proctor::expect_eq!(result, Err(ErrorKind::ConnectionReset), "the second read fails");
}

#[test]
fn every_error_is_an_error() {
    let kinds = [
        ErrorKind::WouldBlock,
        ErrorKind::TimedOut,
        ErrorKind::UnexpectedEof,
        ErrorKind::ConnectionAborted,
    ];
    for kind in kinds {
        let client = Script::new().gives(ORDER).fails_read(kind);
        let result = proctor::watch(move || echo(client)).map_err(|error| error.kind());
        proctor::expect_eq!(
            result,
            Err(kind),
            "what `echo` returned when the second read failed with {kind:?}"
        );
    }
}

#[test]
fn a_long_conversation_is_counted_to_its_end() {
    let order = ORDER.repeat(1000);
    let client = Script::new().gives(&order);
    assert_echoes(client, &order, "to a client with a thousand orders");
}

/// A client that sends the second half of its order when it has got back the first.
struct Careful {
    script: Script,
    /// How many bytes `read` has handed out.
    read: usize,
}

impl Read for Careful {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let (read, returned) = (self.read, self.script.written().len());
        assert!(
            returned >= read || read % 20 != 0,
            "`read` was called while the client waits: it has sent {read} bytes and got back {returned}. \
             On a real connection both sides now wait for ever"
        );
        let n = self.script.read(buffer)?;
        self.read += n;
        Ok(n)
    }
}

impl Write for Careful {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.script.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.script.flush()
    }
}

#[test]
fn nothing_is_kept_while_the_client_waits() {
    let script = Script::new().gives([b'x'; 20]).gives([b'y'; 20]).takes_each(7);
    let result = proctor::watch(move || echo(Careful { script, read: 0 }));
    proctor::expect_eq!(
        result.map_err(|error| error.kind()),
        Ok(40),
        "the number of bytes that `echo` returned"
    );
}
