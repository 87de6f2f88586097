//! Every package alone builds the third-party crates that the whole workspace builds.
//!
//! Cargo unifies features among the packages that a command names. Where `cargo test -p exhibition` asks for fewer features
//! of `mio` than `cargo test` does, it builds a second `mio` and a second Tokio, and the reader waits.
//! So manifests name features that their package has no use for: the pins. This test finds the ones that are missing.
//!
//! It asks `cargo tree`, which resolves features and builds nothing. What is really built again shows so:
//! `cargo test --no-run`, then `cargo test -p NAME --no-run --message-format json`,
//! and look for artifacts outside of this repository with `"fresh":false`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A crate with its version, and its features as Cargo prints them.
type Built = (String, String);

/// Which edges of the tree to follow: of the package alone, and of the workspace in a bare `cargo test`.
const EDGES: [(&str, &str); 3] = [
    // What the test programs consist of.
    ("normal,dev,no-proc-macro", "normal,dev,no-proc-macro"),
    // What is built, macros and build scripts included.
    ("normal,build,dev", "normal,build,dev"),
    // The same for `cargo run` of a package with a program, which leaves development dependencies out.
    ("normal,build", "normal,build,dev"),
];

/// What `cargo tree` prints, each line in two halves at the bar.
fn tree(arguments: &[&str]) -> Vec<(String, String)> {
    let output = Command::new(env!("CARGO"))
        .args(["tree", "--frozen", "--no-dedupe", "--prefix=none"])
        .args(["--format={p}|{f}"])
        .args(arguments)
        // At the workspace's top, where a command without `-p` means the default members.
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
        .output()
        .expect("cargo runs these tests, so it can run again");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "cargo tree failed:\n{errors}");
    String::from_utf8(output.stdout)
        .expect("names of packages and features are UTF-8")
        .lines()
        .filter_map(|line| line.split_once('|'))
        .map(|(package, features)| (package.to_owned(), features.to_owned()))
        .collect()
}

/// The third-party crates in a tree. Cargo prints the folder behind the name of a package of this repository.
fn built(edges: &str, arguments: &[&str]) -> BTreeSet<Built> {
    let arguments = [&["--edges", edges], arguments].concat();
    tree(&arguments)
        .into_iter()
        .map(|(package, features)| (package.replace(" (proc-macro)", ""), features))
        .filter(|(package, _)| !package.contains('('))
        .collect()
}

/// The packages of this repository, with their folders.
fn members() -> Vec<(String, PathBuf)> {
    tree(&["--workspace", "--depth=0"])
        .into_iter()
        .filter_map(|(package, _)| {
            let (name, _) = package.split_once(' ')?;
            let (_, folder) = package.split_once('(')?;
            Some((name.to_owned(), PathBuf::from(folder.trim_end_matches(')'))))
        })
        .collect()
}

/// The parts of a manifest that name dependencies: packages where they are equal have the same tree.
fn dependencies(folder: &Path) -> String {
    let manifest = fs::read_to_string(folder.join("Cargo.toml")).expect("a member has a manifest");
    let mut wanted = false;
    let lines = manifest.lines().filter(|line| {
        if line.starts_with('[') {
            wanted = line.contains("dependencies");
        }
        wanted && !line.is_empty()
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn a_package_alone_builds_the_crates_that_the_workspace_builds() {
    let members = members();
    assert!(members.len() > 3, "cargo tree lists the members: {members:?}");
    let mut one_of_each = BTreeMap::new();
    for (name, folder) in &members {
        let program = folder.join("src/main.rs").is_file();
        one_of_each.entry((program, dependencies(folder))).or_insert(name);
    }

    let together = EDGES.map(|(_, edges)| built(edges, &[]));
    assert!(
        together[1].iter().any(|(package, _)| package.starts_with("tokio-macros v")),
        "cargo tree lists what is built: {together:?}"
    );

    let mut differences = BTreeSet::new();
    for ((program, _), name) in one_of_each {
        let commands = if program { 3 } else { 2 };
        for ((edges, _), together) in EDGES.into_iter().zip(&together).take(commands) {
            for (package, alone) in built(edges, &["-p", name]).difference(together) {
                let mut line =
                    format!("`{name}` alone builds {package} with [{alone}]; together it is built");
                for (_, features) in together.iter().filter(|(other, _)| other == package) {
                    write!(line, " with [{features}]").expect("a string can be written to");
                }
                differences.insert(line);
            }
        }
    }
    assert!(
        differences.is_empty(),
        "{}\nName the missing features in exercises/proctor/Cargo.toml if the crate stands under Tokio, \
         in exercises/interleavings/Cargo.toml if it stands under Shuttle, \
         in exercises/memory-model/Cargo.toml if it stands under loom, \
         else in exercises/proctor/pins/Cargo.toml; the package must depend on that one.",
        differences.into_iter().collect::<Vec<_>>().join("\n")
    );
}
