//! Two state machines and the loop that drives them, which has to know what each of them waits for.
//!
//! Time is a variable here, as in the chess exhibition: the loop moves it to whatever it waits for.

use std::time::Duration;

// ANCHOR: machine
/// What a machine waits for.
enum Next<T> {
    /// For that moment.
    Time(Duration),
    /// For a visitor's message.
    Message,
    /// It is done.
    Done(T),
}

trait Machine {
    type Output;
    /// Gets as far as it can.
    fn go(&mut self, world: &World) -> Next<Self::Output>;
}
// ANCHOR_END: machine

/// What the machines can look at.
struct World {
    now: Duration,
    message: &'static str,
    message_arrives: Duration,
}

// ANCHOR: two
/// Answers when its gauge does.
struct Reading {
    height: f64,
    at: Duration,
}

impl Machine for Reading {
    type Output = f64;

    fn go(&mut self, world: &World) -> Next<f64> {
        if world.now < self.at { Next::Time(self.at) } else { Next::Done(self.height) }
    }
}

/// Hears a visitor out.
struct Visitor;

impl Machine for Visitor {
    type Output = String;

    fn go(&mut self, world: &World) -> Next<String> {
        if world.now < world.message_arrives {
            return Next::Message;
        }
        println!("{:>2} s: the visitor is heard: {}", world.now.as_secs(), world.message);
        Next::Done(String::from(world.message))
    }
}
// ANCHOR_END: two

// ANCHOR: both
/// Two machines as one.
struct Both<A: Machine, B: Machine> {
    first: A,
    second: B,
    done: (Option<A::Output>, Option<B::Output>),
}

impl<A: Machine, B: Machine> Machine for Both<A, B> {
    type Output = (A::Output, B::Output);

    fn go(&mut self, world: &World) -> Next<Self::Output> {
        if self.done.0.is_none() {
            match self.first.go(world) {
                Next::Done(output) => self.done.0 = Some(output),
                Next::Time(at) => return Next::Time(at),
                Next::Message => return Next::Message,
            }
        }
        // … and the same with the second.
        // ANCHOR_END: both
        if self.done.1.is_none() {
            match self.second.go(world) {
                Next::Done(output) => self.done.1 = Some(output),
                Next::Time(at) => return Next::Time(at),
                Next::Message => return Next::Message,
            }
        }
        // ANCHOR: both
        match (self.done.0.take(), self.done.1.take()) {
            (Some(first), Some(second)) => Next::Done((first, second)),
            _ => unreachable!("both are done"),
        }
    }
}
// ANCHOR_END: both

// ANCHOR: main
fn main() {
    let mut world = World {
        now: Duration::ZERO,
        message: "is the tide in?",
        message_arrives: Duration::from_secs(1),
    };
    let reading = Reading { height: 1.9, at: Duration::from_secs(3) };
    let mut both = Both { first: reading, second: Visitor, done: (None, None) };
    loop {
        match both.go(&world) {
            Next::Time(at) => {
                println!("{:>2} s: the loop waits for a time", world.now.as_secs());
                world.now = at;
            }
            Next::Message => {
                println!("{:>2} s: the loop waits for a message", world.now.as_secs());
                world.now = world.message_arrives;
            }
            Next::Done((height, _)) => {
                println!("{:>2} s: the tide stands at {height} m", world.now.as_secs());
                break;
            }
        }
    }
}
// ANCHOR_END: main
