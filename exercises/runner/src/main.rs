//! `cargo learn`: see [`exercise_runner`].

use std::process::ExitCode;

use clap::Parser;
use exercise_runner::cli::{self, Arguments, Exit};
use exercise_runner::process;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let outcome = std::env::current_dir()
        .map_err(anyhow::Error::from)
        .and_then(|start| cli::run(arguments, &start));
    process::stop_everything();
    let exit = match outcome {
        Ok(exit) => exit,
        // Whoever read our output has seen enough.
        Err(error) if is_closed_pipe(&error) => Exit::Done,
        Err(error) => {
            eprintln!("error: {error:#}");
            cli::exit_for(&error)
        }
    };
    ExitCode::from(exit as u8)
}

fn is_closed_pipe(error: &anyhow::Error) -> bool {
    error
        .downcast_ref::<std::io::Error>()
        .is_some_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe)
}
