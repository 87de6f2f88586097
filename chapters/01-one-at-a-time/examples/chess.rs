//! Judit's exhibition, both ways, played on a virtual clock.
//!
//! ```text
//! cargo run -p one-at-a-time --example chess
//! cargo run -p one-at-a-time --example chess -- --reply 0
//! ```

use std::time::Duration;

use one_at_a_time::exhibition::Turn;
use timeline::{Kind, Recorder};

use one_at_a_time::exhibition::{Exhibition, clock, one_game_at_a_time, table_to_table};

fn main() -> Result<(), String> {
    let show = Exhibition { opponent: reply_from_arguments()?, ..Exhibition::FAMOUS };
    println!(
        "{} turns, {} s for a move, {} s for a reply",
        show.turns,
        show.master.as_secs(),
        show.opponent.as_secs()
    );
    println!("tables  one game at a time  table to table");
    for tables in [1, 11, 12, 13, 24, 25] {
        let show = Exhibition { tables, ..show };
        let one = clock(one_game_at_a_time(show, |_| {}));
        let all = clock(table_to_table(show, |_| {}));
        println!("{tables:>6}  {one:>18}  {all:>14}");
    }
    draw(show).map_err(|error| format!("cannot write the figure: {error}"))
}

/// The time for a reply: 55 seconds, or what follows `--reply`.
fn reply_from_arguments() -> Result<Duration, String> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.as_slice() {
        [] => Ok(Exhibition::FAMOUS.opponent),
        [flag, seconds] if flag == "--reply" => seconds
            .parse()
            .map(Duration::from_secs)
            .map_err(|_| format!("--reply takes a whole number of seconds, found `{seconds}`")),
        other => Err(format!("expected nothing or `--reply SECONDS`, found `{}`", other.join(" "))),
    }
}

/// Draws the first minutes of both ways: the master's lane and a few of the tables'.
fn draw(show: Exhibition) -> std::io::Result<()> {
    let mut turns = Vec::new();
    one_game_at_a_time(show, |turn| turns.push(turn));
    picture("One game at a time: five minutes", &turns).save("chess-one-game")?;
    turns.clear();
    table_to_table(show, |turn| turns.push(turn));
    picture("Table to table: five minutes", &turns).save("chess-table-to-table")
}

fn picture(title: &str, turns: &[Turn]) -> timeline::Picture {
    const TABLES: [usize; 4] = [0, 1, 2, 23];
    let end = Duration::from_mins(5);

    let mut recorder = Recorder::new(title);
    recorder.call(Kind::Waiting, "waiting for a reply").call(Kind::Idle, "waiting for Judit");
    let judit = recorder.lane("Judit");
    let mut judit_free = Duration::ZERO;
    for turn in turns {
        if turn.begins > judit_free && judit_free < end {
            recorder.span(judit, judit_free, turn.begins.min(end), Kind::Waiting, "waits");
        }
        if turn.begins < end {
            let label = format!("moves at table {}", turn.table + 1);
            recorder.span(judit, turn.begins, turn.moved, Kind::Working, label);
        }
        judit_free = turn.moved;
    }
    for table in TABLES {
        let lane = recorder.lane(format!("table {}", table + 1));
        let mut free = Duration::ZERO;
        for turn in turns.iter().filter(|turn| turn.table == table) {
            if turn.begins > free && free < end {
                recorder.span(lane, free, turn.begins.min(end), Kind::Idle, "waits for Judit");
            }
            if turn.moved < end {
                recorder.span(lane, turn.moved, turn.replied.min(end), Kind::Working, "thinks");
            }
            free = turn.replied;
        }
    }
    recorder.finish()
}
