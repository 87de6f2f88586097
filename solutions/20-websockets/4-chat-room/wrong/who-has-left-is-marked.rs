//! Who has left is marked so, and nobody puts anything into its queue any more.
//!
//! caught by: nothing_is_kept_for_who_has_left

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use gateway::{Accept, App, Error, Message, Receive, ReceiveEvent, Scope, Sender};
use tokio::sync::Notify;
use tokio::task::yield_now;

/// A room in which everybody hears everybody.
#[derive(Debug)]
pub struct Room {
    bound: usize,
    members: Mutex<Vec<Arc<Member>>>,
    /// Whoever speaks has it.
    floor: tokio::sync::Mutex<()>,
}

/// A member, present or past.
#[derive(Debug, Default)]
struct Member {
    queue: Mutex<VecDeque<Message>>,
    news: Notify,
    dropped: Notify,
    gone: AtomicBool,
}

impl Member {
    fn queue(&self) -> MutexGuard<'_, VecDeque<Message>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_here(&self) -> bool {
        !self.gone.load(Ordering::SeqCst)
    }
}

impl Room {
    /// A room in which so many messages may wait for a member; at least 1.
    pub fn new(bound: usize) -> Self {
        Self { bound, members: Mutex::default(), floor: tokio::sync::Mutex::default() }
    }

    /// How many members there are.
    pub fn members(&self) -> usize {
        self.list().iter().filter(|member| member.is_here()).count()
    }

    fn list(&self) -> MutexGuard<'_, Vec<Arc<Member>>> {
        self.members.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn say(&self, message: &Message) {
        for member in self.list().iter().filter(|member| member.is_here()) {
            let mut queue = member.queue();
            if queue.len() == self.bound {
                member.gone.store(true, Ordering::SeqCst);
                member.dropped.notify_one();
            } else {
                queue.push_back(message.clone());
                member.news.notify_one();
            }
        }
    }

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
        let member = Arc::new(Member::default());
        self.list().push(Arc::clone(&member));
        let seat = Seat(member);
        send.send(Accept::new()).await?;
        tokio::select! {
            biased;
            () = self.hear(&mut receive) => {}
            () = tell(&seat.0, &send) => {}
            () = seat.0.dropped.notified() => {}
        }
        Ok(())
    }
}

/// Sends what is in the queue.
async fn tell(member: &Member, send: &Sender) {
    loop {
        let next = member.queue().pop_front();
        match next {
            Some(message) => {
                let _ = send.send(message).await;
            }
            None => member.news.notified().await,
        }
    }
}

struct Seat(Arc<Member>);

impl Drop for Seat {
    fn drop(&mut self) {
        self.0.gone.store(true, Ordering::SeqCst);
    }
}
