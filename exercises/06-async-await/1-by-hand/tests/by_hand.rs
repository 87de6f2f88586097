//! The machine by hand beside the compiled one, dropped wherever they wait.

use std::pin::Pin;
use std::task::{Context, Poll};

use async_await::notes::{Log, Note};
use by_hand::announce_by_hand;
use proctor::count::{Probe, ProbeFuture, Task};

/// A future whose drop is noted.
struct Noted<T> {
    future: ProbeFuture<T>,
    _note: Note,
}

impl<T> Future for Noted<T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<T> {
        Pin::new(&mut self.future).poll(context)
    }
}

/// The function itself, kept here so that the exercise's copy may be edited.
async fn announce<W, H>(_visitor: Note, log: Log, words: W, height: H) -> String
where
    W: Future<Output = String> + Unpin,
    H: Future<Output = f64> + Unpin,
{
    let _asked = log.note("asked");
    let words = words.await;
    let name = words.split(':').next().unwrap_or_default();
    let _heard = log.note("heard");
    let height = height.await;
    format!("{name}, the water is at {height} m")
}

/// Where a run is dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Until {
    Called,
    FirstAwait,
    SecondAwait,
    Done,
}

/// What there is to hand to either of the two.
struct Scene {
    log: Log,
    words: Probe<String>,
    height: Probe<f64>,
}

impl Scene {
    fn new() -> Self {
        Self { log: Log::new(), words: Probe::new(), height: Probe::new() }
    }

    fn words(&self) -> Noted<String> {
        Noted { future: self.words.future(), _note: self.log.note("the future of the words") }
    }

    fn height(&self) -> Noted<f64> {
        Noted { future: self.height.future(), _note: self.log.note("the future of the height") }
    }

    /// Lets `future` run so far, drops it, and returns what was dropped: before it was done, and after.
    fn drops(&self, future: impl Future<Output = String>, until: Until) -> Vec<String> {
        let mut task = Task::new(future);
        if until != Until::Called {
            assert!(task.poll().is_pending(), "nobody has said a word, and the future is done");
        }
        if until == Until::SecondAwait || until == Until::Done {
            self.words.finish("Ferris: high water?".to_owned());
            assert!(task.poll().is_pending(), "nobody knows the height, and the future is done");
        }
        if until == Until::Done {
            self.height.finish(1.9);
            assert!(task.poll().is_ready(), "all is known, and the future is pending");
            self.log.write("(done)");
        }
        self.log.write("(dropped)");
        drop(task);
        self.log.take()
    }
}

fn compare(until: Until) {
    let scene = Scene::new();
    let future =
        announce(scene.log.note("visitor"), scene.log.clone(), scene.words(), scene.height());
    let compiled = scene.drops(future, until);
    let scene = Scene::new();
    let future = announce_by_hand(
        scene.log.note("visitor"),
        scene.log.clone(),
        scene.words(),
        scene.height(),
    );
    let by_hand = scene.drops(future, until);
    let place = match until {
        Until::Called => "before its first poll",
        Until::FirstAwait => "at its first await",
        Until::SecondAwait => "at its second await",
        Until::Done => "after it is done",
    };
    proctor::expect_eq!(
        by_hand,
        compiled,
        "what the machine by hand drops, dropped {place}; expected is what the compiled one drops"
    );
}

#[test]
fn it_says_the_same() {
    proctor::watch(|| {
        for words in ["Ferris: high water?", "no colon", "", ":", "Ännchen: und jetzt?"] {
            let scene = Scene::new();
            let mut task = Task::new(announce_by_hand(
                scene.log.note("visitor"),
                scene.log.clone(),
                scene.words(),
                scene.height(),
            ));
            scene.words.finish(words.to_owned());
            scene.height.finish(1.9);
            let name = words.split(':').next().unwrap_or_default();
            proctor::expect_eq!(
                task.poll(),
                Poll::Ready(format!("{name}, the water is at 1.9 m")),
                "what is announced in the first poll, after the words {words:?}, when all is there already"
            );
        }
    });
}

#[test]
fn a_call_begins_nothing() {
    proctor::watch(|| compare(Until::Called));
}

#[test]
fn dropped_at_the_first_await() {
    proctor::watch(|| compare(Until::FirstAwait));
}

#[test]
fn dropped_at_the_second_await() {
    proctor::watch(|| compare(Until::SecondAwait));
}

#[test]
fn dropped_when_done() {
    proctor::watch(|| compare(Until::Done));
}

#[test]
fn the_second_is_asked_in_the_poll_that_ends_the_first() {
    proctor::watch(|| {
        let scene = Scene::new();
        let mut task = Task::new(announce_by_hand(
            scene.log.note("visitor"),
            scene.log.clone(),
            scene.words(),
            scene.height(),
        ));
        assert!(task.poll().is_pending(), "nobody has said a word, and the future is done");
        proctor::expect_eq!(
            scene.height.polls(),
            0,
            "how often the second future was polled while the first was pending"
        );
        scene.words.finish("Ferris".to_owned());
        assert!(task.poll().is_pending(), "nobody knows the height, and the future is done");
        proctor::expect_eq!(
            (scene.words.polls(), scene.height.polls()),
            (2, 1),
            "how often the two futures were polled; a second that nobody has polled has no waker, and `Pending` promises a wake"
        );
        scene.height.finish(1.9);
        proctor::expect_eq!(task.wakes(), 2, "how often the task was woken, once by each future");
    });
}
