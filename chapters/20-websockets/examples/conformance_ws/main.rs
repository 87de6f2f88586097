//! The conformance application with its routes for WebSockets, for clients and test suites from outside.
//!
//!     cargo run --release -p websockets --example conformance_ws -- --port 8000
//!
//! It serves 127.0.0.1, takes messages of 64 MiB, and compresses where a client wants it.

mod app;

use std::env;
use std::process::ExitCode;

use app::Conformance;
use websockets::deflate::Settings;
use websockets::{Config, Limits, WebSockets};

/// The option `--port`, or 8000.
fn port() -> Result<u16, String> {
    let mut port = 8000;
    let mut arguments = env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let value = match argument.split_once('=') {
            Some(("--port", value)) => value.to_owned(),
            None if argument == "--port" => arguments.next().unwrap_or_default(),
            _ => return Err(format!("there is no option {argument}, only --port")),
        };
        port = value.parse().map_err(|_| format!("{value:?} is not a port"))?;
    }
    Ok(port)
}

fn main() -> ExitCode {
    let port = match port() {
        Ok(port) => port,
        Err(why) => {
            eprintln!("conformance_ws: {why}");
            return ExitCode::FAILURE;
        }
    };
    let sockets = Config {
        limits: Limits { message: 64 * 1024 * 1024 },
        compression: Some(Settings::default()),
        ..Config::default()
    };
    let upgrade = Some(WebSockets::new(sockets));
    let http = http_server::Config { upgrade, ..http_server::Config::default() };
    let config =
        lifespan::Config { http, mode: lifespan::Mode::Off, ..lifespan::Config::default() };
    lifespan::run_with(format!("127.0.0.1:{port}"), Conformance::default(), config)
}
