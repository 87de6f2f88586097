//! The conformance application of chapter 18, and its routes for WebSockets.

#[path = "../../../18-http-server/examples/conformance/app.rs"]
mod requests;

use std::sync::atomic::Ordering::Relaxed;

use bytes::Bytes;
use gateway::{
    Accept, App, Close, Error, Message, Receive, ReceiveEvent, ResponseBody, ResponseStart, Scope,
    SendEvent, Sender,
};
pub use requests::Conformance as Requests;

/// The application.
#[derive(Default)]
pub struct Conformance {
    /// What answers requests, counts parts and messages of floods, and reports.
    pub requests: Requests,
}

impl App for Conformance {
    async fn call(&self, scope: Scope, receive: Receive, send: Sender) -> Result<(), Error> {
        let Scope::WebSocket(socket) = &scope else {
            return self.requests.call(scope, receive, send).await;
        };
        match &*socket.path() {
            "/ws" => echo(receive, &send).await,
            "/wsdeny" => Ok(send.send(Close::default()).await?),
            "/wsdenial" => {
                let start =
                    ResponseStart::new(401).header("content-type", "text/plain; charset=utf-8");
                send.send(SendEvent::WebSocketResponseStart(start)).await?;
                let body = ResponseBody::last("show your shell");
                Ok(send.send(SendEvent::WebSocketResponseBody(body)).await?)
            }
            "/wsflood" => self.flood(&send).await,
            "/wsidle" => self.idle(receive, &send).await,
            _ => {
                send.send(SendEvent::WebSocketResponseStart(ResponseStart::new(404))).await?;
                Ok(send
                    .send(SendEvent::WebSocketResponseBody(ResponseBody::last("not found")))
                    .await?)
            }
        }
    }
}

// ANCHOR: echo
async fn echo(mut receive: Receive, send: &Sender) -> Result<(), Error> {
    send.send(Accept::new()).await?;
    loop {
        match receive.next().await {
            ReceiveEvent::WebSocketReceive(message) => send.send(message).await?,
            ReceiveEvent::WebSocketDisconnect(_) => return Ok(()),
            _ => {}
        }
    }
}
// ANCHOR_END: echo

impl Conformance {
    async fn flood(&self, send: &Sender) -> Result<(), Error> {
        self.requests.flooded.store(0, Relaxed);
        let message = Bytes::from(vec![b'x'; 1_000_000]);
        send.send(Accept::new()).await?;
        for _ in 0..300 {
            send.send(Message::from(message.clone())).await?;
            self.requests.flooded.fetch_add(1, Relaxed);
        }
        Ok(())
    }

    /// One message, then the wait for the disconnect, then one more: both are reported.
    async fn idle(&self, mut receive: Receive, send: &Sender) -> Result<(), Error> {
        let reports = &self.requests.reports;
        send.send(Accept::new()).await?;
        send.send(Message::from("one message")).await?;
        loop {
            if let ReceiveEvent::WebSocketDisconnect(Close { code, .. }) = receive.next().await {
                reports.report(&format!("/wsidle: receive said websocket.disconnect {code}"));
                break;
            }
        }
        let result = send.send(Message::from("and another")).await;
        match &result {
            Ok(()) => reports.report("/wsidle: send took it"),
            Err(error) => reports.report(&format!("/wsidle: send said {error}")),
        }
        Ok(result?)
    }
}
