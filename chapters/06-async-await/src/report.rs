//! One reading, and another if the first calls for it: by hand, and by the compiler.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures_by_hand::Clock;
use futures_by_hand::gauge::{Reading, reading};

const SECOND: Duration = Duration::from_secs(1);

// ANCHOR: report
/// Asks the north gauge, and if the water is high there, the south gauge too.
pub async fn report(clock: &Clock) -> String {
    let north = reading(clock, 1.9, SECOND).await;
    if north < 1.5 {
        return format!("{north} m, all clear");
    }
    let south = reading(clock, 1.2, SECOND).await;
    format!("{north} m in the north, {south} m in the south")
}
// ANCHOR_END: report

// ANCHOR: by-hand
/// The same, by hand.
#[derive(Debug)]
#[must_use = "a future does nothing until it is polled"]
pub enum Report<'c> {
    /// Nobody has polled it.
    Start {
        /// The clock that the gauges live by.
        clock: &'c Clock,
    },
    /// The north gauge is asked.
    North {
        /// The clock that the gauges live by.
        clock: &'c Clock,
        /// Its answer.
        reading: Reading,
    },
    /// The north gauge has answered; the south gauge is asked.
    South {
        /// What the north gauge answered.
        north: f64,
        /// The south gauge's answer.
        reading: Reading,
    },
    /// The report is given.
    Done,
}
// ANCHOR_END: by-hand

// ANCHOR: poll
impl Future for Report<'_> {
    type Output = String;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<String> {
        loop {
            match &mut *self {
                Self::Start { clock } => {
                    let reading = reading(clock, 1.9, SECOND);
                    *self = Self::North { clock, reading };
                }
                Self::North { clock, reading: asked } => {
                    let north = ready!(Pin::new(asked).poll(context));
                    if north < 1.5 {
                        *self = Self::Done;
                        return Poll::Ready(format!("{north} m, all clear"));
                    }
                    let reading = reading(clock, 1.2, SECOND);
                    *self = Self::South { north, reading };
                }
                Self::South { north, reading } => {
                    let south = ready!(Pin::new(reading).poll(context));
                    let text = format!("{north} m in the north, {south} m in the south");
                    *self = Self::Done;
                    return Poll::Ready(text);
                }
                Self::Done => panic!("a report was polled after it was given"),
            }
        }
    }
}
// ANCHOR_END: poll
