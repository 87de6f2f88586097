#![doc = include_str!("../README.md")]

use gateway::{Error, Receive, ResponseBody, ResponseStart, Scope, Sender};

/// Sends back what it receives, part by part.
///
/// # Errors
///
/// If the call is not a request; and, if you like, when the client leaves.
pub async fn echo(scope: Scope, mut receive: Receive, send: Sender) -> Result<(), Error> {
    todo!("start the response, and send each part as it comes")
}
