//! `cargo learn` itself, in a pseudo-terminal, on a small checkout.

use std::fs;
use std::process::{Command, Stdio};

use crate::common::{ADDER, Answer, Checkout, DOUBLER, HALVER, Running, Sketch};
use crate::pseudo::{SIZE, Terminal, eventually};

const PROGRAM: &str = env!("CARGO_BIN_EXE_exercise-runner");
const ADDER_FILE: &str = "exercises/01-one/1-adder/src/lib.rs";
const DOUBLER_FILE: &str = "exercises/01-one/2-doubler/src/lib.rs";
const HALVER_FILE: &str = "exercises/02-two/1-halver/src/lib.rs";

/// `cargo learn ARGUMENTS` in a pseudo-terminal.
fn learn(checkout: &Checkout, arguments: &[&str]) -> Terminal {
    Terminal::run(PROGRAM, arguments, checkout.root(), &[])
}

#[test]
fn the_course_from_the_first_stub_to_the_last_exercise() {
    let checkout = Checkout::new(&[ADDER, DOUBLER, HALVER]);
    let mut terminal = learn(&checkout, &[]);
    terminal.shows_all(&[
        "Part I: Counting › 01 One",
        "book ░░░░░░░░░░ 0/3",
        "part 0/3",
        // The statement, rendered.
        "Adder  ★☆☆  about 5 minutes",
        "Make src/lib.rs of the adder pass.",
        "    let all = the_tests();",
        "• first",
        // The verdict on the stub.
        "✗ 0 of 3 tests pass",
        "zero_is_neutral  exercises/01-one/1-adder/src/lib.rs:4",
        "A `todo!()` is still to be written there.",
        "h hint 0/2",
    ]);

    // A failing test's message, and nothing of Cargo's.
    checkout.write(ADDER_FILE, &ADDER.solution.replace("a + b", "a * 1"));
    terminal.shows_all(&[
        "✗ 1 of 3 tests pass",
        "two_and_two  exercises/01-one/1-adder/tests/adder.rs:12",
        "assertion `left == right` failed: two and two",
        "  left: 2",
        " right: 4",
    ]);
    assert!(!terminal.text().contains("Compiling"));

    // What does not compile shows the first error.
    checkout.write(ADDER_FILE, &ADDER.solution.replace("a + b", "a + c"));
    terminal.shows_all(&["✗ does not compile", "error[E0425]: cannot find value `c`"]);

    // Passing moves on, and says where the discussion is.
    checkout.write(ADDER_FILE, ADDER.solution);
    terminal.shows_all(&[
        "✓ Adder is solved: all 3 tests pass",
        "solutions/01-one/1-adder/README.md",
        "Doubler  ★☆☆  about 5 minutes",
        "book ███░░░░░░░ 1/3",
        "✗ 0 of 2 tests pass",
    ]);
    terminal.types("d").shows_all(&["Adder: a solution", "The discussion of adder."]);
    terminal.types("\x1b").shows("Make src/lib.rs of the doubler pass.");

    checkout.write(DOUBLER_FILE, DOUBLER.solution);
    terminal.shows_all(&["✓ Doubler is solved", "02 Two", "Halver"]);
    terminal.hides("Adder is solved");
    checkout.write(HALVER_FILE, HALVER.solution);
    terminal.shows_all(&["✓ Halver is solved", "🦀 Every exercise of the book is solved."]);

    terminal.types("q");
    assert_eq!(terminal.end().exit_code(), 0);
    terminal.is_given_back();
    terminal.shows("3 of 3 exercises solved. `cargo learn` goes on where you stopped.");
    checkout.learn(&["run"]).exits(0).says("Every exercise is solved.");
}

#[test]
fn it_goes_on_where_the_learner_stopped() {
    let checkout = Checkout::new(&[ADDER, DOUBLER]);
    let mut terminal = learn(&checkout, &[]);
    terminal.shows("Make src/lib.rs of the adder pass.");
    terminal.types("n").shows("Make src/lib.rs of the doubler pass.");
    terminal.types("h").shows("The gentle hint of doubler.");
    terminal.types("q");
    terminal.end();

    let mut terminal = learn(&checkout, &[]);
    terminal.shows_all(&["doubler pass.", "The gentle hint of doubler."]);
    terminal.types("h").shows("The plain hint of doubler.");
    terminal.types("h").shows("There are no more hints.");
    terminal.types("p").shows("adder pass.");
    terminal.types("p").shows("This is the first exercise.");
    terminal.types("q");
    terminal.end();

    learn(&checkout, &["watch", "doubler"]).shows("doubler pass.");
}

#[test]
fn reset_asks_and_a_no_changes_nothing() {
    let checkout = Checkout::new(&[ADDER]);
    let mut terminal = learn(&checkout, &[]);
    terminal.shows("✗ 0 of 3 tests pass");
    terminal.types("r").shows("is as it was shipped.");

    let work = ADDER.solution.replace("a + b", "a - b");
    checkout.write(ADDER_FILE, &work);
    terminal.shows("✗ 1 of 3 tests pass");
    terminal.types("r").shows("Throw away what is in exercises/01-one/1-adder/src/lib.rs?");
    terminal.types("n").hides("Throw away");
    assert_eq!(checkout.read(ADDER_FILE), work);

    terminal.types("r").shows("Throw away");
    terminal.types("y").shows_all(&[
        "What was in it is kept as .learn/backups/adder-1.rs.",
        "✗ 0 of 3 tests pass",
    ]);
    assert_eq!(checkout.read(ADDER_FILE), ADDER.stub);
    assert_eq!(checkout.read(".learn/backups/adder-1.rs"), work);
}

#[test]
fn the_solution_asks_first_while_the_exercise_is_not_solved() {
    let checkout = Checkout::new(&[ADDER, DOUBLER]);
    let mut terminal = learn(&checkout, &[]);
    terminal.types("s").shows("Adder is not solved yet. See the solution?");
    terminal.types("n").hides("not solved yet");
    terminal.types("s").shows("Adder is not solved yet. See the solution?");
    terminal.types("y").shows_all(&["Adder: a solution", "    a + b", "The discussion of adder."]);
    terminal.types("\x1b").shows("Make src/lib.rs of the adder pass.");

    checkout.write(ADDER_FILE, ADDER.solution);
    terminal.shows("Adder is solved");
    terminal.types("p").shows_all(&["Make src/lib.rs of the adder", "✓ all 3 tests pass"]);
    terminal.types("s").shows("Adder: a solution");
}

#[test]
fn the_list_shows_states_and_leads_to_an_exercise() {
    let checkout = Checkout::new(&[ADDER, DOUBLER, HALVER]);
    checkout.write(ADDER_FILE, ADDER.solution);
    let mut terminal = learn(&checkout, &[]);
    terminal.shows("Adder is solved");
    terminal.types("l").shows_all(&[
        "Part I: Counting",
        "01 One",
        "✓ adder    solved   ★☆☆   5 min",
        "→ · doubler  open",
        "02 Two",
        "· halver   open",
    ]);
    terminal.types("j\r").shows("Make src/lib.rs of the halver pass.");
    terminal.types("l").shows("→ · halver   open");
    terminal.types("\x1b[A\x1b[A\r").shows_all(&["Make src/lib.rs of the adder pass.", "✓ all 3"]);

    // A solved exercise that is looked at again stays, also when it is saved.
    checkout.write(ADDER_FILE, &ADDER.solution.replace("a + b", "b + a"));
    terminal.shows("building …").shows("✓ all 3 tests pass");
    // Until it breaks: then it shows as broken, and mending it leads on.
    checkout.write(ADDER_FILE, &ADDER.solution.replace("a + b", "b - a"));
    terminal.shows("tests pass, zero_is_neutral fails");
    terminal.types("l").shows("✗ adder    broken");
}

#[test]
fn the_list_in_a_terminal_is_for_reading() {
    let checkout = Checkout::new(&[ADDER, DOUBLER]);
    let mut terminal = learn(&checkout, &["list"]);
    terminal.shows_all(&[
        "Part I: Counting\n  01 One\n  → · adder    open     ★☆☆   5 min\n    · doubler  open",
        "0 of 2 exercises solved",
    ]);
    assert_eq!(terminal.end().exit_code(), 0);
}

#[test]
fn a_solved_exercise_that_breaks_elsewhere_is_said() {
    let checkout = Checkout::new(&[ADDER, DOUBLER]);
    checkout.write(ADDER_FILE, ADDER.solution);
    let mut terminal = learn(&checkout, &[]);
    terminal.shows_all(&["Adder is solved", "✗ 0 of 2 tests pass"]);
    checkout.write(ADDER_FILE, &ADDER.solution.replace("a + b", "b - a"));
    terminal.shows("adder was solved, and is broken now.");
    terminal.shows("book ░░░░░░░░░░ 0/2");
    checkout.write(ADDER_FILE, ADDER.solution);
    terminal.shows("adder is solved again.");
    terminal.types("q");
    terminal.end();

    // The same while nobody watched.
    checkout.write(ADDER_FILE, ADDER.stub);
    let terminal = learn(&checkout, &[]);
    terminal.shows_all(&["doubler pass.", "adder was solved, and is broken now."]);
}

const HANGER: Sketch<'_> = Sketch {
    name: "hanger",
    stub: "//! Stub.\n\npub fn go(n: u32) -> u32 {\n    todo!()\n}\n",
    solution: "//! Goes.\n\n/// `n`.\npub fn go(n: u32) -> u32 {\n    n\n}\n",
    tests: "//! Going.\n\n#[test]\nfn of_one() {\n    assert_eq!(hanger::go(1), 1);\n}\n",
    wrong: &[],
    ..ADDER
};

const HANGER_FILE: &str = "exercises/01-one/1-hanger/src/lib.rs";

/// An answer that tells its process and waits for ever.
fn hanging(checkout: &Checkout, mark: &str) -> String {
    let mark = checkout.path(mark);
    let mark = mark.to_str().unwrap();
    format!(
        "pub fn go(n: u32) -> u32 {{\n    std::fs::write({mark:?}, std::process::id().to_string()).unwrap();\n    loop {{\n        std::thread::park();\n    }}\n}}\n"
    )
}

/// Waits for a test to tell its process.
fn started(checkout: &Checkout, mark: &str) -> u32 {
    eventually("a test to start", || fs::read_to_string(checkout.path(mark)).ok()?.parse().ok())
}

/// Waits until a process is gone.
fn gone(process: u32) {
    #[cfg(target_os = "linux")]
    eventually("the test to be gone", || {
        let state = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
        (state.is_empty() || state.contains(") Z ")).then_some(())
    });
    #[cfg(not(target_os = "linux"))]
    let _ = process;
}

#[test]
fn a_save_during_a_run_cancels_it_and_begins_anew() {
    let checkout = Checkout::new(&[HANGER, DOUBLER]);
    checkout.write(HANGER_FILE, &hanging(&checkout, "first"));
    let mut terminal = learn(&checkout, &["--bound", "600"]);
    let first = started(&checkout, "first");
    terminal.shows("running the tests …");
    checkout.write(HANGER_FILE, &hanging(&checkout, "second"));
    let second = started(&checkout, "second");
    gone(first);
    // The keys work meanwhile.
    terminal.types("h").shows("The gentle hint of hanger.");
    checkout.write(HANGER_FILE, HANGER.solution);
    terminal.shows("✓ Hanger is solved: its test passes");
    gone(second);
}

#[test]
fn a_hung_test_is_stopped_and_said() {
    let checkout = Checkout::new(&[HANGER]);
    checkout.write(HANGER_FILE, &hanging(&checkout, "mark"));
    let terminal = learn(&checkout, &["--bound", "1"]);
    terminal.shows_all(&[
        "✗ hangs: no test ended for 1 s",
        "of_one",
        "a wait for what never comes",
    ]);
    gone(started(&checkout, "mark"));
}

#[test]
fn however_it_ends_the_terminal_is_given_back_and_no_test_is_left() {
    for (number, way) in ["q", "\x03", "TERM", "HUP", "INT"].into_iter().enumerate() {
        let checkout = Checkout::new(&[HANGER]);
        let mark = format!("mark-{number}");
        checkout.write(HANGER_FILE, &hanging(&checkout, &mark));
        let mut terminal = learn(&checkout, &["--bound", "600"]);
        let test = started(&checkout, &mark);
        terminal.shows("running the tests …");
        assert!(terminal.on_alternate_screen() && terminal.hides_cursor());
        let code = match way {
            "q" | "\x03" => {
                terminal.types(way);
                u32::from(way != "q") * 130
            }
            signal => {
                let id = terminal.id().to_string();
                let sent = Command::new("kill").args([&format!("-{signal}"), &id]).status();
                assert!(sent.unwrap().success());
                130
            }
        };
        assert_eq!(terminal.end().exit_code(), code, "after {way:?}");
        terminal.is_given_back();
        gone(test);
    }
}

#[test]
#[ignore = "a_panic_gives_the_terminal_back runs it in a pseudo-terminal"]
fn panics_on_the_screen() {
    let (inputs, _keys) = std::sync::mpsc::channel();
    let _screen = exercise_runner::watch::terminal::Screen::take(inputs).unwrap();
    panic!("the screen was ours");
}

#[test]
fn a_panic_gives_the_terminal_back() {
    let checkout = Checkout::new(&[ADDER]);
    let program = std::env::current_exe().unwrap();
    let arguments = ["watch::panics_on_the_screen", "--exact", "--ignored", "--nocapture"];
    let mut terminal = Terminal::run(program.to_str().unwrap(), &arguments, checkout.root(), &[]);
    assert_eq!(terminal.end().exit_code(), 101);
    terminal.is_given_back();
    terminal.shows("the screen was ours");
    assert!(terminal.printed().contains("\x1b[?1049h"), "the screen was never taken");
}

#[test]
fn colours_unless_they_are_not_wanted() {
    let checkout = Checkout::new(&[ADDER]);
    checkout.write(ADDER_FILE, "pub fn add() -> u32 {\n    \"text\"\n}\n");
    let terminal = learn(&checkout, &[]);
    terminal.shows("error[E0308]: mismatched types");
    assert!(terminal.has_colors());
    let terminal = Terminal::run(PROGRAM, &[], checkout.root(), &[("NO_COLOR", "1")]);
    terminal.shows("error[E0308]: mismatched types");
    assert!(!terminal.has_colors());
}

#[test]
fn any_size_of_window_will_do() {
    let checkout = Checkout::new(&[ADDER]);
    checkout.write(ADDER_FILE, &ADDER.solution.replace("a + b", "a * b"));
    let (rows, _) = SIZE;
    // So wide that statement and verdict stand side by side.
    let terminal = Terminal::sized((rows, 160), PROGRAM, &[], checkout.root(), &[]);
    terminal.shows_all(&["Adder  ★☆☆", "✗ 1 of 3 tests pass", "0/1"]);
    let text = terminal.text();
    let line = text.lines().nth(2).unwrap();
    assert!(line.contains("Adder") && line.contains('✗'), "not side by side:\n{text}");
    for (rows, columns) in [(24, 80), (12, 40), (8, 24), (5, 10), (1, 1)] {
        terminal.resize(rows, columns);
        if columns >= 40 {
            terminal.shows("✗ 1 of 3 tests");
        } else {
            eventually("another picture", || {
                let width = terminal.text().lines().map(|line| line.chars().count()).max();
                (width.unwrap_or(0) <= usize::from(columns)).then_some(())
            });
        }
    }
    terminal.resize(rows, 100);
    terminal.shows_all(&["Adder  ★☆☆", "✗ 1 of 3 tests pass"]);
}

#[test]
fn what_is_too_long_scrolls() {
    let checkout = Checkout::new(&[ADDER]);
    let lines: Vec<String> = (1..=60).map(|line| format!("- line {line}")).collect();
    let lines = lines.join("\n");
    checkout.write("exercises/01-one/1-adder/README.md", &format!("# Adder\n\n{lines}"));
    let mut terminal = learn(&checkout, &[]);
    terminal.shows_all(&["• line 1\n", "more\n", "✗ 0 of 3"]);
    terminal.types("\x1b[6~").shows("• line 11\n").hides("• line 1\n");
    terminal.types("G").shows("• line 60");
    terminal.types("g").shows("• line 1\n");
    terminal.types("?").shows("put the stub back; your answer is kept in .learn/backups");
    terminal.types("?").shows("• line 1\n");
}

#[test]
fn the_editor_gets_the_terminal_and_gives_it_back() {
    let checkout = Checkout::new(&[ADDER, DOUBLER]);
    // An editor that asks one question and writes the solution.
    checkout.write(
        "editor.sh",
        "echo \"editing $1\"\nread answer\necho \"$answer\" > answered\ncp solutions/01-one/1-adder/src/lib.rs \"$1\"\n",
    );
    let editor = [("EDITOR", "sh editor.sh")];
    let mut terminal = Terminal::run(PROGRAM, &[], checkout.root(), &editor);
    terminal.shows("✗ 0 of 3 tests pass");
    terminal.types("o").shows("editing ");
    assert!(!terminal.on_alternate_screen());
    terminal.types("quite so\n").shows("✓ Adder is solved");
    assert_eq!(checkout.read("answered"), "quite so\n");
    terminal.types("q");
    terminal.end();
    terminal.is_given_back();

    let mut terminal = learn(&checkout, &[]);
    terminal.types("o").shows("Set EDITOR to open it from here");
    terminal.types("q");
    terminal.end();
    let mut terminal = Terminal::run(PROGRAM, &["open", "adder"], checkout.root(), &editor);
    terminal.shows("editing ");
    terminal.types("again\n");
    assert_eq!(terminal.end().exit_code(), 0);
}

#[test]
fn prompts_in_a_terminal_take_yes_and_no() {
    let checkout = Checkout::new(&[ADDER]);
    checkout.write(ADDER_FILE, "// work\n");
    let mut terminal = learn(&checkout, &["reset", "adder"]);
    terminal.shows("Throw away what is in");
    terminal.types("\n");
    assert_eq!(terminal.end().exit_code(), 5);
    let mut terminal = learn(&checkout, &["reset", "adder"]);
    terminal.shows("[y/N]");
    terminal.types("y\n");
    assert_eq!(terminal.end().exit_code(), 0);
    assert_eq!(checkout.read(ADDER_FILE), ADDER.stub);
}

#[test]
fn without_a_screen_it_writes_line_after_line() {
    let checkout = Checkout::new(&[ADDER, DOUBLER]);
    let out = checkout.path("out.txt");
    let mut child = Running::start(
        checkout.command(&["--poll"]).stdin(Stdio::piped()).stdout(fs::File::create(&out).unwrap()),
    );
    let mut keyboard = child.0.stdin.take().unwrap();
    let mut types = |line: &str| std::io::Write::write_all(&mut keyboard, line.as_bytes()).unwrap();
    let says = |text: &str| {
        eventually(text, || fs::read_to_string(&out).unwrap().contains(text).then_some(()));
    };
    says("Type a letter and Enter: h hint");
    says("Part I: Counting › 01 One (0 of 2 exercises solved)\nAdder  ★☆☆  about 5 minutes\n");
    says("✗ 0 of 3 tests pass\n");
    types("hint\n");
    says("Hint 1 of 2\nThe gentle hint of adder.");
    types("solution\n");
    says("Adder is not solved yet. See the solution? (y/n)");
    types("no\n");
    types("list\n");
    says("open adder\nopen doubler\n");
    checkout.write(ADDER_FILE, ADDER.solution);
    says("✓ Adder is solved: all 3 tests pass\n");
    says("Doubler  ★☆☆");
    types("adder\n");
    says("✓ all 3 tests pass\n");
    types("q\n");
    assert_eq!(child.0.wait().unwrap().code(), Some(0));
    let text = fs::read_to_string(&out).unwrap();
    assert!(!text.contains('\x1b'), "{text}");
}

#[test]
fn a_terminal_that_can_do_nothing_gets_lines_too() {
    let checkout = Checkout::new(&[ADDER]);
    let dumb = [("TERM", "dumb")];
    let mut terminal = Terminal::run(PROGRAM, &[], checkout.root(), &dumb);
    terminal.shows("✗ 0 of 3 tests pass");
    terminal.types("q\n");
    terminal.end();
    assert!(!terminal.printed().contains('\x1b'), "{}", terminal.printed());

    let mut terminal = learn(&checkout, &["--plain"]);
    terminal.shows("✗ 0 of 3 tests pass");
    terminal.types("q\n");
    terminal.end();
    assert!(!terminal.printed().contains("\x1b[?1049h"));
}

#[test]
fn an_unknown_exercise_is_refused_before_the_screen_is_taken() {
    let checkout = Checkout::new(&[ADDER]);
    checkout.learn(&["watch", "ader"]).exits(2).complains("did you mean `adder`?");
    let outside = tempfile::tempdir().unwrap();
    let mut command = Command::new(PROGRAM);
    command.current_dir(outside.path()).stdin(Stdio::null());
    Answer::of(&command.output().unwrap()).exits(6);
}
