//! One visitor: comes, asks, reads, and leaves when the frame ends.

use std::io::{self, ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use crate::answer::Answer;
use crate::visits::{End, Group, Visit};

/// Into how many pieces a slow phone cuts its request. One of them leaves every fiftieth part of the frame.
const PIECES: usize = 8;
/// How much a slow phone reads at once, every fiftieth part of the frame: on a frame of 10 s, 10 KB a second.
const SIP: usize = 2048;
/// A feed may bring more parts than this; they are counted, and their times are not kept.
const KEPT: usize = 1000;

/// What one visitor is going to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Errand {
    pub group: Group,
    pub path: String,
    pub arrives: Duration,
    pub frame: Duration,
}

/// Where a visitor lives: the way to a server, and a clock. Times count from the frame's beginning.
pub(crate) trait World {
    /// A connection.
    type Wire: Wire;

    /// The time.
    fn now(&self) -> Duration;

    /// Waits until then.
    fn wait_until(&self, then: Duration);

    /// Connects, and gives up at the deadline.
    fn connect(&self, deadline: Duration) -> io::Result<Self::Wire>;
}

/// A connection. Each call gives up at its deadline with `TimedOut` or `WouldBlock`.
pub(crate) trait Wire {
    /// Sends all of it.
    fn send(&mut self, bytes: &[u8], deadline: Duration) -> io::Result<()>;

    /// Reads what there is, at least a byte unless the connection has ended.
    fn read(&mut self, bytes: &mut [u8], deadline: Duration) -> io::Result<usize>;
}

/// Does the errand.
pub(crate) fn run(errand: &Errand, world: &impl World) -> Visit {
    world.wait_until(errand.arrives);
    let mut visit = Visit {
        group: errand.group,
        arrived: world.now(),
        first_byte: None,
        end: End::Never,
        status: None,
        parts: Vec::new(),
        parts_in_all: 0,
    };
    visit.end = match converse(errand, world, &mut visit) {
        Ok(()) => End::Done(world.now()),
        Err(error) if matches!(error.kind(), ErrorKind::TimedOut | ErrorKind::WouldBlock) => {
            if visit.first_byte.is_some() {
                End::Unfinished
            } else {
                End::Never
            }
        }
        Err(_) => End::Broken(world.now()),
    };
    visit
}

/// Asks and reads. It is `Ok` when the answer is complete.
fn converse<W: World>(errand: &Errand, world: &W, visit: &mut Visit) -> io::Result<()> {
    let deadline = errand.frame;
    let slow = errand.group == Group::SlowPhones;
    let pace = errand.frame / 50;
    let mut wire = world.connect(deadline)?;
    let request = format!(
        "GET {} HTTP/1.1\r\nHost: crabsarecool.com\r\nUser-Agent: crowd\r\nAccept: */*\r\nConnection: close\r\n\r\n",
        errand.path
    );
    if slow {
        for piece in request.as_bytes().chunks(request.len().div_ceil(PIECES)) {
            wire.send(piece, deadline)?;
            world.wait_until((world.now() + pace).min(deadline));
        }
    } else {
        wire.send(request.as_bytes(), deadline)?;
    }
    let mut answer = Answer::new();
    let mut bytes = vec![0; if slow { SIP } else { 16 * 1024 }];
    while !answer.is_done() {
        let read = wire.read(&mut bytes, deadline)?;
        let now = world.now();
        if read == 0 {
            answer.close().map_err(|_| ErrorKind::UnexpectedEof)?;
            break;
        }
        visit.first_byte.get_or_insert(now);
        answer.take(&bytes[..read]).map_err(|_| ErrorKind::InvalidData)?;
        visit.status = answer.status;
        let new = answer.parts - visit.parts_in_all;
        visit.parts_in_all = answer.parts;
        let room = KEPT.saturating_sub(visit.parts.len());
        visit.parts.extend(std::iter::repeat_n(now, new.min(room)));
        // An endless answer without pauses must not keep anybody beyond the frame.
        if now >= deadline && !answer.is_done() {
            return Err(ErrorKind::TimedOut.into());
        }
        if slow && !answer.is_done() {
            world.wait_until((now + pace).min(deadline));
        }
    }
    Ok(())
}

/// The real world: the machine's clock and its sockets.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Street {
    pub address: SocketAddr,
    /// When the frame begins.
    pub opening: Instant,
}

impl World for Street {
    type Wire = Socket;

    fn now(&self) -> Duration {
        self.opening.elapsed()
    }

    fn wait_until(&self, then: Duration) {
        let left = (self.opening + then).saturating_duration_since(Instant::now());
        thread::sleep(left);
    }

    fn connect(&self, deadline: Duration) -> io::Result<Socket> {
        let stream = TcpStream::connect_timeout(&self.address, left(self.opening, deadline)?)?;
        // A slow phone's pieces leave one by one.
        stream.set_nodelay(true)?;
        Ok(Socket { stream, opening: self.opening })
    }
}

/// A connection over TCP.
#[derive(Debug)]
pub(crate) struct Socket {
    stream: TcpStream,
    opening: Instant,
}

impl Wire for Socket {
    fn send(&mut self, mut bytes: &[u8], deadline: Duration) -> io::Result<()> {
        while !bytes.is_empty() {
            let left = left(self.opening, deadline)?;
            self.stream.set_write_timeout(Some(left))?;
            match self.stream.write(bytes) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(written) => bytes = &bytes[written..],
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn read(&mut self, bytes: &mut [u8], deadline: Duration) -> io::Result<usize> {
        loop {
            let left = left(self.opening, deadline)?;
            self.stream.set_read_timeout(Some(left))?;
            match self.stream.read(bytes) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                read => return read,
            }
        }
    }
}

/// How long it is until the deadline: never 0, which a socket would take to mean "forever".
fn left(opening: Instant, deadline: Duration) -> io::Result<Duration> {
    let left = (opening + deadline).saturating_duration_since(Instant::now());
    if left.is_zero() {
        return Err(ErrorKind::TimedOut.into());
    }
    Ok(left.max(Duration::from_millis(1)))
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::rc::Rc;

    use super::*;

    /// What a scripted server does next.
    #[derive(Debug, Clone, Copy)]
    enum Act {
        /// Nothing until then.
        Silence(u64),
        Says(&'static str),
        /// The same again and again, a millisecond apart.
        Babbles(&'static str),
        Closes,
        Resets,
    }

    #[derive(Debug, Default)]
    struct Scene {
        now: Duration,
        script: Vec<Act>,
        heard: Vec<(Duration, usize)>,
        refuses: bool,
    }

    /// A world in which waiting takes no time, and a server that follows a script.
    #[derive(Debug, Clone)]
    struct Stage(Rc<RefCell<Scene>>);

    impl Stage {
        fn new(script: &[Act]) -> Self {
            let script = script.iter().rev().copied().collect();
            Self(Rc::new(RefCell::new(Scene { script, ..Scene::default() })))
        }
    }

    impl World for Stage {
        type Wire = Self;

        fn now(&self) -> Duration {
            self.0.borrow().now
        }

        fn wait_until(&self, then: Duration) {
            let mut scene = self.0.borrow_mut();
            scene.now = scene.now.max(then);
        }

        fn connect(&self, _: Duration) -> io::Result<Self> {
            if self.0.borrow().refuses {
                return Err(ErrorKind::ConnectionRefused.into());
            }
            Ok(self.clone())
        }
    }

    impl Wire for Stage {
        fn send(&mut self, bytes: &[u8], _: Duration) -> io::Result<()> {
            let mut scene = self.0.borrow_mut();
            let now = scene.now;
            scene.heard.push((now, bytes.len()));
            Ok(())
        }

        fn read(&mut self, bytes: &mut [u8], deadline: Duration) -> io::Result<usize> {
            let mut scene = self.0.borrow_mut();
            loop {
                match scene.script.pop() {
                    None => {
                        scene.now = deadline;
                        return Err(ErrorKind::WouldBlock.into());
                    }
                    Some(Act::Silence(until)) => {
                        scene.now = scene.now.max(Duration::from_millis(until));
                    }
                    Some(Act::Says(text)) => {
                        let now = text.len().min(bytes.len());
                        bytes[..now].copy_from_slice(&text.as_bytes()[..now]);
                        if now < text.len() {
                            scene.script.push(Act::Says(&text[now..]));
                        }
                        return Ok(now);
                    }
                    Some(Act::Babbles(text)) => {
                        scene.now += Duration::from_millis(1);
                        scene.script.push(Act::Babbles(text));
                        bytes[..text.len()].copy_from_slice(text.as_bytes());
                        return Ok(text.len());
                    }
                    Some(Act::Closes) => return Ok(0),
                    Some(Act::Resets) => return Err(ErrorKind::ConnectionReset.into()),
                }
            }
        }
    }

    fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    fn errand(group: Group) -> Errand {
        Errand { group, path: String::from("/"), arrives: ms(100), frame: ms(10_000) }
    }

    const PAGE: &str = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\ncrabs";
    const FEED: &str = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

    #[test]
    fn a_visitor_waits_for_the_first_byte_and_is_done_with_the_last() {
        let (head, body) = PAGE.split_at(20);
        let stage =
            Stage::new(&[Act::Silence(300), Act::Says(head), Act::Silence(450), Act::Says(body)]);
        let visit = run(&errand(Group::Visitors), &stage);
        assert_eq!(visit.arrived, ms(100));
        assert_eq!(visit.first_byte, Some(ms(300)));
        assert_eq!(visit.end, End::Done(ms(450)));
        assert_eq!(visit.status, Some(200));
    }

    #[test]
    fn a_visitor_who_hears_nothing_leaves_when_the_frame_ends() {
        let stage = Stage::new(&[]);
        let visit = run(&errand(Group::Visitors), &stage);
        assert_eq!((visit.first_byte, visit.end), (None, End::Never));
        assert_eq!(stage.now(), ms(10_000));
    }

    #[test]
    fn a_watcher_notes_each_part_and_stays_until_the_frame_ends() {
        let stage = Stage::new(&[
            Act::Says(FEED),
            Act::Silence(1000),
            Act::Says("2\r\nhi\r\n"),
            Act::Silence(2000),
            Act::Says("2\r\nhi\r\n2\r\nho\r\n"),
        ]);
        let visit = run(&errand(Group::Watchers), &stage);
        assert_eq!(visit.first_byte, Some(ms(100)));
        assert_eq!(visit.parts, [ms(1000), ms(2000), ms(2000)]);
        assert_eq!(visit.end, End::Unfinished);
    }

    #[test]
    fn a_feed_that_ends_ends_the_visit() {
        let stage = Stage::new(&[Act::Says(FEED), Act::Silence(700), Act::Says("0\r\n\r\n")]);
        let visit = run(&errand(Group::Watchers), &stage);
        assert_eq!(visit.end, End::Done(ms(700)));
    }

    #[test]
    fn a_feed_that_never_pauses_keeps_nobody_beyond_the_frame() {
        let stage = Stage::new(&[Act::Says(FEED), Act::Babbles("2\r\nhi\r\n")]);
        let visit = run(&errand(Group::Watchers), &stage);
        assert_eq!(visit.end, End::Unfinished);
        assert_eq!(stage.now(), ms(10_000));
        assert_eq!(visit.parts.len(), KEPT);
        assert_eq!(visit.parts_in_all, 9_900);
    }

    #[test]
    fn a_slow_phone_sends_in_pieces_and_reads_in_sips() {
        let page: &str = Box::leak(
            format!("HTTP/1.1 200 OK\r\nContent-Length: 6000\r\n\r\n{}", "x".repeat(6000))
                .into_boxed_str(),
        );
        let stage = Stage::new(&[Act::Says(page)]);
        let visit = run(&errand(Group::SlowPhones), &stage);
        let heard = &stage.0.borrow().heard;
        assert_eq!(heard.len(), PIECES);
        assert!(heard.windows(2).all(|pair| pair[0].0 + ms(200) == pair[1].0));
        assert_eq!(visit.first_byte, Some(ms(1_700)), "the request took 1.6 s");
        assert_eq!(visit.end, End::Done(ms(2_100)), "and the page two pauses");
    }

    #[test]
    fn a_visitor_who_is_cut_off_says_when() {
        for act in [Act::Closes, Act::Resets, Act::Says("SSH-2.0\r\n\r\n")] {
            let stage = Stage::new(&[Act::Silence(200), act]);
            let visit = run(&errand(Group::Visitors), &stage);
            assert_eq!(visit.end, End::Broken(ms(200)), "{act:?}");
        }
    }

    #[test]
    fn a_visitor_who_is_refused_says_so() {
        let stage = Stage::new(&[]);
        stage.0.borrow_mut().refuses = true;
        let visit = run(&errand(Group::Visitors), &stage);
        assert_eq!(visit.end, End::Broken(ms(100)));
    }
}
