//! Asks Cargo to build tests, and reads its messages: which programs there are to run, and what the compiler said.
//!
//! Cargo's own running of tests is left out: it cannot bound a test's time,
//! and what it prints around a test is noise to somebody who wants one message.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::process::{self, Cancel, End};

/// Cargo in one workspace, with a target folder of its own.
#[derive(Debug, Clone)]
pub struct Cargo {
    /// The workspace's top folder.
    pub workspace: PathBuf,
    /// Where it builds; not where an editor builds, so that neither waits for the other's lock.
    pub target: PathBuf,
    /// Whether the compiler's messages are coloured.
    pub color: bool,
}

/// A test program that was built.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TestProgram {
    /// The folder of its package.
    pub package: PathBuf,
    /// The test file's name without `.rs`.
    pub name: String,
    /// The program.
    pub path: PathBuf,
}

/// What Cargo has built.
#[derive(Debug, Clone, Copy)]
pub enum Built<'a> {
    /// A crate; it was not there before.
    Crate,
    /// A test program, new or not.
    Program(&'a TestProgram),
}

/// What the compiler said about one package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// The folder of the package.
    pub package: PathBuf,
    /// Whether it is an error, and not a warning.
    pub error: bool,
    /// The message as rustc shows it.
    pub rendered: String,
}

/// What came of a build.
#[derive(Debug, Clone)]
pub struct Build {
    /// The test programs that could be built.
    pub programs: Vec<TestProgram>,
    /// The compiler's errors and warnings, in the order they came, each once.
    pub diagnostics: Vec<Diagnostic>,
    /// What Cargo itself said.
    pub cargo: String,
    /// How Cargo ended.
    pub end: End,
}

impl Build {
    /// The errors and warnings of the package in `folder`.
    pub fn of<'a>(&'a self, folder: &'a Path) -> impl Iterator<Item = &'a Diagnostic> {
        self.diagnostics.iter().filter(move |diagnostic| diagnostic.package == folder)
    }

    /// Cargo's own complaint where the compiler had none: a broken manifest, a crate that cannot be had.
    pub fn complaint(&self) -> &str {
        self.cargo.find("error").map_or(self.cargo.as_str(), |at| &self.cargo[at..]).trim_end()
    }
}

/// One line of Cargo's `--message-format json`, as far as it matters here.
#[derive(Deserialize)]
#[serde(tag = "reason")]
enum Message {
    #[serde(rename = "compiler-artifact")]
    Artifact {
        manifest_path: PathBuf,
        target: Target,
        profile: Profile,
        executable: Option<PathBuf>,
        fresh: bool,
    },
    #[serde(rename = "compiler-message")]
    Diagnostic { manifest_path: PathBuf, message: Rustc },
    #[serde(other)]
    Other,
}

#[derive(Deserialize)]
struct Target {
    name: String,
}

#[derive(Deserialize)]
struct Profile {
    test: bool,
}

#[derive(Deserialize)]
struct Rustc {
    level: String,
    rendered: Option<String>,
    spans: Vec<serde::de::IgnoredAny>,
    code: Option<serde::de::IgnoredAny>,
}

impl Cargo {
    /// Runs `cargo SUBCOMMAND ARGUMENTS` and reads its messages.
    /// `on_built` is called for each crate and each test program when it is built.
    ///
    /// # Errors
    ///
    /// When Cargo cannot be started.
    pub fn build(
        &self,
        subcommand: &str,
        arguments: &[OsString],
        cancel: &Cancel,
        on_built: &mut dyn FnMut(Built<'_>),
    ) -> io::Result<Build> {
        let mut command = catalogue::cargo();
        command
            .arg(subcommand)
            .arg("--message-format")
            .arg(if self.color { "json-diagnostic-rendered-ansi" } else { "json" })
            .arg("--target-dir")
            .arg(&self.target)
            .args(arguments)
            .current_dir(&self.workspace)
            .env("CARGO_TERM_PROGRESS_WHEN", "never")
            .env("CARGO_TERM_QUIET", "true");

        let mut build = Build {
            programs: Vec::new(),
            diagnostics: Vec::new(),
            cargo: String::new(),
            end: End::Cancelled,
        };
        let mut pending = Vec::new();
        let output = process::run_with(&mut command, None, cancel, &mut |piece| {
            pending.extend_from_slice(piece);
            while let Some(end) = pending.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = pending.drain(..=end).collect();
                let Ok(message) = serde_json::from_slice(&line) else { continue };
                if matches!(message, Message::Artifact { fresh: false, .. }) {
                    on_built(Built::Crate);
                }
                if let Some(program) = build.note(message) {
                    on_built(Built::Program(&program));
                    build.programs.push(program);
                }
            }
            None
        })?;
        build.cargo = output.stderr;
        build.end = output.end;
        Ok(build)
    }
}

impl Build {
    fn note(&mut self, message: Message) -> Option<TestProgram> {
        match message {
            Message::Artifact {
                manifest_path, target, profile, executable: Some(path), ..
            } if profile.test => {
                Some(TestProgram { package: folder(manifest_path), name: target.name, path })
            }
            Message::Diagnostic { manifest_path, message } => {
                let error = message.level.starts_with("error");
                // "aborting due to 2 previous errors" and "1 warning emitted" say nothing that was not said.
                let summary = message.spans.is_empty() && message.code.is_none();
                let tells = error || message.level == "warning";
                if let Some(rendered) = message.rendered.filter(|text| tells && !text.is_empty())
                    && !(summary && is_summary(&rendered))
                {
                    let diagnostic = Diagnostic { package: folder(manifest_path), error, rendered };
                    if !self.diagnostics.contains(&diagnostic) {
                        self.diagnostics.push(diagnostic);
                    }
                }
                None
            }
            Message::Artifact { .. } | Message::Other => None,
        }
    }
}

fn is_summary(rendered: &str) -> bool {
    let plain = anstream::adapter::strip_str(rendered).to_string();
    plain.contains("aborting due to")
        || plain.contains(" emitted")
        || plain.starts_with("Some errors have detailed explanations")
        || plain.starts_with("For more information about this error")
}

fn folder(manifest: PathBuf) -> PathBuf {
    let mut folder = manifest;
    folder.pop();
    folder
}
