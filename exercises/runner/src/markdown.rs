//! Shows Markdown in a terminal: headings, emphasis, code, lists, quotations and tables.
//!
//! It leaves out pictures (their text stands for them) and HTML (its tags are dropped).

use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};
use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span};
use unicode_width::UnicodeWidthStr;

use crate::text::{Flow, Palette};

/// Turns Markdown into flows, with an empty line between blocks.
/// Where nothing can be styled, Markdown is what shows best what is a heading and what is code.
pub fn render(markdown: &str, palette: Palette) -> Vec<Flow> {
    if !palette.styled() {
        return markdown.lines().map(|line| Flow::code(line.to_owned())).collect();
    }
    let mut renderer = Renderer {
        palette,
        flows: Vec::new(),
        spans: Vec::new(),
        styles: Vec::new(),
        lists: Vec::new(),
        quotes: 0,
        bullet: None,
        code: false,
        gap: false,
        target: None,
        table: None,
    };
    for event in Parser::new_ext(markdown, Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH) {
        renderer.event(event);
    }
    renderer.flows
}

struct Renderer {
    palette: Palette,
    flows: Vec<Flow>,
    /// The paragraph that is being read.
    spans: Vec<Span<'static>>,
    styles: Vec<Style>,
    /// The next number of each list we are in; `None` for bullets.
    lists: Vec<Option<u64>>,
    quotes: usize,
    /// The mark of a list item whose first line is not written yet.
    bullet: Option<String>,
    code: bool,
    /// Whether an empty line is due before the next block.
    gap: bool,
    /// The address of the link that is being read, where it leads out of the book.
    target: Option<String>,
    table: Option<Vec<Vec<String>>>,
}

impl Renderer {
    fn event(&mut self, event: Event<'_>) {
        match event {
            Event::Start(tag) => self.start(tag),
            Event::End(tag) => self.end(tag),
            Event::Text(text) if self.code => {
                for line in text.lines() {
                    let code = Span::styled(line.to_owned(), self.palette.code());
                    self.write(Flow::code(code).indented("    "));
                }
            }
            Event::Text(text) => self.text(&text, Style::new()),
            Event::Code(code) => self.text(&code, self.palette.code()),
            Event::SoftBreak => self.text(" ", Style::new()),
            Event::HardBreak => self.flush(),
            Event::Rule => {
                self.block();
                let rule = Flow::styled("─".repeat(8), self.palette.faint());
                self.write(rule);
                self.gap = true;
            }
            _ => {}
        }
    }

    fn start(&mut self, tag: Tag<'_>) {
        match tag {
            Tag::Paragraph => self.block(),
            Tag::Heading { .. } => {
                self.block();
                let underlined = self.palette.strong().add_modifier(Modifier::UNDERLINED);
                self.styles.push(underlined);
            }
            Tag::BlockQuote(_) => {
                self.block();
                self.quotes += 1;
            }
            Tag::CodeBlock(kind) => {
                self.flush();
                self.block();
                self.code = true;
                // mdBook's fences may name a file; the language alone says nothing to a reader.
                if let CodeBlockKind::Fenced(info) = kind
                    && info.contains('/')
                {
                    let info = Flow::styled(info.into_string(), self.palette.faint());
                    self.write(info);
                }
            }
            Tag::List(first) => {
                // A list inside an item follows its text at once.
                self.flush();
                if self.lists.is_empty() {
                    self.block();
                }
                self.lists.push(first);
            }
            Tag::Item => {
                self.flush();
                self.gap = false;
                self.bullet = Some(match self.lists.last_mut() {
                    Some(Some(number)) => {
                        let mark = format!("{number}. ");
                        *number += 1;
                        mark
                    }
                    _ => String::from("• "),
                });
            }
            Tag::Emphasis | Tag::Image { .. } => {
                self.styles.push(Style::new().add_modifier(Modifier::ITALIC));
            }
            Tag::Strong => self.styles.push(self.palette.strong()),
            Tag::Link { dest_url, .. } => {
                self.styles.push(Style::new().add_modifier(Modifier::UNDERLINED));
                self.target = dest_url.contains("://").then(|| dest_url.clone().into_string());
            }
            Tag::Table(_) => {
                self.block();
                self.table = Some(Vec::new());
            }
            Tag::TableHead | Tag::TableRow => {
                if let Some(table) = &mut self.table {
                    table.push(Vec::new());
                }
            }
            _ => {}
        }
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Paragraph => {
                self.flush();
                self.gap = true;
            }
            TagEnd::Heading(_) => {
                self.flush();
                self.styles.pop();
                self.gap = true;
            }
            TagEnd::BlockQuote(_) => {
                self.quotes -= 1;
                self.gap = true;
            }
            TagEnd::CodeBlock => {
                self.code = false;
                self.gap = true;
            }
            TagEnd::List(_) => {
                self.lists.pop();
                self.gap = self.lists.is_empty();
            }
            TagEnd::Item => {
                self.flush();
                self.bullet = None;
            }
            TagEnd::Emphasis | TagEnd::Strong | TagEnd::Image => {
                self.styles.pop();
            }
            TagEnd::Link => {
                self.styles.pop();
                if let Some(target) = self.target.take() {
                    let faint = self.palette.faint();
                    self.text(&format!(" ({target})"), faint);
                }
            }
            TagEnd::TableCell => {
                let cell: String = self.spans.drain(..).map(|span| span.content).collect();
                if let Some(row) = self.table.as_mut().and_then(|table| table.last_mut()) {
                    row.push(cell);
                }
            }
            TagEnd::Table => self.end_table(),
            _ => {}
        }
    }

    fn end_table(&mut self) {
        let table = self.table.take().unwrap_or_default();
        let columns = table.iter().map(Vec::len).max().unwrap_or(0);
        let widths: Vec<usize> = (0..columns)
            .map(|column| {
                let cells = table.iter().filter_map(|row| row.get(column));
                cells.map(|cell| cell.width()).max().unwrap_or(0)
            })
            .collect();
        for (number, row) in table.iter().enumerate() {
            let mut line = String::new();
            for (cell, width) in row.iter().zip(&widths) {
                line.push_str(cell);
                line.push_str(&" ".repeat(width + 2 - cell.width()));
            }
            let style = if number == 0 { self.palette.strong() } else { self.palette.plain() };
            let line = Span::styled(line.trim_end().to_owned(), style);
            self.write(Flow::code(line).indented("  "));
        }
        self.gap = true;
    }

    fn text(&mut self, text: &str, style: Style) {
        let style = self.styles.iter().fold(Style::new(), |all, one| all.patch(*one)).patch(style);
        self.spans.push(Span::styled(text.to_owned(), style));
    }

    /// A block begins: what was before it is written, and an empty line where one is due.
    fn block(&mut self) {
        self.flush();
        if std::mem::take(&mut self.gap) && !self.flows.is_empty() && self.bullet.is_none() {
            self.write(Flow::empty());
        }
    }

    fn flush(&mut self) {
        if !self.spans.is_empty() {
            let spans = std::mem::take(&mut self.spans);
            self.write(Flow::new(Line::from(spans)));
        }
    }

    /// Writes a flow behind the marks of the lists and quotations it stands in.
    fn write(&mut self, flow: Flow) {
        let quote = Span::styled("│ ".repeat(self.quotes), self.palette.faint());
        let depth = self.lists.len();
        let mut first = vec![quote.clone()];
        let mut rest = vec![quote];
        if depth > 0 {
            let outer = "  ".repeat(depth - 1);
            let mark = self.bullet.take().unwrap_or_else(|| String::from("  "));
            rest.push(Span::raw(format!("{outer}{}", " ".repeat(mark.width()))));
            first.push(Span::raw(format!("{outer}{mark}")));
        }
        first.extend(flow.first);
        rest.extend(flow.rest);
        self.flows.push(Flow { first, rest, ..flow });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::lay_out;

    fn lines(markdown: &str) -> Vec<String> {
        let flows = render(markdown, Palette::new(true));
        lay_out(&flows, 40).iter().map(|line| line.to_string().trim_end().to_owned()).collect()
    }

    fn style_of(markdown: &str, text: &str) -> Style {
        let flows = render(markdown, Palette::new(true));
        let spans = flows.iter().flat_map(|flow| &flow.content);
        spans
            .clone()
            .find(|span| span.content == text)
            .unwrap_or_else(|| panic!("no span {text:?}"))
            .style
    }

    #[test]
    fn paragraphs_headings_and_code_have_an_empty_line_between() {
        assert_eq!(
            lines("# Title\n\nOne line.\nThe next.\n\n```rust\nfn f() {\n    1\n}\n```\n\nAfter."),
            [
                "Title",
                "",
                "One line. The next.",
                "",
                "    fn f() {",
                "        1",
                "    }",
                "",
                "After."
            ]
        );
    }

    #[test]
    fn lists_nest_hang_and_count() {
        assert_eq!(
            lines(
                "Before:\n\n- a list's item that is longer than one line\n- two\n  1. first\n  2. second\n\nAfter."
            ),
            [
                "Before:",
                "",
                "• a list's item that is longer than one",
                "  line",
                "• two",
                "  1. first",
                "  2. second",
                "",
                "After."
            ]
        );
    }

    #[test]
    fn a_loose_list_is_still_a_list() {
        assert_eq!(lines("- one\n\n- two\n\n  more"), ["• one", "• two", "", "  more"]);
    }

    #[test]
    fn quotations_are_marked_and_tables_aligned() {
        assert_eq!(lines("> said\n> so"), ["│ said so"]);
        assert_eq!(lines("| a | long |\n|---|---|\n| `wide` | b |"), ["  a     long", "  wide  b"]);
    }

    #[test]
    fn emphasis_code_and_links_are_styled() {
        let markdown = "**bold** `code` *slanted* [link](https://example.org) [inner](02-wsgi.md)";
        assert!(style_of(markdown, "bold").add_modifier.contains(Modifier::BOLD));
        assert_eq!(style_of(markdown, "code"), Palette::new(true).code());
        assert!(style_of(markdown, "slanted").add_modifier.contains(Modifier::ITALIC));
        assert_eq!(
            lines("[link](https://example.org), [inner](02.md)"),
            ["link (https://example.org), inner"]
        );
    }

    #[test]
    fn without_styles_markdown_stays_as_it_is() {
        let markdown = "One `line`.\nThe **next**.\n\n- item";
        let lines: Vec<String> = lay_out(&render(markdown, Palette::bare()), usize::MAX)
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(lines.join("\n"), markdown);
    }

    #[test]
    fn html_is_dropped_and_its_text_kept() {
        assert_eq!(lines("before <kbd>Enter</kbd> after"), ["before Enter after"]);
    }
}
