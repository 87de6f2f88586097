//! The loop: who is called, and in which order.

use std::cell::RefCell;
use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::rc::Rc;
use std::time::Duration;

use event_loop::EventLoop;

/// A diary that callbacks write.
#[derive(Clone, Default)]
struct Diary(Rc<RefCell<Vec<String>>>);

impl Diary {
    fn note(&self, what: &str) {
        self.0.borrow_mut().push(what.to_owned());
    }
    fn read(&self) -> Vec<String> {
        self.0.borrow().clone()
    }
}

fn pair() -> io::Result<(Rc<TcpStream>, TcpStream)> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let client = TcpStream::connect(listener.local_addr()?)?;
    let (server, _) = listener.accept()?;
    server.set_nonblocking(true)?;
    Ok((Rc::new(server), client))
}

#[test]
fn a_loop_with_nothing_to_wait_for_returns() {
    proctor::watch(|| EventLoop::new().unwrap().run().unwrap());
}

#[test]
fn call_soon_keeps_the_order_and_waits_for_the_next_turn() {
    proctor::watch(|| {
        let diary = Diary::default();
        let mut event_loop = EventLoop::new().unwrap();
        let this = diary.clone();
        event_loop.call_soon(move |event_loop| {
            this.note("first");
            let again = this.clone();
            event_loop.call_soon(move |_| again.note("added by the first"));
            this.note("first ends");
        });
        let this = diary.clone();
        event_loop.call_soon(move |_| this.note("second"));
        event_loop.run().unwrap();
        assert_eq!(diary.read(), ["first", "first ends", "second", "added by the first"]);
    });
}

#[test]
fn a_callback_that_reschedules_itself_starves_no_socket() {
    proctor::watch(|| {
        fn again(event_loop: &mut EventLoop) {
            event_loop.call_soon(again);
        }
        let (socket, mut peer) = pair().unwrap();
        peer.write_all(b"x").unwrap();
        let mut event_loop = EventLoop::new().unwrap();
        event_loop.call_soon(again);
        event_loop.add_reader(&socket, EventLoop::stop).unwrap();
        event_loop.run().unwrap();
    });
}

#[test]
fn timers_run_by_deadline() {
    proctor::watch(|| {
        let diary = Diary::default();
        let mut event_loop = EventLoop::new().unwrap();
        for (nanoseconds, name) in [(2, "b"), (1, "a"), (2, "c")] {
            let this = diary.clone();
            event_loop.call_at(Duration::from_nanos(nanoseconds), move |_| this.note(name));
        }
        event_loop.run().unwrap();
        assert_eq!(diary.read(), ["a", "b", "c"]);
    });
}

#[test]
fn a_reader_is_called_until_all_is_read_and_then_removed() {
    proctor::watch(|| {
        let (socket, mut peer) = pair().unwrap();
        peer.write_all(b"high tide").unwrap();
        drop(peer);
        let diary = Diary::default();
        let mut event_loop = EventLoop::new().unwrap();
        let (this, theirs) = (Rc::clone(&socket), diary.clone());
        event_loop
            .add_reader(&socket, move |event_loop| {
                let mut buffer = [0; 5];
                match (&*this).read(&mut buffer) {
                    Ok(0) => event_loop.remove_reader(&this).unwrap(),
                    Ok(n) => theirs.note(&String::from_utf8_lossy(&buffer[..n])),
                    Err(error) => panic!("{error}"),
                }
            })
            .unwrap();
        event_loop.run().unwrap();
        assert_eq!(diary.read(), ["high ", "tide"]);
        assert_eq!(event_loop.watched(), 0);
    });
}

#[test]
fn a_reader_that_another_removed_in_the_same_turn_is_not_called() {
    proctor::watch(|| {
        let (one, mut to_one) = pair().unwrap();
        let (two, mut to_two) = pair().unwrap();
        let diary = Diary::default();
        let mut event_loop = EventLoop::new().unwrap();
        for (own, other) in [(&one, &two), (&two, &one)] {
            let (first, second, this) = (Rc::clone(own), Rc::clone(other), diary.clone());
            event_loop
                .add_reader(own, move |event_loop| {
                    this.note("called");
                    event_loop.remove_reader(&first).unwrap();
                    event_loop.remove_reader(&second).unwrap();
                })
                .unwrap();
        }
        to_one.write_all(b"x").unwrap();
        to_two.write_all(b"x").unwrap();
        event_loop.run().unwrap();
        assert_eq!(diary.read(), ["called"]);
    });
}

#[test]
fn what_the_loop_held_is_let_go() {
    proctor::watch(|| {
        let (socket, _peer) = pair().unwrap();
        let mut event_loop = EventLoop::new().unwrap();
        event_loop.add_reader(&socket, |_| {}).unwrap();
        event_loop.add_writer(&socket, |_| {}).unwrap();
        assert_eq!(Rc::strong_count(&socket), 2);
        event_loop.remove_reader(&socket).unwrap();
        assert_eq!(event_loop.watched(), 1);
        event_loop.remove_writer(&socket).unwrap();
        assert_eq!((event_loop.watched(), Rc::strong_count(&socket)), (0, 1));
        event_loop.add_reader(&socket, |_| {}).unwrap();
        drop(event_loop);
        assert_eq!(Rc::strong_count(&socket), 1);
    });
}
