//! The key goes on where the last piece ended.
//!
//! caught by: three_pieces_cut_anywhere

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
        let mut key = self.key;
        key.rotate_left(self.position);
        let [a, b, c, d] = key;
        let wide = u64::from_ne_bytes([a, b, c, d, a, b, c, d]);
        self.position = bytes.len() % 4;
        let (words, rest) = bytes.as_chunks_mut::<8>();
        for word in words {
            *word = (u64::from_ne_bytes(*word) ^ wide).to_ne_bytes();
        }
        for (byte, key) in rest.iter_mut().zip(key.into_iter().cycle()) {
            *byte ^= key;
        }
    }
}
