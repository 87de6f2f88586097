//! A finished picture, and how a recording becomes one.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::time::Duration;
use std::{env, fs, io};

use serde::Serialize;

use crate::draw::{self, Anchor, SMALL, Sheet, across, event, number};
use crate::place::{self, Want};
use crate::recorder::{Arrow, Kind, Lane, Mark, Recorder, Span};
use crate::time::{ticks, words};

/// A picture: the drawing, the facts and the words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    pub(crate) svg: String,
    pub(crate) json: String,
    pub(crate) story: String,
}

impl Picture {
    /// The drawing, as a document that stands alone and may also be put into a page as it is.
    pub fn svg(&self) -> String {
        self.svg.clone()
    }

    /// The facts. Times of a recording are in nanoseconds.
    pub fn json(&self) -> String {
        self.json.clone()
    }

    /// What the drawing shows, in words: its text alternative.
    pub fn story(&self) -> String {
        self.story.clone()
    }

    /// Writes `NAME.svg` and `NAME.json` into the folder that the environment variable `TIMELINE_DIR` names.
    /// Without that variable it does nothing, so that an example that draws runs anywhere.
    ///
    /// # Errors
    ///
    /// If the folder or the files cannot be written; the message names the path.
    pub fn save(&self, name: &str) -> io::Result<()> {
        let Some(folder) = env::var_os("TIMELINE_DIR").filter(|folder| !folder.is_empty()) else {
            return Ok(());
        };
        let folder = PathBuf::from(folder);
        let write = |path: PathBuf, text: &str| {
            fs::write(&path, text).map_err(|error| {
                let problem = format!("cannot write the picture {}: {error}", path.display());
                io::Error::new(error.kind(), problem)
            })
        };
        fs::create_dir_all(&folder).map_err(|error| {
            let problem = format!(
                "cannot make TIMELINE_DIR, the folder {}: {error}",
                folder.display()
            );
            io::Error::new(error.kind(), problem)
        })?;
        write(folder.join(format!("{name}.svg")), &self.svg)?;
        write(folder.join(format!("{name}.json")), &self.json)
    }
}

/// More spans than this in one lane are drawn as columns of what the lane did most.
const DENSE: usize = 300;
/// How many columns.
const COLUMNS: u32 = 400;
/// A story tells at most this many events one by one.
const TOLD: usize = 14;

/// A span as it is drawn: `count` spans of the recording.
#[derive(Debug, Clone)]
struct Bar {
    start: Duration,
    end: Duration,
    kind: Kind,
    label: String,
    count: usize,
}

/// Something that happens, in the order of the story.
#[derive(Debug, Clone)]
enum Happening<'a> {
    Bar {
        row: usize,
        bar: Bar,
    },
    Mark {
        row: usize,
        mark: &'a Mark,
    },
    Arrow {
        rows: (usize, usize),
        arrow: &'a Arrow,
    },
}

impl Happening<'_> {
    fn at(&self) -> Duration {
        match self {
            Self::Bar { bar, .. } => bar.start,
            Self::Mark { mark, .. } => mark.at,
            Self::Arrow { arrow, .. } => arrow.at,
        }
    }

    /// Events of one instant: first what is reached, then what begins.
    fn order(&self) -> (Duration, u8, usize) {
        match self {
            Self::Mark { row, .. } => (self.at(), 0, *row),
            Self::Arrow { rows, .. } => (self.at(), 1, rows.0),
            Self::Bar { row, .. } => (self.at(), 2, *row),
        }
    }

    /// The class of its markup.
    fn class(&self) -> &'static str {
        match self {
            Self::Bar { bar, .. } => bar.kind.name(),
            Self::Mark { .. } => "mark",
            Self::Arrow { .. } => "wake",
        }
    }

    /// For a mark or an arrow: the row under its label, the label, and its shape.
    fn point(&self, tracks: &[f64], height: f64, window: Window) -> Option<(usize, &str, String)> {
        let x = window.x(self.at());
        match self {
            Self::Bar { .. } => None,
            Self::Mark { row, mark } => {
                let shape = symbol(x, tracks[*row], r#"<path d="M0-5l5 5-5 5-5-5z"/>"#);
                Some((*row, &mark.label, shape))
            }
            Self::Arrow { rows, arrow } => {
                let (from, to) = (tracks[rows.0], tracks[rows.1]);
                let (from, to, head) = if rows.0 < rows.1 {
                    (from + height, to, r#"<path d="M0 1l-4.5-8h9z"/>"#)
                } else {
                    (from, to + height, r#"<path d="M0-1l-4.5 8h9z"/>"#)
                };
                let shape = draw::vertical("shaft", x, from, to) + &symbol(x, to, head);
                Some((rows.0.max(rows.1), &arrow.label, shape))
            }
        }
    }

    fn says(&self, recorder: &Recorder, lanes: &[Lane]) -> String {
        let name = |row: usize| recorder.lanes[lanes[row].0].as_str();
        match self {
            Self::Bar { row, bar } => {
                let mut says = format!(
                    "From {} to {}, {} is {}",
                    words(bar.start),
                    words(bar.end),
                    name(*row),
                    recorder.kinds[bar.kind as usize]
                );
                let times = (bar.count > 1).then(|| format!("{} times", bar.count));
                let label = (!bar.label.is_empty()).then(|| bar.label.clone());
                let inside: Vec<String> = label.into_iter().chain(times).collect();
                if !inside.is_empty() {
                    let _ = write!(says, " ({})", inside.join(", "));
                }
                says + "."
            }
            Self::Mark { row, mark } => {
                format!("At {}, {}: {}.", words(mark.at), name(*row), mark.label)
            }
            Self::Arrow { rows, arrow } => {
                let colon = if arrow.label.is_empty() { "" } else { ": " };
                format!(
                    "At {}, {} to {}{colon}{}.",
                    words(arrow.at),
                    name(rows.0),
                    name(rows.1),
                    arrow.label
                )
            }
        }
    }
}

/// The window of time that is drawn.
#[derive(Debug, Clone, Copy)]
struct Window {
    from: Duration,
    to: Duration,
}

impl Window {
    fn share(self, at: Duration) -> f64 {
        let length = self.to.saturating_sub(self.from);
        if length.is_zero() {
            return 0.0;
        }
        at.saturating_sub(self.from).as_secs_f64() / length.as_secs_f64()
    }

    fn x(self, at: Duration) -> f64 {
        across(self.share(at))
    }

    fn holds(self, at: Duration) -> bool {
        (self.from..=self.to).contains(&at)
    }

    /// A part of the window's length.
    fn part(self, share: f64) -> Duration {
        self.to.saturating_sub(self.from).mul_f64(share)
    }
}

/// Draws a recording.
pub(crate) fn draw(recorder: &Recorder) -> Picture {
    let recorder = &rounded(recorder);
    let all: Vec<Lane> = (0..recorder.lanes.len()).map(Lane).collect();
    let lanes = recorder.only.clone().unwrap_or(all);
    let whole = Window {
        from: Duration::ZERO,
        to: end(recorder),
    };
    let window = recorder
        .window
        .map_or(whole, |(from, to)| Window { from, to });
    let bars: Vec<Vec<Bar>> = lanes
        .iter()
        .map(|lane| bars(recorder, *lane, window))
        .collect();
    let happenings = happenings(recorder, &lanes, &bars, window);
    let story = story(recorder, &lanes, &bars, &happenings, window, whole);
    let svg = svg(recorder, &lanes, &happenings, window, &story);
    Picture {
        svg,
        json: json(recorder),
        story,
    }
}

/// The recording with every time rounded to its grain.
fn rounded(recorder: &Recorder) -> Recorder {
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
    recorder
}

/// When the last event ends.
fn end(recorder: &Recorder) -> Duration {
    let spans = recorder.spans.iter().map(|span| span.end);
    let marks = recorder.marks.iter().map(|mark| mark.at);
    let arrows = recorder.arrows.iter().map(|arrow| arrow.at);
    spans
        .chain(marks)
        .chain(arrows)
        .max()
        .unwrap_or(Duration::ZERO)
}

/// What is drawn in a lane: its spans inside the window, like neighbours merged where they are too thin to be told apart.
fn bars(recorder: &Recorder, lane: Lane, window: Window) -> Vec<Bar> {
    let mut spans: Vec<&Span> = recorder
        .spans
        .iter()
        .filter(|span| span.lane == lane && span.start <= window.to && window.from <= span.end)
        .filter(|span| {
            // What only touches the window is outside, unless it has no length at all.
            span.start == span.end || (span.start < window.to && window.from < span.end)
        })
        .collect();
    spans.sort_by_key(|span| (span.start, span.end, span.kind));
    let thin = window.part(0.005);
    let gap = window.part(0.001);
    let mut bars: Vec<Bar> = Vec::new();
    let mut last_length = Duration::MAX;
    for span in spans {
        let length = span.end.saturating_sub(span.start);
        let (start, end) = (span.start.max(window.from), span.end.min(window.to));
        match bars.last_mut() {
            Some(bar)
                if bar.kind == span.kind
                    && bar.label == span.label
                    && length.max(last_length) <= thin
                    && start.saturating_sub(bar.end) <= gap =>
            {
                bar.end = bar.end.max(end);
                bar.count += 1;
            }
            _ => bars.push(Bar {
                start,
                end,
                kind: span.kind,
                label: span.label.clone(),
                count: 1,
            }),
        }
        last_length = length;
    }
    if bars.len() > DENSE {
        columns(&bars, window)
    } else {
        bars
    }
}

/// Too many bars to be told apart: for each column of the picture, what the lane did most in it.
fn columns(bars: &[Bar], window: Window) -> Vec<Bar> {
    let edge = |column: u32| window.from + window.part(f64::from(column) / f64::from(COLUMNS));
    let mut drawn: Vec<Bar> = Vec::new();
    let mut first = 0;
    for column in 0..COLUMNS {
        let (from, to) = (edge(column), edge(column + 1));
        while first < bars.len() && bars[first].end <= from {
            first += 1;
        }
        let inside = bars[first..].iter().take_while(|bar| bar.start < to);
        let mut time = [Duration::ZERO; 4];
        let mut count = 0;
        for bar in inside {
            time[bar.kind as usize] += bar.end.min(to).saturating_sub(bar.start.max(from));
            // Each bar is counted where it begins.
            count += if (from..to).contains(&bar.start) {
                bar.count
            } else {
                0
            };
        }
        let Some(kind) = Kind::ALL
            .into_iter()
            .filter(|kind| !time[*kind as usize].is_zero())
            .max_by_key(|kind| (time[*kind as usize], std::cmp::Reverse(*kind)))
        else {
            continue;
        };
        match drawn.last_mut() {
            Some(bar) if bar.kind == kind && bar.end == from => {
                bar.end = to;
                bar.count += count;
            }
            _ => drawn.push(Bar {
                start: from,
                end: to,
                kind,
                label: String::new(),
                count,
            }),
        }
    }
    drawn
}

/// Everything that is drawn, in the order in which it happens.
fn happenings<'a>(
    recorder: &'a Recorder,
    lanes: &[Lane],
    bars: &[Vec<Bar>],
    window: Window,
) -> Vec<Happening<'a>> {
    let row = |lane: Lane| lanes.iter().position(|drawn| *drawn == lane);
    let spans = bars.iter().enumerate().flat_map(|(row, bars)| {
        bars.iter().map(move |bar| Happening::Bar {
            row,
            bar: bar.clone(),
        })
    });
    let marks = recorder.marks.iter().filter(|mark| window.holds(mark.at));
    let marks = marks.filter_map(|mark| row(mark.lane).map(|row| Happening::Mark { row, mark }));
    let arrows = recorder
        .arrows
        .iter()
        .filter(|arrow| window.holds(arrow.at));
    let arrows = arrows.filter_map(|arrow| {
        let rows = (row(arrow.from)?, row(arrow.to)?);
        Some(Happening::Arrow { rows, arrow })
    });
    let mut happenings: Vec<Happening<'a>> = spans.chain(marks).chain(arrows).collect();
    happenings.sort_by_key(Happening::order);
    happenings
}

/// The picture in words.
fn story(
    recorder: &Recorder,
    lanes: &[Lane],
    bars: &[Vec<Bar>],
    happenings: &[Happening<'_>],
    window: Window,
    whole: Window,
) -> String {
    let mut sentences: Vec<String> = Vec::new();
    if !recorder.note.is_empty() {
        sentences.push(recorder.note.clone());
    }
    let names: Vec<&str> = lanes
        .iter()
        .map(|lane| recorder.lanes[lane.0].as_str())
        .collect();
    let who = match names.as_slice() {
        [] => String::from("nobody"),
        [one] => (*one).to_owned(),
        [first, .., last] if names.len() > 12 => {
            format!("{} lanes, from {first} to {last}", names.len())
        }
        [most @ .., last] => format!("{} and {last}", most.join(", ")),
    };
    sentences.push(if recorder.window.is_some() {
        format!(
            "A timeline of {who}, from {} to {} of {}.",
            words(window.from),
            words(window.to),
            words(whole.to)
        )
    } else {
        format!("A timeline of {who}, over {}.", words(whole.to))
    });
    if happenings.len() <= TOLD {
        let told = happenings
            .iter()
            .map(|happening| happening.says(recorder, lanes));
        sentences.extend(told);
    } else {
        for (name, bars) in names.iter().zip(bars).take(TOLD) {
            sentences.extend(summary(recorder, name, bars, window));
        }
        let points: Vec<&Happening<'_>> = happenings
            .iter()
            .filter(|happening| !matches!(happening, Happening::Bar { .. }))
            .collect();
        let told = points.iter().take(TOLD);
        sentences.extend(told.map(|happening| happening.says(recorder, lanes)));
        if points.len() > TOLD {
            sentences.push(format!("{} more instants are marked.", points.len() - TOLD));
        }
    }
    sentences.join(" ")
}

/// What share of the time a lane spends on what.
fn summary(recorder: &Recorder, name: &str, bars: &[Bar], window: Window) -> Option<String> {
    let length = window.to.saturating_sub(window.from).as_nanos();
    if bars.is_empty() || length == 0 {
        return None;
    }
    let parts: Vec<String> = Kind::ALL
        .into_iter()
        .filter_map(|kind| {
            let like = bars.iter().filter(|bar| bar.kind == kind);
            let time: Duration = like.map(|bar| bar.end.saturating_sub(bar.start)).sum();
            let word = &recorder.kinds[kind as usize];
            let percent = (time.as_nanos() * 200 / length).div_ceil(2);
            (!time.is_zero()).then(|| match percent {
                0 => format!("{word} under 1 %"),
                percent => format!("{word} {percent} %"),
            })
        })
        .collect();
    let spans: usize = bars.iter().map(|bar| bar.count).sum();
    let plural = if spans == 1 { "" } else { "s" };
    Some(format!(
        "{name}, in {spans} span{plural}: {} of the time.",
        parts.join(", ")
    ))
}

/// Sizes of a lane, in em.
struct Measures {
    name: f64,
    label: f64,
    track: f64,
    below: f64,
}

fn svg(
    recorder: &Recorder,
    lanes: &[Lane],
    happenings: &[Happening<'_>],
    window: Window,
    story: &str,
) -> String {
    let measures = if lanes.len() > 8 {
        Measures {
            name: 1.15,
            label: 1.1,
            track: 0.8,
            below: 0.35,
        }
    } else {
        Measures {
            name: 1.45,
            label: 1.2,
            track: 1.6,
            below: 0.65,
        }
    };
    let mut sheet = Sheet::new(&recorder.title);
    let points = points(recorder, lanes, happenings, window);
    let mut tops = Vec::new();
    let mut y = sheet.y;
    for (row, lane) in lanes.iter().enumerate() {
        let extra = points[row].rows.saturating_sub(1) as f64 * measures.label;
        let name = f64::from(u8::from(!recorder.lanes[lane.0].is_empty())) * measures.name;
        let named = if points[row].rows > 0 {
            measures.name
        } else {
            name
        };
        tops.push((y, y + named + extra));
        y += named + extra + measures.track + measures.below;
    }
    axis(&mut sheet, window, y);
    for ((top, _), lane) in tops.iter().zip(lanes) {
        let name = &recorder.lanes[lane.0];
        if !name.is_empty() {
            let centre = top + measures.name / 2.0;
            sheet.text(
                "lane over",
                draw::LEFT,
                centre,
                SMALL,
                Anchor::Start,
                0,
                name,
            );
        }
    }
    for (step, happening) in happenings.iter().enumerate() {
        if let Happening::Bar { row, bar } = happening {
            let says = happening.says(recorder, lanes);
            let top = tops[*row].1;
            draw_bar(
                &mut sheet,
                bar,
                window,
                top,
                measures.track,
                step + 1,
                &says,
            );
        }
    }
    // Marks and arrows lie over the spans.
    let tracks: Vec<f64> = tops.iter().map(|(_, track)| *track).collect();
    for (step, happening) in happenings.iter().enumerate() {
        let event = event(
            happening.class(),
            step + 1,
            &happening.says(recorder, lanes),
        );
        let Some((lower, label, shape)) = happening.point(&tracks, measures.track, window) else {
            continue;
        };
        sheet.raw(&format!("<g {event}>"));
        let x = window.x(happening.at());
        let placed = points[lower].placed(step);
        point_label(&mut sheet, label, x, tracks[lower], &measures, placed);
        sheet.raw(&shape);
        sheet.raw("</g>");
    }
    sheet.y = y + 1.5;
    legend(&mut sheet, recorder, happenings);
    sheet.document(&recorder.title, story)
}

/// A shape in pixels, around a point.
fn symbol(x: f64, y: f64, path: &str) -> String {
    format!(
        r#"<svg x="{}%" y="{}em" width="1" height="1" overflow="visible">{path}</svg>"#,
        number(x),
        number(y)
    )
}

/// The labels of a lane's marks and arrows.
#[derive(Debug, Default)]
struct Points {
    /// How many rows of labels, the lane's name being in the uppermost.
    rows: usize,
    steps: Vec<usize>,
    places: Vec<Option<place::Place>>,
}

impl Points {
    fn placed(&self, step: usize) -> Option<place::Place> {
        let index = self.steps.iter().position(|drawn| *drawn == step)?;
        self.places[index]
    }
}

fn points(
    recorder: &Recorder,
    lanes: &[Lane],
    happenings: &[Happening<'_>],
    window: Window,
) -> Vec<Points> {
    lanes
        .iter()
        .enumerate()
        .map(|(row, lane)| {
            let name = place::breadth(&recorder.lanes[lane.0], SMALL) + 1.5;
            let mut steps = Vec::new();
            let mut wants = Vec::new();
            for (step, happening) in happenings.iter().enumerate() {
                let (lower, text) = match happening {
                    Happening::Bar { .. } => continue,
                    Happening::Mark { row, mark } => (*row, mark.label.as_str()),
                    Happening::Arrow { rows, arrow } => (rows.0.max(rows.1), arrow.label.as_str()),
                };
                if lower == row && !text.is_empty() {
                    steps.push(step);
                    let x = across(window.share(happening.at())) / 100.0;
                    wants.push(Want { x, text });
                }
            }
            let (rows, places) = match wants.len() {
                0 => (0, Vec::new()),
                _ => (2, place::place(&wants, SMALL, 2, name)),
            };
            Points {
                rows,
                steps,
                places,
            }
        })
        .collect()
}

fn point_label(
    sheet: &mut Sheet,
    label: &str,
    x: f64,
    track: f64,
    measures: &Measures,
    placed: Option<place::Place>,
) {
    let Some(place) = placed else {
        if !label.is_empty() {
            sheet.raw(&format!("<title>{}</title>", draw::escape(label)));
        }
        return;
    };
    if place.tier > 0 {
        sheet.raw(&format!("<title>{}</title>", draw::escape(label)));
    }
    let centre = track - 0.25 - measures.label * (place.row as f64 + 0.5);
    if place.row > 0 {
        let class = ["lead", "lead w2", "lead w3"][place.tier];
        sheet.vertical(class, x, centre + measures.label / 2.0, track);
    }
    let (anchor, x) = if place.ends {
        (Anchor::End, x - 0.4)
    } else {
        (Anchor::Start, x + 0.4)
    };
    sheet.text("over", x, centre, SMALL, anchor, place.tier, label);
}

fn draw_bar(
    sheet: &mut Sheet,
    bar: &Bar,
    window: Window,
    top: f64,
    height: f64,
    step: usize,
    says: &str,
) {
    let (x, end) = (window.x(bar.start), window.x(bar.end));
    // What is too short to be seen is drawn a pixel wide.
    let width = (end - x).max(0.15);
    let label = if bar.count > 1 && !bar.label.is_empty() {
        format!("{} ×{}", bar.label, bar.count)
    } else {
        bar.label.clone()
    };
    let tier = place::tier_for(&label, SMALL, width / 100.0);
    let class = match bar.kind {
        Kind::Working if width > 1.0 => "working gap",
        kind => kind.name(),
    };
    let mut markup = format!("<g {}>", event(class, step, says));
    if !label.is_empty() && tier != Some(0) {
        let _ = write!(markup, "<title>{}</title>", draw::escape(&label));
    }
    let place = format!(
        r#"x="{}%" y="{}em" width="{}%" height="{}em""#,
        number(x),
        number(top),
        number(width),
        number(height)
    );
    let _ = write!(markup, "<rect {place}/>");
    if matches!(bar.kind, Kind::Blocked | Kind::Idle) {
        let middle = number(top + height / 2.0);
        let _ = write!(
            markup,
            r#"<line x1="{}%" x2="{}%" y1="{middle}em" y2="{middle}em"/>"#,
            number(x),
            number(x + width),
        );
    }
    if let Some(tier) = tier
        && !label.is_empty()
        && height > 1.0
    {
        let text = draw::text_at("", 50.0, height / 2.0, SMALL, Anchor::Middle, tier, &label);
        let _ = write!(markup, "<svg {place}>{text}</svg>");
    }
    markup.push_str("</g>");
    sheet.raw(&markup);
}

/// Grid lines from the title to the axis at `bottom`, and the times under it.
fn axis(sheet: &mut Sheet, window: Window, bottom: f64) {
    let top = sheet.y;
    let ticks = ticks(window.from, window.to);
    for tick in &ticks {
        sheet.vertical("grid", window.x(tick.at), top, bottom + 0.3);
    }
    sheet.horizontal("axis", bottom);
    for tick in &ticks {
        let x = window.x(tick.at);
        let anchor = match x {
            x if x < 6.0 => Anchor::Start,
            x if x > 94.0 => Anchor::End,
            _ => Anchor::Middle,
        };
        let tier = if tick.coarse { 0 } else { 2 };
        sheet.text("tick", x, bottom + 0.95, SMALL, anchor, tier, &tick.label);
    }
}

/// What the forms mean: one swatch for each kind that is drawn.
fn legend(sheet: &mut Sheet, recorder: &Recorder, happenings: &[Happening<'_>]) {
    let drawn = |kind: Kind| {
        happenings
            .iter()
            .any(|happening| matches!(happening, Happening::Bar { bar, .. } if bar.kind == kind))
    };
    let kinds: Vec<Kind> = Kind::ALL.into_iter().filter(|kind| drawn(*kind)).collect();
    let entries: Vec<(String, &str)> = kinds
        .iter()
        .map(|kind| {
            let swatch = match kind {
                Kind::Working | Kind::Waiting => "",
                Kind::Blocked | Kind::Idle => r#"<line x1="0" x2="1.6em" y1=".75em" y2=".75em"/>"#,
            };
            let rect = r#"<rect x="0" y=".1em" width="1.6em" height="1.3em"/>"#;
            (
                format!(r#"<g class="{}">{rect}{swatch}</g>"#, kind.name()),
                recorder.kinds[*kind as usize].as_str(),
            )
        })
        .collect();
    keys(sheet, &entries);
}

/// A legend: as many columns as the longest entry allows in a narrow picture.
pub(crate) fn keys(sheet: &mut Sheet, entries: &[(String, &str)]) {
    let longest = entries
        .iter()
        .map(|(_, words)| place::breadth(words, SMALL) + 2.8)
        .fold(1.0, f64::max);
    let room = place::WIDTHS[0] * 0.97;
    let columns = [4, 3, 2, 1]
        .into_iter()
        .find(|columns| longest <= room / f64::from(*columns))
        .unwrap_or(1);
    for row in entries.chunks(usize::try_from(columns).unwrap_or(1)) {
        sheet.y += 0.3;
        for (column, (swatch, words)) in row.iter().enumerate() {
            let x = across(column as f64 / f64::from(columns));
            let text = draw::text_at("key", 0.0, 0.75, SMALL, Anchor::Start, 0, words);
            let text = text.replace(r#"x="0%""#, r#"x="2.4em""#);
            sheet.raw(&format!(
                r#"<svg x="{}%" y="{}em" width="1" height="1" overflow="visible">{swatch}{text}</svg>"#,
                number(x),
                number(sheet.y),
            ));
        }
        sheet.y += 1.4;
    }
}

/// A span in the JSON.
#[derive(Serialize)]
struct JsonSpan<'a> {
    lane: usize,
    start: u64,
    end: u64,
    kind: &'static str,
    label: &'a str,
}

/// A mark in the JSON.
#[derive(Serialize)]
struct JsonMark<'a> {
    lane: usize,
    at: u64,
    label: &'a str,
}

/// An arrow in the JSON.
#[derive(Serialize)]
struct JsonArrow<'a> {
    from: usize,
    to: usize,
    at: u64,
    label: &'a str,
}

/// The whole recording, in the order of its times, one event a line.
fn json(recorder: &Recorder) -> String {
    let nanos = |at: Duration| u64::try_from(at.as_nanos()).unwrap_or(u64::MAX);
    let mut spans: Vec<&Span> = recorder.spans.iter().collect();
    spans.sort_by_key(|span| (span.start, span.lane, span.end));
    let spans = spans.into_iter().map(|span| JsonSpan {
        lane: span.lane.0,
        start: nanos(span.start),
        end: nanos(span.end),
        kind: span.kind.name(),
        label: &span.label,
    });
    let mut marks: Vec<&Mark> = recorder.marks.iter().collect();
    marks.sort_by_key(|mark| (mark.at, mark.lane));
    let marks = marks.into_iter().map(|mark| JsonMark {
        lane: mark.lane.0,
        at: nanos(mark.at),
        label: &mark.label,
    });
    let mut arrows: Vec<&Arrow> = recorder.arrows.iter().collect();
    arrows.sort_by_key(|arrow| (arrow.at, arrow.from, arrow.to));
    let arrows = arrows.into_iter().map(|arrow| JsonArrow {
        from: arrow.from.0,
        to: arrow.to.0,
        at: nanos(arrow.at),
        label: &arrow.label,
    });
    format!(
        "{{\n\"title\": {},\n\"note\": {},\n\"unit\": \"ns\",\n\"lanes\": {},\n\"spans\": {},\n\"marks\": {},\n\"arrows\": {}\n}}\n",
        one_line(&recorder.title),
        one_line(&recorder.note),
        one_line(&recorder.lanes),
        one_a_line(spans),
        one_a_line(marks),
        one_a_line(arrows)
    )
}

/// A value as JSON on one line.
pub(crate) fn one_line(value: &(impl Serialize + ?Sized)) -> String {
    serde_json::to_string(value).expect("strings, numbers and structs of them always serialize")
}

/// An array as JSON, one element a line.
pub(crate) fn one_a_line<T: Serialize>(values: impl Iterator<Item = T>) -> String {
    let lines: Vec<String> = values.map(|value| one_line(&value)).collect();
    if lines.is_empty() {
        return String::from("[]");
    }
    format!("[\n{}\n]", lines.join(",\n"))
}
