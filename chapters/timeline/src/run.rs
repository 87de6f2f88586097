//! What is to be drawn of a recording: its window, its lanes, its events in order, and their story.

use std::cmp::Reverse;
use std::fmt::Write as _;
use std::time::Duration;

use serde::Serialize;

use crate::picture::{one_a_line, one_line};
use crate::recorder::{Arrow, Kind, Lane, Mark, Recorder, Span};
use crate::time::words;

/// More bars than this in one lane are drawn as the shares of time that they fill.
const DENSE: usize = 300;
/// Into how many columns a dense lane is divided.
pub(crate) const COLUMNS: usize = 150;
/// A story tells at most this many events one by one.
const TOLD: usize = 14;

/// A span as it is drawn: `count` spans of the recording.
#[derive(Debug, Clone)]
pub(crate) struct Bar {
    pub start: Duration,
    pub end: Duration,
    pub kind: Kind,
    pub label: String,
    pub count: usize,
}

/// What is drawn in a lane.
#[derive(Debug, Clone)]
pub(crate) enum Track {
    /// Each span, or a few like ones together.
    Bars(Vec<Bar>),
    /// Too many to tell apart: for each column, the share of its time (0 to 1) that each kind takes.
    Dense { columns: Vec<[f64; 4]>, total: [Duration; 4], count: usize },
}

/// Something that happens.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Event<'a> {
    Bar { row: usize, bar: &'a Bar },
    Dense { row: usize },
    Mark { row: usize, mark: &'a Mark },
    Arrow { rows: (usize, usize), arrow: &'a Arrow },
}

/// The window of time that is drawn.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Window {
    pub from: Duration,
    pub to: Duration,
}

impl Window {
    /// How far into the window, from 0 to 1. What lies outside is at its edge.
    pub fn share(self, at: Duration) -> f64 {
        let length = self.length();
        if length.is_zero() {
            return 0.0;
        }
        let share = at.saturating_sub(self.from).as_secs_f64() / length.as_secs_f64();
        share.clamp(0.0, 1.0)
    }

    pub fn length(self) -> Duration {
        self.to.saturating_sub(self.from)
    }

    fn holds(self, at: Duration) -> bool {
        (self.from..=self.to).contains(&at)
    }

    /// How much of a stretch of time lies inside.
    fn inside(self, start: Duration, end: Duration) -> Duration {
        end.min(self.to).saturating_sub(start.max(self.from))
    }
}

/// A recording, made ready to be drawn.
#[derive(Debug)]
pub(crate) struct Run<'a> {
    pub recorder: &'a Recorder,
    pub lanes: Vec<Lane>,
    pub window: Window,
    pub tracks: Vec<Track>,
    /// When the whole recording ends.
    end: Duration,
}

impl<'a> Run<'a> {
    /// Of a recording whose times are already rounded.
    pub fn new(recorder: &'a Recorder) -> Self {
        let all = || (0..recorder.lanes.len()).map(Lane).collect();
        let lanes: Vec<Lane> = recorder.only.clone().unwrap_or_else(all);
        let end = end(recorder);
        let window = match recorder.window {
            Some((from, to)) => Window { from, to },
            None => Window { from: Duration::ZERO, to: end },
        };
        let tracks = lanes.iter().map(|lane| track(recorder, *lane, window)).collect();
        Self { recorder, lanes, window, tracks, end }
    }

    /// The name of the lane in that row.
    pub fn name(&self, row: usize) -> &'a str {
        &self.recorder.lanes[self.lanes[row].0]
    }

    /// What a kind is called in this picture.
    pub fn word(&self, kind: Kind) -> &'a str {
        &self.recorder.kinds[kind as usize]
    }

    /// Everything that is drawn, in the order in which it happens.
    pub fn events(&self) -> Vec<Event<'_>> {
        let row = |lane: Lane| self.lanes.iter().position(|drawn| *drawn == lane);
        let mut events = Vec::new();
        for (row, track) in self.tracks.iter().enumerate() {
            match track {
                Track::Bars(bars) => events.extend(bars.iter().map(|bar| Event::Bar { row, bar })),
                Track::Dense { .. } => events.push(Event::Dense { row }),
            }
        }
        let marks = self.recorder.marks.iter();
        events.extend(
            marks
                .filter(|mark| self.window.holds(mark.at))
                .filter_map(|mark| row(mark.lane).map(|row| Event::Mark { row, mark })),
        );
        let arrows = self.recorder.arrows.iter();
        events.extend(arrows.filter(|arrow| self.window.holds(arrow.at)).filter_map(|arrow| {
            let rows = (row(arrow.from)?, row(arrow.to)?);
            Some(Event::Arrow { rows, arrow })
        }));
        events.sort_by_key(Event::order);
        events
    }

    /// An event in a sentence.
    pub fn says(&self, event: &Event<'_>) -> String {
        match event {
            Event::Bar { row, bar } => {
                let mut says = format!(
                    "From {} to {}, {} is {}",
                    words(bar.start),
                    words(bar.end),
                    self.name(*row),
                    self.word(bar.kind)
                );
                let times = (bar.count > 1).then(|| format!("{} times", bar.count));
                let label = (!bar.label.is_empty()).then(|| bar.label.clone());
                let inside: Vec<String> = label.into_iter().chain(times).collect();
                if !inside.is_empty() {
                    let _ = write!(says, " ({})", inside.join(", "));
                }
                says + "."
            }
            Event::Dense { row } => {
                self.summary(*row).unwrap_or_else(|| format!("{}: nothing.", self.name(*row)))
            }
            Event::Mark { row, mark } => {
                format!("At {}, {}: {}.", words(mark.at), self.name(*row), mark.label)
            }
            Event::Arrow { rows, arrow } => {
                let colon = if arrow.label.is_empty() { "" } else { ": " };
                format!(
                    "At {}, {} to {}{colon}{}.",
                    words(arrow.at),
                    self.name(rows.0),
                    self.name(rows.1),
                    arrow.label
                )
            }
        }
    }

    /// What share of the time a lane spends on what.
    fn summary(&self, row: usize) -> Option<String> {
        let (total, spans) = match &self.tracks[row] {
            Track::Bars(bars) => {
                let mut total = [Duration::ZERO; 4];
                for bar in bars {
                    total[bar.kind as usize] += self.window.inside(bar.start, bar.end);
                }
                (total, bars.iter().map(|bar| bar.count).sum())
            }
            Track::Dense { total, count, .. } => (*total, *count),
        };
        let length = self.window.length().as_nanos();
        if spans == 0 || length == 0 {
            return None;
        }
        let parts = Kind::ALL.into_iter().filter_map(|kind| {
            let time = total[kind as usize].as_nanos();
            let word = self.word(kind);
            let percent = (time * 100 + length / 2) / length;
            (time > 0).then(|| match percent {
                0 => format!("{word} under 1 %"),
                percent => format!("{word} {percent} %"),
            })
        });
        let parts: Vec<String> = parts.collect();
        let plural = if spans == 1 { "" } else { "s" };
        let spans = thousands(spans);
        let name = self.name(row);
        Some(if parts.is_empty() {
            format!("{name}, in {spans} span{plural}: under a nanosecond.")
        } else {
            format!("{name}, in {spans} span{plural}: {} of the time.", parts.join(", "))
        })
    }

    /// The picture in words.
    pub fn story(&self, events: &[Event<'_>]) -> String {
        let mut sentences: Vec<String> = Vec::new();
        if !self.recorder.note.is_empty() {
            sentences.push(self.recorder.note.clone());
        }
        let who = self.who();
        let window = self.window;
        sentences.push(if self.recorder.window.is_some() {
            format!(
                "A timeline of {who}, from {} to {} of {}.",
                words(window.from),
                words(window.to),
                words(self.end)
            )
        } else {
            format!("A timeline of {who}, over {}.", words(self.end))
        });
        if events.len() <= TOLD {
            sentences.extend(events.iter().map(|event| self.says(event)));
        } else {
            sentences.extend((0..self.lanes.len().min(TOLD)).filter_map(|row| self.summary(row)));
            let points: Vec<&Event<'_>> = events.iter().filter(|event| event.is_point()).collect();
            sentences.extend(points.iter().take(TOLD).map(|event| self.says(event)));
            match points.len().saturating_sub(TOLD) {
                0 => {}
                1 => sentences.push(String::from("One more instant is marked.")),
                more => sentences.push(format!("{more} more instants are marked.")),
            }
        }
        sentences.join(" ")
    }

    fn who(&self) -> String {
        let names: Vec<&str> = (0..self.lanes.len()).map(|row| self.name(row)).collect();
        match names.as_slice() {
            [] => String::from("nobody"),
            [one] => (*one).to_owned(),
            [first, .., last] if names.len() > 12 => {
                format!("{} lanes, from {first} to {last}", names.len())
            }
            [most @ .., last] => format!("{} and {last}", most.join(", ")),
        }
    }

    /// What is drawn, as JSON: one event a line, in the order in which they happen.
    pub fn json(&self, events: &[Event<'_>]) -> String {
        let nanos = |at: Duration| u64::try_from(at.as_nanos()).unwrap_or(u64::MAX);
        let names: Vec<&str> = (0..self.lanes.len()).map(|row| self.name(row)).collect();
        let lines = events.iter().map(|event| match event {
            Event::Bar { row, bar } => Line::Span {
                lane: *row,
                start: nanos(bar.start),
                end: nanos(bar.end),
                kind: bar.kind.name(),
                label: &bar.label,
                count: bar.count,
            },
            Event::Dense { row } => match &self.tracks[*row] {
                Track::Dense { total, count, .. } => Line::Dense {
                    lane: *row,
                    count: *count,
                    working: nanos(total[0]),
                    waiting: nanos(total[1]),
                    blocked: nanos(total[2]),
                    idle: nanos(total[3]),
                },
                Track::Bars(_) => unreachable!("only a dense track makes a dense event"),
            },
            Event::Mark { row, mark } => {
                Line::Mark { lane: *row, at: nanos(mark.at), label: &mark.label }
            }
            Event::Arrow { rows, arrow } => {
                Line::Arrow { from: rows.0, to: rows.1, at: nanos(arrow.at), label: &arrow.label }
            }
        });
        format!(
            "{{\n\"title\": {},\n\"note\": {},\n\"unit\": \"ns\",\n\"from\": {},\n\"to\": {},\n\"lanes\": {},\n\"events\": {}\n}}\n",
            one_line(&self.recorder.title),
            one_line(&self.recorder.note),
            nanos(self.window.from),
            nanos(self.window.to),
            one_line(&names),
            one_a_line(lines)
        )
    }
}

impl Event<'_> {
    /// Whether it is a mark or an arrow.
    pub fn is_point(&self) -> bool {
        matches!(self, Self::Mark { .. } | Self::Arrow { .. })
    }

    /// Events of one instant: first what is reached, then what begins.
    fn order(&self) -> (Duration, u8, usize) {
        match self {
            Self::Dense { row } => (Duration::ZERO, 0, *row),
            Self::Mark { row, mark } => (mark.at, 1, *row),
            Self::Arrow { rows, arrow } => (arrow.at, 2, rows.0),
            Self::Bar { row, bar } => (bar.start, 3, *row),
        }
    }
}

/// `10000` as `10,000`.
fn thousands(count: usize) -> String {
    let digits = count.to_string();
    let mut grouped = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// An event in the JSON. Lanes are counted as they are drawn, from 0.
#[derive(Serialize)]
#[serde(tag = "event", rename_all = "lowercase")]
enum Line<'a> {
    Span { lane: usize, start: u64, end: u64, kind: &'static str, label: &'a str, count: usize },
    Dense { lane: usize, count: usize, working: u64, waiting: u64, blocked: u64, idle: u64 },
    Mark { lane: usize, at: u64, label: &'a str },
    Arrow { from: usize, to: usize, at: u64, label: &'a str },
}

/// The recording with every time rounded to its grain.
pub(crate) fn rounded(recorder: &Recorder) -> Recorder {
    let mut recorder = recorder.clone();
    let Some(grain) = recorder.grain.map(|grain| grain.as_nanos().max(1)) else {
        return recorder;
    };
    let round = |at: &mut Duration| {
        let nanos = (at.as_nanos() + grain / 2) / grain * grain;
        *at = Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX));
    };
    for span in &mut recorder.spans {
        round(&mut span.start);
        round(&mut span.end);
    }
    for mark in &mut recorder.marks {
        round(&mut mark.at);
    }
    for arrow in &mut recorder.arrows {
        round(&mut arrow.at);
    }
    // Threads reach the recorder in an order that differs from day to day; at one rounded instant, their names decide.
    recorder.spans.sort_by(|a, b| {
        (a.start, a.end, a.kind, &a.label).cmp(&(b.start, b.end, b.kind, &b.label))
    });
    recorder.marks.sort_by(|a, b| (a.at, &a.label).cmp(&(b.at, &b.label)));
    recorder
        .arrows
        .sort_by(|a, b| (a.at, a.from, a.to, &a.label).cmp(&(b.at, b.from, b.to, &b.label)));
    recorder
}

/// When the last event ends.
fn end(recorder: &Recorder) -> Duration {
    let spans = recorder.spans.iter().map(|span| span.end);
    let marks = recorder.marks.iter().map(|mark| mark.at);
    let arrows = recorder.arrows.iter().map(|arrow| arrow.at);
    let all = spans.chain(marks).chain(arrows);
    all.max().unwrap_or(Duration::ZERO)
}

/// What is drawn in a lane: its spans inside the window, like neighbours merged where they are too thin to be told apart.
fn track(recorder: &Recorder, lane: Lane, window: Window) -> Track {
    let outside = |span: &Span| {
        // What only touches the window is outside, unless it has no length at all.
        span.start > window.to
            || span.end < window.from
            || (span.start < span.end && (span.start == window.to || span.end == window.from))
    };
    let spans = recorder.spans.iter();
    let mut spans: Vec<&Span> = spans.filter(|span| span.lane == lane && !outside(span)).collect();
    spans.sort_by_key(|span| (span.start, Reverse(span.end), span.kind));
    let thin = window.length() / 200;
    let gap = window.length() / 1000;
    let mut bars: Vec<Bar> = Vec::new();
    let mut last_length = Duration::MAX;
    for span in spans {
        let length = span.end.saturating_sub(span.start);
        match bars.last_mut() {
            Some(bar)
                if bar.kind == span.kind
                    && bar.label == span.label
                    && length.max(last_length) <= thin
                    && span.start.saturating_sub(bar.end) <= gap =>
            {
                bar.end = bar.end.max(span.end);
                bar.count += 1;
            }
            _ => bars.push(Bar {
                start: span.start,
                end: span.end,
                kind: span.kind,
                label: span.label.clone(),
                count: 1,
            }),
        }
        last_length = length;
    }
    if bars.len() <= DENSE {
        return Track::Bars(bars);
    }
    dense(&bars, window)
}

/// Too many bars to be told apart: for each column of the picture, how the time in it is shared out.
fn dense(bars: &[Bar], window: Window) -> Track {
    let columns = u32::try_from(COLUMNS).expect("the number of columns is small");
    let width = window.length().as_secs_f64() / COLUMNS as f64;
    let edge = |column: u32| {
        let nanos = window.length().as_nanos() * u128::from(column) / u128::from(columns);
        window.from + Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    };
    let mut total = [Duration::ZERO; 4];
    for bar in bars {
        total[bar.kind as usize] += window.inside(bar.start, bar.end);
    }
    let mut first = 0;
    let shares = (0..columns).map(|column| {
        let part = Window { from: edge(column), to: edge(column + 1) };
        while bars.get(first).is_some_and(|bar| bar.end <= part.from) {
            first += 1;
        }
        let mut shares = [0.0; 4];
        for bar in bars[first..].iter().take_while(|bar| bar.start < part.to) {
            shares[bar.kind as usize] += part.inside(bar.start, bar.end).as_secs_f64() / width;
        }
        shares
    });
    Track::Dense { columns: shares.collect(), total, count: bars.iter().map(|bar| bar.count).sum() }
}
