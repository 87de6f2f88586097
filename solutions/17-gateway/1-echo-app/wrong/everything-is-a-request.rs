//! Whatever it is called for, an application answers.
//!
//! caught by: other_calls_are_declined

use gateway::{Error, Receive, ResponseBody, ResponseStart, Scope, Sender};

/// Sends back what it receives, part by part.
///
/// # Errors
///
/// If the call is not a request, and when the client leaves.
pub async fn echo(scope: Scope, mut receive: Receive, send: Sender) -> Result<(), Error> {
    let headers = match &scope {
        Scope::Http(request) => request.headers.clone(),
        Scope::WebSocket(request) => request.headers.clone(),
        Scope::Lifespan(_) => return Ok(()),
    };
    let mut start = ResponseStart::new(200);
    start = match headers.get("content-type") {
        Some(value) => start.header("content-type", value.clone()),
        None => start.header("content-type", "application/octet-stream"),
    };
    if let Some(length) = headers.get("content-length") {
        start = start.header("content-length", length.clone());
    }
    send.send(start).await?;
    while let Some(part) = receive.part().await? {
        send.send(ResponseBody::part(part)).await?;
    }
    send.send(ResponseBody::last("")).await?;
    Ok(())
}
