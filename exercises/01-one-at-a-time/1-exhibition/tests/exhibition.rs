//! What the exhibition must take, table by table.

use std::time::Duration;

use exhibition::{Game, one_game_at_a_time, table_to_table};

const MASTER: Duration = Duration::from_secs(5);

fn game(turns: u32, reply: u64) -> Game {
    Game { turns, reply: Duration::from_secs(reply) }
}

/// Both ways of playing, in seconds.
fn both(games: Vec<Game>) -> (u64, u64) {
    proctor::watch(move || {
        let one = one_game_at_a_time(&games, MASTER);
        let all = table_to_table(&games, MASTER);
        (one.as_secs(), all.as_secs())
    })
}

#[test]
fn the_famous_exhibition() {
    let (one, all) = both(vec![game(30, 55); 24]);
    proctor::expect_eq!(one, 12 * 3600, "one game at a time, 24 games take 12 hours");
    proctor::expect_eq!(
        all,
        3600 + 55,
        "table to table they take 1:00:55: an hour of moves, then the last reply"
    );
}

#[test]
fn nothing_takes_no_time() {
    proctor::expect_eq!(both(vec![]), (0, 0), "an exhibition without games");
    proctor::expect_eq!(both(vec![game(0, 55); 3]), (0, 0), "games without turns");
}

#[test]
fn a_single_table_is_the_same_both_ways() {
    proctor::expect_eq!(both(vec![game(30, 55)]), (1800, 1800), "30 turns of 5 s and 55 s");
}

#[test]
fn the_master_waits_when_tables_are_few() {
    // Three tables keep her busy for 15 s; the first reply comes after 60.
    let (_, all) = both(vec![game(2, 55); 3]);
    proctor::expect_eq!(
        all,
        60 + 15 + 55,
        "in the second round she waits at table 1 until its reply comes at 60 s"
    );
}

#[test]
fn the_master_does_not_wait_for_the_whole_round() {
    // At 10 s table 1 has long replied; only table 2 is slow.
    let (_, all) = both(vec![game(2, 1), game(2, 100)]);
    proctor::expect_eq!(
        all,
        110 + 5 + 100,
        "she moves at table 1 at 10 s, and only then waits at table 2 until its reply comes at 110 s"
    );
    let (_, all) = both(vec![game(2, 100), game(2, 1), game(2, 97)]);
    // Table 1 moved by 5, replies at 105; table 2 by 10; table 3 by 15, replies at 112.
    // Round two: table 1 at 105–110, table 2 until 115, table 3 until 120; replies at 210, 116, 217.
    proctor::expect_eq!(
        all,
        217,
        "she goes on from table 1 when its reply comes at 105 s, though table 3 replies only at 112 s"
    );
}

#[test]
fn the_master_does_not_skip_a_table_that_is_thinking() {
    let (_, all) = both(vec![game(2, 50), game(3, 1)]);
    // 0–5 table 1 (reply at 55), 5–10 table 2 (11); she stands at table 1 until 55;
    // 55–60 table 1 (110), 60–65 table 2 (66), 66–71 table 2 again (72).
    proctor::expect_eq!(
        all,
        110,
        "she stands at table 1 from 10 s to 55 s, though table 2 has replied"
    );
    let (_, all) = both(vec![game(2, 50), game(12, 1)]);
    proctor::expect_eq!(
        all,
        60 + 11 * 6,
        "11 turns of table 2 remain when table 1's last move is made at 60 s, each of 6 s"
    );
}

#[test]
fn a_slow_opponent_may_finish_last() {
    let (_, all) = both(vec![game(1, 500), game(1, 1)]);
    proctor::expect_eq!(
        all,
        505,
        "table 1 replies at 505 s, table 2 at 11 s: the last reply ends the exhibition"
    );
}

#[test]
fn a_finished_game_is_skipped() {
    let (one, all) = both(vec![game(1, 0), game(3, 0)]);
    proctor::expect_eq!(one, 20, "four moves of 5 s");
    proctor::expect_eq!(
        all,
        20,
        "four moves of 5 s: no time is spent at table 1 once its game is over"
    );
}

#[test]
fn more_turns_than_anybody_would_play() {
    let (one, all) = both(vec![game(100_000, 10), game(100_000, 10)]);
    proctor::expect_eq!((one, all), (3_000_000, 1_500_005), "two tables of 100,000 turns each");
}
