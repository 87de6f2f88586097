//! What the learner has done, kept in `.learn/` at the checkout's top.
//!
//! A solved exercise is kept with a fingerprint of the files that passed:
//! where they have changed since, it is known that it must be tried again.
//! The file is read anew before each change, under a lock, and replaced as a whole:
//! two companions at once do not undo each other, and a power cut leaves the old file or the new one.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use catalogue::Exercise;
use serde::{Deserialize, Serialize};

/// The form of the file that this program writes.
const VERSION: u32 = 1;

/// What the learner has done.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    version: u32,
    /// The exercise that the learner was at.
    #[serde(default)]
    pub current: Option<String>,
    #[serde(default)]
    exercises: BTreeMap<String, Entry>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
struct Entry {
    /// The fingerprint with which it passed last.
    passed: Option<String>,
    /// The fingerprint with which it failed last, after it had passed.
    failed: Option<String>,
    /// How many hints were shown.
    hints: usize,
}

/// How far an exercise is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Not solved yet.
    Open,
    /// Its tests pass.
    Solved,
    /// Its tests passed once, and do not now.
    Broken,
    /// Its tests passed, and its files have changed since.
    Changed,
}

impl State {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Solved => "solved",
            Self::Broken => "broken",
            Self::Changed => "changed",
        }
    }
}

impl Progress {
    /// How far the exercise is.
    pub fn state(&self, exercise: &Exercise) -> State {
        let Some(entry) = self.exercises.get(&exercise.name) else {
            return State::Open;
        };
        let Some(passed) = &entry.passed else {
            return State::Open;
        };
        let now = fingerprint(exercise);
        if *passed == now {
            State::Solved
        } else if entry.failed.as_ref() == Some(&now) {
            State::Broken
        } else {
            State::Changed
        }
    }

    /// Notes that the tests passed on files with this fingerprint.
    pub fn passed(&mut self, exercise: &Exercise, fingerprint: String) {
        let entry = self.entry(exercise);
        entry.passed = Some(fingerprint);
        entry.failed = None;
    }

    /// Notes that the tests did not pass on files with this fingerprint.
    pub fn failed(&mut self, exercise: &Exercise, fingerprint: String) {
        let entry = self.entry(exercise);
        if entry.passed.as_ref() == Some(&fingerprint) {
            // The same files passed before: what is below them has changed, or the answer is a matter of luck.
            entry.passed = Some(String::from("other files"));
        }
        if entry.passed.is_some() {
            entry.failed = Some(fingerprint);
        }
    }

    /// Notes that the exercise begins anew.
    pub fn reset(&mut self, exercise: &Exercise) {
        let entry = self.entry(exercise);
        entry.passed = None;
        entry.failed = None;
    }

    /// How many hints of the exercise were shown.
    pub fn hints(&self, exercise: &Exercise) -> usize {
        self.exercises.get(&exercise.name).map_or(0, |entry| entry.hints).min(exercise.hints.len())
    }

    /// Notes how many hints were shown.
    pub fn set_hints(&mut self, exercise: &Exercise, shown: usize) {
        self.entry(exercise).hints = shown;
    }

    fn entry(&mut self, exercise: &Exercise) -> &mut Entry {
        self.exercises.entry(exercise.name.clone()).or_default()
    }
}

/// The folder that keeps it.
#[derive(Debug, Clone)]
pub struct Store {
    folder: PathBuf,
}

/// Progress, and what there is to say about the file it was read from.
#[derive(Debug, Clone, Default)]
pub struct Loaded {
    /// The progress.
    pub progress: Progress,
    /// That the file was damaged, and where it is kept.
    pub notice: Option<String>,
}

impl Store {
    /// The store of the checkout `root`.
    pub fn new(root: &Path) -> Self {
        Self { folder: root.join(".learn") }
    }

    /// Where answers that were thrown away are kept.
    pub fn backups(&self) -> PathBuf {
        self.folder.join("backups")
    }

    fn file(&self) -> PathBuf {
        self.folder.join("progress.json")
    }

    /// Reads the progress. A file that makes no sense is put aside, and the progress begins anew.
    ///
    /// # Errors
    ///
    /// When the file is there and cannot be read or put aside.
    pub fn read(&self) -> Result<Loaded> {
        let file = self.file();
        let bytes = match fs::read(&file) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Ok(Loaded::default());
            }
            Err(error) => {
                return Err(error).with_context(|| format!("{} cannot be read", file.display()));
            }
        };
        let problem = match serde_json::from_slice::<Progress>(&bytes) {
            Ok(progress) if progress.version == VERSION => {
                return Ok(Loaded { progress, notice: None });
            }
            Ok(other) => format!("is of version {}, expected {VERSION}", other.version),
            Err(error) => format!("is damaged ({error})"),
        };
        let aside = unused(&self.folder, "progress-damaged", "json");
        fs::rename(&file, &aside)
            .with_context(|| format!("{} cannot be put aside", file.display()))?;
        Ok(Loaded {
            progress: Progress::default(),
            notice: Some(format!(
                "{} {problem}. It is kept as {}; `cargo learn check` finds again what is solved.",
                file.display(),
                aside.file_name().unwrap_or_default().display()
            )),
        })
    }

    /// Changes the progress, and returns what it is now.
    ///
    /// # Errors
    ///
    /// When the folder cannot be written.
    pub fn update(&self, change: impl FnOnce(&mut Progress)) -> Result<Loaded> {
        let unwritable = || format!("{} cannot be written", self.folder.display());
        fs::create_dir_all(&self.folder).with_context(unwritable)?;
        let lock = File::create(self.folder.join("lock")).with_context(unwritable)?;
        lock.lock().with_context(unwritable)?;
        let mut loaded = self.read()?;
        let before = loaded.progress.clone();
        change(&mut loaded.progress);
        loaded.progress.version = VERSION;
        if loaded.progress != before {
            let mut text = serde_json::to_string_pretty(&loaded.progress)?;
            text.push('\n');
            replace(&self.file(), text.as_bytes()).with_context(unwritable)?;
        }
        Ok(loaded)
    }

    /// Keeps a copy of an answer that is about to be thrown away, and returns where.
    ///
    /// # Errors
    ///
    /// When the copy cannot be written.
    pub fn keep(&self, exercise: &Exercise, answer: &[u8]) -> Result<PathBuf> {
        let folder = self.backups();
        fs::create_dir_all(&folder)
            .with_context(|| format!("{} cannot be made", folder.display()))?;
        let backup = unused(&folder, &exercise.name, "rs");
        replace(&backup, answer)
            .with_context(|| format!("{} cannot be written", backup.display()))?;
        Ok(backup)
    }
}

/// Writes a file so that it is the old one or the new one at every moment.
///
/// # Errors
///
/// When the file cannot be written.
pub fn replace(file: &Path, content: &[u8]) -> std::io::Result<()> {
    let mut name = file.file_name().unwrap_or_default().to_os_string();
    name.push(format!(".{}.new", std::process::id()));
    let new = file.with_file_name(name);
    let written = (|| {
        use std::io::Write as _;
        let mut writer = File::create(&new)?;
        writer.write_all(content)?;
        writer.sync_all()?;
        fs::rename(&new, file)
    })();
    if written.is_err() {
        // What is left of the attempt is of no use; the error that counts is returned.
        let _ = fs::remove_file(&new);
    }
    written
}

/// `NAME-1.EXTENSION`, or the first number after it that no file has.
fn unused(folder: &Path, name: &str, extension: &str) -> PathBuf {
    let mut number = 1;
    loop {
        let path = folder.join(format!("{name}-{number}.{extension}"));
        if !path.exists() {
            return path;
        }
        number += 1;
    }
}

/// Stands for the content of everything that decides whether an exercise's tests pass: answer, tests and manifest.
pub fn fingerprint(exercise: &Exercise) -> String {
    let mut hash = Fnv::new();
    for file in files(exercise) {
        let name = file.strip_prefix(&exercise.dir).unwrap_or(&file);
        hash.add(name.to_string_lossy().as_bytes());
        hash.add(&fs::read(&file).unwrap_or_default());
    }
    format!("{:016x}", hash.0)
}

/// The files of an exercise that its tests depend on, in order of name.
pub fn files(exercise: &Exercise) -> Vec<PathBuf> {
    let mut files = vec![exercise.dir.join("Cargo.toml")];
    for folder in ["src", "tests"] {
        collect(&exercise.dir.join(folder), &mut files);
    }
    files.sort();
    files
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            collect(&path, files);
        } else if is_source(&path) {
            files.push(path);
        }
    }
}

/// Whether it is a Rust file, and not one that an editor keeps beside it.
pub fn is_source(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "rs")
        && path.file_name().is_some_and(|name| !name.as_encoded_bytes().starts_with(b"."))
}

/// FNV-1a, 64 bits: the same on every machine and with every version of Rust.
struct Fnv(u64);

impl Fnv {
    fn new() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }

    fn add(&mut self, bytes: &[u8]) {
        let length = bytes.len().to_le_bytes();
        for byte in length.iter().chain(bytes) {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exercise(folder: &Path) -> Exercise {
        let dir = folder.join("exercises/01-one/1-adder");
        fs::create_dir_all(dir.join("src")).unwrap();
        fs::write(dir.join("src/lib.rs"), "stub").unwrap();
        Exercise {
            name: String::from("adder"),
            number: 1,
            title: String::from("Adder"),
            difficulty: 1,
            minutes: 5,
            solution_dir: folder.join("solutions/01-one/1-adder"),
            dir,
            statement: String::new(),
            hints: vec![String::from("one"), String::from("two")],
            wrong: Vec::new(),
        }
    }

    #[test]
    fn an_exercise_goes_from_open_to_solved_to_broken_and_back() {
        let folder = tempfile::tempdir().unwrap();
        let adder = exercise(folder.path());
        let answer = adder.answer();
        let mut progress = Progress::default();
        assert_eq!(progress.state(&adder), State::Open);

        progress.failed(&adder, fingerprint(&adder));
        assert_eq!(progress.state(&adder), State::Open, "it never passed");

        fs::write(&answer, "solution").unwrap();
        progress.passed(&adder, fingerprint(&adder));
        assert_eq!(progress.state(&adder), State::Solved);

        fs::write(&answer, "worse").unwrap();
        assert_eq!(progress.state(&adder), State::Changed);
        progress.failed(&adder, fingerprint(&adder));
        assert_eq!(progress.state(&adder), State::Broken);

        fs::write(&answer, "another try").unwrap();
        assert_eq!(progress.state(&adder), State::Changed);
        fs::write(&answer, "solution").unwrap();
        assert_eq!(progress.state(&adder), State::Solved, "undone");

        progress.failed(&adder, fingerprint(&adder));
        assert_eq!(progress.state(&adder), State::Broken, "the same files, and the tests fail now");
        progress.reset(&adder);
        assert_eq!(progress.state(&adder), State::Open);
    }

    #[test]
    fn progress_is_read_as_it_was_written() {
        let folder = tempfile::tempdir().unwrap();
        let adder = exercise(folder.path());
        let store = Store::new(folder.path());
        assert_eq!(store.read().unwrap().progress, Progress::default());

        store
            .update(|progress| {
                progress.passed(&adder, fingerprint(&adder));
                progress.set_hints(&adder, 7);
                progress.current = Some(String::from("adder"));
            })
            .unwrap();
        let progress = Store::new(folder.path()).read().unwrap().progress;
        assert_eq!(progress.state(&adder), State::Solved);
        assert_eq!(progress.hints(&adder), 2, "there are no more than two");
        assert_eq!(progress.current.as_deref(), Some("adder"));
        let left: Vec<_> = fs::read_dir(folder.path().join(".learn"))
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect();
        assert_eq!(left.len(), 2, "the file and its lock: {left:?}");
    }

    #[test]
    fn changes_of_two_companions_are_both_kept() {
        let folder = tempfile::tempdir().unwrap();
        let adder = exercise(folder.path());
        let [one, other] = [(); 2].map(|()| Store::new(folder.path()));
        one.update(|progress| progress.set_hints(&adder, 1)).unwrap();
        other.update(|progress| progress.passed(&adder, fingerprint(&adder))).unwrap();
        let progress = one.read().unwrap().progress;
        assert_eq!(progress.hints(&adder), 1);
        assert_eq!(progress.state(&adder), State::Solved);
    }

    #[test]
    fn a_damaged_file_is_put_aside_and_said() {
        for damaged in ["", "{\"version\": 1, \"exerc", "[]", "{\"version\": 99}"] {
            let folder = tempfile::tempdir().unwrap();
            let store = Store::new(folder.path());
            store.update(|progress| progress.current = Some(String::from("adder"))).unwrap();
            fs::write(store.file(), damaged).unwrap();

            let loaded = store.read().unwrap();
            assert_eq!(loaded.progress, Progress::default());
            let notice = loaded.notice.unwrap();
            assert!(notice.contains("progress-damaged-1.json"), "{notice}");
            assert_eq!(
                fs::read_to_string(folder.path().join(".learn/progress-damaged-1.json")).unwrap(),
                damaged
            );
            store.update(|progress| progress.current = Some(String::from("adder"))).unwrap();
            assert!(store.read().unwrap().notice.is_none());
        }
    }

    #[test]
    fn backups_do_not_overwrite_each_other() {
        let folder = tempfile::tempdir().unwrap();
        let adder = exercise(folder.path());
        let store = Store::new(folder.path());
        let first = store.keep(&adder, b"first").unwrap();
        let second = store.keep(&adder, b"second").unwrap();
        assert_eq!(fs::read(first).unwrap(), b"first");
        assert_eq!(fs::read(second).unwrap(), b"second");
    }
}
