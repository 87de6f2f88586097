//! A checklist names tests that exist.

use std::fs;
use std::path::Path;

/// Paths are from this package's folder. The checklist names at least so many tests, or it was not read as it is written.
pub fn exist(checklist: &str, folders: &[&str], at_least: usize) {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = fs::read_to_string(here.join(checklist)).unwrap();
    let mut code = String::new();
    for folder in folders {
        for file in fs::read_dir(here.join(folder)).unwrap() {
            let path = file.unwrap().path();
            if path.extension().is_some_and(|extension| extension == "rs") {
                code.push_str(&fs::read_to_string(path).unwrap());
            }
        }
    }
    let in_backticks = text.split('`').skip(1).step_by(2);
    let names: Vec<_> = in_backticks.filter(|name| name.matches('_').count() > 2).collect();
    assert!(names.len() >= at_least, "{checklist} names tests: {names:?}");
    for name in names {
        let place = format!("fn {name}(");
        assert!(code.contains(&place), "{checklist} names a test that is not there: {name}");
    }
}
