//! A watch without a screen: what happens is written line after line, and keys are lines.
//!
//! For a pipe, a terminal that can do nothing, and whoever has a screen read to them.

use std::io::{self, BufRead as _, Write};
use std::sync::mpsc::Sender;
use std::thread;

use anyhow::Result;

use super::app::{App, Input, KEYS, View};
use crate::progress::State;
use crate::show;
use crate::text::{Flow, Paper};

/// Reads lines until there are no more.
pub fn read_lines(inputs: Sender<Input>) {
    thread::spawn(move || {
        for line in io::stdin().lock().lines() {
            let Ok(line) = line else { return };
            if inputs.send(Input::Line(line)).is_err() {
                return;
            }
        }
    });
}

/// What was written last.
#[derive(Debug, Default)]
pub struct Transcript {
    at: Option<usize>,
    judged: u64,
    hints: usize,
    banner: Option<(usize, usize)>,
    notice: Option<String>,
    finished: bool,
}

impl Transcript {
    /// Writes what is new.
    ///
    /// # Errors
    ///
    /// When standard output cannot be written.
    pub fn write(&mut self, app: &mut App, paper: Paper) -> Result<()> {
        let palette = paper.palette;
        let mut flows = Vec::new();
        if app.banner != self.banner {
            self.banner = app.banner;
            if let Some((solved, tests)) = app.banner {
                let exercise = &app.exercises[solved].1;
                flows.extend(show::solved(&app.session.tree, exercise, tests, palette));
                flows.push(Flow::empty());
            }
        }
        if app.finished() != self.finished {
            self.finished = app.finished();
            if self.finished {
                flows.push(Flow::styled("Every exercise of the book is solved.", palette.good()));
            }
        }
        if self.at != Some(app.at) {
            let new = self.at.is_some();
            self.at = Some(app.at);
            self.judged = 0;
            self.hints = app.progress.hints(app.exercise());
            if !(self.finished && new) {
                let [(solved, all), _] = app.counts();
                let place = format!(
                    "{} › {} ({})",
                    app.chapter().part,
                    show::chapter_line(app.chapter()),
                    show::sum(solved, all)
                );
                flows.push(Flow::styled(place, palette.faint()));
                flows.extend(app.statement());
                flows.push(Flow::empty());
            }
        }
        let hints = app.progress.hints(app.exercise());
        for number in self.hints + 1..=hints {
            flows.extend(show::hint(app.exercise(), number, palette));
        }
        self.hints = hints;
        if app.judged != self.judged {
            self.judged = app.judged;
            flows.extend(app.verdict());
            flows.push(Flow::empty());
        }
        if app.notice != self.notice {
            self.notice.clone_from(&app.notice);
            flows.extend(app.notice.clone().map(|notice| Flow::styled(notice, palette.notable())));
        }
        match std::mem::replace(&mut app.view, View::Exercise) {
            View::Exercise => {}
            View::List(_) => {
                for index in 0..app.exercises.len() {
                    let state: State = app.state(index);
                    let name = &app.exercises[index].1.name;
                    flows.push(Flow::new(format!("{} {name}", state.word())));
                }
                flows.push(Flow::new("Type a name to go there."));
            }
            View::Page(page, _) => flows.extend(page),
            View::Ask(question, deed) => {
                flows.push(Flow::styled(format!("{question} (y/n)"), palette.notable()));
                app.view = View::Ask(question, deed);
            }
        }
        let mut out = io::stdout().lock();
        out.write_all(paper.print(&flows).as_bytes())?;
        out.flush()?;
        Ok(())
    }

    /// Says which lines are understood.
    ///
    /// # Errors
    ///
    /// When standard output cannot be written.
    pub fn begin(paper: Paper) -> Result<()> {
        let keys: Vec<String> = KEYS.iter().map(|(key, does)| format!("{key} {does}")).collect();
        let line = format!("Type a letter and Enter: {}.", keys.join(", "));
        io::stdout().write_all(paper.print(&[Flow::new(line), Flow::empty()]).as_bytes())?;
        Ok(())
    }
}
