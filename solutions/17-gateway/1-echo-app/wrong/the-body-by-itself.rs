//! 200 is understood.
//!
//! caught by: a_body_in_one_part_comes_back

use gateway::{Error, Receive, ResponseBody, ResponseStart, Scope, Sender};

/// Sends back what it receives, part by part.
///
/// # Errors
///
/// If the call is not a request, and when the client leaves.
pub async fn echo(scope: Scope, mut receive: Receive, send: Sender) -> Result<(), Error> {
    let Scope::Http(_) = scope else { return Err(scope.unsupported().into()) };
    while let Some(part) = receive.part().await? {
        send.send(ResponseBody::part(part)).await?;
    }
    send.send(ResponseBody::last("")).await?;
    Ok(())
}
