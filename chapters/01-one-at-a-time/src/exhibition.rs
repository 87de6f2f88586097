//! A chess exhibition, played move by move on a virtual clock.
//!
//! One master plays many opponents. A turn is the master's move and the opponent's reply.
//! Nobody sleeps: the clock is a [`Duration`] that each move advances, so twelve hours take no time to play.
//!
//! It leaves out chess. Every move takes the same time, and every game has the same number of moves.

use std::time::Duration;

// ANCHOR: exhibition
/// A chess exhibition: one master against many opponents.
#[derive(Debug, Clone, Copy)]
pub struct Exhibition {
    /// How many opponents there are, each at a table.
    pub tables: usize,
    /// How many turns a game has: a move of the master, then a reply.
    pub turns: usize,
    /// How long the master takes for a move.
    pub master: Duration,
    /// How long an opponent takes for a reply.
    pub opponent: Duration,
}
// ANCHOR_END: exhibition

impl Exhibition {
    /// The famous one: 24 opponents, 30 turns, 5 seconds for a move and 55 for a reply.
    pub const FAMOUS: Self = Self {
        tables: 24,
        turns: 30,
        master: Duration::from_secs(5),
        opponent: Duration::from_secs(55),
    };
}

/// One turn as it was played: when the master moved and when the reply came, since the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Turn {
    /// The table, counted from 0.
    pub table: usize,
    /// When the master began to think.
    pub begins: Duration,
    /// When the master had moved.
    pub moved: Duration,
    /// When the opponent had replied.
    pub replied: Duration,
}

// ANCHOR: one-game
/// Plays one game to its end before the next begins. Returns the time at which the last reply has come.
pub fn one_game_at_a_time(hall: Exhibition, mut note: impl FnMut(Turn)) -> Duration {
    let mut now = Duration::ZERO;
    for table in 0..hall.tables {
        for _ in 0..hall.turns {
            let begins = now;
            now += hall.master; // the master moves
            let moved = now;
            now += hall.opponent; // and sits there until the reply comes
            note(Turn { table, begins, moved, replied: now });
        }
    }
    now
}
// ANCHOR_END: one-game

// ANCHOR: table-to-table
/// Moves at one table and walks on to the next. Returns the time at which the last reply has come.
pub fn table_to_table(hall: Exhibition, mut note: impl FnMut(Turn)) -> Duration {
    let mut now = Duration::ZERO;
    let mut replies = vec![Duration::ZERO; hall.tables];
    for _ in 0..hall.turns {
        for (table, reply) in replies.iter_mut().enumerate() {
            now = now.max(*reply); // wait only for an opponent who is still thinking
            let begins = now;
            now += hall.master;
            *reply = now + hall.opponent; // it will be there by then; walk on
            note(Turn { table, begins, moved: now, replied: *reply });
        }
    }
    replies.into_iter().max().unwrap_or(now)
}
// ANCHOR_END: table-to-table

/// Writes a duration as hours, minutes and seconds: `1:00:55`.
pub fn clock(time: Duration) -> String {
    let seconds = time.as_secs();
    format!("{}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}
