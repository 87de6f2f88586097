//! A solution and its discussion, for reading in a terminal.
//!
//! The discussion is a page of the book: its directives are shown as well as a terminal can.

use std::fs;

use anyhow::{Context, Result};
use catalogue::{Exercise, Tree};

use crate::markdown;
use crate::show;
use crate::text::{Flow, Palette};

/// The solution's code, then what there is to say about it.
///
/// # Errors
///
/// When the solution or its discussion cannot be read.
pub fn page(tree: &Tree, exercise: &Exercise, palette: Palette) -> Result<Vec<Flow>> {
    let code = exercise.solution_dir.join("src/lib.rs");
    let file = exercise.discussion();
    let discussion =
        fs::read_to_string(&file).with_context(|| format!("{} cannot be read", file.display()))?;
    let mut flows = vec![
        Flow::styled(format!("{}: a solution", exercise.title), palette.strong()),
        Flow::styled(show::path(&tree.root, &code), palette.code()),
        Flow::empty(),
    ];
    let text =
        fs::read_to_string(&code).with_context(|| format!("{} cannot be read", code.display()))?;
    for line in region(&text, None).lines() {
        flows.push(Flow::code(line.to_owned()).indented("    "));
    }
    flows.push(Flow::empty());
    flows.push(Flow::styled("The discussion", palette.strong()));
    flows.push(Flow::styled(show::path(&tree.root, &file), palette.code()));
    flows.push(Flow::empty());
    let (_, body) = discussion.split_once('\n').unwrap_or_default();
    let markdown = expand(tree, exercise, body);
    flows.extend(markdown::render(&markdown, palette));
    Ok(flows)
}

/// Puts Markdown in the place of the book's directives.
fn expand(tree: &Tree, exercise: &Exercise, text: &str) -> String {
    let mut expanded = String::new();
    for line in text.lines() {
        let directive = line.trim().strip_prefix("{{#").and_then(|rest| rest.strip_suffix("}}"));
        match directive {
            Some(directive) => expanded.push_str(&in_markdown(tree, exercise, directive)),
            None => expanded.push_str(line),
        }
        expanded.push('\n');
    }
    expanded
}

fn in_markdown(tree: &Tree, exercise: &Exercise, directive: &str) -> String {
    let (name, argument) = directive.split_once(' ').unwrap_or((directive, ""));
    match name {
        "wrong" => {
            let wrong = exercise.wrong.iter().find(|wrong| wrong.name == argument.trim());
            wrong.map_or_else(String::new, |wrong| {
                let message = fs::read_to_string(wrong.path.with_extension("txt"));
                format!(
                    "**{}** (`{}`, caught by `{}`)\n\n{}",
                    wrong.idea,
                    show::path(&tree.root, &wrong.path),
                    wrong.caught_by,
                    fenced(&message.unwrap_or_default()),
                )
            })
        }
        "listing" => {
            let target = argument.split(' ').next().unwrap_or_default();
            let (file, anchor) = match target.split_once(':') {
                Some((file, anchor)) => (file, Some(anchor)),
                None => (target, None),
            };
            let path = match file.strip_prefix('/') {
                Some(file) => tree.root.join(file),
                None => exercise.solution_dir.join(file),
            };
            let text = fs::read_to_string(path).unwrap_or_default();
            fenced(&region(&text, anchor))
        }
        "command" => fenced(argument),
        _ => String::new(),
    }
}

/// A fence that is longer than any in the text.
fn fenced(text: &str) -> String {
    let text = text.trim_end();
    if text.is_empty() {
        return String::new();
    }
    let mut fence = String::from("```");
    while text.contains(&fence) {
        fence.push('`');
    }
    format!("{fence}\n{text}\n{fence}\n")
}

/// The lines between an anchor's marks, or all of them, without any marks and without common indentation.
fn region(text: &str, anchor: Option<&str>) -> String {
    let mut inside = anchor.is_none();
    let mut lines = Vec::new();
    for line in text.lines() {
        if let Some(name) = mark(line, "ANCHOR:") {
            inside |= Some(name) == anchor;
        } else if let Some(name) = mark(line, "ANCHOR_END:") {
            inside &= Some(name) != anchor;
        } else if inside {
            lines.push(line);
        }
    }
    let indentation = lines
        .iter()
        .filter(|line| !line.trim().is_empty())
        .map(|line| line.len() - line.trim_start().len())
        .min()
        .unwrap_or(0);
    let mut region = String::new();
    for line in lines {
        region.push_str(line.get(indentation..).unwrap_or_default());
        region.push('\n');
    }
    region
}

/// The name in a line like `// ANCHOR: name`.
fn mark<'a>(line: &'a str, kind: &str) -> Option<&'a str> {
    let comment = line.trim().trim_start_matches(['/', '#']).trim_start();
    Some(comment.strip_prefix(kind)?.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_region_has_no_marks_and_no_common_indentation() {
        let text = "mod a {\n    // ANCHOR: f\n    fn f() {\n        // ANCHOR: inner\n        1\n        // ANCHOR_END: inner\n    }\n    // ANCHOR_END: f\n}\n";
        assert_eq!(region(text, Some("f")), "fn f() {\n    1\n}\n");
        assert_eq!(region(text, Some("inner")), "1\n");
        assert!(!region(text, None).contains("ANCHOR"));
    }

    #[test]
    fn a_fence_is_longer_than_those_in_the_text() {
        assert_eq!(fenced("a\n```\nb\n"), "````\na\n```\nb\n````\n");
        assert_eq!(fenced("\n"), "");
    }
}
