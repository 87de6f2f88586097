//! The appendix: every solution's discussion, as pages that the table of contents does not type.

use std::fmt::Write as _;
use std::path::PathBuf;

use mdbook_driver::book::{Book, BookItem, Chapter};

use crate::html::escape;
use crate::site::Site;

/// The appendix's title in the table of contents.
const TITLE: &str = "Appendix: solutions and wrong turns";

/// Adds the discussions that are written to the end of the book: a page for each chapter, and under it one for each exercise.
pub fn add(site: &Site, book: &mut Book) {
    let chapters: Vec<Chapter> =
        site.tree.chapters.iter().filter_map(|chapter| page(site, chapter)).collect();
    if chapters.is_empty() {
        return;
    }
    book.push_item(BookItem::Separator);
    book.push_item(BookItem::PartTitle(String::from(TITLE)));
    for chapter in chapters {
        book.push_item(chapter);
    }
}

/// The page of a chapter's solutions; `None` where no discussion is written.
fn page(site: &Site, chapter: &catalogue::Chapter) -> Option<Chapter> {
    let name = format!("Solutions: {}", chapter.title);
    let parents = vec![name.clone()];
    let mut list = String::new();
    let mut pages = Vec::new();
    for exercise in &chapter.exercises {
        let discussion = site.relative(&exercise.discussion()).to_path_buf();
        let Ok(text) = site.text(&discussion) else {
            continue;
        };
        let wrong = match exercise.wrong.len() {
            0 => String::new(),
            1 => String::from(", and a wrong turn"),
            n => format!(", and {n} wrong turns"),
        };
        let _ = writeln!(list, "- [{}]({}.md){wrong}", exercise.title, exercise.name);
        let mut page = Chapter::new(
            &exercise.title,
            text,
            format!("solutions/{}.md", exercise.name),
            parents.clone(),
        );
        // mdBook makes the edit link from this, relative to the book's sources.
        page.source_path = Some(PathBuf::from("../..").join(discussion));
        pages.push(BookItem::Chapter(page));
    }
    if pages.is_empty() {
        return None;
    }
    let content = format!(
        "# {}\n\nHow the exercises of [{}](../{}.md) are solved, and what goes wrong on the way.\n\n{list}",
        escape(&name),
        chapter.title,
        chapter.slug
    );
    let mut page =
        Chapter::new(&name, content, format!("solutions/{}.md", chapter.slug), Vec::new());
    page.source_path = Some(PathBuf::from(format!("{}.md", chapter.slug)));
    page.sub_items = pages;
    Some(page)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{Fixture, SOLUTION};

    #[test]
    fn discussions_become_pages_at_the_books_end() {
        let fixture = Fixture::new();
        let mut book = Book::new();
        add(&fixture.site(), &mut book);
        let pages: Vec<_> = book
            .chapters()
            .map(|chapter| (chapter.name.as_str(), chapter.path.clone().unwrap()))
            .collect();
        assert_eq!(
            pages,
            [
                ("Solutions: Waiting", PathBuf::from("solutions/01-waiting.md")),
                ("Teapot", PathBuf::from("solutions/teapot.md")),
            ]
        );
        let index = book.chapters().next().unwrap();
        assert!(index.content.contains("- [Teapot](teapot.md), and a wrong turn\n"));
    }

    #[test]
    fn without_discussions_there_is_no_appendix() {
        let fixture = Fixture::new();
        fixture.remove(&format!("{SOLUTION}/README.md"));
        let mut book = Book::new();
        add(&fixture.site(), &mut book);
        assert!(book.items.is_empty());
    }
}
