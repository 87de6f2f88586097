//! The length of the response is that of what is sent first.
//!
//! caught by: a_body_in_parts_comes_back_whole

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
    let first = receive.part().await?;
    if let Some(part) = &first {
        start = start.header("content-length", part.len().to_string());
    }
    send.send(start).await?;
    if let Some(part) = first {
        send.send(ResponseBody::part(part)).await?;
    }
    while let Some(part) = receive.part().await? {
        send.send(ResponseBody::part(part)).await?;
    }
    send.send(ResponseBody::last("")).await?;
    Ok(())
}
