//! The workspace's packages and what can be run of them, read from their manifests.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::problem::Problem;

/// The folders that hold packages, as in the workspace's manifest; a `*` stands for any folder.
const PLACES: &[&str] = &["book/*", "chapters/*", "exercises/*", "exercises/*/*", "solutions/*/*"];

/// One package.
#[derive(Debug, Clone)]
pub struct Package {
    /// Its name.
    pub name: String,
    /// Its folder, relative to the checkout.
    pub dir: PathBuf,
    /// Its examples, steps among them, in order of name.
    pub examples: Vec<Example>,
    /// Its programs, in order of name.
    pub programs: Vec<String>,
}

/// One example of a package.
#[derive(Debug, Clone)]
pub struct Example {
    /// Its name, as in `cargo run --example NAME`.
    pub name: String,
    /// Its file, relative to the checkout.
    pub path: PathBuf,
}

/// All packages by name.
#[derive(Debug, Clone, Default)]
pub struct Packages(BTreeMap<String, Package>);

impl Packages {
    /// Reads the manifests below `root`. What cannot be read becomes a problem.
    pub fn read(root: &Path, problems: &mut Vec<Problem>) -> Self {
        let mut packages = BTreeMap::new();
        for place in PLACES {
            for dir in folders(root, place) {
                let manifest = dir.join("Cargo.toml");
                let Ok(text) = fs::read_to_string(root.join(&manifest)) else {
                    continue;
                };
                match toml::from_str::<Manifest>(&text) {
                    Ok(parsed) => {
                        let package = package(root, dir, parsed);
                        packages.insert(package.name.clone(), package);
                    }
                    Err(error) => {
                        let at = error.span().map_or(0, |span| span.start);
                        problems.push(Problem::new(manifest, line_at(&text, at), error.message()));
                    }
                }
            }
        }
        Self(packages)
    }

    /// The package called `name`.
    pub fn get(&self, name: &str) -> Option<&Package> {
        self.0.get(name)
    }

    /// The package in `dir`, a folder relative to the checkout.
    pub fn in_folder(&self, dir: &Path) -> Option<&Package> {
        self.0.values().find(|package| package.dir == dir)
    }
}

impl Package {
    /// The example called `name`.
    pub fn example(&self, name: &str) -> Option<&Example> {
        self.examples.iter().find(|example| example.name == name)
    }
}

/// The line, counted from 1, that holds byte `at` of `text`.
pub fn line_at(text: &str, at: usize) -> usize {
    let at = at.min(text.len());
    1 + text[..text.floor_char_boundary(at)].matches('\n').count()
}

#[derive(Deserialize)]
struct Manifest {
    package: Name,
    #[serde(default)]
    example: Vec<Target>,
    #[serde(default)]
    bin: Vec<Target>,
}

#[derive(Deserialize)]
struct Name {
    name: String,
}

#[derive(Deserialize)]
struct Target {
    name: String,
    path: Option<PathBuf>,
}

fn package(root: &Path, dir: PathBuf, manifest: Manifest) -> Package {
    let mut examples: BTreeMap<String, PathBuf> = sources(root, &dir.join("examples"));
    for target in manifest.example {
        let path = target.path.map_or_else(
            || dir.join("examples").join(format!("{}.rs", target.name)),
            |path| dir.join(path),
        );
        examples.retain(|_, other| *other != path);
        examples.insert(target.name, path);
    }
    let mut programs: BTreeMap<String, PathBuf> = sources(root, &dir.join("src/bin"));
    programs.extend(manifest.bin.into_iter().map(|target| (target.name, PathBuf::new())));
    if root.join(&dir).join("src/main.rs").is_file() {
        programs.insert(manifest.package.name.clone(), PathBuf::new());
    }
    Package {
        name: manifest.package.name,
        examples: examples.into_iter().map(|(name, path)| Example { name, path }).collect(),
        programs: programs.into_keys().collect(),
        dir,
    }
}

/// What Cargo finds by itself in a folder of programs: `NAME.rs` and `NAME/main.rs`.
fn sources(root: &Path, folder: &Path) -> BTreeMap<String, PathBuf> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(root.join(folder)).into_iter().flatten().flatten() {
        let file_name = entry.file_name().to_string_lossy().into_owned();
        if let Some(name) = file_name.strip_suffix(".rs") {
            found.insert(name.to_owned(), folder.join(&file_name));
        } else if entry.path().join("main.rs").is_file() {
            let path = folder.join(&file_name).join("main.rs");
            found.insert(file_name, path);
        }
    }
    found
}

/// The folders that a pattern names, relative to `root` and in order of name.
fn folders(root: &Path, pattern: &str) -> Vec<PathBuf> {
    let mut found = vec![PathBuf::new()];
    for part in pattern.split('/') {
        found = found
            .into_iter()
            .flat_map(|dir| {
                if part != "*" {
                    return vec![dir.join(part)];
                }
                let mut inner: Vec<_> = fs::read_dir(root.join(&dir))
                    .into_iter()
                    .flatten()
                    .flatten()
                    .filter(|entry| entry.path().is_dir())
                    .map(|entry| dir.join(entry.file_name()))
                    .collect();
                inner.sort();
                inner
            })
            .collect();
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::Fixture;

    #[test]
    fn examples_are_those_that_cargo_finds_and_those_that_the_manifest_names() {
        let fixture = Fixture::new();
        fixture
            .write(
                "chapters/01-waiting/Cargo.toml",
                "[package]\nname = \"waiting\"\n\n[[example]]\nname = \"first_try\"\npath = \"steps/first_try.rs\"\n",
            )
            .write("chapters/01-waiting/examples/echo.rs", "fn main() {}\n")
            .write("chapters/01-waiting/examples/site/main.rs", "fn main() {}\n")
            .write("chapters/01-waiting/steps/first_try.rs", "fn main() {}\n");
        let mut problems = Vec::new();
        let packages = Packages::read(fixture.root(), &mut problems);
        assert_eq!(problems, []);
        let waiting = packages.get("waiting").unwrap();
        let names: Vec<_> = waiting.examples.iter().map(|e| &*e.name).collect();
        assert_eq!(names, ["echo", "first_try", "site"]);
        assert_eq!(
            waiting.example("site").unwrap().path,
            Path::new("chapters/01-waiting/examples/site/main.rs")
        );
    }

    #[test]
    fn a_broken_manifest_is_a_problem_with_its_line() {
        let fixture = Fixture::new();
        fixture.write("chapters/x/Cargo.toml", "[package]\nname = 3\n");
        let mut problems = Vec::new();
        Packages::read(fixture.root(), &mut problems);
        assert_eq!(problems.len(), 1);
        assert_eq!(problems[0].line, 2, "{}", problems[0]);
    }
}
