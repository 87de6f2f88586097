//! `{{#wrong NAME}}`: a wrong turn in a solution's discussion: the idea, what it changes, and what its test says.

use std::fmt::Write as _;
use std::path::Path;

use similar::{ChangeTag, TextDiff};

use crate::directives::arguments::Arguments;
use crate::directives::{listing, output};
use crate::highlight::{self, Language};
use crate::html::{escape, sentence};
use crate::problem::slashed;
use crate::site::{Site, Source};

/// The most lines of difference that are shown; a longer one is a link.
const SHOWN: usize = 40;

/// The directive's HTML.
///
/// # Errors
///
/// When the page discusses no solution, when it has no such wrong answer, or when its message is not recorded.
pub fn render(site: &Site, source: &Source, arguments: &str) -> Result<String, String> {
    let arguments = Arguments::parse(arguments, &[])?;
    let name = arguments.only("the name of a wrong answer")?;
    let exercise =
        source.page.exercise.as_ref().ok_or("only a solution's discussion shows wrong answers")?;
    let wrong = exercise.wrong.iter().find(|wrong| wrong.name == name).ok_or_else(|| {
        format!(
            "no wrong answer is called `{name}` in {}",
            slashed(&site.relative(&exercise.solution_dir).join("wrong"))
        )
    })?;
    let path = site.relative(&wrong.path);
    let message_path = path.with_extension("txt");
    let message = site.text(&message_path).map_err(|_| {
        format!(
            "the message that catches `{name}` is not recorded: run `cargo learn prove --record` to write {}",
            slashed(&message_path)
        )
    })?;
    let solution = site.relative(&exercise.solution_dir).join("src/lib.rs");
    Ok(format!(
        "<section class=\"wrong\" id=\"wrong-{id}\"><h3 id=\"wrong-{id}-idea\">{idea}</h3>{difference}<p class=\"wrong-caught\">Caught by <code>{test}</code>:</p>{message}</section>",
        id = escape(name),
        idea = sentence(&wrong.idea),
        difference = difference(site, &solution, path)?,
        test = escape(&wrong.caught_by),
        message = output::text_html(&message),
    ))
}

/// What the wrong answer changes in the solution, and the link to all of it.
fn difference(site: &Site, solution: &Path, wrong: &Path) -> Result<String, String> {
    let right = body(&site.text(solution)?);
    let wrong_text = body(&site.text(wrong)?);
    let diff = TextDiff::from_lines(&right, &wrong_text);
    let (old, new) =
        (highlight::lines(Language::Rust, &right), highlight::lines(Language::Rust, &wrong_text));
    let caption = format!(
        "<figcaption><a class=\"listing-file\" href=\"{}\">{}</a> <span class=\"listing-place\">against the solution</span></figcaption>",
        escape(&site.address.file(wrong)),
        escape(&slashed(wrong)),
    );
    let mut count = 0;
    let mut code = String::new();
    for (index, group) in diff.grouped_ops(2).iter().enumerate() {
        if index > 0 {
            code.push_str("<span class=\"line gap\">⋮</span>&#10;");
        }
        for change in group.iter().flat_map(|operation| diff.iter_changes(operation)) {
            let (class, sign, lines, at) = match change.tag() {
                ChangeTag::Equal => ("line", ' ', &new, change.new_index()),
                ChangeTag::Delete => ("line removed", '-', &old, change.old_index()),
                ChangeTag::Insert => ("line added", '+', &new, change.new_index()),
            };
            count += usize::from(change.tag() != ChangeTag::Equal);
            let html = at.and_then(|at| lines.get(at)).map_or("", |line| line);
            let _ = write!(code, "<span class=\"{class}\">{sign} {html}</span>&#10;");
        }
    }
    Ok(if count == 0 || count > SHOWN {
        format!("<figure class=\"listing\">{caption}</figure>")
    } else {
        format!(
            "<figure class=\"listing difference\">{caption}<pre class=\"code\"><code class=\"language-rust\">{code}</code></pre></figure>"
        )
    })
}

/// The code without its `//!` header, which says different things in the two files, and without anchors.
fn body(text: &str) -> String {
    let header = text
        .split_inclusive('\n')
        .take_while(|line| line.starts_with("//!") || line.trim().is_empty())
        .map(str::len)
        .sum();
    text.get(header..)
        .unwrap_or_default()
        .split_inclusive('\n')
        .filter(|line| !listing::is_mark(line))
        .collect()
}

#[cfg(test)]
mod tests {
    use crate::fixture::{Fixture, SOLUTION};

    #[test]
    fn a_wrong_turn_has_idea_difference_and_message() {
        let fixture = Fixture::new();
        let (markdown, problems) = fixture.expand_file(&format!("{SOLUTION}/README.md"));
        assert_eq!(problems, []);
        for part in [
            "<section class=\"wrong\" id=\"wrong-upside-down\"><h3 id=\"wrong-upside-down-idea\">Pours with the lid first.</h3>",
            "wrong/upside-down.rs</a> <span class=\"listing-place\">against the solution</span>",
            "<span class=\"line removed\">-     <span class=\"tk-function\">tilt</span><span class=\"tk-punct\">(</span><span class=\"tk-number\">30</span>",
            "<span class=\"line added\">+     <span class=\"tk-function\">tilt</span><span class=\"tk-punct\">(</span><span class=\"tk-number\">180</span>",
            "Caught by <code>pours</code>:</p><pre class=\"output-text\" tabindex=\"0\"><code>the lid fell off</code></pre></section>",
        ] {
            assert!(markdown.contains(part), "{part}\n{markdown}");
        }
        assert!(!markdown.contains("//!"), "the headers are left out");
        fixture.write(
            &format!("{SOLUTION}/src/lib.rs"),
            "//! Pours.\n\n// ANCHOR: pour\npub fn pour() {\n    tilt(30);\n}\n// ANCHOR_END: pour\n",
        );
        let (markdown, _) = fixture.expand_file(&format!("{SOLUTION}/README.md"));
        assert!(!markdown.contains("ANCHOR"), "and so are the anchors");
    }

    #[test]
    fn a_message_that_is_not_recorded_is_a_problem() {
        let fixture = Fixture::new();
        fixture.remove(&format!("{SOLUTION}/wrong/upside-down.txt"));
        let (_, problems) = fixture.expand_file(&format!("{SOLUTION}/README.md"));
        assert_eq!(problems[0].line, 5);
        assert!(problems[0].message.contains("cargo learn prove --record"));
    }

    #[test]
    fn only_a_discussion_has_wrong_turns() {
        let (_, problems) = Fixture::new().expand("# W\n\n{{#wrong upside-down}}\n");
        assert!(problems[0].message.contains("only a solution's discussion"));
    }
}
