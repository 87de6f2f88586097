//! Caves, asked one after the other.

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::task::Poll;

use depth_first::{Cave, count_crabs};
use proctor::count::{Drops, Peak, Task};

fn cave(name: &str, behind: Vec<Cave>) -> Cave {
    Cave { name: name.to_owned(), behind }
}

/// A, behind it B (with C and D behind it) and E (with F behind it).
fn caves() -> Cave {
    cave(
        "A",
        vec![
            cave("B", vec![cave("C", Vec::new()), cave("D", Vec::new())]),
            cave("E", vec![cave("F", Vec::new())]),
        ],
    )
}

/// So many caves, one behind the other.
fn passage(length: u32) -> Cave {
    (1..length).fold(cave("end", Vec::new()), |behind, _| cave("passage", vec![behind]))
}

/// Is pending once.
async fn turn() {
    let mut asked = false;
    poll_fn(|context| {
        if std::mem::replace(&mut asked, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

fn run<T>(future: impl Future<Output = T>) -> T {
    let mut task = Task::new(future);
    loop {
        let wakes = task.wakes();
        if let Poll::Ready(output) = task.poll() {
            return output;
        }
        assert!(task.wakes() > wakes, "the future is pending, and nobody has woken its task");
    }
}

/// About where on the stack the caller is.
fn here() -> usize {
    let local = 0_u8;
    std::ptr::from_ref(&local).addr()
}

#[test]
fn all_crabs_are_counted() {
    proctor::watch(|| {
        let sum = run(count_crabs(&caves(), async |cave| {
            turn().await;
            1 << (cave.name.as_bytes()[0] - b'A')
        }));
        proctor::expect_eq!(
            sum,
            0b11_1111,
            "the sum, when cave A has 1 crab, B has 2, C has 4, and so on up to F"
        );
        let lonely = run(count_crabs(&Cave::default(), async |_| 7));
        proctor::expect_eq!(lonely, 7, "the sum for one cave with 7 crabs");
    });
}

#[test]
fn what_is_behind_comes_before_what_is_beside() {
    proctor::watch(|| {
        let asked = RefCell::new(String::new());
        run(count_crabs(&caves(), async |cave| {
            asked.borrow_mut().push_str(&cave.name);
            turn().await;
            0
        }));
        proctor::expect_eq!(
            asked.into_inner(),
            "ABCDEF",
            "the order in which the caves were asked"
        );
    });
}

#[test]
fn one_cave_is_asked_at_a_time() {
    proctor::watch(|| {
        let peak = Peak::new();
        run(count_crabs(&caves(), async |_| {
            let _inside = peak.enter();
            turn().await;
            0
        }));
        proctor::expect_eq!(
            (peak.entered(), peak.highest()),
            (6, 1),
            "how many caves were asked, and how many at the same time"
        );
    });
}

#[test]
fn the_stack_stays_flat() {
    proctor::watch(|| {
        measure();
    });
}

/// A passage of 1,000 caves: how far down the stack is the last one asked?
fn measure() {
    let (highest, lowest) = (Cell::new(0), Cell::new(usize::MAX));
    let caves = passage(1_000);
    let asked = run(count_crabs(&caves, async |_| {
        let see = || {
            highest.set(highest.get().max(here()));
            lowest.set(lowest.get().min(here()));
        };
        see();
        turn().await;
        see();
        1
    }));
    proctor::expect_eq!(asked, 1_000, "how many caves of 1,000 were asked");
    let grown = highest.get() - lowest.get();
    assert!(
        grown < 16 * 1024,
        "the stack grows with the depth: the deepest of 1,000 caves was asked more than 16 KiB further down the stack than the first. Each call of the function inside itself is polled through all those outside it"
    );
}

#[test]
fn a_passage_of_100_000_caves_overflows_no_stack() {
    proctor::watch(|| {
        // An overflow ends all tests and says little. What can be said without one is said first.
        measure();
        // Leaked, since dropping it would overflow the stack.
        let caves = Box::leak(Box::new(passage(100_000)));
        let asked = run(count_crabs(caves, async |_| 1));
        proctor::expect_eq!(asked, 100_000, "how many caves of 100,000 were asked");
    });
}

#[test]
fn dropped_halfway_it_asks_no_more() {
    proctor::watch(|| {
        let (drops, caves) = (Drops::new(), caves());
        let ask = async |_: &Cave| {
            let _token = drops.token();
            turn().await;
            0
        };
        let mut task = Task::new(count_crabs(&caves, ask));
        assert!(task.poll().is_pending(), "the first cave has not answered, and the sum is there");
        assert!(task.poll().is_pending(), "the second cave has not answered, and the sum is there");
        proctor::expect_eq!(drops.alive(), 1, "how many caves are being asked");
        drop(task);
        proctor::expect_eq!(
            (drops.made(), drops.alive()),
            (2, 0),
            "how many caves were asked, and how many still are, after the future was dropped"
        );
    });
}
