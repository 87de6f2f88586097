//! The exhibition, played move by move.

use std::time::Duration;

use one_at_a_time::exhibition::{Exhibition, Turn, clock, one_game_at_a_time, table_to_table};

fn turns(
    play: impl Fn(Exhibition, &mut dyn FnMut(Turn)) -> Duration,
    show: Exhibition,
) -> (Vec<Turn>, Duration) {
    let mut turns = Vec::new();
    let end = play(show, &mut |turn| turns.push(turn));
    (turns, end)
}

fn halls() -> impl Iterator<Item = Exhibition> {
    [(1, 1), (3, 4), (12, 2), (13, 5), (25, 30)].into_iter().flat_map(|(tables, turns)| {
        [0, 1, 55, 600].map(|opponent| Exhibition {
            tables,
            turns,
            master: Duration::from_secs(5),
            opponent: Duration::from_secs(opponent),
        })
    })
}

#[test]
fn the_famous_exhibition_takes_twelve_hours_or_one_and_55_seconds() {
    assert_eq!(clock(one_game_at_a_time(Exhibition::FAMOUS, |_| {})), "12:00:00");
    assert_eq!(clock(table_to_table(Exhibition::FAMOUS, |_| {})), "1:00:55");
}

#[test]
fn the_master_is_at_one_table_at_a_time_and_moves_only_after_the_reply() {
    for show in halls() {
        for (turns, end) in [
            turns(|show, note| one_game_at_a_time(show, note), show),
            turns(|show, note| table_to_table(show, note), show),
        ] {
            assert_eq!(
                turns.len(),
                show.tables * show.turns,
                "every turn of every game is played: {show:?}"
            );
            assert_eq!(
                turns.iter().map(|turn| turn.replied).max(),
                Some(end),
                "the last reply ends it: {show:?}"
            );
            let mut free = Duration::ZERO;
            let mut replied = vec![Duration::ZERO; show.tables];
            for turn in turns {
                assert!(
                    turn.begins >= free,
                    "{turn:?} begins while the master is elsewhere, in {show:?}"
                );
                assert!(
                    turn.begins >= replied[turn.table],
                    "{turn:?} begins before the reply, in {show:?}"
                );
                assert_eq!(turn.moved, turn.begins + show.master);
                assert_eq!(turn.replied, turn.moved + show.opponent);
                free = turn.moved;
                replied[turn.table] = turn.replied;
            }
        }
    }
}

#[test]
fn an_empty_hall_takes_no_time() {
    let show = Exhibition { tables: 0, ..Exhibition::FAMOUS };
    assert_eq!(
        (one_game_at_a_time(show, |_| {}), table_to_table(show, |_| {})),
        (Duration::ZERO, Duration::ZERO)
    );
}
