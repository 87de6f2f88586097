//! One process that serves: the only one, or a worker among others.
//!
//! As in [`lifespan::run_with`], calls run on the threads of one runtime, and signals and bounds are kept by this thread in another:
//! an application that blocks all of its threads can be ended all the same.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use gateway::App;
use http_server::{Declined, OnDeclined};
use http2_and_tls::Tls;
use lifespan::{Outcome, Signal, Signals, Stage, Stages, serve_as};
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc::UnboundedSender;

use crate::cli::Options;
use crate::listen::accept::Acceptor;
use crate::listen::notify::Supervisor;
use crate::listen::{Bound, Sockets};
use crate::metrics::{self, Metrics};
use crate::speaking::{Speaking, renew};
use crate::supervise::{Line, is_worker, receive};
use crate::threads::Threads;
use crate::{banner, fail, settings, stack};

/// The runtime of signals and bounds, and that of the calls.
struct Runtimes {
    control: Runtime,
    calls: Threads,
}

impl Runtimes {
    fn new(options: &Options) -> io::Result<Self> {
        Ok(Self {
            control: Builder::new_current_thread().enable_all().build()?,
            calls: Threads::new(settings::threads(options))?,
        })
    }
}

// ANCHOR: single
/// The only process. Returns the exit code.
pub fn single<A: App + 'static>(options: &Options, tls: Option<Tls>, app: A) -> u8 {
    let sockets = match Sockets::take(&options.listening) {
        Ok(sockets) => sockets,
        Err(error) => return fail(error),
    };
    let figures = match crate::metrics_socket(options) {
        Ok(figures) => figures,
        Err(error) => return fail(error),
    };
    let supervisor = Supervisor::of_process();
    let runtimes = match Runtimes::new(options) {
        Ok(runtimes) => runtimes,
        Err(error) => return fail(format_args!("cannot start threads: {error}")),
    };
    let metrics = Arc::new(Metrics::new());
    if let Some(listener) = figures {
        let _guard = runtimes.calls.handle().enter();
        let (metrics, calls) = (Arc::clone(&metrics), runtimes.calls.handle().clone());
        let text = move || metrics.snapshot(queue(&calls)).text();
        if let Err(error) = metrics::serve(listener, text) {
            return fail(format_args!("--metrics: {error}"));
        }
    }
    tracing::info!("started server process [{}]", std::process::id());
    let lines = banner::lines(options, &sockets.bound);
    let stages = Stages::new(move |stage| {
        match stage {
            Stage::Serving(_) => {
                banner::say(&lines);
                supervisor.ready();
                return;
            }
            Stage::Stopping { .. } => supervisor.stopping(),
            _ => {}
        }
        tell(stage);
    });
    let (end, signals) = Signals::scripted();
    let enough = end.clone();
    let app = stack::around(app, options, &metrics, move || {
        tracing::info!("--limit-max-requests is reached");
        let _ = enough.send(Signal::Terminate);
    });
    let speaking = Spoken { options, tls, metrics };
    serve(runtimes, app, speaking, sockets, stages, (end, signals))
}
// ANCHOR_END: single

// ANCHOR: worker
/// A worker: its sockets, and the order to end, come from the supervisor. Returns the exit code.
pub fn worker<A: App + 'static>(options: &Options, tls: Option<Tls>, app: A) -> u8 {
    let (control, bound) = match receive() {
        Ok(received) => received,
        Err(error) => return fail(format_args!("the supervisor is not to be understood: {error}")),
    };
    let runtimes = match Runtimes::new(options) {
        Ok(runtimes) => runtimes,
        Err(error) => return fail(format_args!("cannot start threads: {error}")),
    };
    let metrics = Arc::new(Metrics::new());
    let (end, signals) = Signals::scripted();
    let (say, said) = tokio::sync::mpsc::unbounded_channel();
    {
        // On the threads of the calls: where none of them comes to it, the supervisor shall hear nothing.
        let _guard = runtimes.calls.handle().enter();
        let pause = beat(options.processes.timeout_worker_healthcheck);
        let (metrics, calls) = (Arc::clone(&metrics), runtimes.calls.handle().clone());
        let figures = move || metrics.snapshot(queue(&calls));
        let orphaned = end.clone();
        let spoken = crate::supervise::speak(control, said, pause, figures, move || {
            tracing::warn!("the supervisor is gone");
            let _ = orphaned.send(Signal::Terminate);
        });
        if let Err(error) = spoken {
            return fail(format_args!("the supervisor cannot be spoken to: {error}"));
        }
    }
    let ready = say.clone();
    let stages = Stages::new(move |stage| match stage {
        Stage::Serving(_) => drop(ready.send(Line::Ready)),
        stage => tell(stage),
    });
    let app = stack::around(app, options, &metrics, move || drop(say.send(Line::Enough)));
    let speaking = Spoken { options, tls, metrics };
    serve(runtimes, app, speaking, bound.into(), stages, (end, signals))
}
// ANCHOR_END: worker

/// How often a worker says that it is well: three times in the time after which it would be missed.
fn beat(health: Duration) -> Duration {
    (health / 3).clamp(Duration::from_millis(10), Duration::from_secs(10))
}

fn queue(calls: &Handle) -> usize {
    calls.metrics().global_queue_depth()
}

/// What a server of connections is made of, beside its application.
struct Spoken<'a> {
    options: &'a Options,
    tls: Option<Tls>,
    metrics: Arc<Metrics>,
}

fn serve<A: App + 'static>(
    runtimes: Runtimes,
    app: A,
    Spoken { options, tls, metrics }: Spoken<'_>,
    mut sockets: Sockets,
    stages: Stages,
    (end, signals): (UnboundedSender<Signal>, Signals),
) -> u8 {
    let Runtimes { control, calls } = runtimes;
    let bound: Vec<Bound> = std::mem::take(&mut sockets.bound);
    let acceptor = {
        let _guard = calls.handle().enter();
        Acceptor::new(bound, settings::prelude(options), tls.is_some(), Arc::clone(&metrics))
    };
    let acceptor = match acceptor {
        Ok(acceptor) => acceptor,
        Err(error) => return fail(format_args!("cannot accept connections: {error}")),
    };
    let mut config = settings::life(options, stages);
    config.http.declined = Some(declined(Arc::clone(&metrics)));
    let outcome = control.block_on(async {
        forward(end)?;
        renew_at_hangup(tls.clone())?;
        let speaking = |http| Speaking::new(http, options, tls, metrics);
        Ok::<_, io::Error>(serve_as(calls.handle(), acceptor, app, config, signals, speaking).await)
    });
    let outcome = match outcome {
        Ok(outcome) => outcome,
        Err(error) => return fail(format_args!("cannot listen for signals: {error}")),
    };
    if outcome.code() == 0 {
        tracing::info!("{outcome}");
    } else {
        tracing::error!("{outcome}");
    }
    // Not the runtime's own drop, which would wait for threads that may never come back.
    calls.shutdown_timeout(match outcome {
        Outcome::Aborted => Duration::ZERO,
        _ => options.times.timeout_leave,
    });
    outcome.code()
}

/// Counts requests that no application gets to see, and says why where somebody looks for it: a client that errs may do so all day.
fn declined(metrics: Arc<Metrics>) -> OnDeclined {
    Arc::new(move |Declined { status, why, connection }| {
        metrics.declined(status);
        let client = connection.client.as_ref();
        let client = client.map_or("somewhere".to_owned(), ToString::to_string);
        tracing::debug!("a request from {client} is declined with {}: {why}", status.as_u16());
    })
}

/// The process's own signals, to where the server listens.
fn forward(end: UnboundedSender<Signal>) -> io::Result<()> {
    for (kind, name) in
        [(SignalKind::terminate(), Signal::Terminate), (SignalKind::interrupt(), Signal::Interrupt)]
    {
        let (mut signals, end) = (signal(kind)?, end.clone());
        tokio::spawn(async move {
            while signals.recv().await.is_some() {
                let _ = end.send(name);
            }
        });
    }
    Ok(())
}

/// Certificates are read again at SIGHUP, and connections go on. Without TLS there is nothing to read again, and the signal does what it does to any program;
/// but a worker is not to die of one that was meant for its supervisor.
fn renew_at_hangup(tls: Option<Tls>) -> io::Result<()> {
    if tls.is_none() && !is_worker() {
        return Ok(());
    }
    let mut hangups = signal(SignalKind::hangup())?;
    tokio::spawn(async move {
        while hangups.recv().await.is_some() {
            if let Some(tls) = tls.clone() {
                // Not on this thread, which keeps signals and bounds: files may be slow.
                let _ = tokio::task::spawn_blocking(move || renew(&tls)).await;
            }
        }
    });
    Ok(())
}

fn tell(stage: &Stage) {
    match stage {
        Stage::Died(_) | Stage::Stuck { .. } => tracing::error!("{stage}"),
        Stage::Cut { .. } => tracing::warn!("{stage}"),
        stage => tracing::info!("{stage}"),
    }
}
