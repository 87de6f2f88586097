//! Both bodies are streamed: the application is polled by hyper, as the service's future and then as the response's body.
//!
//! ```text
//! cargo run -p http-server --example streamed
//! ```

#[path = "../examples/visitor/mod.rs"]
mod visitor;
mod wire;

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use gateway::{
    App, CallId, DynApp, Error, Head, Receive, ResponseBody, ResponseStart, Scope, SendEvent,
    Sender, State, crab_app, poll_call, testing,
};
use http::Response;
use hyper::body::{Body, Frame};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::DuplexStream;
use visitor::{Visitor, tell};
use wire::Wire;

// ANCHOR: call
/// A call of the application, and where it meets the server.
struct Call {
    wire: Arc<Wire>,
    id: CallId,
    app: Option<BoxedCall>,
}

type BoxedCall = Pin<Box<dyn Future<Output = Result<(), Error>> + Send>>;

impl Call {
    /// Lets the application go on as far as it can.
    fn turn(&mut self, cx: &mut Context<'_>) {
        if let Some(app) = &mut self.app
            && let Poll::Ready(returned) = poll_call(app.as_mut(), cx)
        {
            self.app = None;
            self.wire.finish(self.id, returned);
        }
    }
}
// ANCHOR_END: call

// ANCHOR: answer
/// The service's future.
struct Answer(Option<Call>);

impl Future for Answer {
    type Output = Result<Response<Parts>, Infallible>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Some(mut call) = self.0.take() else { return Poll::Pending };
        call.turn(cx);
        if let Poll::Ready(Head::Response(start, first)) = call.wire.slot.poll_head(cx) {
            let mut response = Response::new(Parts { first: Some(first), last: false, call });
            *response.status_mut() = start.status;
            *response.headers_mut() = start.headers;
            return Poll::Ready(Ok(response));
        }
        self.0 = Some(call);
        Poll::Pending
    }
}

/// The response's body.
struct Parts {
    first: Option<SendEvent>,
    last: bool,
    call: Call,
}

impl Body for Parts {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        if self.last {
            self.call.wire.release();
            return Poll::Ready(None);
        }
        self.call.turn(cx);
        let event = match self.first.take() {
            Some(first) => Poll::Ready(first),
            None => self.call.wire.slot.poll_event(cx),
        };
        match event {
            Poll::Ready(SendEvent::HttpResponseBody(part)) => {
                self.last = !part.more_body;
                Poll::Ready(Some(Ok(Frame::data(part.body))))
            }
            Poll::Pending if !self.call.wire.is_ended() => Poll::Pending,
            _ => Poll::Ready(Some(Err("the application failed".into()))),
        }
    }
}
// ANCHOR_END: answer

// ANCHOR: serve
async fn serve_connection(stream: DuplexStream, app: DynApp, state: State) -> hyper::Result<()> {
    let wire = Arc::new(Wire::new(state));
    let service = service_fn(|request| {
        let (id, scope, receive, send) = wire.begin(request);
        let app = app.clone();
        let app: BoxedCall = Box::pin(async move { app.call(scope, receive, send).await });
        Answer(Some(Call { wire: Arc::clone(&wire), id, app: Some(app) }))
    });
    http1::Builder::new().serve_connection(TokioIo::new(stream), service).await
}
// ANCHOR_END: serve

// ANCHOR: room
/// A room that one comes into, and leaves by leaving the site.
async fn room(scope: Scope, mut receive: Receive, send: Sender) -> Result<(), Error> {
    let Scope::Http(scope) = scope else { return Err(scope.unsupported().into()) };
    let name = String::from_utf8_lossy(scope.query_string()).into_owned();
    tell(format!("the room: {name} has come in"));
    send.send(ResponseStart::new(200)).await?;
    send.send(ResponseBody::part(format!("Hello, {name}!"))).await?;
    while receive.part().await?.is_some() {}
    receive.next().await; // the visitor has left
    tell(format!("the room: {name} has left"));
    Ok(())
}
// ANCHOR_END: room

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() -> Result<(), Error> {
    let state = testing::lifespan(&crab_app).startup().await?;
    let (site, room) = (DynApp::new(crab_app), DynApp::new(room));
    let connect = |app: &DynApp, name| {
        let (ours, theirs) = visitor::wire();
        tokio::spawn(serve_connection(theirs, app.clone(), state.clone()));
        Visitor::new(name, ours)
    };

    // ANCHOR: main
    let mut eve = connect(&site, "Eve");
    eve.fills_in("/guests", 8_000_000).await?;

    let mut ben = connect(&site, "Ben");
    ben.asks("GET", "/feed").await?;
    ben.hears().await?;
    ben.hears_part().await?;
    ben.hears_part().await?;

    let mut ada = connect(&room, "Ada");
    ada.asks("GET", "/room?Ada").await?;
    ada.hears().await?;
    ada.hears_part().await?;
    ada.leaves();
    tokio::time::sleep(std::time::Duration::from_hours(1)).await;
    tell("an hour has passed");
    // ANCHOR_END: main
    Ok(())
}
