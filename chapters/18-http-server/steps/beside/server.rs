//! The server of the third step: the applications' futures lie beside hyper's connection, in its task.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Poll;

use gateway::{App, CallId, DynApp, Error, State, poll_call};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};

use crate::response::Answer;
use crate::wire::Wire;

// ANCHOR: serve
type Call = (CallId, Pin<Box<dyn Future<Output = Result<(), Error>> + Send>>);

pub async fn serve_connection(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    app: DynApp,
    state: State,
) {
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
        if !closed && hyper.as_mut().poll(cx).is_ready() {
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
