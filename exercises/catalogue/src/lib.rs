//! Finds the chapters, exercises and solutions in the tree.
//!
//! The folders are the catalogue: nothing lists the exercises a second time.
//! The book's table of contents (`book/src/SUMMARY.md`) gives the parts and the order of the chapters,
//! `exercises/NN-chapter/N-name/` holds an exercise, and the folder of the same name under `solutions/` its solution.
//! The book's builder and the exercise runner both read the tree through this crate, and start [Cargo](cargo()) in it.
//!
//! It leaves out: what is built, what is run, and how any of it is shown.

mod cargo;

use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;

pub use cargo::cargo;

/// What can be wrong with the tree.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No folder above the start holds both `book/src/SUMMARY.md` and `exercises/`.
    #[error(
        "no Tidepool checkout at {start} or above it: expected a folder with book/src/SUMMARY.md and exercises/; run this inside the cloned repository"
    )]
    NotACheckout {
        /// Where the search began.
        start: PathBuf,
    },
    /// A file that must be there could not be read.
    #[error("cannot read {path}: {source}")]
    Read {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// A file was read, but it does not say what it must.
    #[error("{path}:{line}: {problem}")]
    Malformed {
        /// The file.
        path: PathBuf,
        /// The line, counted from 1.
        line: usize,
        /// What was expected, and what came.
        problem: String,
    },
    /// A name that no exercise has.
    #[error("no exercise is called `{name}`{}", suggestion(.nearest.as_deref()))]
    UnknownExercise {
        /// The name asked for.
        name: String,
        /// The nearest name there is, if one is near.
        nearest: Option<String>,
    },
}

fn suggestion(nearest: Option<&str>) -> String {
    match nearest {
        Some(near) => {
            format!("; did you mean `{near}`? (`cargo learn list` shows every name)")
        }
        None => String::from("; `cargo learn list` shows every name"),
    }
}

/// The whole tree: the chapters in the book's order.
#[derive(Debug, Clone)]
pub struct Tree {
    /// The checkout's top folder.
    pub root: PathBuf,
    /// The chapters that are written, in the order of the table of contents.
    pub chapters: Vec<Chapter>,
}

/// A chapter that is written.
#[derive(Debug, Clone)]
pub struct Chapter {
    /// Number and name, as in file and folder names: `01-one-at-a-time`.
    pub slug: String,
    /// The number alone: `1`.
    pub number: u32,
    /// The name alone, which is the package's name: `one-at-a-time`.
    pub package: String,
    /// The title in the table of contents: `One at a time`.
    pub title: String,
    /// The part it stands in: `Part I: Waiting`.
    pub part: String,
    /// The chapter's exercises, in order.
    pub exercises: Vec<Exercise>,
}

/// An exercise, with its solution and the wrong answers to it.
#[derive(Debug, Clone)]
pub struct Exercise {
    /// Its name, which is its package's name: `run-queue`.
    pub name: String,
    /// Its place within the chapter, counted from 1.
    pub number: u32,
    /// The heading of its statement: `Run queue`.
    pub title: String,
    /// 1 (settles an idea), 2 (builds something with it) or 3 (takes thought).
    pub difficulty: u8,
    /// How long a reader may take, in minutes.
    pub minutes: u32,
    /// The exercise's folder.
    pub dir: PathBuf,
    /// The solution's folder.
    pub solution_dir: PathBuf,
    /// The statement: the exercise's README.md without its heading.
    pub statement: String,
    /// The hints, from gentle to plain.
    pub hints: Vec<String>,
    /// Answers that must fail, in order of name.
    pub wrong: Vec<WrongAnswer>,
}

/// An answer that must fail, and the test that must catch it.
#[derive(Debug, Clone)]
pub struct WrongAnswer {
    /// The file's name without `.rs`: `flag-cleared-late`.
    pub name: String,
    /// The file: `solutions/NN-chapter/N-name/wrong/NAME.rs`.
    pub path: PathBuf,
    /// The misunderstanding, in one sentence: the file's first `//!` line.
    pub idea: String,
    /// The test that must fail: the file's `//! caught by:` line.
    pub caught_by: String,
}

impl Exercise {
    /// The one file that a learner edits.
    pub fn answer(&self) -> PathBuf {
        self.dir.join("src/lib.rs")
    }

    /// The file of tests that exercise and solution share.
    pub fn tests(&self) -> PathBuf {
        self.dir.join("tests").join(format!("{}.rs", self.name.replace('-', "_")))
    }

    /// The stub as it was shipped, from which `cargo learn reset` restores the answer.
    pub fn stub(&self) -> PathBuf {
        self.solution_dir.join("stub.rs")
    }

    /// The discussion of the solution.
    pub fn discussion(&self) -> PathBuf {
        self.solution_dir.join("README.md")
    }

    /// The solution's package: `run-queue-solution`.
    pub fn solution_package(&self) -> String {
        format!("{}-solution", self.name)
    }
}

impl Chapter {
    /// The chapter's prose: `book/src/SLUG.md`, relative to the checkout.
    pub fn prose(&self) -> PathBuf {
        Path::new("book/src").join(format!("{}.md", self.slug))
    }

    /// The chapter's crate: `chapters/SLUG`, relative to the checkout.
    pub fn crate_dir(&self) -> PathBuf {
        Path::new("chapters").join(&self.slug)
    }
}

impl Tree {
    /// Reads the tree of the checkout that holds `start`.
    ///
    /// # Errors
    ///
    /// When `start` is in no checkout, when a file cannot be read, or when one does not say what it must.
    pub fn find(start: &Path) -> Result<Self, Error> {
        let root = start
            .ancestors()
            .find(|dir| dir.join("book/src/SUMMARY.md").is_file() && dir.join("exercises").is_dir())
            .ok_or_else(|| Error::NotACheckout { start: start.to_path_buf() })?;
        Self::read(root)
    }

    /// Reads the tree whose top folder is `root`.
    ///
    /// # Errors
    ///
    /// When a file cannot be read, or when one does not say what it must.
    pub fn read(root: &Path) -> Result<Self, Error> {
        let summary_path = root.join("book/src/SUMMARY.md");
        let mut chapters = Vec::new();
        let mut part = String::new();
        for (index, line) in read(&summary_path)?.lines().enumerate() {
            if let Some(title) = line.strip_prefix("# ") {
                title.trim().clone_into(&mut part);
            } else if let Some((title, slug)) = chapter_entry(line) {
                let malformed = |problem| Error::Malformed {
                    path: summary_path.clone(),
                    line: index + 1,
                    problem,
                };
                let (number, package) = numbered(slug).ok_or_else(|| {
                    malformed(format!(
                        "expected a chapter file like 07-executor.md, found {slug}.md"
                    ))
                })?;
                chapters.push(Chapter {
                    slug: slug.to_owned(),
                    number,
                    package: package.to_owned(),
                    title: title.to_owned(),
                    part: part.clone(),
                    exercises: exercises_of(root, slug)?,
                });
            }
        }
        Ok(Self { root: root.to_path_buf(), chapters })
    }

    /// All exercises, in the book's order, each with its chapter.
    pub fn exercises(&self) -> impl Iterator<Item = (&Chapter, &Exercise)> {
        self.chapters
            .iter()
            .flat_map(|chapter| chapter.exercises.iter().map(move |exercise| (chapter, exercise)))
    }

    /// The exercise called `name`, with its chapter.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownExercise`], with the nearest name there is.
    pub fn exercise(&self, name: &str) -> Result<(&Chapter, &Exercise), Error> {
        self.exercises().find(|(_, exercise)| exercise.name == name).ok_or_else(|| {
            Error::UnknownExercise {
                name: name.to_owned(),
                nearest: self
                    .exercises()
                    .map(|(_, exercise)| {
                        (strsim::damerau_levenshtein(&exercise.name, name), exercise)
                    })
                    .filter(|(distance, exercise)| {
                        *distance <= exercise.name.len().max(name.len()) / 2
                    })
                    .min_by_key(|(distance, _)| *distance)
                    .map(|(_, exercise)| exercise.name.clone()),
            }
        })
    }
}

/// `- [One at a time](01-one-at-a-time.md)` is a chapter; a draft (`[Tasks]()`) and an unnumbered page are none.
fn chapter_entry(line: &str) -> Option<(&str, &str)> {
    let entry = line.trim_start().strip_prefix("- [")?;
    let (title, target) = entry.split_once("](")?;
    let slug = target.trim_end().strip_suffix(".md)")?;
    slug.starts_with(|c: char| c.is_ascii_digit()).then_some((title, slug))
}

/// `07-executor` is `(7, "executor")`.
fn numbered(name: &str) -> Option<(u32, &str)> {
    let (number, rest) = name.split_once('-')?;
    Some((number.parse().ok()?, rest))
}

fn exercises_of(root: &Path, slug: &str) -> Result<Vec<Exercise>, Error> {
    let folder = root.join("exercises").join(slug);
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let mut exercises = Vec::new();
    for entry in entries(&folder)? {
        let file_name = entry.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let Some((number, name)) = numbered(&file_name) else {
            continue;
        };
        let solution_dir = root.join("solutions").join(slug).join(&file_name);
        exercises.push(read_exercise(number, name, entry.clone(), solution_dir)?);
    }
    exercises.sort_by_key(|exercise| exercise.number);
    Ok(exercises)
}

/// The parts of an exercise's Cargo.toml that this crate reads.
#[derive(Deserialize)]
struct Manifest {
    package: Package,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    metadata: Metadata,
}

#[derive(Deserialize)]
struct Metadata {
    exercise: About,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct About {
    difficulty: u8,
    minutes: u32,
}

fn read_exercise(
    number: u32,
    name: &str,
    dir: PathBuf,
    solution_dir: PathBuf,
) -> Result<Exercise, Error> {
    let manifest_path = dir.join("Cargo.toml");
    let text = read(&manifest_path)?;
    let malformed = |line, problem| Error::Malformed { path: manifest_path.clone(), line, problem };
    let manifest: Manifest = toml::from_str(&text).map_err(|error| {
        let at = error.span().map_or(0, |span| span.start.min(text.len()));
        malformed(text[..at].matches('\n').count() + 1, error.message().to_owned())
    })?;
    if manifest.package.name != name {
        let problem = format!(
            "expected the package to be called `{name}` like its folder, found `{}`",
            manifest.package.name
        );
        return Err(malformed(1, problem));
    }
    let about = manifest.package.metadata.exercise;
    if !(1..=3).contains(&about.difficulty) {
        return Err(malformed(
            1,
            format!("expected a difficulty of 1, 2 or 3, found {}", about.difficulty),
        ));
    }

    let readme_path = dir.join("README.md");
    let readme = read(&readme_path)?;
    let (heading, statement) = readme.split_once('\n').unwrap_or((&readme, ""));
    let title = heading.strip_prefix("# ").ok_or_else(|| Error::Malformed {
        path: readme_path.clone(),
        line: 1,
        problem: format!("expected a heading like `# Run queue`, found `{heading}`"),
    })?;
    let hints = hints(&read(&dir.join("hints.md"))?);
    Ok(Exercise {
        name: name.to_owned(),
        number,
        title: title.trim().to_owned(),
        difficulty: about.difficulty,
        minutes: about.minutes,
        statement: statement.trim().to_owned(),
        hints,
        wrong: wrong_answers(&solution_dir)?,
        dir,
        solution_dir,
    })
}

/// `hints.md` holds one hint under each second-level heading; the headings' words are not shown.
fn hints(text: &str) -> Vec<String> {
    let mut hints: Vec<String> = Vec::new();
    for line in text.lines() {
        if line.starts_with("## ") {
            hints.push(String::new());
        } else if let Some(hint) = hints.last_mut() {
            hint.push_str(line);
            hint.push('\n');
        }
    }
    hints.iter().map(|hint| hint.trim().to_owned()).collect()
}

fn wrong_answers(solution_dir: &Path) -> Result<Vec<WrongAnswer>, Error> {
    let folder = solution_dir.join("wrong");
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let mut answers = Vec::new();
    for path in entries(&folder)? {
        if path.extension().is_none_or(|extension| extension != "rs") {
            continue;
        }
        let text = read(&path)?;
        let mut header = text.lines().map_while(|line| line.strip_prefix("//!")).map(str::trim);
        let idea = header.next().filter(|line| !line.is_empty() && !line.starts_with("caught by:"));
        let caught_by = header.find_map(|line| line.strip_prefix("caught by:"));
        let (Some(idea), Some(caught_by)) = (idea, caught_by) else {
            return Err(Error::Malformed {
                path,
                line: 1,
                problem: String::from(
                    "expected a header of `//! THE MISUNDERSTANDING IN ONE SENTENCE` and then `//! caught by: TEST_NAME`",
                ),
            });
        };
        answers.push(WrongAnswer {
            name: path.file_stem().unwrap_or_default().to_string_lossy().into_owned(),
            idea: idea.to_owned(),
            caught_by: caught_by.trim().to_owned(),
            path,
        });
    }
    Ok(answers)
}

/// The entries of a folder, in order of name.
fn entries(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let unreadable = |source| Error::Read { path: folder.to_path_buf(), source };
    let mut paths = fs::read_dir(folder)
        .and_then(|entries| entries.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>, _>>())
        .map_err(unreadable)?;
    paths.sort();
    Ok(paths)
}

fn read(path: &Path) -> Result<String, Error> {
    fs::read_to_string(path).map_err(|source| Error::Read { path: path.to_path_buf(), source })
}
