//! The checklist names tests that exist.

#[path = "../../17-gateway/tests/named/mod.rs"]
mod named;

#[test]
fn every_test_that_the_checklist_names_exists() {
    let folders = [
        "tests",
        "tests/tidepool",
        "src/cli",
        "src/files",
        "src/log",
        "src/reload",
        "src/supervise",
    ];
    named::exist("CHECKLIST.md", &folders, 60);
}
