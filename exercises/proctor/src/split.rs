//! The ways worth trying to cut an input into reads.

use std::fmt;
use std::ops::Deref;
use std::slice;

/// Inputs up to this length are also cut at every two places.
const PAIRS_UP_TO: usize = 24;

/// One way to cut an input: its pieces, in order. Prints as `"GET /" | " HTTP/1.1"`.
#[derive(Clone, PartialEq, Eq)]
pub struct Split<'a> {
    pieces: Vec<&'a [u8]>,
}

/// The ways worth trying to cut an input into pieces, for code that must not care how its input arrives.
///
/// First whole, then cut once, at each place in turn; then one byte at a time;
/// and, where the input has at most 24 bytes, cut at each two places.
/// No piece is empty. Of an empty input there is one split, with no piece.
///
/// ```
/// let splits: Vec<String> = proctor::splits(b"abc").iter().map(ToString::to_string).collect();
/// assert_eq!(splits, [r#""abc""#, r#""a" | "bc""#, r#""ab" | "c""#, r#""a" | "b" | "c""#]);
/// ```
pub fn splits<B: AsRef<[u8]> + ?Sized>(bytes: &B) -> Vec<Split<'_>> {
    let bytes = bytes.as_ref();
    let split = |pieces| Split { pieces };
    let mut splits = match bytes {
        [] => return vec![split(Vec::new())],
        _ => vec![split(vec![bytes])],
    };
    for cut in 1..bytes.len() {
        let (left, right) = bytes.split_at(cut);
        splits.push(split(vec![left, right]));
    }
    // Of one or two bytes, one at a time is a split that stands there already.
    if bytes.len() > 2 {
        splits.push(split(bytes.chunks(1).collect()));
    }
    // Of three bytes, two cuts are one at a time.
    if (4..=PAIRS_UP_TO).contains(&bytes.len()) {
        for first in 1..bytes.len() {
            for second in first + 1..bytes.len() {
                splits.push(split(vec![&bytes[..first], &bytes[first..second], &bytes[second..]]));
            }
        }
    }
    splits
}

impl<'a> Deref for Split<'a> {
    type Target = [&'a [u8]];

    fn deref(&self) -> &Self::Target {
        &self.pieces
    }
}

impl<'s, 'a> IntoIterator for &'s Split<'a> {
    type Item = &'a [u8];
    type IntoIter = std::iter::Copied<slice::Iter<'s, &'a [u8]>>;

    fn into_iter(self) -> Self::IntoIter {
        self.pieces.iter().copied()
    }
}

impl fmt::Display for Split<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, piece) in self.pieces.iter().enumerate() {
            let separator = if index == 0 { "" } else { " | " };
            write!(f, "{separator}\"{}\"", piece.escape_ascii())?;
        }
        Ok(())
    }
}

impl fmt::Debug for Split<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
