//! What the machine's decisions are carried out by: processes, signals, the clock. It decides nothing.

use std::collections::BTreeMap;
use std::env;
use std::ffi::OsString;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::{Instant, sleep_until};

use super::control::{self, Line, SOCKETS, WORKER};
use super::machine::{Action, Ask, Event, Exit, Id, Machine, Policy};
use crate::cli::Options;
use crate::listen::notify::Supervisor;
use crate::listen::{Bound, Sockets};
use crate::metrics::{self, Snapshot, family, line};
use crate::{banner, fail, settings};

/// Serves with several workers, until the end. Returns the exit code.
pub fn run(options: &Options, arguments: &[OsString]) -> u8 {
    let mut sockets = match Sockets::take(&options.listening) {
        Ok(sockets) => sockets,
        Err(error) => return fail(error),
    };
    let listener = match crate::metrics_socket(options) {
        Ok(listener) => listener,
        Err(error) => return fail(error),
    };
    let lines = banner::lines(options, &sockets.bound);
    let spawner = match Spawner::new(arguments, std::mem::take(&mut sockets.bound)) {
        Ok(spawner) => spawner,
        Err(error) => {
            return fail(format_args!("this program cannot be found to be started again: {error}"));
        }
    };
    let policy = Policy {
        workers: options.processes.workers.into(),
        // The worker's own bound is the application's; what it needs beside that is little.
        start: options.times.timeout_startup.saturating_add(Duration::from_secs(10)),
        health: options.processes.timeout_worker_healthcheck,
        stop: settings::whole_end(options),
        ..Policy::default()
    };
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return fail(format_args!("cannot start: {error}")),
    };
    tracing::info!("started parent process [{}]", std::process::id());
    banner::say(&lines);
    let code = runtime.block_on(async {
        let figures = Figures::default();
        if let Some(listener) = listener {
            let figures = figures.clone();
            metrics::serve(listener, move || figures.text())?;
        }
        drive(Machine::new(policy), &spawner, &figures).await
    });
    code.unwrap_or_else(|error| fail(format_args!("cannot supervise: {error}")))
}

// ANCHOR: drive
async fn drive(mut machine: Machine, spawner: &Spawner, figures: &Figures) -> io::Result<u8> {
    let mut asks = asks()?;
    let (report, mut reports) = unbounded_channel();
    let supervisor = Supervisor::of_process();
    let mut workers = BTreeMap::<Id, Worker>::new();
    let begun = Instant::now();
    let mut event = Event::Time;
    loop {
        for action in machine.handle(begun.elapsed(), event) {
            match action {
                Action::Spawn(id) => match spawner.spawn(id, &report) {
                    Ok(worker) => {
                        tracing::info!("worker {id} is process [{}]", worker.pid());
                        figures.change(|figures| figures.starts += 1);
                        drop(workers.insert(id, worker));
                    }
                    Err(error) => {
                        tracing::error!("worker {id} cannot be started: {error}");
                        drop(report.send((id, Report::Exited(Exit::NotStarted))));
                    }
                },
                Action::Terminate(id) => signal_to(&workers, id, Signal::TERM),
                Action::Interrupt(id) => signal_to(&workers, id, Signal::INT),
                Action::Kill(id) => signal_to(&workers, id, Signal::KILL),
                Action::Ready => {
                    tracing::info!("all workers are ready");
                    supervisor.ready();
                }
                Action::Stopping => supervisor.stopping(),
                Action::Say(note) => tracing::warn!("{note}"),
                Action::End(code) => {
                    tracing::info!("stopped");
                    return Ok(code);
                }
            }
        }
        figures.change(|figures| figures.ready = machine.ready());
        let due = machine.deadline().map(|at| begun + at);
        event = tokio::select! {
            biased;
            Some(ask) = asks.recv() => Event::Asked(ask),
            Some((id, report)) = reports.recv() => match report {
                Report::Said(Line::Ready) => {
                    tracing::info!("worker {id} is ready");
                    Event::Ready(id)
                }
                Report::Said(Line::Enough) => Event::Enough(id),
                Report::Said(Line::Beat(snapshot)) => {
                    figures.change(|figures| drop(figures.live.insert(id, snapshot)));
                    Event::Beat(id)
                }
                Report::Exited(exit) => {
                    workers.remove(&id);
                    figures.change(|figures| figures.ended(id));
                    Event::Exited(id, exit)
                }
            },
            () = sleep_until(due.unwrap_or(begun)), if due.is_some() => Event::Time,
        };
    }
}
// ANCHOR_END: drive

fn signal_to(workers: &BTreeMap<Id, Worker>, id: Id, signal: Signal) {
    if let Some(worker) = workers.get(&id) {
        worker.signal(signal);
    }
}

/// What people and programs ask for by signals.
pub(crate) fn asks() -> io::Result<UnboundedReceiver<Ask>> {
    // SIGTTIN and SIGTTOU have other names in no operating system, and no name in Tokio.
    let [more, fewer] =
        [Signal::TTIN, Signal::TTOU].map(|name| SignalKind::from_raw(name.as_raw()));
    let (sender, receiver) = unbounded_channel();
    for (kind, ask) in [
        (SignalKind::terminate(), Ask::Terminate),
        (SignalKind::interrupt(), Ask::Interrupt),
        (SignalKind::hangup(), Ask::Hangup),
        (more, Ask::More),
        (fewer, Ask::Fewer),
    ] {
        let (mut signals, sender) = (signal(kind)?, sender.clone());
        tokio::spawn(
            async move { while signals.recv().await.is_some() && sender.send(ask).is_ok() {} },
        );
    }
    Ok(receiver)
}

/// Starts workers: this program once more, with the same arguments.
pub(crate) struct Spawner {
    program: PathBuf,
    arguments: Vec<OsString>,
    bound: Vec<Bound>,
}

/// What there is to report of a worker.
pub(crate) enum Report {
    Said(Line),
    Exited(Exit),
}

impl Spawner {
    pub(crate) fn new(arguments: &[OsString], bound: Vec<Bound>) -> io::Result<Self> {
        if bound.len() > SOCKETS {
            return Err(io::Error::other(format!(
                "{} sockets are more than {SOCKETS}",
                bound.len()
            )));
        }
        // Asked for once: after the file was replaced, Linux calls it deleted.
        let program = env::current_exe()?;
        let arguments = arguments.iter().skip(1).cloned().collect();
        Ok(Self { program, arguments, bound })
    }

    // ANCHOR: spawn
    /// Starts a worker, and a task that reports of it.
    pub(crate) fn spawn(
        &self,
        id: Id,
        report: &UnboundedSender<(Id, Report)>,
    ) -> io::Result<Worker> {
        let (ours, theirs) = UnixStream::pair()?;
        control::hand_over(&ours, &self.bound)?;
        ours.set_nonblocking(true)?;
        let ours = tokio::net::UnixStream::from_std(ours)?;
        let mut command = Command::new(&self.program);
        command
            .args(&self.arguments)
            .stdin(Stdio::from(OwnedFd::from(theirs)))
            .env(WORKER, std::process::id().to_string())
            // What the terminal sends on Ctrl-C goes to its foreground group. The supervisor is in it, and passes it on in order.
            .process_group(0);
        for name in ["NOTIFY_SOCKET", "LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES"] {
            command.env_remove(name);
        }
        let child = command.spawn()?;
        let pid = child.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?));
        let pid = pid.ok_or_else(|| io::Error::other("it has no number"))?;
        let gone = Arc::new(AtomicBool::new(false));
        tokio::spawn(watch(id, child, ours, Arc::clone(&gone), report.clone()));
        Ok(Worker { pid, gone })
    }
    // ANCHOR_END: spawn
}

/// A process that was started.
pub(crate) struct Worker {
    pid: Pid,
    /// It has been waited for: its number may be somebody else's by now.
    gone: Arc<AtomicBool>,
}

impl Worker {
    pub(crate) fn pid(&self) -> i32 {
        self.pid.as_raw_nonzero().get()
    }

    pub(crate) fn signal(&self, signal: Signal) {
        if !self.gone.load(Ordering::Relaxed) {
            // It may have ended, and not been waited for: then this does nothing.
            let _ = kill_process(self.pid, signal);
        }
    }
}

async fn watch(
    id: Id,
    mut child: Child,
    control: tokio::net::UnixStream,
    gone: Arc<AtomicBool>,
    report: UnboundedSender<(Id, Report)>,
) {
    let mut lines = BufReader::new(control).lines();
    let status = loop {
        tokio::select! {
            biased;
            status = child.wait() => break status,
            Ok(Some(line)) = lines.next_line() => {
                if let Some(line) = Line::parse(&line) {
                    let _ = report.send((id, Report::Said(line)));
                }
            }
            // It says nothing any more, and is about to end.
            else => break child.wait().await,
        }
    };
    gone.store(true, Ordering::Relaxed);
    // What it has said at last: its figures, above all.
    while let Ok(Ok(Some(text))) =
        tokio::time::timeout(Duration::from_millis(10), lines.next_line()).await
    {
        let line = Line::parse(&text);
        let _ = line.map(|line| report.send((id, Report::Said(line))));
    }
    let _ = report.send((id, Report::Exited(status.map_or(Exit::NotStarted, exit))));
}

fn exit(status: ExitStatus) -> Exit {
    match (status.code(), status.signal()) {
        (Some(code), _) => Exit::Code(u8::try_from(code).unwrap_or(u8::MAX)),
        (None, Some(signal)) => Exit::Signal(signal),
        (None, None) => Exit::NotStarted,
    }
}

/// What all workers have counted.
#[derive(Debug, Clone, Default)]
struct Figures {
    sum: Arc<Mutex<Sum>>,
}

#[derive(Debug, Default)]
struct Sum {
    live: BTreeMap<Id, Snapshot>,
    ended: Snapshot,
    ready: usize,
    starts: u64,
}

impl Sum {
    fn ended(&mut self, id: Id) {
        if let Some(last) = self.live.remove(&id) {
            self.ended.add(&last.ended());
        }
    }
}

impl Figures {
    fn change<R>(&self, change: impl FnOnce(&mut Sum) -> R) -> R {
        change(&mut self.sum.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn text(&self) -> String {
        self.change(|sum| {
            let mut all = sum.ended.clone();
            sum.live.values().for_each(|live| all.add(live));
            let mut text = all.text();
            family(&mut text, "tidepool_workers_ready", "gauge", "Workers that serve.");
            line(&mut text, "tidepool_workers_ready", "", sum.ready);
            family(
                &mut text,
                "tidepool_worker_starts_total",
                "counter",
                "Workers that were started.",
            );
            line(&mut text, "tidepool_worker_starts_total", "", sum.starts);
            text
        })
    }
}
