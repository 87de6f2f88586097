//! What a channel and a task cost, that a call does without.
//!
//! `cargo run -p gateway --example channel_and_task`

#[path = "slot_on_hyper/counting.rs"]
mod counting;

use gateway::{ReceiveEvent, ResponseBody, SendEvent};
use tokio::sync::mpsc;

#[global_allocator]
static MEMORY: counting::Counting = counting::Counting;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    tokio::spawn(async {}).await.unwrap(); // the runtime has started

    let before = counting::allocations();
    let (send, mut events) = mpsc::channel::<SendEvent>(1);
    let event = ResponseBody::last("crab").into();
    send.send(event).await.unwrap();
    events.recv().await;
    let sending = counting::allocations() - before;

    let before = counting::allocations();
    let (_to_app, _receive) = mpsc::channel::<ReceiveEvent>(1);
    let receiving = counting::allocations() - before;

    let before = counting::allocations();
    tokio::spawn(async {}).await.unwrap();
    let task = counting::allocations() - before;

    println!("a channel for send:     {sending} allocations");
    println!("a channel for receive:  {receiving}");
    println!("a task:                 {task}");
}
