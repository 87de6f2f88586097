#![doc = include_str!("../README.md")]

use std::io;

use gateway::{App, Error, Receive, ResponseBody, ResponseStart, Scope, Sender};

/// Where uploads are kept.
pub trait Shelf: Send + Sync {
    /// A file on this shelf.
    type File: File;

    /// A new file. It is on the shelf when it is [kept](File::keep), and has never been there when it is dropped before.
    fn create(&self) -> Self::File;
}

/// A file that is being written.
pub trait File: Send {
    /// Writes all these bytes behind those before them. This may take time.
    ///
    /// # Errors
    ///
    /// If the shelf fails.
    fn write(&mut self, bytes: &[u8]) -> impl Future<Output = io::Result<()>> + Send;

    /// The file is complete. This may take time, too.
    ///
    /// # Errors
    ///
    /// If the shelf fails; then the file has never been there.
    fn keep(self) -> impl Future<Output = io::Result<()>> + Send;
}

/// An application that keeps what it is sent.
#[derive(Debug)]
pub struct Uploads<S> {
    /// Where it keeps it.
    pub shelf: S,
    /// The longest body, in bytes.
    pub limit: u64,
}

impl<S: Shelf> App for Uploads<S> {
    async fn call(&self, scope: Scope, mut receive: Receive, send: Sender) -> Result<(), Error> {
        todo!("write each part as it comes, and keep the file when it is whole")
    }
}
