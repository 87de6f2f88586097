//! Checks of the tree: what a chapter, an exercise and a wrong answer must have.

use std::fs;
use std::path::Path;

use catalogue::{Chapter, Exercise};

use super::line_of;
use crate::directives::{directive, prose_lines};
use crate::problem::{Problem, slashed};
use crate::site::Site;

const SUMMARY: &str = "book/src/SUMMARY.md";

/// All that is missing.
pub fn check(site: &Site) -> Vec<Problem> {
    let mut problems = site.problems.clone();
    let summary = site.text(Path::new(SUMMARY)).unwrap_or_default();
    for chapter in &site.tree.chapters {
        let line = line_of(&summary, &[format!("({}.md)", chapter.slug)]).unwrap_or(1);
        let dir = chapter.crate_dir();
        match site.packages.in_folder(&dir) {
            Some(package) if package.name != chapter.package => problems.push(Problem::new(
                dir.join("Cargo.toml"),
                1,
                format!(
                    "expected the package to be called `{}` like its chapter, found `{}`",
                    chapter.package, package.name
                ),
            )),
            Some(_) => {}
            None => problems.push(Problem::new(
                SUMMARY,
                line,
                format!("the chapter has no crate: expected {}/Cargo.toml", slashed(&dir)),
            )),
        }
        for exercise in &chapter.exercises {
            problems.extend(of_exercise(site, chapter, exercise));
        }
        problems.extend(leftovers(site, chapter));
    }
    problems
}

fn of_exercise(site: &Site, chapter: &Chapter, exercise: &Exercise) -> Vec<Problem> {
    let mut problems = Vec::new();
    let dir = site.relative(&exercise.dir);
    let solution = site.relative(&exercise.solution_dir);
    let mut missing = |path: &Path, what: &str| {
        if !site.has(path) {
            problems.push(Problem::new(
                dir.join("Cargo.toml"),
                1,
                format!("`{}` has no {what}: expected {}", exercise.name, slashed(path)),
            ));
        }
    };
    missing(site.relative(&exercise.tests()), "tests");
    missing(&solution.join("src/lib.rs"), "solution");
    missing(&solution.join("Cargo.toml"), "solution");
    missing(site.relative(&exercise.stub()), "pristine stub");
    missing(site.relative(&exercise.discussion()), "discussion");

    let tests = site.text(site.relative(&exercise.tests())).unwrap_or_default();
    let discussion = site.text(site.relative(&exercise.discussion())).unwrap_or_default();
    for wrong in &exercise.wrong {
        let path = site.relative(&wrong.path);
        let text = site.text(path).unwrap_or_default();
        let line = line_of(&text, &[String::from("caught by:")]).unwrap_or(1);
        let name = wrong.caught_by.rsplit("::").next().unwrap_or_default();
        if !has_function(&tests, name) {
            problems.push(Problem::new(
                path,
                line,
                format!(
                    "no test is called `{}` in {}",
                    wrong.caught_by,
                    slashed(site.relative(&exercise.tests()))
                ),
            ));
        }
        let shown = count(&discussion, "wrong", &wrong.name);
        if shown != 1 {
            problems.push(Problem::new(
                path,
                1,
                format!(
                    "the discussion shows each wrong answer once, as {{{{#wrong {}}}}}; it shows this one {shown} times",
                    wrong.name
                ),
            ));
        }
    }
    let page = site.text(&chapter.prose()).unwrap_or_default();
    let cards = count(&page, "exercise", &exercise.name);
    if !page.is_empty() && cards != 1 {
        problems.push(Problem::new(
            chapter.prose(),
            1,
            format!(
                "a chapter shows each of its exercises once, as {{{{#exercise {}}}}}; this one stands here {cards} times",
                exercise.name
            ),
        ));
    }
    problems
}

/// How often a page has a directive with this argument.
fn count(markdown: &str, name: &str, argument: &str) -> usize {
    prose_lines(markdown)
        .filter_map(|(_, _, line)| directive(line))
        .filter(|found| found.name == name && found.arguments == argument)
        .count()
}

/// Whether a test file has `fn NAME(`.
fn has_function(text: &str, name: &str) -> bool {
    text.match_indices("fn ").any(|(at, keyword)| {
        text[at + keyword.len()..]
            .trim_start()
            .strip_prefix(name)
            .is_some_and(|rest| rest.trim_start().starts_with(['(', '<']))
    })
}

/// Recorded files that no recording writes any more.
fn leftovers(site: &Site, chapter: &Chapter) -> Vec<Problem> {
    let dir = chapter.crate_dir();
    let recordings = site.recordings.get(&dir);
    let all = || recordings.iter().flat_map(|recordings| &recordings.list);
    let mut problems = Vec::new();
    for folder in ["recorded", "figures"] {
        for entry in
            fs::read_dir(site.root().join(&dir).join(folder)).into_iter().flatten().flatten()
        {
            let path = dir.join(folder).join(entry.file_name());
            let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            let known = match folder {
                "recorded" => all().any(|recording| recording.name == stem),
                _ => all().any(|recording| recording.figures.contains(&stem)),
            };
            if !known {
                problems.push(Problem::new(
                    path,
                    1,
                    "no recording of the chapter writes this file; remove it",
                ));
            }
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{EXERCISE, Fixture, PROSE, SOLUTION};

    fn problems(fixture: &Fixture) -> Vec<String> {
        check(&fixture.site()).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_chapter_without_crate_is_named_where_the_summary_has_it() {
        let fixture = Fixture::new();
        fixture.remove("chapters/01-waiting/Cargo.toml");
        assert_eq!(
            problems(&fixture),
            [
                "book/src/SUMMARY.md:7: the chapter has no crate: expected chapters/01-waiting/Cargo.toml"
            ]
        );
    }

    #[test]
    fn an_exercise_needs_solution_stub_discussion_and_tests() {
        let fixture = Fixture::new();
        fixture
            .remove(&format!("{SOLUTION}/src/lib.rs"))
            .remove(&format!("{SOLUTION}/stub.rs"))
            .remove(&format!("{EXERCISE}/tests/teapot.rs"));
        let found = problems(&fixture).join("\n");
        for part in [
            "has no tests: expected exercises/01-waiting/1-teapot/tests/teapot.rs",
            "has no solution: expected solutions/01-waiting/1-teapot/src/lib.rs",
            "has no pristine stub: expected solutions/01-waiting/1-teapot/stub.rs",
            "upside-down.rs:3: no test is called `pours`",
        ] {
            assert!(found.contains(part), "{part}\n{found}");
        }
    }

    #[test]
    fn a_wrong_answer_names_a_test_that_exists_and_is_shown_once() {
        let fixture = Fixture::new();
        fixture
            .write(
                &format!("{EXERCISE}/tests/teapot.rs"),
                "#[test]\nfn pours_slowly() { teapot::pour() }\n",
            )
            .write(&format!("{SOLUTION}/README.md"), "# Teapot\n\nTilt it.\n");
        let found = problems(&fixture);
        assert_eq!(found.len(), 2, "{found:#?}");
        assert!(found[0].contains("upside-down.rs:3: no test is called `pours` in exercises/"));
        assert!(found[1].contains("upside-down.rs:1: the discussion shows each wrong answer once"));
    }

    #[test]
    fn an_exercise_has_its_card_in_the_chapter() {
        let fixture = Fixture::new();
        fixture.write(PROSE, "# Waiting\n");
        let found = problems(&fixture);
        assert!(found[0].contains("{{#exercise teapot}}"), "{found:?}");
    }

    #[test]
    fn what_no_recording_writes_is_a_leftover() {
        let fixture = Fixture::new();
        fixture.write("chapters/01-waiting/recorded/tea.txt", "x");
        assert!(problems(&fixture)[0].contains("recorded/tea.txt:1: no recording"));
    }

    #[test]
    fn a_function_is_found_by_its_whole_name() {
        assert!(has_function("    async fn pours() {", "pours"));
        assert!(!has_function("fn pours_slowly() {", "pours"));
    }
}
