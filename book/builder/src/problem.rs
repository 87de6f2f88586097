//! What is wrong, and where: one line of a file and a sentence about it.

use std::fmt;
use std::path::{Path, PathBuf};

/// Something that must be mended before the book is right.
///
/// Shown as `file:line: message`, which editors and terminals know how to open.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// The file, relative to the checkout's top.
    pub path: PathBuf,
    /// The line, counted from 1.
    pub line: usize,
    /// What was expected, what came, and what to do. May hold several lines (a diff).
    pub message: String,
}

impl Problem {
    /// A problem at a line of a file.
    pub fn new(path: impl AsRef<Path>, line: usize, message: impl Into<String>) -> Self {
        Self { path: path.as_ref().to_path_buf(), line, message: message.into() }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", slashed(&self.path), self.line, self.message.trim_end())
    }
}

/// A path as the book and its messages write it: with `/` on every system.
pub fn slashed(path: &Path) -> String {
    path.to_string_lossy().replace('\\', "/")
}

/// Several problems as one text, one after the other.
pub fn report(problems: &[Problem]) -> String {
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_reads_as_file_line_message() {
        let problem = Problem::new("book/src/a.md", 7, "no such listing\n");
        assert_eq!(problem.to_string(), "book/src/a.md:7: no such listing");
    }
}
