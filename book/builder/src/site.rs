//! What the builder knows about the checkout before it writes a page.

use std::collections::HashMap;
use std::fs;
use std::path::{Component, Path, PathBuf};

use catalogue::{Chapter, Exercise, Tree};
use mdbook_driver::config::Config;

use crate::Error;
use crate::address::Address;
use crate::packages::Packages;
use crate::problem::Problem;
use crate::recordings::{Recording, Recordings};

/// The checkout as the directives see it.
#[derive(Debug)]
pub struct Site {
    /// Chapters, exercises and solutions.
    pub tree: Tree,
    /// Where the repository lives on the web.
    pub address: Address,
    /// The workspace's packages.
    pub packages: Packages,
    /// Each chapter's recordings, by the chapter's folder under `chapters/`.
    pub recordings: HashMap<PathBuf, Recordings>,
    /// What was wrong with the files read so far.
    pub problems: Vec<Problem>,
    /// mdBook's settings: `book.toml`, with what follows from the repository's address.
    pub config: Config,
}

impl Site {
    /// Reads the checkout at `root`; `variable` looks a name up in the environment.
    ///
    /// # Errors
    ///
    /// When the tree or `book.toml` cannot be read. Lesser faults are kept in [`Site::problems`].
    pub fn read(root: &Path, variable: impl Fn(&str) -> Option<String>) -> Result<Self, Error> {
        let tree = Tree::read(root)?;
        let mut config =
            Config::from_disk(root.join("book/book.toml")).map_err(Error::Configuration)?;
        let html = config.html_config().unwrap_or_default();
        let address = Address::find(html.git_repository_url.as_deref(), variable);
        let mut settings = vec![
            ("output.html.git-repository-url", address.repository().to_owned()),
            ("output.html.edit-url-template", address.edit_template()),
        ];
        if let Some(site) = address.site() {
            settings.push(("output.html.site-url", site.to_owned()));
        }
        for (key, value) in settings {
            config.set(key, value).map_err(Error::Configuration)?;
        }
        let mut problems = Vec::new();
        let packages = Packages::read(root, &mut problems);
        let recordings = Recordings::read_all(root, &mut problems);
        Ok(Self { tree, address, packages, recordings, problems, config })
    }

    /// The checkout's top folder.
    pub fn root(&self) -> &Path {
        &self.tree.root
    }

    /// A file's text, by its path from the checkout's top.
    ///
    /// # Errors
    ///
    /// A sentence that says which file is missing.
    pub fn text(&self, path: &Path) -> Result<String, String> {
        fs::read_to_string(self.root().join(path))
            .map_err(|error| format!("cannot read {}: {error}", crate::problem::slashed(path)))
    }

    /// Whether the checkout has this file or folder.
    pub fn has(&self, path: &Path) -> bool {
        self.root().join(path).exists()
    }

    /// A recording by name, as a page of `chapter` names it.
    pub fn recording(&self, chapter: &Chapter, name: &str) -> Option<(&Recordings, &Recording)> {
        let recordings = self.recordings.get(&chapter.crate_dir())?;
        Some((recordings, recordings.get(name)?))
    }

    /// A path that the catalogue gave, relative to the checkout.
    pub fn relative<'a>(&self, path: &'a Path) -> &'a Path {
        path.strip_prefix(self.root()).unwrap_or(path)
    }

    /// The page that shows a Markdown file, if one does.
    pub fn page_of(&self, path: &Path) -> Option<Page> {
        if let Ok(inside) = path.strip_prefix("book/src") {
            let slug = inside.with_extension("");
            let slug = slug.to_str()?;
            return Some(Page {
                html: format!("{}.html", slug.replace('\\', "/")),
                chapter: self.tree.chapters.iter().find(|c| c.slug == slug).cloned(),
                exercise: None,
            });
        }
        self.tree.exercises().find_map(|(chapter, exercise)| {
            let html = if path == self.relative(&exercise.discussion()) {
                format!("solutions/{}.html", exercise.name)
            } else if path.parent() == Some(self.relative(&exercise.dir)) {
                format!("{}.html", chapter.slug)
            } else {
                return None;
            };
            Some(Page { html, chapter: Some(chapter.clone()), exercise: Some(exercise.clone()) })
        })
    }
}

/// A page of the book, and what it is about.
#[derive(Debug, Clone)]
pub struct Page {
    /// Its file below the book's folder: `solutions/teapot.html`.
    pub html: String,
    /// The chapter that it belongs to.
    pub chapter: Option<Chapter>,
    /// The exercise that it discusses or states.
    pub exercise: Option<Exercise>,
}

impl Page {
    /// A link from this page to another of the book.
    pub fn link(&self, html: &str) -> String {
        let up = self.html.matches('/').count();
        format!("{}{html}", "../".repeat(up))
    }
}

/// A Markdown file and the page that shows it.
#[derive(Debug, Clone)]
pub struct Source {
    /// The file, relative to the checkout.
    pub path: PathBuf,
    /// Its text. A part that is not shown is blank, so that lines keep their numbers.
    pub text: String,
    /// The page that shows it.
    pub page: Page,
}

impl Source {
    /// Reads a Markdown file that a page shows.
    ///
    /// # Errors
    ///
    /// When no page shows it, or when it cannot be read.
    pub fn read(site: &Site, path: &Path) -> Result<Self, String> {
        let page = site
            .page_of(path)
            .ok_or_else(|| format!("no page shows {}", crate::problem::slashed(path)))?;
        Ok(Self { path: path.to_path_buf(), text: site.text(path)?, page })
    }

    /// The file or folder that `target` names when it stands in this source:
    /// from the checkout's top where it starts with `/`, else from `base`.
    ///
    /// `None` where it leads out of the checkout.
    pub fn resolve(base: &Path, target: &str) -> Option<PathBuf> {
        match target.strip_prefix('/') {
            Some(from_top) => normal(Path::new(from_top)),
            None => normal(&base.join(target)),
        }
    }

    /// The folder from which listings are named: the chapter's crate, or the solution's own.
    pub fn crate_dir(&self) -> PathBuf {
        match (&self.page.chapter, &self.page.exercise) {
            (Some(chapter), None) => chapter.crate_dir(),
            _ => self.path.parent().map(Path::to_path_buf).unwrap_or_default(),
        }
    }
}

/// A relative path without `.` and `..`; `None` where it leads above its start.
fn normal(path: &Path) -> Option<PathBuf> {
    let mut parts = PathBuf::new();
    for component in path.components() {
        match component {
            Component::Normal(part) => parts.push(part),
            Component::CurDir => {}
            Component::ParentDir => {
                if !parts.pop() {
                    return None;
                }
            }
            Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    Some(parts)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{EXERCISE, Fixture, PROSE, SOLUTION};

    #[test]
    fn a_page_is_known_by_the_file_that_it_shows() {
        let fixture = Fixture::new();
        let site = fixture.site();
        let page = site.page_of(Path::new(PROSE)).unwrap();
        assert_eq!(page.html, "01-waiting.html");
        assert_eq!(page.chapter.unwrap().package, "waiting");
        let discussion = format!("{SOLUTION}/README.md");
        let page = site.page_of(Path::new(&discussion)).unwrap();
        assert_eq!(page.html, "solutions/teapot.html");
        assert_eq!(page.link("01-waiting.html"), "../01-waiting.html");
        let statement = format!("{EXERCISE}/README.md");
        let page = site.page_of(Path::new(&statement)).unwrap();
        assert_eq!(page.html, "01-waiting.html");
        assert!(site.page_of(Path::new("README.md")).is_none());
    }

    #[test]
    fn a_path_is_resolved_within_the_checkout() {
        let base = Path::new("chapters/01-waiting");
        let resolve = |target| Source::resolve(base, target);
        assert_eq!(resolve("src/lib.rs"), Some("chapters/01-waiting/src/lib.rs".into()));
        assert_eq!(resolve("../crowd"), Some("chapters/crowd".into()));
        assert_eq!(resolve("/Cargo.toml"), Some("Cargo.toml".into()));
        assert_eq!(resolve("../../../etc/passwd"), None);
    }

    #[test]
    fn the_configuration_follows_from_the_address() {
        let fixture = Fixture::new();
        let site = Site::read(fixture.root(), |name| {
            (name == "GITHUB_REPOSITORY").then(|| String::from("judit/pool"))
        })
        .unwrap();
        let html = site.config.html_config().unwrap();
        assert_eq!(html.site_url.as_deref(), Some("/pool/"));
        assert_eq!(
            html.edit_url_template.as_deref(),
            Some("https://github.com/judit/pool/edit/main/book/{path}")
        );
    }
}
