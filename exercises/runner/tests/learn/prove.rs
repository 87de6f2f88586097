//! `cargo learn prove` on checkouts that hold, and on checkouts that do not.

use std::time::Duration;

use catalogue::Tree;
use exercise_runner::process::Cancel;
use exercise_runner::prove::{Options, prove};

use crate::common::{ADDER, Answer, Checkout, DOUBLER, Sketch};

#[test]
fn a_sound_checkout_is_proved_once_its_messages_are_recorded() {
    let checkout = Checkout::new(&[ADDER, DOUBLER]);
    checkout.learn(&["prove"]).exits(1).says(
        "adder: messages of wrong answers are not recorded: run `cargo learn prove adder --record`",
    );

    checkout
        .learn(&["prove", "--record"])
        .exits(0)
        .says("recorded solutions/01-one/1-adder/wrong/always-four.txt");
    assert_eq!(
        checkout.read("solutions/01-one/1-adder/wrong/always-four.txt"),
        "adding nothing\n\nassertion `left == right` failed: 7 and nothing is 7\n  left: 4\n right: 7\n"
    );

    checkout
        .learn(&["prove"])
        .exits(0)
        .says("3 of 3  fails, as it must")
        .says("0 of 3  passes, clippy-clean")
        .says("wrong: multiplies")
        .says("caught by larger::a_carry")
        .says("2 exercises, 4 wrong answers: all proved");

    // A proof of one exercise, from a folder below the top.
    let mut one = checkout.command(&["prove", "doubler"]);
    one.current_dir(checkout.path("exercises/01-one"));
    Answer::of(&one.output().unwrap())
        .exits(0)
        .keeps_quiet_about("adder")
        .says("1 exercise, 2 wrong answers: all proved");

    // Another message than the recorded one.
    checkout.write("solutions/01-one/2-doubler/wrong/same.txt", "twice as much\n");
    checkout
        .learn(&["prove", "doubler"])
        .exits(1)
        .says("its message is not the recorded one")
        .says("-twice as much")
        .says("+assertion `left == right` failed: twice two");
}

#[test]
fn a_proof_may_build_in_a_folder_that_is_named() {
    let checkout = Checkout::new(&[ADDER]);
    checkout.learn(&["prove", "--record", "--target-dir", "target"]).exits(0);
    assert!(checkout.path("target/debug").is_dir(), "built in the folder that was named");
    assert!(!checkout.path("target/prove/build").exists(), "and nowhere else");
}

#[test]
fn an_edited_exercise_is_proved_by_the_stub_that_git_has() {
    let checkout = Checkout::new(&[ADDER]);
    checkout.learn(&["prove", "--record"]).exits(0);
    checkout.commit();
    let file = "exercises/01-one/1-adder/src/lib.rs";

    checkout.write(file, "this does not compile");
    checkout.learn(&["prove"]).exits(0);

    checkout.git(&["commit", "--quiet", "--all", "--message", "Ship another stub"]);
    checkout
        .learn(&["prove"])
        .exits(1)
        .says("solutions/01-one/1-adder/stub.rs is not the stub that is shipped");
}

#[test]
fn without_git_the_stub_is_the_one_on_disk() {
    let checkout = Checkout::new(&[ADDER]);
    checkout.learn(&["prove", "--record"]).exits(0);
    checkout.write("exercises/01-one/1-adder/src/lib.rs", ADDER.solution);
    checkout.learn(&["prove"]).exits(1).says("git has no committed version of it");
}

const BROKEN: Sketch<'_> = Sketch {
    name: "broken",
    number: 3,
    stub: "//! Works already.\n\nuse std::fmt::Debug;\n\npub fn one() -> u32 {\n    1\n}\n",
    solution: "//! Warns.\n\n/// One.\npub fn one() -> u32 {\n    let one = 1;\n    return one;\n}\n",
    tests: "//! One.\n\n#[test]\nfn one() {\n    assert_eq!(broken::one(), 1);\n}\n\n#[test]\nfn never_ends() {\n    while broken::one() == 2 {}\n}\n",
    wrong: &[
        (
            "no-rust",
            "//! Forgets how Rust is written.\n//!\n//! caught by: one\n\npub fn one() -> u32 {\n    \"one\"\n}\n",
        ),
        ("right", "//! Is right.\n//!\n//! caught by: one\n\npub fn one() -> u32 {\n    1\n}\n"),
        (
            "misnamed",
            "//! Names no test.\n//!\n//! caught by: two\n\npub fn one() -> u32 {\n    3\n}\n",
        ),
    ],
    ..ADDER
};

#[test]
fn whatever_does_not_hold_is_named_and_hides_nothing_else() {
    let checkout = Checkout::new(&[ADDER, BROKEN]);
    checkout.write("solutions/01-one/1-adder/wrong/nobody.txt", "nobody says this\n");
    checkout
        .learn(&["prove", "--record"])
        .exits(1)
        .says("adder: solutions/01-one/1-adder/wrong/nobody.txt is the message of no wrong answer")
        .says("broken, stub: no test fails on the stub")
        .says("broken, solution: clippy:\nwarning: unneeded `return` statement")
        .says("broken, wrong: no-rust: solutions/01-one/3-broken/wrong/no-rust.rs does not compile:\nerror[E0308]: mismatched types")
        .says("broken, wrong: right: one passes, and must catch it; no test catches it")
        .says("broken, wrong: misnamed: no test is called `two`, which its header names; there are: never_ends, one")
        .says("recorded solutions/01-one/1-adder/wrong/multiplies.txt")
        .keeps_quiet_about("not proved: adder, ");
}

#[test]
fn answers_share_a_program_unless_one_of_them_does_not_compile() {
    const TOLD: Sketch<'_> = Sketch {
        solution: "#![doc = include_str!(\"../README.md\")]\n\n/// Twice `a`.\npub fn double(a: u32) -> u32 {\n    a * 2\n}\n",
        ..DOUBLER
    };
    let checkout = Checkout::new(&[TOLD, BROKEN]);
    checkout.learn(&["prove", "--record"]).exits(1);
    let has = |package: &str| checkout.path("target/prove/workspace").join(package).is_dir();
    let apart = ["--solution", "--wrong--squares", "--wrong--right"];
    let of = |name: &str| apart.map(|answer| has(&format!("{name}{answer}")));
    assert!(has("doubler--answers"), "those of a sound exercise are in one package");
    assert_eq!(of("doubler"), [false, false, false], "and in no others");
    assert_eq!(of("broken"), [true, false, true], "those of a broken one are each by itself");
}

#[test]
fn only_the_named_test_is_run_where_that_is_asked_for() {
    let checkout = Checkout::new(&[ADDER, BROKEN]);
    checkout.learn(&["prove", "adder", "--record", "--named"]).exits(0);
    checkout
        .learn(&["prove", "--named"])
        .exits(1)
        .says("0 of 3  passes, clippy-clean")
        .says("1 of 1  caught by zero_is_neutral")
        .says("1 of 1  caught by larger::a_carry")
        .says("broken, wrong: right: one passes, and must catch it; without --named it is said whether another one does")
        .says("broken, wrong: misnamed: no test is called `two`, which its header names; there are: never_ends, one");
}

#[test]
fn an_unknown_name_suggests_the_nearest() {
    let checkout = Checkout::new(&[ADDER]);
    checkout
        .learn(&["prove", "ader"])
        .exits(2)
        .complains("no exercise is called `ader`; did you mean `adder`?");
}

const STACK: Sketch<'_> = Sketch {
    name: "stack",
    stub: "//! Stub.\n\npub fn depth(n: u64) -> u64 {\n    todo!()\n}\n",
    solution: "//! Counts.\n\n/// `n`.\npub fn depth(n: u64) -> u64 {\n    n\n}\n",
    tests: "//! Depth.\n\n#[test]\nfn of_ten() {\n    assert_eq!(stack::depth(10), 10);\n}\n",
    wrong: &[
        (
            "recursion",
            "//! Never comes to an end.\n//!\n//! caught by: of_ten\n\npub fn depth(n: u64) -> u64 {\n    std::hint::black_box(depth(std::hint::black_box(n + 1)) + 1)\n}\n",
        ),
        (
            "two-threads",
            "//! Asks a thread that panics.\n//!\n//! caught by: of_ten\n\npub fn depth(n: u64) -> u64 {\n    std::thread::spawn(move || -> u64 { panic!(\"no depth for {n}\") })\n        .join()\n        .expect(\"the thread knows\")\n}\n",
        ),
    ],
    ..ADDER
};

#[test]
fn a_crash_and_panics_in_threads_are_recorded_without_what_changes() {
    let checkout = Checkout::new(&[STACK]);
    checkout.learn(&["prove", "--record"]).exits(0);
    let crash = checkout.read("solutions/01-one/1-stack/wrong/recursion.txt");
    assert!(crash.contains("thread 'of_ten' has overflowed its stack"), "{crash}");
    assert_eq!(
        checkout.read("solutions/01-one/1-stack/wrong/two-threads.txt"),
        "a thread without a name panicked:\nno depth for 10\n\nthread 'of_ten' panicked:\nthe thread knows: Any { .. }\n"
    );
    checkout.learn(&["prove"]).exits(0);
}

#[test]
fn a_test_without_a_watchdog_is_killed_and_named() {
    const SPINS: Sketch<'_> = Sketch {
        wrong: &[
            ADDER.wrong[0],
            (
                "counts-up",
                "//! Counts up to the sum, and past it.\n//!\n//! caught by: larger::two_and_two\n\npub fn add(a: u32, b: u32) -> u32 {\n    assert!(b != 2, \"caught\");\n    while b == 7 {\n        std::thread::park();\n    }\n    a + b\n}\n",
            ),
        ],
        ..ADDER
    };
    let checkout = Checkout::new(&[SPINS]);
    let tree = Tree::read(&checkout.root().canonicalize().unwrap()).unwrap();
    let exercises: Vec<_> = tree.exercises().map(|(_, exercise)| exercise).collect();
    let options = Options { record: true, grace: Duration::from_millis(10), ..Options::default() };
    let proof = prove(&tree, &exercises, &options, &Cancel::default()).unwrap();
    let problems: Vec<_> =
        proof.problems.iter().map(|problem| (&*problem.of, &*problem.text)).collect();
    assert_eq!(
        problems,
        [(
            "adder, wrong: counts-up",
            "larger::a_carry was still running after 1 s and was killed: it needs a watchdog that ends it"
        )]
    );
}
