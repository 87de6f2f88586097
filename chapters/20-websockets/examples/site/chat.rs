//! A room in which everybody hears what anybody says.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use gateway::{Close, Error, Message, Receive, ReceiveEvent, Sender, WebSocketScope};
use tokio::sync::{mpsc, oneshot};
use tokio::task::yield_now;

/// How many messages a member may be behind.
pub const BEHIND: usize = 64;

// ANCHOR: room
/// The room. A clone is the same room.
#[derive(Clone, Default)]
pub struct Room {
    members: Arc<Mutex<HashMap<u64, Member>>>,
    numbers: Arc<AtomicU64>,
}

struct Member {
    queue: mpsc::Sender<Arc<str>>,
    /// Dropped with the member, which tells it.
    _stays: oneshot::Sender<()>,
}

impl Room {
    /// Says something to everybody. Nobody is waited for: whoever is too far behind has to leave.
    pub fn say(&self, words: &str) {
        let words: Arc<str> = words.into();
        self.lock().retain(|_, member| member.queue.try_send(Arc::clone(&words)).is_ok());
    }

    /// How many are in it.
    pub fn members(&self) -> usize {
        self.lock().len()
    }

    fn enter(&self) -> Seat {
        let (queue, heard) = mpsc::channel(BEHIND);
        let (stays, left) = oneshot::channel();
        let number = self.numbers.fetch_add(1, Relaxed);
        self.lock().insert(number, Member { queue, _stays: stays });
        Seat { room: self.clone(), number, heard, left }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<u64, Member>> {
        self.members.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
// ANCHOR_END: room

/// A member's own end.
struct Seat {
    room: Room,
    number: u64,
    heard: mpsc::Receiver<Arc<str>>,
    left: oneshot::Receiver<()>,
}

/// However a visit ends, nobody of it stays in the room.
impl Drop for Seat {
    fn drop(&mut self) {
        self.room.lock().remove(&self.number);
    }
}

// ANCHOR: visit
/// One member's visit.
pub async fn visit(
    scope: &WebSocketScope,
    mut receive: Receive,
    send: Sender,
) -> Result<(), Error> {
    let room = scope.state.get::<Room>().ok_or("the room is closed")?.clone();
    super::accept(&send).await?;
    let seat = room.enter();
    let Seat { number, .. } = seat;
    room.say(&format!("crab {number} comes in, and makes us {}", room.members()));
    let left = talk(&room, seat, &mut receive, &send).await;
    room.say(&format!("crab {number} leaves"));
    left
}

async fn talk(
    room: &Room,
    mut seat: Seat,
    receive: &mut Receive,
    send: &Sender,
) -> Result<(), Error> {
    let number = seat.number;
    let listens = async {
        while let Some(words) = seat.heard.recv().await {
            send.send(Message::from(&*words)).await?;
        }
        Ok(())
    };
    let speaks = async {
        loop {
            match receive.next().await {
                ReceiveEvent::WebSocketReceive(Message::Text(words)) => {
                    room.say(&format!("crab {number}: {words}"));
                    // Those who read have a turn now, however much has come in one piece.
                    yield_now().await;
                }
                ReceiveEvent::WebSocketDisconnect(_) => return Ok(()),
                _ => {}
            }
        }
    };
    // ANCHOR: talk
    tokio::select! {
        biased;
        // Also while `send` waits for somebody who does not read.
        _ = &mut seat.left => Ok(send.send(Close::because(1013, "you are too far behind")).await?),
        ended = speaks => ended,
        ended = listens => ended,
    }
    // ANCHOR_END: talk
}
// ANCHOR_END: visit
