//! A blocking application behind the async interface: chapter 2's, in a thread of its own for each request.
//!
//! The thread and the call talk over a channel with room for one message, so that neither runs ahead:
//!
//! - A part of the response waits until the part before it was taken by the server, which waits for the client.
//! - A part of the request is received when the application reads. Before that at most one is, so that a client that
//!   leaves can be noticed; and none from a client that waits for `100 Continue`.
//!
//! It leaves out lifespan and WebSockets: a blocking application has no way to speak them.

use std::fmt;
use std::io::{self, ErrorKind, Read};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::{Buf, Bytes};
use http::{HeaderName, HeaderValue, StatusCode, Version, header};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};
use tokio::task::spawn_blocking;
use wsgi::protocol::{Framing, Head, check_start};
use wsgi::{Circumstances, Environ, ErrorLog, Headers, Scheme, StartError, StartResponse};

use crate::app::{App, Panicked};
use crate::error::{Disconnected, Error};
use crate::event::{ReceiveEvent, RequestBody, ResponseBody, ResponseStart};
use crate::exchange::{Receive, Sender};
use crate::scope::{Address, HttpScope, Scope};

/// A WSGI application as an application of this crate.
///
/// Each request has a thread of Tokio's pool for as long as the application works on it.
/// When the client leaves, the call ends at once; the thread ends when it next reads or yields a part, which fails then.
/// It counts against the limit until it has. A request that still waits for a thread by then is not worked on.
///
/// ```
/// use gateway::{WsgiApp, testing};
/// use wsgi::{Body, Environ, Error, StartResponse};
///
/// fn hello(environ: Environ, start_response: StartResponse) -> Result<Body, Error> {
///     start_response.call("200 OK", [("content-type", "text/plain")])?;
///     Ok(format!("this is {}\n", environ.path_info).into())
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let app = WsgiApp::new(hello);
/// let answer = testing::ask(&app, testing::Request::get("/crabs")).await;
/// assert_eq!(answer.text(), "this is /crabs\n");
/// # }
/// ```
pub struct WsgiApp<A> {
    app: Arc<A>,
    threads: Arc<Semaphore>,
    errors: ErrorLog,
}

impl<A: wsgi::App + 'static> WsgiApp<A> {
    /// How many requests are worked on at a time, if nobody says otherwise.
    pub const THREADS: usize = 40;

    /// With at most [`THREADS`](Self::THREADS) threads at a time, complaining on standard error.
    pub fn new(app: A) -> Self {
        Self {
            app: Arc::new(app),
            threads: Arc::new(Semaphore::new(Self::THREADS)),
            errors: ErrorLog::new(io::stderr()),
        }
    }

    /// With at most so many threads at a time. Further requests wait, and nothing of them is read but the first part.
    ///
    /// Tokio's pool has a limit too: 512 threads, which all that blocks in the process shares.
    ///
    /// # Panics
    ///
    /// If that is more than [`Semaphore::MAX_PERMITS`].
    pub fn threads(mut self, most: usize) -> Self {
        self.threads = Arc::new(Semaphore::new(most));
        self
    }

    /// With another place for the application's complaints.
    pub fn errors(mut self, errors: ErrorLog) -> Self {
        self.errors = errors;
        self
    }
}

impl<A> fmt::Debug for WsgiApp<A> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("WsgiApp")
            .field("threads", &self.threads.available_permits())
            .finish_non_exhaustive()
    }
}

impl<A: wsgi::App + 'static> App for WsgiApp<A> {
    async fn call(&self, scope: Scope, receive: Receive, send: Sender) -> Result<(), Error> {
        let Scope::Http(scope) = scope else { return Err(scope.unsupported().into()) };
        let mut body = RequestSide::new(&scope, receive);
        let permit = tokio::select! {
            permit = Arc::clone(&self.threads).acquire_owned() => permit?,
            Disconnected = body.watch() => return Err(Disconnected.into()),
        };
        let (say, mut said) = mpsc::channel(1);
        let input = Input { say: say.clone(), part: Bytes::new(), ended: false };
        let Ok(environ) = environ_of(&scope, Box::new(input), Box::new(self.errors.clone())) else {
            let start = ResponseStart::new(400).header(header::CONTENT_TYPE, TEXT);
            send.send(start).await?;
            return Ok(send.send(ResponseBody::last("The path is not UTF-8.\n")).await?);
        };
        let app = Arc::clone(&self.app);
        let thread = spawn_blocking(move || work(&*app, environ, &say, permit));
        let mut complete = false;
        loop {
            let message = tokio::select! {
                message = said.recv() => message,
                // After the response, the end is told of every call.
                Disconnected = body.watch(), if !complete => return Err(Disconnected.into()),
            };
            match message {
                Some(Said::Start(start)) => send.send(start).await?,
                Some(Said::Part(part)) => {
                    complete = !part.more_body;
                    send.send(part).await?;
                }
                // The thread may have been told by then that nobody is there.
                Some(Said::Reads(reply)) => drop(reply.send(body.part().await?)),
                None => break,
            }
        }
        match thread.await {
            Ok(returned) => returned,
            Err(error) => match error.try_into_panic() {
                Ok(payload) => Err(Panicked::new(&*payload).into()),
                Err(cancelled) => Err(cancelled.into()),
            },
        }
    }
}

const TEXT: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");

/// What the thread says to the call.
enum Said {
    Start(ResponseStart),
    Part(ResponseBody),
    /// It reads, and waits for a part: an empty one is the end.
    Reads(oneshot::Sender<Bytes>),
}

/// The request's body, on the side of the call.
struct RequestSide {
    receive: Receive,
    /// A part that nobody has read yet.
    ahead: Option<Bytes>,
    ended: bool,
    /// The client sends its body only after we have asked for it.
    waits: bool,
}

impl RequestSide {
    fn new(scope: &HttpScope, receive: Receive) -> Self {
        let waits =
            scope.header("expect").is_some_and(|value| value.eq_ignore_ascii_case("100-continue"));
        Self { receive, ahead: None, ended: false, waits }
    }

    /// Waits until the client leaves. For ever, while that cannot be seen without receiving too much.
    ///
    /// Cancellation safe.
    async fn watch(&mut self) -> Disconnected {
        while self.ended || (self.ahead.is_none() && !self.waits) {
            match self.receive.next().await {
                ReceiveEvent::HttpRequest(part) => self.arrived(part),
                _ => return Disconnected,
            }
        }
        std::future::pending().await
    }

    fn arrived(&mut self, part: RequestBody) {
        self.ended = !part.more_body;
        self.ahead = Some(part.body).filter(|body| !body.is_empty());
    }

    /// The next part; an empty one at the end.
    async fn part(&mut self) -> Result<Bytes, Disconnected> {
        self.waits = false;
        loop {
            if let Some(part) = self.ahead.take() {
                return Ok(part);
            }
            if self.ended {
                return Ok(Bytes::new());
            }
            match self.receive.next().await {
                ReceiveEvent::HttpRequest(part) => self.arrived(part),
                _ => return Err(Disconnected),
            }
        }
    }
}

/// The request's body, on the side of the thread.
struct Input {
    say: mpsc::Sender<Said>,
    part: Bytes,
    ended: bool,
}

impl Read for Input {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.part.is_empty() && !self.ended && !buffer.is_empty() {
            let (reply, part) = oneshot::channel();
            self.say.blocking_send(Said::Reads(reply)).map_err(|_| gone())?;
            self.part = part.blocking_recv().map_err(|_| gone())?;
            self.ended = self.part.is_empty();
        }
        let count = buffer.len().min(self.part.len());
        self.part.copy_to_slice(&mut buffer[..count]);
        Ok(count)
    }
}

fn gone() -> io::Error {
    io::Error::new(ErrorKind::ConnectionAborted, Disconnected)
}

/// What the application has said of its response.
#[derive(Default)]
struct Started {
    start: Option<wsgi::Start>,
    sent: bool,
}

/// The thread's work: one call of the application, and its body's parts.
fn work(
    app: &dyn wsgi::App,
    environ: Environ,
    say: &mpsc::Sender<Said>,
    // Given back when the thread has nothing more to do.
    _permit: OwnedSemaphorePermit,
) -> Result<(), Error> {
    let started = Arc::new(Mutex::new(Started::default()));
    let for_app = Arc::clone(&started);
    let start_response = StartResponse::new(move |start| {
        check_start(&start.status, &start.headers)?;
        let mut started = for_app.lock().unwrap_or_else(PoisonError::into_inner);
        match (started.sent, start.replaces) {
            (true, true) => return Err(StartError::HeadSent),
            (true, false) => return Err(StartError::AlreadyStarted),
            (false, false) if started.start.is_some() => return Err(StartError::AlreadyStarted),
            (false, _) => started.start = Some(start),
        }
        Ok(())
    });
    if say.is_closed() {
        // The client has left while this waited for a thread of Tokio's pool.
        return Err(Disconnected.into());
    }
    let mut body = app.call(environ, start_response)?;
    let announce = || {
        let mut started = started.lock().unwrap_or_else(PoisonError::into_inner);
        if started.sent {
            return Ok(());
        }
        started.sent = true;
        let start = started.start.take().ok_or(StartError::NotStarted)?;
        drop(started);
        say.blocking_send(Said::Start(start_of(&start)?)).map_err(Error::from)
    };
    while let Some(part) = body.next() {
        let part = part?;
        if part.is_empty() {
            continue;
        }
        announce()?;
        // A body that knows that this was all saves the server a part, and lets it announce the length.
        let more_body = body.size_hint() != (0, Some(0));
        say.blocking_send(Said::Part(ResponseBody { body: part.into(), more_body }))?;
        if !more_body {
            return Ok(());
        }
    }
    announce()?;
    Ok(say.blocking_send(Said::Part(ResponseBody::last("")))?)
}

/// A start in the types of this crate. It was checked by chapter 2's rules, which are no laxer.
fn start_of(start: &wsgi::Start) -> Result<ResponseStart, Error> {
    let code = start.status.split(' ').next().unwrap_or_default();
    let mut response = ResponseStart::new(StatusCode::from_bytes(code.as_bytes())?);
    for (name, value) in start.headers.iter() {
        let name: HeaderName = name.parse()?;
        response.headers.append(name, HeaderValue::from_bytes(value)?);
    }
    Ok(response)
}

/// The scope as PEP 3333 has it. A Unix socket's ends have no addresses that it could name: they are 127.0.0.1, port 0.
fn environ_of(
    scope: &HttpScope,
    input: Box<dyn Read + Send>,
    errors: Box<dyn io::Write + Send>,
) -> Result<Environ, wsgi::protocol::Refusal> {
    let mut headers = Headers::new();
    for (name, value) in &scope.head.headers {
        headers.push(name.as_str(), value.as_bytes());
    }
    let length = scope.header("content-length").and_then(|length| length.parse().ok());
    let head = Head {
        method: scope.method.as_str().to_owned(),
        target: scope.uri.path_and_query().map_or("*", |target| target.as_str()).to_owned(),
        version: match scope.version {
            Version::HTTP_10 => wsgi::protocol::Version::Http10,
            _ => wsgi::protocol::Version::Http11,
        },
        framing: match length {
            Some(length) => Framing::Length(length),
            // HTTP/2 says neither length nor coding of a body that comes as it is made.
            None if scope.headers.contains_key(header::TRANSFER_ENCODING)
                || scope.version == Version::HTTP_2 =>
            {
                Framing::Chunked
            }
            None => Framing::Empty,
        },
        headers,
        keep_alive: true,
        expects_continue: false,
    };
    let address = |address: Option<&Address>| match address {
        Some(&Address::Ip(address)) => address,
        _ => SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
    };
    let circumstances = Circumstances {
        server: address(scope.server()),
        client: address(scope.client()),
        multithread: true,
        multiprocess: false,
    };
    let mut environ = Environ::new(&head, circumstances, input, errors)?;
    if scope.connection.encrypted {
        environ.url_scheme = Scheme::Https;
    }
    // ASGI's path includes the root path, and WSGI's two are apart.
    let rest = environ.path_info.strip_prefix(scope.root_path());
    if let Some(rest) = rest.filter(|rest| rest.is_empty() || rest.starts_with('/')) {
        environ.path_info = rest.to_owned();
        scope.root_path().clone_into(&mut environ.script_name);
    }
    Ok(environ)
}
