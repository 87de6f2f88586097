//! Draws one picture of each sort, to be looked at: `TIMELINE_DIR=pictures cargo run -p timeline --example specimens`.

use std::io;
use std::time::Duration;

use timeline::{Kind, Recorder};

fn main() -> io::Result<()> {
    fetch().finish().save("specimen-fetch")?;
    wakes().finish().save("specimen-wakes")?;
    chess().finish().save("specimen-chess")?;
    long().finish().save("specimen-long")?;
    println!("Drawn, if TIMELINE_DIR says where.");
    Ok(())
}

fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

fn fetch() -> Recorder {
    let mut recorder = Recorder::new("Two fetches, one at a time");
    let main = recorder.lane("main thread");
    recorder.span(main, ms(0), ms(1000), Kind::Waiting, "GET /one");
    recorder.span(main, ms(1000), ms(2000), Kind::Waiting, "GET /two");
    recorder.mark(main, ms(2000), "both are here");
    recorder
}

fn wakes() -> Recorder {
    let mut recorder = Recorder::new("A lock, a wake, and a task with nothing to do");
    let executor = recorder.lane("executor");
    let writer = recorder.lane("writer");
    let reader = recorder.lane("reader");
    recorder.span(executor, ms(0), ms(2), Kind::Working, "poll writer");
    recorder.span(executor, ms(2), ms(3), Kind::Working, "poll reader");
    recorder.span(executor, ms(3), ms(9), Kind::Idle, "");
    recorder.span(executor, ms(9), ms(12), Kind::Working, "poll writer");
    recorder.span(executor, ms(12), ms(15), Kind::Working, "poll reader");
    recorder.span(writer, ms(0), ms(2), Kind::Working, "takes the lock");
    recorder.span(writer, ms(2), ms(9), Kind::Waiting, "for the disk");
    recorder.span(writer, ms(9), ms(12), Kind::Working, "writes");
    recorder.span(reader, ms(3), ms(12), Kind::Blocked, "wants the lock");
    recorder.span(reader, ms(12), ms(15), Kind::Working, "reads");
    recorder.arrow(executor, writer, ms(9), "readiness");
    recorder.arrow(writer, reader, ms(12), "unlock");
    recorder.arrow(reader, executor, ms(15), "done");
    recorder.mark(writer, ms(2), "request sent");
    recorder.mark(writer, ms(3), "request received");
    recorder
}

fn chess() -> Recorder {
    let seconds = Duration::from_secs;
    let mut recorder = Recorder::new("Judit goes from table to table");
    recorder.call(Kind::Working, "making a move");
    recorder.call(Kind::Waiting, "waiting for a move");
    let judit = recorder.lane("Judit");
    let tables: Vec<_> = (1..=24)
        .map(|n| recorder.lane(format!("table {n}")))
        .collect();
    for round in 0..30 {
        for (number, table) in tables.iter().enumerate() {
            let at = seconds(round * 120 + number as u64 * 5);
            recorder.span(judit, at, at + seconds(5), Kind::Working, "");
            recorder.span(*table, at + seconds(5), at + seconds(60), Kind::Working, "");
            recorder.span(
                *table,
                at + seconds(60),
                at + seconds(120),
                Kind::Waiting,
                "",
            );
        }
    }
    recorder.only(&[judit, tables[0], tables[1], tables[23]]);
    recorder.window(seconds(0), seconds(300));
    recorder
}

fn long() -> Recorder {
    let mut recorder = Recorder::new("Ten thousand polls");
    for name in ["worker 1", "worker 2"] {
        let lane = recorder.lane(name);
        let mut at = Duration::ZERO;
        for n in 0..5000_u64 {
            let work = Duration::from_micros(20 + n * 7919 % 150);
            let rest = Duration::from_micros(n * 104_729 % 200);
            recorder.span(lane, at, at + work, Kind::Working, format!("task {n}"));
            recorder.span(lane, at + work, at + work + rest, Kind::Idle, "");
            at += work + rest;
        }
    }
    recorder
}
