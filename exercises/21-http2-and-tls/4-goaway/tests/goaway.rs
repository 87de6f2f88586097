//! The end of a connection, with requests on their way.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt;
use std::time::Duration;

use goaway::{Action, Connection, Event};

/// How long a connection has to end, in seconds.
const GRACE: u64 = 10;

/// No stream has a higher number.
const HIGHEST: u32 = (1 << 31) - 1;

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// An event in words.
fn event_in_words(event: Event) -> String {
    match event {
        Event::Request(stream) => format!("request {stream} arrives"),
        Event::Cancel(stream) => format!("the client cancels {stream}"),
        Event::Pong(data) => format!("the answer to PING {data} arrives"),
        Event::Answered(stream) => format!("the application answers {stream}"),
        Event::Silence => "nothing has come for long".to_owned(),
        Event::Shutdown => "the server stops".to_owned(),
        Event::Time => "time passes".to_owned(),
    }
}

/// An action in words.
fn action_in_words(action: Action) -> String {
    match action {
        Action::Call(stream) => format!("call {stream}"),
        Action::Stop(stream) => format!("stop {stream}"),
        Action::Respond(stream) => format!("respond to {stream}"),
        Action::Refuse(stream) => format!("refuse {stream}"),
        Action::Ping(data) => format!("PING {data}"),
        Action::GoAway { last: HIGHEST } => "GOAWAY 2³¹ - 1".to_owned(),
        Action::GoAway { last } => format!("GOAWAY {last}"),
        Action::Close => "close".to_owned(),
    }
}

/// What is on its way to the server, and whether the client had a GOAWAY when it was sent.
#[derive(Clone, Copy)]
struct Sent {
    event: Event,
    knowing: bool,
}

/// How much of a story is told at most.
const LINES: usize = 24;

/// What has happened. Of a long one, its first line is told, and its end.
struct Story(Vec<String>);

impl fmt::Display for Story {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let left_out = self.0.len().saturating_sub(LINES);
        for (index, line) in self.0.iter().enumerate() {
            match index {
                0 => write!(f, "{line}")?,
                1 if left_out > 0 => write!(f, "\n…")?,
                _ if index > left_out => write!(f, "\n{line}")?,
                _ => {}
            }
        }
        Ok(())
    }
}

/// A server, a client, and the network between them.
struct World {
    connection: Connection,
    now: Duration,
    to_server: VecDeque<Sent>,
    to_client: VecDeque<Action>,
    story: Story,

    // What the server has done.
    begun: BTreeSet<u32>,
    running: BTreeSet<u32>,
    told: Option<u32>,
    /// It has heard from a client that knows.
    knows: bool,
    until: Option<Duration>,
    closed: bool,

    // What the client has seen. Each request that it has sent, and whether it knew.
    requests: BTreeMap<u32, bool>,
    last: Option<u32>,
    answered: BTreeSet<u32>,
    refused: BTreeSet<u32>,
}

impl World {
    fn new() -> Self {
        Self {
            connection: Connection::new(seconds(GRACE)),
            now: seconds(1),
            to_server: VecDeque::new(),
            to_client: VecDeque::new(),
            story: Story(vec![format!("A grace of {GRACE} s. It is 1 s.")]),
            begun: BTreeSet::new(),
            running: BTreeSet::new(),
            told: None,
            knows: false,
            until: None,
            closed: false,
            requests: BTreeMap::new(),
            last: None,
            answered: BTreeSet::new(),
            refused: BTreeSet::new(),
        }
    }

    fn tell(&mut self, line: &str) {
        self.story.0.push(line.to_owned());
    }

    /// The client sends something.
    fn send(&mut self, event: Event) {
        match event {
            Event::Request(stream) => {
                self.requests.insert(stream, self.last.is_some());
                self.tell(&format!("The client sends request {stream}."));
            }
            Event::Cancel(stream) => {
                // It does not wait for that one any more.
                self.requests.remove(&stream);
                self.tell(&format!("The client sends RST_STREAM for {stream}."));
            }
            _ => {}
        }
        if self.closed {
            self.reset();
        } else {
            self.to_server.push_back(Sent { event, knowing: self.last.is_some() });
        }
    }

    fn request(&mut self, stream: u32) {
        self.send(Event::Request(stream));
    }

    /// TCP is closed, and something comes that nobody reads.
    fn reset(&mut self) {
        if !self.to_client.is_empty() {
            self.tell("TCP is reset: what was on its way to the client is lost.");
            self.to_client.clear();
        }
    }

    /// The next thing that is on its way to the server arrives.
    #[track_caller]
    fn server_reads(&mut self) {
        let Some(Sent { event, knowing }) = self.to_server.pop_front() else {
            panic!("{}\nThe test expects that something is on its way to the server.", self.story);
        };
        if let Event::Pong(_) = event {
            self.knows |= knowing;
        }
        self.on(event);
    }

    /// The next thing that is on its way to the client arrives.
    #[track_caller]
    fn client_reads(&mut self) {
        let Some(action) = self.to_client.pop_front() else {
            panic!("{}\nThe test expects that something is on its way to the client.", self.story);
        };
        self.tell(&format!("The client reads: {}.", action_in_words(action)));
        match action {
            Action::Respond(stream) => _ = self.answered.insert(stream),
            Action::Refuse(stream) => _ = self.refused.insert(stream),
            Action::Ping(data) => self.send(Event::Pong(data)),
            Action::GoAway { last } => self.last = Some(last),
            Action::Call(_) | Action::Stop(_) | Action::Close => {}
        }
    }

    /// All that is on its way arrives, and all that is answered to it.
    #[track_caller]
    fn all_arrives(&mut self) {
        for _ in 0..10_000 {
            if !self.to_client.is_empty() {
                self.client_reads();
            } else if !self.to_server.is_empty() && !self.closed {
                self.server_reads();
            } else {
                return;
            }
        }
        panic!("{}\nThe two write to each other for ever.", self.story);
    }

    /// All that is on its way to the server arrives.
    #[track_caller]
    fn server_reads_all(&mut self) {
        while !self.to_server.is_empty() && !self.closed {
            self.server_reads();
        }
    }

    fn answer(&mut self, stream: u32) {
        self.on(Event::Answered(stream));
    }

    fn shutdown(&mut self) {
        self.until.get_or_insert(self.now + seconds(GRACE));
        self.on(Event::Shutdown);
    }

    /// It is so many seconds after the beginning of the test.
    fn at(&mut self, second: u64) {
        self.now = seconds(second);
        self.tell(&format!("It is {second} s."));
    }

    /// Something happens at the server. Each action must be one that may come now.
    #[track_caller]
    fn on(&mut self, event: Event) {
        let actions = self.connection.on(event, self.now);
        let words: Vec<_> = actions.iter().map(|&action| action_in_words(action)).collect();
        let words = if words.is_empty() { "nothing".to_owned() } else { words.join(", ") };
        self.tell(&format!("At the server, {}: {words}.", event_in_words(event)));
        if let Event::Cancel(stream) | Event::Answered(stream) = event
            && self.running.contains(&stream)
        {
            let expected = match event {
                Event::Cancel(_) => Action::Stop(stream),
                _ => Action::Respond(stream),
            };
            assert!(
                actions.contains(&expected),
                "{}\nStream {stream} was running, and this is expected: {}",
                self.story,
                action_in_words(expected)
            );
        }
        for action in actions {
            if let Err(why) = self.book(action) {
                panic!("{}\n{why}", self.story);
            }
        }
        assert!(
            self.closed || !(self.knows && self.running.is_empty()),
            "{}\nNothing runs, the client knows that the server stops, and the connection is not closed.",
            self.story
        );
        let late = self.until.is_some_and(|until| self.now >= until);
        assert!(
            self.closed || !late,
            "{}\nThe grace is over, and the connection is not closed.",
            self.story
        );
    }

    /// Books this action, or says why it may not come now.
    fn book(&mut self, action: Action) -> Result<(), String> {
        if self.closed {
            return Err("Something is done after the connection was closed.".to_owned());
        }
        match action {
            Action::Call(stream) => {
                if let Some(last) = self.told.filter(|&last| last < stream) {
                    return Err(format!(
                        "Request {stream} is begun, and the client was told that none above {last} is."
                    ));
                }
                if self.knows {
                    return Err(format!(
                        "Request {stream} is begun, although the client is known to know that the server stops."
                    ));
                }
                if !self.begun.insert(stream) {
                    return Err(format!("Request {stream} is begun twice."));
                }
                self.running.insert(stream);
                return Ok(());
            }
            Action::Stop(stream) | Action::Respond(stream) => {
                if !self.running.remove(&stream) {
                    return Err(format!("Stream {stream} does not run."));
                }
                if let Action::Stop(_) = action {
                    return Ok(());
                }
            }
            Action::Refuse(stream) => {
                if self.begun.contains(&stream) {
                    return Err(format!("Request {stream} is refused, and it was begun."));
                }
            }
            Action::GoAway { last } => {
                if last > HIGHEST {
                    return Err(format!("A stream's number has 31 bits, and {last} has more."));
                }
                if let Some(told) = self.told.filter(|&told| told < last) {
                    return Err(format!(
                        "The client was told {told} before, and now it is {last}."
                    ));
                }
                if let Some(&stream) = self.begun.iter().find(|&&stream| stream > last) {
                    return Err(format!(
                        "The client is told that request {stream} was not begun, and it was: it will be done twice."
                    ));
                }
                self.told = Some(last);
            }
            Action::Close => {
                let late = self.until.is_some_and(|until| self.now >= until);
                if let Some(stream) = self.running.first().filter(|_| !late) {
                    return Err(format!("The connection is closed, and request {stream} runs."));
                }
                let highest = self.begun.last().copied().unwrap_or(0);
                let said = match self.told {
                    Some(HIGHEST) => "2³¹ - 1".to_owned(),
                    Some(told) => told.to_string(),
                    None => "nothing".to_owned(),
                };
                if self.told != Some(highest) {
                    return Err(format!(
                        "The connection is closed, and what the client was told last is {said}, where {highest} is the highest stream that was begun."
                    ));
                }
                self.closed = true;
                if !self.to_server.is_empty() {
                    self.to_server.clear();
                    self.reset();
                }
                return Ok(());
            }
            Action::Ping(_) => {}
        }
        self.to_client.push_back(action);
        Ok(())
    }

    /// What the client knows of a request.
    fn fate(&self, stream: u32) -> &'static str {
        if self.answered.contains(&stream) {
            "answered"
        } else if self.refused.contains(&stream) || self.last.is_some_and(|last| last < stream) {
            "to be tried elsewhere"
        } else {
            "lost"
        }
    }

    /// These requests, and no others that the client has sent before it knew, are not answered.
    #[track_caller]
    fn ends(&self) {
        assert!(
            self.closed,
            "{}\nNothing more will come, and the connection is not closed.",
            self.story
        );
        for (&stream, &knowing) in &self.requests {
            let fate = self.fate(stream);
            let fine = if knowing { fate != "lost" } else { fate == "answered" };
            let when = if knowing { "when it knew" } else { "before it could know" };
            assert!(
                fine,
                "{}\nThe client has sent request {stream} {when} that the server stops, and for the client it is {fate}.",
                self.story
            );
        }
    }
}

#[test]
fn requests_are_answered() {
    proctor::watch(|| {
        let mut world = World::new();
        for stream in [1, 3, 5] {
            world.request(stream);
        }
        world.all_arrives();
        for stream in [3, 5, 1] {
            world.answer(stream);
        }
        world.all_arrives();
        world.request(7);
        world.send(Event::Cancel(7));
        world.all_arrives();
        world.on(Event::Silence);
        assert!(
            matches!(world.to_client.front(), Some(Action::Ping(_))),
            "{}\nNothing has come for long, and the client is not asked whether it is there.",
            world.story
        );
        world.all_arrives();
        proctor::expect_eq!(world.connection.deadline(), None, "{}\nThe deadline", world.story);
        proctor::expect_eq!(
            world.answered,
            BTreeSet::from([1, 3, 5]),
            "{}\nThe answered requests",
            world.story
        );
    });
}

#[test]
fn a_connection_without_requests_ends() {
    proctor::watch(|| {
        let mut world = World::new();
        world.shutdown();
        world.all_arrives();
        world.ends();
        let mut world = World::new();
        world.request(1);
        world.all_arrives();
        world.answer(1);
        world.all_arrives();
        world.shutdown();
        world.all_arrives();
        world.ends();
    });
}

#[test]
fn a_request_may_be_on_its_way() {
    proctor::watch(|| {
        // Nothing runs when the server stops.
        let mut world = World::new();
        world.request(1);
        world.shutdown();
        world.server_reads_all();
        world.all_arrives();
        if world.running.contains(&1) {
            world.answer(1);
        }
        world.all_arrives();
        world.ends();
    });
}

#[test]
fn requests_may_be_on_their_way_while_others_run() {
    proctor::watch(|| {
        let mut world = World::new();
        world.request(1);
        world.all_arrives();
        world.request(3);
        world.shutdown();
        world.request(5);
        world.server_reads_all();
        world.all_arrives();
        for stream in [1, 3, 5] {
            if world.running.contains(&stream) {
                world.answer(stream);
            }
        }
        world.all_arrives();
        world.ends();
    });
}

#[test]
fn many_requests_may_be_on_their_way() {
    proctor::watch(|| {
        // A young connection, and one that has nearly used up its numbers.
        for first in [3, HIGHEST - 300] {
            let mut world = World::new();
            world.request(first - 2);
            world.all_arrives();
            world.shutdown();
            let streams: Vec<_> = (first..=HIGHEST).step_by(2).take(1_000).collect();
            for &stream in &streams {
                world.request(stream);
            }
            world.server_reads_all();
            world.all_arrives();
            world.answer(first - 2);
            for &stream in &streams {
                if world.running.contains(&stream) {
                    world.answer(stream);
                }
            }
            world.all_arrives();
            world.ends();
        }
    });
}

#[test]
fn what_runs_is_finished() {
    proctor::watch(|| {
        let mut world = World::new();
        world.request(1);
        world.request(3);
        world.all_arrives();
        world.shutdown();
        world.all_arrives();
        world.at(8);
        world.on(Event::Time);
        world.answer(3);
        world.all_arrives();
        world.at(9);
        world.answer(1);
        world.all_arrives();
        world.ends();
    });
}

#[test]
fn the_last_answer_may_come_before_the_clients() {
    proctor::watch(|| {
        let mut world = World::new();
        world.request(1);
        world.all_arrives();
        world.shutdown();
        world.request(3);
        // With this nothing runs, and request 3 is on its way.
        world.answer(1);
        world.server_reads_all();
        world.all_arrives();
        if world.running.contains(&3) {
            world.answer(3);
        }
        world.all_arrives();
        world.ends();
    });
}

#[test]
fn a_client_that_does_not_care_gets_nothing_more() {
    proctor::watch(|| {
        let mut world = World::new();
        world.request(1);
        world.all_arrives();
        world.shutdown();
        world.all_arrives();
        // It knows, and goes on.
        for stream in [3, 5, 7] {
            world.request(stream);
            world.all_arrives();
        }
        world.answer(1);
        world.all_arrives();
        world.ends();
    });
}

#[test]
fn an_answer_to_another_ping_says_nothing() {
    proctor::watch(|| {
        let mut world = World::new();
        world.on(Event::Silence);
        world.on(Event::Silence);
        world.client_reads();
        world.client_reads();
        world.request(1);
        world.shutdown();
        // Two answers, and behind them the request.
        world.server_reads_all();
        world.all_arrives();
        if world.running.contains(&1) {
            world.answer(1);
        }
        world.all_arrives();
        world.ends();
    });
}

#[test]
fn a_cancelled_request_is_over() {
    proctor::watch(|| {
        let mut world = World::new();
        world.request(1);
        world.request(3);
        world.all_arrives();
        world.send(Event::Cancel(3));
        world.shutdown();
        world.server_reads_all();
        world.all_arrives();
        world.answer(3);
        world.send(Event::Cancel(1));
        world.all_arrives();
        assert!(
            world.closed,
            "{}\nAll is cancelled, and the connection is not closed.",
            world.story
        );
        proctor::expect_eq!(world.told, Some(3), "{}\nWhat the client was told last", world.story);
    });
}

#[test]
fn who_cancels_all_may_ask_again() {
    proctor::watch(|| {
        let mut world = World::new();
        world.request(1);
        world.all_arrives();
        world.send(Event::Cancel(1));
        world.shutdown();
        world.request(3);
        // With the first of the two nothing runs, and the other one is behind it.
        world.server_reads_all();
        world.all_arrives();
        if world.running.contains(&3) {
            world.answer(3);
        }
        world.all_arrives();
        world.ends();
    });
}

#[test]
fn a_client_may_not_answer() {
    proctor::watch(|| {
        for runs in [false, true] {
            let mut world = World::new();
            world.request(1);
            world.all_arrives();
            world.shutdown();
            world.request(3);
            world.server_reads_all();
            if !runs {
                world.answer(1);
                world.answer(3);
            }
            assert!(
                !world.closed,
                "{}\nThe client may not know yet, and the connection is closed.",
                world.story
            );
            proctor::expect_eq!(
                world.connection.deadline(),
                Some(seconds(1 + GRACE)),
                "{}\nThe deadline",
                world.story
            );
            world.now = Duration::from_millis(10_999);
            world.tell("It is 10.999 s.");
            world.on(Event::Time);
            assert!(
                !world.closed,
                "{}\nThe grace is not over, and the connection is closed.",
                world.story
            );
            world.at(1 + GRACE);
            world.on(Event::Time);
            proctor::expect_eq!(
                world.told,
                Some(3),
                "{}\nWhat the client was told last",
                world.story
            );
            proctor::expect_eq!(
                world.connection.deadline(),
                None,
                "{}\nThe deadline when all is over",
                world.story
            );
        }
    });
}

#[test]
fn the_grace_is_for_all() {
    proctor::watch(|| {
        let mut world = World::new();
        world.request(1);
        world.request(3);
        world.all_arrives();
        world.shutdown();
        world.at(5);
        world.all_arrives();
        world.answer(3);
        // The answer has come, and the server is told once more to stop.
        world.shutdown();
        world.all_arrives();
        proctor::expect_eq!(
            world.connection.deadline(),
            Some(seconds(1 + GRACE)),
            "{}\nThe deadline",
            world.story
        );
        world.at(1 + GRACE);
        world.on(Event::Time);
        assert!(
            world.closed,
            "{}\nThe grace is over, and the connection is not closed.",
            world.story
        );
    });
}

#[test]
fn an_answer_may_come_at_the_last_moment() {
    proctor::watch(|| {
        for knows in [false, true] {
            let mut world = World::new();
            world.request(1);
            world.all_arrives();
            world.shutdown();
            if knows {
                world.all_arrives();
            }
            world.at(1 + GRACE);
            // Where the client answers the PING afterwards, nobody reads that, and the response may be lost.
            world.answer(1);
            world.all_arrives();
            if knows {
                world.ends();
            }
        }
    });
}

#[test]
fn it_is_told_twice_to_stop() {
    proctor::watch(|| {
        let mut world = World::new();
        world.request(1);
        world.all_arrives();
        world.shutdown();
        let written = world.to_client.len();
        world.shutdown();
        proctor::expect_eq!(
            world.to_client.len(),
            written,
            "{}\nHow many frames are on their way to the client after the second `Shutdown`",
            world.story
        );
        world.all_arrives();
        world.shutdown();
        world.all_arrives();
        world.answer(1);
        world.all_arrives();
        world.ends();
    });
}

#[test]
fn what_is_over_stays_over() {
    proctor::watch(|| {
        let mut world = World::new();
        world.request(1);
        world.all_arrives();
        world.shutdown();
        world.all_arrives();
        world.answer(1);
        world.all_arrives();
        world.ends();
        for event in [
            Event::Shutdown,
            Event::Request(3),
            Event::Cancel(1),
            Event::Answered(1),
            Event::Pong(0),
            Event::Pong(1),
            Event::Time,
        ] {
            world.on(event);
        }
        world.at(100);
        world.on(Event::Time);
        proctor::expect_eq!(
            world.connection.deadline(),
            None,
            "{}\nThe deadline when all is over",
            world.story
        );
    });
}

/// What may happen next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Sends(u32),
    ServerReads,
    ClientReads,
    Answers(u32),
    Silence,
    Stops,
}

impl Step {
    fn happens(self, world: &mut World) {
        match self {
            Self::Sends(stream) => world.request(stream),
            Self::ServerReads => world.server_reads(),
            Self::ClientReads => world.client_reads(),
            Self::Answers(stream) => world.answer(stream),
            Self::Silence => world.on(Event::Silence),
            Self::Stops => world.shutdown(),
        }
    }
}

/// What is there after these steps.
fn lived(steps: &[Step]) -> World {
    let mut world = World::new();
    for step in steps {
        step.happens(&mut world);
    }
    world
}

/// Goes on from these steps, which have led to this, in each way there is. Says how many ways there were.
fn explore(mut world: World, steps: &mut Vec<Step>, streams: &[u32], silence: bool) -> usize {
    let mut next = Vec::new();
    if !world.to_server.is_empty() && !world.closed {
        next.push(Step::ServerReads);
    }
    if !world.to_client.is_empty() {
        next.push(Step::ClientReads);
    }
    // The client sends one after the other, until it knows.
    let unsent = streams.iter().find(|stream| !world.requests.contains_key(stream));
    next.extend(unsent.filter(|_| world.last.is_none()).map(|&stream| Step::Sends(stream)));
    next.extend(world.running.iter().map(|&stream| Step::Answers(stream)));
    if !steps.contains(&Step::Stops) {
        next.push(Step::Stops);
        if silence && !steps.contains(&Step::Silence) {
            next.push(Step::Silence);
        }
    }
    let Some(last) = next.pop() else {
        world.ends();
        return 1;
    };
    let mut ways = 0;
    for step in next {
        let mut world = lived(steps);
        step.happens(&mut world);
        steps.push(step);
        ways += explore(world, steps, streams, silence);
        steps.pop();
    }
    last.happens(&mut world);
    steps.push(last);
    ways += explore(world, steps, streams, silence);
    steps.pop();
    ways
}

#[test]
fn in_every_order_nothing_is_lost() {
    proctor::watch(|| {
        for (streams, silence) in [(&[1, 3][..], false), (&[1], true)] {
            let ways = explore(World::new(), &mut Vec::new(), streams, silence);
            assert!(ways > 100, "the test has found {ways} orders only");
        }
    });
}
