//! A list that is used by many tasks is behind an async lock.
//!
//! caught by: who_does_not_read_delays_nobody

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use gateway::{Accept, App, Error, Message, Receive, ReceiveEvent, Scope, Sender};
use tokio::sync::{Mutex, mpsc};

/// A room in which everybody hears everybody.
#[derive(Debug)]
pub struct Room {
    bound: usize,
    members: Mutex<BTreeMap<u64, mpsc::Sender<Message>>>,
    next: AtomicU64,
    count: AtomicUsize,
}

impl Room {
    /// A room in which so many messages may wait for a member; at least 1.
    pub fn new(bound: usize) -> Self {
        Self {
            bound,
            members: Mutex::default(),
            next: AtomicU64::new(0),
            count: AtomicUsize::new(0),
        }
    }

    /// How many members there are.
    pub fn members(&self) -> usize {
        self.count.load(Ordering::SeqCst)
    }

    async fn hear(&self, receive: &mut Receive) {
        loop {
            match receive.next().await {
                ReceiveEvent::WebSocketReceive(message) => {
                    let mut members = self.members.lock().await;
                    let mut gone = Vec::new();
                    for (id, queue) in members.iter() {
                        if queue.send(message.clone()).await.is_err() {
                            gone.push(*id);
                        }
                    }
                    members.retain(|id, _| !gone.contains(id));
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
        let (queue, mut messages) = mpsc::channel(self.bound);
        let id = self.next.fetch_add(1, Ordering::SeqCst);
        self.members.lock().await.insert(id, queue);
        let _seat = Seat::of(self);
        send.send(Accept::new()).await?;
        tokio::select! {
            biased;
            () = self.hear(&mut receive) => {}
            () = tell(&mut messages, &send) => {}
        }
        Ok(())
    }
}

async fn tell(messages: &mut mpsc::Receiver<Message>, send: &Sender) {
    while let Some(message) = messages.recv().await {
        let _ = send.send(message).await;
    }
}

struct Seat<'a> {
    room: &'a Room,
}

impl<'a> Seat<'a> {
    fn of(room: &'a Room) -> Self {
        room.count.fetch_add(1, Ordering::SeqCst);
        Self { room }
    }
}

impl Drop for Seat<'_> {
    fn drop(&mut self) {
        self.room.count.fetch_sub(1, Ordering::SeqCst);
    }
}
