//! From a request that asks for a WebSocket to the WebSocket: the handshake, and the application's say in it.

use std::fmt;
use std::mem;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use gateway::rules::WebSocketRules;
use gateway::{
    Accept, CallId, Close, Error, Exchange, Extension, Extensions, Failure, HttpScope, Receive,
    ResponseBody, ResponseStart, Rules, Scope, Sender, Shutdown, WebSocketScope,
};
use http::header::{
    ALLOW, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_EXTENSIONS, SEC_WEBSOCKET_PROTOCOL,
    SEC_WEBSOCKET_VERSION, UPGRADE,
};
use http::{HeaderMap, HeaderValue, StatusCode};
use http_server::upgrade::{Answered, Asked, Boxed, Refused, Upgrade, Upgraded, Upgrading};
use tokio::time::{Instant, Sleep, sleep};

use crate::Role;
use crate::close::codes;
use crate::config::Config;
use crate::connection::drive;
use crate::decoder::Decoder;
use crate::deflate::{Agreed, Pool, agree};
use crate::encoder::Encoder;
use crate::handshake::{Refusal, check, check_extended, is_asked_for};
use crate::session::Session;
use crate::wire::{Answer, Wire};

/// Serves WebSockets, as [`http_server::Config::upgrade`].
///
/// ```no_run
/// use gateway::{Accept, Error, Receive, ReceiveEvent, Scope, Sender};
///
/// async fn echo(scope: Scope, mut receive: Receive, send: Sender) -> Result<(), Error> {
///     let Scope::WebSocket(_) = scope else { return Err(scope.unsupported().into()) };
///     send.send(Accept::new()).await?;
///     loop {
///         match receive.next().await {
///             ReceiveEvent::WebSocketReceive(message) => send.send(message).await?,
///             ReceiveEvent::WebSocketDisconnect(_) => return Ok(()),
///             _ => {}
///         }
///     }
/// }
///
/// #[tokio::main]
/// async fn main() -> std::io::Result<()> {
///     let listener = tokio::net::TcpListener::bind("127.0.0.1:8000").await?;
///     let config = http_server::Config {
///         upgrade: Some(websockets::WebSockets::new(websockets::Config::default())),
///         ..http_server::Config::default()
///     };
///     http_server::serve(listener, echo, config).await
/// }
/// ```
pub struct WebSockets {
    config: Arc<Config>,
    pool: Option<Pool>,
}

impl WebSockets {
    /// For one server, or several, which then share compressors that are not in use.
    #[expect(
        clippy::new_ret_no_self,
        reason = "there is nothing to be done with it but to hand it on"
    )]
    pub fn new(config: Config) -> Arc<dyn Upgrade> {
        let pool = config.compression.map(Pool::new);
        Arc::new(Self { config: Arc::new(config), pool })
    }
}

impl fmt::Debug for WebSockets {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("WebSockets").field("config", &self.config).finish_non_exhaustive()
    }
}

// ANCHOR: asked
impl Upgrade for WebSockets {
    fn asked(&self, asked: &Asked<'_>) -> Option<Result<Box<dyn Upgrading>, Refused>> {
        let head = asked.head;
        let handshake = match asked.protocol {
            Some(protocol) if protocol.eq_ignore_ascii_case("websocket") => {
                check_extended(&head.headers).map(|subprotocols| (None, subprotocols))
            }
            None if is_asked_for(&head.headers) => check(&head.method, head.version, &head.headers)
                .map(|found| (Some(found.accept), found.subprotocols)),
            _ => return None,
        };
        let (key, subprotocols) = match handshake {
            Ok(found) => found,
            Err(refusal) => return Some(Err(refused(refusal))),
        };
        let agreed = self
            .pool
            .as_ref()
            .and_then(|pool| Some((pool.clone(), agree(&head.headers, pool.settings())?)));
        Some(Ok(Box::new(Opening {
            key,
            subprotocols: subprotocols.clone(),
            agreed,
            wire: Arc::new(Wire::new(
                Rules::WebSocket(WebSocketRules::new(OFFERED)),
                subprotocols,
                Arc::clone(&self.config),
            )),
            config: Arc::clone(&self.config),
            shutdown: None,
            patience: Box::pin(sleep(self.config.handshake)),
        })))
    }
}
// ANCHOR_END: asked

/// What an application may use beyond the core.
const OFFERED: Extensions = Extensions::NONE.with(Extension::WebSocketResponse);

fn refused(refusal: Refusal) -> Refused {
    let mut headers = HeaderMap::new();
    match refusal {
        Refusal::Version => {
            headers.insert(SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
        }
        Refusal::Method => {
            headers.insert(ALLOW, HeaderValue::from_static("GET"));
        }
        _ => {}
    }
    Refused { status: refusal.status(), headers, why: refusal.to_string() }
}

/// A handshake that the application has not answered yet.
struct Opening {
    /// What `sec-websocket-accept` has to say, in HTTP/1.1.
    key: Option<HeaderValue>,
    subprotocols: Vec<String>,
    agreed: Option<(Pool, Agreed)>,
    wire: Arc<Wire>,
    config: Arc<Config>,
    shutdown: Option<Shutdown>,
    patience: Pin<Box<Sleep>>,
}

impl Opening {
    /// The fields of the response that opens it.
    fn headers(&self, accept: Accept) -> HeaderMap {
        let Accept { subprotocol, mut headers } = accept;
        if let Some(key) = &self.key {
            headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
            headers.insert(SEC_WEBSOCKET_ACCEPT, key.clone());
        }
        if let Some(subprotocol) = subprotocol {
            headers.insert(SEC_WEBSOCKET_PROTOCOL, subprotocol);
        }
        if let Some((_, agreed)) = &self.agreed
            && let Ok(agreed) = HeaderValue::from_str(&agreed.to_string())
        {
            headers.insert(SEC_WEBSOCKET_EXTENSIONS, agreed);
        }
        headers
    }
}

// ANCHOR: opening
impl Upgrading for Opening {
    fn call(&mut self, http: HttpScope) -> (Scope, Receive, Sender) {
        self.shutdown = Some(http.connection.shutdown.clone());
        let scope = WebSocketScope {
            head: http.head,
            subprotocols: mem::take(&mut self.subprotocols),
            state: http.state,
            extensions: OFFERED,
            connection: http.connection,
        };
        let exchange: Arc<dyn Exchange> = Arc::clone(&self.wire) as _;
        let receive = Receive::new(Arc::clone(&exchange), CallId::default());
        (scope.into(), receive, Sender::new(exchange, CallId::default()))
    }

    fn poll_answer(&mut self, cx: &mut Context<'_>) -> Poll<Answered> {
        if let Poll::Ready(answer) = self.wire.poll_answer(cx) {
            return Poll::Ready(match answer {
                Some((Answer::Accept(accept), _)) => Answered::Switch(self.headers(accept)),
                Some((Answer::Close, _)) => Answered::Response(
                    ResponseStart::new(StatusCode::FORBIDDEN),
                    ResponseBody::default(),
                ),
                Some((Answer::Denial(start), part)) => {
                    Answered::Response(start, part.unwrap_or_default())
                }
                None => Answered::Failed,
            });
        }
        if self.patience.as_mut().poll(cx).is_pending() {
            return Poll::Pending;
        }
        self.gone();
        Poll::Ready(Answered::Response(
            ResponseStart::new(StatusCode::SERVICE_UNAVAILABLE),
            ResponseBody::last("the handshake has taken too long\n"),
        ))
    }

    fn poll_part(&mut self, cx: &mut Context<'_>) -> Poll<Option<ResponseBody>> {
        self.wire.poll_part(cx)
    }

    fn finish(&mut self, returned: Result<(), Error>) -> Result<(), Failure> {
        self.wire.finish(returned)
    }

    fn gone(&mut self) {
        self.wire.end(Close::new(codes::LOST));
    }

    fn serve(self: Box<Self>, upgraded: Upgraded) -> Boxed<()> {
        let Self { agreed, wire, config, shutdown, .. } = *self;
        let (limits, patience) = (config.limits, config.patience);
        let session = {
            let (inflate, deflate) = match agreed {
                Some((pool, agreed)) => {
                    let (inflate, deflate) = pool.server(&agreed);
                    (Some(inflate), Some(deflate))
                }
                None => (None, None),
            };
            let decoder = Decoder::new(Role::Server, limits).with_inflate(inflate);
            let encoder = Encoder::new(Role::Server).with_deflate(deflate);
            Session::new(decoder, encoder, patience, Instant::now().into_std())
        };
        drive(upgraded, session, wire, config, shutdown.unwrap_or_default())
    }
}
// ANCHOR_END: opening
