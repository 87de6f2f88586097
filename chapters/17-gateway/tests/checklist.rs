//! The checklist names tests that exist.

mod named;

#[test]
fn every_test_that_the_checklist_names_exists() {
    named::exist("tests/checklist.md", &["tests"], 31);
}
