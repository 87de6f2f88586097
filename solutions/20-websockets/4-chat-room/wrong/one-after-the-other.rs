//! Who speaks sends it to all the others.
//!
//! caught by: who_does_not_read_delays_nobody

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use gateway::{Accept, App, Error, Message, Receive, ReceiveEvent, Scope, Sender};

/// A room in which everybody hears everybody.
#[derive(Debug)]
pub struct Room {
    list: Mutex<List>,
}

#[derive(Debug, Default)]
struct List {
    members: BTreeMap<u64, Sender>,
    next: u64,
}

impl Room {
    /// A room in which so many messages may wait for a member; at least 1.
    pub fn new(_bound: usize) -> Self {
        Self { list: Mutex::default() }
    }

    /// How many members there are.
    pub fn members(&self) -> usize {
        self.list().members.len()
    }

    fn list(&self) -> MutexGuard<'_, List> {
        self.list.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn join(&self, send: Sender) -> Seat<'_> {
        let mut list = self.list();
        let id = list.next;
        list.next += 1;
        list.members.insert(id, send);
        Seat { room: self, id }
    }

    async fn say(&self, message: &Message) {
        let members: Vec<_> = self.list().members.values().cloned().collect();
        for member in members {
            // One that cannot be sent to has left.
            let _ = member.send(message.clone()).await;
        }
    }
}

impl App for Room {
    async fn call(&self, scope: Scope, mut receive: Receive, send: Sender) -> Result<(), Error> {
        let Scope::WebSocket(_) = scope else { return Err(scope.unsupported().into()) };
        send.send(Accept::new()).await?;
        let _seat = self.join(send);
        loop {
            match receive.next().await {
                ReceiveEvent::WebSocketReceive(message) => self.say(&message).await,
                ReceiveEvent::WebSocketDisconnect(_) => return Ok(()),
                _ => {}
            }
        }
    }
}

struct Seat<'a> {
    room: &'a Room,
    id: u64,
}

impl Drop for Seat<'_> {
    fn drop(&mut self) {
        self.room.list().members.remove(&self.id);
    }
}
