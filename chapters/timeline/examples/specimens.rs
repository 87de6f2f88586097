//! Draws one picture of each sort, to be looked at: `TIMELINE_DIR=pictures cargo run -p timeline --example specimens`.

use std::io;
use std::time::Duration;

use timeline::{Kind, Plot, Recorder, Row, Strips};

fn main() -> io::Result<()> {
    fetch().finish().save("specimen-fetch")?;
    wakes().finish().save("specimen-wakes")?;
    chess().finish().save("specimen-chess")?;
    long().finish().save("specimen-long")?;
    all_tables().finish().save("specimen-tables")?;
    memory().save("specimen-memory")?;
    times().save("specimen-times")?;
    visitors().save("specimen-visitors")?;
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
    let tables: Vec<_> = (1..=24).map(|n| recorder.lane(format!("table {n}"))).collect();
    for round in 0..30 {
        for (number, table) in tables.iter().enumerate() {
            let at = seconds(round * 120 + number as u64 * 5);
            recorder.span(judit, at, at + seconds(5), Kind::Working, "");
            recorder.span(*table, at + seconds(5), at + seconds(60), Kind::Working, "");
            recorder.span(*table, at + seconds(60), at + seconds(120), Kind::Waiting, "");
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

fn all_tables() -> Recorder {
    let mut recorder = chess();
    let lanes: Vec<_> = (0..10).map(|n| recorder.lane(format!("guest {n}"))).collect();
    for (n, lane) in (0..).zip(&lanes) {
        recorder.span(*lane, ms(n * 10_000), ms(n * 10_000 + 55_000), Kind::Blocked, "queue");
        recorder.span(*lane, ms(n * 10_000 + 55_000), ms(200_000), Kind::Idle, "");
    }
    recorder.only(&lanes);
    recorder
}

fn memory() -> Plot {
    Plot::new("What a waiting thread costs", "threads waiting", "memory in MiB")
        .series("reserved", &[(10.0, 85.0), (100.0, 806.0), (1e3, 8010.0), (1e4, 80_050.0)])
        .series("resident", &[(10.0, 2.3), (100.0, 3.1), (1e3, 11.5), (1e4, 96.0)])
        .series("one thread, epoll", &[(10.0, 2.1), (100.0, 2.1), (1e3, 2.6), (1e4, 7.1)])
        .log_x()
        .log_y()
}

fn times() -> Plot {
    let cost = |n: u32| (f64::from(n), 0.05 * f64::from(n) + f64::from(n * 7919 % 13) / 40.0);
    let points: Vec<_> = (1..60).map(cost).collect();
    Plot::new("Time to serve a queue", "visitors in the queue", "seconds")
        .scatter("measured", &points)
        .series("falling", &[(1.0, 3.0), (30.0, 1.0), (59.0, 0.4)])
}

fn visitors() -> Strips {
    let ordinary = (0..75).map(|n| {
        let at = ms(n * 70);
        match n {
            0..=20 => Row::new().waits(at, at + ms(15)).works(at + ms(15), at + ms(40)),
            21..=50 => {
                Row::new().waits(at, ms(6000 + n * 30)).works(ms(6000 + n * 30), ms(6030 + n * 30))
            }
            _ => Row::new().open(at),
        }
    });
    let watchers = (0..20).map(|n| {
        let row = Row::new()
            .waits(ms(500 + n * 90), ms(520 + n * 90))
            .works(ms(520 + n * 90), ms(10_000));
        (1..10).fold(row, |row, part| row.dot(ms(520 + n * 90 + part * 1000)))
    });
    let slow = (0..5).map(|n| {
        Row::new()
            .waits(ms(n * 900), ms(n * 900 + 1200))
            .works(ms(n * 900 + 1200), ms(n * 900 + 5000))
    });
    Strips::new("One thread, one visitor at a time", ms(10_000))
        .call("waiting", "being served", "a part of the feed", "never served")
        .group("75 visitors", "51 served, the slowest after 5.9 s; 24 never.", ordinary.collect())
        .group("20 watchers of the feed", "All see it move.", watchers.collect())
        .group("5 slow phones", "All served.", slow.collect())
}
