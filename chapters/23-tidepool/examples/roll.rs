//! What the supervisor decides when a worker is killed and when all are to be replaced. Time is virtual, and there are no processes.
//!
//! `cargo run -p tidepool --example roll`: never fewer than two that are ready, but for the two seconds after the kill.

use std::collections::BTreeMap;
use std::time::Duration;

use tidepool::supervise::{Action, Ask, Event, Exit, Id, Machine, Policy};
use timeline::{Kind, Recorder};

/// What each worker did, and since when.
type Past = BTreeMap<Id, Vec<(Duration, &'static str)>>;

fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut past = Past::new();
    // ANCHOR: main
    let policy = Policy { workers: 2, health: Duration::MAX, ..Policy::default() };
    let mut machine = Machine::new(policy);
    let mut events = BTreeMap::from([
        (seconds(0), vec![Event::Time]),
        (seconds(15), vec![Event::Exited(1, Exit::Signal(9))]),
        (seconds(20), vec![Event::Asked(Ask::Hangup)]),
    ]);
    while let Some((now, due)) = events.pop_first() {
        for event in due {
            let actions = machine.handle(now, event);
            println!("{:>2} s  {event:?}: {}", now.as_secs(), words(&actions));
            // ANCHOR_END: main
            note(&mut past, now, event, &actions);
            // ANCHOR: main
            for action in actions {
                // A worker takes two seconds to start and one to end.
                let (later, event) = match action {
                    Action::Spawn(id) => (seconds(2), Event::Ready(id)),
                    Action::Terminate(id) => (seconds(1), Event::Exited(id, Exit::Code(0))),
                    _ => continue,
                };
                events.entry(now + later).or_default().push(event);
            }
        }
    }
    // ANCHOR_END: main
    picture(&past)
}

fn words(actions: &[Action]) -> String {
    let words = actions.iter().map(|action| match action {
        Action::Say(note) => format!("{:?}", note.to_string()),
        action => format!("{action:?}"),
    });
    let words: Vec<_> = words.collect();
    if words.is_empty() { "nothing to do".to_owned() } else { words.join(", ") }
}

fn note(past: &mut Past, now: Duration, event: Event, actions: &[Action]) {
    let mut add = |id: Id, what| past.entry(id).or_default().push((now, what));
    match event {
        Event::Ready(id) => add(id, "serves"),
        Event::Exited(id, Exit::Code(0)) => add(id, "is gone"),
        Event::Exited(id, _) => add(id, "is killed"),
        _ => {}
    }
    for action in actions {
        match *action {
            Action::Spawn(id) => add(id, "starts"),
            Action::Terminate(id) => add(id, "ends"),
            _ => {}
        }
    }
}

fn picture(past: &Past) -> Result<(), Box<dyn std::error::Error>> {
    let mut recorder = Recorder::new("A supervisor's workers");
    let supervisor = recorder.lane("supervisor");
    recorder.mark(supervisor, seconds(15), "worker 1 has died");
    recorder.mark(supervisor, seconds(20), "SIGHUP");
    let end = seconds(28);
    for (id, stages) in past {
        let lane = recorder.lane(format!("worker {id}"));
        for (at, &(from, what)) in stages.iter().enumerate() {
            let until = stages.get(at + 1).map_or(end, |(until, _)| *until);
            let kind = match what {
                "starts" => Kind::Waiting,
                "serves" => Kind::Working,
                "ends" => Kind::Blocked,
                _ => {
                    recorder.mark(lane, from, what);
                    continue;
                }
            };
            recorder.span(lane, from, until, kind, what);
        }
    }
    recorder.finish().save("roll")?;
    Ok(())
}
