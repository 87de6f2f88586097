//! The layers around the application, from the outside in: who the client is, a bound on requests, figures, the log, headers, files.
//!
//! The compiler knows the type of each, and sees through all of them.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use futures_util::future::Either;
use gateway::{App, Error, Receive, Scope, SendEvent, Sender};
use http::{HeaderName, HeaderValue};

use crate::cli::Options;
use crate::files::Files;
use crate::log::Access;
use crate::metrics::{Metered, Metrics};
use crate::proxy::Proxied;

// ANCHOR: stack
/// `app`, in all that the options put around it. `enough` is called once, when the process has answered as many requests as it may.
pub fn around<A: App + 'static>(
    app: A,
    options: &Options,
    metrics: &Arc<Metrics>,
    enough: impl Fn() + Send + Sync + 'static,
) -> impl App + 'static {
    let (application, logging) = (&options.application, &options.logging);
    let bare = application.static_dir.is_empty()
        && application.header.is_empty()
        && !logging.access_log
        && logging.metrics.is_none()
        && options.processes.limit_max_requests.is_none();
    let app = if bare {
        Layered::Bare(app)
    } else {
        let app = Files::new(app, &application.static_dir);
        let app = Headers { app, headers: application.header.clone() };
        let app = Access::new(app, logging.access_log.then_some(logging.log_format));
        let app = Metered::new(app, logging.metrics.map(|_| Arc::clone(metrics)));
        Layered::Full(Counted::new(app, options, enough))
    };
    let proxies = &options.proxies;
    let by = (proxies.forwarded_allow_ips.clone(), proxies.forwarded_header);
    Proxied::new(app, proxies.proxy_headers.then_some(by))
}
// ANCHOR_END: stack

/// An application with the layers that remember something of a call, or with none of them.
enum Layered<A, L> {
    Bare(A),
    Full(L),
}

impl<A: App, L: App> App for Layered<A, L> {
    fn call(
        &self,
        scope: Scope,
        receive: Receive,
        send: Sender,
    ) -> impl Future<Output = Result<(), Error>> + Send {
        match self {
            Self::Bare(app) => Either::Left(app.call(scope, receive, send)),
            // In a box, so that a call without layers has no room for them: a WebSocket's may last for hours.
            Self::Full(app) => Either::Right(Box::pin(app.call(scope, receive, send))),
        }
    }
}

/// Adds headers to responses that have none of that name.
struct Headers<A> {
    app: A,
    headers: Vec<(HeaderName, HeaderValue)>,
}

impl<A: App> App for Headers<A> {
    async fn call(&self, scope: Scope, receive: Receive, send: Sender) -> Result<(), Error> {
        if self.headers.is_empty() {
            return self.app.call(scope, receive, send).await;
        }
        let headers = self.headers.clone();
        let send = send.map(move |mut event| {
            let own = match &mut event {
                SendEvent::HttpResponseStart(start) | SendEvent::WebSocketResponseStart(start) => {
                    &mut start.headers
                }
                SendEvent::WebSocketAccept(accept) => &mut accept.headers,
                _ => return event,
            };
            // Looked at before any is added: an option may be given twice for one name.
            let missing: Vec<_> =
                headers.iter().filter(|(name, _)| !own.contains_key(name)).collect();
            for (name, value) in missing {
                own.append(name, value.clone());
            }
            event
        });
        self.app.call(scope, receive, send).await
    }
}

/// Counts requests, up to a number.
struct Counted<A, F> {
    app: A,
    left: Option<AtomicU64>,
    enough: F,
}

impl<A: App, F: Fn() + Send + Sync> Counted<A, F> {
    fn new(app: A, options: &Options, enough: F) -> Self {
        let processes = &options.processes;
        let jitter = jitter(processes.limit_max_requests_jitter);
        let left = processes.limit_max_requests.map(|most| most.saturating_add(jitter));
        Self { app, left: left.map(AtomicU64::new), enough }
    }
}

impl<A: App, F: Fn() + Send + Sync> App for Counted<A, F> {
    async fn call(&self, scope: Scope, receive: Receive, send: Sender) -> Result<(), Error> {
        let counts = matches!(scope, Scope::Http(_) | Scope::WebSocket(_));
        let returned = self.app.call(scope, receive, send).await;
        if let Some(left) = self.left.as_ref().filter(|_| counts) {
            // Those beyond the last one are answered as well, and say nothing.
            if left.fetch_update(Relaxed, Relaxed, |left| left.checked_sub(1)) == Ok(1) {
                (self.enough)();
            }
        }
        returned
    }
}

/// Up to so much, by chance. The seed of a hash map is the operating system's, and a crate for one number would be much.
fn jitter(most: u64) -> u64 {
    use std::hash::{BuildHasher, RandomState};
    RandomState::new().hash_one(std::process::id()) % most.saturating_add(1)
}
