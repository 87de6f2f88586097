//! The book, put together and rendered by mdBook.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use mdbook_driver::MDBook;
use mdbook_driver::book::{Book, BookItem};
use mdbook_preprocessor::{Preprocessor, PreprocessorContext};

use pulldown_cmark::{Event, Parser, Tag};

use crate::directives::{appendix, expand};
use crate::packages::line_at;
use crate::problem::Problem;
use crate::site::{Site, Source};
use crate::{Error, warnings};

/// Builds the book of `site` into `folder`, whose content it replaces.
///
/// # Errors
///
/// [`Error::Problems`] with everything that is wrong with the sources; [`Error::Book`] where mdBook fails.
pub fn build(site: &Arc<Site>, folder: &Path) -> Result<(), Error> {
    let problems = render(site, folder)?;
    if problems.is_empty() { Ok(()) } else { Err(Error::Problems(problems)) }
}

/// Renders the book as far as it goes: a directive that cannot be followed leaves nothing, and its problem is returned.
///
/// # Errors
///
/// [`Error::Problems`] where a page of the table of contents is missing; [`Error::Book`] where mdBook fails.
pub fn render(site: &Arc<Site>, folder: &Path) -> Result<Vec<Problem>, Error> {
    let missing = missing_pages(site);
    if !missing.is_empty() {
        return Err(Error::Problems(missing));
    }
    let mut config = site.config.clone();
    config.build.build_dir = folder.to_path_buf();
    let mut book =
        MDBook::load_with_config(site.root().join("book"), config).map_err(Error::Book)?;
    let directives = Directives {
        site: Arc::clone(site),
        problems: Arc::new(Mutex::new(site.problems.clone())),
    };
    let problems = Arc::clone(&directives.problems);
    book.with_preprocessor(directives);
    book.with_preprocessor(mdbook_tabs::TabsPreprocessor::new());
    let (result, warnings) = warnings::caught(|| book.build());
    result.map_err(Error::Book)?;
    let mut problems =
        std::mem::take(&mut *problems.lock().unwrap_or_else(PoisonError::into_inner));
    problems.extend(warnings.iter().map(|warning| from_mdbook(site, warning)));
    problems.sort();
    problems.dedup();
    Ok(problems)
}

/// The pages that the table of contents names and that there are not.
fn missing_pages(site: &Site) -> Vec<Problem> {
    let path = Path::new("book/src/SUMMARY.md");
    let text = site.text(path).unwrap_or_default();
    Parser::new(&text)
        .into_offset_iter()
        .filter_map(|(event, range)| match event {
            Event::Start(Tag::Link { dest_url, .. }) => Some((dest_url, range)),
            _ => None,
        })
        .filter(|(page, _)| !page.is_empty() && !site.has(&path.with_file_name(&**page)))
        .map(|(page, range)| {
            let message = format!("there is no page book/src/{page}");
            Problem::new(path, line_at(&text, range.start), message)
        })
        .collect()
}

/// A warning of mdBook's, at the page that it names.
fn from_mdbook(site: &Site, warning: &str) -> Problem {
    let page = warning
        .split('`')
        .find_map(|quoted| quoted.strip_suffix(".md"))
        .map_or_else(String::new, |page| format!("{page}.html"));
    let source = crate::check::sources(site)
        .into_iter()
        .find(|path| site.page_of(path).is_some_and(|shown| shown.html == page))
        .unwrap_or_else(|| PathBuf::from("book/book.toml"));
    Problem::new(source, 1, format!("mdBook says: {warning}"))
}

/// Builds the book into `book/dist`, where the last good build stays until this one is whole.
///
/// # Errors
///
/// As [`build`]; and where the folders cannot be moved.
pub fn publish(site: &Arc<Site>) -> Result<Published, Error> {
    let home = site.root().join("book");
    let dist = home.join("dist");
    let staging = tempfile::Builder::new()
        .prefix(".dist-")
        .tempdir_in(&home)
        .map_err(|error| Error::file("cannot make a folder in book/", error))?;
    let next = staging.path().join("next");
    build(site, &next)?;
    let moved = |error| Error::file("cannot put the new book into book/dist", error);
    let changed = !same(&dist, &next);
    if dist.exists() {
        fs::rename(&dist, staging.path().join("last")).map_err(moved)?;
    }
    fs::rename(&next, &dist).map_err(moved)?;
    Ok(Published { folder: dist, changed })
}

/// A book that was put in its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    /// Its folder, `book/dist`.
    pub folder: PathBuf,
    /// Whether a file differs from the book that was there before.
    pub changed: bool,
}

/// Whether two folders hold the same files. One that cannot be read is like no other.
fn same(a: &Path, b: &Path) -> bool {
    let list = |folder: &Path| -> Option<Vec<PathBuf>> {
        let mut names: Vec<_> = fs::read_dir(folder)
            .ok()?
            .map(|entry| Some(PathBuf::from(entry.ok()?.file_name())))
            .collect::<Option<_>>()?;
        names.sort();
        Some(names)
    };
    let (Some(names), Some(others)) = (list(a), list(b)) else {
        return false;
    };
    names == others
        && names.iter().all(|name| {
            let (a, b) = (a.join(name), b.join(name));
            if a.is_dir() {
                same(&a, &b)
            } else {
                matches!((fs::read(a), fs::read(b)), (Ok(a), Ok(b)) if a == b)
            }
        })
}

/// Our directives, as mdBook runs them: the appendix first, then every page.
struct Directives {
    site: Arc<Site>,
    problems: Arc<Mutex<Vec<Problem>>>,
}

impl Preprocessor for Directives {
    fn name(&self) -> &'static str {
        "tidepool"
    }

    fn run(
        &self,
        _: &PreprocessorContext,
        mut book: Book,
    ) -> Result<Book, mdbook_preprocessor::errors::Error> {
        let mut problems = self.problems.lock().unwrap_or_else(PoisonError::into_inner);
        appendix::add(&self.site, &mut book);
        book.for_each_mut(|item| {
            let BookItem::Chapter(chapter) = item else {
                return;
            };
            // A generated page has no file of its own: its path and its source differ in name.
            let Some(path) = chapter.source_path.as_deref().and_then(source_path) else {
                return;
            };
            let Ok(source) = Source::read(&self.site, &path) else {
                return;
            };
            if chapter.path.as_ref().map(|path| path.with_extension("html"))
                != Some(PathBuf::from(&source.page.html))
            {
                return;
            }
            chapter.content = expand(&self.site, &source, &mut problems);
        });
        Ok(book)
    }
}

/// A chapter's source as mdBook names it, relative to the checkout.
fn source_path(path: &Path) -> Option<PathBuf> {
    Source::resolve(Path::new("book/src"), path.to_str()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{Fixture, PROSE};

    #[test]
    fn a_book_has_its_pages_its_appendix_and_its_tabs() {
        let fixture = Fixture::new();
        fixture
            .write("chapters/01-waiting/examples/tea.rs", "fn main() {\n\n    tea();\n}\n")
            .write("chapters/01-waiting/python/tea.py", "tea()\n")
            .write(
                PROSE,
                "# Waiting\n\n{{#chapter}}\n\n{{#tabs global=\"lang\"}}\n{{#tab name=\"Rust\"}}\n\n{{#listing examples/tea.rs}}\n\n{{#endtab}}\n{{#tab name=\"Python\"}}\n\n{{#listing python/tea.py}}\n\n{{#endtab}}\n{{#endtabs}}\n\n{{#exercise teapot}}\n",
            );
        let dist = publish(&Arc::new(fixture.site())).unwrap().folder;
        let page = fs::read_to_string(dist.join("01-waiting.html")).unwrap();
        for part in [
            "<div class=\"chapter-head\">",
            "<div class=\"mdbook-tabs-container\" data-tabglobal=\"lang\">",
            "<span class=\"tk-function\">tea</span>",
            "<span class=\"line\"></span>\n<span class=\"line\">    <span",
            "<section class=\"exercise\" id=\"exercise-teapot\"",
            "<summary>Hint 1 of 2</summary>",
        ] {
            assert!(page.contains(part), "{part}\n{page}");
        }
        let discussion = fs::read_to_string(dist.join("solutions/teapot.html")).unwrap();
        assert!(discussion.contains("<section class=\"wrong\""));
        assert!(
            discussion
                .contains("solutions/01-waiting/1-teapot/README.md\" title=\"Suggest an edit\""),
            "{discussion}"
        );
        assert!(dist.join("solutions/01-waiting.html").is_file());
        assert!(dist.join("404.html").is_file());
    }

    #[test]
    fn a_broken_source_leaves_the_last_good_book() {
        let fixture = Fixture::new();
        let dist = publish(&Arc::new(fixture.site())).unwrap().folder;
        let before = fs::read_to_string(dist.join("01-waiting.html")).unwrap();
        fixture.write(PROSE, "# Waiting\n\n{{#listing none.rs}}\n\n{{#figure none}}\n");
        let error = publish(&Arc::new(fixture.site())).unwrap_err().to_string();
        assert!(error.contains("book/src/01-waiting.md:3: "), "{error}");
        assert!(error.contains("book/src/01-waiting.md:5: "), "all problems are reported: {error}");
        assert_eq!(fs::read_to_string(dist.join("01-waiting.html")).unwrap(), before);
        let left: Vec<_> = fs::read_dir(fixture.root().join("book"))
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .filter(|name| name.to_string_lossy().starts_with('.'))
            .collect();
        assert!(left.is_empty(), "{left:?}");
    }

    #[test]
    fn a_build_says_whether_a_reader_sees_a_difference() {
        let fixture = Fixture::new();
        let publish = || publish(&Arc::new(fixture.site())).unwrap().changed;
        assert!(publish(), "the first book is new");
        assert!(!publish(), "nothing was changed");
        fixture.write("exercises/01-waiting/1-teapot/src/lib.rs", "pub fn pour() {}\n");
        assert!(!publish(), "an answer is no part of the book");
        fixture.write(PROSE, "# Waiting\n\nMore tea.\n");
        assert!(publish());
    }
}
