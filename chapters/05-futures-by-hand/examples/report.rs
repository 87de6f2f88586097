//! One reading, and another if the first calls for it, as a future by hand.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures_by_hand::Clock;
use futures_by_hand::gauge::{Reading, reading};

const SECOND: Duration = Duration::from_secs(1);

// ANCHOR: report
/// Asks the north gauge, and if the water is high there, the south gauge too.
struct Report {
    clock: Clock,
    state: State,
}

enum State {
    /// Nobody has polled it.
    Start,
    /// The north gauge is asked.
    North { reading: Reading },
    /// The north gauge has answered; the south gauge is asked.
    South { north: f64, reading: Reading },
    /// The report is given.
    Done,
}

impl Future for Report {
    type Output = String;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<String> {
        loop {
            match &mut self.state {
                State::Start => {
                    let reading = reading(&self.clock, 1.9, SECOND);
                    self.state = State::North { reading };
                }
                State::North { reading: asked } => {
                    let north = ready!(Pin::new(asked).poll(context));
                    if north < 1.5 {
                        self.state = State::Done;
                        return Poll::Ready(format!("{north} m, all clear"));
                    }
                    let reading = reading(&self.clock, 1.2, SECOND);
                    self.state = State::South { north, reading };
                }
                State::South { north, reading } => {
                    let south = ready!(Pin::new(reading).poll(context));
                    let text = format!("{north} m in the north, {south} m in the south");
                    self.state = State::Done;
                    return Poll::Ready(text);
                }
                State::Done => panic!("a report was polled after it was given"),
            }
        }
    }
}
// ANCHOR_END: report

// ANCHOR: main
fn main() {
    let clock = Clock::by_hand();
    let report = clock.run(Report { clock: clock.clone(), state: State::Start });
    println!("{report}, after {:?}", clock.now());
}
// ANCHOR_END: main
