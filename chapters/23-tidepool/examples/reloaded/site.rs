//! The site that is edited: it says how the tide is.

use gateway::{Error, Receive, ResponseBody, ResponseStart, Scope, Sender};

fn main() {
    tidepool::main(tide)
}

async fn tide(scope: Scope, _receive: Receive, send: Sender) -> Result<(), Error> {
    let Scope::Http(_) = scope else { return Err(scope.unsupported().into()) };
    send.send(ResponseStart::new(200)).await?;
    Ok(send.send(ResponseBody::last("low tide")).await?)
}
