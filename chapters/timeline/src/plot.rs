//! Lines and points on two axes.

use std::fmt::Write as _;
use std::io;

use serde::Serialize;

use crate::draw::{self, Anchor, SMALL, Sheet, number};
use crate::picture::{Picture, one_a_line, one_line};
use crate::place;

/// Where the points begin, in percent of the width: left of it stand the numbers of the upright axis.
const LEFT: f64 = 15.0;
/// Where they end.
const RIGHT: f64 = 94.5;
/// How high the plot is, in em.
const HEIGHT: f64 = 17.0;
/// A line with more points than this has no symbols on it.
const SYMBOLS: usize = 40;
/// A story tells at most this many points of a series.
const TOLD: usize = 8;

/// A line or scatter plot in the style of the timelines.
///
/// Both axes are linear and include 0, unless they are made logarithmic.
/// There are as many forms (colour, dashes, symbols) as four; a fifth series looks like the first.
///
/// ```
/// use timeline::Plot;
///
/// let picture = Plot::new("What a waiting thread costs", "threads", "resident memory in MiB")
///     .series("threads", &[(10.0, 2.5), (100.0, 4.0), (1_000.0, 18.0), (10_000.0, 160.0)])
///     .log_x()
///     .finish();
/// assert!(picture.story().contains("threads: 2.5 at 10, 4 at 100, 18 at 1,000, 160 at 10,000."));
/// picture.save("memory")?;
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Plot {
    title: String,
    note: String,
    x: Axis,
    y: Axis,
    series: Vec<Series>,
}

#[derive(Debug, Clone)]
struct Axis {
    title: String,
    log: bool,
}

#[derive(Debug, Clone)]
struct Series {
    name: String,
    points: Vec<(f64, f64)>,
    line: bool,
}

impl Plot {
    /// A plot without points. The axes' titles name the quantity and its unit: `"memory in MiB"`.
    pub fn new(
        title: impl Into<String>,
        x_axis: impl Into<String>,
        y_axis: impl Into<String>,
    ) -> Self {
        let axis = |title| Axis { title, log: false };
        Self {
            title: title.into(),
            note: String::new(),
            x: axis(x_axis.into()),
            y: axis(y_axis.into()),
            series: Vec::new(),
        }
    }

    /// Points that a line joins, in the order given, with the series' name at the last.
    ///
    /// # Panics
    ///
    /// If a coordinate is not a finite number.
    pub fn series(self, name: impl Into<String>, points: &[(f64, f64)]) -> Self {
        self.add(name.into(), points, true)
    }

    /// Points without a line.
    ///
    /// # Panics
    ///
    /// If a coordinate is not a finite number.
    pub fn scatter(self, name: impl Into<String>, points: &[(f64, f64)]) -> Self {
        self.add(name.into(), points, false)
    }

    fn add(mut self, name: String, points: &[(f64, f64)], line: bool) -> Self {
        for (x, y) in points {
            assert!(
                x.is_finite() && y.is_finite(),
                "a point of `{name}` is not finite: ({x}, {y})"
            );
        }
        let points = points.to_vec();
        self.series.push(Series { name, points, line });
        self
    }

    /// Makes the level axis logarithmic. Points at 0 and below are left out.
    pub fn log_x(mut self) -> Self {
        self.x.log = true;
        self
    }

    /// Makes the upright axis logarithmic. Points at 0 and below are left out.
    pub fn log_y(mut self) -> Self {
        self.y.log = true;
        self
    }

    /// Says what the plot shows: the first sentence of its story.
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.note = note.into();
        self
    }

    /// Draws it.
    pub fn finish(&self) -> Picture {
        let story = self.story();
        Picture { svg: self.svg(&story), json: self.json(), story }
    }

    /// Draws it and saves the picture: see [`Picture::save`].
    ///
    /// # Errors
    ///
    /// As [`Picture::save`].
    pub fn save(&self, name: &str) -> io::Result<()> {
        self.finish().save(name)
    }

    fn drawn<'a>(&'a self, series: &'a Series) -> impl Iterator<Item = (f64, f64)> + 'a {
        let points = series.points.iter().copied();
        points.filter(|(x, y)| (!self.x.log || *x > 0.0) && (!self.y.log || *y > 0.0))
    }

    fn story(&self) -> String {
        let mut sentences = Vec::new();
        if !self.note.is_empty() {
            sentences.push(self.note.clone());
        }
        let scale = |axis: &Axis| {
            let scale = if axis.log { ", on a logarithmic scale" } else { "" };
            format!("{}{scale}", axis.title)
        };
        sentences.push(format!("A plot of {} against {}.", scale(&self.y), scale(&self.x)));
        sentences.extend(self.series.iter().map(says));
        sentences.join(" ")
    }

    fn svg(&self, story: &str) -> String {
        let mut sheet = Sheet::new(&self.title);
        let scale_of = |log, values: Vec<f64>| Scale::new(&values, log);
        let all = || self.series.iter().flat_map(|series| self.drawn(series));
        let x_scale = scale_of(self.x.log, all().map(|(x, _)| x).collect());
        let y_scale = scale_of(self.y.log, all().map(|(_, y)| y).collect());
        sheet.text("aside", draw::LEFT, sheet.y + 0.5, SMALL, Anchor::Start, 0, &self.y.title);
        let top = sheet.y + 2.4;
        let bottom = top + HEIGHT;
        let x = |value: f64| LEFT + (RIGHT - LEFT) * x_scale.share(value);
        let y = |value: f64| bottom - HEIGHT * y_scale.share(value);
        for (value, coarse) in y_scale.ticks(6) {
            sheet.horizontal("grid", y(value));
            if coarse {
                let above = y(value) - 0.55;
                sheet.text("tick over", draw::LEFT, above, SMALL, Anchor::Start, 0, &figure(value));
            }
        }
        sheet.y = top - 0.6;
        let mut ticks: Vec<(f64, usize, String)> = x_scale
            .ticks(5)
            .into_iter()
            .map(|(value, coarse)| {
                let label = if coarse { figure(value) } else { String::new() };
                (x(value), 0, label)
            })
            .collect();
        // Labels need as much room again between them. Where a narrow picture has not got that, it shows every other one.
        let breadth: f64 = ticks.iter().map(|(_, _, label)| place::breadth(label, SMALL)).sum();
        if breadth * 2.0 > place::WIDTHS[0] {
            for (_, tier, _) in ticks.iter_mut().rev().skip(1).step_by(2) {
                *tier = 2;
            }
        }
        sheet.bottom_axis(bottom, &ticks);
        let drawn: Vec<Vec<(f64, f64)>> = self
            .series
            .iter()
            .map(|series| self.drawn(series).map(|(a, b)| (x(a), y(b))).collect())
            .collect();
        let heights = label_heights(&self.series, &drawn, bottom);
        for (index, (series, points)) in self.series.iter().zip(&drawn).enumerate() {
            let class = format!("series s{}", index % 4 + 1);
            sheet.raw(&format!("<g {}>", draw::event(&class, index + 1, &says(series))));
            if series.line && points.len() > 1 {
                sheet.raw(&line(points, top, bottom));
            }
            if !series.line || points.len() <= SYMBOLS {
                for (x, y) in points {
                    sheet.raw(&draw::symbol(*x, *y, symbol(index)));
                }
            }
            if let (Some((end, _)), Some(centre)) = (points.last(), heights[index]) {
                let (anchor, at) =
                    if *end > 50.0 { (Anchor::End, end + 1.0) } else { (Anchor::Start, end - 1.0) };
                sheet.text("over", at, centre, SMALL, anchor, 0, &series.name);
            }
            sheet.raw("</g>");
        }
        sheet.y = bottom + 2.1;
        sheet.text("aside", draw::RIGHT, sheet.y + 0.2, SMALL, Anchor::End, 0, &self.x.title);
        sheet.y += 0.8;
        sheet.document(&self.title, story, self.series.len())
    }

    fn json(&self) -> String {
        let axis = |axis: &Axis| one_line(&JsonAxis { title: &axis.title, log: axis.log });
        let series = self.series.iter().map(|series| JsonSeries {
            name: &series.name,
            line: series.line,
            points: &series.points,
        });
        format!(
            "{{\n\"title\": {},\n\"note\": {},\n\"x\": {},\n\"y\": {},\n\"series\": {}\n}}\n",
            one_line(&self.title),
            one_line(&self.note),
            axis(&self.x),
            axis(&self.y),
            one_a_line(series)
        )
    }
}

/// An axis in the JSON.
#[derive(Serialize)]
struct JsonAxis<'a> {
    title: &'a str,
    log: bool,
}

/// A series in the JSON.
#[derive(Serialize)]
struct JsonSeries<'a> {
    name: &'a str,
    line: bool,
    points: &'a [(f64, f64)],
}

/// A series in a sentence.
fn says(series: &Series) -> String {
    let point = |(x, y): &(f64, f64)| format!("{} at {}", figure(*y), figure(*x));
    let name = &series.name;
    match series.points.as_slice() {
        [] => format!("{name}: no points."),
        points if points.len() <= TOLD => {
            let told: Vec<String> = points.iter().map(point).collect();
            format!("{name}: {}.", told.join(", "))
        }
        points => {
            let by_height = |a: &&(f64, f64), b: &&(f64, f64)| a.1.total_cmp(&b.1);
            let lowest = points.iter().min_by(by_height);
            let highest = points.iter().max_by(by_height);
            let mut says = format!("{name}, {} points", points.len());
            for (word, found) in [
                ("first", points.first()),
                ("last", points.last()),
                ("lowest", lowest),
                ("highest", highest),
            ] {
                if let Some(found) = found {
                    let _ = write!(says, "; {word} {}", point(found));
                }
            }
            says + "."
        }
    }
}

/// A number in words and at an axis: `0.25`, `12`, `10,000`, `2.5 M`.
fn figure(value: f64) -> String {
    let magnitude = value.abs();
    if magnitude >= 1e6 {
        let (unit, name) = if magnitude >= 1e9 { (1e9, "G") } else { (1e6, "M") };
        return format!("{} {name}", number(value / unit));
    }
    if magnitude >= 1000.0 {
        let digits = format!("{magnitude:.0}");
        let (head, tail) = digits.split_at(digits.len() - 3);
        let sign = if value < 0.0 { "−" } else { "" };
        return format!("{sign}{head},{tail}");
    }
    let decimals = match magnitude {
        m if m >= 100.0 || m == 0.0 => 0,
        m if m >= 10.0 => 1,
        m if m >= 1.0 => 2,
        m if m >= 0.1 => 3,
        m if m >= 0.01 => 4,
        _ => 6,
    };
    let text = format!("{value:.decimals$}");
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text
    }
}

/// How values become places along an axis.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Scale {
    low: f64,
    high: f64,
    log: bool,
}

impl Scale {
    /// From round number to round number, around all values.
    fn new(values: &[f64], log: bool) -> Self {
        let low = values.iter().copied().fold(f64::INFINITY, f64::min);
        let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        if values.is_empty() {
            return Self { low: if log { 1.0 } else { 0.0 }, high: 10.0, log };
        }
        if log {
            let (low, high) = (low.log10().floor(), high.log10().ceil());
            let high = if high > low { high } else { low + 1.0 };
            return Self { low: 10_f64.powf(low), high: 10_f64.powf(high), log };
        }
        let (low, high) = (low.min(0.0), high.max(0.0));
        let high = if high > low { high } else { low + 1.0 };
        let step = round_step((high - low) / 5.0);
        Self { low: (low / step).floor() * step, high: (high / step).ceil() * step, log }
    }

    /// Where a value stands, from 0 to 1.
    fn share(self, value: f64) -> f64 {
        if self.log {
            (value / self.low).log10() / (self.high / self.low).log10()
        } else {
            (value - self.low) / (self.high - self.low)
        }
    }

    /// Round values, at most about `count` of which (the coarse ones) are labelled.
    fn ticks(self, count: usize) -> Vec<(f64, bool)> {
        if self.log {
            let (first, last) = (self.low.log10().round(), self.high.log10().round());
            let decades = last - first;
            let stride = (decades / count as f64).ceil().max(1.0);
            let powers = (0..).map(|n| first + f64::from(n));
            return powers
                .take_while(|power| *power <= last)
                .map(|power| {
                    let coarse = ((power - first) / stride).fract() == 0.0;
                    (10_f64.powf(power), coarse)
                })
                .collect();
        }
        let step = round_step((self.high - self.low) / count as f64);
        let first = (self.low / step).ceil();
        let mut ticks = Vec::new();
        let mut value = first * step;
        while value <= self.high + step * 1e-9 {
            ticks.push((value, true));
            value = (first + ticks.len() as f64) * step;
        }
        ticks
    }
}

/// The next of 1, 2, 5, 10, 20, … that is not less.
fn round_step(atleast: f64) -> f64 {
    let power = 10_f64.powf(atleast.log10().floor());
    let digit = atleast / power;
    let round = [1.0, 2.0, 5.0].into_iter().find(|round| digit <= round + 1e-9);
    round.unwrap_or(10.0) * power
}

/// Where the names of the series stand, given their points in percent and em: over or under the last point, whichever
/// covers less of the plot, and no two on one another.
fn label_heights(series: &[Series], drawn: &[Vec<(f64, f64)>], bottom: f64) -> Vec<Option<f64>> {
    let mut wanted: Vec<(usize, f64)> = Vec::new();
    for (index, points) in drawn.iter().enumerate() {
        let Some(&(x, y)) = points.last() else {
            continue;
        };
        let width = place::breadth(&series[index].name, SMALL) / place::WIDTHS[0] * 100.0;
        let (from, to) = if x > 50.0 { (x - width, x) } else { (x, x + width) };
        let covered = |centre: f64| -> usize {
            let lines = series.iter().zip(drawn);
            let lines =
                lines.map(|(series, points)| touched(points, series.line, from, to, centre));
            lines.sum()
        };
        let (over, under) = (y - 1.0, y + 1.0);
        let low = under + 0.6 > bottom;
        let at = if low || covered(over) <= covered(under) { over } else { under };
        wanted.push((index, at));
    }
    wanted.sort_by(|a, b| a.1.total_cmp(&b.1));
    // From the top down, each at least a line below the last; then, if that ran out below, from the bottom up.
    let mut least = f64::NEG_INFINITY;
    for (_, at) in &mut wanted {
        *at = at.max(least);
        least = *at + 1.15;
    }
    let mut most = bottom - 0.6;
    for (_, at) in wanted.iter_mut().rev() {
        *at = at.min(most);
        most = *at - 1.15;
    }
    let mut heights = vec![None; series.len()];
    for (index, at) in wanted {
        heights[index] = Some(at);
    }
    heights
}

/// How much of a series a label between `from` and `to` at the height `centre` would cover.
fn touched(points: &[(f64, f64)], line: bool, from: f64, to: f64, centre: f64) -> usize {
    let near = |y: f64| (y - centre).abs() < 0.65;
    if !line {
        let inside = points.iter().filter(|(x, y)| (from..=to).contains(x) && near(*y));
        return inside.count();
    }
    let samples = (0..=20).map(|n| from + (to - from) * f64::from(n) / 20.0);
    let height_at = |x: f64| {
        let pairs = points.windows(2);
        pairs
            .filter(|pair| pair[0].0 <= x && x <= pair[1].0 && pair[0].0 < pair[1].0)
            .map(|pair| {
                let share = (x - pair[0].0) / (pair[1].0 - pair[0].0);
                pair[0].1 + (pair[1].1 - pair[0].1) * share
            })
            .next()
    };
    samples.filter_map(height_at).filter(|y| near(*y)).count()
}

/// A line through points given in percent and em, in a drawing that is stretched to the picture.
fn line(points: &[(f64, f64)], top: f64, bottom: f64) -> String {
    let mut path = String::new();
    for (index, (x, y)) in points.iter().enumerate() {
        let command = if index == 0 { "M" } else { "L" };
        let height = (y - top) / (bottom - top) * 1000.0;
        let _ = write!(path, "{command}{} {}", number(x * 10.0), number(height));
    }
    format!(
        r#"<svg x="0" y="{}em" width="100%" height="{}em" viewBox="0 0 1000 1000" preserveAspectRatio="none" overflow="visible"><path class="line" d="{path}"/></svg>"#,
        number(top),
        number(bottom - top),
    )
}

/// The symbol of the series with that index.
fn symbol(index: usize) -> &'static str {
    [
        r#"<path d="M4 0a4 4 0 1 1-8 0a4 4 0 1 1 8 0z"/>"#,
        r#"<path d="M-3.5-3.5h7v7h-7z"/>"#,
        r#"<path d="M0-4.8l4.6 8h-9.2z"/>"#,
        r#"<path d="M0-5l5 5-5 5-5-5z"/>"#,
    ][index % 4]
}
