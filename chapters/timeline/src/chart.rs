//! Draws a run: lanes from top to bottom, time from left to right.

use std::fmt::Write as _;

use crate::draw::{self, Anchor, SMALL, Sheet, across, number};
use crate::picture::Picture;
use crate::place::{self, Want};
use crate::recorder::{Kind, Recorder};
use crate::run::{self, Bar, COLUMNS, Event, Run, Track, Window};

/// Draws a recording.
pub(crate) fn draw(recorder: &Recorder) -> Picture {
    let recorder = run::rounded(recorder);
    let run = Run::new(&recorder);
    let events = run.events();
    let story = run.story(&events);
    Picture { svg: svg(&run, &events, &story), json: run.json(&events), story }
}

/// Sizes of a lane, in em.
struct Measures {
    /// Of the row with the lane's name, which may have labels in it too.
    name: f64,
    /// Of each further row of labels.
    label: f64,
    /// Of the bars.
    track: f64,
    /// Of the space below.
    below: f64,
}

/// For a few lanes.
const ROOMY: Measures = Measures { name: 1.4, label: 1.2, track: 1.6, below: 0.6 };
/// For many lanes: the bars have no room for labels.
const TIGHT: Measures = Measures { name: 1.15, label: 1.1, track: 0.8, below: 0.35 };

fn svg(run: &Run<'_>, events: &[Event<'_>], story: &str) -> String {
    let measures = if run.lanes.len() > 8 { TIGHT } else { ROOMY };
    let mut sheet = Sheet::new(&run.recorder.title);
    let labels: Vec<Labels> =
        (0..run.lanes.len()).map(|row| Labels::of(run, events, row)).collect();
    let mut names = Vec::new();
    let mut tracks = Vec::new();
    let mut bottom = sheet.y;
    for labels in &labels {
        let above = match labels.rows {
            0 => 0.0,
            rows => measures.name + (rows - 1) as f64 * measures.label,
        };
        names.push(bottom + measures.name / 2.0);
        tracks.push(bottom + above);
        bottom += above + measures.track + measures.below;
    }
    time_axis(&mut sheet, run.window, bottom);
    for (row, centre) in names.iter().enumerate() {
        let name = run.name(row);
        sheet.text("lane over", draw::LEFT, *centre, SMALL, Anchor::Start, 0, name);
    }
    // Marks and arrows lie over the bars.
    for points in [false, true] {
        for (index, event) in events.iter().enumerate() {
            if event.is_point() != points {
                continue;
            }
            let says = run.says(event);
            let group = |class: &str| format!("<g {}>", draw::event(class, index + 1, &says));
            match event {
                Event::Bar { row, bar } => {
                    let (x, width) = extent(bar, run.window);
                    let class = match bar.kind {
                        Kind::Working if width > 0.8 => "working gap",
                        kind => kind.name(),
                    };
                    let shape = shape(bar, x, width, tracks[*row], measures.track);
                    sheet.raw(&format!("{}{shape}</g>", group(class)));
                }
                Event::Dense { row } => {
                    if let Track::Dense { columns, .. } = &run.tracks[*row] {
                        let shape = shares(columns, tracks[*row], measures.track);
                        sheet.raw(&format!("{}{shape}</g>", group("dense")));
                    }
                }
                Event::Mark { row, mark } => {
                    let x = across(run.window.share(mark.at));
                    let shape = draw::symbol(x, tracks[*row], r#"<path d="M0-5l5 5-5 5-5-5z"/>"#);
                    let label = labels[*row].markup(index, &mark.label, x, tracks[*row], &measures);
                    sheet.raw(&format!("{}{label}{shape}</g>", group("mark")));
                }
                Event::Arrow { rows, arrow } => {
                    let x = across(run.window.share(arrow.at));
                    let shape = arrow_shape(x, tracks[rows.0], tracks[rows.1], measures.track);
                    let lower = rows.0.max(rows.1);
                    let label =
                        labels[lower].markup(index, &arrow.label, x, tracks[lower], &measures);
                    sheet.raw(&format!("{}{label}{shape}</g>", group("wake")));
                }
            }
        }
    }
    sheet.y = bottom + 1.5;
    legend(&mut sheet, run);
    sheet.document(&run.recorder.title, story, events.len())
}

/// Where a bar begins and how wide it is, in percent.
fn extent(bar: &Bar, window: Window) -> (f64, f64) {
    let x = across(window.share(bar.start));
    let width = across(window.share(bar.end)) - x;
    // What is too short to be seen is drawn a pixel wide.
    (x, width.max(0.15))
}

/// A bar with its label, if the label has room.
fn shape(bar: &Bar, x: f64, width: f64, top: f64, height: f64) -> String {
    let label = if bar.count > 1 && !bar.label.is_empty() {
        format!("{} ×{}", bar.label, bar.count)
    } else {
        bar.label.clone()
    };
    let tier = place::tier_for(&label, SMALL, width / 100.0).filter(|_| height > 1.0);
    let mut markup = String::new();
    if !label.is_empty() && tier != Some(0) {
        let _ = write!(markup, "<title>{}</title>", draw::escape(&label));
    }
    let frame = format!(
        r#"x="{}%" y="{}em" width="{}%" height="{}em""#,
        number(x),
        number(top),
        number(width),
        number(height)
    );
    let _ = write!(markup, "<rect {frame}/>");
    if matches!(bar.kind, Kind::Blocked | Kind::Idle) {
        let middle = number(top + height / 2.0);
        let thick = if bar.kind == Kind::Blocked {
            format!(r#" style="stroke-width:{}em""#, number(height - 0.1))
        } else {
            String::new()
        };
        let _ = write!(
            markup,
            r#"<line x1="{}%" x2="{}%" y1="{middle}em" y2="{middle}em"{thick}/>"#,
            number(x),
            number(x + width),
        );
    }
    if let Some(tier) = tier.filter(|_| !label.is_empty()) {
        // The inner drawing clips what does not fit after all.
        let text = draw::text_at("", 50.0, height / 2.0, SMALL, Anchor::Middle, tier, &label);
        let _ = write!(markup, "<svg {frame}>{text}</svg>");
    }
    markup
}

/// A dense lane: the share of each kind, stacked from the bottom in each column.
fn shares(columns: &[[f64; 4]], top: f64, height: f64) -> String {
    let mut markup = format!(
        r#"<svg x="{}%" y="{}em" width="{}%" height="{}em" viewBox="0 0 {COLUMNS} 100" preserveAspectRatio="none"><rect class="empty" width="100%" height="100%"/>"#,
        draw::LEFT,
        number(top),
        number(draw::RIGHT - draw::LEFT),
        number(height)
    );
    // The uppermost first: each covers what it takes and what lies below. Idle is what remains empty.
    let stack = [Kind::Waiting, Kind::Blocked, Kind::Working];
    for (above, kind) in stack.into_iter().enumerate() {
        if columns.iter().all(|column| column[kind as usize] <= 0.0) {
            continue;
        }
        let below = |column: &[f64; 4]| -> f64 {
            let taken = stack[above..].iter().map(|kind| column[*kind as usize]);
            taken.sum()
        };
        let mut path = String::from("M0 100");
        for (index, column) in columns.iter().enumerate() {
            let y = 100.0 - (below(column) * 100.0).round().clamp(0.0, 100.0);
            let step = if index == 0 { format!("V{y}H1") } else { format!("V{y}h1") };
            path.push_str(&step);
        }
        path.push_str("V100z");
        let _ = write!(markup, r#"<path class="{}" d="{path}"/>"#, kind.name());
    }
    markup.push_str("</svg>");
    let edge = number(top + height);
    let _ = write!(
        markup,
        r#"<line class="axis" x1="{}%" x2="{}%" y1="{edge}em" y2="{edge}em"/>"#,
        draw::LEFT,
        draw::RIGHT
    );
    markup
}

/// An arrow between the tracks whose tops are given.
fn arrow_shape(x: f64, from: f64, to: f64, height: f64) -> String {
    let (from, to, head) = if from < to {
        (from + height, to, r#"<path d="M0 1l-4.5-8h9z"/>"#)
    } else {
        (from, to + height, r#"<path d="M0-1l-4.5 8h9z"/>"#)
    };
    draw::vertical("shaft", x, from, to) + &draw::symbol(x, to, head)
}

/// The labels of the marks and arrows over a lane.
#[derive(Debug, Default)]
struct Labels {
    /// How many rows there are, the lane's name being in the uppermost.
    rows: usize,
    /// By index of the event.
    places: Vec<(usize, Option<place::Place>)>,
}

impl Labels {
    fn of(run: &Run<'_>, events: &[Event<'_>], row: usize) -> Self {
        let mut indexes = Vec::new();
        let mut wants = Vec::new();
        for (index, event) in events.iter().enumerate() {
            let (over, at, text) = match event {
                Event::Mark { row, mark } => (*row, mark.at, mark.label.as_str()),
                // The label of an arrow stands over the lower of its lanes, beside the shaft.
                Event::Arrow { rows, arrow } => {
                    (rows.0.max(rows.1), arrow.at, arrow.label.as_str())
                }
                Event::Bar { .. } | Event::Dense { .. } => continue,
            };
            if over == row && !text.is_empty() {
                indexes.push(index);
                let x = across(run.window.share(at)) / 100.0;
                wants.push(Want { x, text });
            }
        }
        let name = run.name(row);
        if wants.is_empty() {
            return Self { rows: usize::from(!name.is_empty()), places: Vec::new() };
        }
        let taken = if name.is_empty() { 0.0 } else { place::breadth(name, SMALL) + 1.5 };
        let (rows, places) = place::place_in_few_rows(&wants, SMALL, 3, taken);
        Self { rows, places: indexes.into_iter().zip(places).collect() }
    }

    /// The label of the event with that index, beside `x` and over the track at `top`.
    fn markup(&self, index: usize, label: &str, x: f64, top: f64, measures: &Measures) -> String {
        let tooltip = format!("<title>{}</title>", draw::escape(label));
        let placed = self.places.iter().find(|(event, _)| *event == index);
        let Some(place) = placed.and_then(|(_, place)| *place) else {
            return if label.is_empty() { String::new() } else { tooltip };
        };
        let mut markup = if place.tier > 0 { tooltip } else { String::new() };
        let centre = top - 0.2 - measures.label * (place.row as f64 + 0.5);
        if place.row > 0 {
            let class = ["lead", "lead w2", "lead w3"][place.tier];
            markup += &draw::vertical(class, x, centre - 0.4, top);
        }
        let (anchor, shift) =
            if place.ends { (Anchor::End, "-.35em") } else { (Anchor::Start, ".35em") };
        let text = draw::text_at("over", x, centre, SMALL, anchor, place.tier, label);
        markup + &text.replacen(" x=", &format!(r#" dx="{shift}" x="#), 1)
    }
}

/// Grid lines from the sheet's height to the axis at `bottom`, and the times under it.
pub(crate) fn time_axis(sheet: &mut Sheet, window: Window, bottom: f64) {
    let ticks = crate::time::ticks(window.from, window.to);
    let ticks: Vec<(f64, usize, String)> = ticks
        .into_iter()
        .map(|tick| {
            let tier = if tick.coarse { 0 } else { 2 };
            (across(window.share(tick.at)), tier, tick.label)
        })
        .collect();
    sheet.bottom_axis(bottom, &ticks);
}

/// What the forms mean: one swatch for each kind that is drawn.
fn legend(sheet: &mut Sheet, run: &Run<'_>) {
    let drawn = |kind: Kind| {
        run.tracks.iter().any(|track| match track {
            Track::Bars(bars) => bars.iter().any(|bar| bar.kind == kind),
            // Idle is what a dense lane leaves empty.
            Track::Dense { total, .. } => kind != Kind::Idle && !total[kind as usize].is_zero(),
        })
    };
    let entries: Vec<(String, &str)> = Kind::ALL
        .into_iter()
        .filter(|kind| drawn(*kind))
        .map(|kind| (swatch(kind), run.word(kind)))
        .collect();
    sheet.keys(&entries);
}

/// The form of a kind, in a legend.
pub(crate) fn swatch(kind: Kind) -> String {
    let line = match kind {
        Kind::Working | Kind::Waiting => "",
        Kind::Blocked => {
            r#"<line x1="0" x2="1.3em" y1=".75em" y2=".75em" style="stroke-width:1em"/>"#
        }
        Kind::Idle => r#"<line x1="0" x2="1.3em" y1=".75em" y2=".75em"/>"#,
    };
    let rect = r#"<rect x="0" y=".2em" width="1.3em" height="1.1em"/>"#;
    format!(r#"<g class="{}">{rect}{line}</g>"#, kind.name())
}
