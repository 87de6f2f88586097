//! Measures the learner's loop: the time from saving a change to the verdict, ten times for each exercise, warm.
//!
//! `cargo run -p exercise-runner --example pace [NAME…]`, on a machine that has nothing else to do.

mod support;

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use catalogue::Exercise;

/// How often each exercise is saved; the first saves warm up.
const SAVES: usize = 10;
const WARM: usize = 2;

fn main() -> Result<()> {
    let names: Vec<String> = std::env::args().skip(1).collect();
    let copy = support::Copy::new()?;
    for (_, exercise) in copy.tree.exercises() {
        if names.is_empty() || names.contains(&exercise.name) {
            let mut times = measure(&copy, exercise)?;
            times.sort();
            println!(
                "{:14} median {:.2} s, from {:.2} s to {:.2} s",
                exercise.name,
                times[times.len() / 2].as_secs_f64(),
                times[0].as_secs_f64(),
                times[times.len() - 1].as_secs_f64()
            );
        }
    }
    Ok(())
}

/// Saves the solution again and again, each time with another function in it.
fn measure(copy: &support::Copy, exercise: &Exercise) -> Result<Vec<Duration>> {
    let solution = fs::read_to_string(exercise.solution_dir.join("src/lib.rs"))?;
    fs::write(exercise.answer(), &solution)?;
    // Solved before it is watched, so that it stays where it is.
    let solved = Command::new(&copy.learn)
        .args(["run", &exercise.name])
        .current_dir(&copy.tree.root)
        .output()?;
    anyhow::ensure!(solved.status.success(), "{} is not solved", exercise.name);

    let mut learn = Command::new(&copy.learn)
        .args(["--plain", "watch", &exercise.name])
        .current_dir(&copy.tree.root)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let out = learn.stdout.take().context("standard output is a pipe")?;
    let (send, verdicts) = mpsc::channel();
    thread::spawn(move || {
        for line in BufReader::new(out).lines().map_while(Result::ok) {
            if line.starts_with('✓') && send.send(Instant::now()).is_err() {
                return;
            }
        }
    });
    let bound = Duration::from_mins(2);
    verdicts.recv_timeout(bound).context("no verdict on the solution")?;
    let mut times = Vec::new();
    for save in 0..WARM + SAVES {
        // The watch is at rest.
        thread::sleep(Duration::from_millis(300));
        let changed =
            format!("{solution}\n/// Changed.\npub fn changed() -> usize {{\n    {save}\n}}\n");
        let saved = Instant::now();
        fs::write(exercise.answer(), changed)?;
        let verdict = verdicts.recv_timeout(bound).context("no verdict on a save")?;
        if save >= WARM {
            times.push(verdict - saved);
        }
    }
    learn.kill()?;
    learn.wait()?;
    Ok(times)
}
