//! `{{#chapter}}`: the box under a chapter's title, with its crate, programs, exercises and reading time.

use std::fmt::Write as _;
use std::path::Path;

use catalogue::Chapter;
use pulldown_cmark::{Event, Parser, Tag, TagEnd};

use crate::directives::{command, directive, options};
use crate::html::{escape, sentence};
use crate::packages::Example;
use crate::problem::slashed;
use crate::recordings::Recording;
use crate::site::{Site, Source};

/// Words of prose that a reader takes in in a minute.
const WORDS_A_MINUTE: usize = 200;

/// The directive's HTML.
///
/// # Errors
///
/// On a page that is no chapter, and where the chapter has no crate.
pub fn render(site: &Site, source: &Source, arguments: &str) -> Result<String, String> {
    if !arguments.is_empty() {
        return Err(format!("expected no arguments, found `{arguments}`"));
    }
    let (Some(chapter), None) = (&source.page.chapter, &source.page.exercise) else {
        return Err(String::from("only a chapter's page has a chapter's header"));
    };
    let dir = chapter.crate_dir();
    let package = site.packages.in_folder(&dir).ok_or_else(|| {
        format!("the chapter has no crate: expected {}/Cargo.toml", slashed(&dir))
    })?;
    let mut rows = vec![(
        "Crate",
        format!(
            "<code>{}</code>, in <a href=\"{}\">{}</a>",
            escape(&package.name),
            escape(&site.address.folder(&dir)),
            escape(&slashed(&dir))
        ),
    )];
    let programs = programs(site, chapter, &package.name, &package.examples);
    if !programs.is_empty() {
        rows.push(("Run", list("chapter-programs", &programs)));
    }
    if !chapter.exercises.is_empty() {
        rows.push(("Exercises", list("chapter-exercises", &exercises(chapter))));
    }
    rows.push(("Reading time", reading_time(&source.text)));
    let mut head = String::from("<div class=\"chapter-head\"><dl>");
    for (term, description) in rows {
        let _ = write!(head, "<dt>{term}</dt><dd>{description}</dd>");
    }
    head.push_str("</dl></div>");
    Ok(head)
}

fn list(class: &str, items: &[String]) -> String {
    let items = items.join("</li><li>");
    format!("<ul class=\"{class}\"><li>{items}</li></ul>")
}

/// The crate's own examples, each with the command that the text records; the steps come up in the text.
fn programs(site: &Site, chapter: &Chapter, package: &str, examples: &[Example]) -> Vec<String> {
    let own = chapter.crate_dir().join("examples");
    examples
        .iter()
        .filter(|example| example.path.starts_with(&own))
        .map(|example| {
            let recorded = site
                .recordings
                .get(&chapter.crate_dir())
                .and_then(|recordings| recordings.list.iter().find(|r| runs(r, package, example)))
                .map(|recording| recording.command.clone());
            let line = recorded
                .unwrap_or_else(|| format!("cargo run -p {package} --example {}", example.name));
            let about = about(site, &example.path).map_or_else(String::new, |about| {
                format!(" <span class=\"about\">{}</span>", sentence(&about))
            });
            format!("{}{about}", command::html(&line))
        })
        .collect()
}

/// Whether a recording's command is this example's.
fn runs(recording: &Recording, package: &str, example: &Example) -> bool {
    matches!(
        command::Run::parse(&recording.command),
        Ok(Some(run)) if run.package.as_deref() == Some(package)
            && run.example.as_deref() == Some(&example.name)
    )
}

/// The first sentence of a program's own documentation.
fn about(site: &Site, path: &Path) -> Option<String> {
    let text = site.text(path).ok()?;
    let paragraph: Vec<&str> = text
        .lines()
        .map_while(|line| line.strip_prefix("//!"))
        .map(str::trim)
        .take_while(|line| !line.is_empty())
        .collect();
    let paragraph = paragraph.join(" ");
    let end = paragraph.find(". ").map_or(paragraph.len(), |at| at + 1);
    (!paragraph.is_empty()).then(|| paragraph[..end].to_owned())
}

fn exercises(chapter: &Chapter) -> Vec<String> {
    chapter
        .exercises
        .iter()
        .map(|exercise| {
            format!(
                "<a href=\"#exercise-{}\">{}</a>, about {} minutes",
                escape(&exercise.name),
                sentence(&exercise.title),
                exercise.minutes
            )
        })
        .collect()
}

/// How long the prose takes, in whole minutes, rounded up; code and output are not counted.
fn reading_time(markdown: &str) -> String {
    let words = words(markdown);
    let minutes = words.div_ceil(WORDS_A_MINUTE).max(1);
    let unit = if minutes == 1 { "minute" } else { "minutes" };
    format!(
        "{minutes} {unit} <span class=\"about\">({words} words at {WORDS_A_MINUTE} a minute, rounded up; code is not counted)</span>"
    )
}

/// The words of a text, its code blocks and directives aside.
fn words(markdown: &str) -> usize {
    let prose: String = markdown
        .split_inclusive('\n')
        .map(|line| if directive(line).is_some() { "\n" } else { line })
        .collect();
    let mut in_code = false;
    let mut words = 0;
    for event in Parser::new_ext(&prose, options()) {
        match event {
            Event::Start(Tag::CodeBlock(_)) => in_code = true,
            Event::End(TagEnd::CodeBlock) => in_code = false,
            Event::Text(text) | Event::Code(text) if !in_code => {
                // A mark of punctuation after a piece of code is no word.
                words += text
                    .split_whitespace()
                    .filter(|word| word.contains(char::is_alphanumeric))
                    .count();
            }
            _ => {}
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::Fixture;

    #[test]
    fn the_header_is_derived_from_the_tree() {
        let fixture = Fixture::new();
        fixture
            .write(
                "chapters/01-waiting/Cargo.toml",
                "[package]\nname = \"waiting\"\n[[example]]\nname = \"naive\"\npath = \"steps/naive.rs\"\n",
            )
            .write("chapters/01-waiting/steps/naive.rs", "fn main() {}\n")
            .write(
                "chapters/01-waiting/examples/tea.rs",
                "//! Makes `tea`,\n//! slowly. And more.\n\nfn main() {}\n",
            )
            .write("chapters/01-waiting/examples/pot.rs", "fn main() {}\n")
            .write(
                "chapters/01-waiting/recordings.toml",
                "[[recording]]\nname = \"tea\"\ncommand = \"cargo run -p waiting --example tea -- 3\"\nkind = \"exact\"\n",
            );
        let (markdown, problems) = fixture.expand("# Waiting\n\n{{#chapter}}\n\nOne two three.\n");
        assert_eq!(problems, []);
        for part in [
            "<div class=\"chapter-head\"><dl><dt>Crate</dt><dd><code>waiting</code>, in <a href=\"https://example.org/crabs/tidepool/tree/main/chapters/01-waiting\">chapters/01-waiting</a></dd>",
            "<code>cargo run -p waiting --example pot</code>",
            "<code>cargo run -p waiting --example tea -- 3</code></pre></div> <span class=\"about\">Makes <code>tea</code>, slowly.</span>",
            "<a href=\"#exercise-teapot\">Teapot</a>, about 15 minutes",
            "<dt>Reading time</dt><dd>1 minute <span",
        ] {
            assert!(markdown.contains(part), "{part}\n{markdown}");
        }
        assert!(!markdown.contains("naive"), "the steps come up in the text");
    }

    #[test]
    fn words_are_those_of_the_prose() {
        let markdown =
            "# Two words\n\n{{#listing a b c}}\n\nThree `of` them.\n\n```text\nnot these\n```\n";
        assert_eq!(words(markdown), 5);
        assert!(reading_time(&"word ".repeat(201)).starts_with("2 minutes"));
    }

    #[test]
    fn a_chapter_without_crate_is_a_problem() {
        let fixture = Fixture::new();
        fixture.remove("chapters/01-waiting/Cargo.toml");
        let (_, problems) = fixture.expand("# Waiting\n\n{{#chapter}}\n");
        assert_eq!(problems[0].line, 3);
        assert!(problems[0].message.contains("chapters/01-waiting/Cargo.toml"));
    }
}
