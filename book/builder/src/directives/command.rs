//! `{{#command cargo learn run exhibition}}`: a command line to copy.
//!
//! `{repository}` in it stands for the repository's address.

use std::path::Path;

use crate::html::one_line;
use crate::site::Site;

/// The directive's HTML.
///
/// # Errors
///
/// When the command names a package, an example, an exercise or a file that there is not.
pub fn render(site: &Site, command: &str) -> Result<String, String> {
    if command.is_empty() {
        return Err(String::from("expected a command line, found nothing"));
    }
    exists(site, command)?;
    Ok(html(&command.replace("{repository}", site.address.repository())))
}

/// A command line as HTML.
pub fn html(command: &str) -> String {
    format!("<div class=\"command\"><pre><code>{}</code></pre></div>", one_line(command))
}

/// What a command line of Cargo's says: which package, which example, and what is passed on.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Run {
    /// `run`, `test`, `build` …
    pub verb: String,
    /// `-p NAME`.
    pub package: Option<String>,
    /// `--example NAME`.
    pub example: Option<String>,
    /// `--bin NAME`.
    pub program: Option<String>,
    /// `--release`.
    pub release: bool,
    /// `--features LIST`.
    pub features: Option<String>,
    /// What follows `--`.
    pub arguments: Vec<String>,
    /// Words that are none of these, like the name of a test.
    pub others: Vec<String>,
}

impl Run {
    /// Takes a command line that starts with `cargo` apart.
    ///
    /// # Errors
    ///
    /// Where an option has no value.
    pub fn parse(command: &str) -> Result<Option<Self>, String> {
        let mut words = command.split_whitespace();
        if words.next() != Some("cargo") {
            return Ok(None);
        }
        let mut run = Self { verb: words.next().unwrap_or_default().to_owned(), ..Self::default() };
        while let Some(word) = words.next() {
            let mut value = || {
                words
                    .next()
                    .map(str::to_owned)
                    .ok_or_else(|| format!("`{word}` has no value in `{command}`"))
            };
            match word {
                "-p" | "--package" => run.package = Some(value()?),
                "--example" => run.example = Some(value()?),
                "--bin" => run.program = Some(value()?),
                "-F" | "--features" => run.features = Some(value()?),
                "--release" | "-r" => run.release = true,
                "-q" | "--quiet" => {}
                "--" => run.arguments = words.by_ref().map(str::to_owned).collect(),
                other => run.others.push(other.to_owned()),
            }
        }
        Ok(Some(run))
    }
}

/// Checks that everything a command names is there.
///
/// # Errors
///
/// A sentence about the first name that stands for nothing.
pub fn exists(site: &Site, command: &str) -> Result<(), String> {
    let Some(run) = Run::parse(command)? else {
        return file_exists(site, command);
    };
    if run.verb == "learn" {
        return match &*run.others {
            [verb, name] if verb != "list" => {
                site.tree.exercise(name).map(|_| ()).map_err(|error| error.to_string())
            }
            _ => Ok(()),
        };
    }
    let Some(name) = &run.package else {
        return match run.verb.as_str() {
            "run" => Err(format!("`{command}` names no package: write `cargo run -p PACKAGE …`")),
            _ => Ok(()),
        };
    };
    let package =
        site.packages.get(name).ok_or_else(|| format!("no package is called `{name}`"))?;
    if let Some(example) = &run.example {
        if package.example(example).is_none() {
            let all: Vec<_> = package.examples.iter().map(|e| &*e.name).collect();
            return Err(format!(
                "package `{name}` has no example `{example}`; it has {}",
                if all.is_empty() { String::from("none") } else { all.join(", ") }
            ));
        }
    } else if let Some(program) = &run.program {
        if !package.programs.contains(program) {
            return Err(format!("package `{name}` has no program `{program}`"));
        }
    } else if run.verb == "run" && package.programs.is_empty() {
        return Err(format!("package `{name}` has no program of its own: add `--example NAME`"));
    }
    Ok(())
}

/// The Python that has the packages of `book/requirements.txt`, where somebody has installed them.
pub const PYTHON_WITH_PACKAGES: &str = "target/python/bin/python";

/// A script or a source that `python3` or `rustc` is given.
fn file_exists(site: &Site, command: &str) -> Result<(), String> {
    let mut words = command.split_whitespace();
    let extension = match words.next() {
        Some("python3" | PYTHON_WITH_PACKAGES) => "py",
        Some("rustc") => "rs",
        _ => return Ok(()),
    };
    match words.find(|word| Path::new(word).extension().is_some_and(|e| e == extension)) {
        Some(file) if !site.has(Path::new(file)) => Err(format!("there is no file {file}")),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::Fixture;

    #[test]
    fn a_command_is_shown_as_it_is() {
        let fixture = Fixture::new();
        let (html, problems) =
            fixture.expand("# W\n\n{{#command nc localhost 7 <<< \"tea & milk\"}}\n");
        assert_eq!(problems, []);
        assert!(
            html.contains("<div class=\"command\"><pre><code>nc localhost 7 &lt;&lt;&lt; &quot;tea &amp; milk&quot;</code></pre></div>"),
            "{html}"
        );
    }

    #[test]
    fn the_repository_is_named_by_its_address() {
        let fixture = Fixture::new();
        let (html, problems) = fixture.expand("# W\n\n{{#command git clone {repository} pool}}\n");
        assert_eq!(problems, []);
        assert!(
            html.contains("<code>git clone https://example.org/crabs/tidepool pool</code>"),
            "{html}"
        );
    }

    #[test]
    fn names_that_stand_for_nothing_are_problems() {
        let fixture = Fixture::new();
        fixture.write("chapters/01-waiting/examples/tea.rs", "fn main() {}\n");
        let site = fixture.site();
        let error = |command| exists(&site, command).unwrap_err();
        assert_eq!(error("cargo run -p wading"), "no package is called `wading`");
        assert_eq!(
            error("cargo run -p waiting --example milk"),
            "package `waiting` has no example `milk`; it has tea"
        );
        assert!(error("cargo run -p waiting").contains("add `--example NAME`"));
        assert!(error("cargo run --example tea").contains("names no package"));
        assert!(error("cargo learn run teapots").contains("did you mean `teapot`?"));
        assert_eq!(
            error("python3 chapters/01-waiting/python/tea.py"),
            "there is no file chapters/01-waiting/python/tea.py"
        );
        assert_eq!(
            error("target/python/bin/python chapters/01-waiting/python/tea.py"),
            "there is no file chapters/01-waiting/python/tea.py"
        );
        for sound in [
            "cargo run -p waiting --example tea -- 100",
            "cargo learn",
            "cargo learn hint teapot",
            "cargo test",
            "nc 127.0.0.1 7777",
        ] {
            assert_eq!(exists(&site, sound), Ok(()), "{sound}");
        }
    }

    #[test]
    fn a_cargo_command_is_taken_apart() {
        let run = Run::parse("cargo run --release -p waiting --example tea -- 100 --hot")
            .unwrap()
            .unwrap();
        assert_eq!(run.package.as_deref(), Some("waiting"));
        assert_eq!(run.example.as_deref(), Some("tea"));
        assert!(run.release);
        assert_eq!(run.arguments, ["100", "--hot"]);
        assert_eq!(Run::parse("rustc x.rs"), Ok(None));
        assert!(Run::parse("cargo run -p").is_err());
    }
}
