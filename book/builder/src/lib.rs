//! The book's builder: mdBook as a library, with the directives that take code, output and exercises from the tree.
//!
//! A page is Markdown with lines like `{{#listing examples/chess.rs:rounds}}`.
//! [`directives`] turns them into HTML from files that are compiled and tested, [`book`] has mdBook render the result,
//! [`serve`] shows it and rebuilds it, [`record`] runs the programs whose output the book prints,
//! and [`check`] finds everything that no longer fits.
//!
//! It leaves out: what the book looks like (`book/theme`) and anything that the reader's programs do.

pub mod address;
pub mod book;
pub mod check;
pub mod directives;
#[cfg(test)]
mod fixture;
pub mod highlight;
pub mod html;
pub mod packages;
pub mod problem;
pub mod record;
pub mod recordings;
pub mod serve;
pub mod site;
mod warnings;

use problem::Problem;

/// Why the builder gave up.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The tree could not be read.
    #[error(transparent)]
    Tree(#[from] catalogue::Error),
    /// `book.toml` could not be read.
    #[error("book/book.toml: {0:#}")]
    Configuration(mdbook_driver::errors::Error),
    /// mdBook could not load or render the book.
    #[error("{0:#}")]
    Book(mdbook_driver::errors::Error),
    /// A file could not be read or written.
    #[error("{action}: {source}")]
    File {
        /// What was tried, with the file's name.
        action: String,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// The sources are not right; every fault that was found is here.
    #[error("{}", problem::report(.0))]
    Problems(Vec<Problem>),
}

impl Error {
    /// An error about a file.
    pub fn file(action: impl Into<String>, source: std::io::Error) -> Self {
        Self::File { action: action.into(), source }
    }
}
