#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

use std::pin::Pin;
use std::task::{Context, Poll};

use async_await::notes::{Log, Note};

/// Waits for a visitor's words and for the height of the water, and announces both.
pub async fn announce<W, H>(_visitor: Note, log: Log, words: W, height: H) -> String
where
    W: Future<Output = String> + Unpin,
    H: Future<Output = f64> + Unpin,
{
    let _asked = log.note("asked");
    let words = words.await;
    let name = words.split(':').next().unwrap_or_default();
    let _heard = log.note("heard");
    let height = height.await;
    format!("{name}, the water is at {height} m")
}

/// What [`announce`] is, by hand. [`announce_by_hand`] makes it.
pub enum Announce<W, H> {
    // Yours to change: there are more states than this, and more in each.
    Start(W, H),
}

/// The same as [`announce`].
pub fn announce_by_hand<W, H>(visitor: Note, log: Log, words: W, height: H) -> Announce<W, H>
where
    W: Future<Output = String> + Unpin,
    H: Future<Output = f64> + Unpin,
{
    todo!("the first state")
}

impl<W, H> Future for Announce<W, H>
where
    W: Future<Output = String> + Unpin,
    H: Future<Output = f64> + Unpin,
{
    type Output = String;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<String> {
        todo!("from state to state, as far as it goes")
    }
}
