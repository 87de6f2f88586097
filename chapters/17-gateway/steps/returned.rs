//! Chapter 2's interface: the application is called, and what it returns is the response.
//!
//! ```text
//! cargo run -p gateway --example returned
//! ```

use std::sync::Arc;

use wsgi::testing::Exchange;
use wsgi::{Clock, Environ, Error, TestClock, crab_app};

// ANCHOR: main
fn main() -> Result<(), Error> {
    let clock = Arc::new(TestClock::new());
    let app = crab_app(clock.clone());
    for (visitor, target) in [("Ada", "/feed?readings=4"), ("Ben", "/")] {
        let mut call = Exchange::begin(&app, Environ::testing("GET", target));
        while let Some(part) = call.part()? {
            let part = String::from_utf8_lossy(&part);
            let line = part.lines().next().unwrap_or_default();
            println!("{} s  {visitor} gets {line}", clock.now().as_secs());
        }
    }
    Ok(())
}
// ANCHOR_END: main
