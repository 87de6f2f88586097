//! The command line: what can be asked, and the exit code of each answer.

use std::io::{IsTerminal, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use catalogue::{Exercise, Tree};
use clap::{Parser, Subcommand};

use crate::process::{self, Cancel};
use crate::prove;

/// What scripts may rely on.
const EXIT_CODES: &str = "\
Exit codes:
  0    done; for run, check and prove: everything passed
  1    tests failed, or something is not proved
  2    the command line asks for what there is not
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
    /// Something else went wrong.
    Broken = 6,
    /// Interrupted.
    Interrupted = 130,
}

/// The exercise companion.
#[derive(Debug, Parser)]
#[command(name = "cargo learn", bin_name = "cargo learn", after_help = EXIT_CODES, version)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// For maintainers: show that stubs fail, solutions pass, and every wrong answer is caught by its test
    Prove {
        /// The exercises; all of them if none is named
        names: Vec<String>,
        /// Write the messages of the wrong answers instead of comparing them
        #[arg(long)]
        record: bool,
        /// How many compilers or tests run at once
        #[arg(long, value_name = "N")]
        jobs: Option<usize>,
    },
}

/// Does what the command line asks, from the folder `start`.
///
/// # Errors
///
/// When something goes wrong that no exit code of its own stands for.
pub fn run(arguments: Arguments, start: &Path) -> Result<Exit> {
    let start = start.canonicalize().context("the current folder is gone")?;
    let tree = Tree::find(&start)?;
    let cancel = Cancel::default();
    ctrlc::set_handler(|| {
        process::stop_everything();
        std::process::exit(Exit::Interrupted as i32);
    })
    .context("signals cannot be handled")?;

    match arguments.command {
        Command::Prove { names, record, jobs } => {
            let exercises = chosen(&tree, &names)?;
            let options = prove::Options { record, jobs, color: color() };
            let mut proof = prove::prove(&tree, &exercises, &options, &cancel)?;
            for file in &mut proof.recorded {
                *file = relative(&tree, file);
            }
            write!(anstream::stdout(), "{}", proof.report())?;
            Ok(if proof.holds() { Exit::Done } else { Exit::Failed })
        }
    }
}

fn chosen<'a>(tree: &'a Tree, names: &[String]) -> Result<Vec<&'a Exercise>, catalogue::Error> {
    if names.is_empty() {
        return Ok(tree.exercises().map(|(_, exercise)| exercise).collect());
    }
    names.iter().map(|name| tree.exercise(name).map(|(_, exercise)| exercise)).collect()
}

fn relative(tree: &Tree, path: &Path) -> PathBuf {
    path.strip_prefix(&tree.root).unwrap_or(path).to_path_buf()
}

/// Whether standard output is shown in colours: a terminal that was not asked to do without.
fn color() -> bool {
    std::io::stdout().is_terminal()
        && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

/// The exit code for an error that a command returned.
pub fn exit_for(error: &anyhow::Error) -> Exit {
    match error.downcast_ref() {
        Some(catalogue::Error::UnknownExercise { .. }) => Exit::Usage,
        _ => Exit::Broken,
    }
}
