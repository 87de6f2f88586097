//! The checklist names tests that exist.

#[path = "../../17-gateway/tests/named/mod.rs"]
mod named;

#[test]
fn every_test_that_the_checklist_names_exists() {
    named::exist("CHECKLIST.md", &["tests", "tests/server"], 80);
}
