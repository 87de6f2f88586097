//! A broadcast channel is what a room is, and who lags behind is told so.
//!
//! caught by: beyond_the_bound_who_does_not_read_is_dropped

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use gateway::{Accept, App, Error, Message, Receive, ReceiveEvent, Scope, Sender};
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;
use tokio::task::yield_now;

/// A room in which everybody hears everybody.
#[derive(Debug)]
pub struct Room {
    messages: broadcast::Sender<Message>,
    count: AtomicUsize,
    order: Mutex<()>,
}

impl Room {
    /// A room in which so many messages may wait for a member; at least 1.
    pub fn new(bound: usize) -> Self {
        let (messages, _) = broadcast::channel(bound);
        Self { messages, count: AtomicUsize::new(0), order: Mutex::default() }
    }

    /// How many members there are.
    pub fn members(&self) -> usize {
        self.count.load(Ordering::SeqCst)
    }

    async fn hear(&self, receive: &mut Receive) {
        loop {
            match receive.next().await {
                ReceiveEvent::WebSocketReceive(message) => {
                    let _order = self.order.lock();
                    // There is one receiver at least: the member's own.
                    let _ = self.messages.send(message);
                }
                ReceiveEvent::WebSocketDisconnect(_) => return,
                _ => {}
            }
            yield_now().await;
        }
    }
}

impl App for Room {
    async fn call(&self, scope: Scope, mut receive: Receive, send: Sender) -> Result<(), Error> {
        let Scope::WebSocket(_) = scope else { return Err(scope.unsupported().into()) };
        let mut messages = self.messages.subscribe();
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

async fn tell(messages: &mut broadcast::Receiver<Message>, send: &Sender) {
    loop {
        match messages.recv().await {
            Ok(message) => {
                let _ = send.send(message).await;
            }
            Err(RecvError::Lagged(_) | RecvError::Closed) => return,
        }
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
