//! The crowd visits crabsarecool.com, served by two workers with a thread each.
//!
//! `cargo run -p tidepool --example load_tidepool`: everybody is served.

mod operator;

use crowd::Crowd;
use operator::{Server, serves};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    if serves() {
        tidepool::main(gateway::crab_app);
    }
    let small = std::env::args().any(|argument| argument == "--small");
    let crowd = if small { Crowd::small() } else { Crowd::new() };
    let server = Server::start("--workers 2 --threads 1 --no-access-log");
    let visits = crowd::visit(server.address.parse()?, &crowd);
    print!("{}", visits.summary());
    visits.picture("Two workers, Tidepool").save("load-tidepool")?;
    server.end();
    Ok(())
}
