//! Python's words.

use super::scanner::{Scanner, in_name, names_a_type, number, quoted, run, starts_name};
use super::{Piece, Token};

const KEYWORDS: &[&str] = &[
    "False", "None", "True", "and", "as", "assert", "async", "await", "break", "class", "continue",
    "def", "del", "elif", "else", "except", "finally", "for", "from", "global", "if", "import",
    "in", "is", "lambda", "nonlocal", "not", "or", "pass", "raise", "return", "try", "while",
    "with", "yield",
];

const TYPES: &[&str] = &[
    "bool",
    "bytes",
    "dict",
    "float",
    "frozenset",
    "int",
    "list",
    "object",
    "set",
    "str",
    "tuple",
];

/// The pieces of a Python file.
pub fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut scanner = Scanner::new(text);
    while let Some(first) = scanner.first() {
        let rest = scanner.rest;
        if first.is_whitespace() {
            let length = scanner.run(char::is_whitespace);
            scanner.take(Token::Plain, length);
        } else if first == '#' {
            let length = scanner.run(|c| c != '\n');
            scanner.take(Token::Comment, length);
        } else if let Some(length) = string(rest) {
            scanner.take(Token::String, length);
        } else if first == '@' && scanner.at_line_start() {
            let length = 1 + run(&rest[1..], |c| in_name(c) || c == '.');
            scanner.take(Token::Attribute, length);
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
    let length = scanner.run(in_name);
    let (name, after) = scanner.rest.split_at(length);
    let line = after.split('\n').next().unwrap_or(after);
    // `match` and `case` are keywords only where they begin a statement with a block.
    let begins_block = matches!(name, "match" | "case")
        && scanner.at_line_start()
        && line.starts_with(' ')
        && line.trim_end().ends_with(':');
    if KEYWORDS.contains(&name) || begins_block {
        scanner.take(Token::Keyword, length);
    } else if TYPES.contains(&name) || names_a_type(name) {
        scanner.take(Token::Type, length);
    } else if after.starts_with('(') || scanner.before() == "def" {
        scanner.take(Token::Function, length);
    } else {
        scanner.take(Token::Plain, length);
    }
}

/// The length of a string at the front of `text`, with its prefix; `None` where there is none.
fn string(text: &str) -> Option<usize> {
    let prefix = run(text, |c| "rbfuRBFU".contains(c));
    let rest = text.get(prefix..).filter(|_| prefix <= 2)?;
    let quote = ["\"\"\"", "'''", "\"", "'"].into_iter().find(|quote| rest.starts_with(quote))?;
    let length = quoted(&rest[quote.len()..], quote);
    Some(prefix + quote.len() + length)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::highlight::tokens;

    #[test]
    fn keywords_calls_and_strings() {
        assert_eq!(
            tokens(&pieces(
                "\"\"\"Tea.\n\nSlowly.\"\"\"\n@app.get\nasync def fetch(n: int) -> Tea:\n    await asyncio.sleep(1.5)  # one\n    print(f\"{n} s\", end='')\n    return None\n"
            )),
            [
                "string:\"\"\"Tea.\n\nSlowly.\"\"\"",
                "attribute:@app.get",
                "keyword:async",
                "keyword:def",
                "function:fetch",
                "type:int",
                "type:Tea",
                "keyword:await",
                "function:sleep",
                "number:1.5",
                "comment:# one",
                "function:print",
                "string:f\"{n} s\"",
                "string:''",
                "keyword:return",
                "keyword:None",
            ]
        );
    }

    #[test]
    fn match_is_a_keyword_where_it_begins_a_block() {
        assert_eq!(
            tokens(&pieces("match x:\n    case 1:\n        pass\nmatch = 3\n")),
            ["keyword:match", "keyword:case", "number:1", "keyword:pass", "number:3"]
        );
    }

    #[test]
    fn a_matrix_product_is_no_decorator() {
        assert_eq!(tokens(&pieces("a @ b\n")), Vec::<String>::new());
    }
}
