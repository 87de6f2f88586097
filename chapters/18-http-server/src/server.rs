//! From a listener to connections: accepting, the bound on their number, and the end.

use std::fmt;
use std::future::{pending, poll_fn};
use std::io;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use gateway::{App, Connection, Shutdown, State};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};

use crate::config::Config;
use crate::connection::{Shared, Ticket, drive};
use crate::transport::{Listener, Transport};

/// A server of one application. A clone is the same server.
pub struct Server<A> {
    shared: Arc<Shared<A>>,
}

impl<A> fmt::Debug for Server<A> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Server")
            .field("config", &self.shared.config)
            .finish_non_exhaustive()
    }
}

impl<A> Clone for Server<A> {
    fn clone(&self) -> Self {
        Self { shared: Arc::clone(&self.shared) }
    }
}

impl<A: App + 'static> Server<A> {
    /// A server whose requests have no state.
    pub fn new(app: A, config: Config) -> Self {
        Self::with_state(app, config, State::new(), Shutdown::new())
    }

    /// A server with the state that lifespan has stored.
    ///
    /// `shutdown` is in each scope: when it begins, applications learn of it. Connections end by [`close_idle`](Self::close_idle).
    pub fn with_state(app: A, config: Config, state: State, shutdown: Shutdown) -> Self {
        let closing = Shutdown::new();
        let (in_flight, awake) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let closed = AtomicBool::new(false);
        let shared = Shared { app, config, state, shutdown, closing, closed, in_flight, awake };
        Self { shared: Arc::new(shared) }
    }

    /// How it is set up.
    pub fn config(&self) -> &Config {
        &self.shared.config
    }

    /// What its requests find in their scope. For servers of other protocols that share the application with this one.
    pub fn state(&self) -> State {
        self.shared.state.clone()
    }

    /// What applications learn of when it begins.
    pub fn shutdown(&self) -> Shutdown {
        self.shared.shutdown.clone()
    }

    /// What begins with [`close_idle`](Self::close_idle).
    pub fn closing(&self) -> Shutdown {
        self.shared.closing.clone()
    }

    /// A place for one more call of the application; none if [`Config::in_flight`] are taken, and the client should get 503.
    pub fn admit(&self) -> Option<Ticket<A>> {
        Ticket::take(&self.shared)
    }

    /// What all requests over a stream share, for their scopes.
    pub fn connection(&self, stream: &impl Transport) -> Connection {
        self.shared.connection(stream)
    }

    /// From now on a connection closes as soon as it is idle: at once, or after the response that is due, which says that it is the last.
    pub fn close_idle(&self) {
        // In this order: who is woken looks at the first.
        self.shared.closed.store(true, SeqCst);
        self.shared.closing.begin();
    }

    /// Serves one connection, until it is closed and no call runs any more.
    ///
    /// It never fails: what goes wrong ends the connection, and what the application did is reported to [`Config::errors`].
    /// Dropping it closes the connection, and drops the calls.
    pub fn serve_connection<S: Transport>(
        &self,
        stream: S,
    ) -> impl Future<Output = ()> + Send + 'static {
        self.serve_heard(stream, Bytes::new())
    }

    /// As [`serve_connection`](Self::serve_connection), where somebody has read the beginning of the stream already: it is `heard`.
    pub fn serve_heard<S: Transport>(
        &self,
        stream: S,
        heard: Bytes,
    ) -> impl Future<Output = ()> + Send + 'static {
        drive(stream, heard, Arc::clone(&self.shared), ())
    }

    /// Serves whoever connects, each in a task of its own, until `stop` returns; then closes gracefully: [`serve_until`].
    pub async fn serve_until(
        &self,
        listener: impl Listener,
        stop: impl Future<Output = ()>,
    ) -> usize {
        serve_until(self, listener, stop).await
    }

    /// Serves whoever connects, each in a task of its own, for ever: [`accept`].
    pub async fn accept(&self, listener: impl Listener, connections: &Connections) {
        accept(self, listener, connections).await;
    }
}

/// A server of connections, whatever is spoken on them: a [`Server`], or what speaks more protocols and has one for HTTP/1.1.
///
/// What brings connections, and what ends them, asks for no more than this.
// ANCHOR: serve
pub trait Serve: Clone + Send + Sync + 'static {
    /// The application that is served.
    type App: App + 'static;

    /// The server of HTTP/1.1, which knows what all protocols share: settings, the state, the end.
    fn http(&self) -> &Server<Self::App>;

    /// Serves one connection, until it is closed and no call runs any more. `permit` is dropped then.
    ///
    /// Dropping it closes the connection, and drops the calls.
    fn drive<S: Transport>(
        &self,
        stream: S,
        permit: impl Send + 'static,
    ) -> impl Future<Output = ()> + Send + 'static;
}
// ANCHOR_END: serve

impl<A: App + 'static> Serve for Server<A> {
    type App = A;

    fn http(&self) -> &Self {
        self
    }

    fn drive<S: Transport>(
        &self,
        stream: S,
        permit: impl Send + 'static,
    ) -> impl Future<Output = ()> + Send + 'static {
        drive(stream, Bytes::new(), Arc::clone(&self.shared), permit)
    }
}

/// Serves whoever connects, each in a task of its own, until `stop` returns; then closes gracefully.
///
/// Nobody is accepted any more, applications learn of the shutdown, and connections close when they are idle.
/// They have [`Config::graceful`] to end, and are dropped then. Returns how many were.
pub async fn serve_until(
    server: &impl Serve,
    listener: impl Listener,
    stop: impl Future<Output = ()>,
) -> usize {
    let connections = Connections::default();
    tokio::select! {
        () = accept(server, listener, &connections) => {}
        () = stop => {}
    }
    let http = server.http();
    http.close_idle();
    http.shutdown().begin();
    let _ = timeout(http.config().graceful, connections.ended()).await;
    let dropped = connections.cut();
    connections.ended().await;
    dropped
}

/// How long nothing more is said of connections that cannot be accepted.
const SAID: Duration = Duration::from_secs(10);

/// Serves whoever connects, each in a task of its own, for ever. Dropping it closes the listener, and no connection.
pub async fn accept(server: &impl Serve, mut listener: impl Listener, connections: &Connections) {
    let config = server.http().config();
    let room = Arc::new(Semaphore::new(config.connections.clamp(1, Semaphore::MAX_PERMITS)));
    let mut said: Option<Instant> = None;
    loop {
        // It is never closed, so there is always a permit to come.
        let Ok(permit) = Arc::clone(&room).acquire_owned().await else { return };
        match listener.accept(config).await {
            Ok(stream) => connections.spawn(server.drive(stream, permit)),
            Err(error) => {
                // Out of file descriptors, most likely. That can last, and asking again at once would spin.
                if said.is_none_or(|then| then.elapsed() >= SAID) {
                    config.errors.report(&format!("accept: {error}"));
                    said = Some(Instant::now());
                }
                sleep(Duration::from_millis(50)).await;
            }
        }
    }
}

/// The connections that [`accept`] has accepted. A clone stands for the same ones; when the last is dropped, so are they.
#[derive(Debug, Clone, Default)]
pub struct Connections {
    tasks: Arc<Mutex<JoinSet<()>>>,
}

impl Connections {
    /// How many are open.
    pub fn open(&self) -> usize {
        let mut tasks = self.lock();
        while tasks.try_join_next().is_some() {}
        tasks.len()
    }

    /// Adds one that somebody else has accepted.
    pub fn spawn(&self, connection: impl Future<Output = ()> + Send + 'static) {
        let mut tasks = self.lock();
        tasks.spawn(connection);
        while tasks.try_join_next().is_some() {}
    }

    /// Waits until none is open. For one caller at a time.
    pub async fn ended(&self) {
        poll_fn(|cx| {
            let mut tasks = self.lock();
            while ready!(tasks.poll_join_next(cx)).is_some() {}
            Poll::Ready(())
        })
        .await;
    }

    /// Drops those that are open, and says how many. One whose call blocks its thread is dropped when it gives way:
    /// [`ended`](Self::ended) waits for that.
    pub fn cut(&self) -> usize {
        let open = self.open();
        self.lock().abort_all();
        open
    }

    fn lock(&self) -> MutexGuard<'_, JoinSet<()>> {
        // Nothing panics while it holds this.
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Serves `app` to whoever connects, for ever.
///
/// # Errors
///
/// None that end it are known; the type is that of a `main`.
pub async fn serve<A: App + 'static>(
    listener: impl Listener,
    app: A,
    config: Config,
) -> io::Result<()> {
    Server::new(app, config).serve_until(listener, pending()).await;
    Ok(())
}

/// Serves `app` on one connection, until it ends.
pub async fn serve_connection<A: App + 'static, S: Transport>(stream: S, app: A, config: Config) {
    Server::new(app, config).serve_connection(stream).await;
}
