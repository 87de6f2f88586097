//! The command line: what can be asked, and the exit code of each answer.

use std::io::{IsTerminal, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};
use catalogue::{Exercise, Tree};
use clap::{Parser, Subcommand};

use crate::commands::Desk;
use crate::process::Cancel;
use crate::prove;
use crate::session::Session;
use crate::text::{Palette, Paper};
use crate::watch;

/// Prose is not set wider than this.
const PROSE: usize = 100;

/// What scripts may rely on.
const NOTES: &str = "\
NAME is an exercise; without it, the one you are at.
Without a terminal, output is plain, `list` prints a line for each exercise
(state, name, chapter and file, with tabs between), and nothing asks back.
NO_COLOR is respected; VISUAL or EDITOR names the editor.

Exit codes:
  0    done; for run, check and prove: everything passed
  1    tests failed, or something is not proved
  2    the command line asks for what there is not
  3    the answer does not compile
  4    the tests hung and were stopped
  5    a question was answered with no, or nobody was there to answer
  6    something else went wrong; standard error says what
  130  interrupted";

/// How a command ended, as the shell sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Done, or everything passed.
    Done = 0,
    /// Tests failed, or something is not proved.
    Failed = 1,
    /// Asked for what there is not.
    Usage = 2,
    /// The answer does not compile.
    NotCompiled = 3,
    /// The tests hung.
    Hung = 4,
    /// A question was answered with no.
    Declined = 5,
    /// Something else went wrong.
    Broken = 6,
    /// Interrupted.
    Interrupted = 130,
}

/// Leads through the exercises of the book. Without a command, it watches: it shows the
/// exercise you are at, tries it whenever you save, and moves on when its tests pass.
#[derive(Debug, Parser)]
#[command(name = "cargo learn", bin_name = "cargo learn", after_help = NOTES, version)]
pub struct Arguments {
    /// Stop tests of which nothing is heard for this long
    #[arg(long, global = true, value_name = "SECONDS", default_value_t = 20,
          value_parser = clap::value_parser!(u64).range(1..))]
    bound: u64,

    /// Watch without a screen: line after line, as for a pipe
    #[arg(long)]
    plain: bool,

    /// Look for saved files now and then, where the operating system does not tell (network drives)
    #[arg(long)]
    poll: bool,

    #[command(subcommand)]
    command: Option<Task>,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Watch, beginning with an exercise; without a command, it begins where you stopped
    Watch {
        /// The exercise
        name: Option<String>,
    },
    /// List the exercises and how far each is
    List,
    /// Try an exercise once
    Run {
        /// The exercise
        name: Option<String>,
    },
    /// Show the next hint, one at a time
    Hint {
        /// The exercise
        name: Option<String>,
        /// The hint with this number
        #[arg(long, value_name = "N", conflicts_with = "all")]
        number: Option<usize>,
        /// All hints
        #[arg(long)]
        all: bool,
    },
    /// Put the stub back in the answer's place; the answer is kept in .learn/backups
    Reset {
        /// The exercise
        name: String,
        /// Do not ask
        #[arg(long, short)]
        yes: bool,
    },
    /// Open the answer in your editor, or print where it is
    Open {
        /// The exercise
        name: Option<String>,
        /// Only print where it is
        #[arg(long)]
        print: bool,
    },
    /// Try every exercise
    Check {
        /// Only those that were solved
        #[arg(long)]
        solved: bool,
    },
    /// Show the solution and its discussion; asks first while the exercise is not solved
    Solution {
        /// The exercise
        name: Option<String>,
        /// Do not ask
        #[arg(long, short)]
        yes: bool,
    },
    /// For maintainers: show that stubs fail, solutions pass, and every wrong answer is caught by its test
    Prove {
        /// The exercises; all of them if none is named
        names: Vec<String>,
        /// Write the messages of the wrong answers instead of comparing them
        #[arg(long)]
        record: bool,
        /// Run a wrong answer against the test that it names, and no others: for a proof of them all
        #[arg(long)]
        named: bool,
        /// How many compilers or tests run at once
        #[arg(long, value_name = "N")]
        jobs: Option<usize>,
        /// Build here, and not in target/prove/build.
        /// With Cargo's own target folder, what `cargo test` has built is not built again
        #[arg(long, value_name = "DIR")]
        target_dir: Option<PathBuf>,
    },
}

/// Does what the command line asks, from the folder `start`.
///
/// # Errors
///
/// When something goes wrong that no exit code of its own stands for.
pub fn run(arguments: Arguments, start: &Path) -> Result<Exit> {
    let paper = paper();
    let bound = Duration::from_secs(arguments.bound);
    let session = Session::open(start, bound, paper.palette)?;
    let cancel = Cancel::default();
    ctrlc::set_handler(watch::on_signal).context("signals cannot be handled")?;

    let desk = Desk { session, paper };
    let task = arguments.command.unwrap_or(Task::Watch { name: None });
    match task {
        Task::Watch { name } => {
            let options =
                watch::Options { start: name, plain: arguments.plain, poll: arguments.poll };
            watch::watch(desk.session, &options, desk.paper)
        }
        Task::List => desk.list(&cancel),
        Task::Run { name } => desk.run(name.as_deref(), &cancel),
        Task::Hint { name, number, all } => desk.hint(name.as_deref(), number, all),
        Task::Reset { name, yes } => desk.reset(&name, yes),
        Task::Open { name, print } => desk.open(name.as_deref(), print),
        Task::Check { solved } => desk.check(solved, &cancel),
        Task::Solution { name, yes } => desk.solution(name.as_deref(), yes),
        Task::Prove { names, record, named, jobs, target_dir } => {
            let options = prove::Options {
                record,
                named,
                jobs,
                target: target_dir.map(|folder| start.join(folder)),
                color: paper.palette.color(),
                ..prove::Options::default()
            };
            prove_all(&desk.session.tree, &names, &options, &cancel)
        }
    }
}

fn prove_all(
    tree: &Tree,
    names: &[String],
    options: &prove::Options,
    cancel: &Cancel,
) -> Result<Exit> {
    let exercises: Vec<&Exercise> = if names.is_empty() {
        tree.exercises().map(|(_, exercise)| exercise).collect()
    } else {
        names
            .iter()
            .map(|name| tree.exercise(name).map(|(_, exercise)| exercise))
            .collect::<Result<_, _>>()?
    };
    let mut proof = prove::prove(tree, &exercises, options, cancel)?;
    for file in &mut proof.recorded {
        *file = PathBuf::from(crate::show::path(&tree.root, file));
    }
    write!(std::io::stdout(), "{}", proof.report())?;
    Ok(if proof.holds() { Exit::Done } else { Exit::Failed })
}

/// Standard output: a terminal of some width that may have been asked to do without colours, or plain.
fn paper() -> Paper {
    let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let styled = std::io::stdout().is_terminal()
        && std::env::var_os("TERM").is_none_or(|terminal| terminal != "dumb");
    if !styled {
        return Paper { palette: Palette::bare(), width: usize::MAX };
    }
    // Some terminals do not say how wide they are.
    let width = crossterm::terminal::size()
        .map(|(columns, _)| usize::from(columns))
        .ok()
        .filter(|columns| *columns > 0)
        .map_or(PROSE, |columns| columns.min(PROSE));
    Paper { palette: Palette::new(!set("NO_COLOR")), width }
}

/// The exit code for an error that a command returned.
pub fn exit_for(error: &anyhow::Error) -> Exit {
    match error.downcast_ref() {
        Some(catalogue::Error::UnknownExercise { .. }) => Exit::Usage,
        _ => Exit::Broken,
    }
}
