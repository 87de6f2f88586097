//! `{{#exercise NAME}}`: an exercise's card, with its statement, hints and the way to its solution.
//!
//! The statement is the exercise's README.md, the hints its hints.md: nothing is typed twice.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use catalogue::Exercise;
use pulldown_cmark::{Event, Parser, Tag};

use crate::directives::arguments::Arguments;
use crate::directives::{command, expand, options};
use crate::html::{escape, sentence};
use crate::packages::line_at;
use crate::problem::{Problem, slashed};
use crate::site::{Site, Source};

/// The directive's Markdown.
///
/// # Errors
///
/// When no exercise of the chapter has that name.
pub fn render(
    site: &Site,
    source: &Source,
    arguments: &str,
    problems: &mut Vec<Problem>,
) -> Result<String, String> {
    let arguments = Arguments::parse(arguments, &[])?;
    let name = arguments.only("the name of an exercise")?;
    let (chapter, exercise) = site.tree.exercise(name).map_err(|error| error.to_string())?;
    if source.page.chapter.as_ref().map(|c| &c.slug) != Some(&chapter.slug) {
        return Err(format!("`{name}` is an exercise of {}", chapter.slug));
    }
    let name = escape(name);
    let mut card = format!(
        "<section class=\"exercise\" id=\"exercise-{name}\" data-exercise=\"{name}\" data-difficulty=\"{}\">\n<h3 id=\"exercise-{name}-title\">{}</h3>\n{}\n\n",
        exercise.difficulty,
        sentence(&exercise.title),
        meta(site, exercise),
    );
    card.push_str(part(site, exercise, "README.md", statement, problems)?.trim());
    card.push_str("\n\n");
    card.push_str(&command::html(&format!("cargo learn run {name}")));
    card.push_str("\n\n");
    let hints = hints(site, exercise)?;
    for (index, hint) in hints.iter().enumerate() {
        let hint = expand(site, hint, problems);
        let _ = write!(
            card,
            "<details class=\"hint\"><summary>Hint {} of {}</summary>\n\n{}\n\n</details>\n\n",
            index + 1,
            hints.len(),
            hint.trim()
        );
    }
    if site.has(site.relative(&exercise.discussion())) {
        let _ = write!(
            card,
            "<details class=\"answer\"><summary>Solution and discussion</summary>\n<p><a href=\"{}\">How {} is solved, and its wrong turns</a></p>\n</details>\n",
            source.page.link(&format!("solutions/{name}.html")),
            sentence(&exercise.title),
        );
    }
    card.push_str("</section>\n");
    Ok(card)
}

/// One line about an exercise: how hard it is, how long it takes, what is edited.
fn meta(site: &Site, exercise: &Exercise) -> String {
    let answer = site.relative(&exercise.dir).join("src/lib.rs");
    let kind = match exercise.difficulty {
        1 => "settles the idea",
        2 => "builds something with it",
        _ => "takes thought",
    };
    format!(
        "<p class=\"exercise-meta\"><span class=\"exercise-difficulty\">Difficulty {} of 3: {kind}</span> · <span class=\"exercise-minutes\">about {} minutes</span> · <a class=\"exercise-file\" href=\"{}\">{}</a></p>",
        exercise.difficulty,
        exercise.minutes,
        escape(&site.address.file(&answer)),
        escape(&slashed(&answer)),
    )
}

/// A Markdown file of the exercise, prepared and expanded.
fn part(
    site: &Site,
    exercise: &Exercise,
    file: &str,
    prepare: impl Fn(&str) -> String,
    problems: &mut Vec<Problem>,
) -> Result<String, String> {
    let path: PathBuf = site.relative(&exercise.dir).join(file);
    let mut source = Source::read(site, &path)?;
    source.text = prepare(&source.text);
    Ok(expand(site, &source, problems))
}

/// The statement without its heading, and with its other headings below the card's.
fn statement(readme: &str) -> String {
    let (_, rest) = readme.split_once('\n').unwrap_or((readme, ""));
    format!("\n{}", lower_headings(rest))
}

/// Moves headings two levels down: a card stands within a section, and has a heading of its own.
fn lower_headings(markdown: &str) -> String {
    let mut lowered = String::with_capacity(markdown.len());
    let mut copied = 0;
    for (event, range) in Parser::new_ext(markdown, options()).into_offset_iter() {
        if matches!(event, Event::Start(Tag::Heading { .. }))
            && markdown[range.start..].starts_with('#')
        {
            let level = markdown[range.start..].bytes().take_while(|b| *b == b'#').count();
            lowered.push_str(&markdown[copied..range.start]);
            lowered.push_str(&"#".repeat((level + 2).min(6)));
            copied = range.start + level;
        }
    }
    lowered.push_str(&markdown[copied..]);
    lowered
}

/// The hints, each a source of its own in which all other lines are blank.
fn hints(site: &Site, exercise: &Exercise) -> Result<Vec<Source>, String> {
    let path = site.relative(&exercise.dir).join("hints.md");
    let whole = Source::read(site, &path)?;
    let starts: Vec<usize> = whole
        .text
        .match_indices("## ")
        .map(|(at, _)| at)
        .filter(|at| *at == 0 || whole.text[..*at].ends_with('\n'))
        .collect();
    Ok(starts
        .iter()
        .enumerate()
        .map(|(index, start)| {
            let end = starts.get(index + 1).copied().unwrap_or(whole.text.len());
            let hint = whole.text[*start..end].split_once('\n').map_or("", |(_, hint)| hint);
            Source {
                text: "\n".repeat(line_at(&whole.text, *start)) + &lower_headings(hint),
                ..whole.clone()
            }
        })
        .collect())
}

/// The files that an exercise's card and its discussion are made of, relative to the checkout.
pub fn files(site: &Site, exercise: &Exercise) -> Vec<PathBuf> {
    let dir: &Path = site.relative(&exercise.dir);
    vec![
        dir.join("README.md"),
        dir.join("hints.md"),
        site.relative(&exercise.discussion()).to_path_buf(),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{EXERCISE, Fixture};

    const PAGE: &str = "# Waiting\n\n{{#exercise teapot}}\n";

    #[test]
    fn a_card_has_statement_command_hints_and_the_way_to_the_solution() {
        let (markdown, problems) = Fixture::new().expand(PAGE);
        assert_eq!(problems, []);
        for part in [
            "<section class=\"exercise\" id=\"exercise-teapot\" data-exercise=\"teapot\" data-difficulty=\"1\">\n<h3 id=\"exercise-teapot-title\">Teapot</h3>\n",
            "Difficulty 1 of 3: settles the idea",
            "about 15 minutes",
            "blob/main/exercises/01-waiting/1-teapot/src/lib.rs\">exercises/01-waiting/1-teapot/src/lib.rs</a></p>\n\nPour `tea`.\n\n#### Rules\n\nNo milk.\n\n",
            "<code>cargo learn run teapot</code>",
            "<details class=\"hint\"><summary>Hint 1 of 2</summary>\n\nWarm the pot.\n\n</details>",
            "<details class=\"hint\"><summary>Hint 2 of 2</summary>\n\nThen pour.\n\n</details>",
            "<details class=\"answer\"><summary>Solution and discussion</summary>\n<p><a href=\"solutions/teapot.html\">",
        ] {
            assert!(markdown.contains(part), "{part}\n{markdown}");
        }
    }

    #[test]
    fn problems_in_a_statement_or_hint_have_their_own_file_and_line() {
        let fixture = Fixture::new();
        fixture
            .write(&format!("{EXERCISE}/README.md"), "# Teapot\n\nPour.\n\n{{#listing milk.rs}}\n")
            .write(
                &format!("{EXERCISE}/hints.md"),
                "# Hints\n\n## 1\n\nWarm it.\n\n## 2\n\n{{#command cargo run -p milk}}\n",
            );
        let (_, problems) = fixture.expand(PAGE);
        let places: Vec<_> =
            problems.iter().map(|p| format!("{}:{}", slashed(&p.path), p.line)).collect();
        assert_eq!(places, [format!("{EXERCISE}/README.md:5"), format!("{EXERCISE}/hints.md:9")]);
    }

    #[test]
    fn an_exercise_that_there_is_not_is_a_problem() {
        let (_, problems) = Fixture::new().expand("# W\n\n{{#exercise teapots}}\n");
        assert!(problems[0].message.contains("did you mean `teapot`?"));
    }

    #[test]
    fn headings_in_code_stay() {
        assert_eq!(lower_headings("# A\n\n```text\n# b\n```\n"), "### A\n\n```text\n# b\n```\n");
    }
}
