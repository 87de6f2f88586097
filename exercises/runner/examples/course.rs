//! Takes the whole course at a pseudo-terminal, from the first stub to the last exercise:
//! waits until `cargo learn` shows an exercise and how its stub fails, pastes the solution, and waits until it moves on.
//!
//! It works in a copy of the checkout, so that nobody's answers are touched.

#[path = "../tests/learn/pseudo.rs"]
#[expect(dead_code, reason = "the tests use all of it")]
mod pseudo;
mod support;

use std::fs;
use std::time::Instant;

use anyhow::Result;
use pseudo::Terminal;

fn main() -> Result<()> {
    let copy = support::Copy::new()?;
    let began = Instant::now();
    let program = copy.learn.to_string_lossy();
    let mut terminal = Terminal::run(&program, &[], &copy.tree.root, &[]);
    let count = copy.tree.exercises().count();
    for (number, (chapter, exercise)) in copy.tree.exercises().enumerate() {
        let place = format!("{:02} {}", chapter.number, chapter.title);
        let stars = exercise_runner::show::stars(exercise.difficulty);
        terminal.shows_all(&[
            &place,
            &format!("{}  {stars}", exercise.title),
            &format!(" {number}/{count}"),
            "✗",
        ]);
        let solution = fs::read(exercise.solution_dir.join("src/lib.rs"))?;
        fs::write(exercise.answer(), solution)?;
        terminal.shows(&format!("{} is solved", exercise.title));
        println!("{:>6.1} s  {place}: {}", began.elapsed().as_secs_f64(), exercise.name);
    }
    terminal.shows("Every exercise of the book is solved.");
    terminal.types("q");
    let end = terminal.end();
    anyhow::ensure!(end.success(), "cargo learn ended with {}", end.exit_code());
    terminal.is_given_back();
    println!("{count} exercises, from the first stub to the last.");
    Ok(())
}
