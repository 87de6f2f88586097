//! What the commands and the screen have in common: a checkout, its bench, and the learner's progress.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use catalogue::{Chapter, Exercise, Tree};

use crate::progress::{self, Loaded, Progress, State, Store};
use crate::show;
use crate::text::Palette;
use crate::trial::{Bench, Verdict};

/// A checkout in which somebody learns.
#[derive(Debug, Clone)]
pub struct Session {
    /// The chapters and their exercises.
    pub tree: Tree,
    /// Where exercises are tried.
    pub bench: Bench,
    /// Where progress is kept.
    pub store: Store,
    /// The looks.
    pub palette: Palette,
}

impl Session {
    /// Opens the checkout that holds the folder `start`.
    ///
    /// # Errors
    ///
    /// When there is none, or when its tree cannot be read.
    pub fn open(start: &Path, bound: Duration, palette: Palette) -> Result<Self> {
        let start = start.canonicalize().context("the current folder is gone")?;
        let tree = Tree::find(&start)?;
        Ok(Self {
            bench: Bench::new(&tree.root, bound, palette.color()),
            store: Store::new(&tree.root),
            tree,
            palette,
        })
    }

    /// The exercises in the book's order, each with its chapter.
    pub fn exercises(&self) -> Vec<(&Chapter, &Exercise)> {
        self.tree.exercises().collect()
    }

    /// A path as a reader types it.
    pub fn shown(&self, path: &Path) -> String {
        show::path(&self.tree.root, path)
    }

    /// The exercise to go on with: the one that the learner was at, unless it is solved;
    /// then the first after it that is not, or the first of all. `None` when all are solved.
    pub fn current(&self, progress: &Progress) -> Option<&Exercise> {
        let exercises = self.exercises();
        let at = progress
            .current
            .as_ref()
            .and_then(|name| exercises.iter().position(|(_, exercise)| exercise.name == *name));
        let (before, after) = exercises.split_at(at.unwrap_or(0));
        after
            .iter()
            .chain(before)
            .map(|(_, exercise)| *exercise)
            .find(|exercise| progress.state(exercise) != State::Solved)
    }

    /// Keeps what came of a trial of the exercise with this fingerprint.
    ///
    /// # Errors
    ///
    /// When progress cannot be written.
    pub fn note(
        &self,
        exercise: &Exercise,
        fingerprint: &str,
        verdict: &Verdict,
    ) -> Result<Loaded> {
        let fingerprint = fingerprint.to_owned();
        match verdict {
            Verdict::Passed { .. } => {
                self.store.update(|progress| progress.passed(exercise, fingerprint))
            }
            // Neither says anything about the answer.
            Verdict::Cancelled | Verdict::NotBuilt { .. } => self.store.read(),
            _ => self.store.update(|progress| progress.failed(exercise, fingerprint)),
        }
    }

    /// The stub as it was shipped: beside the solution; failing that, as git has it.
    ///
    /// # Errors
    ///
    /// When neither is to be had.
    pub fn stub(&self, exercise: &Exercise) -> Result<String> {
        fs::read_to_string(exercise.stub())
            .ok()
            .or_else(|| committed(&self.tree.root, &exercise.answer()))
            .ok_or_else(|| {
                anyhow!(
                    "the stub of {} is neither at {} nor in git",
                    exercise.name,
                    self.shown(&exercise.stub())
                )
            })
    }

    /// Whether the answer is the stub as it was shipped.
    ///
    /// # Errors
    ///
    /// When the stub is not to be had.
    pub fn untouched(&self, exercise: &Exercise) -> Result<bool> {
        let stub = self.stub(exercise)?.replace("\r\n", "\n");
        Ok(fs::read_to_string(exercise.answer())
            .is_ok_and(|answer| answer.replace("\r\n", "\n") == stub))
    }

    /// Puts the stub in the answer's place, and keeps the answer.
    /// Returns where it is kept; `None` when there was nothing to throw away.
    ///
    /// # Errors
    ///
    /// When the answer cannot be kept: then it is not thrown away. When the stub cannot be written.
    pub fn reset(&self, exercise: &Exercise) -> Result<Option<PathBuf>> {
        let stub = self.stub(exercise)?;
        let file = exercise.answer();
        let kept = match fs::read(&file) {
            _ if self.untouched(exercise)? => None,
            Ok(answer) => Some(self.store.keep(exercise, &answer)?),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
            Err(error) => {
                return Err(error).with_context(|| format!("{} cannot be read", file.display()));
            }
        };
        progress::replace(&file, stub.as_bytes())
            .with_context(|| format!("{} cannot be written", file.display()))?;
        self.store.update(|progress| progress.reset(exercise))?;
        Ok(kept)
    }
}

/// The file as git has it in HEAD; `None` without git, or where it was never committed.
pub fn committed(root: &Path, file: &Path) -> Option<String> {
    let relative = file.strip_prefix(root).ok()?.to_str()?.replace('\\', "/");
    let output = Command::new("git")
        .arg("-C")
        .arg(root)
        .arg("show")
        .arg(format!("HEAD:./{relative}"))
        .output()
        .ok()?;
    output.status.success().then(|| String::from_utf8(output.stdout).ok()).flatten()
}
