//! `cargo book`.

use std::env;
use std::process::ExitCode;
use std::sync::Arc;

use book_builder::{book, site::Site};
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

fn run(_: &Arguments) -> anyhow::Result<()> {
    let root = Tree::find(&env::current_dir()?)?.root;
    let site = Site::read(&root, |name| env::var(name).ok())?;
    let dist = book::publish(&Arc::new(site))?;
    println!("{}", dist.join("index.html").display());
    Ok(())
}
