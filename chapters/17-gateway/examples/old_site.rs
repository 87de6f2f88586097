//! Chapter 2's site, which blocks, behind the async interface.
//!
//! `cargo run -p gateway --example old_site`

use std::sync::Arc;

use gateway::WsgiApp;
use gateway::testing::{self, Request};
use wsgi::TestClock;

// ANCHOR: main
#[tokio::main(flavor = "current_thread")]
async fn main() {
    let site = wsgi::crab_app(Arc::new(TestClock::new()));
    let app = WsgiApp::new(site).threads(4);

    let sign = Request::post("/guests").body("name=Ada");
    let requests = [
        ("GET /crabs/fiddler", Request::get("/crabs/fiddler")),
        ("POST /guests", sign),
        ("GET /feed?readings=3", Request::get("/feed?readings=3")),
        ("GET /feed, and leaves", Request::get("/feed").disconnect_after(2)),
    ];
    for (title, request) in requests {
        let answer = testing::ask(&app, request).await;
        let ended = answer.ended.map_or_else(|failure| failure.to_string(), |()| "well".to_owned());
        let (status, events) = (answer.status.as_u16(), answer.sent.len());
        println!("{title:<22} {status}, {events} events, ended: {ended}");
    }
}
// ANCHOR_END: main
