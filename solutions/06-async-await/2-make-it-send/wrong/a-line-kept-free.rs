//! A line can be kept free for whoever thinks, and be filled in later.
//!
//! caught by: who_leaves_is_not_in_the_book

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
    let place = {
        let mut book = book.lock().expect("nobody panics over the book");
        book.arrived += 1;
        book.lines.push(String::new());
        book.lines.len() - 1
    };
    let line = format!("visitor {}: {}", place + 1, name.await);
    book.lock().expect("nobody panics over the book").lines[place].clone_from(&line);
    line
}
