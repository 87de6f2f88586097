//! What happens when: the state of a watch, and how it answers keys, saved files and verdicts.
//!
//! It knows no terminal, no thread and no clock.
//! What it cannot do itself, it asks for as [`Effect`]s; files and progress it changes through the [`Session`].

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::Result;
use catalogue::{Chapter, Exercise};
use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

use crate::discussion;
use crate::progress::{self, Progress, State};
use crate::session::Session;
use crate::show;
use crate::text::Flow;
use crate::trial::{Stage, Verdict};

/// What comes from outside.
#[derive(Debug)]
pub enum Input {
    /// A key was pressed.
    Key(KeyEvent),
    /// A line was typed, where there are no keys.
    Line(String),
    /// The terminal has another size.
    Resized,
    /// Files were written, made or removed.
    Saved(Vec<PathBuf>),
    /// The trial with this number has come this far.
    Stage(u64, Stage),
    /// The trial with this number is over.
    Judged(u64, Result<Verdict>),
    /// A signal asks us to end.
    Stop,
    /// The keyboard is gone, and the terminal with it.
    NoKeyboard,
}

/// What is to be done outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Cancel what is tried, and try this exercise; the number is the trial's.
    Try(u64, usize),
    /// Open a file in the learner's editor.
    Edit(PathBuf),
    /// End, because the learner wants to (`false`) or because a signal came (`true`).
    Quit(bool),
}

/// What is in front of the learner.
#[derive(Debug, Clone, PartialEq)]
pub enum View {
    /// The exercise: statement, hints and verdict.
    Exercise,
    /// The list, with the exercise that is chosen from it.
    List(usize),
    /// Something to read, scrolled by so many lines.
    Page(Vec<Flow>, usize),
    /// A question, and what a yes does.
    Ask(String, Deed),
}

/// What is done after a yes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deed {
    /// Puts the stub back.
    Reset,
    /// Shows the solution.
    Solution,
}

/// One half of the screen.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Pane {
    /// Statement and hints.
    Statement,
    /// The verdict.
    #[default]
    Verdict,
}

/// A trial that is under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnderWay {
    /// Its number.
    pub trial: u64,
    /// The exercise.
    pub exercise: usize,
    /// How far it is.
    pub stage: Stage,
}

/// The state of a watch.
#[derive(Debug)]
pub struct App {
    /// The checkout.
    pub session: Session,
    /// What the learner has done.
    pub progress: Progress,
    /// The exercises in the book's order, each with its chapter.
    pub exercises: Vec<(Chapter, Exercise)>,
    /// The exercise that the learner is at.
    pub at: usize,
    /// The last verdict on each exercise.
    pub verdicts: Vec<Option<Verdict>>,
    /// What is tried now.
    pub under_way: Option<UnderWay>,
    /// What is in front of the learner.
    pub view: View,
    /// What was solved last, until the next one is worked on.
    pub banner: Option<(usize, usize)>,
    /// What there is to say for a moment.
    pub notice: Option<String>,
    /// How far statement and verdict are scrolled.
    pub scroll: [usize; 2],
    /// Which of them the arrow keys scroll, where there is a choice.
    pub focus: Pane,
    /// Which of them there is not enough room for; the screen finds out.
    pub overflows: [bool; 2],
    /// How many verdicts there were on the exercise that the learner is at.
    pub judged: u64,
    /// How far each exercise is.
    states: Vec<State>,
    /// How far the learner was told that each is: solved, broken, or neither.
    told: Vec<State>,
    /// A solved exercise that the learner has chosen stays when it passes again.
    stays: bool,
    /// Solved exercises that are to be tried again when nothing else is.
    queue: VecDeque<usize>,
    trials: u64,
    /// What each exercise was tried with: a save is often told twice.
    tried: Vec<Option<Stamp>>,
    /// The fingerprint of what is tried now.
    fingerprint: String,
}

/// Tells one state of an exercise's files from another, without reading them.
type Stamp = Vec<(PathBuf, Option<SystemTime>, u64)>;

impl App {
    /// A watch that begins at `start`, or where the learner stopped.
    ///
    /// # Errors
    ///
    /// When progress cannot be read, or no exercise is called so.
    pub fn new(session: Session, start: Option<&str>) -> Result<Self> {
        let loaded = session.store.read()?;
        let exercises: Vec<(Chapter, Exercise)> = session
            .tree
            .exercises()
            .map(|(chapter, exercise)| (chapter.clone(), exercise.clone()))
            .collect();
        anyhow::ensure!(!exercises.is_empty(), "this checkout has no exercises yet");
        let current = match start {
            Some(name) => Some(session.tree.exercise(name)?.1),
            None => session.current(&loaded.progress),
        };
        let at = exercises
            .iter()
            .position(|(_, exercise)| Some(&exercise.name) == current.map(|current| &current.name));
        let count = exercises.len();
        let mut app = Self {
            session,
            progress: loaded.progress,
            exercises,
            at: at.unwrap_or(count - 1),
            verdicts: vec![None; count],
            under_way: None,
            view: View::Exercise,
            banner: None,
            notice: loaded.notice,
            scroll: [0; 2],
            focus: Pane::default(),
            overflows: [false; 2],
            judged: 0,
            states: Vec::new(),
            told: Vec::new(),
            stays: false,
            queue: VecDeque::new(),
            trials: 0,
            tried: vec![None; count],
            fingerprint: String::new(),
        };
        app.look();
        app.told = (0..count).map(|index| app.told_now(index)).collect();
        app.stays = (start.is_some() || app.finished()) && app.was_solved(app.at);
        app.queue = (0..count)
            .filter(|index| *index != app.at && app.state(*index) == State::Changed)
            .collect();
        Ok(app)
    }

    /// The exercise that the learner is at.
    pub fn exercise(&self) -> &Exercise {
        &self.exercises[self.at].1
    }

    /// The chapter of the exercise that the learner is at.
    pub fn chapter(&self) -> &Chapter {
        &self.exercises[self.at].0
    }

    /// How far an exercise is.
    pub fn state(&self, index: usize) -> State {
        self.states[index]
    }

    /// Looks how far each exercise is: that depends on its files.
    fn look(&mut self) {
        let state = |(_, exercise): &(Chapter, Exercise)| self.progress.state(exercise);
        self.states = self.exercises.iter().map(state).collect();
    }

    fn was_solved(&self, index: usize) -> bool {
        matches!(self.state(index), State::Solved | State::Changed)
    }

    /// What is told of an exercise: one that has changed since it was solved is solved until it is tried.
    fn told_now(&self, index: usize) -> State {
        match self.state(index) {
            State::Changed => State::Solved,
            state => state,
        }
    }

    /// How many exercises are solved and how many there are: in the book, and in this part of it.
    pub fn counts(&self) -> [(usize, usize); 2] {
        let part = &self.chapter().part;
        let mut counts = [(0, 0); 2];
        for (index, (chapter, _)) in self.exercises.iter().enumerate() {
            let solved = usize::from(self.state(index) == State::Solved);
            let in_part = chapter.part == *part;
            for (count, counts_here) in counts.iter_mut().zip([true, in_part]) {
                count.0 += solved * usize::from(counts_here);
                count.1 += usize::from(counts_here);
            }
        }
        counts
    }

    /// Whether every exercise is solved.
    pub fn finished(&self) -> bool {
        let [(solved, all), _] = self.counts();
        solved == all
    }

    /// Begins: tries the exercise that the learner is at.
    pub fn begin(&mut self) -> Vec<Effect> {
        self.remember_place();
        vec![self.try_now(self.at)]
    }

    /// Answers what comes from outside.
    pub fn answer(&mut self, input: Input) -> Vec<Effect> {
        match input {
            Input::Key(key) => self.key(key),
            Input::Line(line) => self.line(line.trim()),
            Input::Saved(paths) => self.saved(&paths),
            Input::Stage(trial, stage) => {
                if let Some(under_way) = &mut self.under_way
                    && under_way.trial == trial
                {
                    under_way.stage = stage;
                }
                Vec::new()
            }
            Input::Judged(trial, verdict) => self.judged(trial, verdict),
            Input::Stop | Input::NoKeyboard => vec![Effect::Quit(true)],
            Input::Resized => Vec::new(),
        }
    }

    /// Tries an exercise at once; what is tried now is cancelled, and if it was in the queue, goes back to it.
    fn try_now(&mut self, index: usize) -> Effect {
        if let Some(cancelled) = self.under_way.take()
            && cancelled.exercise != index
            && cancelled.exercise != self.at
        {
            self.enqueue(cancelled.exercise);
        }
        self.queue.retain(|waiting| *waiting != index);
        self.trials += 1;
        let exercise = &self.exercises[index].1;
        self.tried[index] = Some(stamp(exercise));
        self.fingerprint = progress::fingerprint(exercise);
        self.under_way =
            Some(UnderWay { trial: self.trials, exercise: index, stage: Stage::Building(0) });
        Effect::Try(self.trials, index)
    }

    fn enqueue(&mut self, index: usize) {
        if !self.queue.contains(&index) {
            self.queue.push_back(index);
        }
    }

    fn saved(&mut self, paths: &[PathBuf]) -> Vec<Effect> {
        self.look();
        let mut now = false;
        let mut waiting = Vec::new();
        for (index, (_, exercise)) in self.exercises.iter().enumerate() {
            let mut touched = paths.iter().filter(|path| matters(path, exercise)).peekable();
            if touched.peek().is_none() || self.tried[index] == Some(stamp(exercise)) {
                continue;
            }
            if index == self.at {
                now = true;
            } else if self.was_solved(index)
                || self.state(index) == State::Broken
                || touched.any(|path| *path == exercise.answer())
            {
                waiting.push(index);
            }
        }
        for index in waiting {
            self.enqueue(index);
        }
        if now {
            self.banner = None;
            self.notice = None;
            return vec![self.try_now(self.at)];
        }
        self.try_next()
    }

    /// Tries what waits, if nothing is tried now.
    fn try_next(&mut self) -> Vec<Effect> {
        if self.under_way.is_some() {
            return Vec::new();
        }
        match self.queue.pop_front() {
            Some(index) => vec![self.try_now(index)],
            None => Vec::new(),
        }
    }

    fn judged(&mut self, trial: u64, verdict: Result<Verdict>) -> Vec<Effect> {
        let Some(under_way) = self.under_way.filter(|under_way| under_way.trial == trial) else {
            return Vec::new();
        };
        self.under_way = None;
        let index = under_way.exercise;
        let verdict = match verdict {
            Ok(Verdict::Cancelled) => return self.try_next(),
            Ok(verdict) => verdict,
            Err(error) => Verdict::NotBuilt { said: format!("{error:#}") },
        };
        let exercise = &self.exercises[index].1.clone();
        match self.session.note(exercise, &self.fingerprint, &verdict) {
            Ok(loaded) => {
                self.progress = loaded.progress;
                self.notice = loaded.notice.or(self.notice.take());
            }
            Err(error) => self.notice = Some(format!("{error:#}")),
        }
        self.look();
        let now = self.told_now(index);
        let before = std::mem::replace(&mut self.told[index], now);
        let passed = if let Verdict::Passed { tests } = verdict { Some(tests) } else { None };
        if index != self.at {
            let name = &exercise.name;
            match (before, passed) {
                (State::Open, Some(_)) => self.notice = Some(format!("{name} is solved, too.")),
                (State::Broken, Some(_)) => {
                    self.notice = Some(format!("{name} is solved again."));
                }
                (State::Solved, None) => {
                    self.notice = Some(format!("{name} was solved, and is broken now."));
                }
                _ => {}
            }
        }
        self.verdicts[index] = Some(verdict);
        if index == self.at {
            self.judged += 1;
            self.scroll[1] = 0;
            if let Some(tests) = passed
                && !self.stays
            {
                self.banner = Some((index, tests));
                return self.move_on();
            }
        }
        self.try_next()
    }

    /// Goes to the first exercise after this one that is not solved, or to the first of all.
    fn move_on(&mut self) -> Vec<Effect> {
        let count = self.exercises.len();
        let next = (1..=count)
            .map(|step| (self.at + step) % count)
            .find(|index| *index != self.at && self.state(*index) != State::Solved);
        match next {
            Some(next) => self.go_to(next, false),
            // All are solved: the learner stays, and may look at any of them.
            None => self.try_next(),
        }
    }

    fn go_to(&mut self, index: usize, chosen: bool) -> Vec<Effect> {
        let leaves = self.under_way.filter(|under_way| under_way.exercise == self.at);
        self.at = index;
        self.view = View::Exercise;
        self.scroll = [0; 2];
        self.focus = Pane::default();
        self.judged = 0;
        self.stays = chosen && self.was_solved(index);
        self.remember_place();
        if leaves.is_some() {
            self.under_way = None;
        }
        vec![self.try_now(index)]
    }

    fn remember_place(&mut self) {
        let name = self.exercise().name.clone();
        self.change(|progress, _| progress.current = Some(name));
    }

    fn change(&mut self, change: impl FnOnce(&mut Progress, &Exercise)) {
        let exercise = &self.exercises[self.at].1;
        match self.session.store.update(|progress| change(progress, exercise)) {
            Ok(loaded) => {
                self.progress = loaded.progress;
                self.notice = loaded.notice.or(self.notice.take());
            }
            Err(error) => self.notice = Some(format!("{error:#}")),
        }
    }

    fn line(&mut self, line: &str) -> Vec<Effect> {
        let chosen = self.exercises.iter().position(|(_, exercise)| exercise.name == line);
        if let Some(index) = chosen {
            return self.go_to(index, true);
        }
        // The first letter of a word is its key: `hint` is `h`.
        let code = line.chars().next().map_or(KeyCode::Enter, KeyCode::Char);
        self.key(KeyEvent::new(code, KeyModifiers::NONE))
    }

    fn key(&mut self, key: KeyEvent) -> Vec<Effect> {
        if key.kind == KeyEventKind::Release {
            return Vec::new();
        }
        if key.modifiers.contains(KeyModifiers::CONTROL) && key.code == KeyCode::Char('c') {
            return vec![Effect::Quit(true)];
        }
        match self.view.clone() {
            View::Exercise => self.key_at_exercise(key.code),
            View::List(chosen) => self.key_at_list(key.code, chosen),
            View::Page(flows, scroll) => {
                self.view = match key.code {
                    KeyCode::Esc
                    | KeyCode::Enter
                    | KeyCode::Char('q' | 's' | 'd' | '?' | 'h' | 'l') => View::Exercise,
                    code => View::Page(flows, scrolled(scroll, code)),
                };
                Vec::new()
            }
            View::Ask(_, deed) => {
                self.view = View::Exercise;
                match (key.code, deed) {
                    (KeyCode::Char('y' | 'Y'), Deed::Reset) => self.reset(),
                    (KeyCode::Char('y' | 'Y'), Deed::Solution) => self.show_discussion(self.at),
                    _ => Vec::new(),
                }
            }
        }
    }

    fn key_at_exercise(&mut self, code: KeyCode) -> Vec<Effect> {
        self.notice = None;
        match code {
            KeyCode::Char('q') => return vec![Effect::Quit(false)],
            KeyCode::Char('h') => self.hint(),
            KeyCode::Char('n') => {
                let effects = self.move_on();
                if effects.is_empty() {
                    self.notice = Some(String::from("No other exercise is left to solve."));
                }
                return effects;
            }
            KeyCode::Char('p') => match self.at.checked_sub(1) {
                Some(before) => return self.go_to(before, true),
                None => self.notice = Some(String::from("This is the first exercise.")),
            },
            KeyCode::Char('l') => self.view = View::List(self.at),
            KeyCode::Char('r') => return self.ask_for_reset(),
            KeyCode::Char('s') => {
                if self.state(self.at) == State::Open {
                    let title = &self.exercise().title;
                    let question = format!("{title} is not solved yet. See the solution?");
                    self.view = View::Ask(question, Deed::Solution);
                } else {
                    return self.show_discussion(self.at);
                }
            }
            KeyCode::Char('d') => match self.banner {
                Some((solved, _)) => return self.show_discussion(solved),
                None if self.state(self.at) == State::Open => {
                    self.notice =
                        Some(String::from("The discussion comes after the solution (s)."));
                }
                None => return self.show_discussion(self.at),
            },
            KeyCode::Char('o') => return vec![Effect::Edit(self.exercise().answer())],
            KeyCode::Char('t') | KeyCode::Enter => return vec![self.try_now(self.at)],
            KeyCode::Char('?') => self.view = View::Page(help(), 0),
            KeyCode::Tab => {
                self.focus = match self.focus {
                    Pane::Statement => Pane::Verdict,
                    Pane::Verdict => Pane::Statement,
                };
            }
            code => {
                let scroll = &mut self.scroll[self.scrolling() as usize];
                *scroll = scrolled(*scroll, code);
            }
        }
        Vec::new()
    }

    fn key_at_list(&mut self, code: KeyCode, chosen: usize) -> Vec<Effect> {
        let last = self.exercises.len() - 1;
        match code {
            KeyCode::Enter => return self.go_to(chosen, true),
            KeyCode::Esc | KeyCode::Char('q' | 'l') => self.view = View::Exercise,
            code => self.view = View::List(scrolled(chosen, code).min(last)),
        }
        Vec::new()
    }

    fn hint(&mut self) {
        let exercise = self.exercise();
        let (shown, all) = (self.progress.hints(exercise), exercise.hints.len());
        if shown == all {
            self.notice = Some(match all {
                0 => String::from("There are no hints for this one."),
                _ => String::from("There are no more hints. The solution is at s."),
            });
            return;
        }
        self.change(|progress, exercise| progress.set_hints(exercise, shown + 1));
        self.scroll[0] = usize::MAX;
        self.focus = Pane::Statement;
    }

    fn ask_for_reset(&mut self) -> Vec<Effect> {
        let file = self.session.shown(&self.exercise().answer());
        match self.session.untouched(self.exercise()) {
            Ok(true) => self.notice = Some(format!("{file} is as it was shipped.")),
            Ok(false) => {
                let question =
                    format!("Throw away what is in {file}? A copy is kept in .learn/backups.");
                self.view = View::Ask(question, Deed::Reset);
            }
            Err(error) => self.notice = Some(format!("{error:#}")),
        }
        Vec::new()
    }

    fn reset(&mut self) -> Vec<Effect> {
        match self.session.reset(self.exercise()) {
            Ok(kept) => {
                if let Some(kept) = kept {
                    let kept = self.session.shown(&kept);
                    self.notice = Some(format!("What was in it is kept as {kept}."));
                }
            }
            Err(error) => {
                self.notice = Some(format!("{error:#}"));
                return Vec::new();
            }
        }
        match self.session.store.read() {
            Ok(loaded) => self.progress = loaded.progress,
            Err(error) => self.notice = Some(format!("{error:#}")),
        }
        self.look();
        self.told[self.at] = State::Open;
        self.stays = false;
        self.banner = None;
        vec![self.try_now(self.at)]
    }

    fn show_discussion(&mut self, index: usize) -> Vec<Effect> {
        let exercise = &self.exercises[index].1;
        match discussion::page(&self.session.tree, exercise, self.session.palette) {
            Ok(flows) => self.view = View::Page(flows, 0),
            Err(error) => self.notice = Some(format!("{error:#}")),
        }
        Vec::new()
    }

    /// Which half the arrow keys scroll: the one that there is not enough room for.
    pub fn scrolling(&self) -> Pane {
        match self.overflows {
            [true, false] => Pane::Statement,
            [false, true] => Pane::Verdict,
            _ => self.focus,
        }
    }

    /// Statement and the hints that were shown.
    pub fn statement(&self) -> Vec<Flow> {
        let palette = self.session.palette;
        let exercise = self.exercise();
        let mut flows = show::statement(&self.session.tree, exercise, palette);
        for number in 1..=self.progress.hints(exercise) {
            flows.push(Flow::empty());
            flows.extend(show::hint(exercise, number, palette));
        }
        flows
    }

    /// The last verdict on the exercise that the learner is at.
    pub fn verdict(&self) -> Vec<Flow> {
        let palette = self.session.palette;
        match &self.verdicts[self.at] {
            Some(verdict) => show::verdict(self.exercise(), verdict, palette),
            None if self.under_way.is_some() => Vec::new(),
            None if self.state(self.at) == State::Solved => {
                vec![Flow::styled("✓ solved", palette.good())]
            }
            None => vec![Flow::styled("Not tried yet: save the file.", palette.faint())],
        }
    }
}

/// Whether a change of this file may change the verdict on the exercise.
fn matters(path: &Path, exercise: &Exercise) -> bool {
    path.strip_prefix(&exercise.dir).is_ok_and(|inside| {
        inside == Path::new("Cargo.toml")
            || (inside.starts_with("src") || inside.starts_with("tests"))
                && progress::is_source(inside)
    })
}

fn stamp(exercise: &Exercise) -> Stamp {
    progress::files(exercise)
        .into_iter()
        .map(|file| {
            let about = std::fs::metadata(&file).ok();
            let time = about.as_ref().and_then(|about| about.modified().ok());
            (file, time, about.map_or(0, |about| about.len()))
        })
        .collect()
}

/// Where a key scrolls to. Beyond the end is the screen's to find out.
fn scrolled(from: usize, code: KeyCode) -> usize {
    const PAGE: usize = 10;
    match code {
        KeyCode::Up | KeyCode::Char('k') => from.saturating_sub(1),
        KeyCode::Down | KeyCode::Char('j') => from.saturating_add(1),
        KeyCode::PageUp | KeyCode::Char('b') => from.saturating_sub(PAGE),
        KeyCode::PageDown | KeyCode::Char(' ') => from.saturating_add(PAGE),
        KeyCode::Home | KeyCode::Char('g') => 0,
        KeyCode::End | KeyCode::Char('G') => usize::MAX,
        _ => from,
    }
}

/// The keys that the line at the bottom names, the most important first.
pub const KEYS: [(&str, &str); 9] = [
    ("h", "hint"),
    ("n", "next"),
    ("l", "list"),
    ("r", "reset"),
    ("s", "solution"),
    ("q", "quit"),
    ("o", "open"),
    ("p", "previous"),
    ("?", "keys"),
];

/// What each key does.
pub fn help() -> Vec<Flow> {
    let keys = [
        ("h", "show the next hint"),
        ("n", "go to the next exercise that is not solved"),
        ("p", "go to the exercise before this one"),
        ("l", "list all exercises, and choose one"),
        ("r", "put the stub back; your answer is kept in .learn/backups"),
        ("s", "show the solution and its discussion; asks first while it is not solved"),
        ("d", "show the discussion of what was solved last"),
        ("o", "open the file in your editor (VISUAL or EDITOR)"),
        ("t", "try the exercise again, as a save does"),
        ("q", "quit; `cargo learn` goes on where you stopped"),
        ("↑ ↓", "scroll; also j and k, PgUp and PgDn, Home and End"),
        ("Tab", "scroll the other part of the screen"),
    ];
    let mut flows = vec![Flow::new("Save the exercise's file, and its tests run."), Flow::empty()];
    flows.extend(keys.map(|(key, does)| Flow::message(&format!("{key:5} {does}"), <_>::default())));
    flows
}
