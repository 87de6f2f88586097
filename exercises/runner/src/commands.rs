//! The commands that do one thing and end: for a person at a prompt, and for scripts.

use std::io::{self, BufRead as _, IsTerminal, Write as _};
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};
use catalogue::Exercise;
use ratatui::text::Span;

use crate::cli::Exit;
use crate::discussion;
use crate::process::Cancel;
use crate::progress::{Loaded, Progress, State, fingerprint};
use crate::session::Session;
use crate::show;
use crate::text::{Flow, Paper};
use crate::trial::Verdict;

/// A session, and the paper that its answers are printed on.
#[derive(Debug)]
pub struct Desk {
    /// The session.
    pub session: Session,
    /// Standard output.
    pub paper: Paper,
}

impl Desk {
    fn print(&self, flows: &[Flow]) -> Result<()> {
        io::stdout()
            .write_all(self.paper.print(flows).as_bytes())
            .context("standard output cannot be written")
    }

    fn read_progress(&self) -> Result<Progress> {
        said(self.session.store.read())
    }

    /// The exercise of this name; without a name, the one to go on with.
    fn exercise(&self, name: Option<&str>) -> Result<Option<&Exercise>> {
        match name {
            Some(name) => Ok(Some(self.session.tree.exercise(name)?.1)),
            None => Ok(self.session.current(&self.read_progress()?)),
        }
    }

    fn all_solved(&self) -> Result<Exit> {
        let done = self.session.palette.good();
        self.print(&[Flow::styled("Every exercise is solved.", done)])?;
        Ok(Exit::Done)
    }

    /// Lists the exercises with their states.
    /// An exercise that was solved and has changed since is tried first, so that a broken one shows as broken.
    ///
    /// # Errors
    ///
    /// When the exercises cannot be tried or the list cannot be printed.
    pub fn list(&self, cancel: &Cancel) -> Result<Exit> {
        let mut progress = self.read_progress()?;
        let exercises = self.session.exercises();
        let changed: Vec<&Exercise> = exercises
            .iter()
            .map(|(_, exercise)| *exercise)
            .filter(|exercise| progress.state(exercise) == State::Changed)
            .collect();
        if !changed.is_empty() {
            for (exercise, print, verdict) in self.try_all(&changed, cancel)? {
                progress = said(self.session.note(exercise, &print, &verdict))?;
            }
        }

        let current = self.session.current(&progress).map(|current| &current.name);
        if !self.paper.palette.styled() {
            let mut text = String::new();
            for (chapter, exercise) in &exercises {
                let fields = [
                    progress.state(exercise).word(),
                    &exercise.name,
                    &chapter.slug,
                    &self.session.shown(&exercise.answer()),
                ];
                text.push_str(&fields.join("\t"));
                text.push('\n');
            }
            io::stdout().write_all(text.as_bytes())?;
            return Ok(Exit::Done);
        }

        let palette = self.session.palette;
        let width = exercises.iter().map(|(_, exercise)| exercise.name.len()).max().unwrap_or(0);
        let mut flows = Vec::new();
        let mut part = "";
        let mut last = 0;
        for (chapter, exercise) in &exercises {
            if chapter.part != part {
                part = &chapter.part;
                flows.push(Flow::styled(part, palette.strong()));
            }
            if chapter.number != last {
                last = chapter.number;
                flows.push(
                    Flow::styled(show::chapter_line(chapter), palette.plain()).indented("  "),
                );
            }
            let is_current = current == Some(&exercise.name);
            let line =
                show::list_line(exercise, progress.state(exercise), is_current, width, palette);
            flows.push(Flow::code(line).indented("  "));
        }
        let solved = exercises
            .iter()
            .filter(|(_, exercise)| progress.state(exercise) == State::Solved)
            .count();
        flows.push(Flow::empty());
        flows.push(Flow::new(show::sum(solved, exercises.len())));
        self.print(&flows)?;
        Ok(Exit::Done)
    }

    /// Tries one exercise and prints the verdict.
    ///
    /// # Errors
    ///
    /// When the name is unknown, or the exercise cannot be tried.
    pub fn run(&self, name: Option<&str>, cancel: &Cancel) -> Result<Exit> {
        let Some(exercise) = self.exercise(name)? else {
            return self.all_solved();
        };
        let session = &self.session;
        let print = fingerprint(exercise);
        let verdict = session.bench.try_one(exercise, cancel, &mut |_| {})?;
        said(session.note(exercise, &print, &verdict))?;
        if name.is_none() {
            self.print(&[Flow::styled(exercise.name.clone(), session.palette.strong())])?;
        }
        if let Verdict::Passed { tests } = verdict {
            self.print(&show::solved(&session.tree, exercise, tests, session.palette))?;
        } else {
            self.print(&show::verdict(exercise, &verdict, session.palette))?;
        }
        Ok(exit_for(&verdict))
    }

    /// Tries several exercises, built by one Cargo.
    fn try_all<'a>(
        &self,
        exercises: &[&'a Exercise],
        cancel: &Cancel,
    ) -> Result<Vec<(&'a Exercise, String, Verdict)>> {
        let prints: Vec<String> = exercises.iter().map(|each| fingerprint(each)).collect();
        if io::stderr().is_terminal() {
            eprintln!("trying {} …", show::counted(exercises.len(), "exercise"));
        }
        let bench = &self.session.bench;
        let build = bench.build_all(exercises, cancel)?;
        exercises
            .iter()
            .zip(prints)
            .map(|(exercise, print)| {
                let verdict = bench.judge(exercise, &build, cancel, &mut |_| {})?;
                Ok((*exercise, print, verdict))
            })
            .collect()
    }

    /// Tries every exercise, or every one that was solved, and prints the verdicts in short.
    ///
    /// # Errors
    ///
    /// When the exercises cannot be tried.
    pub fn check(&self, only_solved: bool, cancel: &Cancel) -> Result<Exit> {
        let progress = self.read_progress()?;
        let exercises: Vec<&Exercise> = self
            .session
            .tree
            .exercises()
            .map(|(_, exercise)| exercise)
            .filter(|exercise| !only_solved || progress.state(exercise) != State::Open)
            .collect();
        if exercises.is_empty() {
            self.print(&[Flow::new("There is nothing to check.")])?;
            return Ok(Exit::Done);
        }
        let width = exercises.iter().map(|exercise| exercise.name.len()).max().unwrap_or(0);
        let palette = self.session.palette;
        let mut passed = 0;
        for (exercise, print, verdict) in self.try_all(&exercises, cancel)? {
            said(self.session.note(exercise, &print, &verdict))?;
            let (mark, style) = if verdict.passed() {
                passed += 1;
                ("✓ ", palette.good())
            } else {
                ("✗ ", palette.bad())
            };
            let mut line = Flow::code(Span::raw(format!("{:width$}  ", exercise.name)));
            line.content.insert(0, Span::styled(mark, style));
            line.content.push(Span::raw(show::in_short(&verdict)));
            self.print(&[line])?;
        }
        self.print(&[Flow::empty(), Flow::new(show::sum(passed, exercises.len()))])?;
        Ok(if passed == exercises.len() { Exit::Done } else { Exit::Failed })
    }

    /// Prints the next hint; or the one with this number; or all of them.
    ///
    /// # Errors
    ///
    /// When the name is unknown, or progress cannot be written.
    pub fn hint(&self, name: Option<&str>, number: Option<usize>, all: bool) -> Result<Exit> {
        let Some(exercise) = self.exercise(name)? else {
            return self.all_solved();
        };
        let shown = self.read_progress()?.hints(exercise);
        let there_are = exercise.hints.len();
        if there_are == 0 {
            eprintln!("error: {} has no hints", exercise.name);
            return Ok(Exit::Usage);
        }
        let numbers = match number {
            Some(number) if !(1..=there_are).contains(&number) => {
                eprintln!("error: {} has no hint {number}; there are {there_are}", exercise.name);
                return Ok(Exit::Usage);
            }
            Some(number) => number..=number,
            None if all => 1..=there_are,
            // When all were shown, the last is shown again.
            None => {
                let next = (shown + 1).min(there_are);
                next..=next
            }
        };
        let last = *numbers.end();
        let mut flows = Vec::new();
        for number in numbers {
            if !flows.is_empty() {
                flows.push(Flow::empty());
            }
            flows.extend(show::hint(exercise, number, self.session.palette));
        }
        if last > shown {
            said(self.session.store.update(|progress| progress.set_hints(exercise, last)))?;
        }
        self.print(&flows)?;
        Ok(Exit::Done)
    }

    /// Puts the stub in the answer's place; asks before it throws work away, and keeps it.
    ///
    /// # Errors
    ///
    /// When the name is unknown, or a file cannot be written.
    pub fn reset(&self, name: &str, yes: bool) -> Result<Exit> {
        let exercise = self.session.tree.exercise(name)?.1;
        let file = self.session.shown(&exercise.answer());
        if self.session.untouched(exercise)? {
            self.session.reset(exercise)?;
            self.print(&[Flow::new(format!("{file} is as it was shipped."))])?;
            return Ok(Exit::Done);
        }
        let question = format!("Throw away what is in {file}? A copy is kept in .learn/backups.");
        if !yes && !ask(&question, "--yes")? {
            return Ok(Exit::Declined);
        }
        let kept = self.session.reset(exercise)?;
        let mut said = format!("{file} is as it was shipped.");
        if let Some(kept) = kept {
            said = format!("{said} What was in it is kept as {}.", self.session.shown(&kept));
        }
        self.print(&[Flow::new(said)])?;
        Ok(Exit::Done)
    }

    /// Prints the solution and its discussion; asks first while the exercise is not solved.
    ///
    /// # Errors
    ///
    /// When the name is unknown, or the discussion cannot be read.
    pub fn solution(&self, name: Option<&str>, yes: bool) -> Result<Exit> {
        let Some(exercise) = self.exercise(name)? else {
            return self.all_solved();
        };
        let open = self.read_progress()?.state(exercise) == State::Open;
        let question = format!("{} is not solved yet. See the solution?", exercise.title);
        if open && !yes && !ask(&question, "--yes")? {
            return Ok(Exit::Declined);
        }
        let session = &self.session;
        self.print(&discussion::page(&session.tree, exercise, session.palette)?)?;
        Ok(Exit::Done)
    }

    /// Opens the answer in the learner's editor; where there is none to ask for, prints where it is.
    ///
    /// # Errors
    ///
    /// When the name is unknown, or the editor cannot be started.
    pub fn open(&self, name: Option<&str>, print: bool) -> Result<Exit> {
        let Some(exercise) = self.exercise(name)? else {
            return self.all_solved();
        };
        let file = exercise.answer();
        let editor = editor(&file).filter(|_| !print && io::stdout().is_terminal());
        let Some(mut editor) = editor else {
            writeln!(io::stdout(), "{}", file.display())?;
            return Ok(Exit::Done);
        };
        let status = editor.status().with_context(|| {
            format!("the editor {} cannot be started", editor.get_program().display())
        })?;
        Ok(if status.success() { Exit::Done } else { Exit::Broken })
    }
}

/// The progress; what there is to say about its file goes to standard error.
fn said(loaded: Result<Loaded>) -> Result<Progress> {
    let Loaded { progress, notice } = loaded?;
    if let Some(notice) = notice {
        eprintln!("note: {notice}");
    }
    Ok(progress)
}

/// The exit code for a verdict.
fn exit_for(verdict: &Verdict) -> Exit {
    match verdict {
        Verdict::Passed { .. } => Exit::Done,
        Verdict::Failed(_) | Verdict::Crashed { .. } => Exit::Failed,
        Verdict::NotCompiled { .. } => Exit::NotCompiled,
        Verdict::Hung { .. } => Exit::Hung,
        Verdict::NotBuilt { .. } => Exit::Broken,
        Verdict::Cancelled => Exit::Interrupted,
    }
}

/// The editor that the learner has set (`VISUAL`, `EDITOR`), or the one whose terminal this is.
pub fn editor(file: &Path) -> Option<Command> {
    let set = ["VISUAL", "EDITOR"]
        .into_iter()
        .filter_map(|name| std::env::var(name).ok())
        .find(|value| !value.trim().is_empty());
    let within_code = std::env::var("TERM_PROGRAM").is_ok_and(|name| name == "vscode");
    let line = set.or_else(|| within_code.then(|| String::from("code --reuse-window")))?;
    let mut words = line.split_whitespace();
    let mut command = Command::new(words.next()?);
    command.args(words).arg(file);
    Some(command)
}

/// Asks a yes-or-no question at the terminal. Where nobody can answer, says which option answers it.
fn ask(question: &str, option: &str) -> Result<bool> {
    if !io::stdin().is_terminal() || !io::stderr().is_terminal() {
        eprintln!("{question}\nNobody is there to say yes: give {option} to go on.");
        return Ok(false);
    }
    eprint!("{question} [y/N] ");
    io::stderr().flush()?;
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer)?;
    Ok(matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes"))
}
