//! What the lexers share: a text that is taken apart from its front.

use super::{Piece, Token};

/// A text, the part of it that is left, and the pieces that were taken.
pub struct Scanner<'a> {
    /// What is left.
    pub rest: &'a str,
    pieces: Vec<Piece<'a>>,
}

impl<'a> Scanner<'a> {
    /// All of a text is left.
    pub fn new(text: &'a str) -> Self {
        Self { rest: text, pieces: Vec::new() }
    }

    /// The next character.
    pub fn first(&self) -> Option<char> {
        self.rest.chars().next()
    }

    /// Takes `length` bytes, or what is left, as a piece.
    pub fn take(&mut self, token: Token, length: usize) {
        let length = self.rest.ceil_char_boundary(length);
        let (piece, rest) = self.rest.split_at(length);
        if !piece.is_empty() {
            self.pieces.push((token, piece));
        }
        self.rest = rest;
    }

    /// How many bytes from the front fit.
    pub fn run(&self, fits: impl Fn(char) -> bool) -> usize {
        run(self.rest, fits)
    }

    /// The last piece that is neither space nor comment.
    pub fn before(&self) -> &'a str {
        self.pieces
            .iter()
            .rev()
            .find(|(token, text)| *token != Token::Comment && !text.trim().is_empty())
            .map_or("", |(_, text)| text)
    }

    /// Whether nothing but space stands before on this line.
    pub fn at_line_start(&self) -> bool {
        for (_, text) in self.pieces.iter().rev() {
            let line = text.rsplit('\n').next().unwrap_or(text);
            if !line.trim().is_empty() {
                return false;
            }
            if text.contains('\n') {
                return true;
            }
        }
        true
    }

    /// The pieces.
    pub fn finish(self) -> Vec<Piece<'a>> {
        self.pieces
    }
}

/// How many bytes from the front of `text` fit.
pub fn run(text: &str, fits: impl Fn(char) -> bool) -> usize {
    text.find(|c| !fits(c)).unwrap_or(text.len())
}

/// Whether a name may begin with this character.
pub fn starts_name(c: char) -> bool {
    c.is_alphabetic() || c == '_'
}

/// Whether a name may go on with this character.
pub fn in_name(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// The length of a quoted text that starts after its opening `quote`, the closing one included; a backslash escapes.
pub fn quoted(text: &str, quote: &str) -> usize {
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        if text[at..].starts_with(quote) {
            return at + quote.len();
        }
        at += c.len_utf8();
        if c == '\\' {
            at += text[at..].chars().next().map_or(0, char::len_utf8);
        }
    }
    at
}

/// The length of a number: digits, letters and underscores, and a point before a digit.
pub fn number(text: &str) -> usize {
    let mut length = run(text, in_name);
    let after = &text[length..];
    if after.starts_with('.') && after[1..].starts_with(|c: char| c.is_ascii_digit()) {
        length += 1 + run(&after[1..], in_name);
    }
    length
}

/// Whether a name is written as the names of types are: `TcpStream`, `T`, and not `MAX`.
pub fn names_a_type(name: &str) -> bool {
    name.starts_with(char::is_uppercase)
        && (name.chars().count() == 1 || name.contains(char::is_lowercase))
}
