//! What the steps share: a request that is collected, a response that is sent whole, and a site with a sculptor.

use std::time::{Duration, Instant};

use bytes::Bytes;
use gateway::{App, Error, Receive, ResponseBody, ResponseStart, Scope, Sender, testing};
use h2::RecvStream;
use h2::server::SendResponse;
use http::{Request, Response};

// ANCHOR: answer
pub async fn answer(
    app: impl App,
    request: Request<RecvStream>,
    mut respond: SendResponse<Bytes>,
) -> Result<(), h2::Error> {
    let (head, _) = request.into_parts();
    let target = head.uri.path_and_query().map_or("/", |target| target.as_str());
    let answer = testing::ask(&app, testing::Request::new(head.method, target)).await;
    let mut response = Response::new(());
    *response.status_mut() = answer.status;
    *response.headers_mut() = answer.headers;
    let mut stream = respond.send_response(response, false)?;
    stream.send_data(answer.body, true)
}
// ANCHOR_END: answer

// ANCHOR: site
pub async fn site(scope: Scope, _: Receive, send: Sender) -> Result<(), Error> {
    let Scope::Http(scope) = scope else { return Err(scope.unsupported().into()) };
    if scope.path() == "/statue" {
        carve();
    }
    send.send(ResponseStart::new(200)).await?;
    send.send(ResponseBody::last(format!("This is {}.\n", scope.path()))).await?;
    Ok(())
}

/// Half a second's work.
fn carve() {
    let began = Instant::now();
    while began.elapsed() < Duration::from_millis(500) {}
}
// ANCHOR_END: site
