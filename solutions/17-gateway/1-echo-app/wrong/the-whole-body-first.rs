//! To answer a request one must have read it.
//!
//! caught by: each_part_is_answered_before_the_next_comes

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
    let body = receive.body(usize::MAX).await?;
    send.send(ResponseBody::last(body)).await?;
    Ok(())
}
