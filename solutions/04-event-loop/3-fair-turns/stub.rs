#![doc = include_str!("../README.md")]

use std::io::Read;

/// Reads from many clients, in turns.
#[derive(Debug)]
pub struct Turns<S> {
    clients: Vec<S>,
    budget: usize,
}

impl<S: Read> Turns<S> {
    /// Nobody is ready yet. In a turn, a client is read at most `budget` times.
    pub fn new(clients: Vec<S>, budget: usize) -> Self {
        Self { clients, budget }
    }

    /// The poller tells, once, that this client has something.
    pub fn ready(&mut self, client: usize) {
        todo!("take note")
    }

    /// Gives everybody who may have something a turn. Returns whether somebody may still have something.
    pub fn turn(&mut self, mut take: impl FnMut(usize, &[u8])) -> bool {
        todo!("read from each at most `budget` times")
    }
}
