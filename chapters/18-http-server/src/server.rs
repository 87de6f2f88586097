//! From a listener to connections: accepting, the bound on their number, and the end.

use std::fmt;
use std::future::pending;
use std::io;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::Duration;

use gateway::{App, Shutdown, State};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::config::Config;
use crate::connection::{Shared, drive};
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
    /// When `shutdown` begins, responses say that they are the last, idle connections are closed, and applications see it in their scope.
    pub fn with_state(app: A, config: Config, state: State, shutdown: Shutdown) -> Self {
        let in_flight = AtomicUsize::new(0);
        let awake = AtomicUsize::new(0);
        Self { shared: Arc::new(Shared { app, config, state, shutdown, in_flight, awake }) }
    }

    /// Serves one connection, until it is closed and no call runs any more.
    ///
    /// It never fails: what goes wrong ends the connection, and what the application did is reported to [`Config::errors`].
    /// Dropping it closes the connection, and drops the calls.
    pub fn serve_connection<S: Transport>(
        &self,
        stream: S,
    ) -> impl Future<Output = ()> + Send + 'static {
        drive(stream, Arc::clone(&self.shared), ())
    }

    /// Serves whoever connects, each in a task of its own, until `stop` returns; then closes gracefully.
    ///
    /// Nobody is accepted any more, and the shutdown begins. Connections have [`Config::graceful`] to end, and are dropped then.
    /// Returns how many were.
    pub async fn serve_until(
        &self,
        listener: impl Listener,
        stop: impl Future<Output = ()>,
    ) -> usize {
        let config = &self.shared.config;
        let room = Arc::new(Semaphore::new(config.connections.clamp(1, Semaphore::MAX_PERMITS)));
        let mut connections = JoinSet::new();
        let accept = async {
            loop {
                // It is never closed, so there is always a permit to come.
                let Ok(permit) = Arc::clone(&room).acquire_owned().await else { return };
                match listener.next(config).await {
                    Ok(stream) => {
                        connections.spawn(drive(stream, Arc::clone(&self.shared), permit));
                        while connections.try_join_next().is_some() {}
                    }
                    Err(error) => {
                        config.errors.report(&format!("accept: {error}"));
                        // Out of file descriptors, most likely. Asking again at once would spin.
                        sleep(Duration::from_millis(50)).await;
                    }
                }
            }
        };
        tokio::select! {
            () = accept => {}
            () = stop => {}
        }
        drop(listener);
        self.shared.shutdown.begin();
        let ended = async { while connections.join_next().await.is_some() {} };
        let _ = timeout(config.graceful, ended).await;
        let dropped = connections.len();
        connections.shutdown().await;
        dropped
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
