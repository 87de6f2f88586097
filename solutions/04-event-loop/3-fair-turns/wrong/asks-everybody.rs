//! To be fair is to ask everybody.
//!
//! caught by: who_has_nothing_is_not_asked

use std::io::{ErrorKind, Read};

/// Reads from many clients, in turns.
#[derive(Debug)]
pub struct Turns<S> {
    clients: Vec<(S, bool)>,
    budget: usize,
}

impl<S: Read> Turns<S> {
    /// Nobody has ended yet.
    pub fn new(clients: Vec<S>, budget: usize) -> Self {
        Self { clients: clients.into_iter().map(|client| (client, false)).collect(), budget }
    }

    /// Nothing to note: everybody is asked anyhow.
    pub fn ready(&mut self, _client: usize) {}

    /// Asks everybody, and says whether somebody has used up the budget.
    pub fn turn(&mut self, mut take: impl FnMut(usize, &[u8])) -> bool {
        let mut left = false;
        let mut buffer = [0; 1024];
        for (client, (stream, ended)) in self.clients.iter_mut().enumerate() {
            let mut reads = 0;
            while !*ended && reads < self.budget {
                reads += 1;
                match stream.read(&mut buffer) {
                    Ok(0) => *ended = true,
                    Ok(n) => take(client, &buffer[..n]),
                    Err(error) if error.kind() == ErrorKind::Interrupted => {}
                    Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                    Err(_) => *ended = true,
                }
                left |= reads == self.budget;
            }
        }
        left
    }
}
