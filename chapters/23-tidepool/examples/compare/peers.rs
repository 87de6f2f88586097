//! Who is compared, what each can do, and the command that starts it.

use std::env;
use std::fs;
use std::io;
use std::path::{Path, PathBuf, absolute};
use std::process::Command;

use clap::ValueEnum;

use crate::workloads::Speaks;

/// A server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Peer {
    Hyper,
    H2,
    Axum,
    Tidepool,
    Granian,
    Uvicorn,
    Hypercorn,
    Gunicorn,
}

impl Peer {
    /// What it is called, in options and in the file.
    pub fn name(self) -> &'static str {
        match self {
            Self::Hyper => "hyper",
            Self::H2 => "h2",
            Self::Axum => "axum",
            Self::Tidepool => "tidepool",
            Self::Granian => "granian",
            Self::Uvicorn => "uvicorn",
            Self::Hypercorn => "hypercorn",
            Self::Gunicorn => "gunicorn",
        }
    }

    /// Whether it is asked in that way.
    pub fn speaks(self, what: Speaks) -> bool {
        use Speaks::{Http1, Http1Tls, Http2, Http2Tls, WebSocket};
        match self {
            Self::Hyper => matches!(what, Http1 | Http1Tls),
            Self::H2 => matches!(what, Http2 | Http2Tls),
            // It is built without HTTP/2 here, and leaves TLS to others.
            Self::Axum => matches!(what, Http1 | WebSocket),
            Self::Tidepool | Self::Granian | Self::Hypercorn => true,
            Self::Uvicorn | Self::Gunicorn => matches!(what, Http1 | Http1Tls | WebSocket),
        }
    }

    /// Whether it comes from PyPI.
    pub fn is_python(self) -> bool {
        matches!(self, Self::Granian | Self::Uvicorn | Self::Hypercorn | Self::Gunicorn)
    }

    /// The program, if it is one of others'.
    fn program(self, folder: &Path) -> PathBuf {
        folder.join("bin").join(self.name())
    }

    /// Why it cannot be started, and what to do.
    pub fn is_missing(self, folder: &Path) -> Option<String> {
        (self.is_python() && !self.program(folder).exists()).then(|| {
            let (name, folder) = (self.name(), folder.display());
            format!(
                "{name} is not installed: python3 -m venv {folder} && {folder}/bin/python -m pip install --require-hashes -r chapters/23-tidepool/python/requirements.txt"
            )
        })
    }

    /// What starts it, on that core, on that port; with TLS if there are certificate and key.
    pub fn command(
        self,
        folder: &Path,
        core: u32,
        port: u16,
        tls: Option<&(PathBuf, PathBuf)>,
    ) -> io::Result<Command> {
        // It ends with this process, however that ends.
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "TERM", "taskset", "--cpu-list", &core.to_string()]);
        let port = port.to_string();
        let at = format!("127.0.0.1:{port}");
        let mut options: Vec<&str> = Vec::new();
        let mut names = ["--certfile", "--keyfile"];
        match self {
            Self::Granian => {
                options.extend(["--port", &port, "--interface", "asgi", "--loop", "uvloop"]);
                options.extend(["--workers", "1", "--runtime-threads", "1"]);
                options.extend(["--backlog", "4096", "--backpressure", "20000"]);
                options.extend(["--log-level", "error"]);
                names = ["--ssl-certificate", "--ssl-keyfile"];
            }
            Self::Uvicorn => {
                options.extend(["--port", &port, "--loop", "uvloop", "--http", "httptools"]);
                options.extend(["--no-access-log", "--log-level", "error"]);
                options.extend(["--backlog", "4096", "--timeout-keep-alive", "600"]);
                names = ["--ssl-certfile", "--ssl-keyfile"];
            }
            Self::Hypercorn => {
                options.extend(["--bind", &at, "--worker-class", "uvloop", "--workers", "1"]);
                options.extend(["--config", "hypercorn.toml", "--log-level", "error"]);
                options.extend(["--backlog", "4096", "--keep-alive", "600"]);
            }
            Self::Gunicorn => {
                options.extend(["--bind", &at, "--worker-class", "uvicorn_worker.UvicornWorker"]);
                options.extend(["--workers", "1", "--log-level", "error"]);
                options.extend(["--backlog", "4096", "--keep-alive", "600"]);
            }
            Self::Hyper | Self::H2 | Self::Axum | Self::Tidepool => {
                command.arg(env::current_exe()?).args(["serve", self.name(), &port]);
                if let Some((certificate, key)) = tls {
                    command.args([certificate, key]);
                }
                return Ok(command);
            }
        }
        command.arg(absolute(self.program(folder))?).args(options);
        if let Some((certificate, key)) = tls {
            command.arg(names[0]).arg(certificate).arg(names[1]).arg(key);
        }
        command.arg("compare:app").current_dir(chapter().join("python"));
        // No folder of compiled files beside the program.
        command.env("PYTHONDONTWRITEBYTECODE", "1");
        Ok(command)
    }
}

/// The chapter's folder.
fn chapter() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The repository's top.
fn top() -> PathBuf {
    chapter().join("../..")
}

/// The versions of all that takes part, for the head of the file.
pub fn versions(folder: &Path) -> io::Result<Vec<String>> {
    let lock = fs::read_to_string(top().join("Cargo.lock"))?;
    let lock: toml::Table = lock.parse().map_err(io::Error::other)?;
    let packages = lock.get("package").and_then(toml::Value::as_array).into_iter().flatten();
    let mut rust = vec![says("rustc")];
    for package in packages {
        let text = |key: &str| package.get(key).and_then(toml::Value::as_str).unwrap_or_default();
        let name = text("name");
        if ["axum", "h2", "hyper", "rustls", "tokio", "tungstenite"].contains(&name) {
            rust.push(format!("{name} {}", text("version")));
        }
    }
    let python = Command::new(folder.join("bin/python")).args(["-c", ASKS]).output();
    let python = python.map_or_else(
        |_| String::from("none"),
        |output| String::from_utf8_lossy(&output.stdout).lines().collect::<Vec<_>>().join(", "),
    );
    Ok(vec![
        format!("Rust: {}", rust.join(", ")),
        format!("Python: {python}"),
        format!("load: {}, {}", says("wrk"), says("h2load")),
    ])
}

/// Prints a version a line.
const ASKS: &str = "import importlib.metadata, platform
print('CPython', platform.python_version())
for name in 'granian gunicorn httptools hypercorn uvicorn uvicorn-worker uvloop websockets'.split():
    print(name, importlib.metadata.version(name))
";

/// What a program says that it is: its name, and its version.
fn says(program: &str) -> String {
    // `wrk --version` ends with code 1.
    let Ok(output) = Command::new(program).arg("--version").output() else {
        return format!("no {program}");
    };
    let text = String::from_utf8_lossy(&output.stdout);
    let words = text.lines().next().unwrap_or_default().split_whitespace();
    words.take(2).collect::<Vec<_>>().join(" ")
}
