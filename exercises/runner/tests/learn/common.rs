//! A small checkout in a temporary folder: chapters, and exercises without dependencies.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

/// A checkout.
pub struct Checkout {
    dir: TempDir,
}

/// What one exercise of a checkout consists of.
pub struct Sketch<'a> {
    pub chapter: &'a str,
    pub number: u32,
    pub name: &'a str,
    pub stub: &'a str,
    pub solution: &'a str,
    pub tests: &'a str,
    pub wrong: &'a [(&'a str, &'a str)],
}

const ROOT: &str = r#"[workspace]
resolver = "3"
members = ["exercises/[0-9]*/[0-9]*", "solutions/[0-9]*/[0-9]*"]

[workspace.package]
version = "0.1.0"
edition = "2024"

[workspace.lints.clippy]
pedantic = { level = "warn", priority = -1 }
must_use_candidate = "allow"

[profile.dev]
debug = "line-tables-only"
"#;

const SUMMARY: &str = "# Summary

[Introduction](introduction.md)

# Part I: Counting

- [One](01-one.md)
- [Two](02-two.md)

# Part II: Later

- [Three](03-three.md)
- [Four]()
";

/// An exercise that is solved by adding.
pub const ADDER: Sketch<'_> = Sketch {
    chapter: "01-one",
    number: 1,
    name: "adder",
    stub: "//! Adds.\n\npub fn add(a: u32, b: u32) -> u32 {\n    todo!()\n}\n",
    solution: "//! Adds.\n\n/// The sum.\npub fn add(a: u32, b: u32) -> u32 {\n    a + b\n}\n",
    tests: r#"//! Adding.

#[test]
fn zero_is_neutral() {
    println!("adding nothing");
    assert_eq!(adder::add(7, 0), 7, "7 and nothing is 7");
}

mod larger {
    #[test]
    fn two_and_two() {
        assert_eq!(adder::add(2, 2), 4, "two and two");
    }

    #[test]
    fn a_carry() {
        assert_eq!(adder::add(95, 7), 102, "a carry over two digits");
    }
}
"#,
    wrong: &[
        (
            "multiplies",
            "//! Takes a sum for a product.\n//!\n//! caught by: larger::a_carry\n\npub fn add(a: u32, b: u32) -> u32 {\n    a * b\n}\n",
        ),
        (
            "always-four",
            "//! Thinks that every sum is four.\n//!\n//! caught by: zero_is_neutral\n\npub fn add(_a: u32, _b: u32) -> u32 {\n    4\n}\n",
        ),
    ],
};

/// An exercise that is solved by doubling.
pub const DOUBLER: Sketch<'_> = Sketch {
    chapter: "01-one",
    number: 2,
    name: "doubler",
    stub: "//! Doubles.\n\npub fn double(a: u32) -> u32 {\n    todo!()\n}\n",
    solution: "//! Doubles.\n\n/// Twice `a`.\npub fn double(a: u32) -> u32 {\n    a * 2\n}\n",
    tests: r#"//! Doubling.

#[test]
fn of_three() {
    assert_eq!(doubler::double(3), 6, "twice three");
}

#[test]
fn of_two() {
    assert_eq!(doubler::double(2), 4, "twice two");
}
"#,
    wrong: &[
        (
            "squares",
            "//! Squares.\n//!\n//! caught by: of_three\n\npub fn double(a: u32) -> u32 {\n    a * a\n}\n",
        ),
        (
            "same",
            "//! Does nothing.\n//!\n//! caught by: of_two\n\npub fn double(a: u32) -> u32 {\n    a\n}\n",
        ),
    ],
};

/// An exercise in the second chapter, solved by halving.
pub const HALVER: Sketch<'_> = Sketch {
    chapter: "02-two",
    number: 1,
    name: "halver",
    stub: "//! Halves.\n\npub fn halve(a: u32) -> u32 {\n    todo!()\n}\n",
    solution: "//! Halves.\n\n/// Half of `a`.\npub fn halve(a: u32) -> u32 {\n    a / 2\n}\n",
    tests: "//! Halving.\n\n#[test]\nfn of_eight() {\n    assert_eq!(halver::halve(8), 4, \"half of eight\");\n}\n",
    wrong: &[
        (
            "same",
            "//! Does nothing.\n//!\n//! caught by: of_eight\n\npub fn halve(a: u32) -> u32 {\n    a\n}\n",
        ),
        (
            "one-less",
            "//! Takes one away.\n//!\n//! caught by: of_eight\n\npub fn halve(a: u32) -> u32 {\n    a - 1\n}\n",
        ),
    ],
};

impl Checkout {
    /// A checkout with these exercises.
    pub fn new(sketches: &[Sketch<'_>]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let checkout = Self { dir };
        checkout.write("Cargo.toml", ROOT);
        checkout.write("book/src/SUMMARY.md", SUMMARY);
        checkout.write(".gitignore", "/target\n/.learn\n");
        for sketch in sketches {
            checkout.add(sketch);
        }
        if !sketches.is_empty() {
            checkout.lock();
        }
        checkout
    }

    fn lock(&self) {
        let mut lock = Command::new(cargo());
        lock.args(["generate-lockfile", "--offline"]).current_dir(self.root());
        assert!(lock.output().unwrap().status.success(), "no lock file");
    }

    /// Writes the files of an exercise and its solution.
    pub fn add(&self, sketch: &Sketch<'_>) {
        let Sketch { chapter, number, name, .. } = sketch;
        let exercise = format!("exercises/{chapter}/{number}-{name}");
        let solution = format!("solutions/{chapter}/{number}-{name}");
        let underscored = name.replace('-', "_");
        let file = |path: &str, text: &str| self.write(path, text);
        let title = format!("{}{}", name[..1].to_uppercase(), &name[1..]);
        file(
            &format!("{exercise}/Cargo.toml"),
            &format!(
                "[package]\nname = \"{name}\"\nversion.workspace = true\nedition.workspace = true\n\n[package.metadata.exercise]\ndifficulty = 1\nminutes = 5\n\n[lib]\ntest = false\ndoctest = false\n\n[lints.rust]\nunused = {{ level = \"allow\", priority = -1 }}\n"
            ),
        );
        file(
            &format!("{exercise}/README.md"),
            &format!(
                "# {title}\n\nMake `src/lib.rs` of the **{name}** pass.\n\n```rust\nlet all = the_tests();\n```\n\n- first\n- second\n"
            ),
        );
        file(
            &format!("{exercise}/hints.md"),
            &format!(
                "# Hints\n\n## 1\n\nThe gentle hint of {name}.\n\n## 2\n\nThe plain hint of {name}.\n"
            ),
        );
        file(&format!("{exercise}/src/lib.rs"), sketch.stub);
        file(&format!("{exercise}/tests/{underscored}.rs"), sketch.tests);
        file(
            &format!("{solution}/Cargo.toml"),
            &format!(
                "[package]\nname = \"{name}-solution\"\nversion.workspace = true\nedition.workspace = true\n\n[lib]\ntest = false\ndoctest = false\n\n[lints]\nworkspace = true\n"
            ),
        );
        file(
            &format!("{solution}/README.md"),
            &format!("# {title}\n\nThe discussion of {name}.\n"),
        );
        file(&format!("{solution}/src/lib.rs"), sketch.solution);
        file(&format!("{solution}/stub.rs"), sketch.stub);
        file(
            &format!("{solution}/tests/{underscored}.rs"),
            &format!(
                "//! The exercise's tests, against the solution.\nextern crate {underscored}_solution as {underscored};\n#[path = \"../../../../{exercise}/tests/{underscored}.rs\"]\nmod tests;\n"
            ),
        );
        for (slug, text) in sketch.wrong {
            file(&format!("{solution}/wrong/{slug}.rs"), text);
        }
    }

    /// The checkout's top folder.
    pub fn root(&self) -> &Path {
        self.dir.path()
    }

    /// A file of the checkout.
    pub fn path(&self, path: &str) -> PathBuf {
        self.root().join(path)
    }

    /// Writes a file, and the folders above it.
    pub fn write(&self, path: &str, text: &str) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// A file's text.
    pub fn read(&self, path: &str) -> String {
        fs::read_to_string(self.path(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    /// Runs git, which must succeed.
    pub fn git(&self, arguments: &[&str]) {
        let output = Command::new("git")
            .args(["-c", "user.name=Ada", "-c", "user.email=ada@example.org"])
            .args(arguments)
            .current_dir(self.root())
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .output()
            .unwrap();
        assert!(output.status.success(), "git {arguments:?}: {output:?}");
    }

    /// Commits everything.
    pub fn commit(&self) {
        self.git(&["init", "--quiet"]);
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--message", "As it is"]);
    }

    /// `cargo learn ARGUMENTS`, not yet run.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_exercise-runner"));
        command.args(arguments).current_dir(self.root());
        command
    }

    /// `cargo learn ARGUMENTS`, run to its end.
    pub fn learn(&self, arguments: &[&str]) -> Answer {
        Answer::of(&self.command(arguments).output().unwrap())
    }
}

/// What a command printed, and its exit code.
pub struct Answer {
    pub out: String,
    pub err: String,
    pub code: Option<i32>,
}

impl Answer {
    pub fn of(output: &Output) -> Self {
        Self {
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
            code: output.status.code(),
        }
    }

    /// Fails unless this is the exit code.
    #[track_caller]
    pub fn exits(self, code: i32) -> Self {
        assert_eq!(
            self.code,
            Some(code),
            "expected exit code {code}\n--- stdout\n{}\n--- stderr\n{}",
            self.out,
            self.err
        );
        self
    }

    /// Fails unless standard output holds `text`.
    #[track_caller]
    pub fn says(self, text: &str) -> Self {
        assert!(
            self.out.contains(text),
            "expected {text:?} in\n{}\n--- stderr\n{}",
            self.out,
            self.err
        );
        self
    }

    /// Fails if standard output holds `text`.
    #[track_caller]
    pub fn keeps_quiet_about(self, text: &str) -> Self {
        assert!(!self.out.contains(text), "did not expect {text:?} in\n{}", self.out);
        self
    }

    /// Fails unless standard error holds `text`.
    #[track_caller]
    pub fn complains(self, text: &str) -> Self {
        assert!(
            self.err.contains(text),
            "expected {text:?} on standard error, found\n{}",
            self.err
        );
        self
    }
}

/// The Cargo that runs the tests.
pub fn cargo() -> std::ffi::OsString {
    std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}

/// A program that is killed when its test is over.
pub struct Running(pub std::process::Child);

impl Running {
    /// Starts it.
    pub fn start(command: &mut Command) -> Self {
        Self(command.spawn().unwrap())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.0.kill();
    }
}
