//! TOML's words.

use super::scanner::{Scanner, quoted};
use super::{Piece, Token};

/// The pieces of a TOML file.
pub fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut scanner = Scanner::new(text);
    while let Some(first) = scanner.first() {
        let rest = scanner.rest;
        match first {
            '#' => {
                let length = scanner.run(|c| c != '\n');
                scanner.take(Token::Comment, length);
            }
            '[' if scanner.at_line_start() => {
                let length = scanner.run(|c| c != '\n' && c != '#');
                let header = rest[..length].trim_end().len();
                scanner.take(Token::Type, header);
            }
            '"' => scanner.take(Token::String, 1 + quoted(&rest[1..], "\"")),
            '\'' => {
                let length = rest[1..].find('\'').map_or(rest.len(), |at| at + 2);
                scanner.take(Token::String, length);
            }
            c if c.is_whitespace() => {
                let length = scanner.run(char::is_whitespace);
                scanner.take(Token::Plain, length);
            }
            c if c.is_alphanumeric() || c == '_' => {
                let length = scanner.run(|c| c.is_alphanumeric() || "_-.:".contains(c));
                let token = match &rest[..length] {
                    "true" | "false" => Token::Keyword,
                    word if word.starts_with(|c: char| c.is_ascii_digit()) => Token::Number,
                    _ => Token::Attribute,
                };
                scanner.take(token, length);
            }
            c => scanner.take(Token::Punct, c.len_utf8()),
        }
    }
    scanner.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::highlight::tokens;

    #[test]
    fn tables_keys_and_values() {
        assert_eq!(
            tokens(&pieces(
                "[package]\nname = \"a\" # why\nv.workspace = true\nn = [3, 'b']\n[[bin]] # c\n"
            )),
            [
                "type:[package]",
                "attribute:name",
                "string:\"a\"",
                "comment:# why",
                "attribute:v.workspace",
                "keyword:true",
                "attribute:n",
                "number:3",
                "string:'b'",
                "type:[[bin]]",
                "comment:# c",
            ]
        );
    }
}
