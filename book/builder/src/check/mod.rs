//! `cargo book check`: everything that no longer fits, each with its file and line.

mod prose;
mod rendered;
mod tree;

use std::sync::Arc;

use crate::problem::Problem;
use crate::record::Report;
use crate::site::Site;
use crate::{Error, book, record};
pub use prose::sources;

/// Checks sources, rendered pages and, with `run`, recordings. All that is wrong is in the report.
///
/// # Errors
///
/// When the book cannot be rendered at all, or when nothing can be run.
pub fn check(site: &Arc<Site>, run: bool) -> Result<Report, Error> {
    let mut report = if run { record::check(site)? } else { Report::default() };
    report.problems.extend(still(site)?);
    report.problems.sort();
    report.problems.dedup();
    Ok(report)
}

/// What can be checked without running a program.
///
/// # Errors
///
/// When the book cannot be rendered at all.
pub fn still(site: &Arc<Site>) -> Result<Vec<Problem>, Error> {
    let mut problems = tree::check(site);
    problems.extend(prose::check(site));
    let pages = tempfile::tempdir()
        .map_err(|error| Error::file("cannot make a temporary folder", error))?;
    let pages = pages.path().join("pages");
    problems.extend(book::render(site, &pages)?);
    problems.extend(rendered::check(site, &pages)?);
    problems.sort();
    problems.dedup();
    Ok(problems)
}

/// The line, counted from 1, of the first of `marks` that stands in `text`.
fn line_of(text: &str, marks: &[String]) -> Option<usize> {
    let at = marks.iter().find_map(|mark| text.find(mark.as_str()))?;
    Some(crate::packages::line_at(text, at))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{EXERCISE, Fixture, PROSE, SOLUTION};

    /// The problems of a checkout, each as `file:line: message`.
    fn problems(fixture: &Fixture) -> Vec<String> {
        still(&Arc::new(fixture.site())).unwrap().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_sound_checkout_has_no_problems() {
        assert_eq!(problems(&Fixture::new()), Vec::<String>::new());
    }

    #[test]
    fn every_problem_is_reported_not_only_the_first() {
        let fixture = Fixture::new();
        fixture
            .write(
                PROSE,
                "# Waiting\n\n{{#chapter}}\n\n{{#listing none.rs}}\n\n```rust\nlet tea = 1;\n```\n\n[There](introduction.md#nowhere)\n\n{{#exercise teapot}}\n",
            )
            .write(&format!("{EXERCISE}/README.md"), "# Teapot\n\n![](/book/src/tea.png)\n")
            .write("book/src/tea.png", "")
            .remove(&format!("{SOLUTION}/stub.rs"));
        let found = problems(&fixture);
        let places: Vec<&str> =
            found.iter().map(|problem| problem.split(": ").next().unwrap()).collect();
        assert_eq!(
            places,
            [
                "book/src/01-waiting.md:5",
                "book/src/01-waiting.md:7",
                "book/src/01-waiting.md:11",
                "exercises/01-waiting/1-teapot/Cargo.toml:1",
                "exercises/01-waiting/1-teapot/README.md:3",
            ],
            "{found:#?}"
        );
    }

    #[test]
    fn tags_that_do_not_match_are_a_problem() {
        let fixture = Fixture::new();
        fixture.write("book/src/introduction.md", "# Hello\n\n<details>\n\nTea.\n");
        let found = problems(&fixture);
        assert!(
            found.iter().any(|problem| problem.starts_with("book/src/introduction.md:")
                && problem.contains("unclosed HTML tag `<details>`")),
            "{found:#?}"
        );
    }
}
