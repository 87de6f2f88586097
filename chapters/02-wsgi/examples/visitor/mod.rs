//! A visitor who tells what it says and hears, for the chapter's examples and steps.
#![allow(
    dead_code,
    clippy::allow_attributes,
    reason = "each example uses a part of it, and none uses all"
)]

use std::io::{self, BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::Instant;

/// A visitor of a server.
pub struct Visitor {
    name: &'static str,
    connection: BufReader<TcpStream>,
    asked: Instant,
}

impl Visitor {
    /// Connects.
    pub fn connect(name: &'static str, server: SocketAddr) -> io::Result<Self> {
        let connection = BufReader::new(TcpStream::connect(server)?);
        Ok(Self { name, connection, asked: Instant::now() })
    }

    /// Connects, and tells it.
    pub fn connects(name: &'static str, server: SocketAddr) -> io::Result<Self> {
        let visitor = Self::connect(name, server)?;
        visitor.tell("connects");
        Ok(visitor)
    }

    fn tell(&self, what: &str) {
        println!("{:>7}: {what}", self.name);
    }

    /// Sends these bytes.
    pub fn says(&mut self, bytes: &str) -> io::Result<()> {
        self.tell(&format!("says  {}", bytes.escape_debug()));
        self.connection.get_mut().write_all(bytes.as_bytes())
    }

    /// Asks for a page.
    pub fn asks_for(&mut self, path: &str) -> io::Result<()> {
        self.tell(&format!("asks for {path}"));
        self.asked = Instant::now();
        write!(self.connection.get_mut(), "GET {path} HTTP/1.1\r\nHost: crabsarecool.com\r\n\r\n")
    }

    /// Waits for a response's head, and tells its status.
    pub fn hears_status(&mut self) -> io::Result<()> {
        let head = self.head()?;
        let status = head.lines().next().unwrap_or("nothing: the server has hung up");
        self.tell(&format!("hears {status}"));
        Ok(())
    }

    /// Waits for a whole response with a `Content-Length`, and tells its status.
    pub fn hears_page(&mut self) -> io::Result<()> {
        let status = self.page()?;
        self.tell(&format!("hears {status}"));
        Ok(())
    }

    /// Waits for a whole response with a `Content-Length`, and tells its status and how long it took.
    pub fn hears_page_at_last(&mut self) -> io::Result<()> {
        let status = self.page()?;
        let waited = self.asked.elapsed().as_secs_f64();
        self.tell(&format!("hears {status}, after {waited:.1} s"));
        Ok(())
    }

    fn page(&mut self) -> io::Result<String> {
        let head = self.head()?;
        let lower = head.to_ascii_lowercase();
        let length = lower.lines().find_map(|line| line.strip_prefix("content-length:"));
        let length = length.and_then(|length| length.trim().parse().ok()).unwrap_or(0);
        io::copy(&mut self.connection.by_ref().take(length), &mut io::sink())?;
        Ok(head.lines().next().unwrap_or("nothing: the server has hung up").to_owned())
    }

    fn head(&mut self) -> io::Result<String> {
        let mut head = String::new();
        while self.connection.read_line(&mut head)? > 0 && !head.ends_with("\r\n\r\n") {}
        Ok(head)
    }

    /// Waits for one chunk of a response's body, and tells it.
    pub fn hears_part(&mut self) -> io::Result<()> {
        let mut size = String::new();
        self.connection.read_line(&mut size)?;
        let size = u64::from_str_radix(size.trim_end(), 16).map_err(io::Error::other)?;
        let mut part = String::new();
        self.connection.by_ref().take(size).read_to_string(&mut part)?;
        self.connection.read_line(&mut String::new())?;
        self.tell(&format!("hears {}", part.trim_end()));
        Ok(())
    }

    /// Looks whether anything has come, and does not wait if nothing has.
    pub fn listens_without_waiting(&mut self) -> io::Result<bool> {
        self.connection.get_ref().set_nonblocking(true)?;
        let heard = match self.connection.fill_buf() {
            Ok(_) => true,
            Err(error) if error.kind() == ErrorKind::WouldBlock => false,
            Err(error) => return Err(error),
        };
        self.connection.get_ref().set_nonblocking(false)?;
        Ok(heard)
    }

    /// Looks whether anything has come, and tells if nothing has.
    pub fn hears_nothing(&mut self) -> io::Result<()> {
        if !self.listens_without_waiting()? {
            self.tell("hears nothing");
        }
        Ok(())
    }

    /// Says that it will say no more; it goes on listening.
    pub fn falls_silent(&mut self) -> io::Result<()> {
        self.tell("has nothing more to say");
        self.connection.get_ref().shutdown(Shutdown::Write)
    }

    /// Tells that it says nothing for a while.
    pub fn idles(&self) {
        self.tell("reads the page");
    }

    /// Hangs up.
    pub fn leaves(self) {
        self.tell("leaves");
    }
}
