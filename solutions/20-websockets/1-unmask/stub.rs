#![doc = include_str!("../README.md")]

/// Takes the mask off the payload of one frame.
#[derive(Debug, Clone)]
pub struct Unmask {
    // Yours to fill.
}

impl Unmask {
    /// For a payload that is masked with that key.
    pub fn new(key: [u8; 4]) -> Self {
        todo!("remember the key")
    }

    /// Takes the mask off the next piece.
    pub fn piece(&mut self, bytes: &mut [u8]) {
        todo!("combine the bytes with the key, eight at a time, and remember where it stands")
    }
}
