//! The rules of order: an application tries what it may not, and then answers after all.
//!
//! `cargo run -p gateway --example out_of_order`

use gateway::testing::{self, Request};
use gateway::{
    Error, Message, Receive, ResponseBody, ResponseStart, ResponseTrailers, Scope, SendEvent,
    Sender,
};

// ANCHOR: app
async fn tries_everything(_: Scope, _: Receive, send: Sender) -> Result<(), Error> {
    try_to(&send, ResponseBody::part("body first")).await;
    try_to(&send, Message::from("a message")).await;
    try_to(&send, ResponseStart::new(100)).await;
    try_to(&send, ResponseStart::new(200).header("x-mood", "good\r\nset-cookie: crab=1")).await;
    try_to(&send, ResponseStart::new(200).header("content-length", "7")).await;
    try_to(&send, ResponseStart::new(500)).await;
    try_to(&send, ResponseTrailers::default()).await;
    try_to(&send, ResponseBody::last("crab")).await;
    try_to(&send, ResponseBody::last("crabs are cool")).await;
    try_to(&send, ResponseBody::last("crabby\n")).await;
    try_to(&send, ResponseBody::last("and another thing")).await;
    Ok(())
}

async fn try_to(send: &Sender, event: impl Into<SendEvent>) {
    let event = event.into();
    let name = event.name().trim_start_matches("http.response.");
    let said = send.send(event).await.map_or_else(|error| error.to_string(), |()| "ok".to_owned());
    println!("{name:<15} {said}");
}
// ANCHOR_END: app

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let answer = testing::ask(&tries_everything, Request::get("/")).await;
    let whole = if answer.complete { "whole" } else { "cut short" };
    println!("\nThe client sees {}, {:?}, {whole}.", answer.status.as_u16(), answer.text());
}
