//! Where the repository lives on the web.
//!
//! The address stands once, in `book.toml` (`output.html.git-repository-url`).
//! A workflow that builds the book for another repository overrides it by the variables that it has anyway:
//! `GITHUB_REPOSITORY` and `GITHUB_SERVER_URL`. Where the book is published, `TIDEPOOL_SITE_URL` says.

use std::path::Path;

use crate::problem::slashed;

/// The branch that links point at.
const BRANCH: &str = "main";

/// The repository's address, from which every link into it is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    url: String,
    /// The path under which the book is served: `/` or `/tidepool/`. `None` leaves it to `book.toml`.
    site: Option<String>,
}

impl Address {
    /// The address in `book.toml`, unless the environment names another repository.
    ///
    /// `variable` looks a name up in the environment.
    pub fn find(configured: Option<&str>, variable: impl Fn(&str) -> Option<String>) -> Self {
        let published = variable("TIDEPOOL_SITE_URL")
            .filter(|url| !url.is_empty())
            .map(|url| path_of_site(&url));
        let Some(repository) = variable("GITHUB_REPOSITORY").filter(|name| !name.is_empty()) else {
            let url = configured.unwrap_or_default().trim_end_matches('/');
            return Self { url: url.to_owned(), site: published };
        };
        let server =
            variable("GITHUB_SERVER_URL").unwrap_or_else(|| String::from("https://github.com"));
        let name = repository.rsplit('/').next().unwrap_or_default();
        let site =
            if name.ends_with(".github.io") { String::from("/") } else { format!("/{name}/") };
        Self { url: format!("{server}/{repository}"), site: published.or(Some(site)) }
    }

    /// The repository's front page.
    pub fn repository(&self) -> &str {
        &self.url
    }

    /// The path under which the workflow publishes the book, if the environment says one.
    pub fn site(&self) -> Option<&str> {
        self.site.as_deref()
    }

    /// A file, given by its path from the repository's top.
    pub fn file(&self, path: &Path) -> String {
        format!("{}/blob/{BRANCH}/{}", self.url, slashed(path))
    }

    /// Some lines of a file, both counted from 1.
    pub fn lines(&self, path: &Path, first: usize, last: usize) -> String {
        format!("{}#L{first}-L{last}", self.file(path))
    }

    /// A folder.
    pub fn folder(&self, path: &Path) -> String {
        format!("{}/tree/{BRANCH}/{}", self.url, slashed(path))
    }

    /// The list of issues.
    pub fn issues(&self) -> String {
        format!("{}/issues", self.url)
    }

    /// mdBook's template for a page's edit link; `{path}` is relative to the book's folder.
    pub fn edit_template(&self) -> String {
        format!("{}/edit/{BRANCH}/book/{{path}}", self.url)
    }

    /// The path within the repository that an address names, if it is one of ours on the branch we link to.
    pub fn path_of<'a>(&self, url: &'a str) -> Option<&'a str> {
        let rest = url.strip_prefix(&self.url)?.strip_prefix('/')?;
        let path = ["blob", "tree", "edit", "raw"]
            .iter()
            .find_map(|kind| rest.strip_prefix(kind)?.strip_prefix('/'))?
            .strip_prefix(BRANCH)?
            .strip_prefix('/')?;
        Some(path.split(['#', '?']).next().unwrap_or(path))
    }
}

/// The path of a site's address: `/pool/` of `https://judit.github.io/pool`.
fn path_of_site(url: &str) -> String {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let path = rest.split_once('/').map_or("", |(_, path)| path);
    match path.trim_matches('/') {
        "" => String::from("/"),
        path => format!("/{path}/"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONFIGURED: Option<&str> = Some("https://example.org/crabs/tidepool/");

    #[test]
    fn the_setting_in_book_toml_is_the_address() {
        let address = Address::find(CONFIGURED, |_| None);
        assert_eq!(
            address.lines(Path::new("chapters/a/src/lib.rs"), 3, 9),
            "https://example.org/crabs/tidepool/blob/main/chapters/a/src/lib.rs#L3-L9"
        );
        assert_eq!(address.issues(), "https://example.org/crabs/tidepool/issues");
        assert_eq!(address.site(), None);
    }

    #[test]
    fn a_workflow_overrides_it_by_the_repository_that_it_runs_in() {
        let address = Address::find(CONFIGURED, |name| {
            (name == "GITHUB_REPOSITORY").then(|| String::from("judit/pool"))
        });
        assert_eq!(address.repository(), "https://github.com/judit/pool");
        assert_eq!(address.site(), Some("/pool/"));
        let address = Address::find(CONFIGURED, |name| match name {
            "GITHUB_REPOSITORY" => Some(String::from("judit/judit.github.io")),
            "GITHUB_SERVER_URL" => Some(String::from("https://git.example.org")),
            _ => None,
        });
        assert_eq!(address.repository(), "https://git.example.org/judit/judit.github.io");
        assert_eq!(address.site(), Some("/"));
    }

    #[test]
    fn the_site_lies_where_it_is_published() {
        let site = |url: &str| {
            let address = Address::find(CONFIGURED, |name| {
                (name == "TIDEPOOL_SITE_URL").then(|| url.to_owned())
            });
            address.site().map(str::to_owned)
        };
        assert_eq!(site("https://judit.github.io/pool").as_deref(), Some("/pool/"));
        assert_eq!(site("https://book.example.org/").as_deref(), Some("/"));
        assert_eq!(site(""), None);
    }

    #[test]
    fn a_link_into_the_repository_gives_its_path_back() {
        let address = Address::find(CONFIGURED, |_| None);
        let path = Path::new("chapters/a/src/lib.rs");
        let link = address.lines(path, 1, 2);
        assert_eq!(address.path_of(&link), Some("chapters/a/src/lib.rs"));
        assert_eq!(address.path_of("https://example.org/other"), None);
        assert_eq!(address.path_of(&address.issues()), None);
    }
}
