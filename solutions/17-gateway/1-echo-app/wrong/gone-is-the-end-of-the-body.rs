//! When no part comes any more, the body is at its end.
//!
//! caught by: half_a_body_has_no_end

use gateway::{Error, Receive, ReceiveEvent, ResponseBody, ResponseStart, Scope, Sender};

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
    while let ReceiveEvent::HttpRequest(part) = receive.next().await {
        send.send(ResponseBody::part(part.body)).await?;
        if !part.more_body {
            break;
        }
    }
    send.send(ResponseBody::last("")).await?;
    Ok(())
}
