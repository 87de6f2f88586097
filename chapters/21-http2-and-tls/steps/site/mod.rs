//! A site of which one page takes its time.

use std::time::Duration;

use gateway::{Error, Receive, ResponseBody, ResponseStart, Scope, Sender};
use tokio::time::sleep;

/// What Ada asks for.
pub const PAGES: [&str; 3] = ["/map", "/tide", "/crabs"];

// ANCHOR: site
pub async fn site(scope: Scope, _: Receive, send: Sender) -> Result<(), Error> {
    let Scope::Http(scope) = scope else { return Err(scope.unsupported().into()) };
    if scope.path() == "/map" {
        sleep(Duration::from_secs(3)).await; // somebody has to row out and look
    }
    send.send(ResponseStart::new(200).header("content-type", "text/plain")).await?;
    send.send(ResponseBody::last(format!("This is {}.\n", scope.path()))).await?;
    Ok(())
}
// ANCHOR_END: site
