//! The commands of recordings: what they start, and Cargo's programs built in one go.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::PathBuf;
use std::process::{Command, ExitStatus, Stdio};

use serde::Deserialize;

use crate::Error;
use crate::directives::command;
use crate::site::Site;

/// A command that can be recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Program {
    /// A program of a package of ours.
    Cargo(command::Run),
    /// Another one: its name and its arguments.
    Other(Vec<String>),
}

impl Program {
    /// Takes a command line apart.
    ///
    /// # Errors
    ///
    /// When it is none that can be recorded, or names something that there is not.
    pub fn parse(site: &Site, line: &str) -> Result<Self, String> {
        command::exists(site, line)?;
        if let Some(mut run) = command::Run::parse(line)? {
            if run.verb != "run" || !run.others.is_empty() {
                return Err(format!(
                    "only `cargo run -p PACKAGE [--example NAME] [-- ARGUMENTS]` can be recorded, found `{line}`"
                ));
            }
            if run.example.is_none() && run.program.is_none() {
                let package = run.package.as_deref().and_then(|name| site.packages.get(name));
                run.program = match package.map(|package| &*package.programs) {
                    Some([only]) => Some(only.clone()),
                    _ => {
                        return Err(format!(
                            "`{line}` does not say which program: add `--bin NAME`"
                        ));
                    }
                };
            }
            return Ok(Self::Cargo(run));
        }
        let words = words(line)?;
        match words.first().map(String::as_str) {
            Some("python3" | command::PYTHON_WITH_PACKAGES | "rustc") => Ok(Self::Other(words)),
            _ => Err(format!(
                "a recorded command starts with cargo run, python3, {} or rustc, found `{line}`",
                command::PYTHON_WITH_PACKAGES
            )),
        }
    }

    /// The tool that this program needs and this machine, by `has`, lacks. Only Python may be missing.
    pub fn missing_tool(&self, has: impl Fn(&str) -> bool) -> Option<&str> {
        let Self::Other(words) = self else { return None };
        let tool = words[0].as_str();
        let may_be_missing = matches!(tool, "python3" | command::PYTHON_WITH_PACKAGES);
        (may_be_missing && !has(tool)).then_some(tool)
    }
}

/// Whether a tool says its version.
pub fn has(site: &Site, tool: &str) -> bool {
    version(site, tool).is_ok_and(|status| status.success())
}

/// Whether a tool can be started, whatever it says of its version.
pub fn starts(site: &Site, tool: &str) -> bool {
    version(site, tool).is_ok()
}

fn version(site: &Site, tool: &str) -> io::Result<ExitStatus> {
    let mut command = Command::new(path(site, tool));
    command.arg("--version").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status()
}

/// Where a tool is: one that is named with its folder is in the checkout, wherever we were started.
fn path(site: &Site, tool: &str) -> PathBuf {
    if tool.contains('/') { site.root().join(tool) } else { PathBuf::from(tool) }
}

/// The words of a command line; single and double quotes keep words together.
///
/// # Errors
///
/// When a quote is not closed.
pub fn words(line: &str) -> Result<Vec<String>, String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    for c in line.chars() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (None, '\'' | '"') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (None, ' ') => words.extend(word.take()),
            (_, c) => word.get_or_insert_default().push(c),
        }
    }
    if quote.is_some() {
        return Err(format!("a quote is not closed in `{line}`"));
    }
    words.extend(word);
    Ok(words)
}

/// Cargo's programs, built.
#[derive(Debug, Default)]
pub struct Programs {
    /// Executables by settings, kind and name.
    built: BTreeMap<(Settings, &'static str, String), PathBuf>,
    /// Why some settings' programs could not be built.
    failed: BTreeMap<Settings, String>,
}

/// What must be the same for programs to be built together.
type Settings = (bool, Option<String>);

fn settings(run: &command::Run) -> Settings {
    (run.release, run.features.clone())
}

/// The example or the program that a run starts.
fn target(run: &command::Run) -> Option<(&'static str, &String)> {
    run.example
        .as_ref()
        .map(|name| ("example", name))
        .or(run.program.as_ref().map(|name| ("bin", name)))
}

/// One of the messages that Cargo writes as JSON.
#[derive(Deserialize)]
struct Message {
    #[serde(default)]
    target: Option<Target>,
    #[serde(default)]
    executable: Option<PathBuf>,
}

#[derive(Deserialize)]
struct Target {
    kind: Vec<String>,
    name: String,
}

impl Programs {
    /// Builds what `programs` start: one invocation of Cargo for each profile and set of features, which is one as a rule.
    ///
    /// # Errors
    ///
    /// When Cargo cannot be started. A program that does not compile is an error of [`Programs::command`].
    pub fn build<'a>(
        site: &Site,
        programs: impl Iterator<Item = &'a Program>,
    ) -> Result<Self, Error> {
        let mut wanted: BTreeMap<Settings, BTreeSet<Vec<&str>>> = BTreeMap::new();
        for program in programs {
            if let Program::Cargo(run) = program {
                let options = wanted.entry(settings(run)).or_default();
                if let Some(package) = &run.package {
                    options.insert(vec!["--package", package]);
                }
                if let Some((kind, name)) = target(run) {
                    let option = if kind == "example" { "--example" } else { "--bin" };
                    options.insert(vec![option, name]);
                }
            }
        }
        let mut all = Self::default();
        for (settings, options) in wanted {
            let mut build = catalogue::cargo();
            build
                .current_dir(site.root())
                .args(["build", "--quiet", "--message-format=json"])
                .args(options.into_iter().flatten())
                .stdin(Stdio::null());
            if settings.0 {
                build.arg("--release");
            }
            if let Some(features) = &settings.1 {
                build.args(["--features", features]);
            }
            let output =
                build.output().map_err(|error| Error::file("cannot start cargo", error))?;
            if !output.status.success() {
                all.failed
                    .insert(settings.clone(), String::from_utf8_lossy(&output.stderr).into_owned());
            }
            for line in String::from_utf8_lossy(&output.stdout).lines() {
                if let Ok(Message { target: Some(target), executable: Some(executable) }) =
                    serde_json::from_str(line)
                {
                    let kind = if target.kind.iter().any(|kind| kind == "example") {
                        "example"
                    } else {
                        "bin"
                    };
                    all.built.insert((settings.clone(), kind, target.name), executable);
                }
            }
        }
        Ok(all)
    }

    /// The command that starts a program.
    ///
    /// # Errors
    ///
    /// When it was not built.
    pub fn command(&self, site: &Site, program: &Program) -> Result<Command, String> {
        match program {
            Program::Cargo(run) => {
                let (kind, name) = target(run).ok_or("names no program")?;
                let settings = settings(run);
                let Some(executable) = self.built.get(&(settings.clone(), kind, name.clone()))
                else {
                    let why = self.failed.get(&settings).map_or("", |why| why);
                    return Err(format!("{kind} `{name}` was not built\n{why}"));
                };
                let mut command = Command::new(executable);
                command.args(&run.arguments);
                Ok(command)
            }
            Program::Other(words) => {
                let mut command = Command::new(path(site, &words[0]));
                command.args(&words[1..]);
                Ok(command)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::Fixture;

    #[test]
    fn quotes_keep_words_together() {
        assert_eq!(words("nc -d 'a b' \"\" c\"d\"").unwrap(), ["nc", "-d", "a b", "", "cd"]);
        assert!(words("a 'b").is_err());
    }

    #[test]
    fn without_python_its_programs_are_left_out_and_no_others() {
        let fixture = Fixture::new();
        fixture.write("chapters/01-waiting/python/tea.py", "");
        let site = fixture.site();
        let parse = |line| Program::parse(&site, line).unwrap();
        let python = parse("python3 chapters/01-waiting/python/tea.py");
        assert_eq!(python.missing_tool(|_| false), Some("python3"));
        assert_eq!(python.missing_tool(|_| true), None);
        let packages = parse("target/python/bin/python chapters/01-waiting/python/tea.py");
        assert_eq!(
            packages.missing_tool(|tool| tool == "python3"),
            Some("target/python/bin/python")
        );
        assert_eq!(packages.missing_tool(|tool| tool == "target/python/bin/python"), None);
        assert_eq!(python.missing_tool(|tool| tool == "python3"), None);
        assert!(!has(&site, "target/python/bin/python"), "the fixture has none");
        let rust = parse("rustc chapters/01-waiting/src/lib.rs");
        assert_eq!(rust.missing_tool(|_| false), None);
    }

    #[test]
    fn a_python_with_packages_is_the_checkouts_own() {
        let fixture = Fixture::new();
        fixture.write("chapters/01-waiting/python/tea.py", "");
        let site = fixture.site();
        let line = "target/python/bin/python chapters/01-waiting/python/tea.py --hot";
        let program = Program::parse(&site, line).unwrap();
        let command = Programs::default().command(&site, &program).unwrap();
        let own = site.root().join("target/python/bin/python");
        assert_eq!(command.get_program(), own.as_os_str());
        let arguments: Vec<_> = command.get_args().collect();
        assert_eq!(arguments, ["chapters/01-waiting/python/tea.py", "--hot"]);
    }

    #[test]
    fn only_some_commands_can_be_recorded() {
        let fixture = Fixture::new();
        fixture.write("chapters/01-waiting/src/main.rs", "fn main() {}\n");
        let site = fixture.site();
        let error = |line| Program::parse(&site, line).unwrap_err();
        assert!(error("cargo test -p waiting").contains("only `cargo run"));
        assert!(
            error("ls")
                .contains("starts with cargo run, python3, target/python/bin/python or rustc")
        );
        let Program::Cargo(run) = Program::parse(&site, "cargo run -p waiting").unwrap() else {
            panic!("a program of Cargo's");
        };
        assert_eq!(run.program.as_deref(), Some("waiting"));
    }
}
