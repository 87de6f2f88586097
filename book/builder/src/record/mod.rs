//! Recording what programs print and draw, and checking that they still do.
//!
//! A recording is a command in a chapter's `recordings.toml`. All programs are built in one go,
//! then run from the checkout's top, each bounded in time and in a process group of its own.

mod compare;
mod machine;
mod programs;
mod run;

use std::cell::LazyCell;
use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

pub use programs::words;

use crate::Error;
use crate::directives::command::PYTHON_WITH_PACKAGES;
use crate::problem::{Problem, report, slashed};
use crate::recordings::{Kind, Recorded, Recording, Recordings};
use crate::site::Site;
use programs::{Program, Programs};
use run::{Run, Surroundings};

/// What came of a check or of a recording.
#[derive(Debug, Default)]
pub struct Report {
    /// What must be mended.
    pub problems: Vec<Problem>,
    /// Differences that are shown and not failed: the recordings are made on Linux, and this is another system.
    pub shown: Vec<Problem>,
    /// What was not run, and why.
    pub skipped: Vec<String>,
    /// The files that were written.
    pub written: Vec<PathBuf>,
    /// How many runs there were.
    pub runs: usize,
}

impl Report {
    fn differs(&mut self, problem: Problem) {
        if cfg!(target_os = "linux") {
            self.problems.push(problem);
        } else {
            self.shown.push(problem);
        }
    }
}

/// A recording and the chapter that it belongs to.
type Item<'a> = (&'a Recordings, &'a Recording);

/// What came of an item's run, or why it could not be run.
type Done<'a> = (Item<'a>, Result<Run, String>);

/// Runs every recorded command again and compares.
///
/// # Errors
///
/// When Cargo cannot be started, or a temporary folder cannot be made. All else is in the report.
pub fn check(site: &Site) -> Result<Report, Error> {
    let items = items(site, &[])?;
    let commands: Vec<&str> = items.iter().map(|(_, r)| checked(r)).collect();
    let mut report = Report::default();
    for ((recordings, recording), result) in run_all(site, &items, &commands, false, &mut report)? {
        judge(site, recordings, recording, &result, &mut report);
    }
    report.problems.sort();
    Ok(report)
}

/// Runs commands and writes what they print. Without names: those that are missing or out of date.
/// A name is a recording's, a chapter's or its package's.
///
/// # Errors
///
/// As [`check`]; when a name stands for nothing, and when a file cannot be written.
pub fn record(site: &Site, names: &[String]) -> Result<Report, Error> {
    let mut items = items(site, names)?;
    let mut report = Report::default();
    if names.is_empty() {
        let stale = check(site)?;
        report.skipped = stale.skipped;
        items.retain(|(recordings, recording)| {
            stale
                .problems
                .iter()
                .chain(&stale.shown)
                .any(|p| p.path == recordings.path() && p.line == recording.line)
        });
    }
    let commands: Vec<&str> = items.iter().map(|(_, r)| &*r.command).collect();
    for ((recordings, recording), result) in run_all(site, &items, &commands, true, &mut report)? {
        match &result {
            Ok(run) if fits(recordings, recording, run, &mut report) => {
                write(site, recordings, recording, run, &mut report)?;
            }
            Ok(_) => {}
            Err(message) => report.problems.push(at(recordings, recording, message)),
        }
    }
    report.written.sort();
    Ok(report)
}

/// The recordings that `names` stand for, or all.
fn items<'a>(site: &'a Site, names: &[String]) -> Result<Vec<Item<'a>>, Error> {
    let mut chapters: Vec<_> = site.recordings.values().collect();
    chapters.sort_by(|a, b| a.dir.cmp(&b.dir));
    let mut all: Vec<Item<'a>> = Vec::new();
    let mut unknown: Vec<&String> = names.iter().collect();
    for recordings in chapters {
        let folder = recordings.dir.file_name().unwrap_or_default().to_string_lossy();
        let package = site.packages.in_folder(&recordings.dir);
        let whole =
            |name: &String| *name == folder || package.is_some_and(|package| package.name == *name);
        for recording in &recordings.list {
            if names.is_empty() || names.iter().any(|name| *name == recording.name || whole(name)) {
                all.push((recordings, recording));
            }
        }
        unknown.retain(|name| !whole(name) && recordings.get(name).is_none());
    }
    if unknown.is_empty() {
        return Ok(all);
    }
    let problems = unknown
        .iter()
        .map(|name| {
            Problem::new("chapters", 1, format!("no recording and no chapter is called `{name}`"))
        })
        .collect();
    Err(Error::Problems(problems))
}

/// What a check runs for a recording.
fn checked(recording: &Recording) -> &str {
    recording.small.as_deref().unwrap_or(&recording.command)
}

fn at(recordings: &Recordings, recording: &Recording, message: &str) -> Problem {
    Problem::new(recordings.path(), recording.line, format!("`{}`: {message}", recording.name))
}

/// How many runs go side by side: most of them wait.
const SIDE_BY_SIDE: usize = 4;

/// Builds and runs `commands`, each for the item at its place. With `apart`, measured runs come last, one at a time.
fn run_all<'a>(
    site: &Site,
    items: &[Item<'a>],
    commands: &[&str],
    apart: bool,
    report: &mut Report,
) -> Result<Vec<Done<'a>>, Error> {
    let has_python = LazyCell::new(|| programs::has(site, "python3"));
    let has_packages = LazyCell::new(|| programs::has(site, PYTHON_WITH_PACKAGES));
    let mut parsed = Vec::new();
    let mut results: BTreeMap<usize, Result<Run, String>> = BTreeMap::new();
    for (index, command) in commands.iter().enumerate() {
        match Program::parse(site, command) {
            Ok(program) => match program
                .missing_tool(|tool| if tool == "python3" { *has_python } else { *has_packages })
                .or_else(|| missing(site, &items[index].1.needs))
            {
                Some(tool) => report.skipped.push(format!(
                    "{} in {} (`{command}`): {tool} is not installed",
                    items[index].1.name,
                    slashed(&items[index].0.dir)
                )),
                None => parsed.push((index, program)),
            },
            Err(message) => {
                results.insert(index, Err(message));
            }
        }
    }
    let programs = Programs::build(site, parsed.iter().map(|(_, program)| program))?;
    let surroundings = Surroundings::of(site);
    // A check runs the small size, and what is recorded the whole.
    let limit = if apart { run::RECORDED } else { run::CHECKED };
    let one = |index: usize, program: &Program| -> Result<Run, String> {
        let command = programs.command(site, program)?;
        run::run(limit, site, &surroundings, command, items[index].1.stdin.as_deref())
    };
    let (alone, together): (Vec<_>, Vec<_>) =
        parsed.iter().partition(|(index, _)| apart && items[*index].1.kind == Kind::Measured);
    let done = Mutex::new(Vec::new());
    let next = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..SIDE_BY_SIDE {
            scope.spawn(|| {
                while let Some((index, program)) =
                    together.get(next.fetch_add(1, Ordering::Relaxed))
                {
                    let result = one(*index, program);
                    done.lock().unwrap_or_else(PoisonError::into_inner).push((*index, result));
                }
            });
        }
    });
    results.extend(done.into_inner().unwrap_or_else(PoisonError::into_inner));
    for (index, program) in alone {
        results.insert(*index, one(*index, program));
    }
    report.runs += parsed.len();
    Ok(results.into_iter().map(|(index, result)| (items[index], result)).collect())
}

/// The first of these programs that cannot be started.
fn missing<'a>(site: &Site, needs: &'a [String]) -> Option<&'a str> {
    needs.iter().map(String::as_str).find(|tool| !programs::starts(site, tool))
}

/// Whether a run ended and drew as its recording says.
fn fits(recordings: &Recordings, recording: &Recording, run: &Run, report: &mut Report) -> bool {
    let mut complain = |message: String| {
        report.problems.push(at(recordings, recording, &message));
        false
    };
    if run.failed != (recording.kind == Kind::Error) {
        return complain(if run.failed {
            format!("ended with {}:\n{}", run.status, run.output)
        } else {
            format!("must fail, and ended well:\n{}", run.output)
        });
    }
    let drawn: Vec<&str> = run.figures.keys().map(String::as_str).collect();
    match files(recording).find(|file| !run.figures.contains_key(file)) {
        Some(file) => complain(format!(
            "`figures` asks for {file}; the run drew {}",
            if drawn.is_empty() { String::from("nothing") } else { drawn.join(", ") }
        )),
        None => true,
    }
}

/// The files of a recording's figures. A run may draw others, which other recordings keep.
fn files(recording: &Recording) -> impl Iterator<Item = String> {
    recording.figures.iter().flat_map(|name| [format!("{name}.json"), format!("{name}.svg")])
}

/// What a run drew, as far as its recording keeps it.
fn kept<'a>(recording: &Recording, run: &'a Run) -> Vec<(String, &'a String)> {
    files(recording)
        .filter_map(|file| {
            let drawn = run.figures.get(&file)?;
            Some((file, drawn))
        })
        .collect()
}

/// Compares a run with what is recorded.
fn judge(
    site: &Site,
    recordings: &Recordings,
    recording: &Recording,
    result: &Result<Run, String>,
    report: &mut Report,
) {
    let run = match result {
        Ok(run) => run,
        Err(message) => {
            report.problems.push(at(recordings, recording, message));
            return;
        }
    };
    if !fits(recordings, recording, run, report) {
        return;
    }
    let file = recordings.file(recording);
    let Ok(text) = site.text(&file) else {
        let message = format!(
            "is not recorded: `cargo book record {}` writes {}",
            recording.name,
            slashed(&file)
        );
        report.problems.push(at(recordings, recording, &message));
        return;
    };
    let recorded = Recorded::parse(&text);
    let same = match recording.kind {
        Kind::Measured if recording.words_vary => compare::lines,
        Kind::Measured => compare::shape,
        Kind::Exact | Kind::Error => compare::lasting,
    };
    if let Some(diff) = compare::difference(&same(&recorded.output), &same(&run.output)) {
        let message = format!(
            "the recorded output is out of date; `cargo book record {}` writes it anew if the new one is right\n{diff}",
            recording.name
        );
        report.differs(at(recordings, recording, &message));
    }
    for (name, drawn) in kept(recording, run) {
        let path = recordings.dir.join("figures").join(name);
        match site.text(&path) {
            Ok(old) if recording.kind == Kind::Measured || old == *drawn => {}
            Ok(old) => {
                let diff = compare::difference(&old, drawn).unwrap_or_default();
                let message =
                    format!("{} is out of date\n{}", slashed(&path), compare::head(&diff));
                report.differs(at(recordings, recording, &message));
            }
            Err(_) => {
                let message = format!("{} is not recorded", slashed(&path));
                report.problems.push(at(recordings, recording, &message));
            }
        }
    }
}

/// Writes what a run printed and drew.
fn write(
    site: &Site,
    recordings: &Recordings,
    recording: &Recording,
    run: &Run,
    report: &mut Report,
) -> Result<(), Error> {
    let recorded = Recorded {
        measured: (recording.kind == Kind::Measured)
            .then(|| Recorded::note(&machine::describe(), &machine::today())),
        output: run.output.clone(),
    };
    let mut files = vec![(recordings.file(recording), recorded.text())];
    for (name, drawn) in kept(recording, run) {
        files.push((recordings.dir.join("figures").join(name), drawn.clone()));
    }
    for (path, text) in files {
        let kept = site.text(&path);
        if let Ok(kept) = &kept
            && recording.kind != Kind::Measured
            && compare::lasting(kept) == compare::lasting(&text)
        {
            continue;
        }
        let whole = site.root().join(&path);
        let folder = whole.parent().unwrap_or(site.root());
        fs::create_dir_all(folder)
            .and_then(|()| fs::write(&whole, text))
            .map_err(|error| Error::file(format!("cannot write {}", slashed(&path)), error))?;
        report.written.push(path);
    }
    Ok(())
}

impl Report {
    /// What is shown besides the problems: what was skipped, and what differs on this system.
    pub fn notes(&self) -> String {
        let mut notes = String::new();
        if !self.skipped.is_empty() {
            notes.push_str("SKIPPED, so not checked:\n");
            for skipped in &self.skipped {
                notes.push_str("  ");
                notes.push_str(skipped);
                notes.push('\n');
            }
        }
        if !self.shown.is_empty() {
            notes.push_str(
                "The recordings are made on Linux. On this system these differ, which is no failure:\n",
            );
            notes.push_str(&report(&self.shown));
            notes.push('\n');
        }
        notes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::Fixture;

    /// A chapter whose programs print, draw and fail to compile.
    fn fixture() -> Fixture {
        let fixture = Fixture::new();
        fixture
            .write(
                "Cargo.toml",
                "[workspace]\nresolver = \"3\"\nmembers = [\"chapters/*\"]\n",
            )
            .write(
                "chapters/01-waiting/examples/builder_tea.rs",
                "fn main() {\n    println!(\"one\\ntwo\");\n    if let Some(folder) = std::env::var_os(\"TIMELINE_DIR\") {\n        for file in [\"tea.svg\", \"tea.json\", \"other.svg\"] {\n            std::fs::write(std::path::Path::new(&folder).join(file), \"tea\").unwrap();\n        }\n    }\n}\n",
            )
            .write(
                "chapters/01-waiting/examples/builder_size.rs",
                "fn main() {\n    let n = std::env::args().nth(1).unwrap_or(String::from(\"10000\"));\n    println!(\"{n} cups: {} s\", n.len());\n}\n",
            )
            .write("chapters/01-waiting/errors/no_milk.rs", "fn main() { milk() }\n")
            .write(
                "chapters/01-waiting/recordings.toml",
                r#"
[[recording]]
name = "tea"
command = "cargo run -p waiting --example builder_tea"
kind = "exact"
figures = ["tea"]

[[recording]]
name = "size"
command = "cargo run -p waiting --example builder_size"
small = "cargo run -p waiting --example builder_size -- 7"
kind = "measured"

[[recording]]
name = "no-milk"
command = "rustc --edition 2024 chapters/01-waiting/errors/no_milk.rs"
kind = "error"
"#,
            );
        fixture
    }

    fn text(fixture: &Fixture, file: &str) -> String {
        let path = fixture.root().join("chapters/01-waiting").join(file);
        fs::read_to_string(path).unwrap()
    }

    #[test]
    fn what_is_recorded_is_checked_until_it_differs() {
        let fixture = fixture();

        // Nothing is recorded yet.
        let report = check(&fixture.site()).unwrap();
        let lines: Vec<_> = report.problems.iter().map(|p| p.line).collect();
        assert_eq!(lines, [2, 8, 14], "{:#?}", report.problems);
        assert!(report.problems[0].message.contains("`cargo book record tea` writes"));

        let report = record(&fixture.site(), &[]).unwrap();
        assert_eq!(report.problems, []);
        assert_eq!(text(&fixture, "recorded/tea.txt"), "one\ntwo\n");
        assert_eq!(text(&fixture, "figures/tea.svg"), "tea");
        assert!(!fixture.root().join("chapters/01-waiting/figures/other.svg").exists());
        let measured = text(&fixture, "recorded/size.txt");
        assert!(measured.starts_with("# Measured on "), "{measured}");
        assert!(measured.ends_with(".\n10000 cups: 5 s\n"), "{measured}");
        assert!(text(&fixture, "recorded/no-milk.txt").contains("error[E0425]"));

        let report = check(&fixture.site()).unwrap();
        assert_eq!(report.problems, []);
        assert_eq!(report.runs, 3);
        assert_eq!(record(&fixture.site(), &[]).unwrap().written, Vec::<PathBuf>::new());

        // A recording, a figure and a measured line go out of date; the program that must not compile does.
        fixture
            .write("chapters/01-waiting/recorded/tea.txt", "one\nthree\n")
            .write("chapters/01-waiting/figures/tea.json", "milk")
            .write(
                "chapters/01-waiting/recorded/size.txt",
                "# Measured on Abacus, on 2026-11-21.\n10000 pots: 5 s\n",
            )
            .write("chapters/01-waiting/errors/no_milk.rs", "fn main() {}\n");
        let report = check(&fixture.site()).unwrap();
        let found = crate::problem::report(&[report.problems, report.shown].concat());
        for part in [
            "chapters/01-waiting/recordings.toml:2: `tea`: the recorded output is out of date",
            "-three\n+two\n",
            "recordings.toml:2: `tea`: chapters/01-waiting/figures/tea.json is out of date",
            "recordings.toml:8: `size`: the recorded output is out of date",
            "recordings.toml:14: `no-milk`: must fail, and ended well",
        ] {
            assert!(found.contains(part), "{part}\n{found}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_recording_that_needs_pythons_packages_is_skipped_where_they_are_missing() {
        use std::os::unix::fs::PermissionsExt;
        let fixture = Fixture::new();
        fixture.write("chapters/01-waiting/python/star.py", "").write(
            "chapters/01-waiting/recordings.toml",
            "[[recording]]\nname = \"star\"\ncommand = \"target/python/bin/python chapters/01-waiting/python/star.py\"\nkind = \"exact\"\n",
        );
        let report = check(&fixture.site()).unwrap();
        assert_eq!((report.problems, report.runs), (Vec::new(), 0));
        let skipped = "star in chapters/01-waiting (`target/python/bin/python chapters/01-waiting/python/star.py`): target/python/bin/python is not installed";
        assert_eq!(report.skipped, [skipped]);

        let python = "target/python/bin/python";
        fixture.write(python, "#!/bin/sh\necho \"ran $1\"\n");
        let executable = fs::Permissions::from_mode(0o755);
        fs::set_permissions(fixture.root().join(python), executable).unwrap();
        let report = record(&fixture.site(), &[]).unwrap();
        assert_eq!((report.problems, report.skipped), (Vec::new(), Vec::new()));
        let recorded = text(&fixture, "recorded/star.txt");
        assert_eq!(recorded, "ran chapters/01-waiting/python/star.py\n");
    }

    #[test]
    fn a_recording_that_needs_a_program_of_others_is_skipped_where_it_is_missing() {
        let fixture = Fixture::new();
        let recording = |name: &str, needs: &str| {
            format!(
                "[[recording]]\nname = \"{name}\"\ncommand = \"rustc --version\"\nkind = \"exact\"\nneeds = [{needs}]\n\n"
            )
        };
        let recordings =
            recording("has", "\"rustc\"") + &recording("lacks", "\"rustc\", \"no-tea\"");
        fixture.write("chapters/01-waiting/recordings.toml", &recordings);
        let report = record(&fixture.site(), &[]).unwrap();
        assert_eq!((report.problems, report.runs), (Vec::new(), 1));
        let skipped = "lacks in chapters/01-waiting (`rustc --version`): no-tea is not installed";
        assert_eq!(report.skipped, [skipped]);
    }

    #[test]
    fn a_name_that_stands_for_nothing_is_said() {
        let fixture = fixture();
        let error = record(&fixture.site(), &[String::from("milk")]).unwrap_err();
        assert!(error.to_string().contains("no chapter is called `milk`"), "{error}");
        let site = fixture.site();
        let named = |name: &str| items(&site, &[name.to_owned()]).unwrap().len();
        assert_eq!(named("tea"), 1);
        assert_eq!(named("waiting"), 3);
        assert_eq!(named("01-waiting"), 3);
    }
}
