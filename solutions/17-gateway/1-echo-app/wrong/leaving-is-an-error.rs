//! A request that was not sent whole has failed, and somebody should know.
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
    loop {
        match receive.next().await {
            ReceiveEvent::HttpRequest(part) => {
                send.send(ResponseBody { body: part.body, more_body: part.more_body }).await?;
                if !part.more_body {
                    return Ok(());
                }
            }
            _ => return Err("the client left before it had sent everything".into()),
        }
    }
}
