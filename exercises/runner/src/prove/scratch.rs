//! Writes the workspace in which everything is proved: for each exercise a package with its stub, and one with all other answers.
//!
//! A package takes the exercise's own manifest and tests, and one file as its answer,
//! so that what is proved is what a learner has in front of them, whatever they have edited.
//! All packages of an exercise have a library of the same name, which is the one that the tests `use`;
//! Cargo keeps them apart by their packages' names.
//!
//! Answers are many, and a program for each would take most of a proof's time. So the solution and the wrong answers share one:
//! each is a module called as the library is, beside a copy of the tests that finds it under that name.
//! Where that cannot be, as the tests have an allocator, or where one does not compile, each has a package again.
//! The stub has one always, as it must compile without a warning; of the solution clippy says that.
//!
//! A file is written only where it differs, so that the second proof builds only what changed.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use catalogue::{Exercise, Tree};
use toml::{Table, Value};

/// Which answer a package holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// The stub as it is shipped.
    Stub,
    /// The solution, as a learner would paste it.
    Solution,
    /// The wrong answer at this place in [`Exercise::wrong`].
    Wrong(usize),
}

impl Kind {
    /// All answers to an exercise.
    fn of(exercise: &Exercise) -> impl Iterator<Item = Self> {
        [Self::Stub, Self::Solution].into_iter().chain((0..exercise.wrong.len()).map(Self::Wrong))
    }

    /// The file whose content is proved.
    fn answer(&self, exercise: &Exercise) -> PathBuf {
        match self {
            Self::Stub => exercise.stub(),
            Self::Solution => exercise.solution_dir.join("src/lib.rs"),
            Self::Wrong(at) => exercise.wrong[*at].path.clone(),
        }
    }
}

/// An exercise with one answer in it.
#[derive(Debug)]
pub struct Variant<'a> {
    /// The exercise.
    pub exercise: &'a Exercise,
    /// Which answer.
    pub kind: Kind,
    /// The package's folder.
    pub folder: PathBuf,
    /// What the names of its tests begin with in a program that it shares with others; nothing in one of its own.
    pub prefix: String,
}

impl Variant<'_> {
    /// The file whose content is proved.
    pub fn answer(&self) -> PathBuf {
        self.kind.answer(self.exercise)
    }

    /// How the table calls it: `stub`, `solution`, `wrong: spin`.
    pub fn title(&self) -> String {
        match self.kind {
            Kind::Stub => String::from("stub"),
            Kind::Solution => String::from("solution"),
            Kind::Wrong(at) => format!("wrong: {}", self.exercise.wrong[at].name),
        }
    }

    fn package(&self) -> String {
        let name = &self.exercise.name;
        match self.kind {
            Kind::Stub => format!("{name}--stub"),
            Kind::Solution => format!("{name}--solution"),
            Kind::Wrong(at) => format!("{name}--wrong--{}", self.exercise.wrong[at].name),
        }
    }
}

/// Writes the workspace to `folder` and returns what is in its packages.
/// Packages of exercises that are not among `exercises` stay for the next time, but are no members.
/// The answers to those in `apart` have a package each.
///
/// # Errors
///
/// When a manifest cannot be read or a file cannot be written.
pub fn write<'a>(
    tree: &Tree,
    exercises: &[&'a Exercise],
    folder: &Path,
    apart: &BTreeSet<String>,
) -> Result<Vec<Variant<'a>>> {
    let mut variants = Vec::new();
    for exercise in exercises {
        let shared =
            if apart.contains(&exercise.name) { None } else { write_shared(exercise, folder)? };
        for kind in Kind::of(exercise) {
            let mut variant =
                Variant { exercise, kind, folder: PathBuf::new(), prefix: String::new() };
            if let (Some(module), Some(shared)) = (module(&variant.kind), &shared) {
                variant.prefix = format!("{module}::tests::");
                variant.folder.clone_from(shared);
            } else {
                variant.folder = folder.join(variant.package());
                write_package(&variant)?;
            }
            variants.push(variant);
        }
    }

    let root = read_table(&tree.root.join("Cargo.toml"))?;
    let folders: BTreeSet<_> = variants.iter().map(|variant| &variant.folder).collect();
    let members = folders.iter().filter_map(|folder| folder.file_name());
    let members = members.map(|name| name.to_string_lossy().into_owned()).collect();
    let manifest = workspace_manifest(&root, &tree.root, members);
    write_if_changed(&folder.join("Cargo.toml"), &toml::to_string(&manifest)?)?;
    // The versions are the real ones; Cargo adds the packages of this workspace itself.
    let lock = fs::read_to_string(tree.root.join("Cargo.lock"))
        .context("the checkout has no Cargo.lock; run `cargo metadata` to write it")?;
    let copy = folder.join("Cargo.lock.shipped");
    let lock_changed = fs::read_to_string(&copy).ok().as_deref() != Some(&lock);
    if lock_changed || !folder.join("Cargo.lock").exists() {
        fs::write(folder.join("Cargo.lock"), &lock)?;
        fs::write(copy, &lock)?;
    }
    Ok(variants)
}

/// The module of an answer in the program that it shares with others. The stub shares none.
fn module(kind: &Kind) -> Option<String> {
    match kind {
        Kind::Stub => None,
        Kind::Solution => Some(String::from("solution")),
        Kind::Wrong(at) => Some(format!("answer_{at}")),
    }
}

/// Writes the package that all answers to an exercise share, and returns its folder. None if they cannot share one.
fn write_shared(exercise: &Exercise, folder: &Path) -> Result<Option<PathBuf>> {
    let manifest_path = exercise.dir.join("Cargo.toml");
    let mut manifest = read_table(&manifest_path)?;
    let tests = test_targets(&manifest, exercise)?;
    let [Value::Table(target)] = &tests[..] else { return Ok(None) };
    let Some(Value::String(path)) = target.get("path") else { return Ok(None) };
    let text = read(Path::new(path))?;
    // There is one allocator in a program; and what has files of its own finds them from where it is.
    let alone = ["global_allocator", "crate::", "\nmod "].iter().any(|word| text.contains(word));
    if alone || fs::read_dir(exercise.dir.join("src"))?.count() > 1 {
        return Ok(None);
    }

    let package = format!("{}--answers", exercise.name);
    let folder = folder.join(&package);
    let library = exercise.name.replace('-', "_");
    let tests = Path::new(path).file_name().unwrap_or_default().to_string_lossy();
    let mut all = String::from("#![allow(warnings)]\n");
    for kind in Kind::of(exercise) {
        let Some(module) = module(&kind) else { continue };
        let files = folder.join("tests").join(&module);
        // Called as they are for a learner: a message may name its file.
        write_if_changed(&files.join("lib.rs"), &read(&kind.answer(exercise))?)?;
        write_if_changed(&files.join(&*tests), &format!("{text}\nuse super::{library};\n"))?;
        let _ = writeln!(
            all,
            "mod {module} {{\n    #[path = \"lib.rs\"]\n    pub mod {library};\n    #[path = {tests:?}]\n    mod tests;\n}}",
        );
    }
    // The statement is the solution's doc, and stands above its folder.
    write_if_changed(&folder.join("tests/README.md"), &read(&exercise.dir.join("README.md"))?)?;
    let answers = folder.join("tests/answers.rs");
    write_if_changed(&answers, &all)?;
    write_if_changed(&folder.join("src/lib.rs"), "")?;

    manifest = package_manifest(manifest, &package, exercise)
        .with_context(|| format!("in {}", manifest_path.display()))?;
    let mut target = target.clone();
    target.insert("path".into(), "tests/answers.rs".into());
    manifest.insert("test".into(), Value::Array(vec![Value::Table(target)]));
    table(&mut manifest, "lib")?.insert("name".into(), "nothing".into());
    manifest.remove("lints");
    write_if_changed(&folder.join("Cargo.toml"), &toml::to_string(&manifest)?)?;
    Ok(Some(folder))
}

fn write_package(variant: &Variant<'_>) -> Result<()> {
    let exercise = variant.exercise;
    let manifest_path = exercise.dir.join("Cargo.toml");
    let manifest = read_table(&manifest_path)?;
    let manifest = package_manifest(manifest, &variant.package(), exercise)
        .with_context(|| format!("in {}", manifest_path.display()))?;
    write_if_changed(&variant.folder.join("Cargo.toml"), &toml::to_string(&manifest)?)?;

    let answer = variant.answer();
    let text = read(&answer)?;
    let sources = variant.folder.join("src");
    write_if_changed(&sources.join("lib.rs"), &text)?;
    // The answer is one file; other files of the crate, and the statement that is its doc, come along.
    copy_others(&exercise.dir.join("src"), &sources)?;
    let statement = exercise.dir.join("README.md");
    write_if_changed(&variant.folder.join("README.md"), &fs::read_to_string(statement)?)
}

fn copy_others(from: &Path, to: &Path) -> Result<()> {
    let mut kept = BTreeSet::from([PathBuf::from("lib.rs")]);
    for entry in fs::read_dir(from)? {
        let path = entry?.path();
        let name = PathBuf::from(path.file_name().unwrap_or_default());
        if name == Path::new("lib.rs") {
            continue;
        }
        if path.is_dir() {
            copy_others(&path, &to.join(&name))?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            write_if_changed(&to.join(&name), &fs::read_to_string(&path)?)?;
        }
        kept.insert(name);
    }
    if to.is_dir() {
        for entry in fs::read_dir(to)? {
            let path = entry?.path();
            if path.is_file() && !kept.contains(Path::new(path.file_name().unwrap_or_default())) {
                fs::remove_file(path)?;
            }
        }
    }
    Ok(())
}

/// The exercise's manifest, with another name and with its paths made absolute.
fn package_manifest(mut manifest: Table, name: &str, exercise: &Exercise) -> Result<Table> {
    let tests = test_targets(&manifest, exercise)?;
    let package = table(&mut manifest, "package")?;
    package.insert("name".into(), name.into());
    for automatic in ["autobins", "autoexamples", "autotests", "autobenches"] {
        package.insert(automatic.into(), false.into());
    }
    package.remove("metadata");
    package.remove("readme");
    let lib = table(&mut manifest, "lib")?;
    lib.entry("name").or_insert_with(|| exercise.name.replace('-', "_").into());
    lib.remove("path");
    manifest.insert("test".into(), Value::Array(tests));
    for target in ["bin", "example", "bench"] {
        manifest.remove(target);
    }
    absolute_dependencies(&mut manifest, &exercise.dir);
    if let Some(Value::Table(targets)) = manifest.get_mut("target") {
        for (_, target) in targets {
            if let Value::Table(target) = target {
                absolute_dependencies(target, &exercise.dir);
            }
        }
    }
    Ok(manifest)
}

/// The exercise's test files, as targets that point to where they are.
fn test_targets(manifest: &Table, exercise: &Exercise) -> Result<Vec<Value>> {
    let mut targets = Vec::new();
    if let Some(Value::Array(declared)) = manifest.get("test") {
        for target in declared {
            let mut target = target.clone();
            if let Value::Table(target) = &mut target {
                absolute(target, &exercise.dir);
            }
            targets.push(target);
        }
        return Ok(targets);
    }
    let folder = exercise.dir.join("tests");
    let mut files = fs::read_dir(&folder)
        .with_context(|| format!("{} cannot be read", folder.display()))?
        .map(|entry| Ok(entry?.path()))
        .collect::<Result<Vec<_>>>()?;
    files.sort();
    for file in files {
        if file.extension().is_none_or(|extension| extension != "rs") {
            continue;
        }
        let name = file.file_stem().unwrap_or_default().to_string_lossy();
        let mut target = Table::new();
        target.insert("name".into(), name.as_ref().into());
        target.insert("path".into(), file.to_string_lossy().as_ref().into());
        targets.push(Value::Table(target));
    }
    if targets.is_empty() {
        bail!("{} holds no test file", folder.display());
    }
    Ok(targets)
}

/// The scratch workspace's manifest: the real one's versions, lints and profiles.
fn workspace_manifest(root: &Table, root_folder: &Path, members: Vec<String>) -> Table {
    let mut workspace = Table::new();
    if let Some(Value::Table(real)) = root.get("workspace") {
        for key in ["resolver", "package", "dependencies", "lints"] {
            if let Some(value) = real.get(key) {
                workspace.insert(key.into(), value.clone());
            }
        }
    }
    workspace
        .insert("members".into(), Value::Array(members.into_iter().map(Value::from).collect()));
    absolute_dependencies(&mut workspace, root_folder);

    let mut manifest = Table::new();
    let mut profile = match root.get("profile") {
        Some(Value::Table(profile)) => profile.clone(),
        _ => Table::new(),
    };
    // Hundreds of programs are built, run once, and never debugged or built upon.
    if let Value::Table(dev) = profile.entry("dev").or_insert_with(|| Value::Table(Table::new())) {
        dev.insert("debug".into(), false.into());
        dev.insert("incremental".into(), false.into());
    }
    manifest.insert("profile".into(), Value::Table(profile));
    manifest.insert("workspace".into(), Value::Table(workspace));
    if let Some(Value::Table(patch)) = root.get("patch") {
        let mut patch = patch.clone();
        for (_, registry) in &mut patch {
            if let Value::Table(registry) = registry {
                absolute_entries(registry, root_folder);
            }
        }
        manifest.insert("patch".into(), Value::Table(patch));
    }
    manifest
}

fn absolute_dependencies(manifest: &mut Table, folder: &Path) {
    for kind in ["dependencies", "dev-dependencies", "build-dependencies"] {
        if let Some(Value::Table(dependencies)) = manifest.get_mut(kind) {
            absolute_entries(dependencies, folder);
        }
    }
}

fn absolute_entries(entries: &mut Table, folder: &Path) {
    for (_, entry) in entries {
        if let Value::Table(entry) = entry {
            absolute(entry, folder);
        }
    }
}

/// Makes an entry's `path`, which is relative to `folder`, absolute.
fn absolute(entry: &mut Table, folder: &Path) {
    if let Some(Value::String(path)) = entry.get_mut("path") {
        *path = folder.join(&*path).to_string_lossy().into_owned();
    }
}

/// The table called `key`, made where there is none.
fn table<'a>(manifest: &'a mut Table, key: &str) -> Result<&'a mut Table> {
    match manifest.entry(key).or_insert_with(|| Value::Table(Table::new())) {
        Value::Table(table) => Ok(table),
        other => bail!("expected [{key}] to be a table, found {}", other.type_str()),
    }
}

fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("{} cannot be read", path.display()))
}

fn read_table(path: &Path) -> Result<Table> {
    let text = read(path)?;
    toml::from_str(&text).with_context(|| format!("{} is no TOML", path.display()))
}

/// Keeps the file's time where its content stays, so that Cargo builds nothing anew.
fn write_if_changed(path: &Path, text: &str) -> Result<()> {
    if fs::read_to_string(path).ok().as_deref() == Some(text) {
        return Ok(());
    }
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(path, text).with_context(|| format!("{} cannot be written", path.display()))
}
