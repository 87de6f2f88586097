#![doc = include_str!("../README.md")]

use gateway::{RequestHead, ResponseBody, ResponseStart};

/// Why an event cannot go out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// The status is one of an interim response, and the response itself is still to come.
    Interim,
    /// The `content-length` is not one number, or has no place here.
    BadLength,
    /// With this part, the body is longer than its `content-length`.
    TooLong,
    /// With this last part, the body is shorter than its `content-length`.
    TooShort,
}

/// What becomes of the connection after a response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Afterwards {
    /// The next request may come.
    KeepAlive,
    /// It is closed.
    Close,
}

/// A response on its way.
#[derive(Debug)]
pub struct Encoder {
    // Yours to fill.
}

impl Encoder {
    /// Writes the head, and the first part of the body.
    ///
    /// # Errors
    ///
    /// If one of them cannot go out. Then nothing was written.
    pub fn begin(
        request: &RequestHead,
        start: &ResponseStart,
        first: &ResponseBody,
        out: &mut Vec<u8>,
    ) -> Result<Self, Refused> {
        todo!("decide how the client finds the end, and write the head")
    }

    /// Writes another part of the body.
    ///
    /// # Errors
    ///
    /// If it cannot go out. Then nothing was written, and nothing has changed.
    pub fn part(&mut self, part: &ResponseBody, out: &mut Vec<u8>) -> Result<(), Refused> {
        todo!("write it as the head has promised")
    }

    /// The application has returned, and no part will follow.
    pub fn finish(&self) -> Afterwards {
        todo!("say what becomes of the connection")
    }
}
