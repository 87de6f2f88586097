//! Quick clients, slow clients, and clients that leave.

use std::cell::Cell;
use std::collections::VecDeque;
use std::io;
use std::rc::Rc;
use std::time::Duration;

use slow_client::{Clock, RequestError, Stream, read_request};

const LIMIT: Duration = Duration::from_secs(10);

fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// What a client does, and after how many seconds of silence.
enum Does {
    Sends(&'static [u8]),
    HangsUp,
    IsInterrupted,
    Resets,
}
use Does::{HangsUp, IsInterrupted, Resets, Sends};

#[derive(Clone)]
struct HandMovedClock(Rc<Cell<Duration>>);

impl Clock for HandMovedClock {
    fn now(&self) -> Duration {
        self.0.get()
    }
}

/// A client that follows a script. Reading from it moves the clock.
struct Client {
    clock: HandMovedClock,
    /// When each thing happens, and what it is.
    script: VecDeque<(Duration, Does)>,
    timeout: Option<Duration>,
    timeout_kind: io::ErrorKind,
    /// Whether the system refuses to set timeouts.
    refuses_timeouts: bool,
}

impl Stream for Client {
    fn set_read_timeout(&mut self, timeout: Duration) -> io::Result<()> {
        if timeout.is_zero() {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "cannot set a 0 duration timeout",
            ));
        }
        if self.refuses_timeouts {
            return Err(io::ErrorKind::PermissionDenied.into());
        }
        self.timeout = Some(timeout);
        Ok(())
    }

    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        assert!(
            !buffer.is_empty(),
            "`read` was given an empty buffer: it can return nothing but 0"
        );
        let timeout = self.timeout.expect(
            "`read` was called without a timeout: a silent client would keep the server for ever; call `set_read_timeout` first",
        );
        let now = self.clock.now();
        let gives_up = now + timeout;
        let Some((at, _)) = self.script.front() else {
            self.clock.0.set(gives_up);
            return Err(self.timeout_kind.into());
        };
        let at = (*at).max(now);
        if at > gives_up {
            self.clock.0.set(gives_up);
            return Err(self.timeout_kind.into());
        }
        self.clock.0.set(at);
        match self.script.pop_front() {
            Some((_, Sends(bytes))) => {
                let n = bytes.len().min(buffer.len());
                buffer[..n].copy_from_slice(&bytes[..n]);
                if n < bytes.len() {
                    self.script.push_front((at, Sends(&bytes[n..])));
                }
                Ok(n)
            }
            Some((_, IsInterrupted)) => Err(io::ErrorKind::Interrupted.into()),
            Some((_, Resets)) => Err(io::ErrorKind::ConnectionReset.into()),
            Some((_, HangsUp)) | None => {
                self.script.push_front((at, HangsUp));
                Ok(0)
            }
        }
    }
}

/// The result of reading a request, and how long it took.
fn read_from(script: Vec<(u64, Does)>) -> (Result<Vec<u8>, RequestError>, Duration) {
    read_with(script, LIMIT, io::ErrorKind::WouldBlock)
}

fn read_with(
    script: Vec<(u64, Does)>,
    limit: Duration,
    timeout_kind: io::ErrorKind,
) -> (Result<Vec<u8>, RequestError>, Duration) {
    proctor::watch(move || {
        let start = Duration::from_secs(1_000);
        let clock = HandMovedClock(Rc::new(Cell::new(start)));
        let script =
            script.into_iter().map(|(at, does)| (start + Duration::from_secs(at), does)).collect();
        let mut client = Client {
            clock: clock.clone(),
            script,
            timeout: None,
            timeout_kind,
            refuses_timeouts: false,
        };
        let result = read_request(&mut client, &clock, limit);
        (result, clock.now().saturating_sub(start))
    })
}

/// A result with its bytes as text.
fn shown(result: &Result<Vec<u8>, RequestError>) -> String {
    format!("{:?}", result.as_ref().map(|line| String::from_utf8_lossy(line)))
}

#[track_caller]
fn assert_line(result: Result<Vec<u8>, RequestError>, line: &str) {
    match result {
        Ok(bytes) => proctor::expect_eq!(
            String::from_utf8_lossy(&bytes),
            line,
            "the request, without its \\n"
        ),
        Err(error) => panic!("expected the request {line:?}, got the error {error:?}"),
    }
}

#[track_caller]
fn assert_too_slow((result, took): (Result<Vec<u8>, RequestError>, Duration), expected: Duration) {
    assert!(
        matches!(result, Err(RequestError::TooSlow)),
        "expected the error TooSlow, got {}",
        shown(&result)
    );
    proctor::expect_eq!(took, expected, "how long it took until the client was given up");
}

#[test]
fn a_quick_client_is_read() {
    let (result, took) = read_from(vec![(1, Sends(b"GET the tide\n"))]);
    assert_line(result, "GET the tide");
    proctor::expect_eq!(
        took,
        secs(1),
        "how long it took: the request was complete after one second"
    );
}

#[test]
fn a_request_in_pieces_is_put_together() {
    let (result, _) =
        read_from(vec![(1, Sends(b"GET ")), (2, Sends(b"the ti")), (3, Sends(b"de\nand more"))]);
    assert_line(result, "GET the tide");
}

#[test]
fn an_empty_line_is_a_request() {
    let (result, _) = read_from(vec![(1, Sends(b"\n"))]);
    assert_line(result, "");
}

#[test]
fn a_request_larger_than_any_buffer() {
    let long: &'static [u8] =
        Box::leak([vec![b'x'; 100_000], b"\n".to_vec()].concat().into_boxed_slice());
    let (result, _) = read_from(vec![(1, Sends(long))]);
    proctor::expect_eq!(result.map(|line| line.len()).ok(), Some(100_000), "bytes in the request");
}

#[test]
fn a_silent_client_is_given_up_at_the_limit() {
    assert_too_slow(read_from(vec![]), secs(10));
}

#[test]
fn a_byte_every_four_seconds_does_not_move_the_limit() {
    let drip = (1..=20).map(|i| (4 * i, Sends(b"x"))).collect();
    assert_too_slow(read_from(drip), secs(10));
}

#[test]
fn silence_after_a_byte_does_not_move_the_limit() {
    assert_too_slow(read_from(vec![(9, Sends(b"x"))]), secs(10));
}

#[test]
fn a_byte_at_the_very_limit_leaves_no_time_to_set() {
    assert_too_slow(read_from(vec![(10, Sends(b"x")), (11, Sends(b"\n"))]), secs(10));
}

#[test]
fn no_time_at_all_is_too_slow() {
    let slow = read_with(vec![(0, Sends(b"GET\n"))], Duration::ZERO, io::ErrorKind::WouldBlock);
    assert_too_slow(slow, secs(0));
}

#[test]
fn a_timeout_has_another_name_on_windows() {
    assert_too_slow(read_with(vec![(4, Sends(b"x"))], LIMIT, io::ErrorKind::TimedOut), secs(10));
}

#[test]
fn an_interrupted_read_is_asked_again() {
    let (result, _) = read_from(vec![(1, Sends(b"GET")), (2, IsInterrupted), (3, Sends(b"\n"))]);
    assert_line(result, "GET");
    let signals = (1..=20).map(|i| (i, IsInterrupted)).collect();
    assert_too_slow(read_from(signals), secs(10));
}

#[test]
fn a_client_that_hangs_up_is_incomplete() {
    let (result, took) = read_from(vec![(1, Sends(b"GET the ti")), (2, HangsUp)]);
    assert!(
        matches!(result, Err(RequestError::Incomplete)),
        "expected the error Incomplete, got {}",
        shown(&result)
    );
    proctor::expect_eq!(
        took,
        secs(2),
        "how long it took: nothing is left to wait for after the client has hung up"
    );
}

#[test]
fn a_reset_is_an_error_of_the_stream() {
    let (result, _) = read_from(vec![(1, Sends(b"GET")), (2, Resets)]);
    assert!(
        matches!(&result, Err(RequestError::Io(error)) if error.kind() == io::ErrorKind::ConnectionReset),
        "expected the error Io(ConnectionReset), got {}",
        shown(&result)
    );
}

#[test]
fn a_client_that_hangs_up_at_once_is_incomplete() {
    let (result, _) = read_from(vec![(1, HangsUp)]);
    assert!(
        matches!(result, Err(RequestError::Incomplete)),
        "expected the error Incomplete from a client that said nothing, got {}",
        shown(&result)
    );
}

#[test]
fn a_carriage_return_is_part_of_the_line() {
    let (result, _) = read_from(vec![(1, Sends(b"GET\r\n"))]);
    assert_line(result, "GET\r");
}

#[test]
fn a_limit_need_not_be_whole_seconds() {
    let limit = Duration::from_millis(2500);
    let slow = read_with(vec![(1, Sends(b"x"))], limit, io::ErrorKind::WouldBlock);
    assert_too_slow(slow, limit);
}

#[test]
fn a_timeout_that_cannot_be_set_is_an_error_of_the_stream() {
    let result = proctor::watch(|| {
        let clock = HandMovedClock(Rc::new(Cell::new(Duration::ZERO)));
        let mut client = Client {
            clock: clock.clone(),
            script: VecDeque::new(),
            timeout: None,
            timeout_kind: io::ErrorKind::WouldBlock,
            refuses_timeouts: true,
        };
        read_request(&mut client, &clock, LIMIT)
    });
    assert!(
        matches!(&result, Err(RequestError::Io(error)) if error.kind() == io::ErrorKind::PermissionDenied),
        "expected the error Io(PermissionDenied), got {}",
        shown(&result)
    );
}
