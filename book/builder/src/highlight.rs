//! Colours for code, put in when the book is built: no page ships a highlighter.
//!
//! syntect says what each piece of a file is, by the grammars it brings for Rust, Python and the shell;
//! this module maps that to the ten classes that the theme knows.
//! It adds what those grammars leave out: `async` and `await`, and the names of types where they are used.
//! For TOML, which syntect does not bring, a few lines of our own do.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use syntect::parsing::{ParseState, ScopeStack, SyntaxReference, SyntaxSet};

use crate::html::escape;

static SYNTAXES: LazyLock<SyntaxSet> = LazyLock::new(SyntaxSet::load_defaults_newlines);

/// A language that a listing can be in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Language {
    /// Rust.
    Rust,
    /// Python.
    Python,
    /// TOML.
    Toml,
    /// The shell.
    Shell,
    /// Anything else: no colours.
    Text,
}

impl Language {
    /// The language of a file, by its extension.
    pub fn of(path: &Path) -> Self {
        match path.extension().and_then(|extension| extension.to_str()) {
            Some("rs") => Self::Rust,
            Some("py") => Self::Python,
            Some("toml") => Self::Toml,
            Some("sh") => Self::Shell,
            _ => Self::Text,
        }
    }

    /// The word in `class="language-…"`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Rust => "rust",
            Self::Python => "python",
            Self::Toml => "toml",
            Self::Shell => "shell",
            Self::Text => "text",
        }
    }

    fn syntax(self) -> Option<&'static SyntaxReference> {
        let extension = match self {
            Self::Rust => "rs",
            Self::Python => "py",
            Self::Shell => "sh",
            Self::Toml | Self::Text => return None,
        };
        SYNTAXES.find_syntax_by_extension(extension)
    }
}

/// What a piece of code is; the class is `tk-` and the name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Token {
    Plain,
    Keyword,
    String,
    Comment,
    Number,
    Function,
    Type,
    Macro,
    Attribute,
    Lifetime,
    Punct,
}

impl Token {
    fn class(self) -> Option<&'static str> {
        Some(match self {
            Self::Plain => return None,
            Self::Keyword => "tk-keyword",
            Self::String => "tk-string",
            Self::Comment => "tk-comment",
            Self::Number => "tk-number",
            Self::Function => "tk-function",
            Self::Type => "tk-type",
            Self::Macro => "tk-macro",
            Self::Attribute => "tk-attribute",
            Self::Lifetime => "tk-lifetime",
            Self::Punct => "tk-punct",
        })
    }
}

/// Every text that was coloured so far: a file has several listings, and a server builds the book again and again.
static COLOURED: LazyLock<Mutex<HashMap<(Language, String), Lines>>> =
    LazyLock::new(Mutex::default);

/// Lines of HTML, shared by the listings of a file.
pub type Lines = Arc<[String]>;

/// The lines of `text` as HTML, without their line breaks.
pub fn lines(language: Language, text: &str) -> Lines {
    let key = (language, text.to_owned());
    let known = |key| COLOURED.lock().unwrap_or_else(PoisonError::into_inner).get(key).cloned();
    if let Some(lines) = known(&key) {
        return lines;
    }
    let lines: Lines = colour(language, text).into();
    COLOURED.lock().unwrap_or_else(PoisonError::into_inner).insert(key, Arc::clone(&lines));
    lines
}

fn colour(language: Language, text: &str) -> Vec<String> {
    let pieces = match (language, language.syntax()) {
        (Language::Toml, _) => text.lines().map(toml_line).collect(),
        (_, Some(syntax)) => parsed(language, syntax, text)
            .unwrap_or_else(|| text.lines().map(|line| vec![(Token::Plain, line)]).collect()),
        (_, None) => text.lines().map(|line| vec![(Token::Plain, line)]).collect(),
    };
    pieces.into_iter().map(|line| spans(&line)).collect()
}

type Pieces<'a> = Vec<(Token, &'a str)>;

fn parsed<'a>(
    language: Language,
    syntax: &SyntaxReference,
    text: &'a str,
) -> Option<Vec<Pieces<'a>>> {
    let mut state = ParseState::new(syntax);
    let mut scopes = ScopeStack::new();
    let mut lines = Vec::new();
    for line in text.split_inclusive('\n') {
        // The grammars expect a line break at each line's end.
        let whole = format!("{}\n", line.trim_end_matches('\n'));
        let line = line.trim_end_matches(['\n', '\r']);
        let mut pieces = Vec::new();
        let mut start = 0;
        for (at, operation) in state.parse_line(&whole, &SYNTAXES).ok()? {
            let at = at.min(line.len());
            push(&mut pieces, language, &scopes, &line[start..at]);
            start = at;
            scopes.apply(&operation).ok()?;
        }
        push(&mut pieces, language, &scopes, &line[start..]);
        calls(&mut pieces);
        lines.push(pieces);
    }
    Some(lines)
}

fn push<'a>(pieces: &mut Pieces<'a>, language: Language, scopes: &ScopeStack, text: &'a str) {
    if text.is_empty() {
        return;
    }
    match token(scopes, text) {
        Token::Plain => words(pieces, language, text),
        token => pieces.push((token, text)),
    }
}

/// What syntect's scopes, the innermost first, say about a piece.
fn token(scopes: &ScopeStack, text: &str) -> Token {
    let names: Vec<String> = scopes.as_slice().iter().map(ToString::to_string).collect();
    let has = |prefix: &str| names.iter().any(|name| name.starts_with(prefix));
    if has("comment") {
        return Token::Comment;
    }
    // Code in an f-string is code.
    let interpolated = names.iter().rposition(|name| name.starts_with("meta.interpolation"));
    let in_string = names.iter().rposition(|name| name.starts_with("string"));
    if in_string.is_some() && in_string > interpolated {
        return Token::String;
    }
    if has("meta.annotation") {
        return Token::Attribute;
    }
    if has("constant.numeric") {
        return Token::Number;
    }
    let word = text.trim();
    let alphabetic = word.starts_with(|c: char| c.is_alphabetic());
    for name in names.iter().rev() {
        let is = |prefix: &str| name.starts_with(prefix);
        if is("storage.type.numeric") {
            return Token::Number;
        } else if is("constant.character") {
            return Token::String;
        } else if is("storage.modifier.lifetime") || is("entity.name.lifetime") {
            return Token::Lifetime;
        } else if is("support.macro") || is("entity.name.macro") {
            return Token::Macro;
        } else if is("variable.annotation") {
            return Token::Attribute;
        } else if is("entity.name.function") || is("support.function") || is("variable.function") {
            return Token::Function;
        } else if is("entity.name")
            || is("support.type")
            || is("support.class")
            || (is("storage.type") && PRIMITIVES.contains(&word))
        {
            return Token::Type;
        } else if is("constant.language") || is("variable.language") || is("storage") {
            return Token::Keyword;
        } else if is("keyword") {
            return if alphabetic { Token::Keyword } else { Token::Punct };
        } else if is("punctuation") {
            return Token::Punct;
        } else if is("variable.parameter") || is("variable.other") {
            return Token::Plain;
        }
    }
    Token::Plain
}

const PRIMITIVES: &[&str] = &[
    "bool", "char", "str", "u8", "u16", "u32", "u64", "u128", "usize", "i8", "i16", "i32", "i64",
    "i128", "isize", "f32", "f64",
];

/// What the grammars take for plain names.
fn words<'a>(pieces: &mut Pieces<'a>, language: Language, text: &'a str) {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let mut rest = text;
    while !rest.is_empty() {
        let named = rest.starts_with(is_word);
        let end = rest.find(|c: char| is_word(c) != named).unwrap_or(rest.len());
        let (piece, after) = rest.split_at(end);
        pieces.push((plain(language, piece), piece));
        rest = after;
    }
}

/// A plain name before a parenthesis is called: the grammars miss `Type::function(…)`.
fn calls(pieces: &mut Pieces<'_>) {
    for index in 1..pieces.len() {
        let (name, next) = (pieces[index - 1], pieces[index]);
        let called = name.0 == Token::Plain
            && name.1.ends_with(|c: char| c.is_alphanumeric() || c == '_')
            && next.0 == Token::Punct
            && next.1.starts_with('(');
        if called {
            pieces[index - 1].0 = Token::Function;
        }
    }
}

fn plain(language: Language, word: &str) -> Token {
    let keyword = match language {
        Language::Rust => matches!(word, "async" | "await" | "dyn" | "try" | "yield" | "gen"),
        Language::Python => matches!(word, "async" | "await" | "match" | "case"),
        _ => false,
    };
    let starts_large = word.starts_with(|c: char| c.is_uppercase());
    let a_type = starts_large && (word.len() == 1 || word.contains(|c: char| c.is_lowercase()));
    if keyword {
        Token::Keyword
    } else if a_type && matches!(language, Language::Rust | Language::Python) {
        Token::Type
    } else {
        Token::Plain
    }
}

/// One line of TOML. (A string over several lines is coloured line by line, which is good enough for a manifest.)
fn toml_line(line: &str) -> Pieces<'_> {
    let trimmed = line.trim_start();
    if trimmed.starts_with('[') && !trimmed.contains('=') {
        return vec![(Token::Type, line)];
    }
    let mut pieces = Vec::new();
    let mut rest = line;
    while let Some(first) = rest.chars().next() {
        let (token, length) = match first {
            '#' => (Token::Comment, rest.len()),
            '"' | '\'' => {
                let closing = rest[1..].find(first).map_or(rest.len(), |at| at + 2);
                (Token::String, closing)
            }
            c if c.is_alphanumeric() || c == '_' || c == '-' => {
                let end = rest
                    .find(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '-' | '.')))
                    .unwrap_or(rest.len());
                let token = match &rest[..end] {
                    "true" | "false" => Token::Keyword,
                    word if word.starts_with(|c: char| c.is_ascii_digit()) => Token::Number,
                    _ => Token::Attribute,
                };
                (token, end)
            }
            c if c.is_whitespace() => (Token::Plain, c.len_utf8()),
            c => (Token::Punct, c.len_utf8()),
        };
        let (piece, after) = rest.split_at(length);
        pieces.push((token, piece));
        rest = after;
    }
    pieces
}

/// Pieces as HTML; neighbours of one kind share an element.
fn spans(pieces: &[(Token, &str)]) -> String {
    let mut html = String::new();
    let mut open = Token::Plain;
    for (token, text) in pieces {
        if *token != open {
            if open != Token::Plain {
                html.push_str("</span>");
            }
            if let Some(class) = token.class() {
                html.push_str("<span class=\"");
                html.push_str(class);
                html.push_str("\">");
            }
            open = *token;
        }
        html.push_str(&escape(text));
    }
    if open != Token::Plain {
        html.push_str("</span>");
    }
    html
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `keyword:async` and so on, for every coloured piece but punctuation.
    fn tokens(language: Language, text: &str) -> Vec<String> {
        lines(language, text)
            .iter()
            .flat_map(|line| line.split("<span class=\"tk-").skip(1))
            .filter_map(|span| {
                let (class, rest) = span.split_once("\">")?;
                let (text, _) = rest.split_once("</span>")?;
                Some(format!("{class}:{}", text.trim()))
            })
            .filter(|token| !token.starts_with("punct"))
            .collect()
    }

    #[test]
    fn rust_has_its_keywords_types_and_calls() {
        assert_eq!(
            tokens(
                Language::Rust,
                "async fn serve<'a>(s: &'a mut TcpStream) -> io::Result<u64> {\n    let x = Some(fetch(1).await?); // wait\n    sleep(Duration::from_secs(2));\n    println!(\"{x}\");\n}\n"
            ),
            [
                "keyword:async",
                "keyword:fn",
                "function:serve",
                "lifetime:'a",
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
                "number:2",
                "macro:println!",
                "string:&quot;{x}&quot;",
            ]
        );
    }

    #[test]
    fn an_attribute_is_one_thing() {
        assert_eq!(
            tokens(Language::Rust, "#[derive(Debug)]\nstruct Lane;\n"),
            ["attribute:#[derive(Debug)]", "keyword:struct", "type:Lane"]
        );
    }

    #[test]
    fn python_has_its_keywords() {
        assert_eq!(
            tokens(Language::Python, "async def fetch(n):\n    await asyncio.sleep(1.5)  # one\n"),
            [
                "keyword:async",
                "keyword:def",
                "function:fetch",
                "keyword:await",
                "function:sleep",
                "number:1.5",
                "comment:# one",
            ]
        );
    }

    #[test]
    fn toml_has_tables_keys_and_values() {
        assert_eq!(
            tokens(Language::Toml, "[package]\nname = \"a\" # why\npublish = false\nn = 3\n"),
            [
                "type:[package]",
                "attribute:name",
                "string:&quot;a&quot;",
                "comment:# why",
                "attribute:publish",
                "keyword:false",
                "attribute:n",
                "number:3",
            ]
        );
    }

    #[test]
    fn nothing_of_the_text_is_lost() {
        let text = "fn f() {\n    \"two\n    lines\"; /* <a> */\n}";
        let stripped: Vec<String> = lines(Language::Rust, text)
            .iter()
            .map(|line| {
                let mut plain = String::new();
                for part in line.split('<') {
                    plain.push_str(part.split_once('>').map_or(part, |(_, text)| text));
                }
                plain.replace("&quot;", "\"").replace("&lt;", "<").replace("&gt;", ">")
            })
            .collect();
        assert_eq!(stripped.join("\n"), text);
    }
}
