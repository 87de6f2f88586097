//! Links in Markdown, by the file that they stand in.
//!
//! A link is written so that it works where the file lies: `../../exercises/…/README.md`, or `/chapters/…` from the top.
//! In the book it leads to the page that shows that file, or to the file in the repository.
//! `repository:` and `issues:` stand for the repository's own pages.

use std::ops::Range;
use std::path::Path;

use pulldown_cmark::{Event, LinkType, Parser, Tag};

use crate::directives::options;
use crate::packages::line_at;
use crate::problem::{Problem, slashed};
use crate::site::{Site, Source};

/// The source's text with its links turned. What leads nowhere becomes a problem.
pub fn rewrite(site: &Site, source: &Source, problems: &mut Vec<Problem>) -> String {
    let text = &source.text;
    let mut rewritten = String::with_capacity(text.len());
    let mut copied = 0;
    for (range, image) in destinations(text) {
        let target = &text[range.clone()];
        match resolve(site, source, target, image) {
            Ok(Some(resolved)) => {
                rewritten.push_str(&text[copied..range.start]);
                rewritten.push_str(&resolved);
                copied = range.end;
            }
            Ok(None) => {}
            Err(message) => {
                problems.push(Problem::new(&source.path, line_at(text, range.start), message));
            }
        }
    }
    rewritten.push_str(&text[copied..]);
    rewritten
}

/// Where link targets stand in a text, in order, and whether each is an image's.
fn destinations(text: &str) -> Vec<(Range<usize>, bool)> {
    let mut parser = Parser::new_ext(text, options()).into_offset_iter();
    let mut found: Vec<(Range<usize>, bool)> = Vec::new();
    for (event, range) in parser.by_ref() {
        let (link_type, image) = match event {
            Event::Start(Tag::Link { link_type, .. }) => (link_type, false),
            Event::Start(Tag::Image { link_type, .. }) => (link_type, true),
            _ => continue,
        };
        if link_type == LinkType::Inline
            && let Some(at) = text[range.clone()].rfind("](")
        {
            let start = range.start + at + 2;
            found.extend(target(text, start, range.end).map(|target| (target, image)));
        }
    }
    for (_, definition) in parser.reference_definitions().iter() {
        if let Some(at) = text[definition.span.clone()].find("]:") {
            let start = definition.span.start + at + 2;
            found.extend(target(text, start, definition.span.end).map(|target| (target, false)));
        }
    }
    found.sort_by_key(|(range, _)| range.start);
    found
}

/// The target that begins at `start`: up to a space or the closing parenthesis, or within `<` and `>`.
fn target(text: &str, start: usize, end: usize) -> Option<Range<usize>> {
    let rest = text.get(start..end)?;
    let start = start + (rest.len() - rest.trim_start().len());
    let rest = rest.trim_start();
    if let Some(inner) = rest.strip_prefix('<') {
        return Some(start + 1..start + 1 + inner.find('>')?);
    }
    let mut depth = 0_usize;
    let length = rest
        .find(|c: char| {
            match c {
                '(' => depth += 1,
                ')' if depth == 0 => return true,
                ')' => depth -= 1,
                _ => {}
            }
            c.is_whitespace()
        })
        .unwrap_or(rest.len());
    (length > 0).then_some(start..start + length)
}

/// What a target is in the book; `None` leaves it as it stands.
fn resolve(
    site: &Site,
    source: &Source,
    target: &str,
    image: bool,
) -> Result<Option<String>, String> {
    match target {
        "repository:" => return Ok(Some(site.address.repository().to_owned())),
        "issues:" => return Ok(Some(site.address.issues())),
        _ => {}
    }
    if let Some(path) = site.address.path_of(target) {
        return if site.has(Path::new(path)) {
            Ok(None)
        } else {
            Err(format!("the repository has no {path}"))
        };
    }
    if target.starts_with('#') || has_scheme(target) {
        return Ok(None);
    }
    let (path, anchor) = match target.find('#') {
        Some(at) => target.split_at(at),
        None => (target, ""),
    };
    let base = source.path.parent().unwrap_or(Path::new(""));
    let path = Source::resolve(base, path)
        .ok_or_else(|| format!("`{target}` leads out of the repository"))?;
    let page = if path.extension().is_some_and(|extension| extension == "md") {
        site.page_of(&path)
    } else {
        None
    };
    if let Some(page) = page {
        if !site.has(&path) {
            return Err(format!("there is no page {}", slashed(&path)));
        }
        let statement = page.exercise.as_ref().filter(|_| !page.html.contains('/'));
        let anchor = match statement {
            Some(exercise) if anchor.is_empty() => format!("#exercise-{}", exercise.name),
            _ => anchor.to_owned(),
        };
        return Ok(Some(format!("{}{anchor}", source.page.link(&page.html))));
    }
    if !site.has(&path) {
        return Err(format!("`{target}` leads to {}, which does not exist", slashed(&path)));
    }
    if let Ok(asset) = path.strip_prefix("book/src") {
        return Ok(Some(format!("{}{anchor}", source.page.link(&slashed(asset)))));
    }
    if image {
        return Err(format!(
            "an image must lie under book/src to be shown; {} does not",
            slashed(&path)
        ));
    }
    let url = if site.root().join(&path).is_dir() {
        site.address.folder(&path)
    } else {
        site.address.file(&path)
    };
    Ok(Some(format!("{url}{anchor}")))
}

/// `https:`, `mailto:` and the like.
fn has_scheme(target: &str) -> bool {
    target.split_once(':').is_some_and(|(scheme, _)| {
        !scheme.is_empty()
            && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'))
    })
}

#[cfg(test)]
mod tests {
    use crate::fixture::{EXERCISE, Fixture, SOLUTION};

    #[test]
    fn a_link_leads_to_the_page_that_shows_the_file() {
        let (markdown, problems) = Fixture::new().expand(
            "# W\n\n[Hello](introduction.md#hello), [pour](../../solutions/01-waiting/1-teapot/README.md),\n[card](/exercises/01-waiting/1-teapot/README.md), [here](#w), [out](https://example.org/a_(b)).\n",
        );
        assert_eq!(problems, []);
        assert_eq!(
            markdown,
            "# W\n\n[Hello](introduction.html#hello), [pour](solutions/teapot.html),\n[card](01-waiting.html#exercise-teapot), [here](#w), [out](https://example.org/a_(b)).\n"
        );
    }

    #[test]
    fn a_link_to_another_file_leads_into_the_repository() {
        let (markdown, problems) = Fixture::new().expand(
            "# W\n\n[`lib`](/chapters/01-waiting/src/lib.rs#L3) and [the folder][f], [issues](issues:).\n\n[f]: ../../chapters/01-waiting \"a title\"\n",
        );
        assert_eq!(problems, []);
        assert_eq!(
            markdown,
            "# W\n\n[`lib`](https://example.org/crabs/tidepool/blob/main/chapters/01-waiting/src/lib.rs#L3) and [the folder][f], [issues](https://example.org/crabs/tidepool/issues).\n\n[f]: https://example.org/crabs/tidepool/tree/main/chapters/01-waiting \"a title\"\n"
        );
    }

    #[test]
    fn links_are_resolved_by_the_file_that_they_stand_in() {
        let fixture = Fixture::new();
        fixture.write(
            &format!("{SOLUTION}/README.md"),
            "# Teapot\n\n[It](src/lib.rs), [the chapter](../../../book/src/01-waiting.md#w).\n",
        );
        let (markdown, problems) = fixture.expand_file(&format!("{SOLUTION}/README.md"));
        assert_eq!(problems, []);
        assert!(markdown.contains("[It](https://example.org/crabs/tidepool/blob/main/solutions/01-waiting/1-teapot/src/lib.rs), [the chapter](../01-waiting.html#w)"), "{markdown}");
        fixture.write(&format!("{EXERCISE}/README.md"), "# Teapot\n\n[It](src/lib.rs)\n");
        let (markdown, _) = fixture.expand_file(&format!("{EXERCISE}/README.md"));
        assert!(markdown.contains("blob/main/exercises/01-waiting/1-teapot/src/lib.rs"));
    }

    #[test]
    fn what_leads_nowhere_is_a_problem() {
        let (_, problems) = Fixture::new().expand(
            "# W\n\n[a](02-threads.md)\n[b](/chapters/none)\n[c](../../../x)\n[d](https://example.org/crabs/tidepool/blob/main/none.rs#L1)\n![e](/chapters/01-waiting/src/lib.rs)\n",
        );
        let lines: Vec<_> = problems.iter().map(|p| p.line).collect();
        assert_eq!(lines, [3, 4, 5, 6, 7], "{problems:#?}");
    }

    #[test]
    fn images_of_the_book_stay_files_of_the_book() {
        let fixture = Fixture::new();
        fixture.write("book/src/images/tea.png", "");
        fixture.write(
            &format!("{SOLUTION}/README.md"),
            "# Teapot\n\n![Tea](/book/src/images/tea.png)\n",
        );
        let (markdown, problems) = fixture.expand_file(&format!("{SOLUTION}/README.md"));
        assert_eq!(problems, []);
        assert!(markdown.contains("![Tea](../images/tea.png)"));
    }
}
