//! What is sent back must be text, as it is a `content-type` that says so.
//!
//! caught by: a_body_need_not_be_text

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

    while let Some(part) = receive.part().await? {
        send.send(ResponseBody::part(String::from_utf8_lossy(&part).into_owned())).await?;
    }
    send.send(ResponseBody::last("")).await?;
    Ok(())
}
