//! The commands that do one thing, on a small checkout, as a script sees them.

use std::process::{Command, Stdio};

use crate::common::{ADDER, Answer, Checkout, DOUBLER, HALVER, Running, Sketch};
use crate::pseudo::eventually;

const ADDER_FILE: &str = "exercises/01-one/1-adder/src/lib.rs";
const DOUBLER_FILE: &str = "exercises/01-one/2-doubler/src/lib.rs";

#[test]
fn an_exercise_goes_from_open_to_solved_to_broken_and_back() {
    let checkout = Checkout::new(&[ADDER, DOUBLER]);
    let list = || checkout.learn(&["list"]).exits(0);
    list().says(&format!(
        "open\tadder\t01-one\t{ADDER_FILE}\nopen\tdoubler\t01-one\t{DOUBLER_FILE}\n"
    ));

    checkout
        .learn(&["run", "adder"])
        .exits(1)
        .says("✗ 0 of 3 tests pass")
        // The first in the file, though `larger::` comes first by name.
        .says("zero_is_neutral  exercises/01-one/1-adder/src/lib.rs:4")
        .says("A `todo!()` is still to be written there.")
        .says("adding nothing")
        .keeps_quiet_about("RUST_BACKTRACE")
        .keeps_quiet_about("\x1b");
    list().says("open\tadder");

    checkout.write(ADDER_FILE, ADDER.solution);
    checkout
        .learn(&["run", "adder"])
        .exits(0)
        .says("✓ Adder is solved: all 3 tests pass")
        .says("solutions/01-one/1-adder/README.md");
    list().says("solved\tadder").says("open\tdoubler");

    checkout.write(ADDER_FILE, &ADDER.solution.replace("a + b", "a - b"));
    checkout.learn(&["check", "--solved"]).exits(1);
    list().says("broken\tadder");

    // What has changed since it was tried is tried when it is listed.
    checkout.write(ADDER_FILE, &ADDER.solution.replace("a + b", "b + a"));
    list().says("solved\tadder");
    checkout.write(ADDER_FILE, &ADDER.solution.replace("a + b", "b - a"));
    list().says("broken\tadder");
    checkout.write(ADDER_FILE, ADDER.solution);
    checkout.learn(&["check", "--solved"]).exits(0).says("1 of 1 exercise solved");
}

#[test]
fn what_does_not_compile_shows_its_first_error_and_is_in_nobodys_way() {
    let checkout = Checkout::new(&[ADDER, DOUBLER]);
    checkout.write(
        ADDER_FILE,
        "pub fn add(a: u32, b: u32) -> u32 {\n    missing(a)\n}\n\npub fn other() -> u32 {\n    \"text\"\n}\n",
    );
    checkout.write(DOUBLER_FILE, DOUBLER.solution);
    checkout
        .learn(&["run", "adder"])
        .exits(3)
        .says("✗ does not compile")
        .says("error[E0425]: cannot find function `missing` in this scope")
        .says(&format!(" --> {ADDER_FILE}:2:5"))
        .says("The first of 2 errors")
        .keeps_quiet_about("E0308")
        .keeps_quiet_about("could not compile")
        .keeps_quiet_about("\x1b");
    checkout.learn(&["run", "doubler"]).exits(0);
    checkout
        .learn(&["check"])
        .exits(1)
        .says("✗ adder    does not compile: 2 errors")
        .says("✓ doubler  all 2 tests pass")
        .says("1 of 2 exercises solved");

    // An error in the tests themselves, which call what is not there.
    checkout.write(ADDER_FILE, "pub fn sum() {}\n");
    checkout.learn(&["run", "adder"]).exits(3).says("cannot find function `add` in crate `adder`");
}

#[test]
fn without_a_name_it_is_the_first_exercise_that_is_not_solved() {
    let checkout = Checkout::new(&[ADDER, DOUBLER, HALVER]);
    checkout.learn(&["run"]).exits(1).says("adder");
    checkout.write(ADDER_FILE, ADDER.solution);
    checkout.learn(&["run"]).exits(0).says("Adder is solved");
    checkout.learn(&["run"]).exits(1).says("doubler").says("of_three");
    checkout.learn(&["open"]).exits(0).says("exercises/01-one/2-doubler/src/lib.rs");
    for sketch in [DOUBLER, HALVER] {
        let file =
            format!("exercises/{}/{}-{}/src/lib.rs", sketch.chapter, sketch.number, sketch.name);
        checkout.write(&file, sketch.solution);
        checkout.learn(&["run"]).exits(0);
    }
    checkout.learn(&["run"]).exits(0).says("Every exercise is solved.");
}

#[test]
fn hints_come_one_at_a_time() {
    let checkout = Checkout::new(&[ADDER]);
    let hint = |arguments: &[&str]| checkout.learn(&[&["hint"], arguments].concat());
    hint(&["adder"])
        .exits(0)
        .says("Hint 1 of 2\nThe gentle hint of adder.")
        .keeps_quiet_about("plain");
    hint(&["adder"])
        .exits(0)
        .says("Hint 2 of 2\nThe plain hint of adder.")
        .keeps_quiet_about("gentle");
    hint(&["adder"]).exits(0).says("Hint 2 of 2");
    hint(&["--number", "1"]).exits(0).says("gentle");
    hint(&["--number", "3"]).exits(2).complains("adder has no hint 3; there are 2");
    hint(&["--all"]).exits(0).says("gentle").says("plain");
}

#[test]
fn reset_asks_before_it_throws_work_away_and_keeps_it() {
    let checkout = Checkout::new(&[ADDER]);
    checkout.learn(&["reset", "adder"]).exits(0).says("is as it was shipped");
    assert!(!checkout.path(".learn/backups").exists(), "there was nothing to keep");

    let work = "// a day's work\n";
    checkout.write(ADDER_FILE, work);
    checkout.learn(&["reset", "adder"]).exits(5).complains("give --yes to go on");
    assert_eq!(checkout.read(ADDER_FILE), work);

    checkout
        .learn(&["reset", "adder", "--yes"])
        .exits(0)
        .says("What was in it is kept as .learn/backups/adder-1.rs");
    assert_eq!(checkout.read(ADDER_FILE), ADDER.stub);
    assert_eq!(checkout.read(".learn/backups/adder-1.rs"), work);

    // A reset exercise is open again.
    checkout.write(ADDER_FILE, ADDER.solution);
    checkout.learn(&["run", "adder"]).exits(0);
    checkout.learn(&["reset", "adder", "--yes"]).exits(0);
    checkout.learn(&["list"]).says("open\tadder");
    assert_eq!(checkout.read(".learn/backups/adder-2.rs"), ADDER.solution);
}

#[test]
fn reset_takes_the_stub_from_git_where_the_solutions_are_gone() {
    let checkout = Checkout::new(&[ADDER]);
    checkout.commit();
    std::fs::remove_file(checkout.path("solutions/01-one/1-adder/stub.rs")).unwrap();
    checkout.write(ADDER_FILE, "// work\n");
    checkout.learn(&["reset", "adder", "--yes"]).exits(0);
    assert_eq!(checkout.read(ADDER_FILE), ADDER.stub);

    std::fs::remove_dir_all(checkout.path(".git")).unwrap();
    checkout.write(ADDER_FILE, "// work\n");
    checkout
        .learn(&["reset", "adder", "--yes"])
        .exits(6)
        .complains("the stub of adder is neither at solutions/01-one/1-adder/stub.rs nor in git");
    assert_eq!(checkout.read(ADDER_FILE), "// work\n");
}

#[test]
fn the_solution_is_shown_at_once_only_when_the_exercise_is_solved() {
    let checkout = Checkout::new(&[ADDER]);
    checkout.write(
        "solutions/01-one/1-adder/README.md",
        "# Adder\n\nTake *both*.\n\n{{#listing src/lib.rs}}\n\n## Wrong turns\n\n{{#wrong multiplies}}\n\n{{#unknown thing}}\n",
    );
    checkout.write("solutions/01-one/1-adder/wrong/multiplies.txt", "two and five is seven\n");
    checkout
        .learn(&["solution", "adder"])
        .exits(5)
        .complains("Adder is not solved yet. See the solution?")
        .keeps_quiet_about("a + b");
    checkout
        .learn(&["solution", "adder", "--yes"])
        .exits(0)
        .says("Adder: a solution\nsolutions/01-one/1-adder/src/lib.rs")
        .says("    pub fn add(a: u32, b: u32) -> u32 {\n        a + b")
        .says("Take *both*.")
        .says("**Takes a sum for a product.**")
        .says("two and five is seven")
        .keeps_quiet_about("{{#");

    checkout.write(ADDER_FILE, ADDER.solution);
    checkout.learn(&["run", "adder"]).exits(0);
    checkout.learn(&["solution", "adder"]).exits(0).says("a + b");
}

#[test]
fn unknown_names_suggest_the_nearest_in_every_command() {
    let checkout = Checkout::new(&[ADDER, DOUBLER]);
    for command in ["run", "hint", "reset", "open", "solution", "prove"] {
        checkout
            .learn(&[command, "dobuler"])
            .exits(2)
            .complains("no exercise is called `dobuler`; did you mean `doubler`?");
    }
    checkout.learn(&["walk"]).exits(2);
    checkout.learn(&["run", "--bound", "0"]).exits(2);
}

#[test]
fn outside_a_checkout_it_says_what_to_do() {
    let nowhere = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_exercise-runner"));
    command.arg("list").current_dir(nowhere.path());
    Answer::of(&command.output().unwrap())
        .exits(6)
        .complains("run this inside the cloned repository");
}

const HANGER: Sketch<'_> = Sketch {
    name: "hanger",
    stub: "//! Stub.\n\npub fn go(n: u32) -> u32 {\n    todo!()\n}\n",
    solution: "//! Goes.\n\n/// `n`.\npub fn go(n: u32) -> u32 {\n    n\n}\n",
    tests: "//! Going.\n\n#[test]\nfn of_one() {\n    assert_eq!(hanger::go(1), 1);\n}\n\nmod far {\n    #[test]\n    fn of_two() {\n        assert_eq!(hanger::go(2), 2, \"two\");\n    }\n}\n",
    wrong: &[],
    ..ADDER
};

const HANGER_FILE: &str = "exercises/01-one/1-hanger/src/lib.rs";

#[test]
fn a_hung_test_is_stopped_with_everything_it_started() {
    let checkout = Checkout::new(&[HANGER]);
    let mark = checkout.path("started");
    // The child of the test outlives the test, unless its group is killed.
    checkout.write(
        HANGER_FILE,
        &format!(
            "pub fn go(n: u32) -> u32 {{\n    if n == 1 {{\n        let child = std::process::Command::new(\"sleep\").arg(\"3600\").spawn().unwrap();\n        std::fs::write({mark:?}, child.id().to_string()).unwrap();\n        loop {{\n            std::thread::park();\n        }}\n    }}\n    n\n}}\n"
        ),
    );
    checkout
        .learn(&["run", "hanger", "--bound", "1"])
        .exits(4)
        .says("✗ hangs: no test ended for 1 s")
        .says("  of_one\n")
        .says("1 test passed before")
        .keeps_quiet_about("far::of_two");
    #[cfg(target_os = "linux")]
    {
        let child = std::fs::read_to_string(mark).unwrap();
        let state = std::fs::read_to_string(format!("/proc/{child}/stat")).unwrap_or_default();
        // Whoever adopts orphans may not have buried it yet.
        assert!(state.is_empty() || state.contains(") Z "), "process {child} is alive: {state}");
    }
}

#[test]
fn a_failure_is_shown_without_waiting_for_a_test_that_hangs() {
    let checkout = Checkout::new(&[HANGER]);
    checkout.write(
        HANGER_FILE,
        "pub fn go(n: u32) -> u32 {\n    while n == 1 {\n        std::thread::park();\n    }\n    3\n}\n",
    );
    checkout
        .learn(&["run", "hanger", "--bound", "600"])
        .exits(1)
        .says("✗ 0 of 2 tests pass, 1 not waited for")
        .says("far::of_two")
        .says("assertion `left == right` failed: two\n  left: 3\n right: 2");
}

#[test]
fn an_answer_that_ends_the_process_does_not_pass() {
    let checkout = Checkout::new(&[HANGER]);
    checkout.write(HANGER_FILE, "pub fn go(n: u32) -> u32 {\n    std::process::exit(0)\n}\n");
    checkout
        .learn(&["run", "hanger"])
        .exits(1)
        .says("✗ the test program died before its tests were done")
        .says("far::of_two")
        .says("exit status: 0");
    checkout.write(
        HANGER_FILE,
        "pub fn go(n: u32) -> u32 {\n    std::hint::black_box(go(std::hint::black_box(n + 1)) + 1)\n}\n",
    );
    checkout.learn(&["run", "hanger"]).exits(1).says("has overflowed its stack");
}

#[test]
fn an_interrupted_command_leaves_no_test_behind() {
    let checkout = Checkout::new(&[HANGER]);
    let mark = checkout.path("started");
    checkout.write(
        HANGER_FILE,
        &format!(
            "pub fn go(n: u32) -> u32 {{\n    std::fs::write({mark:?}, std::process::id().to_string()).unwrap();\n    loop {{\n        std::thread::park();\n    }}\n}}\n"
        ),
    );
    let mut runner = Running::start(checkout.command(&["run", "hanger"]).stdout(Stdio::null()));
    let test = eventually("the test to start", || {
        std::fs::read_to_string(&mark).ok().filter(|id| !id.is_empty())
    });
    let killed = Command::new("kill").args(["-TERM", &runner.0.id().to_string()]).status().unwrap();
    assert!(killed.success());
    assert_eq!(runner.0.wait().unwrap().code(), Some(130));
    #[cfg(target_os = "linux")]
    eventually("the test to be gone", || {
        let state = std::fs::read_to_string(format!("/proc/{test}/stat")).unwrap_or_default();
        (state.is_empty() || state.contains(") Z ")).then_some(())
    });
}

#[test]
fn a_damaged_progress_file_is_said_and_put_aside() {
    let checkout = Checkout::new(&[ADDER]);
    checkout.write(ADDER_FILE, ADDER.solution);
    checkout.learn(&["run", "adder"]).exits(0);
    checkout.write(".learn/progress.json", "{ what");
    checkout.learn(&["list"]).exits(0).says("open\tadder").complains("progress-damaged-1.json");
    checkout.learn(&["check"]).exits(0);
    checkout.learn(&["list"]).says("solved\tadder");
}

#[test]
fn whoever_reads_our_output_may_stop_reading() {
    let checkout = Checkout::new(&[ADDER]);
    let mut command = checkout.command(&["solution", "adder", "--yes"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let answer = Answer::of(&child.wait_with_output().unwrap());
    assert_eq!(answer.err, "");
}
