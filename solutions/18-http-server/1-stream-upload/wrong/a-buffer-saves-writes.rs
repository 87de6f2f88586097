//! A buffer saves writes, and what is in it at the end is written by itself.
//!
//! caught by: a_body_is_kept_however_it_comes

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
        let Scope::Http(request) = scope else { return Err(scope.unsupported().into()) };
        let length = request.headers.get("content-length").and_then(|value| value.to_str().ok());
        let length = length.and_then(|value| value.parse::<u64>().ok());
        if length.is_some_and(|length| length > self.limit) {
            return self.refuse(&send).await;
        }
        let mut file = self.shelf.create();
        let mut written = 0;
        let mut buffer = Vec::new();
        while let Some(part) = receive.part().await? {
            written += part.len() as u64;
            if written > self.limit {
                return self.refuse(&send).await;
            }
            buffer.extend_from_slice(&part);
            if buffer.len() >= 128 * 1024 {
                file.write(&buffer).await?;
                buffer.clear();
            }
        }
        file.keep().await?;
        answer(&send, 201, format!("{written} bytes\n")).await
    }
}

impl<S> Uploads<S> {
    async fn refuse(&self, send: &Sender) -> Result<(), Error> {
        answer(send, 413, format!("more than {} bytes\n", self.limit)).await
    }
}

async fn answer(send: &Sender, status: u16, text: String) -> Result<(), Error> {
    send.send(ResponseStart::new(status).header("content-type", "text/plain")).await?;
    send.send(ResponseBody::last(text)).await?;
    Ok(())
}
