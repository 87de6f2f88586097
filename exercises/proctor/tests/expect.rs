//! The message of a comparison that fails.

use std::panic;

#[test]
fn values_that_are_equal_pass() {
    proctor::expect_eq!(1 + 1, 2, "a sum");
    proctor::expect_eq!(String::from("crab"), "crab", "a word of another type");
}

#[test]
fn the_message_says_what_was_compared_what_was_expected_and_what_came() {
    let failure = panic::catch_unwind(|| {
        proctor::expect_eq!("you said: a\n", "you said: b\n", "the answer to {}", "b");
    });
    let payload = failure.unwrap_err();
    let message = payload.downcast_ref::<String>().unwrap();
    assert_eq!(
        message,
        "the answer to b\n  expected: \"you said: b\\n\"\n       got: \"you said: a\\n\""
    );
}
