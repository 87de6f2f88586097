//! Tries an exercise: builds its tests, runs them, and says what came of it.
//!
//! Cargo builds the one package, so that no other exercise can be in the way;
//! the tests then run in one process, because that is the quickest way to a verdict.
//! `RUST_TEST_THREADS` and the like are the test program's own defaults.

use std::ffi::OsString;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};
use catalogue::Exercise;

use crate::cargo::{Build, Built, Cargo, TestProgram};
use crate::libtest::{self, Outcome, Passage, Report, passages};
use crate::process::{self, Cancel, End, Output};

/// A test program may be silent for this long before it counts as hung.
pub const BOUND: Duration = Duration::from_secs(20);

/// After the first failure the rest may go on for this long: one message is all that is shown.
const IMPATIENCE: Duration = Duration::from_secs(2);

/// What is under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// The compiler works, and has built so many crates.
    Building(usize),
    /// The tests run.
    Running,
}

/// What came of a trial.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Every test passed.
    Passed {
        /// How many tests there are.
        tests: usize,
    },
    /// The compiler refused it.
    NotCompiled {
        /// The first error, as rustc shows it.
        first: String,
        /// How many errors there are.
        errors: usize,
    },
    /// Cargo could not even begin: the fault is not in the answer.
    NotBuilt {
        /// What Cargo said.
        said: String,
    },
    /// Tests failed.
    Failed(Failure),
    /// The tests did not come to an end.
    Hung {
        /// How long nothing was heard of them.
        bound: Duration,
        /// The tests that were not done, in the order in which they are run.
        running: Vec<String>,
        /// How many passed before.
        passed: usize,
    },
    /// The test program died, or ended itself, before all tests were done.
    Crashed {
        /// The tests of which nothing was heard.
        during: Vec<String>,
        /// What the program said last, and how it ended.
        said: String,
    },
    /// The trial was cancelled: there is nothing to say.
    Cancelled,
}

/// The first failing test, and how the others did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The test's name, with its modules.
    pub test: String,
    /// What it printed and how it panicked.
    pub passages: Vec<Passage>,
    /// Whether it fails beside the others only.
    pub alone_it_passes: bool,
    /// How many tests passed.
    pub passed: usize,
    /// How many tests there are.
    pub tests: usize,
    /// The other tests that failed, in the order of the file.
    pub others: Vec<String>,
    /// How many tests were not waited for.
    pub unfinished: usize,
}

impl Verdict {
    /// Whether the exercise is solved by this.
    pub fn passed(&self) -> bool {
        matches!(self, Self::Passed { .. })
    }
}

/// Where exercises are tried.
#[derive(Debug, Clone)]
pub struct Bench {
    /// Cargo, in the checkout.
    pub cargo: Cargo,
    /// How long a test program may be silent.
    pub bound: Duration,
}

impl Bench {
    /// A bench in the checkout `root`, which builds in `target/learn`.
    pub fn new(root: &Path, bound: Duration, color: bool) -> Self {
        Self {
            cargo: Cargo {
                workspace: root.to_path_buf(),
                target: root.join("target/learn"),
                color,
            },
            bound,
        }
    }

    /// Builds the exercise's tests and runs them.
    ///
    /// # Errors
    ///
    /// When Cargo or a test program cannot be started.
    pub fn try_one(
        &self,
        exercise: &Exercise,
        cancel: &Cancel,
        on_stage: &mut dyn FnMut(Stage),
    ) -> Result<Verdict> {
        on_stage(Stage::Building(0));
        let arguments = ["--package", &exercise.name, "--tests"].map(OsString::from);
        let mut crates = 0;
        let build = self.build(&arguments, cancel, &mut |built| {
            if let Built::Crate = built {
                crates += 1;
                on_stage(Stage::Building(crates));
            }
        })?;
        self.judge(exercise, &build, cancel, on_stage)
    }

    /// Builds the tests of several exercises with one Cargo; what does not compile keeps nothing else from being built.
    ///
    /// # Errors
    ///
    /// When Cargo cannot be started.
    pub fn build_all(&self, exercises: &[&Exercise], cancel: &Cancel) -> Result<Build> {
        let mut arguments = vec!["--tests".into(), "--keep-going".into()];
        for exercise in exercises {
            arguments.extend(["--package".into(), OsString::from(&exercise.name)]);
        }
        self.build(&arguments, cancel, &mut |_| {})
    }

    fn build(
        &self,
        arguments: &[OsString],
        cancel: &Cancel,
        on_built: &mut dyn FnMut(Built<'_>),
    ) -> Result<Build> {
        self.cargo.build("build", arguments, cancel, on_built).context("Cargo cannot be started")
    }

    /// Runs the tests that were built of this exercise, or says why there are none.
    ///
    /// # Errors
    ///
    /// When a test program cannot be started.
    pub fn judge(
        &self,
        exercise: &Exercise,
        build: &Build,
        cancel: &Cancel,
        on_stage: &mut dyn FnMut(Stage),
    ) -> Result<Verdict> {
        if build.end == End::Cancelled {
            return Ok(Verdict::Cancelled);
        }
        let errors: Vec<&str> = build
            .of(&exercise.dir)
            .filter(|diagnostic| diagnostic.error)
            .map(|diagnostic| diagnostic.rendered.trim_end())
            .collect();
        if let Some(first) = errors.first() {
            return Ok(Verdict::NotCompiled { first: (*first).to_owned(), errors: errors.len() });
        }
        let programs: Vec<&TestProgram> =
            build.programs.iter().filter(|program| program.package == exercise.dir).collect();
        if programs.is_empty() {
            return Ok(Verdict::NotBuilt { said: why_not_built(build) });
        }

        on_stage(Stage::Running);
        let mut tests = 0;
        for program in programs {
            match self.run(exercise, program, cancel)? {
                Verdict::Passed { tests: more } => tests += more,
                Verdict::Failed(mut failure) => {
                    failure.passed += tests;
                    failure.tests += tests;
                    return Ok(Verdict::Failed(failure));
                }
                other => return Ok(other),
            }
        }
        Ok(Verdict::Passed { tests })
    }

    fn run(&self, exercise: &Exercise, program: &TestProgram, cancel: &Cancel) -> Result<Verdict> {
        let mut line = Vec::new();
        let mut failed = false;
        let output = self.start(exercise, program, &[], cancel, &mut |piece| {
            let mut bound = None;
            for byte in piece {
                if *byte != b'\n' {
                    line.push(*byte);
                    continue;
                }
                match libtest::result(&String::from_utf8_lossy(&line)) {
                    Some((_, Outcome::Failed)) if !failed => {
                        failed = true;
                        bound = Some(IMPATIENCE.min(self.bound));
                    }
                    Some(_) if !failed => bound = Some(self.bound),
                    _ => {}
                }
                line.clear();
            }
            bound
        })?;
        let report = Report::parse(&output.stdout);
        match output.end {
            End::Cancelled => Ok(Verdict::Cancelled),
            End::Exited(_) if report.complete && report.failed() == 0 && output.end.success() => {
                Ok(Verdict::Passed { tests: report.passed() })
            }
            End::Exited(_) if report.failed() > 0 => {
                self.failure(exercise, program, report, cancel)
            }
            End::TimedOut if failed => self.failure(exercise, program, report, cancel),
            End::TimedOut => Ok(Verdict::Hung {
                bound: self.bound,
                running: self.unheard_of(exercise, program, &report, cancel)?,
                passed: report.passed(),
            }),
            End::Exited(status) => {
                let unheard_of = self.unheard_of(exercise, program, &report, cancel)?;
                // A stack overflow names its thread, which is named after its test.
                let named: Vec<String> = unheard_of
                    .iter()
                    .filter(|test| output.stderr.contains(&format!("thread '{test}'")))
                    .cloned()
                    .collect();
                Ok(Verdict::Crashed {
                    during: if named.is_empty() { unheard_of } else { named },
                    said: format!("{}\n{status}", output.stderr.trim()).trim().to_owned(),
                })
            }
        }
    }

    fn start(
        &self,
        exercise: &Exercise,
        program: &TestProgram,
        arguments: &[&str],
        cancel: &Cancel,
        on_stdout: &mut dyn FnMut(&[u8]) -> Option<Duration>,
    ) -> Result<Output> {
        let mut command = Command::new(&program.path);
        command.args(["--color", "never"]).args(arguments).current_dir(&exercise.dir);
        libtest::quiet(&mut command);
        process::run_with(&mut command, Some(self.bound), cancel, on_stdout)
            .with_context(|| format!("{} cannot be started", program.path.display()))
    }

    /// The tests that a program has and whose result was not printed.
    fn unheard_of(
        &self,
        exercise: &Exercise,
        program: &TestProgram,
        report: &Report,
        cancel: &Cancel,
    ) -> Result<Vec<String>> {
        let list = ["--list", "--format", "terse"];
        let output = self.start(exercise, program, &list, cancel, &mut |_| None)?;
        let mut tests = libtest::list(&output.stdout);
        tests.retain(|test| report.tests.iter().all(|(heard_of, _)| heard_of != test));
        Ok(tests)
    }

    /// The verdict on a program whose tests failed, perhaps before all of them were done.
    fn failure(
        &self,
        exercise: &Exercise,
        program: &TestProgram,
        mut report: Report,
        cancel: &Cancel,
    ) -> Result<Verdict> {
        let mut failed: Vec<String> = report
            .tests
            .iter()
            .filter(|(_, outcome)| *outcome == Outcome::Failed)
            .map(|(test, _)| test.clone())
            .collect();
        in_the_order_of_the_file(&mut failed, exercise);
        let test = failed.remove(0);

        let unfinished = if report.complete {
            0
        } else {
            self.unheard_of(exercise, program, &report, cancel)?.len()
        };
        let mut alone_it_passes = false;
        let message = if let Some(message) = report.messages.remove(&test) {
            message
        } else {
            // The messages come after the last test, which was not waited for: this one is asked again.
            let again = [&test, "--exact"];
            let output = self.start(exercise, program, &again, cancel, &mut |_| None)?;
            match output.end {
                End::Cancelled => return Ok(Verdict::Cancelled),
                End::TimedOut => {
                    return Ok(Verdict::Hung {
                        bound: self.bound,
                        running: vec![test],
                        passed: report.passed(),
                    });
                }
                End::Exited(_) => {}
            }
            let mut alone = Report::parse(&output.stdout);
            alone_it_passes = alone.failed() == 0 && output.end.success();
            alone.messages.remove(&test).unwrap_or(output.stderr)
        };
        Ok(Verdict::Failed(Failure {
            passages: passages(&message),
            alone_it_passes,
            passed: report.passed(),
            tests: report.tests.len() + unfinished,
            others: failed,
            unfinished,
            test,
        }))
    }
}

/// The first error anywhere, which is in what the exercise is built upon; else what Cargo said.
fn why_not_built(build: &Build) -> String {
    let below = build.diagnostics.iter().find(|diagnostic| diagnostic.error);
    match below {
        Some(diagnostic) => diagnostic.rendered.trim_end().to_owned(),
        None if build.complaint().is_empty() => {
            String::from("Cargo built no test program, and did not say why")
        }
        None => build.complaint().to_owned(),
    }
}

/// Tests are run by name, but a file tells them from the simple to the hard: that is the order to mend them in.
fn in_the_order_of_the_file(tests: &mut [String], exercise: &Exercise) {
    let text = fs::read_to_string(exercise.tests()).unwrap_or_default();
    tests.sort_by_cached_key(|test| {
        let function = test.rsplit("::").next().unwrap_or(test);
        let place = text.find(&format!("fn {function}("));
        (place.unwrap_or(usize::MAX), test.clone())
    });
}
