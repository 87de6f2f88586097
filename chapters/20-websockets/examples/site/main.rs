//! crabsarecool.com with what needs both directions: a camera in the tide pool, and a room to talk.
//!
//! `cargo run -p websockets --example site`, then <http://127.0.0.1:8000/camera> and <http://127.0.0.1:8000/chat>.

mod camera;
mod chat;
mod origin;
mod pages;

use std::process::ExitCode;

use gateway::{
    Accept, Close, Error, Receive, ResponseBody, ResponseStart, Scope, Sender, crab_app,
};
use websockets::WebSockets;
use wsgi::crab::document;

use chat::Room;

// ANCHOR: main
fn main() -> ExitCode {
    let upgrade = Some(WebSockets::new(websockets::Config::default()));
    let http = http_server::Config { upgrade, ..http_server::Config::default() };
    let config = lifespan::Config { http, ..lifespan::Config::default() };
    lifespan::run_with("127.0.0.1:8000", site, config)
}
// ANCHOR_END: main

// ANCHOR: site
/// The site of the earlier chapters, and two WebSockets with a page each.
pub(crate) async fn site(scope: Scope, receive: Receive, send: Sender) -> Result<(), Error> {
    match &scope {
        Scope::WebSocket(socket) => match &*socket.path() {
            _ if !origin::is_ours(socket) => Ok(send.send(Close::default()).await?),
            "/camera" => camera::show(send).await,
            "/chat" => chat::visit(socket, receive, send).await,
            _ => Ok(send.send(Close::default()).await?),
        },
        Scope::Http(http) if http.path() == "/camera" => {
            page("The tide pool, live", pages::CAMERA, &send).await
        }
        Scope::Http(http) if http.path() == "/chat" => page("Crab talk", pages::CHAT, &send).await,
        Scope::Http(_) => crab_app(scope, receive, send).await,
        Scope::Lifespan(process) => {
            process.state.insert(Room::default());
            crab_app(scope, receive, send).await
        }
    }
}
// ANCHOR_END: site

async fn page(title: &str, content: &str, send: &Sender) -> Result<(), Error> {
    send.send(ResponseStart::new(200).header("content-type", "text/html; charset=utf-8")).await?;
    Ok(send.send(ResponseBody::last(document(title, content))).await?)
}

/// Opens a WebSocket.
async fn accept(send: &Sender) -> Result<(), Error> {
    Ok(send.send(Accept::new()).await?)
}
