//! Checks of the rendered pages: every link and anchor leads somewhere, every image says what it shows, nothing is fetched from elsewhere.
//!
//! The pages are read with html5ever, which mdBook brings along; a link checker that also fetches the web would bring an HTTP client.
//! Links to other sites are left alone: whether they live is not this checkout's fault, and a check works offline.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};

use html5ever::tokenizer::states::RawKind;
use html5ever::tokenizer::{
    BufferQueue, Tag, TagKind, Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts,
};

use super::{line_of, prose};
use crate::Error;
use crate::problem::{Problem, slashed};
use crate::site::{Site, Source};

/// Pages that repeat others: the first page as index.html, all pages as print.html.
const REPEATED: &[&str] = &["index.html", "print.html", "toc.html"];

/// What a page has that matters here.
#[derive(Debug, Default)]
struct Page {
    /// Its anchors.
    ids: HashSet<String>,
    /// Ids that stand twice.
    twice: Vec<String>,
    /// Where its links lead.
    links: Vec<String>,
    /// What a browser fetches to show it.
    fetched: Vec<String>,
    /// The images without alternative text.
    silent: Vec<String>,
}

/// Checks the pages in `folder`.
///
/// # Errors
///
/// When the pages cannot be read.
pub fn check(site: &Site, folder: &Path) -> Result<Vec<Problem>, Error> {
    let mut pages = BTreeMap::new();
    for path in html_files(folder, Path::new(""))? {
        let text = fs::read_to_string(folder.join(&path))
            .map_err(|error| Error::file(format!("cannot read {}", slashed(&path)), error))?;
        pages.insert(slashed(&path), read(&text));
    }
    let places = Places::of(site);
    let mut problems = Vec::new();
    for (name, page) in &pages {
        if REPEATED.contains(&name.as_str()) {
            continue;
        }
        for link in page.links.iter().chain(&page.fetched) {
            if let Err(message) = leads(site, folder, &pages, name, link) {
                problems.push(places.problem(name, link, message));
            }
        }
        for url in page.fetched.iter().filter(|url| is_elsewhere(url)) {
            let message =
                format!("the page fetches {url}: the book asks no other host for anything");
            problems.push(places.problem(name, url, message));
        }
        for image in &page.silent {
            let message = format!("the image {image} has no alternative text");
            problems.push(places.problem(name, image, message));
        }
        for id in &page.twice {
            let message = format!("the anchor #{id} stands on the page twice");
            problems.push(places.problem(name, id, message));
        }
    }
    problems.sort();
    problems.dedup();
    Ok(problems)
}

/// Whether a link of page `name` leads somewhere.
fn leads(
    site: &Site,
    folder: &Path,
    pages: &BTreeMap<String, Page>,
    name: &str,
    link: &str,
) -> Result<(), String> {
    if let Some(path) = site.address.path_of(link) {
        return if path.contains("..") || site.has(Path::new(path)) {
            Ok(())
        } else {
            Err(format!("the repository has no {path}"))
        };
    }
    if is_elsewhere(link) || has_scheme(link) {
        return Ok(());
    }
    let (path, anchor) = match link.split_once('#') {
        Some((path, anchor)) => (path, Some(decoded(anchor))),
        None => (link, None),
    };
    let path = decoded(path.split('?').next().unwrap_or_default());
    let target = if path.is_empty() {
        name.to_owned()
    } else if name == "404.html" {
        // Its links start from the site's top.
        path.trim_start_matches('/').to_owned()
    } else {
        let base = Path::new(name).parent().unwrap_or(Path::new(""));
        Source::resolve(base, &path)
            .map(|path| slashed(&path))
            .ok_or_else(|| format!("`{link}` leads out of the book"))?
    };
    let target = if target.is_empty() || folder.join(&target).is_dir() {
        slashed(&Path::new(&target).join("index.html"))
    } else {
        target
    };
    match (pages.get(&target), anchor) {
        (Some(page), Some(anchor)) if !anchor.is_empty() && !page.ids.contains(&anchor) => {
            Err(format!("{target} has no anchor #{anchor}"))
        }
        (Some(_), _) => Ok(()),
        (None, _) if folder.join(&target).is_file() => Ok(()),
        (None, _) => Err(format!("`{link}` leads to {target}, which the book does not have")),
    }
}

fn is_elsewhere(url: &str) -> bool {
    url.starts_with("//") || url.starts_with("http://") || url.starts_with("https://")
}

/// `mailto:`, `data:`, `javascript:` and the like.
fn has_scheme(url: &str) -> bool {
    url.split_once(':').is_some_and(|(scheme, _)| {
        !scheme.is_empty() && scheme.bytes().all(|b| b.is_ascii_alphanumeric())
    })
}

/// A URL's part without its `%20`s.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let hex = after
            .get(..2)
            .filter(|_| *first == b'%')
            .and_then(|hex| std::str::from_utf8(hex).ok())
            .and_then(|hex| u8::from_str_radix(hex, 16).ok());
        if let Some(byte) = hex {
            bytes.push(byte);
            rest = &after[2..];
        } else {
            bytes.push(*first);
            rest = after;
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The HTML files below `folder`, relative to it.
fn html_files(folder: &Path, below: &Path) -> Result<Vec<PathBuf>, Error> {
    let unreadable = |error| Error::file("cannot read the rendered pages", error);
    let mut files = Vec::new();
    for entry in fs::read_dir(folder.join(below)).map_err(unreadable)? {
        let path = below.join(entry.map_err(unreadable)?.file_name());
        if folder.join(&path).is_dir() {
            files.extend(html_files(folder, &path)?);
        } else if path.extension().is_some_and(|extension| extension == "html") {
            files.push(path);
        }
    }
    Ok(files)
}

/// Which source says what a page shows.
struct Places(Vec<(PathBuf, String, String)>);

impl Places {
    /// Every source with its page and its text.
    fn of(site: &Site) -> Self {
        Self(
            prose::sources(site)
                .into_iter()
                .filter_map(|path| {
                    let page = site.page_of(&path)?.html;
                    let text = site.text(&path).ok()?;
                    Some((path, page, text))
                })
                .collect(),
        )
    }

    /// The problem with `mark` on a page, at the line of the source that has it, if one can be found.
    fn problem(&self, page: &str, mark: &str, message: String) -> Problem {
        let (path, anchor) = mark.split_once('#').unwrap_or((mark, ""));
        let file = Path::new(path).file_stem().unwrap_or_default().to_string_lossy();
        // As it was written, before mdBook and the links' module turned it.
        let mut marks = vec![format!("({mark}"), mark.to_owned()];
        if !anchor.is_empty() {
            marks.push(format!("{file}.md#{anchor}"));
            marks.push(format!("#{anchor}"));
        }
        if !file.is_empty() {
            marks.push(format!("{file}."));
        }
        let own = || self.0.iter().filter(|(_, shown, _)| shown == page);
        own()
            .find_map(|(path, _, text)| Some((path, line_of(text, &marks)?)))
            .or_else(|| own().next().map(|(path, _, _)| (path, 1)))
            .map_or_else(
                || Problem::new(Path::new("book/dist").join(page), 1, &message),
                |(path, line)| Problem::new(path, line, &message),
            )
    }
}

/// Reads a page.
fn read(html: &str) -> Page {
    let tokenizer = Tokenizer::new(Collector::default(), TokenizerOpts::default());
    let queue = BufferQueue::default();
    queue.push_back(html.into());
    let _ = tokenizer.feed(&queue);
    tokenizer.end();
    tokenizer.sink.0.into_inner()
}

#[derive(Default)]
struct Collector(RefCell<Page>);

impl TokenSink for Collector {
    type Handle = ();

    fn process_token(&self, token: Token, _: u64) -> TokenSinkResult<()> {
        let Token::TagToken(tag) = token else {
            return TokenSinkResult::Continue;
        };
        if tag.kind == TagKind::EndTag {
            return TokenSinkResult::Continue;
        }
        self.0.borrow_mut().take(&tag);
        match &*tag.name {
            "script" => TokenSinkResult::RawData(RawKind::ScriptData),
            "style" => TokenSinkResult::RawData(RawKind::Rawtext),
            _ => TokenSinkResult::Continue,
        }
    }
}

impl Page {
    fn take(&mut self, tag: &Tag) {
        let attribute = |name: &str| {
            tag.attrs
                .iter()
                .find(|attribute| &*attribute.name.local == name)
                .map(|attribute| attribute.value.to_string())
        };
        if let Some(id) = attribute("id")
            && !self.ids.insert(id.clone())
        {
            self.twice.push(id);
        }
        match &*tag.name {
            "a" => {
                self.links.extend(attribute("href"));
                self.ids.extend(attribute("name"));
            }
            "link" => {
                let relation = attribute("rel").unwrap_or_default();
                let of_another_page = ["canonical", "alternate", "next", "prev"]
                    .iter()
                    .any(|word| relation.split(' ').any(|r| r == *word));
                let target = attribute("href");
                if of_another_page {
                    self.links.extend(target);
                } else {
                    self.fetched.extend(target);
                }
            }
            "img" => {
                let source = attribute("src").unwrap_or_default();
                if attribute("alt").is_none_or(|alt| alt.trim().is_empty()) {
                    self.silent.push(source.clone());
                }
                self.fetched.push(source);
            }
            "script" | "iframe" | "source" | "video" | "audio" | "embed" => {
                self.fetched.extend(attribute("src"));
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{Fixture, PROSE};

    /// Checks hand-made pages of the fixture.
    fn problems(fixture: &Fixture, pages: &[(&str, &str)]) -> Vec<String> {
        for (name, text) in pages {
            fixture.write(&format!("pages/{name}"), text);
        }
        check(&fixture.site(), &fixture.root().join("pages"))
            .unwrap()
            .iter()
            .map(ToString::to_string)
            .collect()
    }

    #[test]
    fn links_and_anchors_that_lead_somewhere_are_fine() {
        let found = problems(
            &Fixture::new(),
            &[
                (
                    "01-waiting.html",
                    "<h1 id=\"waiting\">W</h1><a href=\"#waiting\">a</a><a href=\"solutions/teapot.html#%C3%BCber\">b</a><a href=\"https://example.org/\">c</a><a href=\"mailto:a@b\">d</a><a href=\"https://example.org/crabs/tidepool/blob/main/chapters/01-waiting/src/lib.rs#L1\">e</a><script>let a = '<a href=\"none\">';</script>",
                ),
                (
                    "solutions/teapot.html",
                    "<p id=\"über\"><a href=\"../01-waiting.html\">a</a><a href=\"../\">b</a><img src=\"../tea.png\" alt=\"Tea\">",
                ),
                ("index.html", ""),
                ("tea.png", ""),
            ],
        );
        assert_eq!(found, Vec::<String>::new());
    }

    #[test]
    fn what_leads_nowhere_is_named_where_it_is_written() {
        let fixture = Fixture::new();
        fixture.write(
            PROSE,
            "# Waiting\n\n[a](#nowhere)\n[b](introduction.md#gone)\n<a href=\"none.html\">c</a>\n",
        );
        let found = problems(
            &fixture,
            &[
                (
                    "01-waiting.html",
                    "<a href=\"#nowhere\">a</a><a href=\"introduction.html#gone\">b</a><a href=\"none.html\">c</a><a href=\"../x\">d</a>",
                ),
                ("introduction.html", "<h1 id=\"hello\">H</h1>"),
            ],
        );
        assert_eq!(
            found,
            [
                "book/src/01-waiting.md:1: `../x` leads out of the book",
                "book/src/01-waiting.md:3: 01-waiting.html has no anchor #nowhere",
                "book/src/01-waiting.md:4: introduction.html has no anchor #gone",
                "book/src/01-waiting.md:5: `none.html` leads to none.html, which the book does not have",
            ]
        );
    }

    #[test]
    fn silent_images_other_hosts_and_double_anchors_are_problems() {
        let found = problems(
            &Fixture::new(),
            &[(
                "01-waiting.html",
                "<img src=\"tea.png\"><img src=\"tea.png\" alt=\" \"><p id=\"a\"><p id=\"a\"><script src=\"https://cdn.example.org/x.js\"></script>",
            ), ("tea.png", "")],
        )
        .join("\n");
        for part in [
            "the image tea.png has no alternative text",
            "the anchor #a stands on the page twice",
            "the page fetches https://cdn.example.org/x.js",
        ] {
            assert!(found.contains(part), "{part}\n{found}");
        }
    }
}
