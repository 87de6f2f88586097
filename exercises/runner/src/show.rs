//! What the learner reads: verdicts, statements, hints, the list, and where things are.
//!
//! Everything is made of [`Flow`]s, so that the screen and the commands say the same.

use std::fmt::Write as _;
use std::path::Path;

use catalogue::{Chapter, Exercise, Tree};
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use crate::libtest::Passage;
use crate::markdown;
use crate::progress::State;
use crate::text::{Flow, Palette, from_ansi};
use crate::trial::{Failure, Verdict};

/// More of what a test printed is cut: the end is nearest to the failure.
const PRINTED_LINES: usize = 20;

/// A path as a reader types it: relative to the checkout.
pub fn path(root: &Path, path: &Path) -> String {
    path.strip_prefix(root).unwrap_or(path).display().to_string()
}

/// `2 tests`, `1 test`.
pub fn counted(count: usize, thing: &str) -> String {
    format!("{count} {thing}{}", if count == 1 { "" } else { "s" })
}

/// The verdict in a few words, for a list or a heading.
pub fn in_short(verdict: &Verdict) -> String {
    match verdict {
        Verdict::Passed { tests: 1 } => String::from("its test passes"),
        Verdict::Passed { tests } => format!("all {tests} tests pass"),
        Verdict::NotCompiled { errors, .. } => {
            format!("does not compile: {}", counted(*errors, "error"))
        }
        Verdict::NotBuilt { .. } => String::from("cannot be built"),
        Verdict::Failed(failure) => {
            let of = format!("{} of {}", failure.passed, counted(failure.tests, "test"));
            let verb = if failure.tests == 1 { "passes" } else { "pass" };
            format!("{of} {verb}, {} fails", failure.test)
        }
        Verdict::Hung { bound, .. } => {
            format!("hangs: nothing was heard for {} s", bound.as_secs_f64())
        }
        Verdict::Crashed { .. } => String::from("the test program died"),
        Verdict::Cancelled => String::from("cancelled"),
    }
}

/// The verdict as it is read: what to mend first, and no more than that.
pub fn verdict(exercise: &Exercise, verdict: &Verdict, palette: Palette) -> Vec<Flow> {
    let mut flows = Vec::new();
    match verdict {
        Verdict::Passed { .. } => {
            flows.push(Flow::styled(format!("✓ {}", in_short(verdict)), palette.good()));
        }
        Verdict::NotCompiled { first, errors } => {
            flows.push(Flow::styled("✗ does not compile", palette.bad()));
            flows.push(Flow::empty());
            flows.extend(from_ansi(first));
            if *errors > 1 {
                flows.push(Flow::empty());
                flows.push(Flow::styled(
                    format!("The first of {errors} errors; the others may go with it."),
                    palette.faint(),
                ));
            }
        }
        Verdict::NotBuilt { said } => {
            flows.push(Flow::styled(
                "✗ cannot be built, and the fault is not in your answer",
                palette.bad(),
            ));
            flows.push(Flow::empty());
            flows.extend(from_ansi(said));
        }
        Verdict::Failed(failure) => show_failure(exercise, failure, palette, &mut flows),
        Verdict::Hung { bound, running, passed } => {
            let bound = bound.as_secs_f64();
            flows.push(Flow::styled(
                format!("✗ hangs: no test ended for {bound} s, so the tests were stopped"),
                palette.bad(),
            ));
            flows.push(Flow::empty());
            flows.push(Flow::new("Not done, the first of them still running:"));
            name_some(running, palette, &mut flows);
            flows.push(Flow::empty());
            flows.push(Flow::new(format!(
                "{} passed before. Look for a loop with no way out, or a wait for what never comes.",
                counted(*passed, "test")
            )));
        }
        Verdict::Crashed { during, said } => {
            flows.push(Flow::styled(
                "✗ the test program died before its tests were done",
                palette.bad(),
            ));
            flows.push(Flow::empty());
            if !during.is_empty() {
                flows.push(Flow::new("Not done:"));
                name_some(during, palette, &mut flows);
                flows.push(Flow::empty());
            }
            message(said, palette.plain(), &mut flows);
        }
        Verdict::Cancelled => flows.push(Flow::styled("cancelled", palette.faint())),
    }
    flows
}

fn name_some(tests: &[String], palette: Palette, flows: &mut Vec<Flow>) {
    const SOME: usize = 4;
    for test in tests.iter().take(SOME) {
        flows.push(Flow::styled(test.clone(), palette.code()).indented("  "));
    }
    if tests.len() > SOME {
        let more = format!("and {} more", tests.len() - SOME);
        flows.push(Flow::styled(more, palette.faint()).indented("  "));
    }
}

fn show_failure(exercise: &Exercise, failure: &Failure, palette: Palette, flows: &mut Vec<Flow>) {
    let mut summary = format!("✗ {} of {} pass", failure.passed, counted(failure.tests, "test"));
    if failure.tests == 1 {
        summary.push_str("es");
    }
    if failure.unfinished > 0 {
        // Writing to a string does not fail.
        let _ = write!(summary, ", {} not waited for", failure.unfinished);
    }
    flows.push(Flow::styled(summary, palette.bad()));
    flows.push(Flow::empty());

    let panics: Vec<&Passage> = failure
        .passages
        .iter()
        .filter(|passage| matches!(passage, Passage::Panic { .. }))
        .collect();
    let mut heading = vec![Span::styled(failure.test.clone(), palette.strong())];
    if let [Passage::Panic { place, .. }] = panics[..] {
        heading.push(Span::styled(format!("  {place}"), palette.faint()));
    }
    flows.push(Flow::line(heading));
    flows.push(Flow::empty());
    if failure.alone_it_passes {
        flows.push(Flow::new(
            "It fails beside the other tests, and passes alone: look for what they share.",
        ));
    }
    for passage in &failure.passages {
        match passage {
            Passage::Printed(text) => {
                let lines: Vec<&str> = text.lines().collect();
                let hidden = lines.len().saturating_sub(PRINTED_LINES);
                let label = if hidden > 0 {
                    format!("it printed, after {} more:", counted(hidden, "line"))
                } else {
                    String::from("it printed:")
                };
                flows.push(Flow::styled(label, palette.faint()));
                for line in &lines[hidden..] {
                    flows.push(Flow::message(line, palette.plain()).indented("  "));
                }
                flows.push(Flow::empty());
            }
            Passage::Panic { thread, place, message: text } => {
                if panics.len() > 1 {
                    let thread = match thread {
                        Some(name) => format!("thread {name}"),
                        None => String::from("a thread without a name"),
                    };
                    flows.push(Flow::styled(
                        format!("{thread} panicked at {place}:"),
                        palette.faint(),
                    ));
                }
                let lib = place
                    .rsplit_once(':')
                    .is_some_and(|(file, _)| exercise.answer().ends_with(file));
                if lib && text.starts_with("not yet implemented") {
                    flows.push(Flow::new("A `todo!()` is still to be written there."));
                }
                message(text, palette.plain(), flows);
                flows.push(Flow::empty());
            }
        }
    }
    if !failure.others.is_empty() {
        flows.push(Flow::styled("Failing after it:", palette.faint()));
        name_some(&failure.others, palette, flows);
    }
    while flows.last().is_some_and(|flow| flow.content.is_empty()) {
        flows.pop();
    }
}

/// A message line by line, as it was written.
fn message(text: &str, style: Style, flows: &mut Vec<Flow>) {
    flows.extend(text.lines().map(|line| Flow::message(line, style)));
}

/// Said when an exercise is solved: that it is, and where to read on.
pub fn solved(tree: &Tree, exercise: &Exercise, tests: usize, palette: Palette) -> Vec<Flow> {
    vec![
        Flow::styled(
            format!("✓ {} is solved: {}", exercise.title, in_short(&Verdict::Passed { tests })),
            palette.good(),
        ),
        Flow::line(vec![
            Span::raw("How else it can be solved, and the wrong turns: "),
            Span::styled(path(&tree.root, &exercise.discussion()), palette.code()),
        ])
        .indented("  "),
    ]
}

/// `★★☆`
pub fn stars(difficulty: u8) -> String {
    (1..=3).map(|star| if star <= difficulty { '★' } else { '☆' }).collect()
}

/// Title, place and statement of an exercise.
pub fn statement(tree: &Tree, exercise: &Exercise, palette: Palette) -> Vec<Flow> {
    let mut flows = vec![
        Flow::line(vec![
            Span::styled(exercise.title.clone(), palette.strong()),
            Span::styled(
                format!("  {}  about {} minutes", stars(exercise.difficulty), exercise.minutes),
                palette.faint(),
            ),
        ]),
        Flow::styled(path(&tree.root, &exercise.answer()), palette.code()),
        Flow::empty(),
    ];
    flows.extend(markdown::render(&exercise.statement, palette));
    flows
}

/// A hint, counted from 1.
pub fn hint(exercise: &Exercise, number: usize, palette: Palette) -> Vec<Flow> {
    let Some(text) = number.checked_sub(1).and_then(|index| exercise.hints.get(index)) else {
        return Vec::new();
    };
    let mut flows =
        vec![Flow::styled(format!("Hint {number} of {}", exercise.hints.len()), palette.notable())];
    flows.extend(markdown::render(text, palette));
    flows
}

/// The sign of a state.
pub fn mark(state: State) -> &'static str {
    match state {
        State::Open => "·",
        State::Solved => "✓",
        State::Broken => "✗",
        State::Changed => "?",
    }
}

/// The style of a state's sign.
pub fn mark_style(state: State, palette: Palette) -> Style {
    match state {
        State::Open => palette.faint(),
        State::Solved => palette.good(),
        State::Broken => palette.bad(),
        State::Changed => palette.notable(),
    }
}

/// One exercise's line in the list.
pub fn list_line(
    exercise: &Exercise,
    state: State,
    current: bool,
    width: usize,
    palette: Palette,
) -> Line<'static> {
    let arrow = if current { "→" } else { " " };
    let name = format!("{:width$}", exercise.name);
    let about = format!(
        "  {:7}  {}  {:>2} min",
        state.word(),
        stars(exercise.difficulty),
        exercise.minutes
    );
    Line::from(vec![
        Span::styled(format!("{arrow} "), palette.key()),
        Span::styled(format!("{} ", mark(state)), mark_style(state, palette)),
        Span::raw(name),
        Span::styled(about, palette.faint()),
    ])
}

/// A chapter's line in the list.
pub fn chapter_line(chapter: &Chapter) -> String {
    format!("{:02} {}", chapter.number, chapter.title)
}

/// How many of the exercises are solved.
pub fn sum(solved: usize, all: usize) -> String {
    format!("{solved} of {} solved", counted(all, "exercise"))
}
