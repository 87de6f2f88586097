//! The site on the loop: a callback for whoever connects, and callbacks for each connection.
//!
//! The server owns its connections; the callbacks that the loop holds have a [`Weak`] each.
//! So a connection that is over is gone at once, whatever timers still name it.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::io::{self, ErrorKind};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::rc::{Rc, Weak};
use std::time::Duration;

use socket2::{Domain, Socket, Type};

use crate::conversation::{Conversation, Next, Service};
use crate::event_loop::EventLoop;

/// How many connections are accepted in one turn.
const BATCH: usize = 64;

// ANCHOR: visit
/// One client's connection, as the callbacks share it.
#[derive(Debug)]
struct Visit {
    number: u64,
    socket: Rc<TcpStream>,
    conversation: RefCell<Conversation>,
    /// The server owns the visits, not the other way round.
    server: Weak<Server>,
    /// What the loop watches for us now: reading, writing.
    watched: Cell<(bool, bool)>,
    /// When a timer calls us.
    timer: Cell<Option<Duration>>,
}
// ANCHOR_END: visit

/// A listener in whose queue a thousand clients may stand while they wait to be accepted.
///
/// The standard library asks for a queue of 128. The kernel may give a shorter one than is asked for;
/// whoever does not fit into it hears nothing, and tries again after a second.
///
/// # Errors
///
/// As [`TcpListener::bind`].
pub fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
    #[cfg(unix)]
    socket.set_reuse_address(true)?;
    socket.bind(&address.into())?;
    socket.listen(4_096)?;
    Ok(socket.into())
}

/// A server that callbacks share.
#[derive(Debug)]
pub struct Server {
    service: Service,
    visits: RefCell<HashMap<u64, Rc<Visit>>>,
    came: Cell<u64>,
    most: Cell<usize>,
}

impl Server {
    /// Has `event_loop` serve `service` to whoever connects to `listener`.
    ///
    /// # Errors
    ///
    /// When the listener cannot be watched.
    pub fn start(
        event_loop: &mut EventLoop,
        listener: TcpListener,
        service: Service,
    ) -> io::Result<Rc<Self>> {
        let server = Rc::new(Self {
            service,
            visits: RefCell::default(),
            came: Cell::new(0),
            most: Cell::new(0),
        });
        listener.set_nonblocking(true)?;
        watch(event_loop, Rc::new(listener), &server)?;
        Ok(server)
    }

    /// How many connections are open.
    pub fn open(&self) -> usize {
        self.visits.borrow().len()
    }

    /// How many have come.
    pub fn came(&self) -> u64 {
        self.came.get()
    }

    /// How many were open at the busiest moment.
    pub fn most(&self) -> usize {
        self.most.get()
    }

    fn report(&self, problem: &str) {
        self.service.config().errors.report(problem);
    }
}

fn watch(
    event_loop: &mut EventLoop,
    listener: Rc<TcpListener>,
    server: &Rc<Server>,
) -> io::Result<()> {
    let (socket, server) = (Rc::clone(&listener), Rc::clone(server));
    event_loop.add_reader(&listener, move |event_loop| accept(event_loop, &socket, &server))
}

/// Accepts who is waiting.
fn accept(event_loop: &mut EventLoop, listener: &Rc<TcpListener>, server: &Rc<Server>) {
    for _ in 0..BATCH {
        match listener.accept() {
            Ok((socket, client)) => {
                if let Err(error) = welcome(event_loop, socket, client, server) {
                    server.report(&format!("{client}: {error}"));
                }
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => return,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => {
                server.report(&format!("accept: {error}"));
                // Out of descriptors, most likely. The client is still in the queue, so we would be called again at once.
                let _ = event_loop.remove_reader(listener);
                let (listener, server) = (Rc::clone(listener), Rc::clone(server));
                event_loop.call_later(Duration::from_millis(50), move |event_loop| {
                    if let Err(error) = watch(event_loop, listener, &server) {
                        server.report(&format!("listen: {error}"));
                    }
                });
                return;
            }
        }
    }
}

fn welcome(
    event_loop: &mut EventLoop,
    socket: TcpStream,
    client: SocketAddr,
    server: &Rc<Server>,
) -> io::Result<()> {
    socket.set_nonblocking(true)?;
    let limits = server.service.config().limits.clone();
    let conversation = Conversation::new(limits, socket.local_addr()?, client);
    server.came.set(server.came() + 1);
    let visit = Rc::new(Visit {
        number: server.came(),
        socket: Rc::new(socket),
        conversation: RefCell::new(conversation),
        server: Rc::downgrade(server),
        watched: Cell::new((false, false)),
        timer: Cell::new(None),
    });
    server.visits.borrow_mut().insert(visit.number, Rc::clone(&visit));
    server.most.set(server.most().max(server.open()));
    resume(event_loop, &visit);
    Ok(())
}

// ANCHOR: resume
/// Goes on with a conversation: its socket is ready, or its time has come, or it was to be looked at again.
fn resume(event_loop: &mut EventLoop, visit: &Rc<Visit>) {
    let Some(server) = visit.server.upgrade() else { return };
    let now = event_loop.time();
    let went = visit.conversation.borrow_mut().go(&mut &*visit.socket, &server.service, now);
    let (reading, writing) =
        (matches!(went, Ok(Next::Read(_))), matches!(went, Ok(Next::Write(_))));
    if let Err(error) = watch_for(event_loop, visit, reading, writing) {
        server.report(&format!("watch: {error}"));
    }
    match went {
        Ok(Next::Read(until) | Next::Write(until) | Next::Pause(until)) => {
            call_at(event_loop, visit, until);
        }
        Ok(Next::Again) => {
            let this = Rc::downgrade(visit);
            event_loop.call_soon(move |event_loop| resume_if_open(event_loop, &this));
        }
        // A client that left is nobody's failure.
        Ok(Next::Close) | Err(_) => {
            server.visits.borrow_mut().remove(&visit.number);
        }
    }
}
// ANCHOR_END: resume

fn resume_if_open(event_loop: &mut EventLoop, visit: &Weak<Visit>) {
    if let Some(visit) = visit.upgrade() {
        resume(event_loop, &visit);
    }
}

/// Has a timer look at the conversation at that time, or before: it looks again then.
fn call_at(event_loop: &mut EventLoop, visit: &Rc<Visit>, until: Duration) {
    if visit.timer.get().is_some_and(|set| set <= until) {
        return;
    }
    visit.timer.set(Some(until));
    let this = Rc::downgrade(visit);
    event_loop.call_at(until, move |event_loop| {
        // If another time stands there, that one was set after this one and calls earlier.
        if let Some(visit) = this.upgrade()
            && visit.timer.get() == Some(until)
        {
            visit.timer.set(None);
            resume(event_loop, &visit);
        }
    });
}

// ANCHOR: watch_for
/// Switches what the loop watches, if it is something else than before.
fn watch_for(
    event_loop: &mut EventLoop,
    visit: &Rc<Visit>,
    reading: bool,
    writing: bool,
) -> io::Result<()> {
    let before = visit.watched.replace((reading, writing));
    if reading && !before.0 {
        let this = Rc::downgrade(visit);
        event_loop
            .add_reader(&visit.socket, move |event_loop| resume_if_open(event_loop, &this))?;
    }
    if writing && !before.1 {
        let this = Rc::downgrade(visit);
        event_loop
            .add_writer(&visit.socket, move |event_loop| resume_if_open(event_loop, &this))?;
    }
    if before.0 && !reading {
        event_loop.remove_reader(&visit.socket)?;
    }
    if before.1 && !writing {
        event_loop.remove_writer(&visit.socket)?;
    }
    Ok(())
}
// ANCHOR_END: watch_for
