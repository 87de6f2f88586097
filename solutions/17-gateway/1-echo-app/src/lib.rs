//! An application that sends back what it receives.

use gateway::{Error, Receive, ResponseBody, ResponseStart, Scope, Sender};

/// Sends back what it receives, part by part.
///
/// # Errors
///
/// If the call is not a request, and when the client leaves.
pub async fn echo(scope: Scope, mut receive: Receive, send: Sender) -> Result<(), Error> {
    // ANCHOR: start
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
    // ANCHOR_END: start

    // ANCHOR: body
    while let Some(part) = receive.part().await? {
        send.send(ResponseBody::part(part)).await?;
    }
    send.send(ResponseBody::last("")).await?;
    Ok(())
    // ANCHOR_END: body
}
