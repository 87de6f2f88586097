//! What a chapter records: `recordings.toml`, and the files under `recorded/`.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use toml::Spanned;

use crate::packages::line_at;
use crate::problem::Problem;

/// The recordings of one chapter.
#[derive(Debug, Clone)]
pub struct Recordings {
    /// The chapter's folder, relative to the checkout.
    pub dir: PathBuf,
    /// The recordings, in the file's order.
    pub list: Vec<Recording>,
}

/// One recorded run.
#[derive(Debug, Clone)]
pub struct Recording {
    /// Its name, which is its file's: `recorded/NAME.txt`.
    pub name: String,
    /// The command that the reader sees, run from the checkout's top.
    pub command: String,
    /// How far a fresh run may differ.
    pub kind: Kind,
    /// For a measured run: the command that the check runs instead, at a smaller size.
    pub small: Option<String>,
    /// Whether the words of a measured run depend on what was measured: then only the number of lines is compared.
    pub words_vary: bool,
    /// The pictures that the run draws: `figures/NAME.svg` and `figures/NAME.json`.
    pub figures: Vec<String>,
    /// Programs of others that the run starts. Where one is missing, it is skipped.
    pub needs: Vec<String>,
    /// What the program reads from its standard input.
    pub stdin: Option<String>,
    /// Where `recordings.toml` says it, counted from 1.
    pub line: usize,
}

/// How far a fresh run may differ from the recorded one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Not at all.
    Exact,
    /// In its numbers: they depend on the machine and the day, which the recording names.
    Measured,
    /// Not at all, and the command must fail: a program that must not compile, or one that must panic.
    Error,
}

impl Kind {
    /// The word in `recordings.toml` and in the page's `data-kind`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::Measured => "measured",
            Self::Error => "error",
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    recording: Vec<Spanned<Entry>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    name: String,
    command: String,
    kind: Kind,
    small: Option<String>,
    #[serde(default, rename = "words-vary")]
    words_vary: bool,
    #[serde(default)]
    figures: Vec<String>,
    #[serde(default)]
    needs: Vec<String>,
    stdin: Option<String>,
}

impl Recordings {
    /// Reads every `chapters/*/recordings.toml`. What cannot be read becomes a problem.
    pub fn read_all(root: &Path, problems: &mut Vec<Problem>) -> HashMap<PathBuf, Self> {
        let mut all = HashMap::new();
        for entry in fs::read_dir(root.join("chapters")).into_iter().flatten().flatten() {
            let dir = Path::new("chapters").join(entry.file_name());
            let Ok(text) = fs::read_to_string(root.join(&dir).join("recordings.toml")) else {
                continue;
            };
            let recordings = Self::parse(dir, &text, problems);
            all.insert(recordings.dir.clone(), recordings);
        }
        all
    }

    /// Reads the text of a `recordings.toml` in `dir`.
    pub fn parse(dir: PathBuf, text: &str, problems: &mut Vec<Problem>) -> Self {
        let path = dir.join("recordings.toml");
        let file: File = toml::from_str(text).unwrap_or_else(|error| {
            let at = error.span().map_or(0, |span| span.start);
            problems.push(Problem::new(&path, line_at(text, at), error.message()));
            File { recording: Vec::new() }
        });
        let mut list: Vec<Recording> = Vec::new();
        for entry in file.recording {
            let line = line_at(text, entry.span().start);
            let entry = entry.into_inner();
            if entry.small.is_some() && entry.kind != Kind::Measured {
                problems.push(Problem::new(
                    &path,
                    line,
                    format!(
                        "`{}` has a small command, which only a measured recording may have",
                        entry.name
                    ),
                ));
            }
            if entry.words_vary && entry.kind != Kind::Measured {
                problems.push(Problem::new(
                    &path,
                    line,
                    format!(
                        "`{}` has words that vary, which only a measured recording may have",
                        entry.name
                    ),
                ));
            }
            if list.iter().any(|other| other.name == entry.name) {
                problems.push(Problem::new(
                    &path,
                    line,
                    format!("a second recording is called `{}`", entry.name),
                ));
                continue;
            }
            list.push(Recording {
                name: entry.name,
                command: entry.command,
                kind: entry.kind,
                small: entry.small,
                words_vary: entry.words_vary,
                figures: entry.figures,
                needs: entry.needs,
                stdin: entry.stdin,
                line,
            });
        }
        Self { dir, list }
    }

    /// `recordings.toml`, relative to the checkout.
    pub fn path(&self) -> PathBuf {
        self.dir.join("recordings.toml")
    }

    /// The recording called `name`.
    pub fn get(&self, name: &str) -> Option<&Recording> {
        self.list.iter().find(|recording| recording.name == name)
    }

    /// The file that holds what `recording` printed, relative to the checkout.
    pub fn file(&self, recording: &Recording) -> PathBuf {
        self.dir.join("recorded").join(format!("{}.txt", recording.name))
    }
}

/// A recorded file taken apart: where it was measured, and what was printed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    /// For a measured run, one line like `Measured on … , on 2026-11-21.`
    pub measured: Option<String>,
    /// What the program printed.
    pub output: String,
}

/// How a measured recording begins.
const MARK: &str = "# Measured on ";

impl Recorded {
    /// Takes the text of a recorded file apart.
    pub fn parse(text: &str) -> Self {
        match text.split_once('\n') {
            Some((first, rest)) if first.starts_with(MARK) => Self {
                measured: Some(first.trim_start_matches("# ").to_owned()),
                output: rest.to_owned(),
            },
            _ => Self { measured: None, output: text.to_owned() },
        }
    }

    /// The text of the file.
    pub fn text(&self) -> String {
        match &self.measured {
            Some(measured) => format!("# {measured}\n{}", self.output),
            None => self.output.clone(),
        }
    }

    /// The note of a run measured on `machine` on `date`.
    pub fn note(machine: &str, date: &str) -> String {
        format!("{}{machine}, on {date}.", MARK.trim_start_matches("# "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> (Recordings, Vec<Problem>) {
        let mut problems = Vec::new();
        let recordings = Recordings::parse("chapters/01-waiting".into(), text, &mut problems);
        (recordings, problems)
    }

    #[test]
    fn a_recording_knows_its_line_and_its_file() {
        let (recordings, problems) = parse(
            "# What runs\n\n[[recording]]\nname = \"tea\"\ncommand = \"cargo run -p waiting\"\nkind = \"exact\"\n",
        );
        assert_eq!(problems, []);
        let tea = recordings.get("tea").unwrap();
        assert_eq!((tea.line, tea.kind), (3, Kind::Exact));
        assert_eq!(recordings.file(tea), Path::new("chapters/01-waiting/recorded/tea.txt"));
    }

    #[test]
    fn an_unknown_field_is_a_problem_with_its_line() {
        let (_, problems) = parse(
            "[[recording]]\nname = \"tea\"\ncommand = \"x\"\nkind = \"exact\"\nfigure = []\n",
        );
        assert_eq!(problems.len(), 1);
        assert!(
            problems[0].to_string().contains("recordings.toml:5: unknown field `figure`"),
            "{}",
            problems[0]
        );
    }

    #[test]
    fn a_small_command_is_for_measured_runs() {
        let (_, problems) = parse(
            "[[recording]]\nname = \"tea\"\ncommand = \"x\"\nkind = \"exact\"\nsmall = \"y\"\n",
        );
        assert!(problems[0].message.contains("only a measured recording"));
    }

    #[test]
    fn a_measured_file_carries_machine_and_date() {
        let recorded = Recorded {
            measured: Some(Recorded::note("Abacus, 2 cores, Linux", "2026-11-21")),
            output: String::from("1.5 s\n"),
        };
        let text = recorded.text();
        assert_eq!(text, "# Measured on Abacus, 2 cores, Linux, on 2026-11-21.\n1.5 s\n");
        assert_eq!(Recorded::parse(&text), recorded);
        assert_eq!(Recorded::parse("1.5 s\n").measured, None);
    }
}
