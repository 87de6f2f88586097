//! After a signal the read starts again, and so does its time.
//!
//! caught by: an_interrupted_read_is_asked_again

use std::io;
use std::time::Duration;

/// The part of a `TcpStream` that reads.
pub trait Stream {
    /// Bounds the reads that follow.
    ///
    /// # Errors
    ///
    /// `InvalidInput` when `timeout` is zero.
    fn set_read_timeout(&mut self, timeout: Duration) -> io::Result<()>;

    /// Reads what has arrived, or waits for it. `Ok(0)` is the end: the client has hung up.
    ///
    /// # Errors
    ///
    /// `WouldBlock` or `TimedOut` when nothing came in time; `Interrupted` when a signal came first.
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize>;
}

/// A clock that only goes forward.
pub trait Clock {
    /// The time since some fixed moment.
    fn now(&self) -> Duration;
}

/// Why there is no request.
#[derive(Debug)]
pub enum RequestError {
    /// The limit was over before the line was.
    TooSlow,
    /// The client hung up before the line's end.
    Incomplete,
    /// The stream failed.
    Io(io::Error),
}

/// Reads a request, which is a line, and returns it without its `\n`.
///
/// `limit` is the time the client has for the whole of it.
///
/// # Errors
///
/// See [`RequestError`].
pub fn read_request(
    stream: &mut impl Stream,
    clock: &impl Clock,
    limit: Duration,
) -> Result<Vec<u8>, RequestError> {
    let mut deadline = clock.now() + limit;
    let mut line = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let left = deadline.saturating_sub(clock.now());
        if left.is_zero() {
            return Err(RequestError::TooSlow);
        }
        stream.set_read_timeout(left).map_err(RequestError::Io)?;
        match stream.read(&mut buffer) {
            Ok(0) => return Err(RequestError::Incomplete),
            Ok(n) => match buffer[..n].iter().position(|&byte| byte == b'\n') {
                Some(end) => {
                    line.extend_from_slice(&buffer[..end]);
                    return Ok(line);
                }
                None => line.extend_from_slice(&buffer[..n]),
            },
            Err(error) => match error.kind() {
                io::ErrorKind::Interrupted => deadline = clock.now() + limit,
                io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => {
                    return Err(RequestError::TooSlow);
                }
                _ => return Err(RequestError::Io(error)),
            },
        }
    }
}
