//! A WSGI application as one of hyper's services.
//!
//! The application is called when the request's body is whole, and what it sleeps on its [`Pace`](event_loop::Pace)
//! is slept here, by the timer that hyper's own time-outs use. So this part knows no runtime: it runs on Ebb and on Tokio.
//!
//! It leaves out the reason phrase, which hyper chooses; the time that a client may take to read the response;
//! and PEP 3333's rule that a part is sent before the next one is asked for: hyper asks as long as it has room for more.

use std::error::Error as _;
use std::io::Cursor;
use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use ::hyper::body::{Body as _, Bytes, Frame, Incoming, SizeHint};
use ::hyper::rt::{Sleep, Timer};
use ::hyper::{Request, Response, Version};
use event_loop::Service;
use wsgi::protocol::{Framing, Head, Refusal, check_start};
use wsgi::{Body, Circumstances, Environ, Error, Headers, Start, StartError, StartResponse};

/// A site, as one connection sees it.
pub struct Site {
    service: Rc<Service>,
    server: SocketAddr,
    client: SocketAddr,
    timer: Arc<dyn Timer + Send + Sync>,
}

impl Site {
    /// Answers a client's requests by `service`, and sleeps by `timer`.
    pub fn new(
        service: Rc<Service>,
        server: SocketAddr,
        client: SocketAddr,
        timer: impl Timer + Send + Sync + 'static,
    ) -> Self {
        Self { service, server, client, timer: Arc::new(timer) }
    }
}

// ANCHOR: service
impl ::hyper::service::Service<Request<Incoming>> for Site {
    type Response = Response<Parts>;
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Error>>>>;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        let call = Call { service: Rc::clone(&self.service), timer: Arc::clone(&self.timer) };
        let circumstances = Circumstances {
            server: self.server,
            client: self.client,
            multithread: false,
            multiprocess: call.service.config().multiprocess,
        };
        Box::pin(async move { call.answer(request, circumstances).await })
    }
}
// ANCHOR_END: service

/// What it takes to answer one request.
struct Call {
    service: Rc<Service>,
    timer: Arc<dyn Timer + Send + Sync>,
}

impl Call {
    async fn answer(
        self,
        request: Request<Incoming>,
        circumstances: Circumstances,
    ) -> Result<Response<Parts>, Error> {
        let line = format!("{} {}", request.method(), request.uri());
        let errors = self.service.config().errors.clone();
        let environ = match self.environ_of(request, circumstances).await? {
            Ok(environ) => environ,
            Err(refusal) => {
                return Parts::line(refusal.status(), &refusal.to_string());
            }
        };
        match self.respond(environ).await {
            Ok(response) => Ok(response),
            Err(error) => {
                errors.report(&format!("{line}: {error}"));
                Parts::line("500 Internal Server Error", "The application failed.")
            }
        }
    }

    /// The request's body, whole, and what else the application is told.
    async fn environ_of(
        &self,
        request: Request<Incoming>,
        circumstances: Circumstances,
    ) -> Result<Result<Environ, Refusal>, Error> {
        let (parts, body) = request.into_parts();
        let mut headers = Headers::new();
        for (name, value) in &parts.headers {
            headers.push(name.as_str(), value.as_bytes());
        }
        let framing = match body.size_hint().exact() {
            Some(0) => Framing::Empty,
            Some(length) => Framing::Length(length),
            None => Framing::Chunked,
        };
        let is_old = parts.version == Version::HTTP_10;
        let target = parts.uri.path_and_query().map_or("/", |target| target.as_str());
        let head = Head {
            method: parts.method.as_str().to_owned(),
            target: target.to_owned(),
            version: if is_old {
                wsgi::protocol::Version::Http10
            } else {
                wsgi::protocol::Version::Http11
            },
            headers,
            framing,
            // hyper sees to the connection, and to the client that waits for a word.
            keep_alive: true,
            expects_continue: false,
        };
        let body = match self.whole(body).await? {
            Ok(body) => Box::new(Cursor::new(body)),
            Err(refusal) => return Ok(Err(refusal)),
        };
        let errors = Box::new(self.service.config().errors.clone());
        Ok(Environ::new(&head, circumstances, body, errors))
    }

    // ANCHOR: whole
    /// The body's bytes, unless there are too many of them or the next ones take too long.
    async fn whole(&self, body: Incoming) -> Result<Result<Vec<u8>, Refusal>, Error> {
        let config = self.service.config();
        let mut body = pin!(body);
        let mut bytes = Vec::new();
        loop {
            let mut late = self.timer.sleep(config.body);
            let frame = std::future::poll_fn(|context| match body.as_mut().poll_frame(context) {
                Poll::Pending => late.as_mut().poll(context).map(|()| Err(Refusal::Timeout)),
                Poll::Ready(frame) => Poll::Ready(Ok(frame)),
            });
            match frame.await {
                Err(refusal) => return Ok(Err(refusal)),
                Ok(None) => return Ok(Ok(bytes)),
                Ok(Some(frame)) => {
                    bytes.extend(frame?.into_data().unwrap_or_default());
                    if bytes.len() as u64 > config.limits.body {
                        return Ok(Err(Refusal::BodyTooLarge));
                    }
                }
            }
        }
    }
    // ANCHOR_END: whole

    // ANCHOR: respond
    /// Calls the application, and waits for the first part of its body: it may start its response as late as that.
    async fn respond(self, environ: Environ) -> Result<Response<Parts>, Error> {
        let said = Arc::new(Mutex::new(None));
        let for_app = Arc::clone(&said);
        let start_response = StartResponse::new(move |start| note(&for_app, start));
        let body = guarded(|| self.service.app().call(environ, start_response))?;
        // If there is one part and no more, its length is the body's.
        let is_whole = body.size_hint() == (1, Some(1));
        let mut parts = Parts { body: Some(body), held: None, sleep: None, call: Some(self) };
        let first = std::future::poll_fn(|context| parts.poll_part(context)).await.transpose()?;
        if is_whole || first.is_none() {
            parts.body = None;
        }
        parts.held = first.map(Ok);
        let start = lock(&said).take().ok_or(StartError::NotStarted)?;
        parts.with(&start)
    }
    // ANCHOR_END: respond
}

/// What `start_response` does: checks, and remembers.
fn note(said: &Mutex<Option<Start>>, start: Start) -> Result<(), StartError> {
    check_start(&start.status, &start.headers)?;
    let mut said = lock(said);
    if said.is_some() && !start.replaces {
        return Err(StartError::AlreadyStarted);
    }
    *said = Some(start);
    Ok(())
}

fn lock<T>(shared: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Calls into the application, whose panic is its failure and not the server's.
fn guarded<T>(call: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
    catch_unwind(AssertUnwindSafe(call)).unwrap_or_else(|_| Err("the application panicked".into()))
}

// ANCHOR: parts
/// The parts of a response, each asked for when hyper has room for it, and held back for as long as the application slept.
pub struct Parts {
    /// None when it has ended.
    body: Option<Body>,
    /// The application's next part, until it goes out.
    held: Option<Result<Vec<u8>, Error>>,
    sleep: Option<Pin<Box<dyn Sleep>>>,
    /// None where no application was asked.
    call: Option<Call>,
}

impl Parts {
    fn poll_part(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Vec<u8>, Error>>> {
        if let (None, Some(body), Some(call)) = (&self.held, &mut self.body, &self.call) {
            self.held = guarded(|| body.next().transpose()).transpose();
            let asleep = call.service.pace().take();
            self.sleep = (!asleep.is_zero()).then(|| call.timer.sleep(asleep));
            if !matches!(self.held, Some(Ok(_))) {
                self.body = None;
            }
        }
        if let Some(sleep) = &mut self.sleep {
            ready!(sleep.as_mut().poll(context));
            self.sleep = None;
        }
        Poll::Ready(self.held.take())
    }
}

impl ::hyper::body::Body for Parts {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let part = ready!(self.poll_part(context));
        if let (Some(Err(error)), Some(call)) = (&part, &self.call) {
            // The response has begun: hyper can only close the connection, and the client sees that something is missing.
            call.service.config().errors.report(&error.to_string());
        }
        Poll::Ready(part.map(|part| Ok(Frame::data(part?.into()))))
    }
    // ANCHOR_END: parts

    fn is_end_stream(&self) -> bool {
        self.body.is_none() && self.held.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        match (&self.body, &self.held) {
            (None, Some(Ok(part))) => SizeHint::with_exact(part.len() as u64),
            (None, None) => SizeHint::with_exact(0),
            _ => SizeHint::default(),
        }
    }
    // ANCHOR: parts
}
// ANCHOR_END: parts

impl Parts {
    /// A response of one line of plain text.
    fn line(status: &str, line: &str) -> Result<Response<Self>, Error> {
        let held = Some(Ok(format!("{line}\n").into_bytes()));
        let parts = Self { body: None, held, sleep: None, call: None };
        let headers = [("content-type", "text/plain; charset=utf-8")].into();
        parts.with(&Start { status: status.to_owned(), headers, replaces: false })
    }

    /// The parts behind a head.
    fn with(self, start: &Start) -> Result<Response<Self>, Error> {
        let code = start.status.get(..3).unwrap_or_default();
        let mut response = Response::builder().status(code);
        for (name, value) in start.headers.iter() {
            response = response.header(name, value);
        }
        let is_signed = self.call.as_ref().is_some_and(|call| call.service.config().signed);
        if is_signed && start.headers.all("server").next().is_none() {
            response = response.header("server", "tidepool");
        }
        Ok(response.body(self)?)
    }
}

/// Whether a connection ended as clients end them: they leave, in the middle or when they are waited for too long.
pub fn is_nobodys_fault(error: &::hyper::Error) -> bool {
    let gone = |error: &std::io::Error| wsgi::server::is_gone(error);
    error.is_incomplete_message()
        || error.is_timeout()
        || error.is_closed()
        || error.source().and_then(|source| source.downcast_ref()).is_some_and(gone)
}

impl std::fmt::Debug for Site {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Site").field("client", &self.client).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Parts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Parts").finish_non_exhaustive()
    }
}
