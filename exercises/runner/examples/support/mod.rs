//! What the example programs share: a copy of the checkout to work in, and the program under test.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use catalogue::Tree;

/// A copy of this checkout, with every exercise as it is shipped.
pub struct Copy {
    _folder: tempfile::TempDir,
    /// The copy's chapters and exercises.
    pub tree: Tree,
    /// `cargo learn`, built from this checkout.
    pub learn: PathBuf,
}

impl Copy {
    /// Makes the copy. What was built in this checkout's `target/learn` is used again.
    pub fn new() -> Result<Self> {
        let real = Tree::find(&std::env::current_dir()?.canonicalize()?)?.root;
        let folder = tempfile::tempdir()?;
        let root = folder.path().canonicalize()?;
        for entry in fs::read_dir(&real)? {
            let name = entry?.file_name();
            if !["target", ".git", ".learn"].iter().any(|left_out| name == *left_out) {
                copy(&real.join(&name), &root.join(&name))?;
            }
        }
        fs::create_dir_all(real.join("target/learn"))?;
        fs::create_dir(root.join("target"))?;
        #[cfg(unix)]
        std::os::unix::fs::symlink(real.join("target/learn"), root.join("target/learn"))?;

        let tree = Tree::read(&root)?;
        for (_, exercise) in tree.exercises() {
            fs::copy(exercise.stub(), exercise.answer())
                .with_context(|| format!("{} has no stub", exercise.name))?;
        }
        Ok(Self { _folder: folder, tree, learn: build(&real)? })
    }
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    if !from.is_dir() {
        fs::copy(from, to)?;
        return Ok(());
    }
    fs::create_dir(to)?;
    for entry in fs::read_dir(from)? {
        let name = entry?.file_name();
        if name != "node_modules" && name != "dist" && name != "__pycache__" {
            copy(&from.join(&name), &to.join(&name))?;
        }
    }
    Ok(())
}

/// Builds `cargo learn`, and says where it is: beside the folder that holds this example.
fn build(root: &Path) -> Result<PathBuf> {
    let status = catalogue::cargo()
        .args(["build", "--quiet", "--package", "exercise-runner", "--bin", "exercise-runner"])
        .current_dir(root)
        .status()?;
    ensure!(status.success(), "cargo learn cannot be built");
    let mut program = std::env::current_exe()?;
    program.pop();
    program.pop();
    program.push(format!("exercise-runner{}", std::env::consts::EXE_SUFFIX));
    ensure!(program.is_file(), "expected {} to be there", program.display());
    Ok(program)
}
