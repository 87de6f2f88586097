//! The application is given `send`: it returns at once, and pushes whenever it has something.
//!
//! ```text
//! cargo run -p gateway --example pushed
//! ```

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;

use wsgi::Environ;
use wsgi::crab::tide;

// ANCHOR: events
/// What an application says.
enum Event {
    /// The status.
    Start(u16),
    /// A part of the body, and whether there will be more.
    Body { part: String, more: bool },
}

type Send = Rc<dyn Fn(Event)>;
// ANCHOR_END: events

// ANCHOR: app
fn crab_app(environ: &Environ, send: Send, alarms: &mut Alarms) {
    send(Event::Start(200));
    match environ.path_info.as_str() {
        "/feed" => feed(0, send, alarms),
        _ => send(Event::Body { part: "Crabs are cool\n".to_owned(), more: false }),
    }
}

fn feed(number: u64, send: Send, alarms: &mut Alarms) {
    send(Event::Body { part: tide(number), more: number < 8 });
    if number < 8 {
        alarms.later(1, move |alarms| feed(number + 1, send, alarms));
    }
}
// ANCHOR_END: app

// ANCHOR: alarms
/// Callbacks, by when they are due. Time jumps from one to the next.
#[derive(Default)]
struct Alarms {
    now: u64,
    set: usize,
    due: BTreeMap<(u64, usize), Callback>,
}

type Callback = Box<dyn FnOnce(&mut Alarms)>;

impl Alarms {
    fn later(&mut self, seconds: u64, callback: impl FnOnce(&mut Self) + 'static) {
        self.set += 1;
        self.due.insert((self.now + seconds, self.set), Box::new(callback));
    }

    fn run(&mut self) {
        while let Some(((time, _), callback)) = self.due.pop_first() {
            self.now = time;
            callback(self);
        }
    }
}
// ANCHOR_END: alarms

/// A visitor, who reads what is there, one thing at a time, and then pauses.
fn visit(name: &'static str, target: &str, pause: u64, alarms: &mut Alarms) {
    let unread = Rc::new(RefCell::new(VecDeque::new()));
    let queue = Rc::clone(&unread);
    let send: Send = Rc::new(move |event| queue.borrow_mut().push_back(event));
    crab_app(&Environ::testing("GET", target), send, alarms);
    read(name, unread, pause, alarms);
}

fn read(name: &'static str, unread: Rc<RefCell<VecDeque<Event>>>, pause: u64, alarms: &mut Alarms) {
    let event = unread.borrow_mut().pop_front();
    let (now, waiting) = (alarms.now, unread.borrow().len());
    let more = match event {
        Some(Event::Start(status)) => {
            println!("{now:>2} s  {name} gets status {status}");
            return read(name, unread, pause, alarms);
        }
        Some(Event::Body { part, more }) => {
            println!("{now:>2} s  {name} gets {}; unread: {waiting}", part.trim_end());
            more
        }
        None => true,
    };
    if more {
        alarms.later(pause, move |alarms| read(name, unread, pause, alarms));
    }
}

// ANCHOR: main
fn main() {
    let mut alarms = Alarms::default();
    visit("Ada", "/feed", 3, &mut alarms); // on a slow phone: reads every three seconds
    visit("Ben", "/", 1, &mut alarms);
    alarms.run();
}
// ANCHOR_END: main
