//! Small checkouts in temporary folders, for tests.

use std::fs;
use std::path::Path;

use crate::directives::expand;
use crate::problem::Problem;
use crate::site::{Site, Source};

/// A checkout with one chapter, `01-waiting`, and one exercise, `teapot`.
pub struct Fixture {
    dir: tempfile::TempDir,
}

/// The chapter's prose, relative to the checkout.
pub const PROSE: &str = "book/src/01-waiting.md";
/// The exercise's folder.
pub const EXERCISE: &str = "exercises/01-waiting/1-teapot";
/// The solution's folder.
pub const SOLUTION: &str = "solutions/01-waiting/1-teapot";

impl Fixture {
    /// A sound checkout, as small as one can be.
    pub fn new() -> Self {
        let fixture = Self { dir: tempfile::tempdir().unwrap() };
        fixture
            .write(
                "book/book.toml",
                include_str!("../tests/fixture/book.toml"),
            )
            .write(
                "book/src/SUMMARY.md",
                "# Summary\n\n[Hello](introduction.md)\n\n# Part I\n\n- [Waiting](01-waiting.md)\n- [Not yet]()\n",
            )
            .write("book/src/introduction.md", "# Hello\n\nRead on.\n")
            .write(PROSE, "# Waiting\n\n{{#chapter}}\n\nTea takes time.\n\n{{#exercise teapot}}\n")
            .write(
                "chapters/01-waiting/Cargo.toml",
                "[package]\nname = \"waiting\"\nversion = \"0.1.0\"\nedition = \"2024\"\n",
            )
            .write("chapters/01-waiting/src/lib.rs", "//! Tea.\n\n/// Waits.\npub fn wait() {}\n")
            .write(
                &format!("{EXERCISE}/Cargo.toml"),
                "[package]\nname = \"teapot\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[package.metadata.exercise]\ndifficulty = 1\nminutes = 15\n",
            )
            .write(
                &format!("{EXERCISE}/README.md"),
                "# Teapot\n\nPour `tea`.\n\n## Rules\n\nNo milk.\n",
            )
            .write(
                &format!("{EXERCISE}/hints.md"),
                "# Hints\n\n## 1\n\nWarm the pot.\n\n## 2\n\nThen pour.\n",
            )
            .write(&format!("{EXERCISE}/src/lib.rs"), "pub fn pour() { todo!() }\n")
            .write(
                &format!("{EXERCISE}/tests/teapot.rs"),
                "#[test]\nfn pours() { teapot::pour() }\n",
            )
            .write(
                &format!("{SOLUTION}/Cargo.toml"),
                "[package]\nname = \"teapot-solution\"\nversion = \"0.1.0\"\nedition = \"2024\"\n",
            )
            .write(
                &format!("{SOLUTION}/README.md"),
                "# Teapot\n\nTilt it.\n\n{{#wrong upside-down}}\n",
            )
            .write(&format!("{SOLUTION}/src/lib.rs"), "//! Pours.\n\npub fn pour() {\n    tilt(30);\n}\n")
            .write(&format!("{SOLUTION}/stub.rs"), "pub fn pour() { todo!() }\n")
            .write(
                &format!("{SOLUTION}/tests/teapot.rs"),
                "extern crate teapot_solution as teapot;\n",
            )
            .write(
                &format!("{SOLUTION}/wrong/upside-down.rs"),
                "//! Pours with the lid first.\n//!\n//! caught by: pours\n\npub fn pour() {\n    tilt(180);\n}\n",
            )
            .write(
                &format!("{SOLUTION}/wrong/upside-down.txt"),
                "the lid fell off\n",
            );
        fixture
    }

    /// The checkout's top.
    pub fn root(&self) -> &Path {
        self.dir.path()
    }

    /// Writes a file, and the folders above it.
    pub fn write(&self, path: &str, text: &str) -> &Self {
        let path = self.root().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
        self
    }

    /// Removes a file.
    pub fn remove(&self, path: &str) -> &Self {
        fs::remove_file(self.root().join(path)).unwrap();
        self
    }

    /// What the builder knows of this checkout.
    pub fn site(&self) -> Site {
        Site::read(self.root(), |_| None).unwrap()
    }

    /// The chapter's prose, replaced by `markdown` and expanded.
    pub fn expand(&self, markdown: &str) -> (String, Vec<Problem>) {
        self.write(PROSE, markdown);
        self.expand_file(PROSE)
    }

    /// A file's directives, expanded.
    pub fn expand_file(&self, path: &str) -> (String, Vec<Problem>) {
        let site = self.site();
        let source = Source::read(&site, Path::new(path)).unwrap();
        let mut problems = site.problems.clone();
        let markdown = expand(&site, &source, &mut problems);
        (markdown, problems)
    }
}
