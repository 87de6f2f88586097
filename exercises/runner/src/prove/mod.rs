//! `cargo learn prove`: shows that the exercises do what they are for.
//!
//! For every exercise: the stub is the one that is shipped, compiles, and fails;
//! the solution passes, with no warning in the exercise and none from clippy;
//! every wrong answer compiles, and fails at least the test that its header names,
//! with the message that is recorded beside it.
//!
//! Everything is built by one Cargo in a workspace of its own under `target/prove` ([`scratch`]),
//! and each test is then run in a process of its own: a hung thread cannot be killed, a process can.

pub mod message;
pub mod scratch;

use std::collections::{BTreeSet, VecDeque};
use std::ffi::OsString;
use std::fmt::Write as _;
use std::fs;
use std::io::{IsTerminal, Write as _};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use catalogue::{Exercise, Tree};

use crate::cargo::{Build, Built, Cargo, TestProgram};
use crate::libtest::{self, Outcome, Report};
use crate::process::{self, Cancel, End};
use crate::session::committed;
use crate::show::{self, counted};
use scratch::{Kind, Variant};

/// What a proof is asked to do.
#[derive(Debug, Clone)]
pub struct Options {
    /// Write the messages of the wrong answers, instead of comparing them.
    pub record: bool,
    /// Run a wrong answer against the test that it names, and no others. What is lost is what the others make of it:
    /// whether another one catches it, and whether each of them ends.
    pub named: bool,
    /// How many tests run at once; by default two for each core, because a hung test waits.
    pub jobs: Option<usize>,
    /// Where Cargo builds; by default a folder of its own, so that an editor's Cargo and a proof do not wait for each other.
    pub target: Option<PathBuf>,
    /// Whether the compiler's messages are coloured.
    pub color: bool,
    /// A process is killed this long after its test's watchdog should have ended it.
    pub grace: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            record: false,
            named: false,
            jobs: None,
            target: None,
            color: false,
            grace: Duration::from_secs(15),
        }
    }
}

/// Why something is not proved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The exercise and the answer: `exhibition, wrong: spin`.
    pub of: String,
    /// What was expected and what came.
    pub text: String,
}

/// One row of the table: an exercise with one answer in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The exercise's name.
    pub exercise: String,
    /// `stub`, `solution` or `wrong: NAME`.
    pub answer: String,
    /// How many of the tests failed, and how many there are; none where it was not built.
    pub failed: Option<(usize, usize)>,
    /// What was shown, in words.
    pub verdict: String,
    /// Whether it is as it must be.
    pub proved: bool,
}

/// What came of a proof.
#[derive(Debug, Clone, Default)]
pub struct Proof {
    /// The table.
    pub rows: Vec<Row>,
    /// What is not proved.
    pub problems: Vec<Problem>,
    /// What is different, and may be so: recorded messages on another platform than the recording's.
    pub notes: Vec<Problem>,
    /// The files that were recorded.
    pub recorded: Vec<PathBuf>,
    /// How long building, clippy and running took.
    pub times: [Duration; 3],
}

/// What became of one test in a process of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Fate {
    Passed,
    Ignored,
    /// It failed, with this captured output.
    Failed(String),
    /// It outlived its watchdog and was killed.
    Killed(Duration),
    /// The proof was cancelled before it ended.
    Unknown,
}

/// A test to be run.
struct Job<'a> {
    variant: usize,
    program: &'a TestProgram,
    /// What the program puts before the test's name.
    prefix: &'a str,
    test: String,
    /// The watchdog's seconds; by default the watchdog's own choice, which is what a learner sees.
    watchdog: Option<u32>,
    /// How long the process may live after that.
    grace: Duration,
}

/// A hung test of a wrong answer ends after this long, unless it is the one whose message is recorded.
const IMPATIENT: u32 = 1;
/// A solution never hangs, but a loaded machine may be slow.
const PATIENT: u32 = 60;
/// What the watchdog allows by itself.
const ORDINARY: u32 = 5;
/// The problem of a message that is nowhere recorded.
const UNRECORDED: &str =
    "messages of wrong answers are not recorded: run `cargo learn prove NAME --record`";

/// Proves `exercises`.
///
/// # Errors
///
/// When the scratch workspace cannot be written, or Cargo cannot be run.
pub fn prove(
    tree: &Tree,
    exercises: &[&Exercise],
    options: &Options,
    cancel: &Cancel,
) -> Result<Proof> {
    let home = tree.root.join("target/prove");
    let folder = home.join("workspace");
    let mut proof = Proof::default();
    for exercise in exercises {
        check_files(tree, exercise, &mut proof);
    }
    // Without a stub there is nothing to write; what is missing has been said.
    let whole: Vec<&Exercise> = exercises
        .iter()
        .copied()
        .filter(|exercise| {
            exercise.stub().is_file() && exercise.solution_dir.join("src/lib.rs").is_file()
        })
        .collect();
    if whole.is_empty() {
        return Ok(proof);
    }

    let started = Instant::now();
    let progress = Progress::new();
    let target = options.target.clone().unwrap_or_else(|| home.join("build"));
    let cargo = Cargo { workspace: folder, target, color: options.color };
    let write = |apart: &BTreeSet<String>| scratch::write(tree, &whole, &cargo.workspace, apart);
    let mut variants = write(&BTreeSet::new())?;
    let mut build = compile(&cargo, &variants, options, cancel, &progress)?;
    let broken: BTreeSet<String> = variants
        .iter()
        .filter(|variant| !variant.prefix.is_empty() && !is_built(&build, variant))
        .map(|variant| variant.exercise.name.clone())
        .collect();
    if !broken.is_empty() {
        // One of them does not compile: each by itself says which.
        variants = write(&broken)?;
        build = compile(&cargo, &variants, options, cancel, &progress)?;
    }
    proof.times[0] = started.elapsed();

    let started = Instant::now();
    progress.say("clippy on the solutions");
    let lints = clippy(tree, &whole, &cargo, cancel)?;
    proof.times[1] = started.elapsed();

    let started = Instant::now();
    let fates = run_tests(&variants, &build, options, cancel, &progress)?;
    progress.clear();
    proof.times[2] = started.elapsed();

    for (variant, fates) in variants.iter().zip(fates) {
        let judge = Judge { tree, variant, build: &build, lints: &lints, options };
        judge.judge(&fates, &mut proof)?;
    }
    Ok(proof)
}

/// What can be said without building: that the stub is the one shipped, and that the files belong together.
fn check_files(tree: &Tree, exercise: &Exercise, proof: &mut Proof) {
    let mut problem = |text: String| {
        proof.problems.push(Problem { of: exercise.name.clone(), text });
    };
    if !exercise.solution_dir.join("src/lib.rs").is_file() {
        problem(format!(
            "has no solution: expected {}",
            show::path(&tree.root, &exercise.solution_dir.join("src/lib.rs"))
        ));
    }
    if exercise.wrong.len() < 2 {
        problem(format!(
            "has {} wrong answers in {}: expected two or more, each a misunderstanding that a reader may have",
            exercise.wrong.len(),
            show::path(&tree.root, &exercise.solution_dir.join("wrong"))
        ));
    }
    for orphan in orphans(exercise) {
        problem(format!(
            "{} is the message of no wrong answer: remove it",
            show::path(&tree.root, &orphan)
        ));
    }
    match fs::read_to_string(exercise.stub()) {
        Err(error) => problem(format!(
            "has no pristine stub at {}: {error}; copy the exercise's src/lib.rs there",
            show::path(&tree.root, &exercise.stub())
        )),
        Ok(stub) => {
            let stub = stub.replace("\r\n", "\n");
            let on_disk = fs::read_to_string(exercise.answer())
                .is_ok_and(|answer| answer.replace("\r\n", "\n") == stub);
            if on_disk {
                return;
            }
            match committed(&tree.root, &exercise.answer()) {
                Some(shipped) if shipped.replace("\r\n", "\n") == stub => {}
                Some(_) => problem(format!(
                    "{} is not the stub that is shipped: {} differs from it, as committed and on disk",
                    show::path(&tree.root, &exercise.stub()),
                    show::path(&tree.root, &exercise.answer())
                )),
                None => problem(format!(
                    "{} differs from {}, and git has no committed version of it to tell which is the stub that is shipped",
                    show::path(&tree.root, &exercise.answer()),
                    show::path(&tree.root, &exercise.stub())
                )),
            }
        }
    }
}

/// Recorded messages whose wrong answer is gone.
fn orphans(exercise: &Exercise) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(exercise.solution_dir.join("wrong")) else {
        return Vec::new();
    };
    let mut orphans: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| {
            path.extension().is_some_and(|extension| extension == "txt")
                && !path.with_extension("rs").exists()
        })
        .collect();
    orphans.sort();
    orphans
}

fn compile(
    cargo: &Cargo,
    variants: &[Variant<'_>],
    options: &Options,
    cancel: &Cancel,
    progress: &Progress,
) -> Result<Build> {
    let mut arguments: Vec<OsString> =
        ["--workspace", "--tests", "--keep-going"].map(OsString::from).to_vec();
    if let Some(jobs) = options.jobs {
        arguments.extend(["--jobs".into(), jobs.to_string().into()]);
    }
    let mut done = 0;
    let all = variants.iter().map(|variant| &variant.folder).collect::<BTreeSet<_>>().len();
    progress.say(&format!("building {all} programs"));
    cargo
        .build("build", &arguments, cancel, &mut |built| {
            if let Built::Program(_) = built {
                done += 1;
                progress.say(&format!("built {done} of {all} programs"));
            }
        })
        .context("Cargo cannot be started")
}

/// Clippy on the solutions as they are in the checkout, with the workspace's lints.
fn clippy(tree: &Tree, exercises: &[&Exercise], cargo: &Cargo, cancel: &Cancel) -> Result<Build> {
    let real = Cargo { workspace: tree.root.clone(), ..cargo.clone() };
    let mut arguments = vec!["--all-targets".into(), "--keep-going".into()];
    for exercise in exercises {
        arguments.extend(["--package".into(), exercise.solution_package().into()]);
    }
    real.build("clippy", &arguments, cancel, &mut |_| {}).context("Cargo cannot be started")
}

/// Runs every test of every variant that was built, each in a process of its own.
/// Returns for each variant its tests with what became of them.
fn run_tests(
    variants: &[Variant<'_>],
    build: &Build,
    options: &Options,
    cancel: &Cancel,
    progress: &Progress,
) -> Result<Vec<Vec<(String, Fate)>>> {
    let mut jobs = VecDeque::new();
    // Those that share a program follow each other, and so does what it lists.
    let mut list: Option<(&PathBuf, Vec<String>)> = None;
    for (index, variant) in variants.iter().enumerate() {
        for program in programs(build, variant) {
            if list.as_ref().is_none_or(|(path, _)| *path != &program.path) {
                let mut asked = Command::new(&program.path);
                asked.args(["--list", "--format", "terse"]).current_dir(&variant.exercise.dir);
                let listed = process::run(&mut asked, Some(options.grace), cancel)
                    .with_context(|| format!("{} cannot be started", program.path.display()))?;
                list = Some((&program.path, libtest::list(&listed.stdout)));
            }
            let tests = list.as_ref().map_or(&[][..], |(_, tests)| tests);
            let tests = tests.iter().filter_map(|test| test.strip_prefix(&*variant.prefix));
            let named = match variant.kind {
                Kind::Wrong(at) if options.named => Some(&*variant.exercise.wrong[at].caught_by),
                _ => None,
            };
            // If there is no such test, the others are for whoever has misspelt it.
            let named = named.filter(|name| tests.clone().any(|test| test == *name));
            for test in tests.filter(|test| named.is_none_or(|name| name == *test)) {
                let watchdog = match variant.kind {
                    Kind::Wrong(at) if variant.exercise.wrong[at].caught_by == test => None,
                    Kind::Wrong(_) | Kind::Stub => Some(IMPATIENT),
                    Kind::Solution => Some(PATIENT),
                };
                jobs.push_back(Job {
                    variant: index,
                    program,
                    prefix: &variant.prefix,
                    test: test.to_owned(),
                    watchdog,
                    grace: options.grace,
                });
            }
        }
    }

    let all = jobs.len();
    let workers = options
        .jobs
        .unwrap_or_else(|| 2 * thread::available_parallelism().map_or(2, usize::from))
        .max(1);
    let jobs = Mutex::new(jobs);
    let mut fates: Vec<Vec<(String, Fate)>> = variants.iter().map(|_| Vec::new()).collect();
    thread::scope(|scope| {
        let (send, results) = mpsc::channel();
        for _ in 0..workers {
            let send = send.clone();
            let jobs = &jobs;
            scope.spawn(move || {
                loop {
                    let job = jobs.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
                    let Some(job) = job else { break };
                    let fate = run_test(&job, &variants[job.variant].exercise.dir, cancel);
                    if send.send((job.variant, job.test, fate)).is_err() {
                        break;
                    }
                }
            });
        }
        drop(send);
        for (done, (variant, test, fate)) in results.into_iter().enumerate() {
            progress.say(&format!("ran {} of {all} tests", done + 1));
            fates[variant].push((test, fate?));
        }
        Ok::<_, anyhow::Error>(())
    })?;
    for fates in &mut fates {
        fates.sort_by(|(left, _), (right, _)| left.cmp(right));
    }
    Ok(fates)
}

/// Whether there is a program with its tests, and nothing in it is an error.
fn is_built(build: &Build, variant: &Variant<'_>) -> bool {
    programs(build, variant).next().is_some()
        && !build.of(&variant.folder).any(|diagnostic| diagnostic.error)
}

fn programs<'a>(build: &'a Build, variant: &Variant<'_>) -> impl Iterator<Item = &'a TestProgram> {
    let folder = variant.folder.clone();
    build.programs.iter().filter(move |program| program.package == folder)
}

fn run_test(job: &Job<'_>, folder: &Path, cancel: &Cancel) -> Result<Fate> {
    let mut command = Command::new(&job.program.path);
    let name = format!("{}{}", job.prefix, job.test);
    command.args([&name, "--exact", "--color", "never"]).current_dir(folder);
    libtest::quiet(&mut command);
    command.env_remove("PROCTOR_SECONDS");
    if let Some(seconds) = job.watchdog {
        command.env("PROCTOR_SECONDS", seconds.to_string());
    }
    let bound = Duration::from_secs(job.watchdog.unwrap_or(ORDINARY).into()) + job.grace;
    let output = process::run(&mut command, Some(bound), cancel)
        .with_context(|| format!("{} cannot be started", job.program.path.display()))?;
    Ok(match output.end {
        End::Cancelled => Fate::Unknown,
        End::TimedOut => Fate::Killed(bound),
        End::Exited(_) => {
            let mut report = Report::parse(&output.stdout);
            match report.tests.first() {
                Some((_, Outcome::Passed)) if output.end.success() => Fate::Passed,
                Some((_, Outcome::Ignored)) => Fate::Ignored,
                // A program that died has said why, if at all, on its standard error.
                _ => {
                    let said = report.messages.remove(&name).filter(|said| !said.is_empty());
                    let said = said.unwrap_or(output.stderr);
                    Fate::Failed(match job.prefix {
                        "" => said,
                        prefix => said.replace(prefix, ""),
                    })
                }
            }
        }
    })
}

/// Holds what came of one variant against what must come of it.
struct Judge<'a> {
    tree: &'a Tree,
    variant: &'a Variant<'a>,
    build: &'a Build,
    lints: &'a Build,
    options: &'a Options,
}

impl Judge<'_> {
    fn judge(&self, fates: &[(String, Fate)], proof: &mut Proof) -> Result<()> {
        let mut problems = Vec::new();
        let failed = fates
            .iter()
            .filter(|(_, fate)| matches!(fate, Fate::Failed(_) | Fate::Killed(_)))
            .count();
        let built = is_built(self.build, self.variant);
        let verdict = if built {
            for (test, fate) in fates {
                if let Fate::Killed(bound) = fate {
                    problems.push(format!(
                        "{test} was still running after {} s and was killed: it needs a watchdog that ends it",
                        bound.as_secs()
                    ));
                }
            }
            match self.variant.kind {
                Kind::Stub => self.judge_stub(failed, &mut problems),
                Kind::Solution => self.judge_solution(fates, failed, &mut problems),
                Kind::Wrong(at) => self.judge_wrong(at, fates, &mut problems, proof)?,
            }
        } else {
            problems.push(self.not_built());
            String::from("does not compile")
        };

        let proved = problems.is_empty();
        proof.rows.push(Row {
            exercise: self.variant.exercise.name.clone(),
            answer: self.variant.title(),
            failed: built.then_some((failed, fates.len())),
            verdict,
            proved,
        });
        let exercise = &self.variant.exercise.name;
        for text in problems {
            let unrecorded = text == UNRECORDED;
            let problem = Problem {
                of: if unrecorded { exercise.clone() } else { self.of() },
                text: if unrecorded { text.replace("NAME", exercise) } else { text },
            };
            // A new exercise has many such; once says it.
            if !(unrecorded && proof.problems.contains(&problem)) {
                proof.problems.push(problem);
            }
        }
        Ok(())
    }

    fn of(&self) -> String {
        format!("{}, {}", self.variant.exercise.name, self.variant.title())
    }

    fn not_built(&self) -> String {
        let said = self
            .build
            .of(&self.variant.folder)
            .find(|diagnostic| diagnostic.error)
            .map_or(self.build.complaint(), |diagnostic| diagnostic.rendered.trim_end());
        format!("{} does not compile:\n{said}", show::path(&self.tree.root, &self.variant.answer()))
    }

    fn warnings(&self, problems: &mut Vec<String>) {
        problems.extend(self.build.of(&self.variant.folder).map(|diagnostic| {
            format!(
                "warns in the exercise's package, where nothing may warn:\n{}",
                diagnostic.rendered.trim_end()
            )
        }));
    }

    fn judge_stub(&self, failed: usize, problems: &mut Vec<String>) -> String {
        self.warnings(problems);
        if failed == 0 {
            problems.push(String::from(
                "no test fails on the stub: expected at least one, or there is nothing to solve",
            ));
            return String::from("passes, and must not");
        }
        String::from("fails, as it must")
    }

    fn judge_solution(
        &self,
        fates: &[(String, Fate)],
        failed: usize,
        problems: &mut Vec<String>,
    ) -> String {
        self.warnings(problems);
        for (test, fate) in fates {
            if let Fate::Failed(message) = fate {
                problems.push(format!(
                    "{test} fails:\n{}",
                    message::normalised(message, &self.tree.root).trim_end()
                ));
            }
        }
        if fates.is_empty() {
            problems.push(String::from("there is no test to pass"));
        }
        let mut clean = true;
        for lint in self.lints.of(&self.variant.exercise.solution_dir) {
            clean = false;
            problems.push(format!("clippy:\n{}", lint.rendered.trim_end()));
        }
        // A dependency that does not compile, or no clippy: nobody's lints were looked at.
        if clean && !self.lints.end.success() && self.lints.diagnostics.is_empty() {
            clean = false;
            problems.push(format!("clippy cannot run:\n{}", self.lints.complaint()));
        }
        match (failed, clean) {
            (0, true) => String::from("passes, clippy-clean"),
            (0, false) => String::from("passes, not clippy-clean"),
            _ => String::from("fails, and must not"),
        }
    }

    fn judge_wrong(
        &self,
        at: usize,
        fates: &[(String, Fate)],
        problems: &mut Vec<String>,
        proof: &mut Proof,
    ) -> Result<String> {
        let wrong = &self.variant.exercise.wrong[at];
        let catcher = fates.iter().find(|(test, _)| *test == wrong.caught_by);
        match catcher {
            None => {
                let names: Vec<&str> = fates.iter().map(|(test, _)| test.as_str()).collect();
                problems.push(format!(
                    "no test is called `{}`, which its header names; there are: {}",
                    wrong.caught_by,
                    names.join(", ")
                ));
                Ok(String::from("names no test"))
            }
            Some((test, Fate::Failed(captured))) => {
                let message = message::normalised(captured, &self.tree.root);
                let file = wrong.path.with_extension("txt");
                self.compare(&file, &message, problems, proof)?;
                Ok(match problems.last() {
                    Some(problem) if problem == UNRECORDED => {
                        format!("caught by {test}, message not recorded")
                    }
                    Some(_) => format!("caught by {test}, with another message"),
                    None => format!("caught by {test}"),
                })
            }
            Some((test, Fate::Killed(_))) => Ok(format!("hangs in {test}")),
            Some((test, _)) => {
                let others: Vec<&str> = fates
                    .iter()
                    .filter(|(_, fate)| matches!(fate, Fate::Failed(_)))
                    .map(|(test, _)| test.as_str())
                    .collect();
                problems.push(format!(
                    "{test} passes, and must catch it; {}",
                    if self.options.named {
                        String::from("without --named it is said whether another one does")
                    } else if others.is_empty() {
                        String::from("no test catches it")
                    } else {
                        format!("caught by: {}", others.join(", "))
                    }
                ));
                Ok(format!("not caught by {test}"))
            }
        }
    }

    /// Holds a message against the recorded one, or records it.
    fn compare(
        &self,
        file: &Path,
        message: &str,
        problems: &mut Vec<String>,
        proof: &mut Proof,
    ) -> Result<()> {
        let recorded = fs::read_to_string(file).ok().map(|text| text.replace("\r\n", "\n"));
        if recorded.as_deref() == Some(message) {
            return Ok(());
        }
        if self.options.record {
            fs::write(file, message)
                .with_context(|| format!("{} cannot be written", file.display()))?;
            proof.recorded.push(file.to_path_buf());
            return Ok(());
        }
        let Some(recorded) = recorded else {
            problems.push(String::from(UNRECORDED));
            return Ok(());
        };
        let file = show::path(&self.tree.root, file);
        let diff = similar::TextDiff::from_lines(&recorded, message);
        let text = format!(
            "its message is not the recorded one (`cargo learn prove {} --record` records it):\n{}",
            self.variant.exercise.name,
            diff.unified_diff().header(&file, "this run").to_string().trim_end()
        );
        if cfg!(target_os = "linux") {
            problems.push(text);
        } else {
            // An operating system words its errors in its own way.
            proof.notes.push(Problem { of: self.of(), text });
        }
        Ok(())
    }
}

impl Proof {
    /// Whether everything is as it must be.
    pub fn holds(&self) -> bool {
        self.problems.is_empty()
    }

    /// The table, the problems and a last line that sums up.
    pub fn report(&self) -> String {
        let mut text = String::new();
        let width = |of: fn(&Row) -> &str| {
            self.rows.iter().map(|row| of(row).chars().count()).max().unwrap_or(0)
        };
        let exercises = width(|row| &row.exercise).max("exercise".len());
        let answers = width(|row| &row.answer).max("answer".len());
        let mut line = |mark: &str, exercise: &str, answer: &str, tests: &str, verdict: &str| {
            let _ = writeln!(
                text,
                "{mark} {exercise:exercises$}  {answer:answers$}  {tests:>9}  {verdict}"
            );
        };
        if !self.rows.is_empty() {
            line(" ", "exercise", "answer", "failing", "verdict");
        }
        let mut last = "";
        for row in &self.rows {
            let tests = row
                .failed
                .map_or_else(|| String::from("-"), |(failed, all)| format!("{failed} of {all}"));
            let exercise = if row.exercise == last { "" } else { &row.exercise };
            line(if row.proved { "✓" } else { "✗" }, exercise, &row.answer, &tests, &row.verdict);
            last = &row.exercise;
        }
        for (heading, problems) in [("note", &self.notes), ("not proved", &self.problems)] {
            for problem in problems {
                let _ = writeln!(text, "\n{heading}: {}: {}", problem.of, problem.text);
            }
        }
        for file in &self.recorded {
            let _ = writeln!(text, "\nrecorded {}", file.display());
        }
        let count =
            |kind: &str| self.rows.iter().filter(|row| row.answer.starts_with(kind)).count();
        let [build, clippy, run] = self.times.map(|time| time.as_secs_f64());
        let _ = writeln!(
            text,
            "\n{}, {}: {} (built in {build:.1} s, clippy {clippy:.1} s, tests {run:.1} s)",
            counted(count("solution"), "exercise"),
            counted(count("wrong"), "wrong answer"),
            match self.problems.len() {
                0 => String::from("all proved"),
                1 => String::from("1 thing is not proved"),
                many => format!("{many} things are not proved"),
            }
        );
        text
    }
}

/// A line on standard error that says how far it is, where somebody looks.
struct Progress {
    shown: bool,
}

impl Progress {
    fn new() -> Self {
        Self { shown: std::io::stderr().is_terminal() }
    }

    fn say(&self, text: &str) {
        if self.shown {
            // Progress that cannot be shown is no reason to stop.
            let _ = write!(std::io::stderr(), "\r\x1b[2K{text}");
        }
    }

    fn clear(&self) {
        self.say("");
    }
}
