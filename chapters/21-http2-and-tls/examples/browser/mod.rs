//! A client with one connection of HTTP/2: h2's, in a task.

use bytes::{Bytes, BytesMut};
use h2::client::{self, ResponseFuture, SendRequest};
use h2::ext::Protocol;
use h2::{Reason, RecvStream, SendStream};
use http::{HeaderValue, Request};
use tokio::io::{AsyncRead, AsyncWrite};

/// A connection. A clone is the same one.
#[derive(Clone)]
pub struct Browser {
    send: SendRequest<Bytes>,
}

impl Browser {
    pub async fn new<S>(stream: S) -> Result<Self, h2::Error>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let mut builder = client::Builder::new();
        builder.enable_push(false);
        let (send, connection) = builder.handshake(stream).await?;
        tokio::spawn(async move {
            // What goes wrong, each stream learns.
            let _ = connection.await;
        });
        Ok(Self { send })
    }

    /// Begins a request without a body.
    pub async fn asks(&self, path: &str) -> Result<ResponseFuture, h2::Error> {
        let request = request("GET", path)?;
        let (response, _) = self.send.clone().ready().await?.send_request(request, true)?;
        Ok(response)
    }

    /// Begins a request with a body.
    pub async fn posts(
        &self,
        path: &str,
    ) -> Result<(ResponseFuture, SendStream<Bytes>), h2::Error> {
        self.send.clone().ready().await?.send_request(request("POST", path)?, false)
    }

    // ANCHOR: opens
    /// Asks for a WebSocket (RFC 8441).
    pub async fn opens(
        &self,
        path: &str,
    ) -> Result<(ResponseFuture, SendStream<Bytes>), h2::Error> {
        let mut request = request("CONNECT", path)?;
        request.extensions_mut().insert(Protocol::from_static("websocket"));
        let version = HeaderValue::from_static("13");
        request.headers_mut().insert("sec-websocket-version", version);
        self.send.clone().ready().await?.send_request(request, false)
    }
    // ANCHOR_END: opens

    /// A page.
    pub async fn get(&self, path: &str) -> Result<String, h2::Error> {
        let mut body = self.asks(path).await?.await?.into_body();
        let mut page = BytesMut::new();
        while let Some(part) = hears(&mut body).await? {
            page.extend_from_slice(&part);
        }
        Ok(String::from_utf8_lossy(&page).into_owned())
    }
}

/// The next part of a body.
pub async fn hears(body: &mut RecvStream) -> Result<Option<Bytes>, h2::Error> {
    let Some(part) = body.data().await.transpose()? else { return Ok(None) };
    body.flow_control().release_capacity(part.len())?;
    Ok(Some(part))
}

fn request(method: &str, path: &str) -> Result<Request<()>, h2::Error> {
    Request::builder()
        .method(method)
        .uri(format!("http://crabsarecool.com{path}"))
        .body(())
        .map_err(|_| Reason::PROTOCOL_ERROR.into())
}
