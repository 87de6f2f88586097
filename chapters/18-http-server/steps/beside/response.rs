//! What hyper polls for a response: the service's future, and the response's body. Neither has the application in it.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use gateway::{Error, Head, ResponseStart, SendEvent};
use http::{Response, StatusCode};
use hyper::body::{Body, Frame};

use crate::wire::Wire;

// ANCHOR: answer
/// The service's future.
pub struct Answer {
    pub wire: Arc<Wire>,
}

impl Future for Answer {
    type Output = Result<Response<Parts>, Infallible>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let wire = &self.wire;
        let (start, first) = match wire.slot.poll_head(cx) {
            Poll::Ready(Head::Response(start, first)) => (start, Some(first)),
            // The application has returned, and the slot is empty: there will be no response.
            Poll::Pending if wire.is_ended() => {
                (ResponseStart::new(StatusCode::INTERNAL_SERVER_ERROR), None)
            }
            _ => return Poll::Pending,
        };
        let mut response =
            Response::new(Parts { wire: Arc::clone(wire), last: first.is_none(), first });
        *response.status_mut() = start.status;
        *response.headers_mut() = start.headers;
        Poll::Ready(Ok(response))
    }
}
// ANCHOR_END: answer

/// The response's body.
pub struct Parts {
    wire: Arc<Wire>,
    first: Option<SendEvent>,
    last: bool,
}

impl Body for Parts {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        if self.last {
            self.wire.release();
            return Poll::Ready(None);
        }
        let event = match self.first.take() {
            Some(first) => Poll::Ready(first),
            None => self.wire.slot.poll_event(cx),
        };
        match event {
            Poll::Ready(SendEvent::HttpResponseBody(part)) => {
                self.last = !part.more_body;
                Poll::Ready(Some(Ok(Frame::data(part.body))))
            }
            Poll::Pending if !self.wire.is_ended() => Poll::Pending,
            _ => Poll::Ready(Some(Err("the application failed".into()))),
        }
    }
}
