//! Judit's exhibition, both ways, played on a virtual clock.
//!
//! ```text
//! cargo run -p one-at-a-time --example chess
//! cargo run -p one-at-a-time --example chess -- --reply 0
//! ```

// ANCHOR: main
use one_at_a_time::exhibition::{Exhibition, clock, one_game_at_a_time, table_to_table};

fn main() -> Result<(), String> {
    let show = Exhibition {
        opponent: reply_from_arguments()?,
        ..Exhibition::FAMOUS
    };
    println!(
        "{} turns, {} s for a move, {} s for a reply",
        show.turns,
        show.master.as_secs(),
        show.opponent.as_secs()
    );
    println!("tables  one game at a time  table to table");
    for tables in [1, 12, 13, 24, 25] {
        let show = Exhibition { tables, ..show };
        let one = clock(one_game_at_a_time(show, |_| {}));
        let all = clock(table_to_table(show, |_| {}));
        println!("{tables:>6}  {one:>18}  {all:>14}");
    }
    // ANCHOR_END: main
    draw(show).map_err(|error| format!("cannot write the figure: {error}"))
    // ANCHOR: main
}
// ANCHOR_END: main

/// The time for a reply: 55 seconds, or what follows `--reply`.
fn reply_from_arguments() -> Result<std::time::Duration, String> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.as_slice() {
        [] => Ok(Exhibition::FAMOUS.opponent),
        [flag, seconds] if flag == "--reply" => seconds
            .parse()
            .map(std::time::Duration::from_secs)
            .map_err(|_| format!("--reply takes a whole number of seconds, found `{seconds}`")),
        other => Err(format!(
            "expected nothing or `--reply SECONDS`, found `{}`",
            other.join(" ")
        )),
    }
}

/// Draws the first minutes of both ways: the master's lane and a few of the tables'.
fn draw(show: Exhibition) -> std::io::Result<()> {
    use one_at_a_time::exhibition::Turn;
    use timeline::{Kind, Recorder};

    /// Long enough to see the master come back to the first table twice.
    const SHOWN: std::time::Duration = std::time::Duration::from_mins(5);
    const TABLES: [usize; 4] = [0, 1, 2, 23];

    let picture = |title: &str, turns: &[Turn]| {
        let mut recorder = Recorder::new(title);
        let judit = recorder.lane("Judit");
        let lanes = TABLES.map(|table| (table, recorder.lane(format!("table {}", table + 1))));
        let mut free_at = std::time::Duration::ZERO;
        for turn in turns.iter().filter(|turn| turn.begins < SHOWN) {
            let table = turn.table + 1;
            if turn.begins > free_at {
                recorder.span(
                    judit,
                    free_at,
                    turn.begins,
                    Kind::Waiting,
                    "waits for the reply",
                );
            }
            recorder.span(
                judit,
                turn.begins,
                turn.moved,
                Kind::Working,
                format!("moves at table {table}"),
            );
            free_at = turn.moved;
            if let Some((_, lane)) = lanes.iter().find(|(shown, _)| *shown == turn.table) {
                recorder.span(*lane, turn.moved, turn.replied, Kind::Working, "thinks");
            }
        }
        recorder.finish()
    };

    let mut turns = Vec::new();
    one_game_at_a_time(show, |turn| turns.push(turn));
    picture("One game at a time: the first five minutes", &turns).save("chess-one-game")?;
    turns.clear();
    table_to_table(show, |turn| turns.push(turn));
    picture("Table to table: the first five minutes", &turns).save("chess-table-to-table")
}
