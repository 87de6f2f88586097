//! Events in order, and in every other.

use gateway::{
    Extension, Extensions, ResponseBody, ResponseStart, ResponseTrailers, Rules, SendError,
    SendEvent, Violation,
};
use order_police::{Event, Missing, Police, Refused, Verdict};

const START: Event = Event::Start { length: None, trailers: false };
const ANNOUNCED: Event = Event::Start { length: None, trailers: true };
const TRAILERS: Event = Event::Trailers;

const PASS: Result<Verdict, Refused> = Ok(Verdict::Pass);
const IGNORE: Result<Verdict, Refused> = Ok(Verdict::Ignore);
const OUT_OF_ORDER: Result<Verdict, Refused> = Err(Refused::OutOfOrder);
const UNFINISHED: Result<(), Missing> = Err(Missing::Unfinished);

/// A start with a content-length.
const fn of(length: u64) -> Event {
    Event::Start { length: Some(length), trailers: false }
}

const fn part(bytes: u64) -> Event {
    Event::Body { bytes, more: true }
}

const fn last(bytes: u64) -> Event {
    Event::Body { bytes, more: false }
}

/// An event in a few words.
fn words(event: Event) -> String {
    let of = |bytes| format!("of {bytes} byte{}", if bytes == 1 { "" } else { "s" });
    match event {
        Event::Start { length, trailers } => {
            let length = length.map(|length| format!(" {}", of(length))).unwrap_or_default();
            format!("start{length}{}", if trailers { " announcing trailers" } else { "" })
        }
        Event::Body { bytes, more: true } => format!("part {}", of(bytes)),
        Event::Body { bytes, more: false } => format!("last part {}", of(bytes)),
        Event::Trailers => String::from("trailers"),
    }
}

/// What happened until now.
#[derive(Debug, Clone, Copy)]
enum Step {
    Asked(Event, Result<Verdict, Refused>),
    Left,
}

/// A police, and what it was asked until now.
#[derive(Clone)]
struct Asked {
    police: Police,
    story: Vec<Step>,
}

impl Asked {
    /// With a server that offers trailers.
    fn new() -> Self {
        Self { police: Police::new(true), story: Vec::new() }
    }

    /// After these events, all of which must pass.
    fn after(events: &[Event]) -> Self {
        let mut asked = Self::new();
        for &event in events {
            asked.says(event, PASS);
        }
        asked
    }

    #[track_caller]
    fn says(&mut self, event: Event, expected: Result<Verdict, Refused>) {
        let said = self.police.send(event);
        proctor::expect_eq!(said, expected, "what is said to: {}, {}", words(event), self.before());
        self.story.push(Step::Asked(event, said));
    }

    fn gone(&mut self) {
        self.police.gone();
        self.story.push(Step::Left);
    }

    #[track_caller]
    fn finishes(&self, expected: Result<(), Missing>) {
        proctor::expect_eq!(self.police.finish(), expected, "what `finish` says {}", self.before());
    }

    fn before(&self) -> String {
        if self.story.is_empty() {
            return String::from("before anything was sent");
        }
        let steps = self.story.iter().map(|step| match step {
            Step::Asked(event, Ok(verdict)) => format!("{} ({verdict:?})", words(*event)),
            Step::Asked(event, Err(refused)) => format!("{} ({refused:?})", words(*event)),
            Step::Left => String::from("the client left"),
        });
        format!("after: {}", steps.collect::<Vec<_>>().join(", "))
    }
}

#[test]
fn what_is_in_order_passes() {
    proctor::watch(|| {
        Asked::after(&[START, last(4)]).finishes(Ok(()));
        Asked::after(&[START, part(2), part(0), part(2), last(0)]).finishes(Ok(()));
        Asked::after(&[ANNOUNCED, part(2), last(2), TRAILERS]).finishes(Ok(()));
        Asked::after(&[of(4), part(2), part(0), last(2)]).finishes(Ok(()));
        Asked::after(&[of(4), part(4), last(0)]).finishes(Ok(()));
        Asked::after(&[of(0), last(0)]).finishes(Ok(()));
        Asked::after(&[of(u64::MAX), last(u64::MAX)]).finishes(Ok(()));
        Asked::after(&[START, part(u64::MAX), part(u64::MAX), last(0)]).finishes(Ok(()));
    });
}

#[test]
fn nothing_at_all_is_no_response() {
    proctor::watch(|| Asked::new().finishes(Err(Missing::NoResponse)));
}

#[test]
fn a_start_is_no_response_yet() {
    proctor::watch(|| Asked::after(&[START]).finishes(UNFINISHED));
}

#[test]
fn a_body_without_its_end_is_unfinished() {
    proctor::watch(|| {
        Asked::after(&[START, part(4)]).finishes(UNFINISHED);
        // All the bytes are there. Whether the application knows that it is done, it has not said.
        Asked::after(&[of(4), part(4)]).finishes(UNFINISHED);
    });
}

#[test]
fn a_body_does_not_come_first() {
    proctor::watch(|| {
        for first in [part(4), last(4), last(0)] {
            let mut asked = Asked::new();
            asked.says(first, OUT_OF_ORDER);
            asked.finishes(Err(Missing::NoResponse));
            asked.says(START, PASS);
            asked.says(last(4), PASS);
            asked.finishes(Ok(()));
        }
    });
}

#[test]
fn a_second_start_is_refused() {
    proctor::watch(|| {
        for before in [&[START][..], &[START, part(2)], &[of(4)], &[of(4), part(2)]] {
            for second in [START, of(2), of(9), ANNOUNCED] {
                let mut asked = Asked::after(before);
                asked.says(second, OUT_OF_ORDER);
            }
        }
        let mut asked = Asked::after(&[of(4)]);
        asked.says(START, OUT_OF_ORDER);
        asked.says(of(9), OUT_OF_ORDER);
        // The length is still that of the first.
        asked.says(part(5), Err(Refused::TooLong));
        asked.says(last(4), PASS);
        asked.finishes(Ok(()));
    });
}

#[test]
fn trailers_that_were_not_announced_are_refused() {
    proctor::watch(|| {
        let mut asked = Asked::new();
        asked.says(TRAILERS, OUT_OF_ORDER);
        asked.says(START, PASS);
        asked.says(TRAILERS, OUT_OF_ORDER);
        asked.says(part(2), PASS);
        asked.says(TRAILERS, OUT_OF_ORDER);
        asked.finishes(UNFINISHED);
        asked.says(last(2), PASS);
        asked.says(TRAILERS, IGNORE);
        asked.finishes(Ok(()));
    });
}

#[test]
fn trailers_that_were_announced_are_due() {
    proctor::watch(|| {
        let mut asked = Asked::after(&[ANNOUNCED]);
        asked.says(TRAILERS, OUT_OF_ORDER);
        asked.says(part(2), PASS);
        asked.says(TRAILERS, OUT_OF_ORDER);
        asked.says(last(2), PASS);
        asked.finishes(UNFINISHED);
        for event in [part(0), last(0), START] {
            asked.says(event, OUT_OF_ORDER);
        }
        asked.finishes(UNFINISHED);
        asked.says(TRAILERS, PASS);
        asked.finishes(Ok(()));
        asked.says(TRAILERS, IGNORE);
    });
}

#[test]
fn trailers_are_announced_only_where_they_are_offered() {
    proctor::watch(|| {
        let mut asked = Asked { police: Police::new(false), story: Vec::new() };
        asked.says(ANNOUNCED, Err(Refused::NotOffered));
        asked.finishes(Err(Missing::NoResponse));
        asked.says(last(0), OUT_OF_ORDER);
        asked.says(START, PASS);
        asked.says(last(4), PASS);
        asked.finishes(Ok(()));
    });
}

#[test]
fn after_the_end_everything_is_ignored() {
    proctor::watch(|| {
        for whole in [&[START, last(4)][..], &[ANNOUNCED, last(4), TRAILERS], &[of(4), last(4)]] {
            let mut asked = Asked::after(whole);
            for event in [START, ANNOUNCED, part(9), last(0), TRAILERS] {
                asked.says(event, IGNORE);
            }
            asked.finishes(Ok(()));
        }
    });
}

#[test]
fn a_client_that_is_gone_gets_nothing() {
    proctor::watch(|| {
        for before in [
            &[][..],
            &[START],
            &[of(4), part(2)],
            &[ANNOUNCED, last(4)],
            &[START, last(4)],
            &[ANNOUNCED, last(4), TRAILERS],
        ] {
            let mut asked = Asked::after(before);
            asked.gone();
            for event in [START, ANNOUNCED, part(9), last(0), TRAILERS] {
                asked.says(event, Err(Refused::Disconnected));
            }
        }
    });
}

#[test]
fn a_client_that_is_gone_misses_nothing() {
    proctor::watch(|| {
        for before in
            [&[][..], &[START], &[START, part(2)], &[ANNOUNCED, last(4)], &[START, last(4)]]
        {
            let mut asked = Asked::after(before);
            asked.gone();
            asked.finishes(Ok(()));
        }
    });
}

#[test]
fn a_part_too_much_is_refused_at_once() {
    proctor::watch(|| {
        for (before, event) in [
            (&[of(4)][..], part(5)),
            (&[of(4)], last(5)),
            (&[of(4), part(3)], part(2)),
            (&[of(4), part(4)], last(1)),
            (&[of(0)], part(1)),
            // What cannot be added up is too long as well.
            (&[of(4), part(3)], part(u64::MAX)),
            (&[of(4), part(3)], last(u64::MAX)),
            (&[of(u64::MAX), part(3)], part(u64::MAX)),
        ] {
            Asked::after(before).says(event, Err(Refused::TooLong));
        }
    });
}

#[test]
fn an_end_too_soon_is_refused() {
    proctor::watch(|| {
        for (before, event) in [
            (&[of(4)][..], last(0)),
            (&[of(4)], last(3)),
            (&[of(4), part(3)], last(0)),
            (&[Event::Start { length: Some(4), trailers: true }, part(1)], last(2)),
        ] {
            let mut asked = Asked::after(before);
            asked.says(event, Err(Refused::TooShort));
            asked.finishes(UNFINISHED);
        }
    });
}

#[test]
fn what_is_refused_changes_nothing() {
    proctor::watch(|| {
        let mut asked = Asked::after(&[of(4), part(1)]);
        asked.says(part(4), Err(Refused::TooLong));
        asked.says(last(2), Err(Refused::TooShort));
        asked.says(START, OUT_OF_ORDER);
        asked.says(TRAILERS, OUT_OF_ORDER);
        // One of four bytes was sent, and three are left.
        asked.says(part(2), PASS);
        asked.says(last(2), Err(Refused::TooLong));
        asked.says(last(0), Err(Refused::TooShort));
        asked.says(last(1), PASS);
        asked.finishes(Ok(()));
    });
}

/// What the chapter's rules say, in the words of the exercise.
fn theirs(rules: &mut Rules, event: &SendEvent) -> Result<Verdict, Refused> {
    match rules.send(event) {
        Ok(gateway::Verdict::Pass) => PASS,
        Ok(gateway::Verdict::Ignore) => IGNORE,
        Err(SendError::Disconnected(_)) => Err(Refused::Disconnected),
        Err(SendError::Violation(violation)) => Err(match violation {
            Violation::OutOfOrder { .. } => Refused::OutOfOrder,
            Violation::NotOffered(_) => Refused::NotOffered,
            Violation::TooLong { .. } => Refused::TooLong,
            Violation::TooShort { .. } => Refused::TooShort,
            other => panic!("the chapter's rules say something unexpected: {other}"),
        }),
    }
}

fn translated(event: Event) -> SendEvent {
    match event {
        Event::Start { length, trailers } => {
            let mut start = ResponseStart::new(200);
            start.trailers = trailers;
            match length {
                Some(length) => start.header("content-length", length).into(),
                None => start.into(),
            }
        }
        Event::Body { bytes, more } => {
            let body = "crab".repeat(3)[..usize::try_from(bytes).unwrap()].to_owned();
            ResponseBody { body: body.into(), more_body: more }.into()
        }
        Event::Trailers => ResponseTrailers::default().into(),
    }
}

/// Sends each of the events to both, and then each of the events after each of them, and so on.
fn compare(asked: &Asked, rules: &Rules, events: &[(Event, SendEvent)], depth: usize) {
    let theirs_at_the_end = match rules.finish(Ok(())) {
        Ok(()) => Ok(()),
        Err(gateway::Failure::NoResponse) => Err(Missing::NoResponse),
        Err(_) => UNFINISHED,
    };
    asked.finishes(theirs_at_the_end);
    if depth == 0 {
        return;
    }
    for (event, translated) in events {
        let (mut asked, mut rules) = (asked.clone(), rules.clone());
        asked.says(*event, theirs(&mut rules, translated));
        compare(&asked, &rules, events, depth - 1);
    }
}

#[test]
fn every_sequence_is_judged_as_the_gateway_judges_it() {
    proctor::watch(|| {
        let events = [
            START,
            ANNOUNCED,
            of(3),
            Event::Start { length: Some(3), trailers: true },
            part(0),
            part(2),
            last(0),
            last(1),
            last(3),
            TRAILERS,
        ];
        let events = events.map(|event| (event, translated(event)));
        for offered in [true, false] {
            let extensions =
                if offered { Extensions::NONE.with(Extension::Trailers) } else { Extensions::NONE };
            let rules = Rules::Http(gateway::rules::HttpRules::new(&http::Method::GET, extensions));
            let asked = Asked { police: Police::new(offered), story: Vec::new() };
            compare(&asked, &rules, &events, 5);
        }
    });
}
