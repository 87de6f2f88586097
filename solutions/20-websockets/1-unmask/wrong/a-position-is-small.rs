//! A place in the key is a small number.
//!
//! caught by: a_byte_at_a_time

/// Takes the mask off the payload of one frame.
#[derive(Debug, Clone)]
pub struct Unmask {
    key: [u8; 4],
    position: u8,
}

impl Unmask {
    /// For a payload that is masked with that key.
    pub fn new(key: [u8; 4]) -> Self {
        Self { key, position: 0 }
    }

    /// Takes the mask off the next piece.
    pub fn piece(&mut self, bytes: &mut [u8]) {
        for byte in bytes {
            *byte ^= self.key[usize::from(self.position) % 4];
            self.position += 1;
        }
    }
}
