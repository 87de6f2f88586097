//! The site crabsarecool.com, served.
//!
//! `cargo run -p lifespan --example crabs`

// ANCHOR: main
use std::process::ExitCode;

fn main() -> ExitCode {
    lifespan::run("127.0.0.1:8000", gateway::crab_app)
}
// ANCHOR_END: main
