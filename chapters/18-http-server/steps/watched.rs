//! The end of what the client sends is seen beside hyper, without reading.
//!
//! ```text
//! cargo run -p http-server --example watched
//! ```

#[path = "beside/response.rs"]
mod response;
#[path = "../examples/visitor/mod.rs"]
mod visitor;
mod wire;

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Poll;

use gateway::{
    App, CallId, DynApp, Error, Receive, ResponseBody, ResponseStart, Scope, Sender, State,
    poll_call,
};
use http_server::{Tcp, Transport};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};

use response::Answer;
use visitor::{Visitor, leave_out_the_time, tell};
use wire::Wire;

// ANCHOR: serve
type Call = (CallId, Pin<Box<dyn Future<Output = Result<(), Error>> + Send>>);

async fn serve_connection(stream: Tcp, app: DynApp, state: State) {
    let mut left = pin!(stream.left(false));
    let wire = Arc::new(Wire::new(state));
    let new: Mutex<Vec<Call>> = Mutex::default();
    let service = service_fn(|request| {
        let (id, scope, receive, send) = wire.begin(request);
        let app = app.clone();
        let call = Box::pin(async move { app.call(scope, receive, send).await });
        new.lock().unwrap_or_else(PoisonError::into_inner).push((id, call));
        Answer { wire: Arc::clone(&wire) }
    });
    let mut hyper = pin!(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
    let (mut calls, mut closed) = (Vec::new(), false);
    poll_fn(|cx| {
        if !closed && (hyper.as_mut().poll(cx).is_ready() || left.as_mut().poll(cx).is_ready()) {
            closed = true;
            wire.slot.close(); // receive and send say so from now on
        }
        calls.append(&mut *new.lock().unwrap_or_else(PoisonError::into_inner));
        calls.retain_mut(|(id, call)| {
            let Poll::Ready(returned) = poll_call(call.as_mut(), cx) else { return true };
            wire.finish(*id, returned);
            false
        });
        if closed && calls.is_empty() { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
}
// ANCHOR_END: serve

/// The same as in the steps before.
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

// ANCHOR: main
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    // ANCHOR_END: main
    leave_out_the_time();
    // ANCHOR: main
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let at = listener.local_addr()?;
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve_connection(Tcp::new(stream, None), DynApp::new(room), State::new()));
        }
    });

    let mut ben = Visitor::new("Ben", TcpStream::connect(at).await?);
    ben.asks("GET", "/room?Ben").await?;
    ben.asks("GET", "/room?Ben").await?;
    ben.hears().await?;
    ben.hears_part().await?;
    ben.leaves();
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    tell("a second has passed");
    Ok(())
}
// ANCHOR_END: main
