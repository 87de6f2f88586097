//! Rust's words.

use super::scanner::{Scanner, in_name, names_a_type, number, quoted, run, starts_name};
use super::{Piece, Token};

const KEYWORDS: &[&str] = &[
    "Self", "as", "async", "await", "break", "const", "continue", "crate", "dyn", "else", "enum",
    "extern", "false", "fn", "for", "gen", "if", "impl", "in", "let", "loop", "match", "mod",
    "move", "mut", "pub", "ref", "return", "self", "static", "struct", "super", "trait", "true",
    "type", "unsafe", "use", "where", "while", "yield",
];

const PRIMITIVES: &[&str] = &[
    "bool", "char", "f32", "f64", "i128", "i16", "i32", "i64", "i8", "isize", "str", "u128", "u16",
    "u32", "u64", "u8", "usize",
];

/// The pieces of a Rust file.
pub fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut scanner = Scanner::new(text);
    while let Some(first) = scanner.first() {
        let rest = scanner.rest;
        if first.is_whitespace() {
            let length = scanner.run(char::is_whitespace);
            scanner.take(Token::Plain, length);
        } else if rest.starts_with("//") {
            let length = scanner.run(|c| c != '\n');
            scanner.take(Token::Comment, length);
        } else if rest.starts_with("/*") {
            scanner.take(Token::Comment, block_comment(rest));
        } else if rest.starts_with("#[") || rest.starts_with("#![") {
            scanner.take(Token::Attribute, attribute(rest));
        } else if let Some(length) = string(rest) {
            scanner.take(Token::String, length);
        } else if first == '\'' {
            scanner.take(Token::Lifetime, 1 + run(&rest[1..], in_name));
        } else if first.is_ascii_digit() {
            scanner.take(Token::Number, number(rest));
        } else if starts_name(first) {
            name(&mut scanner);
        } else {
            scanner.take(Token::Punct, first.len_utf8());
        }
    }
    scanner.finish()
}

fn name(scanner: &mut Scanner<'_>) {
    let rest = scanner.rest;
    let raw = if rest.starts_with("r#") { 2 } else { 0 };
    let length = raw + run(&rest[raw..], in_name);
    let (name, after) = rest.split_at(length);
    let called = after.starts_with('(') || after.starts_with("::<");
    if raw == 0 && KEYWORDS.contains(&name) {
        scanner.take(Token::Keyword, length);
    } else if after.starts_with('!') && !after.starts_with("!=") {
        scanner.take(Token::Macro, length + 1);
    } else if PRIMITIVES.contains(&name) || names_a_type(name) {
        scanner.take(Token::Type, length);
    } else if called || scanner.before() == "fn" {
        scanner.take(Token::Function, length);
    } else {
        scanner.take(Token::Plain, length);
    }
}

/// The length of `/* … */`, which may hold others.
fn block_comment(text: &str) -> usize {
    let mut depth = 0;
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        if text[at..].starts_with("/*") {
            depth += 1;
            at += 2;
        } else if text[at..].starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                break;
            }
        } else {
            at += c.len_utf8();
        }
    }
    at
}

/// The length of `#[…]`, whose brackets and strings may hold others.
fn attribute(text: &str) -> usize {
    let mut depth = 0;
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        at += c.len_utf8();
        match c {
            '[' => depth += 1,
            ']' => {
                depth -= 1;
                if depth == 0 {
                    break;
                }
            }
            '"' => at += quoted(&text[at..], "\""),
            _ => {}
        }
    }
    at
}

/// The length of a string or a character at the front of `text`, with its prefix; `None` where there is none.
fn string(text: &str) -> Option<usize> {
    let prefix = ["br", "cr", "b", "c", "r", ""].into_iter().find(|prefix| {
        text.strip_prefix(prefix).is_some_and(|rest| rest.starts_with(['"', '\'', '#']))
    })?;
    let rest = &text[prefix.len()..];
    if prefix.ends_with('r') {
        let hashes = run(rest, |c| c == '#');
        let inner = rest[hashes..].strip_prefix('"')?;
        let closing = format!("\"{}", "#".repeat(hashes));
        let length = inner.find(&closing).map_or(inner.len(), |at| at + closing.len());
        return Some(prefix.len() + hashes + 1 + length);
    }
    if let Some(inner) = rest.strip_prefix('"') {
        return Some(prefix.len() + 1 + quoted(inner, "\""));
    }
    // A character is one, or one escape, between its marks; a lifetime has no second mark.
    let inner = rest.strip_prefix('\'')?;
    let first = inner.chars().next()?;
    if first == '\\' {
        return Some(prefix.len() + 1 + quoted(inner, "'"));
    }
    let after = inner[first.len_utf8()..].strip_prefix('\'')?;
    Some(text.len() - after.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::highlight::tokens;

    #[test]
    fn keywords_types_and_calls() {
        assert_eq!(
            tokens(&pieces(
                "async fn serve<'a, T>(s: &'a mut TcpStream) -> io::Result<u64> {\n    let x = Some(fetch(1).await?); // wait\n    sleep(Duration::from_secs(MAX));\n    println!(\"{x}\");\n    x.parse::<u8>()\n}\n"
            )),
            [
                "keyword:async",
                "keyword:fn",
                "function:serve",
                "lifetime:'a",
                "type:T",
                "lifetime:'a",
                "keyword:mut",
                "type:TcpStream",
                "type:Result",
                "type:u64",
                "keyword:let",
                "type:Some",
                "function:fetch",
                "number:1",
                "keyword:await",
                "comment:// wait",
                "function:sleep",
                "type:Duration",
                "function:from_secs",
                "macro:println!",
                "string:\"{x}\"",
                "function:parse",
                "type:u8",
            ]
        );
    }

    #[test]
    fn strings_characters_and_lifetimes() {
        assert_eq!(
            tokens(&pieces(
                r##"'a' b'\'' 'static "\"" r#"a"b"# b"x" c"y" 'outer: '\u{1f980}' r"\" '"'"##
            )),
            [
                "string:'a'",
                r"string:b'\''",
                "lifetime:'static",
                r#"string:"\"""#,
                r##"string:r#"a"b"#"##,
                "string:b\"x\"",
                "string:c\"y\"",
                "lifetime:'outer",
                r"string:'\u{1f980}'",
                r#"string:r"\""#,
                "string:'\"'",
            ]
        );
    }

    #[test]
    fn numbers_end_where_a_range_or_a_method_begins() {
        assert_eq!(
            tokens(&pieces("1..10 1.5 0x1F_u8 2.max(3) a.0 != b")),
            [
                "number:1",
                "number:10",
                "number:1.5",
                "number:0x1F_u8",
                "number:2",
                "function:max",
                "number:3",
                "number:0",
            ]
        );
    }

    #[test]
    fn an_attribute_is_one_thing_and_comments_nest() {
        assert_eq!(
            tokens(&pieces("#![deny(x)]\n#[expect(a, reason = \"]\")]\n/* a /* b */ c */ r#type")),
            [
                "attribute:#![deny(x)]",
                "attribute:#[expect(a, reason = \"]\")]",
                "comment:/* a /* b */ c */",
            ]
        );
    }
}
