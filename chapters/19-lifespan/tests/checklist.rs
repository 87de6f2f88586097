//! The checklist names tests that exist.

use std::fs;
use std::path::Path;

#[test]
fn every_test_that_the_checklist_names_exists() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let checklist = fs::read_to_string(here.join("CHECKLIST.md")).unwrap();
    let mut code = String::new();
    for folder in ["tests/life", "../17-gateway/tests", "../18-http-server/tests/server"] {
        for file in fs::read_dir(here.join(folder)).unwrap() {
            let path = file.unwrap().path();
            if path.extension().is_some_and(|extension| extension == "rs") {
                code.push_str(&fs::read_to_string(path).unwrap());
            }
        }
    }
    let in_backticks = checklist.split('`').skip(1).step_by(2);
    let names: Vec<_> = in_backticks.filter(|name| name.matches('_').count() > 2).collect();
    assert!(names.len() > 40, "the checklist names tests: {names:?}");
    for name in names {
        let place = format!("fn {name}(");
        assert!(code.contains(&place), "CHECKLIST.md names a test that is not there: {name}");
    }
}
