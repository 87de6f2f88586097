//! Reading must not wait for writing.
//!
//! caught by: one_that_does_not_read_is_not_read_either

use tokio::sync::mpsc;

use gateway::{Error, Receive, ResponseBody, ResponseStart, Scope, Sender};

/// Sends back what it receives, part by part.
///
/// # Errors
///
/// If the call is not a request, and when the client leaves.
pub async fn echo(scope: Scope, mut receive: Receive, send: Sender) -> Result<(), Error> {
    let Scope::Http(request) = scope else { return Err(scope.unsupported().into()) };
    let mut start = ResponseStart::new(200);
    start = match request.headers.get("content-type") {
        Some(value) => start.header("content-type", value.clone()),
        None => start.header("content-type", "application/octet-stream"),
    };
    if let Some(length) = request.headers.get("content-length") {
        start = start.header("content-length", length.clone());
    }
    send.send(start).await?;
    let (parts, mut to_send) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Ok(Some(part)) = receive.part().await {
            if parts.send(Some(part)).is_err() {
                return;
            }
        }
        let _ = parts.send(None);
    });
    while let Some(part) = to_send.recv().await {
        match part {
            Some(part) => send.send(ResponseBody::part(part)).await?,
            None => send.send(ResponseBody::last("")).await?,
        }
    }
    Ok(())
}
