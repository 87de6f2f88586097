//! The site crabsarecool.com, with a command line: `cargo run -p tidepool --example tide -- --help`.

// ANCHOR: main
fn main() {
    tidepool::main(gateway::crab_app)
}
// ANCHOR_END: main
