//! `select!` is fair, so each of its futures has every second turn.
//!
//! caught by: who_reads_is_not_dropped_however_much_is_said_at_once

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::{Mutex, MutexGuard, PoisonError};

use gateway::{Accept, App, Error, Message, Receive, ReceiveEvent, Scope, Sender};
use tokio::sync::{mpsc, oneshot};
use tokio::task::yield_now;

/// A room in which everybody hears everybody.
#[derive(Debug)]
pub struct Room {
    bound: usize,
    list: Mutex<List>,
    /// Whoever speaks has it.
    floor: tokio::sync::Mutex<()>,
}

#[derive(Debug, Default)]
struct List {
    members: BTreeMap<u64, Member>,
    /// Who comes next.
    next: u64,
}

/// A member, as the others see it.
#[derive(Debug)]
struct Member {
    queue: mpsc::Sender<Message>,
    /// Nothing is ever sent here. When this is dropped, the call knows.
    _stays: oneshot::Sender<Infallible>,
}

impl Room {
    /// A room in which so many messages may wait for a member; at least 1.
    pub fn new(bound: usize) -> Self {
        Self { bound, list: Mutex::default(), floor: tokio::sync::Mutex::default() }
    }

    /// How many members there are.
    pub fn members(&self) -> usize {
        self.list().members.len()
    }

    fn list(&self) -> MutexGuard<'_, List> {
        self.list.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn join(&self) -> Seat<'_> {
        let (queue, messages) = mpsc::channel(self.bound);
        let (stays, dropped) = oneshot::channel();
        let mut list = self.list();
        let id = list.next;
        list.next += 1;
        list.members.insert(id, Member { queue, _stays: stays });
        Seat { room: self, id, messages, dropped }
    }

    /// Puts a message into all queues. A member whose queue is full is one no longer.
    fn say(&self, message: &Message) {
        let mut list = self.list();
        list.members.retain(|_, member| member.queue.try_send(message.clone()).is_ok());
    }

    /// Passes on what a member says, until it leaves.
    async fn hear(&self, receive: &mut Receive) {
        loop {
            match receive.next().await {
                ReceiveEvent::WebSocketReceive(message) => {
                    // One speaks at a time, until the others have had a turn: who says much at once would fill all queues before anybody can empty one.
                    let _floor = self.floor.lock().await;
                    self.say(&message);
                    yield_now().await;
                }
                ReceiveEvent::WebSocketDisconnect(_) => return,
                _ => {}
            }
        }
    }
}

impl App for Room {
    async fn call(&self, scope: Scope, mut receive: Receive, send: Sender) -> Result<(), Error> {
        let Scope::WebSocket(_) = scope else { return Err(scope.unsupported().into()) };
        let mut seat = self.join();
        send.send(Accept::new()).await?;
        tokio::select! {
            () = self.hear(&mut receive) => {}
            () = tell(&mut seat.messages, &send) => {}
            _ = &mut seat.dropped => {}
        }
        Ok(())
    }
}

/// Sends what is in the queue.
async fn tell(messages: &mut mpsc::Receiver<Message>, send: &Sender) {
    while let Some(message) = messages.recv().await {
        // That a client has left is for `hear` to find, behind the last thing that it has said.
        let _ = send.send(message).await;
    }
}

/// A member, as its call sees it. It leaves when this is dropped.
struct Seat<'a> {
    room: &'a Room,
    id: u64,
    messages: mpsc::Receiver<Message>,
    dropped: oneshot::Receiver<Infallible>,
}

impl Drop for Seat<'_> {
    fn drop(&mut self) {
        self.room.list().members.remove(&self.id);
    }
}
