//! `cargo learn`: see [`exercise_runner`].

use std::process::ExitCode;

use clap::Parser;
use exercise_runner::cli::{self, Arguments};
use exercise_runner::process;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let outcome = std::env::current_dir()
        .map_err(anyhow::Error::from)
        .and_then(|start| cli::run(arguments, &start));
    process::stop_everything();
    let exit = match outcome {
        Ok(exit) => exit,
        Err(error) => {
            eprintln!("error: {error:#}");
            cli::exit_for(&error)
        }
    };
    ExitCode::from(exit as u8)
}
