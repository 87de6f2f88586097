//! Calls `crab_app` as a server would, without a server, and shows what it says.
//!
//! ```text
//! cargo run -p wsgi --example call_app
//! ```

use std::sync::Arc;

use wsgi::{App, Environ, Error, StartResponse, WallClock, crab_app};

// ANCHOR: main
fn main() -> Result<(), Error> {
    let app = crab_app(Arc::new(WallClock::new()));
    let environ = Environ::testing("GET", "/crabs/fiddler");
    let start_response = StartResponse::new(|start| {
        println!("start_response: {}", start.status);
        for (name, value) in start.headers.iter() {
            println!("start_response: {name}: {}", String::from_utf8_lossy(value));
        }
        Ok(())
    });

    for part in app.call(environ, start_response)? {
        print!("part: {}", String::from_utf8_lossy(&part?));
    }
    Ok(())
}
// ANCHOR_END: main
