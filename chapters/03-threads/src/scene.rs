//! What the scenes of this chapter have in common: a feed that stands still until it is told to go on, and clients.
//!
//! For examples and tests, which must come out the same each time without a clock.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use wsgi::Clock;

/// A clock on which every sleep lasts until somebody ends one.
///
/// The live feed sleeps between two readings, so a watcher on this clock watches for as long as the scene wants.
#[derive(Debug, Clone, Default)]
pub struct Gate {
    permits: Arc<(Mutex<u32>, Condvar)>,
}

impl Gate {
    /// Ends `sleeps` sleeps, those that have begun or the next.
    pub fn let_go(&self, sleeps: u32) {
        *self.permits.0.lock().unwrap_or_else(PoisonError::into_inner) += sleeps;
        self.permits.1.notify_all();
    }
}

impl Clock for Gate {
    fn now(&self) -> Duration {
        Duration::ZERO
    }

    fn sleep(&self, _time: Duration) {
        let (permits, changed) = &*self.permits;
        let permits = permits.lock().unwrap_or_else(PoisonError::into_inner);
        let mut permits = changed
            .wait_while(permits, |permits| *permits == 0)
            .unwrap_or_else(PoisonError::into_inner);
        *permits -= 1;
    }

    fn date(&self) -> SystemTime {
        UNIX_EPOCH
    }
}

/// The site on that clock, for several threads to share.
pub fn site(gate: &Gate) -> Arc<dyn wsgi::App> {
    Arc::new(wsgi::crab_app(Arc::new(gate.clone())))
}

/// Somebody with a browser.
#[derive(Debug)]
pub struct Client {
    stream: TcpStream,
}

impl Client {
    /// Connects, and asks for a page.
    ///
    /// # Errors
    ///
    /// What the connection says.
    pub fn asks(address: SocketAddr, path: &str) -> io::Result<Self> {
        let mut stream = TcpStream::connect(address)?;
        write!(
            stream,
            "GET {path} HTTP/1.1\r\nhost: crabsarecool.com\r\nconnection: close\r\n\r\n"
        )?;
        Ok(Self { stream })
    }

    /// Asks for two readings of the tide, and returns with the first.
    ///
    /// # Errors
    ///
    /// What the connection says.
    pub fn watches(address: SocketAddr) -> io::Result<(Self, String)> {
        let mut client = Self::asks(address, "/feed?readings=2")?;
        let text = client.hears_until("ing\n\r\n")?;
        let reading =
            text.lines().find(|line| line.ends_with("ing")).unwrap_or_default().to_owned();
        Ok((client, reading))
    }

    /// Listens, without waiting.
    ///
    /// # Errors
    ///
    /// What the connection says.
    pub fn hears(&mut self) -> io::Result<&'static str> {
        self.stream.set_nonblocking(true)?;
        let heard = match self.stream.peek(&mut [0]) {
            Ok(_) => "something",
            Err(error) if error.kind() == ErrorKind::WouldBlock => "nothing",
            Err(error) => return Err(error),
        };
        self.stream.set_nonblocking(false)?;
        Ok(heard)
    }

    /// Waits for the answer, and returns its first line.
    ///
    /// # Errors
    ///
    /// What the connection says.
    pub fn reads(&mut self) -> io::Result<String> {
        let mut answer = Vec::new();
        self.stream.read_to_end(&mut answer)?;
        let answer = String::from_utf8_lossy(&answer);
        Ok(answer.lines().next().unwrap_or("the end, and no answer").to_owned())
    }

    /// Reads until `ending` comes.
    ///
    /// # Errors
    ///
    /// What the connection says.
    pub fn hears_until(&mut self, ending: &str) -> io::Result<String> {
        let mut text = Vec::new();
        let mut byte = [0];
        while !text.ends_with(ending.as_bytes()) {
            self.stream.read_exact(&mut byte)?;
            text.extend(byte);
        }
        Ok(String::from_utf8_lossy(&text).into_owned())
    }
}
