//! Text with styles: laid out to a width, painted for a terminal, or plain.
//!
//! The screen and the commands' output show the same texts; this is what both of them are made from.
//! A [`Flow`] is a paragraph or a line of code that does not know yet how wide it may be.

use std::fmt::Write as _;

use ansi_to_tui::IntoText;
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// The looks of things: with colours, with weight and slope alone, or with nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Palette {
    color: bool,
    styled: bool,
}

impl Palette {
    /// For a terminal: with colours, or with weight and slope alone.
    pub fn new(color: bool) -> Self {
        Self { color, styled: true }
    }

    /// For a file or a pipe: no escapes at all.
    pub fn bare() -> Self {
        Self { color: false, styled: false }
    }

    /// Whether there is a terminal that understands weight and slope.
    pub fn styled(self) -> bool {
        self.styled
    }

    /// Whether there are colours.
    pub fn color(self) -> bool {
        self.color
    }

    fn with(self, color: Color, style: Style) -> Style {
        if self.color { style.fg(color) } else { style }
    }

    /// Ordinary text.
    pub fn plain(self) -> Style {
        Style::new()
    }

    /// A heading, or what matters most.
    pub fn strong(self) -> Style {
        Style::new().add_modifier(Modifier::BOLD)
    }

    /// What one may look past.
    pub fn faint(self) -> Style {
        Style::new().add_modifier(Modifier::DIM)
    }

    /// Code, and names in code.
    pub fn code(self) -> Style {
        self.with(Color::Cyan, Style::new())
    }

    /// What went well.
    pub fn good(self) -> Style {
        self.with(Color::Green, self.strong())
    }

    /// What did not.
    pub fn bad(self) -> Style {
        self.with(Color::Red, self.strong())
    }

    /// What is under way, or needs a look.
    pub fn notable(self) -> Style {
        self.with(Color::Yellow, self.strong())
    }

    /// A key to press.
    pub fn key(self) -> Style {
        self.with(Color::Cyan, self.strong())
    }
}

/// What becomes of a text that is wider than there is room.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Fit {
    /// Prose: blanks are places to break, and as many as one.
    #[default]
    Words,
    /// A message: blanks are kept, and it is broken between words.
    Message,
    /// Code: blanks are kept, and it is broken at the edge.
    Edge,
}

/// A paragraph that is wrapped, or a line that is kept.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Flow {
    /// What stands before the first line: a list's bullet, say.
    pub first: Vec<Span<'static>>,
    /// What stands before the others: as wide as that.
    pub rest: Vec<Span<'static>>,
    /// The text.
    pub content: Vec<Span<'static>>,
    /// How it is fitted to the width.
    pub fit: Fit,
}

impl Flow {
    /// An empty line.
    pub fn empty() -> Self {
        Self::default()
    }

    /// A paragraph.
    pub fn new(content: impl Into<Line<'static>>) -> Self {
        Self { content: content.into().spans, ..Self::default() }
    }

    /// A paragraph in one style.
    pub fn styled(text: impl Into<String>, style: Style) -> Self {
        Self::new(Span::styled(text.into(), style))
    }

    /// A line of code.
    pub fn code(content: impl Into<Line<'static>>) -> Self {
        Self { fit: Fit::Edge, ..Self::new(content) }
    }

    /// A line of several pieces, whose blanks matter.
    pub fn line(content: Vec<Span<'static>>) -> Self {
        Self { content, fit: Fit::Message, ..Self::default() }
    }

    /// A line of a message; where it is wrapped, it hangs as deep as it began.
    pub fn message(line: &str, style: Style) -> Self {
        let text = line.trim_start();
        let blanks = &line[..line.len() - text.len()];
        let blanks = Span::raw(blanks.replace('\t', "    "));
        Self {
            first: vec![blanks.clone()],
            rest: vec![blanks],
            content: vec![Span::styled(text.replace('\t', "    "), style)],
            fit: Fit::Message,
        }
    }

    /// The same, with `prefix` before every line.
    pub fn indented(mut self, prefix: &'static str) -> Self {
        self.first.insert(0, Span::raw(prefix));
        self.rest.insert(0, Span::raw(prefix));
        self
    }

    /// Lays it out to lines that are at most `width` wide.
    fn lines(&self, width: usize, lines: &mut Vec<Line<'static>>) {
        let before = self.first.iter().map(Span::width).sum::<usize>();
        // However narrow: one character a line is better than none.
        let room = width.saturating_sub(before).max(4);
        let mut wrapped = Wrapped::new(room, self.fit);
        for span in &self.content {
            wrapped.push(&span.content, span.style);
        }
        for (number, spans) in wrapped.finish().into_iter().enumerate() {
            let prefix = if number == 0 { &self.first } else { &self.rest };
            lines.push(prefix.iter().cloned().chain(spans).collect());
        }
    }
}

/// Fills lines with words.
struct Wrapped {
    room: usize,
    fit: Fit,
    lines: Vec<Vec<Span<'static>>>,
    used: usize,
    /// The word that is being read; it may have several styles.
    word: Vec<Span<'static>>,
    /// The blanks before it.
    blanks: Option<Span<'static>>,
}

impl Wrapped {
    fn new(room: usize, fit: Fit) -> Self {
        Self { room, fit, lines: vec![Vec::new()], used: 0, word: Vec::new(), blanks: None }
    }

    fn push(&mut self, text: &str, style: Style) {
        if self.fit == Fit::Edge {
            self.put_broken(&text.replace('\t', "    "), style);
            return;
        }
        let mut rest = text;
        while !rest.is_empty() {
            let blank = rest.starts_with(char::is_whitespace);
            let end = rest.find(|c: char| c.is_whitespace() != blank).unwrap_or(rest.len());
            let (piece, after) = rest.split_at(end);
            if blank {
                self.end_word();
                let kept = if self.fit == Fit::Message { piece } else { " " };
                self.blanks = Some(Span::styled(kept.to_owned(), style));
            } else {
                self.word.push(Span::styled(piece.to_owned(), style));
            }
            rest = after;
        }
    }

    fn end_word(&mut self) {
        let word = std::mem::take(&mut self.word);
        if word.is_empty() {
            return;
        }
        let width: usize = word.iter().map(Span::width).sum();
        let blanks = self.blanks.take().filter(|_| self.used > 0);
        let before = blanks.as_ref().map_or(0, Span::width);
        if self.used > 0 && self.used + before + width > self.room {
            self.new_line();
        } else if let Some(blanks) = blanks {
            self.put(blanks);
        }
        for span in word {
            self.put_broken(&span.content, span.style);
        }
    }

    /// Puts text that may have to be broken in its middle.
    fn put_broken(&mut self, text: &str, style: Style) {
        let mut piece = String::new();
        let mut width = 0;
        for character in text.chars() {
            let wide = character.width().unwrap_or(0);
            if self.used + width + wide > self.room {
                self.put(Span::styled(std::mem::take(&mut piece), style));
                self.new_line();
                width = 0;
            }
            piece.push(character);
            width += wide;
        }
        self.put(Span::styled(piece, style));
    }

    fn put(&mut self, span: Span<'static>) {
        if span.content.is_empty() {
            return;
        }
        self.used += span.width();
        let Some(line) = self.lines.last_mut() else {
            return;
        };
        match line.last_mut() {
            Some(last) if last.style == span.style => last.content.to_mut().push_str(&span.content),
            _ => line.push(span),
        }
    }

    fn new_line(&mut self) {
        self.lines.push(Vec::new());
        self.used = 0;
    }

    fn finish(mut self) -> Vec<Vec<Span<'static>>> {
        self.end_word();
        self.lines
    }
}

/// Lays flows out to lines that are at most `width` wide.
pub fn lay_out(flows: &[Flow], width: usize) -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    for flow in flows {
        flow.lines(width, &mut lines);
    }
    lines
}

/// What a compiler printed, with its colours where it has some.
pub fn from_ansi(text: &str) -> Vec<Flow> {
    match text.into_text() {
        Ok(text) => text.lines.into_iter().map(Flow::code).collect(),
        Err(_) => text
            .lines()
            .map(|line| Flow::code(anstream::adapter::strip_str(line).to_string()))
            .collect(),
    }
}

/// How the commands print: to a terminal of some width, or plain.
#[derive(Debug, Clone, Copy)]
pub struct Paper {
    /// The looks.
    pub palette: Palette,
    /// How wide a line may be; where nobody looks, lines are as long as they are.
    pub width: usize,
}

impl Paper {
    /// The flows as they are printed, each line with its end.
    pub fn print(self, flows: &[Flow]) -> String {
        let mut text = String::new();
        for line in lay_out(flows, self.width) {
            for span in &line.spans {
                if self.palette.styled() {
                    paint(&mut text, span, line.style);
                } else {
                    text.push_str(&span.content);
                }
            }
            text.truncate(text.trim_end_matches(' ').len());
            text.push('\n');
        }
        text
    }
}

/// Writes a span with the escapes of its style around it.
fn paint(text: &mut String, span: &Span<'_>, line: Style) {
    let style = line.patch(span.style);
    let mut codes: Vec<String> = Vec::new();
    for (modifier, code) in [
        (Modifier::BOLD, "1"),
        (Modifier::DIM, "2"),
        (Modifier::ITALIC, "3"),
        (Modifier::UNDERLINED, "4"),
    ] {
        if style.add_modifier.contains(modifier) {
            codes.push(code.to_owned());
        }
    }
    if let Some(code) = style.fg.and_then(foreground) {
        codes.push(code);
    }
    if codes.is_empty() {
        text.push_str(&span.content);
    } else {
        // Writing to a string does not fail.
        let _ = write!(text, "\x1b[{}m{}\x1b[0m", codes.join(";"), span.content);
    }
}

/// The escape for a colour of the text.
fn foreground(color: Color) -> Option<String> {
    let code = match color {
        Color::Reset => return None,
        Color::Black => 30,
        Color::Red => 31,
        Color::Green => 32,
        Color::Yellow => 33,
        Color::Blue => 34,
        Color::Magenta => 35,
        Color::Cyan => 36,
        Color::Gray => 37,
        Color::DarkGray => 90,
        Color::LightRed => 91,
        Color::LightGreen => 92,
        Color::LightYellow => 93,
        Color::LightBlue => 94,
        Color::LightMagenta => 95,
        Color::LightCyan => 96,
        Color::White => 97,
        Color::Indexed(number) => return Some(format!("38;5;{number}")),
        Color::Rgb(red, green, blue) => return Some(format!("38;2;{red};{green};{blue}")),
    };
    Some(code.to_string())
}

/// Cuts a text to a width, with an ellipsis where something is missing.
pub fn cut(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut kept = String::new();
    let mut used = 1;
    for character in text.chars() {
        used += character.width().unwrap_or(0);
        if used > width {
            break;
        }
        kept.push(character);
    }
    kept.push('…');
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(flows: &[Flow], width: usize) -> Vec<String> {
        lay_out(flows, width).iter().map(Line::to_string).collect()
    }

    #[test]
    fn words_fill_lines_and_blanks_between_them_are_one() {
        let flow = Flow::new(Span::raw("one two   three\nfour "));
        assert_eq!(plain(&[flow], 9), ["one two", "three", "four"]);
    }

    #[test]
    fn a_word_of_two_styles_is_not_torn() {
        let flow = Flow::new(Line::from(vec![
            Span::raw("see "),
            Span::styled("read", Style::new().add_modifier(Modifier::BOLD)),
            Span::raw(", then"),
        ]));
        assert_eq!(plain(&[flow], 8), ["see", "read,", "then"]);
    }

    #[test]
    fn a_word_that_is_too_long_is_broken() {
        assert_eq!(plain(&[Flow::new("a overlong")], 4), ["a", "over", "long"]);
    }

    #[test]
    fn lists_hang_and_code_keeps_its_blanks() {
        let mut item = Flow::new("one two");
        item.first = vec![Span::raw("- ")];
        item.rest = vec![Span::raw("  ")];
        assert_eq!(plain(&[item], 6), ["- one", "  two"]);
        assert_eq!(plain(&[Flow::code("  let  x"), Flow::empty()], 80), ["  let  x", ""]);
    }

    #[test]
    fn a_message_keeps_its_blanks_and_hangs() {
        let message = |line| Flow::message(line, Style::new());
        assert_eq!(plain(&[message("  left: \"a  b\"")], 80), ["  left: \"a  b\""]);
        assert_eq!(plain(&[message("  one two three")], 9), ["  one two", "  three"]);
    }

    #[test]
    fn wide_characters_count_twice() {
        assert_eq!(plain(&[Flow::new("🦀🦀🦀")], 4), ["🦀🦀", "🦀"]);
        assert_eq!(cut("🦀🦀🦀", 5), "🦀🦀…");
        assert_eq!(cut("abc", 3), "abc");
    }

    #[test]
    fn painting_ends_what_it_begins_and_plain_has_no_escapes() {
        let flow = Flow::styled("done", Palette::new(true).good());
        let paper = |palette| Paper { palette, width: 80 };
        assert_eq!(
            paper(Palette::new(true)).print(std::slice::from_ref(&flow)),
            "\x1b[1;32mdone\x1b[0m\n"
        );
        assert_eq!(paper(Palette::bare()).print(&[flow]), "done\n");
        let colorless = Flow::styled("done", Palette::new(false).good());
        assert_eq!(paper(Palette::new(false)).print(&[colorless]), "\x1b[1mdone\x1b[0m\n");
    }

    #[test]
    fn the_compilers_colours_are_read() {
        let flows = from_ansi("\x1b[1m\x1b[91merror\x1b[0m: no\n --> lib.rs");
        let lines = lay_out(&flows, 80);
        assert_eq!(lines[0].to_string(), "error: no");
        assert_eq!(lines[0].spans[0].style.fg, Some(Color::LightRed));
        assert_eq!(lines[1].to_string(), " --> lib.rs");
    }
}
