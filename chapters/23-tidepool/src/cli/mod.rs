//! The command line, and what stands behind it: environment variables and a file, each of them with the same names.
//!
//! There is one definition of an option, in `options`. A file and the environment are laid under the command line as the defaults
//! that an option has when it is not given: so each of them is parsed, checked and shown by `--help` in the same way.
//!
//! Precedence: command line, environment (`TIDEPOOL_PORT`), file (`port = 8000`), the built-in default.
//!
//! It leaves out what the options do: `Options` are the other modules' to read.

mod options;
mod units;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::path::Path;

use clap::error::{ContextKind, ErrorKind};
use clap::parser::ValueSource;
use clap::{ArgMatches, Command, CommandFactory, FromArgMatches};

pub use options::{
    Application, CertReqs, Development, ForwardedHeader, Http, Http2, Lifespan, Limits, Listening,
    LogFormat, LogLevel, Logging, Options, Processes, Proxies, StaticDir, Times, Tls, WebSockets,
};

/// Looks an environment variable up.
pub type Environment<'a> = &'a dyn Fn(&str) -> Option<String>;

/// Why there are no options: the text is for the terminal.
#[derive(Debug)]
pub struct Refusal {
    /// What to print.
    pub text: String,
    /// The exit code: 0 if `--help` or `--version` was asked for, 2 if something is wrong.
    pub code: u8,
}

/// What other programs call the same: looked at where ours is not set.
const ALSO: [(&str, &str); 2] =
    [("workers", "WEB_CONCURRENCY"), ("forwarded_allow_ips", "FORWARDED_ALLOW_IPS")];

/// Options by the names of their fields, each with its values as text.
type Layer = BTreeMap<String, Vec<String>>;

// ANCHOR: parse
/// Reads the options from a command line (its first word is the program's name), the environment, and the file that one of them names.
///
/// # Errors
///
/// [`Refusal`] if they cannot be used, and if help was asked for.
pub fn parse(
    arguments: impl IntoIterator<Item = OsString>,
    environment: Environment<'_>,
) -> Result<Options, Refusal> {
    let command = Options::command();
    let arguments: Vec<_> = arguments.into_iter().map(|word| negated(&command, word)).collect();
    let environment = from_environment(&command, environment)?;
    let file = match config_file(&command, &arguments, &environment) {
        Some(path) => from_file(&command, Path::new(&path))?,
        None => Layer::new(),
    };
    let command = laid_under(command, &file);
    let command = laid_under(command, &environment);
    let matches = command.try_get_matches_from(arguments).map_err(|error| refusal(&error))?;
    let mut options = Options::from_arg_matches(&matches).map_err(|error| refusal(&error))?;
    options.tls.check().map_err(|why| unusable("TLS", &why))?;
    options.listening.prefer(&named(&matches), &|name| environment.contains_key(name));
    Ok(options)
}
// ANCHOR_END: parse

/// The options that the command line itself names.
fn named(matches: &ArgMatches) -> Vec<String> {
    let given =
        |id: &&clap::Id| matches.value_source(id.as_str()) == Some(ValueSource::CommandLine);
    matches.ids().filter(given).map(ToString::to_string).collect()
}

/// `--no-access-log` is `--access-log=false`.
fn negated(command: &Command, word: OsString) -> OsString {
    let switch = |name: &str| {
        command.get_arguments().any(|argument| {
            argument.get_long() == Some(name) && options::is_switch(argument.get_id().as_str())
        })
    };
    match word.to_str().and_then(|word| word.strip_prefix("--no-")) {
        Some(name) if switch(name) => format!("--{name}=false").into(),
        _ => word,
    }
}

// ANCHOR: under
/// These values are the defaults from now on.
fn laid_under(mut command: Command, layer: &Layer) -> Command {
    for (id, values) in layer {
        command = command.mut_arg(id, |argument| argument.default_values(values.clone()));
    }
    command
}
// ANCHOR_END: under

fn from_environment(command: &Command, look: Environment<'_>) -> Result<Layer, Refusal> {
    let mut layer = Layer::new();
    for argument in command.get_arguments() {
        let id = argument.get_id().as_str();
        let ours = format!("TIDEPOOL_{}", id.to_uppercase());
        let others = ALSO.iter().filter(|(other, _)| *other == id).map(|(_, name)| *name);
        let mut names = std::iter::once(ours.as_str()).chain(others);
        let Some((name, value)) = names.find_map(|name| Some((name, look(name)?))) else {
            continue;
        };
        if argument.get_long().is_none() || value.is_empty() {
            continue;
        }
        // What may be given several times has a line each.
        let values: Vec<_> = value.lines().map(str::to_owned).collect();
        check(command, id, &values).map_err(|why| unusable(name, &why))?;
        layer.insert(id.to_owned(), values);
    }
    Ok(layer)
}

/// The file is known before the rest is read: from the command line, or from the environment.
fn config_file(command: &Command, arguments: &[OsString], environment: &Layer) -> Option<String> {
    let lenient = command.clone().ignore_errors(true);
    // A question is answered later: with what the file says.
    let question = |word: &&OsString| ["-h", "--help", "-V", "--version"].iter().any(|q| word == q);
    let arguments = arguments.iter().filter(|word| !question(word));
    let named = lenient.try_get_matches_from(arguments).ok();
    let named = named.and_then(|matches| matches.get_one::<std::path::PathBuf>("config").cloned());
    match named {
        Some(path) => Some(path.to_string_lossy().into_owned()),
        None => environment.get("config").and_then(|values| values.first().cloned()),
    }
}

fn from_file(command: &Command, path: &Path) -> Result<Layer, Refusal> {
    let name = path.display();
    let text = fs::read_to_string(path).map_err(|error| {
        unusable(&name.to_string(), &format!("cannot be read: {error} (see --config)"))
    })?;
    let table: toml::Table = text.parse().map_err(|error: toml::de::Error| {
        unusable(&name.to_string(), &format!("is not TOML: {}", error.to_string().trim_end()))
    })?;
    let mut layer = Layer::new();
    for (key, value) in table {
        let id = key.replace('-', "_");
        let values = match value {
            toml::Value::Array(values) => values.iter().map(as_text).collect(),
            value => vec![as_text(&value)],
        };
        if id == "config" {
            return Err(unusable(&name.to_string(), "config: a file cannot name another one"));
        }
        check(command, &id, &values)
            .map_err(|why| unusable(&name.to_string(), &format!("{key}: {why}")))?;
        layer.insert(id, values);
    }
    Ok(layer)
}

fn as_text(value: &toml::Value) -> String {
    match value {
        toml::Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// Whether an option could be given so on the command line; if not, why.
fn check(command: &Command, id: &str, values: &[String]) -> Result<(), String> {
    let name = id.replace('_', "-");
    let words = values.iter().map(|value| format!("--{name}={value}"));
    let words = std::iter::once("tidepool".to_owned()).chain(words);
    let checked = command.clone().try_get_matches_from(words);
    let Err(error) = checked else { return Ok(()) };
    if error.kind() == ErrorKind::UnknownArgument {
        // clap speaks of the command line, and a key has no dashes.
        let near = error.get(ContextKind::SuggestedArg).map(ToString::to_string);
        let near = near.map(|near| format!(": is it {}?", near.trim_start_matches('-')));
        return Err(format!(
            "there is no such option{}",
            near.as_deref().unwrap_or(" (see --help)")
        ));
    }
    let text = error.to_string();
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let lines = lines.take_while(|line| !line.starts_with("Usage:"));
    let lines = lines.filter(|line| !line.starts_with("For more information"));
    let said: Vec<_> = lines.map(|line| line.strip_prefix("error: ").unwrap_or(line)).collect();
    Err(said.join("; "))
}

fn unusable(what: &str, why: &str) -> Refusal {
    Refusal { text: format!("error: {what}: {why}\n"), code: 2 }
}

fn refusal(error: &clap::Error) -> Refusal {
    let asked = matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion);
    let styled = error.render();
    let text = if asked { styled.to_string() } else { styled.ansi().to_string() };
    let plain = styled.to_string();
    let text = if std::io::IsTerminal::is_terminal(&std::io::stderr()) { text } else { plain };
    Refusal { text, code: if asked { 0 } else { 2 } }
}
