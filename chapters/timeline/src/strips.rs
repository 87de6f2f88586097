//! Very many lanes, one thin row each.

use std::fmt::Write as _;
use std::io;
use std::time::Duration;

use serde::Serialize;

use crate::chart;
use crate::draw::{self, Anchor, SMALL, Sheet, number};
use crate::picture::{Picture, one_a_line, one_line};
use crate::place;
use crate::run::Window;

/// Height of a row, in em.
const PITCH: f64 = 0.38;
/// A stretch shorter than this part of the frame is drawn as long as this.
const SHORTEST: f64 = 0.006;
/// Of two dots nearer than this part of the frame, one is drawn.
const NEAREST: f64 = 0.008;

/// One row of [`Strips`]: how somebody's time went.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Row {
    waits: Vec<(Duration, Duration)>,
    works: Vec<(Duration, Duration)>,
    streams: Vec<(Duration, Duration)>,
    dots: Vec<Duration>,
    open: Option<Duration>,
    stops: Option<Duration>,
}

impl Row {
    /// A row in which nothing happens.
    pub fn new() -> Self {
        Self::default()
    }

    /// A stretch of waiting: a thin pale line.
    pub fn waits(mut self, from: Duration, to: Duration) -> Self {
        self.waits.push((from, to));
        self
    }

    /// A stretch of being served: a strong line.
    pub fn works(mut self, from: Duration, to: Duration) -> Self {
        self.works.push((from, to));
        self
    }

    /// A stretch of being served now and then: a line in the colour of work, on which dots can be seen.
    pub fn streams(mut self, from: Duration, to: Duration) -> Self {
        self.streams.push((from, to));
        self
    }

    /// An instant: a dot.
    pub fn dot(mut self, at: Duration) -> Self {
        self.dots.push(at);
        self
    }

    /// Waiting from then on that does not end within the frame: a thin line with an open end.
    pub fn open(mut self, from: Duration) -> Self {
        self.open = Some(from);
        self
    }

    /// An instant at which it ends, and not well: a square.
    pub fn stops(mut self, at: Duration) -> Self {
        self.stops = Some(at);
        self
    }
}

/// A group of rows under one name.
#[derive(Debug, Clone)]
struct Group {
    name: String,
    says: String,
    rows: Vec<Row>,
}

/// A picture of a great many lanes: one thin row each, in groups, in a frame of time that is given and not derived,
/// so that pictures of different runs can be laid side by side.
///
/// ```
/// use std::time::Duration;
/// use timeline::{Row, Strips};
///
/// let second = Duration::from_secs(1);
/// let picture = Strips::new("Three visitors", 10 * second)
///     .call("waiting", "being served", "a part arrives", "never served")
///     .group("2 visitors", "One is served after 3 s, the other never.", vec![
///         Row::new().waits(second, 4 * second).works(4 * second, 5 * second),
///         Row::new().open(2 * second),
///     ])
///     .group("1 watcher", "Sees two parts.", vec![Row::new().dot(second).dot(2 * second)])
///     .finish();
/// assert!(picture.story().ends_with("2 visitors: One is served after 3 s, the other never. 1 watcher: Sees two parts."));
/// ```
#[derive(Debug, Clone)]
pub struct Strips {
    title: String,
    note: String,
    frame: Duration,
    words: [String; 5],
    groups: Vec<Group>,
}

impl Strips {
    /// Strips from 0 to `frame`. What lies beyond is cut off.
    pub fn new(title: impl Into<String>, frame: Duration) -> Self {
        Self {
            title: title.into(),
            note: String::new(),
            frame,
            words: ["waiting", "working", "event", "without an end", "stopped"].map(str::to_owned),
            groups: Vec::new(),
        }
    }

    /// What the legend calls a wait, a stretch of work, a dot and an open end.
    pub fn call(mut self, waits: &str, works: &str, dot: &str, open: &str) -> Self {
        for (word, called) in self.words.iter_mut().zip([waits, works, dot, open]) {
            called.clone_into(word);
        }
        self
    }

    /// What the legend calls a row that stops.
    pub fn call_stop(mut self, stops: &str) -> Self {
        stops.clone_into(&mut self.words[4]);
        self
    }

    /// Says what the picture shows: the first sentence of its story.
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.note = note.into();
        self
    }

    /// A group of rows, with a name and a sentence on what is to be seen in it. Both are drawn above the rows;
    /// in the drawing a semicolon begins a new line.
    pub fn group(
        mut self,
        name: impl Into<String>,
        says: impl Into<String>,
        rows: Vec<Row>,
    ) -> Self {
        self.groups.push(Group { name: name.into(), says: says.into(), rows });
        self
    }

    /// Draws them.
    pub fn finish(&self) -> Picture {
        let story = self.story();
        Picture { svg: self.svg(&story), json: self.json(), story }
    }

    /// Draws them and saves the picture: see [`Picture::save`].
    ///
    /// # Errors
    ///
    /// As [`Picture::save`].
    pub fn save(&self, name: &str) -> io::Result<()> {
        self.finish().save(name)
    }

    fn story(&self) -> String {
        let frame = crate::time::words(self.frame);
        let mut sentences = Vec::new();
        if !self.note.is_empty() {
            sentences.push(self.note.clone());
        }
        let rows: usize = self.groups.iter().map(|group| group.rows.len()).sum();
        sentences.push(format!("{rows} rows over {frame}."));
        for group in &self.groups {
            sentences.push(format!("{}: {}", group.name, group.says));
        }
        sentences.join(" ")
    }

    fn svg(&self, story: &str) -> String {
        let mut sheet = Sheet::new(&self.title);
        let window = Window { from: Duration::ZERO, to: self.frame };
        // The axis is drawn first, and lies under the rows: the heights are known.
        let captions: Vec<Vec<String>> = self
            .groups
            .iter()
            .map(|group| {
                let parts = group.says.split("; ");
                parts.flat_map(|part| place::lines(part, SMALL)).collect()
            })
            .collect();
        // Room for two lines at least: pictures of the same rows are the same height, whatever is said of them.
        let height = |group: &Group, caption: &[String]| {
            1.3 + 1.15 * caption.len().max(2) as f64 + 0.25 + PITCH * group.rows.len() as f64 + 0.6
        };
        let heights: f64 =
            self.groups.iter().zip(&captions).map(|(group, caption)| height(group, caption)).sum();
        let bottom = sheet.y + heights;
        chart::time_axis(&mut sheet, window, bottom);
        for (step, (group, caption)) in self.groups.iter().zip(&captions).enumerate() {
            let mut y = sheet.y;
            let says = format!("{}: {}", group.name, group.says);
            sheet.raw(&format!("<g {}>", draw::event("rows", step + 1, &says)));
            sheet.text("lane over", draw::LEFT, y + 0.65, SMALL, Anchor::Start, 0, &group.name);
            y += 1.3;
            for line in caption {
                sheet.text("aside over", draw::LEFT, y + 0.5, SMALL, Anchor::Start, 0, line);
                y += 1.15;
            }
            y += 1.15 * 2_usize.saturating_sub(caption.len()) as f64 + 0.25;
            let markup = rows(&group.rows, y, window);
            sheet.raw(&markup);
            sheet.raw("</g>");
            sheet.y += height(group, caption);
        }
        sheet.y = bottom + 1.5;
        self.legend(&mut sheet);
        sheet.document(&self.title, story, self.groups.len())
    }

    fn legend(&self, sheet: &mut Sheet) {
        let rows = || self.groups.iter().flat_map(|group| &group.rows);
        let forms = [
            (
                rows().any(|row| !row.waits.is_empty() || row.open.is_some()),
                r#"<path class="waits" d="M0 10h18"/>"#,
            ),
            (rows().any(|row| !row.works.is_empty()), r#"<path class="works" d="M0 10h18"/>"#),
            (
                rows().any(|row| !row.dots.is_empty()),
                r#"<path class="streams" d="M0 10h18"/><path class="dots" d="M3 10h0M9 10h0M15 10h0"/>"#,
            ),
            (
                rows().any(|row| row.open.is_some()),
                r#"<path class="waits" d="M0 10h14"/><path class="ends" d="M14 10h0"/><path class="holes" d="M14 10h0"/>"#,
            ),
            (rows().any(|row| row.stops.is_some()), r#"<path class="stops" d="M8 10h0"/>"#),
        ];
        let entries: Vec<(String, &str)> = forms
            .iter()
            .zip(&self.words)
            .filter(|((drawn, _), _)| *drawn)
            .map(|((_, form), words)| (format!(r#"<g class="rows">{form}</g>"#), words.as_str()))
            .collect();
        sheet.keys(&entries);
    }

    fn json(&self) -> String {
        let groups = self.groups.iter().map(|group| {
            let rows = group.rows.iter().map(|row| JsonRow {
                waits: row.waits.iter().map(nanos_pair).collect(),
                works: row.works.iter().map(nanos_pair).collect(),
                streams: row.streams.iter().map(nanos_pair).collect(),
                dots: row.dots.iter().map(nanos).collect(),
                open: row.open.as_ref().map(nanos),
                stops: row.stops.as_ref().map(nanos),
            });
            format!(
                "{{\"name\": {}, \"says\": {}, \"rows\": {}}}",
                one_line(&group.name),
                one_line(&group.says),
                one_a_line(rows)
            )
        });
        let groups: Vec<String> = groups.collect();
        format!(
            "{{\n\"title\": {},\n\"note\": {},\n\"unit\": \"ns\",\n\"frame\": {},\n\"groups\": [\n{}\n]\n}}\n",
            one_line(&self.title),
            one_line(&self.note),
            nanos(&self.frame),
            groups.join(",\n")
        )
    }
}

/// A row in the JSON.
#[derive(Serialize)]
struct JsonRow {
    waits: Vec<[u64; 2]>,
    works: Vec<[u64; 2]>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    streams: Vec<[u64; 2]>,
    dots: Vec<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    open: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stops: Option<u64>,
}

fn nanos(at: &Duration) -> u64 {
    u64::try_from(at.as_nanos()).unwrap_or(u64::MAX)
}

fn nanos_pair(stretch: &(Duration, Duration)) -> [u64; 2] {
    [nanos(&stretch.0), nanos(&stretch.1)]
}

/// The rows of a group: a path for each form, in a drawing that is stretched to the picture's width.
///
/// Strokes are not stretched with it; a dot is a stroke without length and with round ends.
fn rows(rows: &[Row], top: f64, window: Window) -> String {
    let x = |at: Duration| number(window.share(at) * 1000.0);
    let mut waits = String::new();
    let mut works = String::new();
    let mut streams = String::new();
    let mut dots = String::new();
    let mut ends = String::new();
    let mut stops = String::new();
    for (index, row) in rows.iter().enumerate() {
        let y = index * 10 + 5;
        let stretch = |path: &mut String, from: Duration, to: Duration| {
            if from >= window.to {
                return;
            }
            let (start, end) = (window.share(from), window.share(to));
            // At the frame's end, what is short grows to the left.
            let end = end.max(start + SHORTEST).min(1.0);
            let start = start.min(end - SHORTEST);
            let _ = write!(path, "M{} {y}H{}", number(start * 1000.0), number(end * 1000.0));
        };
        for (from, to) in &row.waits {
            stretch(&mut waits, *from, *to);
        }
        for (from, to) in &row.works {
            stretch(&mut works, *from, *to);
        }
        for (from, to) in &row.streams {
            stretch(&mut streams, *from, *to);
        }
        if let Some(from) = row.open {
            stretch(&mut waits, from, window.to);
            let _ = write!(ends, "M{} {y}h0", x(window.to));
        }
        if let Some(at) = row.stops.filter(|at| *at <= window.to) {
            let _ = write!(stops, "M{} {y}h0", x(at));
        }
        let mut last = f64::NEG_INFINITY;
        let mut instants = row.dots.clone();
        instants.sort_unstable();
        for at in instants.iter().filter(|at| **at <= window.to) {
            let share = window.share(*at);
            // Dots on one another are one.
            if share - last >= NEAREST {
                let _ = write!(dots, "M{} {y}h0", number(share * 1000.0));
                last = share;
            }
        }
    }
    let mut markup = format!(
        r#"<svg x="{}%" y="{}em" width="{}%" height="{}em" viewBox="0 0 1000 {}" preserveAspectRatio="none" overflow="visible">"#,
        draw::LEFT,
        number(top),
        number(draw::RIGHT - draw::LEFT),
        number(PITCH * rows.len() as f64),
        rows.len() * 10
    );
    for (class, path) in [
        ("waits", &waits),
        ("works", &works),
        ("streams", &streams),
        ("dots", &dots),
        ("ends", &ends),
        ("holes", &ends),
        ("stops", &stops),
    ] {
        if !path.is_empty() {
            let _ = write!(markup, r#"<path class="{class}" d="{path}"/>"#);
        }
    }
    markup + "</svg>"
}
