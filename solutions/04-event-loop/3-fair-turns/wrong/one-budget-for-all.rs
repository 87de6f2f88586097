//! The budget is the whole turn's.
//!
//! caught by: everybody_who_is_ready_gets_a_turn

use std::io::{ErrorKind, Read};

/// Reads from many clients, in turns.
#[derive(Debug)]
pub struct Turns<S> {
    clients: Vec<(S, bool, bool)>,
    budget: usize,
}

impl<S: Read> Turns<S> {
    /// Nobody is ready yet.
    pub fn new(clients: Vec<S>, budget: usize) -> Self {
        Self { clients: clients.into_iter().map(|client| (client, false, false)).collect(), budget }
    }

    /// The poller tells, once, that this client has something.
    pub fn ready(&mut self, client: usize) {
        let (_, ready, ended) = &mut self.clients[client];
        *ready = !*ended;
    }

    /// Reads from whoever is ready, as often as the budget allows.
    pub fn turn(&mut self, mut take: impl FnMut(usize, &[u8])) -> bool {
        let mut left = self.budget;
        let mut buffer = [0; 1024];
        for (client, (stream, ready, ended)) in self.clients.iter_mut().enumerate() {
            while *ready && left > 0 {
                left -= 1;
                match stream.read(&mut buffer) {
                    Ok(0) => (*ready, *ended) = (false, true),
                    Ok(n) => take(client, &buffer[..n]),
                    Err(error) if error.kind() == ErrorKind::Interrupted => {}
                    Err(error) => {
                        *ready = false;
                        *ended = error.kind() != ErrorKind::WouldBlock;
                    }
                }
            }
        }
        self.clients.iter().any(|(_, ready, _)| *ready)
    }
}
