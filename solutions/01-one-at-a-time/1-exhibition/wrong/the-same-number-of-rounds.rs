//! Every game lasts as long as the longest.
//!
//! caught by: a_finished_game_is_skipped

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
    games.iter().map(|game| (master + game.reply) * game.turns).sum()
}

/// The time at which the last reply has come, if the master walks from table to table.
///
/// `master` is how long the master takes for each move.
pub fn table_to_table(games: &[Game], master: Duration) -> Duration {
    let mut now = Duration::ZERO;
    let mut tables: Vec<Table> = games
        .iter()
        .map(|&game| Table { game, turns_left: game.turns, replied: Duration::ZERO })
        .collect();
    while tables.iter().any(|table| table.turns_left > 0) {
        for table in &mut tables {
            now = now.max(table.replied) + master;
            table.replied = now + table.game.reply;
            table.turns_left = table.turns_left.saturating_sub(1);
        }
    }
    tables.iter().map(|table| table.replied).max().unwrap_or_default()
}

/// A game as the master finds it on her way round.
struct Table {
    game: Game,
    turns_left: u32,
    /// When the last reply came, or will come.
    replied: Duration,
}
