//! What the exhibition must take, table by table.

use std::time::Duration;

use exhibition::{Game, one_game_at_a_time, table_to_table};

fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// A game of so many turns, with a reply of so many seconds.
fn game(turns: u32, reply: u64) -> Game {
    Game { turns, reply: secs(reply) }
}

/// One game at a time, with 5 seconds for each of the master's moves.
fn one(games: Vec<Game>) -> Duration {
    proctor::watch(move || one_game_at_a_time(&games, secs(5)))
}

/// Table to table, with 5 seconds for each of the master's moves.
fn walking(games: Vec<Game>) -> Duration {
    proctor::watch(move || table_to_table(&games, secs(5)))
}

#[test]
fn the_famous_exhibition_one_game_at_a_time() {
    let took = one(vec![game(30, 55); 24]);
    proctor::expect_eq!(
        took,
        secs(12 * 3600),
        "24 games of 30 turns of 60 s, one at a time: 12 hours"
    );
}

#[test]
fn the_famous_exhibition_table_to_table() {
    let took = walking(vec![game(30, 55); 24]);
    proctor::expect_eq!(
        took,
        secs(3655),
        "24 games, table to table: an hour of moves, then the last reply, 1:00:55"
    );
}

#[test]
fn nothing_takes_no_time() {
    proctor::expect_eq!(one(vec![]), secs(0), "no games, one at a time");
    proctor::expect_eq!(
        one(vec![game(0, 55); 3]),
        secs(0),
        "three games without turns, one at a time"
    );
    proctor::expect_eq!(walking(vec![]), secs(0), "no games, table to table");
    proctor::expect_eq!(
        walking(vec![game(0, 55); 3]),
        secs(0),
        "three games without turns, table to table"
    );
}

#[test]
fn a_single_table_is_the_same_both_ways() {
    proctor::expect_eq!(
        one(vec![game(30, 55)]),
        secs(1800),
        "one game of 30 turns of 60 s, one at a time"
    );
    proctor::expect_eq!(
        walking(vec![game(30, 55)]),
        secs(1800),
        "one game of 30 turns of 60 s, table to table"
    );
}

#[test]
fn every_opponent_has_a_time_of_their_own() {
    let took = one(vec![game(1, 10), game(2, 20), game(3, 0)]);
    proctor::expect_eq!(
        took,
        secs(15 + 2 * 25 + 3 * 5),
        "turns of 15 s, 25 s and 5 s: one, two and three of them"
    );
}

#[test]
fn times_need_not_be_whole_seconds() {
    let games = [Game { turns: 2, reply: ms(750) }, Game { turns: 2, reply: ms(10) }];
    let (took, walked) = proctor::watch(move || {
        (one_game_at_a_time(&games, ms(200)), table_to_table(&games, ms(200)))
    });
    proctor::expect_eq!(
        took,
        ms(2 * 950 + 2 * 210),
        "a master who takes 200 ms, one game at a time"
    );
    // Moves at 0 and 200 ms; she waits for table 1 until 950; moves at 950 and 1150; replies at 1900 and 1360.
    proctor::expect_eq!(walked, ms(1900), "a master who takes 200 ms, table to table");
}

#[test]
fn the_master_waits_when_tables_are_few() {
    // Three tables keep her busy for 15 s; the first reply comes after 60.
    let took = walking(vec![game(2, 55); 3]);
    proctor::expect_eq!(
        took,
        secs(60 + 15 + 55),
        "in the second round she waits at table 1 until its reply comes at 60 s"
    );
}

#[test]
fn the_master_does_not_wait_for_the_whole_round() {
    // At 10 s table 1 has long replied; only table 2 is slow.
    let took = walking(vec![game(2, 1), game(2, 100)]);
    proctor::expect_eq!(
        took,
        secs(110 + 5 + 100),
        "she moves at table 1 at 10 s, and only then waits at table 2 until its reply comes at 110 s"
    );
    // Table 1 moved by 5, replies at 105; table 2 by 10; table 3 by 15, replies at 112.
    // Round two: table 1 at 105 to 110, table 2 until 115, table 3 until 120; replies at 210, 116, 217.
    let took = walking(vec![game(2, 100), game(2, 1), game(2, 97)]);
    proctor::expect_eq!(
        took,
        secs(217),
        "she goes on from table 1 when its reply comes at 105 s, though table 3 replies only at 112 s"
    );
}

#[test]
fn the_master_does_not_skip_a_table_that_is_thinking() {
    // 0 to 5 table 1 (reply at 55), 5 to 10 table 2 (reply at 11); she stands at table 1 until 55;
    // 55 to 60 table 1 (reply at 110), 60 to 65 table 2 (reply at 66); then table 2 alone, 6 s a turn.
    let took = walking(vec![game(2, 50), game(12, 1)]);
    proctor::expect_eq!(
        took,
        secs(60 + 11 * 6),
        "she stands at table 1 from 10 s to 55 s, though table 2 has replied; at 60 s, 11 turns of table 2 are left, each of 6 s"
    );
}

#[test]
fn a_slow_opponent_may_finish_last() {
    let took = walking(vec![game(1, 500), game(1, 1)]);
    proctor::expect_eq!(
        took,
        secs(505),
        "table 1 replies at 505 s, table 2 at 11 s: the last reply ends the exhibition"
    );
}

#[test]
fn a_finished_game_is_skipped() {
    let took = walking(vec![game(1, 0), game(3, 0)]);
    proctor::expect_eq!(
        took,
        secs(20),
        "four moves of 5 s: no time is spent at table 1 once its game is over"
    );
}

#[test]
fn more_turns_than_anybody_would_play() {
    let games = vec![game(100_000, 10), game(100_000, 10)];
    proctor::expect_eq!(
        one(games.clone()),
        secs(3_000_000),
        "two games of 100,000 turns of 15 s, one at a time"
    );
    proctor::expect_eq!(
        walking(games),
        secs(1_500_005),
        "two games of 100,000 turns of 15 s, table to table"
    );
}
