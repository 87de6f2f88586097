//! An afternoon with `--reload`: what a browser gets, and the developer sees, when a program changes, and when it does not compile.
//!
//! `cargo run -p tidepool --example reloaded`: who asks while Cargo builds waits, and hears the new program.
//!
//! The program is `site.rs`, in a package in a temporary folder, which Cargo runs and builds there as anywhere.
//! Its dependencies are what this example was built of: nothing else is compiled for it, or fetched.

#[path = "../operator/mod.rs"]
mod operator;

use std::env;
use std::error::Error;
use std::fs;
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use operator::{Server, tell};
use serde_json::Value;

const MANIFEST: &str = "[package]\nname = \"site\"\nedition = \"2024\"\n\n[workspace]\n";
const SITE: &str = include_str!("site.rs");

fn main() -> Result<(), Box<dyn Error>> {
    let temporary = tempfile::tempdir()?;
    let folder = temporary.path().canonicalize()?;
    fs::create_dir(folder.join("src"))?;
    fs::write(folder.join("Cargo.toml"), MANIFEST)?;
    fs::write(folder.join("src/main.rs"), SITE)?;
    let mut developer = Developer { folder: &folder, server: start(&folder)? };

    developer.asks()?.hears()?;
    let high = SITE.replace("low tide", "high tide");
    developer.saves("\"high tide\" for \"low tide\"", &high)?;
    developer.sees(&["has changed", "stopped"]);
    developer.asks()?.hears()?;
    let spring = SITE.replace("low tide", "spring tide");
    let mistyped = spring.replacen("send.send", "sned.send", 1);
    developer.saves("\"spring tide\" for \"high tide\", and sned for send", &mistyped)?;
    developer.sees(&["has changed", "stopped", "cannot be built"]);
    let browser = developer.asks()?;
    developer.saves("send for sned", &spring)?;
    developer.sees(&["has changed"]);
    browser.hears()?;
    developer.server.end();
    Ok(())
}

/// `cargo run -- --reload` in this folder, when it serves.
fn start(folder: &Path) -> Result<Server, Box<dyn Error>> {
    let mut command = Command::new("/bin/sh");
    // Both outputs in one, so that what is said is read in that order.
    command.args(["-c", "exec cargo run --quiet -- --port 0 --no-access-log --reload 2>&1"]);
    command.current_dir(folder).stdin(Stdio::null());
    command.env("CARGO_TARGET_DIR", folder.join("target"));
    command.env("CARGO_ENCODED_RUSTFLAGS", dependencies()?.join("\x1f"));
    command.env("CARGO_TERM_COLOR", "never").env("CARGO_PROFILE_DEV_DEBUG", "none");
    // As at most desks, whatever this machine is set up for.
    command.env_remove("CARGO_INCREMENTAL");
    let mut server = Server::spawn(&mut command);
    server.until("watching", |_| false);
    Ok(server)
}

/// What Cargo tells the compiler of a package's dependencies, said of those that there are.
fn dependencies() -> Result<Vec<String>, Box<dyn Error>> {
    let mut command = Command::new("cargo");
    command.args(["build", "--package", "tidepool", "--example", "reloaded"]);
    command.args(["--quiet", "--message-format", "json"]);
    // What `cargo run` has said of the package is for this program. By it ring would be compiled again, and whatever depends on it.
    for (name, _) in env::vars_os() {
        let of = |start: &str| name.as_encoded_bytes().starts_with(start.as_bytes());
        if of("CARGO_MANIFEST_") || of("CARGO_PKG_") {
            command.env_remove(&name);
        }
    }
    let built =
        command.current_dir(env!("CARGO_MANIFEST_DIR")).stderr(Stdio::inherit()).output()?;
    let mut words = Vec::new();
    for line in String::from_utf8(built.stdout)?.lines() {
        let artifact: Value = serde_json::from_str(line)?;
        let name = artifact["target"]["name"].as_str().unwrap_or_default();
        if !["tidepool", "gateway"].contains(&name) {
            continue;
        }
        let files = artifact["filenames"].as_array().into_iter().flatten();
        let mut files = files.filter_map(Value::as_str).map(Path::new);
        let library = files.find(|file| file.extension().is_some_and(|kind| kind == "rlib"));
        if let Some(file) = library {
            let beside = file.parent().unwrap_or(Path::new("."));
            words.extend(["--extern".to_owned(), format!("{name}={}", file.display())]);
            words.extend(["-L".to_owned(), format!("dependency={}", beside.display())]);
        }
    }
    Ok(words)
}

/// Who edits the program in an editor, looks at the terminal, and asks in a browser.
struct Developer<'a> {
    folder: &'a Path,
    server: Server,
}

impl Developer<'_> {
    fn saves(&self, what: &str, text: &str) -> io::Result<()> {
        tell("editor", &format!("saves {what}"));
        // Nobody sees half of it.
        let written = self.folder.join("written");
        fs::write(&written, text)?;
        fs::rename(written, self.folder.join("src/main.rs"))
    }

    /// Reads on until each of these was said: the old program and Cargo speak at the same time.
    /// Tells what the server says of the change, and what the compiler does.
    fn sees(&mut self, parts: &[&str]) {
        let mut left = parts.to_vec();
        while !left.is_empty() {
            let line = self.server.until("", |_| false);
            left.retain(|part| !line.contains(part));
            let line = line.replace(&format!("{}/", self.folder.display()), "");
            match line.split_whitespace().next() {
                Some("WARNING:" | "ERROR:") => tell("server", &line),
                // That all is well, or that it goes on.
                None | Some("INFO:" | "Compiling" | "Finished") => {}
                Some(_) => tell("cargo", &line),
            }
        }
    }

    /// The browser has connected and has sent its request.
    fn asks(&self) -> io::Result<Browser> {
        tell("browser", "asks");
        let mut stream = TcpStream::connect(&self.server.address)?;
        stream.write_all(b"GET / HTTP/1.1\r\nhost: crab\r\nconnection: close\r\n\r\n")?;
        Ok(Browser { stream, asked: Instant::now() })
    }
}

struct Browser {
    stream: TcpStream,
    asked: Instant,
}

impl Browser {
    fn hears(mut self) -> io::Result<()> {
        let mut heard = String::new();
        self.stream.read_to_string(&mut heard)?;
        let body = heard.split_once("\r\n\r\n").map_or(&*heard, |(_, body)| body);
        let waited = self.asked.elapsed().as_secs_f64();
        tell("browser", &format!("hears {body:?}, after {waited:.1} s"));
        Ok(())
    }
}
