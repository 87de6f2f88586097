//! A read that was interrupted has cost nothing.
//!
//! caught by: an_interruption_counts_as_a_read

use std::collections::VecDeque;
use std::io::{ErrorKind, Read};

/// Where a client stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// It has nothing, as far as is known.
    Silent,
    /// It may have something, and stands in the queue.
    Queued,
    /// It will never have anything again.
    Ended,
}

/// Reads from many clients, in turns.
#[derive(Debug)]
pub struct Turns<S> {
    clients: Vec<(S, Place)>,
    queue: VecDeque<usize>,
    budget: usize,
}

impl<S: Read> Turns<S> {
    /// Nobody is ready yet. In a turn, a client is read at most `budget` times.
    pub fn new(clients: Vec<S>, budget: usize) -> Self {
        let clients = clients.into_iter().map(|client| (client, Place::Silent)).collect();
        Self { clients, queue: VecDeque::new(), budget }
    }

    /// The poller tells, once, that this client has something.
    pub fn ready(&mut self, client: usize) {
        let place = &mut self.clients[client].1;
        if *place == Place::Silent {
            *place = Place::Queued;
            self.queue.push_back(client);
        }
    }

    /// Gives everybody who may have something a turn. Returns whether somebody may still have something.
    pub fn turn(&mut self, mut take: impl FnMut(usize, &[u8])) -> bool {
        // Those who stand there now. Whoever goes to the back meanwhile waits for the next turn.
        for _ in 0..self.queue.len() {
            let Some(client) = self.queue.pop_front() else { break };
            let (stream, place) = &mut self.clients[client];
            *place = read(stream, self.budget, |bytes| take(client, bytes));
            if *place == Place::Queued {
                self.queue.push_back(client);
            }
        }
        !self.queue.is_empty()
    }
}

fn read(stream: &mut impl Read, budget: usize, mut take: impl FnMut(&[u8])) -> Place {
    let mut buffer = [0; 1024];
    let mut reads = 0;
    while reads < budget {
        match stream.read(&mut buffer) {
            Ok(0) => return Place::Ended,
            Ok(n) => {
                take(&buffer[..n]);
                reads += 1;
            }
            Err(error) => match error.kind() {
                ErrorKind::Interrupted => {}
                ErrorKind::WouldBlock => return Place::Silent,
                _ => return Place::Ended,
            },
        }
    }
    Place::Queued
}
