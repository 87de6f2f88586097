//! Comparisons that say which value was wanted and which came.

use std::fmt::Debug;

/// Fails the test unless `got` equals `expected`, and says which is which.
///
/// `assert_eq!` calls its values `left` and `right`, and leaves a learner to find out which of them is their own.
/// The words after the values say what is compared; they are formatted like those of `assert_eq!`.
///
/// ```should_panic
/// let lines = 2;
/// proctor::expect_eq!(lines, 3, "answers after {} lines", 3);
/// // answers after 3 lines
/// //   expected: 3
/// //        got: 2
/// ```
///
/// # Panics
///
/// When the two differ.
#[macro_export]
macro_rules! expect_eq {
    ($got:expr, $expected:expr, $($what:tt)+) => {
        match (&$got, &$expected) {
            (got, expected) => {
                if !(*got == *expected) {
                    $crate::differ(got, expected, &::std::format!($($what)+));
                }
            }
        }
    };
}

/// Fails the test with the message of [`expect_eq!`].
#[doc(hidden)]
#[track_caller]
pub fn differ(got: &dyn Debug, expected: &dyn Debug, what: &str) -> ! {
    panic!("{what}\n  expected: {expected:?}\n       got: {got:?}")
}
