//! Runs a program in a process group of its own, with a bound on its time, and leaves nothing behind.
//!
//! Cargo starts compilers, a test may start servers: whatever a program started is in its group,
//! and the group is killed when the program ends, when its time is up, when the run is cancelled,
//! and when this process is told to stop ([`stop_everything`]).
//!
//! It leaves out: what the output means.
//! On Windows there are no process groups, and the program alone is killed.

use std::io::{self, Read};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// How often a running program's caller is asked whether it still wants the result.
const GLANCE: Duration = Duration::from_millis(20);

/// What is kept of each stream of a program that never stops printing.
const KEPT: usize = 4 << 20;

/// Tells a run that its result is no longer wanted. Clones cancel together.
#[derive(Debug, Clone, Default)]
pub struct Cancel(Arc<AtomicBool>);

impl Cancel {
    /// Ends every run that was given this token, now or later.
    pub fn cancel(&self) {
        self.0.store(true, Ordering::Release);
    }

    /// Whether [`cancel`](Self::cancel) was called.
    pub fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// The program ended by itself.
    Exited(ExitStatus),
    /// Its time was up, and it was killed.
    TimedOut,
    /// The caller lost interest, and it was killed.
    Cancelled,
}

impl End {
    /// Whether the program ended by itself and reported success.
    pub fn success(self) -> bool {
        matches!(self, Self::Exited(status) if status.success())
    }
}

/// What a program printed, and how it ended.
#[derive(Debug, Clone)]
pub struct Output {
    /// Standard output, as far as it is UTF-8.
    pub stdout: String,
    /// Standard error, likewise.
    pub stderr: String,
    /// How it ended.
    pub end: End,
}

/// The groups that run now, and whether new ones may start.
struct Live {
    groups: Vec<u32>,
    stopping: bool,
}

static LIVE: Mutex<Live> = Mutex::new(Live { groups: Vec::new(), stopping: false });

fn live() -> MutexGuard<'static, Live> {
    LIVE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Kills every group that runs, and lets no new one start: the last act before this process ends.
pub fn stop_everything() {
    let mut live = live();
    live.stopping = true;
    for group in live.groups.drain(..) {
        kill_group(group);
    }
}

/// A child whose group is killed and reaped when this is dropped, however that comes about.
struct Leader {
    child: Child,
}

impl Leader {
    /// `None` when [`stop_everything`] was called: nothing may start any more.
    fn spawn(command: &mut Command) -> io::Result<Option<Self>> {
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(command, 0);
        // The lock is held across the start, so that no child is born between a stop and its entry in the list.
        let mut live = live();
        if live.stopping {
            return Ok(None);
        }
        let child = command.spawn()?;
        live.groups.push(child.id());
        Ok(Some(Self { child }))
    }

    /// Kills what is left of the group, then reaps the leader.
    /// In this order, because the group's number is not given away again before the leader is reaped.
    fn finish(&mut self) -> io::Result<ExitStatus> {
        {
            let mut live = live();
            live.groups.retain(|group| *group != self.child.id());
            kill_group(self.child.id());
        }
        if cfg!(not(unix)) {
            // It may have ended already: then there is nothing to kill.
            let _ = self.child.kill();
        }
        self.child.wait()
    }
}

impl Drop for Leader {
    fn drop(&mut self) {
        // There is nobody to tell: the run was given up by a panic or an error.
        let _ = self.finish();
    }
}

#[cfg(unix)]
fn kill_group(group: u32) {
    use rustix::process::{Pid, Signal, kill_process_group};
    if let Some(pid) = i32::try_from(group).ok().and_then(Pid::from_raw) {
        // Nobody left in it is what we want.
        let _ = kill_process_group(pid, Signal::KILL);
    }
}

#[cfg(not(unix))]
fn kill_group(_group: u32) {}

/// Waits until the process has ended, and leaves it to be reaped by its parent.
#[cfg(unix)]
fn wait_until_ended(id: u32) {
    use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};
    let Some(pid) = i32::try_from(id).ok().and_then(Pid::from_raw) else {
        return;
    };
    while let Err(rustix::io::Errno::INTR) =
        waitid(WaitId::Pid(pid), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT)
    {}
}

enum Event {
    Stdout(Vec<u8>),
    Stderr(Vec<u8>),
    StreamEnded,
    #[cfg(unix)]
    Ended,
}

/// Runs `command` to its end, or until `bound` is over or `cancel` is set. Its standard input is empty.
///
/// # Errors
///
/// When the program cannot be started.
pub fn run(command: &mut Command, bound: Option<Duration>, cancel: &Cancel) -> io::Result<Output> {
    run_with(command, bound, cancel, &mut |_| None)
}

/// As [`run`], and calls `on_stdout` for each piece of standard output when it comes.
/// What that returns is the new bound, counted from now.
///
/// # Errors
///
/// When the program cannot be started.
pub fn run_with(
    command: &mut Command,
    bound: Option<Duration>,
    cancel: &Cancel,
    on_stdout: &mut dyn FnMut(&[u8]) -> Option<Duration>,
) -> io::Result<Output> {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut deadline = bound.map(|bound| Instant::now() + bound);
    let spawned = if cancel.is_cancelled() { None } else { Leader::spawn(command)? };
    let Some(mut leader) = spawned else {
        return Ok(Output { stdout: String::new(), stderr: String::new(), end: End::Cancelled });
    };

    let (send, events) = mpsc::channel();
    if let Some(stdout) = leader.child.stdout.take() {
        read_all(stdout, Event::Stdout, send.clone());
    }
    if let Some(stderr) = leader.child.stderr.take() {
        read_all(stderr, Event::Stderr, send.clone());
    }
    #[cfg(unix)]
    {
        let id = leader.child.id();
        thread::spawn(move || {
            wait_until_ended(id);
            // The receiver is gone when the run was given up.
            let _ = send.send(Event::Ended);
        });
    }
    #[cfg(not(unix))]
    drop(send);

    let mut stdout = Vec::new();
    let mut stderr = Vec::new();
    let mut streams = 2;
    let mut end = None;
    // After the leader's end the group is killed, so that the pipes end too. Elsewhere, their end is all there is to see.
    let mut ended = cfg!(not(unix));
    while streams > 0 || !ended {
        match events.recv_timeout(GLANCE) {
            Ok(Event::Stdout(piece)) => {
                if let Some(bound) = on_stdout(&piece) {
                    deadline = Some(Instant::now() + bound);
                }
                keep(&mut stdout, &piece);
            }
            Ok(Event::Stderr(piece)) => keep(&mut stderr, &piece),
            Ok(Event::StreamEnded) => streams -= 1,
            #[cfg(unix)]
            Ok(Event::Ended) => {
                ended = true;
                if streams > 0 {
                    kill_group(leader.child.id());
                }
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => break,
        }
        if end.is_none() && !(cfg!(unix) && ended) {
            if cancel.is_cancelled() {
                end = Some(End::Cancelled);
            } else if deadline.is_some_and(|deadline| Instant::now() >= deadline) {
                end = Some(End::TimedOut);
            }
            if end.is_some() {
                kill_group(leader.child.id());
                if cfg!(not(unix)) {
                    leader.child.kill()?;
                }
            }
        }
    }
    let status = leader.finish()?;
    Ok(Output {
        stdout: String::from_utf8_lossy(&stdout).into_owned(),
        stderr: String::from_utf8_lossy(&stderr).into_owned(),
        end: end.unwrap_or(if cancel.is_cancelled() {
            End::Cancelled
        } else {
            End::Exited(status)
        }),
    })
}

fn keep(kept: &mut Vec<u8>, piece: &[u8]) {
    let room = KEPT.saturating_sub(kept.len());
    kept.extend_from_slice(&piece[..piece.len().min(room)]);
}

fn read_all(
    mut stream: impl Read + Send + 'static,
    event: fn(Vec<u8>) -> Event,
    send: mpsc::Sender<Event>,
) {
    thread::spawn(move || {
        let mut buffer = vec![0; 64 << 10];
        loop {
            match stream.read(&mut buffer) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Ok(0) | Err(_) => break,
                Ok(count) => {
                    if send.send(event(buffer[..count].to_vec())).is_err() {
                        return;
                    }
                }
            }
        }
        // The receiver is gone when the run was given up.
        let _ = send.send(Event::StreamEnded);
    });
}
