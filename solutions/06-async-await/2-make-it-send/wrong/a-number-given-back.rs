//! Whoever leaves gives the number back.
//!
//! caught by: a_number_is_given_once

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
    let mut left = Left { book: &book, number: true };
    let name = name.await;
    left.number = false;
    let line = format!("visitor {number}: {name}");
    book.lock().expect("nobody panics over the book").lines.push(line.clone());
    line
}

/// Gives the number back, if it is dropped before the visitor has signed.
struct Left<'b> {
    book: &'b Mutex<Guestbook>,
    number: bool,
}

impl Drop for Left<'_> {
    fn drop(&mut self) {
        if self.number {
            self.book.lock().expect("nobody panics over the book").arrived -= 1;
        }
    }
}
