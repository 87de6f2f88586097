//! The book of this checkout: it builds, and everything in it fits.

use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;

use book_builder::problem;
use book_builder::site::Site;
use book_builder::{check, record};
use catalogue::Tree;

fn site() -> Arc<Site> {
    let root = Tree::find(Path::new(env!("CARGO_MANIFEST_DIR"))).unwrap().root;
    Arc::new(Site::read(&root, |_| None).unwrap())
}

#[test]
fn every_page_listing_link_and_exercise_fits() {
    let problems = check::still(&site()).unwrap_or_else(|error| panic!("\n{error}"));
    assert!(problems.is_empty(), "\n{}", problem::report(&problems));
}

#[test]
fn every_recorded_output_is_what_the_programs_print() {
    let report = record::check(&site()).unwrap();
    // Not by `eprint!`, which a passing test keeps to itself: what was skipped must be seen.
    write!(io::stderr(), "{}", report.notes()).unwrap();
    assert!(report.problems.is_empty(), "\n{}", problem::report(&report.problems));
}
