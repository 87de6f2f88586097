//! `cargo book`.

use std::env;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use book_builder::serve::{Options, serve};
use book_builder::{Error, book, check, problem, record, site::Site};
use catalogue::Tree;
use clap::{Args, Parser, Subcommand};

/// Builds, serves and checks the book. Without a command: builds it, serves it and opens a browser.
#[derive(Debug, Parser)]
#[command(
    name = "cargo book",
    bin_name = "cargo book",
    version,
    args_conflicts_with_subcommands = true
)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    serve: Serve,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Builds the book into book/dist.
    Build,
    /// Builds the book, serves it on 127.0.0.1 and rebuilds it when a source changes.
    Serve(Serve),
    /// Checks sources, pages and recordings, and names the file and line of everything that is wrong.
    Check {
        /// Leaves the recordings out: nothing is run.
        #[arg(long)]
        no_run: bool,
    },
    /// Runs examples and writes what they print and draw.
    ///
    /// Without names: what is missing or out of date. A name is a recording's, a chapter's or its package's;
    /// what is named is run and written anew, measured figures too.
    Record {
        /// Recordings, chapters or packages.
        names: Vec<String>,
    },
}

#[derive(Debug, Clone, Copy, Args)]
struct Serve {
    /// The port on 127.0.0.1; 0 takes any that is free.
    #[arg(long, default_value_t = 3000)]
    port: u16,
    /// Opens no browser.
    #[arg(long)]
    no_open: bool,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: Arguments) -> anyhow::Result<()> {
    let root = Tree::find(&env::current_dir()?)?.root;
    match arguments.command.unwrap_or(Command::Serve(arguments.serve)) {
        Command::Build => {
            let published = book::publish(&Arc::new(site(&root)?))?;
            println!("{}", published.folder.join("index.html").display());
            Ok(())
        }
        Command::Serve(Serve { port, no_open }) => serve(&root, Options { port, open: !no_open }),
        Command::Check { no_run } => check_all(&Arc::new(site(&root)?), !no_run),
        Command::Record { names } => write_recordings(&site(&root)?, &names),
    }
}

fn site(root: &Path) -> Result<Site, Error> {
    Site::read(root, |name| env::var(name).ok())
}

fn check_all(site: &Arc<Site>, run: bool) -> anyhow::Result<()> {
    let report = check::check(site, run)?;
    eprint!("{}", report.notes());
    if !report.problems.is_empty() {
        let count = report.problems.len();
        eprintln!("{}", problem::report(&report.problems));
        anyhow::bail!("{count} to be mended.");
    }
    println!("The book is sound; {} recordings were run again.", report.runs);
    Ok(())
}

fn write_recordings(site: &Site, names: &[String]) -> anyhow::Result<()> {
    let report = record::record(site, names)?;
    for path in &report.written {
        println!("{}", path.display());
    }
    eprint!("{}", report.notes());
    if !report.problems.is_empty() {
        return Err(Error::Problems(report.problems).into());
    }
    if report.written.is_empty() {
        println!("Every recording is up to date.");
    }
    Ok(())
}
