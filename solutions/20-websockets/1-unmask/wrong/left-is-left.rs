//! To turn a number to the left is to turn its bytes to the left.
//!
//! caught by: two_pieces_cut_anywhere

/// Takes the mask off the payload of one frame.
#[derive(Debug, Clone)]
pub struct Unmask {
    key: u32,
}

impl Unmask {
    /// For a payload that is masked with that key.
    pub fn new(key: [u8; 4]) -> Self {
        Self { key: u32::from_le_bytes(key) }
    }

    /// Takes the mask off the next piece.
    pub fn piece(&mut self, bytes: &mut [u8]) {
        let wide = u64::from(self.key) << 32 | u64::from(self.key);
        let (words, rest) = bytes.as_chunks_mut::<8>();
        for word in words {
            *word = (u64::from_le_bytes(*word) ^ wide).to_le_bytes();
        }
        for (index, byte) in rest.iter_mut().enumerate() {
            *byte ^= self.key.to_le_bytes()[index % 4];
        }
        let bits = u32::try_from(bytes.len() % 4).expect("it is less than 4") * 8;
        self.key = self.key.rotate_left(bits);
    }
}
