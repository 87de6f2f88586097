//! Times in words, and the ticks of a time axis.

use std::time::Duration;

use crate::draw::SMALL;
use crate::place::{WIDTHS, breadth};

const MICRO: u128 = 1_000;
const MILLI: u128 = 1_000_000;
const SECOND: u128 = 1_000_000_000;
const MINUTE: u128 = 60 * SECOND;
const HOUR: u128 = 60 * MINUTE;
const DAY: u128 = 24 * HOUR;

/// A time as the pictures' words say it: `0 s`, `12 µs`, `350 ms`, `1.25 s`, `1 min 5 s`, `1:00:55`.
///
/// Below a minute it keeps three decimals of the unit it chooses; from a minute on, whole seconds.
///
/// ```
/// use std::time::Duration;
/// assert_eq!(timeline::words(Duration::from_millis(1_250)), "1.25 s");
/// assert_eq!(timeline::words(Duration::from_secs(3_655)), "1:00:55");
/// ```
pub fn words(time: Duration) -> String {
    let nanos = time.as_nanos();
    match nanos {
        0 => String::from("0 s"),
        n if n < MICRO => format!("{n} ns"),
        n if n < MILLI => decimal(n, MICRO, "µs"),
        n if n < SECOND => decimal(n, MILLI, "ms"),
        n if n < MINUTE => decimal(n, SECOND, "s"),
        n if n < HOUR => {
            let seconds = n / SECOND;
            match seconds % 60 {
                0 => format!("{} min", seconds / 60),
                rest => format!("{} min {rest} s", seconds / 60),
            }
        }
        n => {
            let seconds = n / SECOND;
            format!("{}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
        }
    }
}

/// `nanos` in `unit`, with at most three decimals and none that are zero at the end.
fn decimal(nanos: u128, unit: u128, name: &str) -> String {
    let thousandths = nanos * 1000 / unit;
    let text = format!("{}.{:03}", thousandths / 1000, thousandths % 1000);
    let text = text.trim_end_matches('0').trim_end_matches('.');
    format!("{text} {name}")
}

/// One tick of the axis.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tick {
    /// Where.
    pub at: Duration,
    /// What stands under it.
    pub label: String,
    /// Whether it is labelled in a narrow picture too.
    pub coarse: bool,
}

/// Ticks for a window of time: at most eleven, of which at most six are coarse; fewer where their labels are long.
pub(crate) fn ticks(from: Duration, to: Duration) -> Vec<Tick> {
    let (from, to) = (from.as_nanos(), to.as_nanos());
    let fine = fine_step(from, to);
    let coarse = coarse_step(from, to, fine);
    let mut ticks = Vec::new();
    let mut at = from.div_ceil(fine) * fine;
    while at <= to {
        ticks.push(Tick {
            at: duration(at),
            label: label(at, to, fine),
            coarse: at.is_multiple_of(coarse),
        });
        at += fine;
    }
    ticks
}

/// The smallest round step of which at most ten go into the window, and whose labels fit into a wide picture.
fn fine_step(from: u128, to: u128) -> u128 {
    let length = to.saturating_sub(from).max(1);
    let steps = round_steps().filter(|step| step * 10 >= length);
    let mut steps = steps.take_while(|step| *step <= length * 2);
    let first = steps.next().unwrap_or(1);
    let fits = |step: &u128| breadth_of(from, to, *step, *step) <= WIDTHS[2];
    std::iter::once(first).chain(steps).find(fits).unwrap_or(first)
}

/// The smallest multiple of the fine step of which at most five go into the window, and whose labels fit on a phone.
fn coarse_step(from: u128, to: u128, fine: u128) -> u128 {
    let length = to.saturating_sub(from).max(1);
    let steps = (1..=10).map(|times| times * fine);
    let mut steps = steps.filter(|step| step * 5 >= length);
    let fits = |step: &u128| breadth_of(from, to, *step, fine) <= WIDTHS[0];
    steps.find(fits).unwrap_or(10 * fine)
}

/// What the labels of all ticks take, in em.
fn breadth_of(from: u128, to: u128, step: u128, fine: u128) -> f64 {
    let labels = (from.div_ceil(step)..=to / step).map(|n| label(n * step, to, fine));
    labels.map(|label| breadth(&label, SMALL) + 0.8).sum()
}

fn duration(nanos: u128) -> Duration {
    Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
}

/// 1, 2, 5 nanoseconds and so on to seconds; then the round numbers of a clock's face; then of days.
fn round_steps() -> impl Iterator<Item = u128> {
    let below = (0..9).flat_map(|power| [1, 2, 5].map(|digit| digit * 10_u128.pow(power)));
    let clock = [
        SECOND,
        2 * SECOND,
        5 * SECOND,
        10 * SECOND,
        15 * SECOND,
        30 * SECOND,
        MINUTE,
        2 * MINUTE,
        5 * MINUTE,
        10 * MINUTE,
        15 * MINUTE,
        30 * MINUTE,
        HOUR,
        2 * HOUR,
        3 * HOUR,
        6 * HOUR,
        12 * HOUR,
    ];
    let days = (0..20).flat_map(|power| [1, 2, 5].map(|digit| digit * 10_u128.pow(power) * DAY));
    below.chain(clock).chain(days)
}

/// The words under a tick, in one unit for the whole axis.
fn label(at: u128, end: u128, step: u128) -> String {
    match end {
        _ if at == 0 => String::from("0"),
        e if e < MICRO => format!("{at} ns"),
        e if e < MILLI => decimal(at, MICRO, "µs"),
        e if e < SECOND => decimal(at, MILLI, "ms"),
        e if e <= 2 * MINUTE => tick_decimal(at, SECOND, "s"),
        e if e <= 2 * HOUR && at.is_multiple_of(MINUTE) => format!("{} min", at / MINUTE),
        e if e <= 2 * HOUR && step.is_multiple_of(SECOND) => {
            format!("{}:{:02}", at / MINUTE, at % MINUTE / SECOND)
        }
        e if e <= 2 * DAY && at.is_multiple_of(HOUR) => format!("{} h", at / HOUR),
        e if e <= 2 * DAY && step.is_multiple_of(MINUTE) => {
            format!("{}:{:02}", at / HOUR, at % HOUR / MINUTE)
        }
        _ if at.is_multiple_of(DAY) => format!("{} d", at / DAY),
        _ => tick_decimal(at, SECOND, "s"),
    }
}

/// Like [`decimal`], but with as many decimals as the nanoseconds have: a narrow window late in a run needs them.
fn tick_decimal(nanos: u128, unit: u128, name: &str) -> String {
    let text = format!("{}.{:09}", nanos / unit, nanos % unit * (SECOND / unit));
    let text = text.trim_end_matches('0').trim_end_matches('.');
    format!("{text} {name}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(from: Duration, to: Duration) -> Vec<String> {
        ticks(from, to).into_iter().map(|tick| tick.label).collect()
    }

    #[test]
    fn words_choose_a_unit_that_reads_well() {
        let cases = [
            (0, "0 s"),
            (7, "7 ns"),
            (12_000, "12 µs"),
            (1_500_000, "1.5 ms"),
            (999_999_999, "999.999 ms"),
            (1_000_000_000, "1 s"),
            (60_000_000_000, "1 min"),
            (65_000_000_000, "1 min 5 s"),
            (3_655_000_000_000, "1:00:55"),
            (43_200_000_000_000, "12:00:00"),
        ];
        for (nanos, expected) in cases {
            assert_eq!(words(Duration::from_nanos(nanos)), expected);
        }
    }

    #[test]
    fn ticks_are_round_from_microseconds_to_hours() {
        let zero = Duration::ZERO;
        assert_eq!(labels(zero, Duration::from_micros(40))[1], "5 µs");
        assert_eq!(labels(zero, Duration::from_millis(300))[1], "50 ms");
        assert_eq!(
            labels(zero, Duration::from_secs(2)),
            [
                "0", "0.2 s", "0.4 s", "0.6 s", "0.8 s", "1 s", "1.2 s", "1.4 s", "1.6 s", "1.8 s",
                "2 s"
            ]
        );
        assert_eq!(labels(zero, Duration::from_secs(3_655))[1], "10 min");
        assert_eq!(labels(zero, Duration::from_hours(12))[1], "2 h");
        assert_eq!(labels(zero, Duration::from_hours(160))[1], "1 d");
    }

    #[test]
    fn a_window_late_in_a_run_has_ticks_that_differ() {
        let from = Duration::from_secs(10);
        let labels = labels(from, from + Duration::from_micros(50));
        assert_eq!(labels[0], "10 s");
        assert_eq!(labels[1], "10.00001 s");
    }

    #[test]
    fn a_window_without_length_still_has_its_tick() {
        let at = Duration::from_secs(3);
        assert_eq!(labels(at, at), ["3 s"]);
        assert_eq!(labels(Duration::ZERO, Duration::ZERO), ["0"]);
    }

    #[test]
    fn no_length_has_too_many_ticks_or_too_few() {
        for exponent in 0..50 {
            let to = Duration::from_nanos(1 << exponent);
            let ticks = ticks(Duration::ZERO, to);
            assert!(ticks.len() <= 11, "{to:?} has {} ticks", ticks.len());
            let coarse = ticks.iter().filter(|tick| tick.coarse).count();
            assert!((1..=6).contains(&coarse), "{to:?} has {coarse} coarse ticks");
        }
    }
}
