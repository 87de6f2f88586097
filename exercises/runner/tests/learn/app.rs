//! What happens when: the state of a watch, without a terminal and without Cargo.

use std::path::PathBuf;
use std::time::Duration;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use exercise_runner::progress::{State, fingerprint};
use exercise_runner::session::Session;
use exercise_runner::text::Palette;
use exercise_runner::trial::{Stage, Verdict};
use exercise_runner::watch::app::{App, Effect, Input, View};

use crate::common::{ADDER, Checkout, DOUBLER, HALVER, Sketch};

const ALL: [Sketch<'_>; 3] = [ADDER, DOUBLER, HALVER];
const PASSED: Verdict = Verdict::Passed { tests: 2 };

fn session(checkout: &Checkout) -> Session {
    Session::open(checkout.root(), Duration::from_secs(20), Palette::new(true)).unwrap()
}

fn app(checkout: &Checkout) -> App {
    App::new(session(checkout), None).unwrap()
}

fn failed() -> Verdict {
    Verdict::NotCompiled { first: String::from("error"), errors: 1 }
}

fn press(app: &mut App, key: char) -> Vec<Effect> {
    app.answer(Input::Key(KeyEvent::new(KeyCode::Char(key), KeyModifiers::NONE)))
}

/// The trial that these effects ask for, and its exercise.
fn tried(effects: &[Effect]) -> (u64, usize) {
    match effects {
        [Effect::Try(trial, exercise)] => (*trial, *exercise),
        other => panic!("expected one trial, found {other:?}"),
    }
}

/// Writes an exercise's answer, and tells the watch.
fn save(checkout: &Checkout, app: &mut App, exercise: usize, text: &str) -> Vec<Effect> {
    let file = app.exercises[exercise].1.answer();
    checkout.write(file.to_str().unwrap(), text);
    app.answer(Input::Saved(vec![file]))
}

/// Notes exercises as solved, as they are.
fn solved(checkout: &Checkout, names: &[&str]) {
    let session = session(checkout);
    for name in names {
        let exercise = session.tree.exercise(name).unwrap().1;
        session.note(exercise, &fingerprint(exercise), &PASSED).unwrap();
    }
}

#[test]
fn a_save_is_tried_once_however_often_it_is_told() {
    let checkout = Checkout::new(&ALL);
    let mut app = app(&checkout);
    let (first, _) = tried(&app.begin());
    let (second, exercise) = tried(&save(&checkout, &mut app, 0, "fn one() {}"));
    assert!(second > first);
    assert_eq!(exercise, 0);

    let file = app.exercises[0].1.answer();
    assert_eq!(app.answer(Input::Saved(vec![file.clone()])), []);
    app.answer(Input::Judged(second, Ok(failed())));
    assert_eq!(app.answer(Input::Saved(vec![file])), [], "told late");
    tried(&save(&checkout, &mut app, 0, "fn another() {}"));
}

#[test]
fn files_that_no_test_depends_on_are_not_tried() {
    let checkout = Checkout::new(&ALL);
    let mut app = app(&checkout);
    let (trial, _) = tried(&app.begin());
    app.answer(Input::Judged(trial, Ok(failed())));
    let folder = app.exercises[0].1.dir.clone();
    for name in ["README.md", "src/.#lib.rs", "src/lib.rs~", "src/4913", "target/x.rs"] {
        let file = folder.join(name);
        checkout.write(file.to_str().unwrap(), "text");
        assert_eq!(app.answer(Input::Saved(vec![file])), [], "{name}");
    }
    let tests = folder.join("tests/adder.rs");
    checkout.write(tests.to_str().unwrap(), "// other tests\n");
    tried(&app.answer(Input::Saved(vec![PathBuf::from("/elsewhere"), tests])));
}

#[test]
fn the_verdict_on_an_older_save_is_not_shown() {
    let checkout = Checkout::new(&ALL);
    let mut app = app(&checkout);
    let (first, _) = tried(&app.begin());
    let (second, _) = tried(&save(&checkout, &mut app, 0, "fn one() {}"));
    assert_eq!(app.answer(Input::Judged(first, Ok(PASSED))), []);
    app.answer(Input::Stage(first, Stage::Running));
    assert_eq!(app.under_way.unwrap().stage, Stage::Building(0));
    assert_eq!((app.at, app.state(0)), (0, State::Open));
    tried(&app.answer(Input::Judged(second, Ok(PASSED))));
    assert_eq!((app.at, app.state(0)), (1, State::Solved));
}

#[test]
fn passing_leads_to_the_next_open_exercise_also_to_one_before() {
    let checkout = Checkout::new(&ALL);
    solved(&checkout, &["doubler"]);
    let mut app = app(&checkout);
    app.begin();
    let (trial, exercise) = tried(&press(&mut app, 'n'));
    assert_eq!(exercise, 2, "the solved one is passed over");
    let (trial, exercise) = tried(&app.answer(Input::Judged(trial, Ok(PASSED))));
    assert_eq!(exercise, 0);
    assert_eq!(app.banner, Some((2, 2)));
    assert_eq!(app.answer(Input::Judged(trial, Ok(PASSED))), []);
    assert!(app.finished());
    assert_eq!(press(&mut app, 'n'), []);
    assert_eq!(app.notice.as_deref(), Some("No other exercise is left to solve."));
}

#[test]
fn solved_exercises_that_changed_are_tried_when_there_is_time() {
    let in_the_second_part = Sketch { chapter: "03-three", ..HALVER };
    let checkout = Checkout::new(&[ADDER, DOUBLER, in_the_second_part]);
    solved(&checkout, &["doubler", "halver"]);
    checkout.write("exercises/01-one/2-doubler/src/lib.rs", "// changed\n");
    let mut app = app(&checkout);
    let (trial, exercise) = tried(&app.begin());
    assert_eq!(exercise, 0, "what the learner is at comes first");
    let (trial, exercise) = tried(&app.answer(Input::Judged(trial, Ok(failed()))));
    assert_eq!(exercise, 1);

    // A save comes before it, and it is not forgotten.
    let (saved, exercise) = tried(&save(&checkout, &mut app, 0, "fn one() {}"));
    assert_eq!(exercise, 0);
    app.answer(Input::Judged(trial, Ok(PASSED)));
    assert_eq!(app.state(1), State::Changed, "it was cancelled");
    let (trial, exercise) = tried(&app.answer(Input::Judged(saved, Ok(failed()))));
    assert_eq!(exercise, 1);
    app.answer(Input::Judged(trial, Ok(failed())));
    assert_eq!((app.at, app.state(1)), (0, State::Broken));
    assert_eq!(app.notice.as_deref(), Some("doubler was solved, and is broken now."));
    assert_eq!(app.counts(), [(1, 3), (0, 2)], "of the book, and of the first part");
}

#[test]
fn an_open_exercise_that_is_solved_elsewhere_is_noted() {
    let checkout = Checkout::new(&ALL);
    let mut app = app(&checkout);
    let (trial, _) = tried(&app.begin());
    assert_eq!(save(&checkout, &mut app, 2, "// answer\n"), [], "another is under way");
    let (trial, exercise) = tried(&app.answer(Input::Judged(trial, Ok(failed()))));
    assert_eq!(exercise, 2);
    app.answer(Input::Judged(trial, Ok(PASSED)));
    assert_eq!((app.at, app.state(2)), (0, State::Solved));
    assert_eq!(app.notice.as_deref(), Some("halver is solved, too."));
}

#[test]
fn what_says_nothing_about_the_answer_breaks_nothing() {
    let checkout = Checkout::new(&ALL);
    solved(&checkout, &["adder"]);
    let mut app = App::new(session(&checkout), Some("adder")).unwrap();
    let (trial, _) = tried(&app.begin());
    let said = String::from("no space left on device");
    app.answer(Input::Judged(trial, Ok(Verdict::NotBuilt { said })));
    assert_eq!(app.state(0), State::Solved);
    let (trial, _) = tried(&press(&mut app, 't'));
    app.answer(Input::Judged(trial, Err(anyhow::anyhow!("Cargo cannot be started"))));
    assert_eq!(app.state(0), State::Solved);
    assert!(matches!(
        &app.verdicts[0],
        Some(Verdict::NotBuilt { said }) if said == "Cargo cannot be started"
    ));
    // Chosen although it is solved: when it passes, it stays.
    let (trial, _) = tried(&press(&mut app, 't'));
    assert_eq!(app.answer(Input::Judged(trial, Ok(PASSED))), []);
    assert_eq!(app.at, 0);
}

#[test]
fn a_question_is_answered_by_y_alone() {
    let checkout = Checkout::new(&ALL);
    let mut app = app(&checkout);
    app.begin();
    for key in ['n', 'q', ' ', 'Y', 'y'] {
        press(&mut app, 's');
        assert!(matches!(app.view, View::Ask(..)));
        assert_eq!(press(&mut app, key), [], "{key:?} does nothing but answer");
        assert_eq!(matches!(app.view, View::Page(..)), "yY".contains(key), "{key:?}");
        app.view = View::Exercise;
    }
}

#[test]
fn a_checkout_without_exercises_is_said() {
    let checkout = Checkout::new(&[]);
    std::fs::create_dir_all(checkout.path("exercises")).unwrap();
    let error = App::new(session(&checkout), None).unwrap_err();
    assert_eq!(error.to_string(), "this checkout has no exercises yet");
}
