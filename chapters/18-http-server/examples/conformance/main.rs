//! A server for clients and test suites from outside.
//!
//!     cargo run --release -p http-server --example conformance_http -- --port 8000
//!
//! It serves 127.0.0.1, HTTP/1.1 alone; package `tidepool` has the same application with all protocols. On Ctrl-C it closes gracefully.

mod app;

use std::env;
use std::net::Ipv4Addr;
use std::process::ExitCode;

use app::Conformance;
use http_server::{Config, Server};
use tokio::net::TcpListener;

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

#[tokio::main]
async fn main() -> ExitCode {
    let port = match port() {
        Ok(port) => port,
        Err(why) => {
            eprintln!("conformance_http: {why}");
            return ExitCode::FAILURE;
        }
    };
    let listener = match TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await {
        Ok(listener) => listener,
        Err(error) => {
            eprintln!("conformance_http: port {port}: {error}");
            return ExitCode::FAILURE;
        }
    };
    if let Ok(address) = listener.local_addr() {
        eprintln!("conformance_http: http://{address}");
    }
    let stop = async {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    let server = Server::new(Conformance::default(), Config::default());
    let dropped = server.serve_until(listener, stop).await;
    if dropped > 0 {
        eprintln!("conformance_http: {dropped} connections were dropped");
    }
    ExitCode::SUCCESS
}
