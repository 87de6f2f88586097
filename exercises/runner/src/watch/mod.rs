//! `cargo learn`: shows the exercise that the learner is at, tries it whenever it is saved, and moves on.
//!
//! [`app`] is what happens when; [`view`] and [`plain`] are how it is shown;
//! [`worker`], [`files`] and [`terminal`] are where it comes from.

pub mod app;
pub mod files;
pub mod plain;
pub mod terminal;
pub mod view;
pub mod worker;

use std::io::{IsTerminal, Write as _};
use std::path::Path;
use std::sync::mpsc::{self, Sender};
use std::sync::{Mutex, PoisonError};

use anyhow::Result;

use crate::cli::Exit;
use crate::commands::editor;
use crate::process;
use crate::session::Session;
use crate::show;
use crate::text::Paper;
use app::{App, Effect, Input};
use plain::Transcript;
use terminal::Screen;
use worker::Worker;

/// How to watch.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The exercise to begin with.
    pub start: Option<String>,
    /// Line after line, though there is a terminal.
    pub plain: bool,
    /// Look at the files now and then, where the operating system does not tell.
    pub poll: bool,
}

/// Who is told when a signal asks us to end.
static STOP: Mutex<Option<Sender<Input>>> = Mutex::new(None);

/// Answers a signal: a watch that runs is told to end; else, and the second time, everything ends at once.
pub fn on_signal() {
    let watch = STOP.lock().unwrap_or_else(PoisonError::into_inner).take();
    if watch.is_none_or(|inputs| inputs.send(Input::Stop).is_err()) {
        terminal::give_back();
        process::stop_everything();
        std::process::exit(Exit::Interrupted as i32);
    }
}

/// Watches until the learner quits.
///
/// # Errors
///
/// When the exercises cannot be watched, or the terminal cannot be used.
pub fn watch(session: Session, options: &Options, paper: Paper) -> Result<Exit> {
    let (send, inputs) = mpsc::channel();
    let folder = session.tree.root.join("exercises");
    let mut worker = Worker::new(session.bench.clone(), send.clone());
    let mut app = App::new(session, options.start.as_deref())?;
    let _files = files::watch(&folder, options.poll, &send)?;
    *STOP.lock().unwrap_or_else(PoisonError::into_inner) = Some(send.clone());

    let on_screen = !options.plain && paper.palette.styled() && std::io::stdin().is_terminal();
    let mut face = if on_screen {
        Face::Screen(Screen::take(send)?)
    } else {
        Transcript::begin(paper)?;
        plain::read_lines(send);
        Face::Plain(Transcript::default(), paper)
    };

    let mut effects = app.begin();
    loop {
        for effect in effects {
            match effect {
                Effect::Try(trial, index) => worker.order(trial, app.exercises[index].1.clone()),
                Effect::Edit(file) => face.edit(&file, &mut app)?,
                Effect::Quit(interrupted) => {
                    worker.cancel();
                    process::stop_everything();
                    drop(face);
                    if on_screen {
                        let [(solved, all), _] = app.counts();
                        let sum = show::sum(solved, all);
                        // The terminal may be gone: that may be why we end.
                        let farewell = "`cargo learn` goes on where you stopped.";
                        let _ = writeln!(std::io::stdout(), "{sum}. {farewell}");
                    }
                    return Ok(if interrupted { Exit::Interrupted } else { Exit::Done });
                }
            }
        }
        face.show(&mut app)?;
        let Ok(input) = inputs.recv() else { return Ok(Exit::Done) };
        effects = app.answer(input);
        // What came meanwhile is answered before anything is drawn. What is written in lines leaves nothing out.
        while on_screen && let Ok(input) = inputs.try_recv() {
            effects.extend(app.answer(input));
        }
    }
}

/// How it is shown.
enum Face {
    Screen(Screen),
    Plain(Transcript, Paper),
}

impl Face {
    fn show(&mut self, app: &mut App) -> Result<()> {
        match self {
            Self::Screen(screen) => {
                screen.terminal.draw(|frame| view::draw(frame, app))?;
            }
            Self::Plain(transcript, paper) => transcript.write(app, *paper)?,
        }
        Ok(())
    }

    /// Opens the learner's editor; says what is missing where there is none.
    fn edit(&mut self, file: &Path, app: &mut App) -> Result<()> {
        let shown = app.session.shown(file);
        let Some(mut editor) = editor(file) else {
            app.notice = Some(format!("Set EDITOR to open it from here: {shown}"));
            return Ok(());
        };
        let status = match self {
            Self::Screen(screen) => screen.lend(|| editor.status())?,
            Self::Plain(..) => {
                app.notice = Some(shown);
                return Ok(());
            }
        };
        if let Err(error) = status {
            let name = editor.get_program().display();
            app.notice = Some(format!("The editor {name} cannot be started: {error}"));
        }
        Ok(())
    }
}
