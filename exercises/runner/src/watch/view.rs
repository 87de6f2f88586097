//! Draws the state of a watch on a screen.

use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use ratatui::style::Modifier;
use ratatui::text::{Line, Span};
use unicode_width::UnicodeWidthStr;

use super::app::{App, KEYS, Pane, View};
use crate::progress::State;
use crate::show;
use crate::text::{Flow, Palette, cut, lay_out};
use crate::trial::Stage;

/// From this width on, statement and verdict stand side by side.
const WIDE: u16 = 130;

/// Prose is not set wider than this.
const PROSE: u16 = 96;

/// Draws everything. Scrolling beyond an end is put right here, where it is known.
pub fn draw(frame: &mut Frame<'_>, app: &mut App) {
    let area = frame.area();
    if area.width < 24 || area.height < 8 {
        put(frame, area, 0, &Line::raw("The window is too small."));
        return;
    }
    let palette = app.session.palette;
    put(frame, area, 0, &header(app, area.width));

    let said = lay_out(&said(app), usize::from(area.width) - 2);
    let said_height = u16::try_from(said.len()).unwrap_or(0).min(area.height / 3);
    let main = Rect { y: area.y + 1, height: area.height - 2 - said_height, ..area };
    match app.view.clone() {
        View::Exercise | View::Ask(..) => draw_exercise(frame, main, app),
        View::List(chosen) => draw_list(frame, main, app, chosen),
        View::Page(flows, scroll) => {
            let mut pane = Drawn::new(main, Line::default(), palette);
            let scroll = pane.draw(frame, &flows, scroll);
            app.view = View::Page(flows, scroll);
        }
    }
    let inset = Rect { x: area.x + 1, width: area.width - 2, ..area };
    for (row, line) in (0..said_height).zip(&said) {
        put(frame, inset, area.height - 1 - said_height + row, line);
    }
    put(frame, area, area.height - 1, &footer(app, area.width));
}

/// Writes a line into a row of an area.
fn put(frame: &mut Frame<'_>, area: Rect, row: u16, line: &Line<'_>) {
    if row < area.height {
        let position = Position::new(area.x, area.y + row);
        frame.buffer_mut().set_line(position.x, position.y, line, area.width);
    }
}

/// Where we are, and how much of book and part is done.
fn header(app: &App, width: u16) -> Line<'static> {
    let palette = app.session.palette;
    let [(solved, all), (in_part, all_in_part)] = app.counts();
    let wide = width >= 90;
    let right = if wide {
        let bar = 10;
        let full = (solved * bar).checked_div(all).unwrap_or(0);
        let [done, left] = ["█".repeat(full), "░".repeat(bar - full)];
        format!("part {in_part}/{all_in_part}  book {done}{left} {solved}/{all} ")
    } else {
        format!("part {in_part}/{all_in_part}  book {solved}/{all} ")
    };
    let chapter = app.chapter();
    let place = if wide {
        format!(" {} › {}", chapter.part, show::chapter_line(chapter))
    } else {
        format!(" {}", show::chapter_line(chapter))
    };
    let width = usize::from(width);
    let place = cut(&place, width.saturating_sub(right.width() + 2));
    let gap = width.saturating_sub(place.width() + right.width());
    Line::from(vec![
        Span::styled(place, palette.strong()),
        Span::raw(" ".repeat(gap)),
        Span::styled(right, palette.plain()),
    ])
}

/// What stands above the keys: a question, what was solved last, a word about what happened.
fn said(app: &App) -> Vec<Flow> {
    let palette = app.session.palette;
    let mut flows = Vec::new();
    if let Some((solved, tests)) = app.banner {
        let exercise = &app.exercises[solved].1;
        flows.extend(show::solved(&app.session.tree, exercise, tests, palette));
    }
    if app.finished() && app.under_way.is_none() {
        flows.push(Flow::styled("🦀 Every exercise of the book is solved.", palette.good()));
    }
    if let Some(notice) = &app.notice {
        flows.push(Flow::styled(notice.clone(), palette.notable()));
    }
    if let View::Ask(question, _) = &app.view {
        flows.push(Flow::styled(format!("{question} (y/n)"), palette.notable()));
    }
    flows
}

/// The keys, as many as there is room for.
fn footer(app: &App, width: u16) -> Line<'static> {
    let palette = app.session.palette;
    let hints = app.progress.hints(app.exercise());
    let keys: Vec<(String, String)> = match app.view {
        View::Exercise => {
            let mut keys: Vec<(String, String)> =
                KEYS.iter().map(|(key, does)| ((*key).to_owned(), (*does).to_owned())).collect();
            let all = app.exercise().hints.len();
            keys[0].1 = format!("hint {hints}/{all}");
            if app.banner.is_some() {
                keys.insert(0, (String::from("d"), String::from("discussion")));
            }
            keys
        }
        View::List(_) => own(&[("↑↓", "choose"), ("Enter", "go there"), ("Esc", "back")]),
        View::Page(..) => own(&[("↑↓", "scroll"), ("Esc", "back")]),
        View::Ask(..) => own(&[("y", "yes"), ("n", "no")]),
    };
    let mut spans = vec![Span::raw(" ")];
    let mut used = 1;
    for (key, does) in keys {
        let wide = key.width() + does.width() + 3;
        if used + wide > usize::from(width) {
            break;
        }
        used += wide;
        spans.push(Span::styled(key, palette.key()));
        spans.push(Span::raw(format!(" {does}  ")));
    }
    Line::from(spans)
}

fn own(keys: &[(&str, &str)]) -> Vec<(String, String)> {
    keys.iter().map(|(key, does)| ((*key).to_owned(), (*does).to_owned())).collect()
}

fn draw_exercise(frame: &mut Frame<'_>, area: Rect, app: &mut App) {
    let palette = app.session.palette;
    let statement = app.statement();
    let verdict = app.verdict();
    let (upper, lower) = if area.width >= WIDE {
        let half = area.width / 2;
        (Rect { width: half, ..area }, Rect { x: area.x + half, width: area.width - half, ..area })
    } else {
        // The statement gets what it needs, as long as the verdict has what it needs, or three fifths.
        let width = inner_width(area);
        let needed = |flows: &[Flow]| {
            u16::try_from(lay_out(flows, width).len()).unwrap_or(u16::MAX).saturating_add(2)
        };
        let least = needed(&verdict).min(area.height * 3 / 5).max(3);
        let upper = needed(&statement).min(area.height.saturating_sub(least));
        (
            Rect { height: upper, ..area },
            Rect { y: area.y + upper, height: area.height - upper, ..area },
        )
    };
    let width = inner_width(upper);
    app.overflows = [(&statement, upper), (&verdict, lower)]
        .map(|(flows, area)| lay_out(flows, width).len() >= usize::from(area.height));
    let title = rule(app, Pane::Statement, vec![Span::raw(app.exercise().name.clone())]);
    let mut pane = Drawn::new(upper, title, palette);
    app.scroll[0] = pane.draw(frame, &statement, app.scroll[0]);
    let title = rule(app, Pane::Verdict, status(app));
    let mut pane = Drawn::new(lower, title, palette);
    app.scroll[1] = pane.draw(frame, &verdict, app.scroll[1]);
}

/// The heading of a pane; the one that scrolls is marked.
fn rule(app: &App, pane: Pane, title: Vec<Span<'static>>) -> Line<'static> {
    let palette = app.session.palette;
    let focused = app.scrolling() == pane;
    let mark = if focused { "── " } else { "╌╌ " };
    let mut spans = vec![Span::styled(mark, palette.faint())];
    spans.extend(title);
    spans.push(Span::raw(" "));
    Line::from(spans)
}

/// What is under way, or what the last verdict was.
fn status(app: &App) -> Vec<Span<'static>> {
    let palette = app.session.palette;
    match app.under_way {
        Some(under_way) => {
            let mut text = match under_way.stage {
                // An exercise and its tests are two; more are built the first time.
                Stage::Building(0..=2) => String::from("building …"),
                Stage::Building(crates) => {
                    format!("building … {crates} crates so far; the next time they will be there")
                }
                Stage::Running => String::from("running the tests …"),
            };
            if under_way.exercise != app.at {
                let other = &app.exercises[under_way.exercise].1.name;
                text = format!("{other}: {text}");
            }
            vec![Span::styled(text, palette.notable())]
        }
        None => match &app.verdicts[app.at] {
            Some(verdict) => {
                let style = if verdict.passed() { palette.good() } else { palette.bad() };
                vec![Span::styled(show::in_short(verdict), style)]
            }
            None => vec![Span::raw("tests")],
        },
    }
}

fn draw_list(frame: &mut Frame<'_>, area: Rect, app: &App, chosen: usize) {
    let palette = app.session.palette;
    let names = app.exercises.iter().map(|(_, exercise)| exercise.name.len());
    let width = names.max().unwrap_or(0);
    let mut lines = Vec::new();
    let mut chosen_line = 0;
    let mut part = "";
    let mut chapter_before = "";
    for (index, (chapter, exercise)) in app.exercises.iter().enumerate() {
        if chapter.part != part {
            part = &chapter.part;
            if index > 0 {
                lines.push(Line::default());
            }
            lines.push(Line::styled(format!(" {part}"), palette.strong()));
        }
        if chapter.slug != chapter_before {
            chapter_before = &chapter.slug;
            lines.push(Line::raw(format!("   {}", show::chapter_line(chapter))));
        }
        let state: State = app.state(index);
        let mut line = show::list_line(exercise, state, index == app.at, width, palette);
        line.spans.insert(0, Span::raw("   "));
        if index == chosen {
            chosen_line = lines.len();
            line = line.patch_style(palette.plain().add_modifier(Modifier::REVERSED));
        }
        lines.push(line);
    }
    let height = usize::from(area.height);
    // What is chosen stands in the middle, except near the ends.
    let first = chosen_line.saturating_sub(height / 2).min(lines.len().saturating_sub(height));
    for (row, line) in (0..area.height).zip(&lines[first..]) {
        put(frame, area, row, line);
    }
}

fn inner_width(area: Rect) -> usize {
    usize::from(area.width.saturating_sub(2).min(PROSE))
}

/// A part of the screen with a heading and something to scroll.
struct Drawn {
    area: Rect,
    title: Line<'static>,
    palette: Palette,
}

impl Drawn {
    fn new(area: Rect, title: Line<'static>, palette: Palette) -> Self {
        Self { area, title, palette }
    }

    /// Draws the flows from the line `scroll` on; returns where it begins really.
    fn draw(&mut self, frame: &mut Frame<'_>, flows: &[Flow], scroll: usize) -> usize {
        let area = self.area;
        if area.height == 0 {
            return 0;
        }
        let mut rule = self.title.clone();
        let left = usize::from(area.width).saturating_sub(rule.width() + 1);
        rule.push_span(Span::styled("─".repeat(left), self.palette.faint()));
        put(frame, area, 0, &rule);

        let inside = Rect {
            x: area.x + 1,
            y: area.y + 1,
            width: area.width.saturating_sub(2),
            height: area.height - 1,
        };
        let lines = lay_out(flows, inner_width(area));
        let height = usize::from(inside.height);
        let scroll = scroll.min(lines.len().saturating_sub(height));
        for (row, line) in (0..inside.height).zip(&lines[scroll..]) {
            put(frame, inside, row, line);
        }
        let below = lines.len().saturating_sub(scroll + height);
        if below > 0 {
            let more = format!(" ↓ {below} more ");
            let width = u16::try_from(more.width()).unwrap_or(0);
            let corner = Rect {
                x: area.x + area.width.saturating_sub(width + 1),
                y: area.y + area.height - 1,
                width,
                height: 1,
            };
            put(frame, corner, 0, &Line::styled(more, self.palette.notable()));
        }
        scroll
    }
}
