//! Visitors who tell what they say and hear, and when, for the chapter's examples and steps.
#![expect(dead_code, reason = "each example uses a part of it, and none uses all")]

use std::io;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream, duplex, split};
use tokio::time::{Instant, timeout};

/// A connection in memory, where time may be virtual: the client's end, and the server's.
pub fn wire() -> (DuplexStream, DuplexStream) {
    duplex(16 * 1024)
}

static TIMELESS: AtomicBool = AtomicBool::new(false);

/// Leaves the time out from now on: where it is real, it is not the same twice.
pub fn leave_out_the_time() {
    TIMELESS.store(true, Relaxed);
}

/// Tells something that happens now.
pub fn tell(what: impl AsRef<str>) {
    static BEGAN: OnceLock<Instant> = OnceLock::new();
    if TIMELESS.load(Relaxed) {
        return println!("{}", what.as_ref());
    }
    let now = BEGAN.get_or_init(Instant::now).elapsed();
    println!("{:>5} s  {}", now.as_secs(), what.as_ref());
}

/// A visitor of a server.
pub struct Visitor<S> {
    name: &'static str,
    stream: S,
    heard: Vec<u8>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Visitor<S> {
    /// A visitor who has connected.
    pub fn new(name: &'static str, stream: S) -> Self {
        Self { name, stream, heard: Vec::new() }
    }

    fn tell(&self, what: &str) {
        tell(format!("{} {what}", self.name));
    }

    /// Sends these bytes, and does not tell it.
    pub async fn says(&mut self, bytes: impl AsRef<[u8]>) -> io::Result<()> {
        self.stream.write_all(bytes.as_ref()).await
    }

    /// Asks for a page.
    pub async fn asks(&mut self, method: &str, path: &str) -> io::Result<()> {
        self.tell(&format!("says {method} {path}"));
        self.says(format!("{method} {path} HTTP/1.1\r\nhost: crabsarecool.com\r\n\r\n")).await
    }

    /// Waits for the head of a response, at most an hour.
    pub async fn hears(&mut self) -> io::Result<()> {
        let head = timeout(Duration::from_hours(1), self.until("\r\n\r\n")).await;
        match head {
            Err(_) => self.tell("has heard nothing for an hour"),
            Ok(Err(_)) => self.tell("hears nothing: the server has hung up"),
            Ok(Ok(head)) => {
                let status = head.lines().next().and_then(|line| line.split_once(' '));
                self.tell(&format!("hears {}", status.map_or("nonsense", |(_, status)| status)));
            }
        }
        Ok(())
    }

    /// Waits for one chunk of a response's body.
    pub async fn hears_part(&mut self) -> io::Result<()> {
        self.until("\r\n").await?;
        let part = self.until("\r\n").await?;
        self.tell(&format!("hears {}", part.trim_end()));
        Ok(())
    }

    /// Sends a form of so many bytes, and stops when there is an answer.
    pub async fn fills_in(&mut self, path: &str, bytes: usize) -> io::Result<()> {
        const PART: usize = 1024;
        self.tell(&format!("says POST {path}, with a form of {bytes} bytes"));
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: crabsarecool.com\r\ncontent-length: {bytes}\r\n\r\n"
        );
        self.says(head).await?;
        let mut sent = 0;
        let (mut from, mut to) = split(&mut self.stream);
        while sent < bytes && self.heard.is_empty() {
            tokio::select! {
                biased;
                came = from.read_buf(&mut self.heard) => {
                    came?;
                }
                wrote = to.write(&[b'x'; PART][..PART.min(bytes - sent)]) => sent += wrote?,
            }
        }
        self.tell(&format!("has sent {sent} bytes of it"));
        self.hears().await
    }

    /// Hangs up.
    pub fn leaves(self) {
        self.tell("leaves");
    }

    /// Reads up to these bytes, and with them.
    async fn until(&mut self, end: &str) -> io::Result<String> {
        let end = end.as_bytes();
        loop {
            if let Some(at) = self.heard.windows(end.len()).position(|window| window == end) {
                let rest = self.heard.split_off(at + end.len());
                let heard = std::mem::replace(&mut self.heard, rest);
                return Ok(String::from_utf8_lossy(&heard).into_owned());
            }
            if self.stream.read_buf(&mut self.heard).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
    }
}
