//! A word is combined with the key from its first byte on.
//!
//! caught by: two_pieces_cut_anywhere

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
        let [a, b, c, d] = self.key;
        let wide = u64::from_ne_bytes([a, b, c, d, a, b, c, d]);
        let position = self.position;
        self.position += bytes.len();
        let (words, rest) = bytes.as_chunks_mut::<8>();
        for word in words {
            *word = (u64::from_ne_bytes(*word) ^ wide).to_ne_bytes();
        }
        for (index, byte) in rest.iter_mut().enumerate() {
            *byte ^= self.key[(position + index) % 4];
        }
    }
}
