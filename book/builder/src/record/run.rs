//! One run: bounded in time, in a process group of its own, with what it printed and drew.

use std::collections::BTreeMap;
use std::fs;
use std::io::{Read, Write, pipe};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::site::Site;

/// How long a run may take that is compared with its recording.
pub const CHECKED: Duration = Duration::from_mins(1);

/// How long a run may take that is recorded.
pub const RECORDED: Duration = Duration::from_mins(5);

/// What came of a run.
#[derive(Debug)]
pub struct Run {
    /// What it printed, on standard output and standard error in their order.
    pub output: String,
    /// Whether it failed.
    pub failed: bool,
    /// How it ended, in words.
    pub status: String,
    /// The pictures that it drew, by file name.
    pub figures: BTreeMap<String, String>,
}

/// What a run's output may name that is no reader's business: folders of this machine.
#[derive(Debug)]
pub struct Surroundings {
    root: PathBuf,
}

impl Surroundings {
    /// Those of a checkout.
    pub fn of(site: &Site) -> Self {
        let root = site.root();
        Self { root: fs::canonicalize(root).unwrap_or_else(|_| root.to_path_buf()) }
    }

    /// An output without folders of this machine: files of ours are named from the checkout's top,
    /// those of the standard library from `library/`, and those of other crates from their folder.
    fn remove_from(&self, output: &str) -> String {
        let own = format!("{}/", self.root.display());
        let mut clean = output.replace(&own, "");
        for mark in ["/lib/rustlib/src/rust/", "/registry/src/"] {
            while let Some(at) = clean.find(mark) {
                let start = clean[..at]
                    .rfind(|c: char| c.is_whitespace() || c == '"' || c == '(')
                    .map_or(0, |at| at + 1);
                let mut end = at + mark.len();
                if mark == "/registry/src/" {
                    // One more folder: the registry's name.
                    end += clean[end..].find('/').map_or(0, |at| at + 1);
                }
                clean.replace_range(start..end, "");
            }
        }
        clean
    }
}

/// Runs a command from the checkout's top.
///
/// # Errors
///
/// When it cannot be started, or when it is not done in time.
pub fn run(
    limit: Duration,
    site: &Site,
    surroundings: &Surroundings,
    mut command: Command,
    stdin: Option<&str>,
) -> Result<Run, String> {
    let scratch = tempfile::tempdir().map_err(|error| format!("no temporary folder: {error}"))?;
    let figures = scratch.path().join("figures");
    fs::create_dir(&figures).map_err(|error| format!("no temporary folder: {error}"))?;
    if command.get_program() == "rustc" {
        // What compiles after all is not left in the checkout.
        command.arg("--out-dir").arg(scratch.path());
    }
    let (mut reader, writer) = pipe().map_err(|error| format!("no pipe: {error}"))?;
    let second = writer.try_clone().map_err(|error| format!("no pipe: {error}"))?;
    command
        .current_dir(site.root())
        .stdin(if stdin.is_some() { Stdio::piped() } else { Stdio::null() })
        .stdout(writer)
        .stderr(second)
        .env("TIMELINE_DIR", &figures)
        .env("RUST_BACKTRACE", "0")
        .env("NO_COLOR", "1")
        .env("PYTHONUNBUFFERED", "1")
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("LC_ALL", "C.UTF-8")
        .env("TZ", "UTC");
    for variable in [
        "RUST_LIB_BACKTRACE",
        "RUST_LOG",
        "CARGO_TERM_COLOR",
        "CLICOLOR_FORCE",
        "FORCE_COLOR",
        "COLUMNS",
    ] {
        command.env_remove(variable);
    }
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    let mut child = command.spawn().map_err(|error| {
        format!("cannot start {}: {error}", command.get_program().to_string_lossy())
    })?;
    // The command holds the pipe's writing end: the output ends when nobody does.
    drop(command);
    if let (Some(mut input), Some(text)) = (child.stdin.take(), stdin.map(str::to_owned)) {
        // A program that does not read it all closes the pipe, which is its right.
        thread::spawn(move || drop(input.write_all(text.as_bytes())));
    }
    let output = thread::spawn(move || {
        let mut bytes = Vec::new();
        let read = reader.read_to_end(&mut bytes);
        (bytes, read)
    });
    let status = wait(&mut child, limit);
    let (bytes, read) = output.join().map_err(|_| String::from("the output could not be read"))?;
    read.map_err(|error| format!("the output could not be read: {error}"))?;
    let output = surroundings.remove_from(&String::from_utf8_lossy(&bytes));
    let status =
        status.map_err(|error| format!("cannot wait for it: {error}"))?.ok_or_else(|| {
            format!(
                "was not done in {} s and was killed; it had printed:\n{output}",
                limit.as_secs()
            )
        })?;
    Ok(Run {
        output,
        failed: !status.success(),
        status: status.to_string(),
        figures: drawn(&figures)?,
    })
}

/// Waits for a process, and kills its group when it has ended or its time is over.
fn wait(child: &mut Child, limit: Duration) -> std::io::Result<Option<ExitStatus>> {
    let began = Instant::now();
    let mut pause = Duration::from_millis(1);
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break Some(status);
        }
        if began.elapsed() > limit {
            break None;
        }
        thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(20));
    };
    kill_group(child);
    if status.is_none() {
        child.wait()?;
    }
    Ok(status)
}

/// Kills what a process has started, and the process itself where it still runs.
fn kill_group(child: &mut Child) {
    #[cfg(unix)]
    {
        use rustix::process::{Pid, Signal, kill_process_group};
        // An error says that nobody is left.
        let _ = kill_process_group(Pid::from_child(child), Signal::KILL);
    }
    #[cfg(not(unix))]
    let _ = child.kill();
}

/// The files that a run drew.
fn drawn(folder: &Path) -> Result<BTreeMap<String, String>, String> {
    let unreadable = |error: std::io::Error| format!("a figure cannot be read: {error}");
    let mut figures = BTreeMap::new();
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        let text = fs::read_to_string(entry.path()).map_err(unreadable)?;
        figures.insert(entry.file_name().to_string_lossy().into_owned(), text);
    }
    Ok(figures)
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use crate::fixture::Fixture;

    fn shell(script: &str, limit: Duration) -> Result<Run, String> {
        let fixture = Fixture::new();
        let site = fixture.site();
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        run(limit, &site, &Surroundings::of(&site), command, Some("tea\n"))
    }

    #[test]
    fn both_outputs_are_kept_in_their_order() {
        let run = shell("echo one; echo two >&2; cat; echo three; exit 3", CHECKED).unwrap();
        assert_eq!(run.output, "one\ntwo\ntea\nthree\n");
        assert!(run.failed);
        assert_eq!(run.status, "exit status: 3");
    }

    #[test]
    fn a_run_without_end_is_killed_with_all_that_it_started() {
        let message = shell("echo begun; sleep 600 & wait", Duration::ZERO).unwrap_err();
        assert!(message.contains("was not done in 0 s and was killed"), "{message}");
    }

    #[test]
    fn what_a_run_leaves_behind_does_not_hold_its_output() {
        let run = shell("sleep 600 & echo done", CHECKED).unwrap();
        assert_eq!(run.output, "done\n");
    }

    #[test]
    fn colours_and_backtraces_are_off_and_figures_are_collected() {
        let run =
            shell("echo $NO_COLOR $RUST_BACKTRACE; echo '<svg/>' > $TIMELINE_DIR/tea.svg", CHECKED)
                .unwrap();
        assert_eq!(run.output, "1 0\n");
        assert_eq!(run.figures.get("tea.svg").map(String::as_str), Some("<svg/>\n"));
    }

    #[test]
    fn folders_of_this_machine_are_removed() {
        let surroundings = Surroundings { root: PathBuf::from("/home/judit/tidepool") };
        assert_eq!(
            surroundings.remove_from(
                " --> /home/judit/tidepool/chapters/a.rs:1\n --> /home/judit/.rustup/toolchains/x/lib/rustlib/src/rust/library/std/src/a.rs:2\n --> /home/judit/.cargo/registry/src/index.crates.io-1/tokio-1.0/src/a.rs:3\n"
            ),
            " --> chapters/a.rs:1\n --> library/std/src/a.rs:2\n --> tokio-1.0/src/a.rs:3\n"
        );
    }
}
