//! A payload is a number of words.
//!
//! caught by: a_whole_payload_of_any_length

/// Takes the mask off the payload of one frame.
#[derive(Debug, Clone)]
pub struct Unmask {
    /// The key, turned so that its first byte is the next to be used.
    key: [u8; 4],
}

impl Unmask {
    /// For a payload that is masked with that key.
    pub fn new(key: [u8; 4]) -> Self {
        Self { key }
    }

    /// Takes the mask off the next piece.
    pub fn piece(&mut self, bytes: &mut [u8]) {
        let [a, b, c, d] = self.key;
        let wide = u64::from_ne_bytes([a, b, c, d, a, b, c, d]);
        let (words, _) = bytes.as_chunks_mut::<8>();
        for word in words {
            *word = (u64::from_ne_bytes(*word) ^ wide).to_ne_bytes();
        }
        self.key.rotate_left(bytes.len() % 4);
    }
}
