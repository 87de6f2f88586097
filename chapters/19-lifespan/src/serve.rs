//! The order of things: start-up, serving, and an end in which everybody is given notice and nobody can stay for ever.
//!
//! It leaves out the process: where the listener and the signals come from, and the exit code.

use std::fmt;
use std::future::pending;
use std::sync::Arc;

use gateway::{App, Error, Receive, Scope, Sender, Shutdown, State};
use http_server::server::accept;
use http_server::{Connections, Listener, Serve, Server};
use tokio::runtime::Handle;
use tokio::time::timeout;

use crate::config::{Config, Mode};
use crate::life::{Life, ShutdownError, StartupError};
use crate::outcome::Outcome;
use crate::signals::{Signal, Signals};
use crate::stage::{Stage, Stages, Why};

/// Serves `app` to those who connect to `listener`, from start-up until a signal and what follows from it.
///
/// Calls run in tasks of the present runtime. Dropping this drops them all.
pub async fn serve<A: App + 'static>(
    listener: impl Listener,
    app: A,
    config: Config,
    signals: Signals,
) -> Outcome {
    serve_on(&Handle::current(), listener, app, config, signals).await
}

/// As [`serve`], with the calls and the listener on another runtime.
///
/// So that a call that blocks its thread can hold up neither signals nor bounds: [`run`](crate::run()) does it so.
/// The listener must be registered there.
pub async fn serve_on<A: App + 'static>(
    workers: &Handle,
    listener: impl Listener,
    app: A,
    config: Config,
    signals: Signals,
) -> Outcome {
    serve_as(workers, listener, app, config, signals, |http| http).await
}

/// As [`serve_on`], by what `speaking` makes of the server of HTTP/1.1: one that speaks HTTP/2 as well, for instance.
///
/// It is called after start-up, as a server has the state that the application has stored.
// ANCHOR: serve_as
pub async fn serve_as<A: App + 'static, S: Serve>(
    workers: &Handle,
    listener: impl Listener,
    app: A,
    config: Config,
    mut signals: Signals,
    speaking: impl FnOnce(Server<Shared<A>>) -> S,
) -> Outcome {
    let app = Shared(Arc::new(app));
    let (state, life) = match start(workers, &app, &config, &mut signals).await {
        Ok(started) => started,
        Err(outcome) => return outcome,
    };
    let mut running = Running::begin(workers, listener, app, state, life, &config, speaking);
    let why = running.serve(&mut signals).await;
    tokio::select! {
        biased;
        () = second_interrupt(&mut signals, &config.stages) => Outcome::Aborted,
        outcome = running.stop(why) => outcome,
    }
}
// ANCHOR_END: serve_as

// ANCHOR: start
/// The application is asked to start.
async fn start<A: App + 'static>(
    workers: &Handle,
    app: &Shared<A>,
    config: &Config,
    signals: &mut Signals,
) -> Result<(State, Option<Life>), Outcome> {
    if config.mode == Mode::Off {
        return Ok((State::new(), None));
    }
    config.stages.enter(Stage::Starting);
    let mut life = Life::begin(app.clone(), workers);
    let started = tokio::select! {
        biased;
        signal = signals.next() => Err(Outcome::Interrupted(signal)),
        started = life.startup(config.startup) => started.map_err(Outcome::NotStarted),
    };
    match started {
        Ok(state) => Ok((state, Some(life))),
        Err(Outcome::NotStarted(StartupError::Unsupported(failure)))
            if config.mode == Mode::Auto =>
        {
            config.stages.enter(Stage::Without(failure));
            Ok((State::new(), None))
        }
        Err(failed @ Outcome::NotStarted(StartupError::Failed(_))) => {
            // It may have something to close yet.
            let _ = life.leave(config.leave).await;
            Err(failed)
        }
        Err(outcome) => {
            life.give_up(config.leave).await;
            Err(outcome)
        }
    }
}
// ANCHOR_END: start

/// A server that has started. What it speaks is known to the task that accepts, and to nobody else.
struct Running<'a, A> {
    server: Server<Shared<A>>,
    connections: Connections,
    accepting: Abort,
    shutdown: Shutdown,
    life: Option<Life>,
    /// The lifespan call has failed, and this is how.
    died: Option<ShutdownError>,
    config: &'a Config,
}

impl<'a, A: App + 'static> Running<'a, A> {
    fn begin<S: Serve>(
        workers: &Handle,
        listener: impl Listener,
        app: Shared<A>,
        state: State,
        life: Option<Life>,
        config: &'a Config,
        speaking: impl FnOnce(Server<Shared<A>>) -> S,
    ) -> Self {
        let shutdown = Shutdown::new();
        let server = Server::with_state(app, config.http.clone(), state, shutdown.clone());
        let connections = Connections::default();
        config.stages.enter(Stage::Serving(listener.address()));
        let (speaks, accepted) = (speaking(server.clone()), connections.clone());
        let accepting =
            Abort(workers.spawn(async move { accept(&speaks, listener, &accepted).await }));
        Self { server, connections, accepting, shutdown, life, died: None, config }
    }

    /// Until something ends it.
    async fn serve(&mut self, signals: &mut Signals) -> Why {
        loop {
            let life_ended = async {
                match &mut self.life {
                    Some(life) => life.ended().await,
                    None => pending().await,
                }
            };
            tokio::select! {
                biased;
                signal = signals.next() => return Why::Signal(signal),
                ended = life_ended => {
                    self.life = None;
                    // One that is ready, and has nothing to put away, may leave.
                    let Err(failure) = ended else { continue };
                    self.config.stages.enter(Stage::Died(failure.to_string()));
                    self.died = Some(ShutdownError::Died(failure));
                    if self.config.mode == Mode::On {
                        return Why::Died;
                    }
                }
            }
        }
    }

    // ANCHOR: stop
    async fn stop(mut self, why: Why) -> Outcome {
        let Config { http, quiet, shutdown, leave, stages, .. } = self.config;
        // Nobody is accepted any more, and the listener is closed.
        let _ = timeout(*leave, self.accepting.end()).await;
        self.server.close_idle();
        stages.enter(Stage::Stopping { why, open: self.connections.open() });

        // Those that end by themselves.
        let _ = timeout(*quiet, self.connections.ended()).await;
        // Those that must be told.
        let open = self.connections.open();
        if open > 0 {
            stages.enter(Stage::Told { open });
        }
        self.shutdown.begin();
        let _ = timeout(http.graceful, self.connections.ended()).await;
        // Those that do not listen.
        let cut = self.connections.cut();
        if cut > 0 {
            stages.enter(Stage::Cut { open: cut, after: http.graceful });
            if timeout(*leave, self.connections.ended()).await.is_err() {
                stages.enter(Stage::Stuck { open: self.connections.open() });
            }
        }

        // No call needs any more what the application is about to put away.
        let mut ended = self.died.map_or(Ok(()), Err);
        if let Some(mut life) = self.life {
            stages.enter(Stage::ShuttingDown);
            ended = life.shutdown(*shutdown).await;
            if let Err(ShutdownError::Late(_)) = ended {
                life.give_up(*leave).await;
            } else {
                ended = ended.and(life.leave(*leave).await.map_err(ShutdownError::Died));
            }
        }
        match ended {
            Ok(()) => Outcome::Stopped { cut },
            Err(why) => Outcome::Failed { cut, why },
        }
    }
    // ANCHOR_END: stop
}

// ANCHOR: second
/// Returns at a SIGINT. A SIGTERM changes nothing any more.
async fn second_interrupt(signals: &mut Signals, stages: &Stages) {
    loop {
        match signals.next().await {
            Signal::Interrupt => return,
            signal @ Signal::Terminate => stages.enter(Stage::Ignored(signal)),
        }
    }
}
// ANCHOR_END: second

/// A task that ends with what it was made for.
struct Abort(tokio::task::JoinHandle<()>);

impl Abort {
    async fn end(&mut self) {
        self.0.abort();
        // However it ended.
        let _ = (&mut self.0).await;
    }
}

impl Drop for Abort {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// One application, for its lifespan call and for the server. A clone is the same one.
pub struct Shared<A>(Arc<A>);

impl<A> Clone for Shared<A> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<A> fmt::Debug for Shared<A> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Shared")
    }
}

impl<A: App> App for Shared<A> {
    #[inline]
    fn call(
        &self,
        scope: Scope,
        receive: Receive,
        send: Sender,
    ) -> impl Future<Output = Result<(), Error>> + Send {
        self.0.call(scope, receive, send)
    }
}
