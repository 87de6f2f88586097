//! What builds the program: Cargo, as it has built this one.

use std::env;
use std::io;
use std::path::{Path, PathBuf};

use tokio::process::Command;

use crate::cli::Development;

/// How the program is built.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Build {
    words: Vec<String>,
    folder: Option<PathBuf>,
}

impl Build {
    pub(super) fn new(options: &Development) -> io::Result<Self> {
        if let Some(command) = &options.reload_command {
            let words = ["/bin/sh", "-c", command].map(str::to_owned).to_vec();
            return Ok(Self { words, folder: None });
        }
        let words = cargo(&env::current_exe()?).ok_or_else(|| {
            io::Error::other(
                "this program is not where Cargo puts one: say by --reload-command how it is built",
            )
        })?;
        // Set by `cargo run`.
        let folder = env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
        Ok(Self { words, folder })
    }

    /// Whether it could be built. What the compiler says goes to the terminal.
    pub(super) async fn run(&self) -> io::Result<bool> {
        let mut command = Command::new(&self.words[0]);
        command.args(&self.words[1..]).kill_on_drop(true);
        if let Some(folder) = &self.folder {
            command.current_dir(folder);
        }
        // By these `cargo run` tells a program of which package it is. A Cargo below would see a change in what some build scripts ask for,
        // as ring's does, and would compile again all that depends on one.
        for (name, _) in env::vars_os() {
            let of = |start: &str| name.as_encoded_bytes().starts_with(start.as_bytes());
            if of("CARGO_MANIFEST_") || of("CARGO_PKG_") {
                command.env_remove(&name);
            }
        }
        Ok(command.status().await?.success())
    }
}

/// `…/target/debug/examples/crabs` is built by `cargo build --example crabs`.
fn cargo(program: &Path) -> Option<Vec<String>> {
    let name = program.file_name()?.to_str()?.to_owned();
    let mut folder = program.parent()?;
    let kind = if folder.ends_with("examples") {
        folder = folder.parent()?;
        "--example"
    } else {
        "--bin"
    };
    let profile = match folder.file_name()?.to_str()? {
        "debug" => "dev",
        profile => profile,
    };
    folder.parent()?.file_name().filter(|name| *name == "target")?;
    Some(["cargo", "build", "--profile", profile, kind, &name].map(str::to_owned).to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_built_as_it_was_built() {
        let cases = [
            (
                "/site/target/debug/examples/crabs",
                Some("cargo build --profile dev --example crabs"),
            ),
            ("/site/target/release/site", Some("cargo build --profile release --bin site")),
            ("/usr/bin/site", None),
        ];
        for (program, expected) in cases {
            let words = cargo(Path::new(program)).map(|words| words.join(" "));
            assert_eq!(words.as_deref(), expected, "{program}");
        }
    }
}
