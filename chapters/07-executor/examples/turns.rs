//! Three tasks that take turns: the run queue, poll by poll.

use std::io;

use executor::{Ebb, spawn, yield_now};

// ANCHOR: clerk
async fn clerk(name: &'static str, entries: u32) {
    for entry in 1..=entries {
        println!("{name}: entry {entry}");
        yield_now().await;
    }
}
// ANCHOR_END: clerk

// ANCHOR: main
fn main() -> io::Result<()> {
    let mut ebb = Ebb::new();
    // ANCHOR_END: main
    let drawing = drawing::Drawing::of(&mut ebb);
    // ANCHOR: main
    ebb.block_on(async {
        let north = spawn(clerk("north", 2));
        let south = spawn(clerk("south", 1));
        let east = spawn(clerk("east", 2));
        println!("three tasks");
        for task in [north, south, east] {
            let _ = task.await;
        }
        println!("three tasks are done");
    });
    // ANCHOR_END: main
    drawing.save("turns")
    // ANCHOR: main
}
// ANCHOR_END: main

/// Draws what an executor tells its watcher. A turn is a second wide, however long it took.
mod drawing {
    use std::cell::RefCell;
    use std::io;
    use std::rc::Rc;
    use std::time::Duration;

    use executor::{Ebb, Event, Happening, TaskId};
    use timeline::{Kind, Lane, Recorder};

    /// Their letters stand for them in the queue.
    const NAMES: [&str; 4] = ["M: main", "N: north", "S: south", "E: east"];
    const TURN: Duration = Duration::from_secs(1);

    pub struct Drawing(Rc<RefCell<Vec<Event>>>);

    impl Drawing {
        pub fn of(ebb: &mut Ebb) -> Self {
            let events = Rc::new(RefCell::new(Vec::new()));
            let seen = Rc::clone(&events);
            ebb.watch(move |event| seen.borrow_mut().push(event.clone()));
            Self(events)
        }

        pub fn save(&self, name: &str) -> io::Result<()> {
            let mut recorder = Recorder::new("Three tasks take turns");
            recorder.call(Kind::Working, "being polled").call(Kind::Waiting, "waiting in line");
            let queue = recorder.lane("the run queue");
            let lanes = NAMES.map(|name| recorder.lane(name));
            let mut begun = 0;
            let mut waits: [Option<u32>; 4] = [None; 4];
            for event in self.0.borrow().iter() {
                let queued = |id: usize| event.queue.iter().any(|task| index(*task) == id);
                match event.what {
                    Happening::Begins(task) => {
                        let number = index(task);
                        if let Some(since) = waits[number].take() {
                            wait(&mut recorder, lanes[number], since, begun);
                        }
                        let line: Vec<_> =
                            event.queue.iter().map(|task| &NAMES[index(*task)][..1]).collect();
                        let (start, end) = (begun * TURN, (begun + 1) * TURN);
                        recorder.span(lanes[number], start, end, Kind::Working, "");
                        if !line.is_empty() {
                            recorder.span(queue, start, end, Kind::Waiting, line.join(" "));
                        }
                    }
                    Happening::Waits(_) | Happening::Ends(_) => {
                        begun += 1;
                        for (id, since) in waits.iter_mut().enumerate() {
                            if queued(id) && since.is_none() {
                                *since = Some(begun);
                            }
                        }
                        if let Happening::Ends(task) = event.what {
                            recorder.mark(lanes[index(task)], begun * TURN, "ends");
                        }
                    }
                    Happening::Idles { .. } => {}
                }
            }
            recorder.finish().save(name)
        }
    }

    fn wait(recorder: &mut Recorder, lane: Lane, since: u32, until: u32) {
        if since < until {
            recorder.span(lane, since * TURN, until * TURN, Kind::Waiting, "");
        }
    }

    fn index(task: TaskId) -> usize {
        usize::try_from(task.0).expect("the example has few tasks")
    }
}
