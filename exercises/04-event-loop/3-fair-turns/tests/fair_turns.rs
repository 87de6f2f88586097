//! Clients with much to say and clients with little.

use std::io::ErrorKind;

use fair_turns::Turns;
use proctor::script::Script;

const BUDGET: usize = 3;

/// A client who says so many words without a pause, and then has nothing for now.
fn says(words: usize) -> Script {
    Script::new().gives_each((0..words).map(|_| "x")).blocks_read().blocks_read()
}

struct Room {
    scripts: Vec<Script>,
    turns: Turns<Script>,
    heard: Vec<usize>,
}

impl Room {
    fn with(scripts: Vec<Script>) -> Self {
        Self::with_budget(scripts, BUDGET)
    }

    fn with_budget(scripts: Vec<Script>, budget: usize) -> Self {
        let heard = vec![0; scripts.len()];
        Self { turns: Turns::new(scripts.clone(), budget), scripts, heard }
    }

    fn ready(&mut self, clients: &[usize]) {
        for &client in clients {
            self.turns.ready(client);
        }
    }

    /// A turn: whether somebody is left, and how often each client was read.
    fn turn(&mut self) -> (bool, Vec<usize>) {
        let before: Vec<usize> = self.scripts.iter().map(Script::reads).collect();
        let left = self.turns.turn(|client, bytes| self.heard[client] += bytes.len());
        let reads = self.scripts.iter().zip(before).map(|(script, before)| script.reads() - before);
        (left, reads.collect())
    }
}

#[test]
fn what_was_sent_arrives() {
    proctor::watch(|| {
        let mut room = Room::with(vec![says(1), says(2)]);
        room.ready(&[1, 0]);
        let (left, _) = room.turn();
        proctor::expect_eq!(room.heard, [1, 2], "bytes heard of each client");
        assert!(
            !left,
            "both clients said WouldBlock; expected `turn` to return false, so that the loop may wait"
        );
    });
}

#[test]
fn nobody_reads_more_than_the_budget_in_a_turn() {
    proctor::watch(|| {
        for budget in [BUDGET, 1, 8] {
            let mut room = Room::with_budget(vec![says(1_000), says(1_000)], budget);
            room.ready(&[0, 1]);
            for turn in 1..=5 {
                let (left, reads) = room.turn();
                proctor::expect_eq!(
                    reads,
                    [budget, budget],
                    "reads of each of two busy clients in turn {turn}, with a budget of {budget}"
                );
                assert!(left, "two clients have more to say; expected `turn` to return true");
            }
        }
    });
}

#[test]
fn everybody_who_is_ready_gets_a_turn() {
    proctor::watch(|| {
        for hog in 0..4 {
            let scripts =
                (0..4).map(|client| says(if client == hog { 1_000 } else { 1 })).collect();
            let mut room = Room::with(scripts);
            room.ready(&[0, 1, 2, 3]);
            let (left, _) = room.turn();
            for client in (0..4).filter(|&client| client != hog) {
                proctor::expect_eq!(
                    room.heard[client],
                    1,
                    "bytes heard of client {client} in the first turn, while client {hog} talks without a pause"
                );
            }
            assert!(left, "client {hog} has more to say; expected `turn` to return true");
        }
    });
}

#[test]
fn what_the_budget_left_is_not_forgotten() {
    proctor::watch(|| {
        let mut room = Room::with(vec![says(10)]);
        room.ready(&[0]);
        let mut turns = 1;
        while room.turn().0 {
            turns += 1;
            assert!(
                turns < 100,
                "after 100 turns `turn` still says that somebody may have something"
            );
        }
        proctor::expect_eq!(
            room.heard,
            [10],
            "bytes heard of a client that the poller told of once"
        );
        proctor::expect_eq!(
            turns,
            4,
            "turns for 10 words and the WouldBlock after them, 3 reads a turn"
        );
    });
}

#[test]
fn a_budget_used_up_by_the_last_word_is_no_would_block() {
    proctor::watch(|| {
        let mut room = Room::with(vec![says(BUDGET)]);
        room.ready(&[0]);
        let (left, _) = room.turn();
        assert!(
            left,
            "three reads brought three words, and nobody knows whether there is a fourth; expected `turn` to return true"
        );
        let (left, reads) = room.turn();
        proctor::expect_eq!((left, reads), (false, vec![1]), "the turn after it");
    });
}

#[test]
fn told_twice_is_one_turn() {
    proctor::watch(|| {
        let mut room = Room::with(vec![says(1_000), says(1)]);
        room.ready(&[0, 1, 0, 0]);
        let (_, reads) = room.turn();
        proctor::expect_eq!(
            reads[0],
            BUDGET,
            "reads of a client that the poller told of three times"
        );
        room.ready(&[0]);
        let (_, reads) = room.turn();
        proctor::expect_eq!(
            reads[0],
            BUDGET,
            "reads of a client that has a rest and is told of again"
        );
    });
}

#[test]
fn who_has_nothing_is_not_asked() {
    proctor::watch(|| {
        let mut room = Room::with(vec![says(1), says(1), says(1)]);
        proctor::expect_eq!(room.turn(), (false, vec![0, 0, 0]), "a turn in which nobody is ready");
        room.ready(&[1]);
        proctor::expect_eq!(
            room.turn(),
            (false, vec![0, 2, 0]),
            "a turn in which client 1 is ready"
        );
        proctor::expect_eq!(
            room.turn(),
            (false, vec![0, 0, 0]),
            "a turn after everybody said WouldBlock"
        );
    });
}

#[test]
fn who_was_silent_can_be_ready_again() {
    proctor::watch(|| {
        let mut room =
            Room::with(vec![Script::new().gives("x").blocks_read().gives("y").blocks_read()]);
        room.ready(&[0]);
        room.turn();
        room.ready(&[0]);
        room.turn();
        proctor::expect_eq!(room.heard, [2], "bytes heard of a client that was ready twice");
    });
}

#[test]
fn the_end_of_one_client_is_its_own() {
    proctor::watch(|| {
        let mut room = Room::with(vec![
            Script::new().gives("bye"),
            Script::new().gives("oh").fails_read(ErrorKind::ConnectionReset),
            says(4),
        ]);
        room.ready(&[0, 1, 2]);
        room.turn();
        proctor::expect_eq!(
            room.heard,
            [3, 2, 3],
            "bytes heard in the first turn of a client that ends, one that fails, and one that stays"
        );
        while room.turn().0 {}
        proctor::expect_eq!(
            room.heard,
            [3, 2, 4],
            "bytes heard of a client that ends, one that fails, and one that stays"
        );
        room.ready(&[0, 1]);
        proctor::expect_eq!(
            room.turn(),
            (false, vec![0, 0, 0]),
            "a turn for clients that have ended"
        );
    });
}

#[test]
fn an_end_at_the_last_read_of_a_turn_is_an_end() {
    proctor::watch(|| {
        let mut room = Room::with(vec![
            Script::new().gives("x").gives("x"),
            Script::new().gives("x").gives("x").fails_read(ErrorKind::TimedOut),
        ]);
        room.ready(&[0, 1]);
        proctor::expect_eq!(
            room.turn(),
            (false, vec![BUDGET, BUDGET]),
            "a turn in which one client ends and one fails, at the third read"
        );
        room.ready(&[0, 1]);
        proctor::expect_eq!(room.turn(), (false, vec![0, 0]), "a turn after their end");
    });
}

#[test]
fn an_interruption_counts_as_a_read() {
    proctor::watch(|| {
        let script = (0..7).fold(Script::new(), |script, _| script.interrupts_read());
        let mut room = Room::with(vec![script.gives("x").blocks_read()]);
        room.ready(&[0]);
        for turn in 1..=9 {
            let (left, reads) = room.turn();
            assert!(
                reads[0] <= BUDGET,
                "expected at most {BUDGET} reads in turn {turn} of a client whose reads are interrupted, got {}",
                reads[0]
            );
            if !left {
                break;
            }
        }
        proctor::expect_eq!(room.heard, [1], "bytes heard after seven interruptions");
    });
}

#[test]
fn an_interruption_is_tried_again() {
    proctor::watch(|| {
        let mut room = Room::with(vec![Script::new().interrupts_read().gives("x").blocks_read()]);
        room.ready(&[0]);
        while room.turn().0 {}
        proctor::expect_eq!(
            room.heard,
            [1],
            "bytes heard of a client whose first read was interrupted"
        );
    });
}
