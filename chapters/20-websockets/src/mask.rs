//! Masking, which keeps a script in a browser from choosing the bytes that a proxy on the way sees.

/// Masks `bytes`, or takes the mask off again: both is an exclusive or with the key, over and over (RFC 6455, section 5.3).
///
/// `offset` is how many bytes of the payload came before these, so a payload may come in any portions.
///
/// It goes eight bytes at a time, which a compiler turns into the machine's widest registers.
///
/// ```
/// let mut whole = *b"a message in two portions";
/// let key = [0x37, 0xfa, 0x21, 0x3d];
/// websockets::mask(&mut whole, key, 0);
/// let (first, second) = whole.split_at_mut(7);
/// websockets::mask(first, key, 0);
/// websockets::mask(second, key, 7);
/// assert_eq!(&whole, b"a message in two portions");
/// ```
// ANCHOR: mask
pub fn mask(bytes: &mut [u8], mut key: [u8; 4], offset: usize) {
    key.rotate_left(offset % 4);
    let [a, b, c, d] = key;
    let wide = u64::from_ne_bytes([a, b, c, d, a, b, c, d]);
    let (words, rest) = bytes.as_chunks_mut();
    for word in words {
        *word = (u64::from_ne_bytes(*word) ^ wide).to_ne_bytes();
    }
    for (byte, key) in rest.iter_mut().zip(key.into_iter().cycle()) {
        *byte ^= key;
    }
}
// ANCHOR_END: mask
