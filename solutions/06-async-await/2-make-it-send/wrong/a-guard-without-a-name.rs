//! What has no name does not live across the await.
//!
//! caught by: the_future_is_send

#![forbid(unsafe_code)]

use std::sync::{Arc, Mutex};

/// Who was here.
#[derive(Debug, Default)]
pub struct Guestbook {
    /// How many visitors have arrived.
    pub arrived: u32,
    /// The lines, in the order in which they were written.
    pub lines: Vec<String>,
}

/// Signs the book: takes the next number, waits for the name, writes a line, and returns the line.
///
/// # Panics
///
/// When somebody has panicked over the book.
pub async fn sign<N>(book: Arc<Mutex<Guestbook>>, name: N) -> String
where
    N: Future<Output = String>,
{
    let number = {
        let mut book = book.lock().expect("nobody panics over the book");
        book.arrived += 1;
        book.arrived
    };
    let line;
    book.lock().expect("nobody panics over the book").lines.push({
        line = format!("visitor {number}: {}", name.await);
        line.clone()
    });
    line
}
