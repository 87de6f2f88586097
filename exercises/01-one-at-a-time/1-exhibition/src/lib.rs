#![doc = include_str!("../README.md")]

use std::time::Duration;

/// One opponent's game.
#[derive(Debug, Clone, Copy)]
pub struct Game {
    /// How many turns it lasts: a move of the master, then a reply.
    pub turns: u32,
    /// How long this opponent takes for each reply.
    pub reply: Duration,
}

/// The time at which the last reply has come, if each game is played to its end before the next.
///
/// `master` is how long the master takes for each move.
pub fn one_game_at_a_time(games: &[Game], master: Duration) -> Duration {
    todo!("play every game to its end, one after the other")
}

/// The time at which the last reply has come, if the master walks from table to table.
///
/// `master` is how long the master takes for each move.
pub fn table_to_table(games: &[Game], master: Duration) -> Duration {
    todo!("move at one table and walk on to the next")
}
