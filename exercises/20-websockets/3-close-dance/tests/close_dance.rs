//! Goodbyes, in every order.

use std::collections::VecDeque;
use std::fmt::Write;
use std::ops::RangeInclusive;
use std::time::Duration;

use close_dance::{Action, Close, Dance, Frame, Input, Role};

/// How long one waits, in seconds.
const PATIENCE: u64 = 10;

const ROLES: [Role; 2] = [Role::Server, Role::Client];

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn because(code: u16, reason: &str) -> Close {
    Close { code, reason: reason.to_owned() }
}

fn send(text: &str) -> Input {
    Input::Send(text.to_owned())
}

/// The application closes.
fn close(code: u16) -> Input {
    Input::Close(Some(because(code, "bye")))
}

/// A text of the peer comes.
fn text(text: &str) -> Input {
    Input::Frame(Frame::Text(text.to_owned()))
}

/// The peer's close frame comes.
fn closed(code: u16) -> Input {
    Input::Frame(Frame::Close(Some(because(code, "so long"))))
}

/// Such a frame without a code.
const CLOSED: Input = Input::Frame(Frame::Close(None));

fn close_in_words(close: Option<&Close>) -> String {
    match close {
        None => "without a code".to_owned(),
        Some(Close { code, reason }) if reason.is_empty() => code.to_string(),
        Some(Close { code, reason }) if reason.len() > 30 => {
            format!("{code} with a reason of {} bytes", reason.len())
        }
        Some(Close { code, reason }) => format!("{code} {reason:?}"),
    }
}

fn input_in_words(input: &Input) -> String {
    match input {
        Input::Send(text) => format!("the application sends {text:?}"),
        Input::Close(close) => {
            format!("the application closes, {}", close_in_words(close.as_ref()))
        }
        Input::Frame(Frame::Text(text)) => format!("the peer says {text:?}"),
        Input::Frame(Frame::Close(close)) => {
            format!("the peer's close frame comes, {}", close_in_words(close.as_ref()))
        }
        Input::Eof => "TCP ends".to_owned(),
        Input::Time => "time passes".to_owned(),
    }
}

/// An action in words. The reason of an answer is whatever somebody likes, and is left out.
fn action_in_words(action: &Action, is_answer: bool) -> String {
    match action {
        Action::Write(Frame::Text(text)) => format!("write {text:?}"),
        Action::Write(Frame::Close(Some(close))) if is_answer && close.reason.len() <= 123 => {
            format!("write close {}", close.code)
        }
        Action::Write(Frame::Close(Some(close))) if is_answer => {
            format!("write close {}, where 123 fit", close_in_words(Some(close)))
        }
        Action::Write(Frame::Close(close)) => {
            format!("write close {}", close_in_words(close.as_ref()))
        }
        Action::Deliver(text) => format!("deliver {text:?}"),
        Action::Report(close) if close.code == 1002 => format!("report {}", close.code),
        Action::Report(close) => format!("report {}", close_in_words(Some(close))),
        Action::CloseTcp => "close TCP".to_owned(),
        Action::Refuse => "refuse".to_owned(),
    }
}

/// What is to be done, in words. What is done for the application may stand before what is done on the wire, or behind it.
#[track_caller]
fn actions_in_words(actions: &[Action], is_answer: bool, story: &str) -> String {
    let tcp = actions.iter().position(|action| *action == Action::CloseTcp);
    let write = actions.iter().rposition(|action| matches!(action, Action::Write(_)));
    assert!(
        tcp.is_none_or(|tcp| write.is_none_or(|write| write < tcp)),
        "{story}\nA frame is to be written after TCP is closed, and is written nowhere: {actions:?}"
    );
    let mut actions: Vec<_> = actions.iter().collect();
    actions.sort_by_key(|action| match action {
        Action::Write(_) => 0,
        Action::Deliver(_) => 1,
        Action::Report(_) => 2,
        Action::CloseTcp => 3,
        Action::Refuse => 4,
    });
    let words: Vec<_> = actions.iter().map(|action| action_in_words(action, is_answer)).collect();
    if words.is_empty() { "nothing".to_owned() } else { words.join(", ") }
}

/// A dance, and what has happened in it.
struct Story {
    dance: Dance,
    told: String,
}

impl Story {
    fn of(role: Role) -> Self {
        let told = format!("A {} with a patience of {PATIENCE} s.", role_in_words(role));
        Self { dance: Dance::new(role, seconds(PATIENCE)), told }
    }

    /// At that second, this happens, and that is to be done.
    #[track_caller]
    fn at(self, second: u64, input: Input, expected: &str) -> Self {
        self.exactly_at(seconds(second), input, expected)
    }

    #[track_caller]
    fn exactly_at(mut self, now: Duration, input: Input, expected: &str) -> Self {
        write!(self.told, "\nAfter {} s, {}", now.as_secs_f64(), input_in_words(&input))
            .expect("a String takes all");
        let is_answer = matches!(input, Input::Frame(_));
        let actions = self.dance.on(input, now);
        let actions = actions_in_words(&actions, is_answer, &self.told);
        assert!(
            actions == expected,
            "{}\n  expected: {expected}\n       got: {actions}",
            self.told
        );
        write!(self.told, ": {actions}.").expect("a String takes all");
        self
    }

    /// Until that second it wants to wait.
    #[track_caller]
    fn waits_until(self, second: Option<u64>) -> Self {
        let deadline = second.map(seconds);
        proctor::expect_eq!(self.dance.deadline(), deadline, "{}\nThe deadline", self.told);
        self
    }

    /// TCP is closed, and nothing is done any more.
    #[track_caller]
    fn stays_over(self, second: u64) -> Self {
        self.waits_until(None)
            .at(second, text("late"), "nothing")
            .at(second, closed(1000), "nothing")
            .at(second, Input::Eof, "nothing")
            .at(second, send("late"), "refuse")
            .at(second, close(1000), "refuse")
            .at(second + 100, Input::Time, "nothing")
            .waits_until(None)
    }

    /// Both close frames are there, just now. What is left is TCP.
    #[track_caller]
    fn ends(self, role: Role, second: u64) {
        match role {
            Role::Server => self,
            Role::Client => self
                .waits_until(Some(second + PATIENCE))
                .at(second, text("late"), "nothing")
                .at(second, closed(1000), "nothing")
                .at(second, send("late"), "refuse")
                .at(second, close(1000), "refuse")
                .at(second + 1, Input::Eof, "close TCP"),
        }
        .stays_over(second + 1);
    }
}

fn role_in_words(role: Role) -> &'static str {
    match role {
        Role::Server => "server",
        Role::Client => "client",
    }
}

/// What is to be done when both close frames are there: these things, and what is done about TCP.
fn and_tcp(role: Role, actions: &str) -> String {
    match role {
        Role::Server => format!("{actions}, close TCP"),
        Role::Client => actions.to_owned(),
    }
}

#[test]
fn texts_go_both_ways() {
    proctor::watch(|| {
        for role in ROLES {
            Story::of(role)
                .waits_until(None)
                .at(0, send("one"), "write \"one\"")
                .at(1, text("two"), "deliver \"two\"")
                .at(1_000, Input::Time, "nothing")
                .waits_until(None)
                .at(1_000, send("three"), "write \"three\"");
        }
    });
}

#[test]
fn the_peer_is_first() {
    proctor::watch(|| {
        for role in ROLES {
            for code in [1000, 1001, 1011, 3000, 4999] {
                let expected =
                    and_tcp(role, &format!("write close {code}, report {code} \"so long\""));
                Story::of(role)
                    .at(3, text("one"), "deliver \"one\"")
                    .at(5, closed(code), &expected)
                    .ends(role, 5);
            }
        }
    });
}

#[test]
fn we_are_first() {
    proctor::watch(|| {
        for role in ROLES {
            Story::of(role)
                .at(3, close(4000), "write close 4000 \"bye\"")
                .waits_until(Some(13))
                .at(5, closed(4000), &and_tcp(role, "report 4000 \"so long\""))
                .ends(role, 5);
        }
    });
}

#[test]
fn both_are_first() {
    proctor::watch(|| {
        for role in ROLES {
            // What the application is told is what has come, not what it has said.
            Story::of(role)
                .at(3, close(4000), "write close 4000 \"bye\"")
                .at(5, closed(1001), &and_tcp(role, "report 1001 \"so long\""))
                .ends(role, 5);
        }
    });
}

#[test]
fn a_close_frame_may_have_no_code() {
    proctor::watch(|| {
        for role in ROLES {
            Story::of(role)
                .at(5, CLOSED, &and_tcp(role, "write close without a code, report 1005"))
                .ends(role, 5);
            Story::of(role)
                .at(3, Input::Close(None), "write close without a code")
                .waits_until(Some(13))
                .at(5, CLOSED, &and_tcp(role, "report 1005"))
                .ends(role, 5);
            Story::of(role)
                .at(3, close(1000), "write close 1000 \"bye\"")
                .at(5, CLOSED, &and_tcp(role, "report 1005"))
                .ends(role, 5);
        }
    });
}

/// The codes that may be on the wire.
const ON_THE_WIRE: [RangeInclusive<u16>; 4] = [
    // Normal, going away, protocol error, unsupported data.
    1000..=1003,
    // Between them: one is reserved, 1005 is no code, and 1006 no close frame.
    // Invalid payload, policy, too big, extension missing, internal error; restart, try again later, bad gateway.
    1007..=1014,
    // 1015: TLS failed. From there to 2999: for later versions of the protocol.
    3000..=3999,
    4000..=4999,
];

/// Codes, each with whether it may be on the wire.
fn codes() -> impl Iterator<Item = (u16, bool)> {
    let may = |code| ON_THE_WIRE.iter().any(|range| range.contains(&code));
    // All that lie near to where a range begins or ends, and a few besides.
    let near = [995..=1020, 1990..=2010, 2990..=3010, 3990..=4010, 4990..=5010];
    let some = [0, 1, 2, 125, 500, 1100, 1500, 2500, 3500, 4500, 9999, 65_535];
    near.into_iter().flatten().chain(some).map(move |code| (code, may(code)))
}

#[test]
fn an_application_sends_no_code_that_must_not_be_sent() {
    proctor::watch(|| {
        for (code, may) in codes() {
            for role in ROLES {
                let story = Story::of(role);
                if may {
                    story
                        .at(3, close(code), &format!("write close {code} \"bye\""))
                        .waits_until(Some(13));
                } else {
                    story
                        .at(3, close(code), "refuse")
                        .waits_until(None)
                        .at(4, send("still open"), "write \"still open\"")
                        .at(5, text("still open"), "deliver \"still open\"")
                        .at(6, close(1000), "write close 1000 \"bye\"");
                }
            }
        }
    });
}

#[test]
fn a_peer_sends_no_code_that_must_not_be_sent() {
    proctor::watch(|| {
        for (code, may) in codes() {
            for role in ROLES {
                let (answer, report) = if may {
                    (code, format!("report {}", action_reason(code)))
                } else {
                    (1002, "report 1002".to_owned())
                };
                let expected = and_tcp(role, &format!("write close {answer}, {report}"));
                Story::of(role).at(5, closed(code), &expected).ends(role, 5);
                Story::of(role)
                    .at(3, close(1000), "write close 1000 \"bye\"")
                    .at(5, closed(code), &and_tcp(role, &report))
                    .ends(role, 5);
            }
        }
    });
}

/// A code and the peer's reason, as `action_in_words` has them.
fn action_reason(code: u16) -> String {
    if code == 1002 { "1002".to_owned() } else { format!("{code} \"so long\"") }
}

#[test]
fn a_reason_fits_into_the_frame() {
    proctor::watch(|| {
        for role in ROLES {
            for (character, count, fits) in [
                ("x", 0, true),
                ("x", 123, true),
                ("x", 124, false),
                ("ä", 61, true),
                ("ä", 62, false),
                ("🦀", 31, false),
            ] {
                let reason = character.repeat(count);
                let input = Input::Close(Some(because(1000, &reason)));
                let words = close_in_words(Some(&because(1000, &reason)));
                let story = Story::of(role);
                if fits {
                    story.at(3, input, &format!("write close {words}"));
                } else {
                    story.at(3, input, "refuse").waits_until(None).at(
                        4,
                        send("still open"),
                        "write \"still open\"",
                    );
                }
            }
        }
    });
}

#[test]
fn an_answer_fits_into_the_frame() {
    proctor::watch(|| {
        for role in ROLES {
            let reason = "x".repeat(123);
            let closed = Input::Frame(Frame::Close(Some(because(1001, &reason))));
            let expected = "write close 1001, report 1001 with a reason of 123 bytes";
            Story::of(role).at(5, closed, &and_tcp(role, expected)).ends(role, 5);
        }
    });
}

#[test]
fn who_has_said_goodbye_says_nothing_more() {
    proctor::watch(|| {
        for role in ROLES {
            Story::of(role)
                .at(3, close(1000), "write close 1000 \"bye\"")
                .at(4, send("one thing more"), "refuse")
                .at(4, close(1001), "refuse")
                .at(4, Input::Close(None), "refuse")
                .waits_until(Some(13))
                .at(5, closed(1000), &and_tcp(role, "report 1000 \"so long\""))
                .ends(role, 5);
        }
    });
}

#[test]
fn who_has_said_goodbye_still_listens() {
    proctor::watch(|| {
        for role in ROLES {
            Story::of(role)
                .at(3, close(1000), "write close 1000 \"bye\"")
                .at(4, text("one"), "deliver \"one\"")
                .at(5, text("two"), "deliver \"two\"")
                .waits_until(Some(13))
                .at(6, closed(1000), &and_tcp(role, "report 1000 \"so long\""))
                .ends(role, 6);
        }
    });
}

#[test]
fn patience_has_an_end() {
    proctor::watch(|| {
        for role in ROLES {
            Story::of(role)
                .at(3, close(1000), "write close 1000 \"bye\"")
                .exactly_at(Duration::from_millis(12_999), Input::Time, "nothing")
                .waits_until(Some(13))
                .at(13, Input::Time, "report 1006, close TCP")
                .stays_over(13);
            Story::of(role)
                .at(3, close(1000), "write close 1000 \"bye\"")
                .at(50, Input::Time, "report 1006, close TCP")
                .stays_over(50);
        }
    });
}

#[test]
fn patience_is_what_was_given() {
    proctor::watch(|| {
        for role in ROLES {
            for patience in [0, 1, 1_500, 60_000] {
                let patience = Duration::from_millis(patience);
                let mut dance = Dance::new(role, patience);
                let said = dance.on(close(1000), seconds(3));
                proctor::expect_eq!(
                    said.len(),
                    1,
                    "how many actions there are when the application closes"
                );
                proctor::expect_eq!(
                    dance.deadline(),
                    Some(seconds(3) + patience),
                    "the deadline of a {} with a patience of {patience:?}, which has said goodbye after 3 s",
                    role_in_words(role)
                );
                let mut dance = Dance::new(Role::Client, patience);
                let answered = dance.on(closed(1000), seconds(5));
                proctor::expect_eq!(
                    answered.len(),
                    2,
                    "how many actions there are when the peer closes"
                );
                proctor::expect_eq!(
                    dance.deadline(),
                    Some(seconds(5) + patience),
                    "the deadline of a client with a patience of {patience:?}, which has answered after 5 s"
                );
            }
        }
    });
}

#[test]
fn a_peer_that_talks_on_gets_no_more_time() {
    proctor::watch(|| {
        for role in ROLES {
            let mut story = Story::of(role).at(3, text("bla"), "deliver \"bla\"").at(
                3,
                close(1000),
                "write close 1000 \"bye\"",
            );
            for second in 4..13 {
                story = story
                    .at(second, text("bla"), "deliver \"bla\"")
                    .at(second, close(1000), "refuse")
                    .waits_until(Some(13));
            }
            story.at(13, Input::Time, "report 1006, close TCP").stays_over(13);
        }
    });
}

#[test]
fn a_server_that_leaves_tcp_open_is_not_waited_for() {
    proctor::watch(|| {
        Story::of(Role::Client)
            .at(5, closed(1000), "write close 1000, report 1000 \"so long\"")
            .at(9, text("late"), "nothing")
            .at(9, closed(1000), "nothing")
            .exactly_at(Duration::from_millis(14_999), Input::Time, "nothing")
            .waits_until(Some(15))
            .at(15, Input::Time, "close TCP")
            .stays_over(15);
        // The answer came, and with it the time begins anew.
        Story::of(Role::Client)
            .at(3, close(1000), "write close 1000 \"bye\"")
            .at(12, closed(1000), "report 1000 \"so long\"")
            .at(13, Input::Time, "nothing")
            .waits_until(Some(22))
            .at(22, Input::Time, "close TCP")
            .stays_over(22);
    });
}

#[test]
fn a_connection_may_be_lost() {
    proctor::watch(|| {
        for role in ROLES {
            Story::of(role)
                .at(2, text("one"), "deliver \"one\"")
                .at(3, Input::Eof, "report 1006, close TCP")
                .stays_over(3);
            Story::of(role)
                .at(3, close(1000), "write close 1000 \"bye\"")
                .at(4, text("one"), "deliver \"one\"")
                .at(5, Input::Eof, "report 1006, close TCP")
                .stays_over(5);
        }
    });
}

/// What the two sides do, and the network between them, which keeps the order each way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Says(Role),
    Closes(Role),
    /// The next thing that is on its way to that side arrives.
    Arrives(Role),
}

/// One side, with what is on its way to it.
struct Side {
    dance: Dance,
    role: Role,
    /// `None` is the end.
    inbound: VecDeque<Option<Frame>>,
    written: Vec<String>,
    delivered: Vec<String>,
    said_goodbye: bool,
    heard_goodbye: Option<String>,
    reported: Option<String>,
    tcp_closed: bool,
}

impl Side {
    fn new(role: Role) -> Self {
        Self {
            dance: Dance::new(role, seconds(PATIENCE)),
            role,
            inbound: VecDeque::new(),
            written: Vec::new(),
            delivered: Vec::new(),
            said_goodbye: false,
            heard_goodbye: None,
            reported: None,
            tcp_closed: false,
        }
    }

    /// Something happens to this side.
    #[track_caller]
    fn on(&mut self, other: &mut Self, input: Input, story: &str) {
        let name = role_in_words(self.role);
        if let Input::Frame(Frame::Close(close)) = &input
            && self.heard_goodbye.is_none()
        {
            let close = close.as_ref().expect("all close frames here have codes");
            self.heard_goodbye = Some(close.code.to_string());
        }
        for action in self.dance.on(input, Duration::ZERO) {
            match action {
                Action::Write(frame) => {
                    assert!(!self.tcp_closed, "{story}\nThe {name} has closed TCP, and writes.");
                    assert!(
                        !self.said_goodbye,
                        "{story}\nThe {name} has written a close frame, and writes {frame:?}."
                    );
                    match &frame {
                        Frame::Text(text) => self.written.push(text.clone()),
                        Frame::Close(_) => self.said_goodbye = true,
                    }
                    if !other.tcp_closed {
                        other.inbound.push_back(Some(frame));
                    }
                }
                Action::Deliver(text) => {
                    assert!(
                        self.heard_goodbye.is_none(),
                        "{story}\nThe {name} delivers {text:?}, which came after the peer's close frame."
                    );
                    self.delivered.push(text);
                }
                Action::Report(close) => {
                    let code = close.code.to_string();
                    assert!(
                        self.reported.is_none(),
                        "{story}\nThe {name} reports {code}, and has reported {:?} before.",
                        self.reported
                    );
                    self.reported = Some(code);
                }
                Action::CloseTcp => {
                    assert!(!self.tcp_closed, "{story}\nThe {name} closes TCP a second time.");
                    assert!(
                        self.role == Role::Server || other.tcp_closed,
                        "{story}\nThe client closes TCP, and the server has not, which has time enough."
                    );
                    self.tcp_closed = true;
                    self.inbound.clear();
                    if !other.tcp_closed {
                        other.inbound.push_back(None);
                    }
                }
                Action::Refuse => {}
            }
        }
    }
}

/// Lets both sides take these steps.
fn danced(steps: &[Step]) -> (Side, Side, String) {
    let (mut server, mut client) = (Side::new(Role::Server), Side::new(Role::Client));
    let mut story = "A server and a client, and no time passes.".to_owned();
    for step in steps {
        let (Step::Says(role) | Step::Closes(role) | Step::Arrives(role)) = *step;
        let (side, other) = match role {
            Role::Server => (&mut server, &mut client),
            Role::Client => (&mut client, &mut server),
        };
        let name = role_in_words(role);
        let input = match step {
            Step::Says(_) => Input::Send(format!("from the {name}")),
            Step::Closes(_) => {
                Input::Close(Some(because(if role == Role::Server { 4001 } else { 4002 }, "")))
            }
            Step::Arrives(_) => match side.inbound.pop_front() {
                Some(Some(frame)) => Input::Frame(frame),
                _ => Input::Eof,
            },
        };
        write!(story, "\nAt the {name}, {}.", input_in_words(&input)).expect("a String takes all");
        side.on(other, input, &story);
    }
    (server, client, story)
}

/// Goes on from these steps in each way there is. Says how many ways there were.
fn explore(steps: &mut Vec<Step>, closers: &[Role]) -> usize {
    let (server, client, story) = danced(steps);
    let mut ways = 0;
    let mut next = Vec::new();
    for side in [&server, &client] {
        if !side.inbound.is_empty() {
            next.push(Step::Arrives(side.role));
        }
        for step in [Step::Says(side.role), Step::Closes(side.role)] {
            let may = step == Step::Says(side.role) || closers.contains(&side.role);
            if may && !steps.contains(&step) {
                next.push(step);
            }
        }
    }
    for step in next {
        steps.push(step);
        ways += explore(steps, closers);
        steps.pop();
    }
    if ways > 0 {
        return ways;
    }
    for (side, other) in [(&server, &client), (&client, &server)] {
        let name = role_in_words(side.role);
        assert!(
            side.tcp_closed,
            "{story}\nNothing is on its way, and the {name} has not closed TCP."
        );
        assert!(side.said_goodbye, "{story}\nAll is over, and the {name} has not said goodbye.");
        proctor::expect_eq!(
            side.reported,
            side.heard_goodbye,
            "{story}\nThe code that the {name} has reported, beside the one that came"
        );
        proctor::expect_eq!(
            side.delivered,
            other.written,
            "{story}\nWhat the {name} has delivered, beside what the other side has written"
        );
    }
    1
}

#[test]
fn every_order_comes_to_the_same_end() {
    proctor::watch(|| {
        for closers in [&[Role::Server][..], &[Role::Client], &ROLES] {
            let ways = explore(&mut Vec::new(), closers);
            assert!(ways > 10, "the test has found {ways} orders only");
        }
    });
}
