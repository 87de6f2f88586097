//! The words of the payload are the words of the memory.
//!
//! caught by: a_payload_at_any_address

/// Takes the mask off the payload of one frame.
#[derive(Debug, Clone)]
pub struct Unmask {
    key: [u8; 4],
    position: usize,
}

impl Unmask {
    /// For a payload that is masked with that key.
    pub fn new(key: [u8; 4]) -> Self {
        Self { key, position: 0 }
    }

    /// Takes the mask off the next piece.
    pub fn piece(&mut self, bytes: &mut [u8]) {
        let position = self.position;
        self.position += bytes.len();
        let mut key = self.key;
        key.rotate_left(position % 4);
        let [a, b, c, d] = key;
        let wide = u64::from_ne_bytes([a, b, c, d, a, b, c, d]);
        // SAFETY: Any eight bytes are a `u64`.
        let (before, words, after) = unsafe { bytes.align_to_mut::<u64>() };
        for (byte, key) in before.iter_mut().zip(key.into_iter().cycle()) {
            *byte ^= key;
        }
        for word in words {
            *word ^= wide;
        }
        for (byte, key) in after.iter_mut().zip(key.into_iter().cycle()) {
            *byte ^= key;
        }
    }
}
