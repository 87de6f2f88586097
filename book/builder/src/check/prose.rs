//! Checks of the prose: nothing is typed into it that a file could show.

use std::path::{Path, PathBuf};

use pulldown_cmark::{CodeBlockKind, Event, Parser, Tag};

use crate::directives::{exercise, options};
use crate::packages::line_at;
use crate::problem::Problem;
use crate::site::Site;

/// What a fence may hold: pseudo-code, bytes on a wire, and settings for programs that are not ours.
const ALLOWED: &[&str] = &["pseudo", "text", "http", "toml", "json"];

/// The Markdown files that the book shows, relative to the checkout.
pub fn sources(site: &Site) -> Vec<PathBuf> {
    let src = Path::new("book/src");
    let summary = site.text(&src.join("SUMMARY.md")).unwrap_or_default();
    let mut files: Vec<PathBuf> = Parser::new(&summary)
        .filter_map(|event| match event {
            Event::Start(Tag::Link { dest_url, .. }) if !dest_url.is_empty() => {
                Some(src.join(&*dest_url))
            }
            _ => None,
        })
        .collect();
    files.push(src.join("404.md"));
    for (_, found) in site.tree.exercises() {
        files.extend(exercise::files(site, found));
    }
    files.retain(|file| site.has(file));
    files
}

/// What is typed that must not be.
pub fn check(site: &Site) -> Vec<Problem> {
    sources(site)
        .iter()
        .flat_map(|path| {
            let text = site.text(path).unwrap_or_default();
            typed(&text)
                .into_iter()
                .map(|(line, message)| Problem::new(path, line, message))
                .collect::<Vec<_>>()
        })
        .collect()
}

/// The code blocks of a text that are typed, each with its line.
fn typed(markdown: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (event, range) in Parser::new_ext(markdown, options()).into_offset_iter() {
        let Event::Start(Tag::CodeBlock(kind)) = event else {
            continue;
        };
        let line = line_at(markdown, range.start);
        let language = match &kind {
            CodeBlockKind::Fenced(info) => info.split([' ', ',']).next().unwrap_or_default(),
            CodeBlockKind::Indented => "",
        };
        if !ALLOWED.contains(&language) {
            let what = if language.is_empty() {
                String::from("a code block without a language")
            } else {
                format!("a fence of `{language}`")
            };
            found.push((
                line,
                format!(
                    "{what} is typed into the prose: code comes from a file by {{{{#listing}}}}, a command by {{{{#command}}}}, output by {{{{#output}}}}; only {} may be typed",
                    ALLOWED.join(", ")
                ),
            ));
        } else if let Some(offset) =
            markdown[range].lines().position(|line| line.trim_start().starts_with("$ "))
        {
            found.push((
                line + offset,
                String::from("a console session is typed into the prose: a command comes by {{#command}}, its output by {{#output}}"),
            ));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{EXERCISE, Fixture, PROSE, SOLUTION};

    #[test]
    fn typed_code_is_found_with_its_line() {
        let lines = |markdown| -> Vec<usize> {
            typed(markdown).into_iter().map(|(line, _)| line).collect()
        };
        assert_eq!(lines("a\n\n```rust\nlet x;\n```\n"), [3]);
        assert_eq!(lines("```\nx\n```\n\n~~~console\n$ ls\n~~~\n"), [1, 5]);
        assert_eq!(lines("a\n\n    indented\n"), [3]);
        assert_eq!(lines("```text\nGET /\n$ ls\n```\n"), [3]);
        assert_eq!(lines("```pseudo\nx\n```\n\n```http\nGET /\n```\n\n`code`\n"), [0; 0]);
    }

    #[test]
    fn statements_hints_and_discussions_are_prose_too() {
        let fixture = Fixture::new();
        let fence = "```python\ntea()\n```\n";
        fixture
            .write(PROSE, &format!("# Waiting\n\n{fence}\n{{{{#exercise teapot}}}}\n"))
            .write(&format!("{EXERCISE}/README.md"), &format!("# Teapot\n\n{fence}"))
            .write(&format!("{EXERCISE}/hints.md"), &format!("# Hints\n\n## 1\n\n{fence}"))
            .write(&format!("{SOLUTION}/README.md"), &format!("# Teapot\n\n{fence}"));
        let found: Vec<_> = check(&fixture.site()).iter().map(|problem| problem.line).collect();
        assert_eq!(found, [3, 3, 5, 3]);
    }
}
