//! A guestbook that several visitors sign.

use std::rc::Rc;
use std::sync::{Arc, Mutex};
use std::task::Poll;

use make_it_send::{Guestbook, sign};
use proctor::count::{Probe, Task};

/// Answers whether `T` is `Send`: the inherent method is found first, where its bound holds.
struct Traits<'a, T>(&'a T);

impl<T: Send> Traits<'_, T> {
    fn is_send(&self) -> bool {
        let _: &T = self.0;
        true
    }
}

trait NotSend {
    fn is_send(&self) -> bool;
}

impl<T> NotSend for Traits<'_, T> {
    fn is_send(&self) -> bool {
        let _: &T = self.0;
        false
    }
}

fn book() -> Arc<Mutex<Guestbook>> {
    Arc::new(Mutex::new(Guestbook::default()))
}

/// What is in the book, or a message if somebody holds it.
fn look<T>(book: &Mutex<Guestbook>, look: impl FnOnce(&Guestbook) -> T) -> T {
    let Ok(book) = book.try_lock() else {
        panic!(
            "the book is locked while a visitor thinks: whoever comes now blocks the thread, and with it the visitor who thinks"
        );
    };
    look(&book)
}

#[test]
fn the_future_is_send() {
    proctor::watch(|| {
        assert!(!Traits(&Rc::new(())).is_send(), "an `Rc` must stay in its thread");
        let future = sign(book(), std::future::ready("Ferris".to_owned()));
        let is_send = Traits(&future).is_send();
        assert!(
            is_send,
            "the future of `sign` is not Send: something in it that must stay in its thread lives across the await. `fn check(future: impl Send) {{}}` and a call of it have the compiler say what"
        );
    });
}

#[test]
fn one_visitor_signs() {
    proctor::watch(|| {
        let book = book();
        let mut task = Task::new(sign(Arc::clone(&book), std::future::ready("Ferris".to_owned())));
        proctor::expect_eq!(
            task.poll(),
            Poll::Ready("visitor 1: Ferris".to_owned()),
            "the line of the only visitor"
        );
        let lines = look(&book, |book| book.lines.clone());
        proctor::expect_eq!(lines, ["visitor 1: Ferris"], "the book");
    });
}

#[test]
fn the_book_is_free_while_a_visitor_thinks() {
    proctor::watch(|| {
        let (book, name) = (book(), Probe::new());
        let mut task = Task::new(sign(Arc::clone(&book), name.future()));
        assert!(task.poll().is_pending(), "the visitor has given no name, and has signed");
        proctor::expect_eq!(look(&book, |book| book.arrived), 1, "how many have arrived");
        name.finish("Ferris".to_owned());
        assert!(task.poll().is_ready(), "the visitor has given a name, and has not signed");
    });
}

#[test]
fn numbers_are_given_on_arrival() {
    proctor::watch(|| {
        let (book, first, second) = (book(), Probe::new(), Probe::new());
        let mut not_yet = Task::new(sign(Arc::clone(&book), second.future()));
        proctor::expect_eq!(
            look(&book, |book| book.arrived),
            0,
            "how many have arrived before the first poll"
        );
        let mut early = Task::new(sign(Arc::clone(&book), first.future()));
        assert!(early.poll().is_pending(), "the visitor has given no name, and has signed");
        look(&book, |_| ());
        assert!(not_yet.poll().is_pending(), "the visitor has given no name, and has signed");
        proctor::expect_eq!(
            look(&book, |book| book.arrived),
            2,
            "how many have arrived, while both think"
        );
        second.finish("Sally".to_owned());
        proctor::expect_eq!(
            not_yet.poll(),
            Poll::Ready("visitor 2: Sally".to_owned()),
            "the line of the one who came second and was quicker"
        );
        first.finish("Ferris".to_owned());
        proctor::expect_eq!(
            early.poll(),
            Poll::Ready("visitor 1: Ferris".to_owned()),
            "the line of the one who came first"
        );
    });
}

#[test]
fn nobody_is_overwritten() {
    proctor::watch(|| {
        let (book, first, second) = (book(), Probe::new(), Probe::new());
        let mut slow = Task::new(sign(Arc::clone(&book), first.future()));
        assert!(slow.poll().is_pending(), "the visitor has given no name, and has signed");
        look(&book, |_| ());
        let mut quick = Task::new(sign(Arc::clone(&book), second.future()));
        assert!(quick.poll().is_pending(), "the visitor has given no name, and has signed");
        second.finish("Sally".to_owned());
        assert!(quick.poll().is_ready(), "the visitor has given a name, and has not signed");
        first.finish("Ferris".to_owned());
        assert!(slow.poll().is_ready(), "the visitor has given a name, and has not signed");
        let mut names = look(&book, |book| {
            book.lines
                .iter()
                .map(|line| line.rsplit(' ').next().unwrap_or_default().to_owned())
                .collect::<Vec<_>>()
        });
        names.sort();
        proctor::expect_eq!(
            names,
            ["Ferris", "Sally"],
            "who is in the book, after two have signed of whom the first took longer"
        );
        proctor::expect_eq!(look(&book, |book| book.arrived), 2, "how many have arrived");
    });
}

#[test]
fn who_leaves_is_not_in_the_book() {
    proctor::watch(|| {
        let (book, name) = (book(), Probe::<String>::new());
        let mut task = Task::new(sign(Arc::clone(&book), name.future()));
        assert!(task.poll().is_pending(), "the visitor has given no name, and has signed");
        drop(task);
        proctor::expect_eq!(
            look(&book, |book| book.lines.len()),
            0,
            "how many lines there are, after the only visitor has left without a name"
        );
    });
}

#[test]
fn a_number_is_given_once() {
    proctor::watch(|| {
        let (book, first, second) = (book(), Probe::<String>::new(), Probe::new());
        let mut leaves = Task::new(sign(Arc::clone(&book), first.future()));
        assert!(leaves.poll().is_pending(), "the visitor has given no name, and has signed");
        look(&book, |_| ());
        let mut stays = Task::new(sign(Arc::clone(&book), second.future()));
        assert!(stays.poll().is_pending(), "the visitor has given no name, and has signed");
        drop(leaves);
        let mut comes = Task::new(sign(Arc::clone(&book), std::future::ready("Sally".to_owned())));
        proctor::expect_eq!(
            comes.poll(),
            Poll::Ready("visitor 3: Sally".to_owned()),
            "the line of the third visitor, after the first has left and while the second thinks"
        );
        second.finish("Ferris".to_owned());
        proctor::expect_eq!(
            stays.poll(),
            Poll::Ready("visitor 2: Ferris".to_owned()),
            "the line of the second"
        );
    });
}
