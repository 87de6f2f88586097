//! `cargo book`.

use std::env;
use std::process::ExitCode;
use std::sync::Arc;

use book_builder::{book, record, site::Site};
use catalogue::Tree;
use clap::{Parser, Subcommand};

/// Builds, serves and checks the book. Without a command: builds it, serves it and opens a browser.
#[derive(Debug, Parser)]
#[command(name = "cargo book", bin_name = "cargo book", version)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Builds the book into book/dist.
    Build,
    /// Runs examples and writes what they print and draw.
    ///
    /// Without names: what is missing or out of date. A name is a recording's, a chapter's or its package's;
    /// what is named is run and written anew, measured figures too.
    Record {
        /// Recordings, chapters or packages.
        names: Vec<String>,
    },
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let root = Tree::find(&env::current_dir()?)?.root;
    let site = Site::read(&root, |name| env::var(name).ok())?;
    match &arguments.command {
        Some(Command::Record { names }) => write_recordings(&site, names),
        _ => {
            let dist = book::publish(&Arc::new(site))?;
            println!("{}", dist.join("index.html").display());
            Ok(())
        }
    }
}

fn write_recordings(site: &Site, names: &[String]) -> anyhow::Result<()> {
    let report = record::record(site, names)?;
    for path in &report.written {
        println!("{}", path.display());
    }
    eprint!("{}", report.notes());
    if report.problems.is_empty() {
        if report.written.is_empty() {
            println!("Every recording is up to date.");
        }
        Ok(())
    } else {
        Err(book_builder::Error::Problems(report.problems).into())
    }
}
