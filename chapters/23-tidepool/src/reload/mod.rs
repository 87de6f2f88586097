//! For development: the program is built and started again when its sources change.
//!
//! The process that watches holds the socket, as a supervisor does. At a change the program ends, and the compiler begins at once;
//! whoever connects meanwhile waits in the kernel, and is answered by the new program, never by the old one. If it does not compile,
//! they wait for the next change.
//!
//! It leaves out several workers.

mod build;
mod pattern;
mod watch;

use std::ffi::OsString;
use std::io;
use std::time::Duration;

use rustix::process::Signal;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::time::timeout;

pub use pattern::Pattern;

use crate::cli::Options;
use crate::listen::Sockets;
use crate::supervise::{Ask, ExitText, Id, Line, Report, Spawner, Worker, asks};
use crate::{banner, fail};

/// Serves with one worker that is replaced when something changes, until the end. Returns the exit code.
pub fn run(options: &Options, arguments: &[OsString]) -> u8 {
    let mut sockets = match Sockets::take(&options.listening) {
        Ok(sockets) => sockets,
        Err(error) => return fail(error),
    };
    let lines = banner::lines(options, &sockets.bound);
    let bound = std::mem::take(&mut sockets.bound);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let reloaded = runtime.and_then(|runtime| {
        let spawner = Spawner::new(arguments, bound)?;
        banner::say(&lines);
        runtime.block_on(reload(options, &spawner))
    });
    reloaded.unwrap_or_else(|error| fail(format_args!("--reload: {error}")))
}

// ANCHOR: reload
async fn reload(options: &Options, spawner: &Spawner) -> io::Result<u8> {
    let mut asks = asks()?;
    let folders = watch::folders(&options.development);
    let (_watcher, mut edits) = watch::changes(&options.development, &folders)?;
    let recipe = build::Build::new(&options.development)?;
    for folder in &folders {
        tracing::info!("watching {}", folder.display());
    }
    for id in 1.. {
        let (mut program, mut reports) = start(spawner, id)?;
        let Some(what) = wait(&mut program, &mut reports, &mut asks, &mut edits).await else {
            tracing::info!("stopping");
            end(program, &mut reports).await;
            return Ok(0);
        };
        tracing::warn!("{what}: building");
        // The old program ends while the new one is built.
        let both = async { tokio::join!(end(program, &mut reports), renew(&recipe, &mut edits)).1 };
        tokio::select! {
            biased;
            () = told_to_end(&mut asks) => return Ok(0),
            renewed = both => renewed?,
        }
    }
    Ok(0)
}
// ANCHOR_END: reload

/// Until something has changed, and what; none if it is to end.
async fn wait(
    program: &mut Option<Worker>,
    reports: &mut Reports,
    asks: &mut UnboundedReceiver<Ask>,
    edits: &mut UnboundedReceiver<String>,
) -> Option<String> {
    loop {
        let report = tokio::select! {
            biased;
            () = told_to_end(asks) => return None,
            Some(what) = edits.recv() => return Some(format!("{what} has changed")),
            Some((_, report)) = reports.recv() => report,
        };
        match report {
            Report::Said(Line::Enough) => {
                return Some("--limit-max-requests is reached".to_owned());
            }
            Report::Said(_) => {}
            Report::Exited(exit) => {
                *program = None;
                let how = ExitText(exit);
                tracing::error!(
                    "the program has ended, {how}: it is started again when something changes"
                );
            }
        }
    }
}

async fn told_to_end(asks: &mut UnboundedReceiver<Ask>) {
    loop {
        match asks.recv().await {
            Some(Ask::Terminate | Ask::Interrupt) | None => return,
            Some(_) => {}
        }
    }
}

/// Builds until it can be built, and nothing has changed meanwhile.
async fn renew(recipe: &build::Build, edits: &mut UnboundedReceiver<String>) -> io::Result<()> {
    loop {
        let well = recipe.run().await?;
        // What has changed while it was being built is not in it.
        if edits.try_recv().is_ok() {
            continue;
        }
        if well {
            return Ok(());
        }
        tracing::error!("it cannot be built: waiting for the next change");
        match edits.recv().await {
            Some(what) => tracing::warn!("{what} has changed: building"),
            None => return Ok(()),
        }
    }
}

type Reports = UnboundedReceiver<(Id, Report)>;

fn start(spawner: &Spawner, id: Id) -> io::Result<(Option<Worker>, Reports)> {
    let (report, reports) = unbounded_channel();
    Ok((Some(spawner.spawn(id, &report)?), reports))
}

/// It is told to end, then told to end at once, then killed: nobody waits long for a program that is about to be replaced.
async fn end(program: Option<Worker>, reports: &mut Reports) {
    let Some(program) = program else { return };
    for signal in [Signal::TERM, Signal::INT, Signal::KILL] {
        program.signal(signal);
        let ended = async {
            while let Some((_, report)) = reports.recv().await {
                if let Report::Exited(_) = report {
                    break;
                }
            }
        };
        if timeout(Duration::from_secs(1), ended).await.is_ok() {
            return;
        }
    }
}
