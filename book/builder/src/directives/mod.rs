//! The directives: lines of a page that are written by the tree.
//!
//! A directive stands alone on its line, outside a code block: `{{#NAME ARGUMENTS}}`.
//! Each has a module of its own that turns its arguments into Markdown or HTML.
//! The tabs' directives pass through: `mdbook-tabs` handles them afterwards.

pub mod appendix;
pub mod arguments;
pub mod command;
pub mod exercise;
pub mod figure;
pub mod head;
pub mod links;
pub mod listing;
pub mod output;
pub mod wrong;

use std::ops::Range;

use pulldown_cmark::{Event, Options, Parser, Tag};

use crate::problem::Problem;
use crate::site::{Site, Source};

/// The names that authors may write.
pub const NAMES: &[&str] =
    &["chapter", "command", "exercise", "figure", "listing", "output", "wrong"];

/// mdbook-tabs' own names.
const TABS: &[&str] = &["tabs", "tab", "endtab", "endtabs"];

/// Markdown as mdBook reads it, smart punctuation aside (it changes no structure).
pub fn options() -> Options {
    Options::ENABLE_TABLES
        | Options::ENABLE_FOOTNOTES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_TASKLISTS
        | Options::ENABLE_HEADING_ATTRIBUTES
        | Options::ENABLE_DEFINITION_LIST
        | Options::ENABLE_GFM
}

/// One directive in a source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Directive<'a> {
    /// Its name: `listing`.
    pub name: &'a str,
    /// What follows the name.
    pub arguments: &'a str,
}

/// The directive that a line is, if it is one.
pub fn directive(line: &str) -> Option<Directive<'_>> {
    let inner = line.trim().strip_prefix("{{#")?.strip_suffix("}}")?;
    let (name, arguments) = inner.split_once(' ').unwrap_or((inner, ""));
    (!name.is_empty() && name.bytes().all(|b| b.is_ascii_lowercase()))
        .then_some(Directive { name, arguments: arguments.trim() })
}

/// The code blocks and code spans of a text.
pub fn code_ranges(markdown: &str) -> Vec<Range<usize>> {
    Parser::new_ext(markdown, options())
        .into_offset_iter()
        .filter(|(event, _)| matches!(event, Event::Start(Tag::CodeBlock(_)) | Event::Code(_)))
        .map(|(_, range)| range)
        .collect()
}

/// The lines of a text that are no code, each with its number (from 1) and its start.
pub fn prose_lines(markdown: &str) -> impl Iterator<Item = (usize, usize, &str)> {
    let code = code_ranges(markdown);
    let mut start = 0;
    markdown.split_inclusive('\n').enumerate().filter_map(move |(index, line)| {
        let at = start;
        start += line.len();
        let first = at + (line.len() - line.trim_start().len());
        let in_code = code.iter().any(|range| range.contains(&first) && !line.trim().is_empty());
        (!in_code).then_some((index + 1, at, line))
    })
}

/// Replaces a source's links and directives. What is wrong with them becomes problems.
pub fn expand(site: &Site, source: &Source, problems: &mut Vec<Problem>) -> String {
    let text = links::rewrite(site, source, problems);
    let mut expanded = String::with_capacity(text.len() * 2);
    let mut copied = 0;
    for (number, at, line) in prose_lines(&text) {
        let Some(found) = directive(line) else {
            stray(source, number, line, problems);
            continue;
        };
        if TABS.contains(&found.name) {
            continue;
        }
        expanded.push_str(&text[copied..at]);
        copied = at + line.len();
        match render(site, source, &found, problems) {
            Ok(markdown) => {
                // An HTML block needs a blank line on either side.
                expanded.push('\n');
                expanded.push_str(markdown.trim_end());
                expanded.push_str("\n\n");
            }
            Err(message) => problems.push(Problem::new(&source.path, number, message)),
        }
    }
    expanded.push_str(&text[copied..]);
    expanded
}

fn render(
    site: &Site,
    source: &Source,
    found: &Directive<'_>,
    problems: &mut Vec<Problem>,
) -> Result<String, String> {
    let arguments = found.arguments;
    match found.name {
        "chapter" => head::render(site, source, arguments),
        "command" => command::render(site, arguments),
        "exercise" => exercise::render(site, source, arguments, problems),
        "figure" => figure::render(site, source, arguments),
        "listing" => listing::render(site, source, arguments),
        "output" => output::render(site, source, arguments),
        "wrong" => wrong::render(site, source, arguments),
        other => Err(format!(
            "no directive is called `{other}`; there are {}, and mdbook-tabs' {}",
            NAMES.join(", "),
            TABS.join(", ")
        )),
    }
}

/// A directive within a sentence would show as it stands.
fn stray(source: &Source, number: usize, line: &str, problems: &mut Vec<Problem>) {
    let Some(at) = line.find("{{#") else { return };
    if !code_ranges(line).iter().any(|range| range.contains(&at)) {
        problems.push(Problem::new(
            &source.path,
            number,
            "a directive must stand alone on its line, as `{{#name …}}`",
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::Fixture;

    #[test]
    fn a_directive_stands_alone_on_its_line() {
        assert_eq!(
            directive("  {{#listing a.rs:b in=\"fn c\"}}\n"),
            Some(Directive { name: "listing", arguments: "a.rs:b in=\"fn c\"" })
        );
        assert_eq!(directive("See {{#listing a.rs}}"), None);
        assert_eq!(directive("{{#}}"), None);
    }

    #[test]
    fn unknown_and_stray_directives_are_problems() {
        let fixture = Fixture::new();
        let (_, problems) = fixture.expand(
            "# Waiting\n\n{{#lisp x}}\n\nSee {{#command ls}} here.\n\nWrite `{{#command ls}}`.\n",
        );
        assert_eq!(problems.len(), 2, "{problems:?}");
        assert_eq!(problems[0].line, 3);
        assert!(problems[0].message.contains("no directive is called `lisp`"));
        assert_eq!(problems[1].line, 5);
    }

    #[test]
    fn code_and_tabs_pass_through() {
        let fixture = Fixture::new();
        let markdown = "# Waiting\n\n```text\n{{#listing nothing.rs}}\n```\n\n{{#tabs global=\"lang\"}}\n{{#tab name=\"Rust\"}}\nA\n{{#endtab}}\n{{#endtabs}}\n";
        let (expanded, problems) = fixture.expand(markdown);
        assert_eq!(problems, []);
        assert_eq!(expanded, markdown);
    }
}
