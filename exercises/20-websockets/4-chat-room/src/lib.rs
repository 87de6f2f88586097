#![doc = include_str!("../README.md")]

use gateway::{Accept, App, Error, Message, Receive, ReceiveEvent, Scope, Sender};

/// A room in which everybody hears everybody.
#[derive(Debug)]
pub struct Room {
    // Yours to fill.
}

impl Room {
    /// A room in which so many messages may wait for a member; at least 1.
    pub fn new(bound: usize) -> Self {
        todo!("nobody is here")
    }

    /// How many members there are.
    pub fn members(&self) -> usize {
        todo!("count them")
    }
}

impl App for Room {
    async fn call(&self, scope: Scope, receive: Receive, send: Sender) -> Result<(), Error> {
        todo!("join, accept, hear and tell until one of them ends, and leave")
    }
}
