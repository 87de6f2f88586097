//! Colours for code, put in when the book is built: no page ships a highlighter.
//!
//! A lexer for each language that the book shows cuts a file into [`Token`]s; the theme has a class for each.
//! The lexers know words and not grammar, which is all that colours need. syntect knows grammars, but in the
//! unoptimised build that a reader makes its regular expressions took a second and a half for each chapter.

mod python;
mod rust;
mod scanner;
mod toml;

use std::path::Path;

use crate::html::escape;

/// A language that a listing can be in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// Rust.
    Rust,
    /// Python.
    Python,
    /// TOML.
    Toml,
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
            _ => Self::Text,
        }
    }

    /// The word in `class="language-…"`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Rust => "rust",
            Self::Python => "python",
            Self::Toml => "toml",
            Self::Text => "text",
        }
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

/// A piece of a text and what it is. The pieces of a text, one after the other, are the text.
type Piece<'a> = (Token, &'a str);

/// The lines of `text` as HTML, without their line breaks.
pub fn lines(language: Language, text: &str) -> Vec<String> {
    let pieces = match language {
        Language::Rust => rust::pieces(text),
        Language::Python => python::pieces(text),
        Language::Toml => toml::pieces(text),
        Language::Text => vec![(Token::Plain, text)],
    };
    let mut lines = vec![Vec::new()];
    for (token, piece) in pieces {
        // A piece may go over several lines.
        for (index, part) in piece.split('\n').enumerate() {
            if index > 0 {
                lines.push(Vec::new());
            }
            if let (Some(line), false) = (lines.last_mut(), part.is_empty()) {
                line.push((token, part.trim_end_matches('\r')));
            }
        }
    }
    let count = text.lines().count();
    lines.iter().take(count).map(|line| spans(line)).collect()
}

/// Pieces as HTML; neighbours of one kind share an element.
fn spans(pieces: &[Piece<'_>]) -> String {
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

/// `keyword:async` and so on, for every coloured piece but punctuation.
#[cfg(test)]
fn tokens(pieces: &[Piece<'_>]) -> Vec<String> {
    pieces
        .iter()
        .filter(|(token, _)| *token != Token::Punct)
        .filter_map(|(token, text)| Some(format!("{}:{text}", token.class()?.strip_prefix("tk-")?)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_piece_over_several_lines_is_coloured_in_each() {
        assert_eq!(
            lines(Language::Rust, "a /* b\n\nc */ <\n"),
            [
                "a <span class=\"tk-comment\">/* b</span>",
                "",
                "<span class=\"tk-comment\">c */</span> <span class=\"tk-punct\">&lt;</span>",
            ]
        );
    }

    #[test]
    fn neighbours_of_one_kind_share_an_element() {
        assert_eq!(
            lines(Language::Rust, "f();"),
            ["<span class=\"tk-function\">f</span><span class=\"tk-punct\">();</span>"]
        );
    }

    #[test]
    fn other_files_are_shown_as_they_are() {
        assert_eq!(lines(Language::of(Path::new("a.html")), "<p>\n"), ["&lt;p&gt;"]);
    }

    #[test]
    fn nothing_of_a_text_is_lost() {
        let whole =
            |pieces: Vec<Piece<'_>>| -> String { pieces.iter().map(|piece| piece.1).collect() };
        for text in [
            "fn f() {\n    \"two\n    lines\"; /* <a> */\n}",
            "'a' '\\'' 'a: b'x' r#\"raw\"# 1..2 \"open",
            "/* open",
            "#[open",
            "'",
            "é'é",
            "r#",
        ] {
            assert_eq!(whole(rust::pieces(text)), text);
        }
        for text in ["f'''a\nb''' + 'x\ny", "@a.b\ndef f(): pass", "'", "\"\"\"open"] {
            assert_eq!(whole(python::pieces(text)), text);
        }
        for text in ["[a]\nb = \"open\n# c\n[[d]]\n", "a = '\n'"] {
            assert_eq!(whole(toml::pieces(text)), text);
        }
    }
}
