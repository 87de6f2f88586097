//! asyncio's loop in small: it waits for sockets and timers, and calls back whoever asked to be called.
//!
//! [`call_soon`](EventLoop::call_soon), [`call_later`](EventLoop::call_later), [`add_reader`](EventLoop::add_reader)
//! and [`add_writer`](EventLoop::add_writer) are asyncio's of the same names (`Lib/asyncio/base_events.py`, `_run_once`).
//! A callback gets the loop as its argument, since in Rust there is no running loop to be found in the air.
//!
//! Sources are watched level-triggered, as asyncio watches them: a reader is called on every turn while there is something to read.
//!
//! Left out: cancelling what was scheduled, calls from other threads, signals, subprocesses.

use std::collections::{HashMap, VecDeque};
use std::io;
use std::rc::Rc;
use std::time::{Duration, Instant};

use polling::{AsRawSource, AsSource, Event, Events, PollMode, Poller};

use crate::timers::Timers;

/// Called once.
type Callback = Box<dyn FnOnce(&mut EventLoop)>;

/// Called whenever its source is ready.
type Handler = Rc<dyn Fn(&mut EventLoop)>;

// ANCHOR: loop
/// One thread's loop.
pub struct EventLoop {
    poller: Poller,
    /// Callbacks that run in the next turn, in this order.
    soon: VecDeque<Callback>,
    /// Callbacks that run when their time has come.
    later: Timers<Callback>,
    /// Sockets, and whom to call when they are ready.
    sources: HashMap<usize, Source>,
    stopped: bool,
    started: Instant,
    /// What the poller has told, kept so that its memory is used again.
    events: Events,
}

struct Source {
    /// Held here, so that it is not closed while the poller knows it.
    socket: Rc<dyn AsSource>,
    reader: Option<Handler>,
    writer: Option<Handler>,
}
// ANCHOR_END: loop

impl EventLoop {
    /// A loop with nothing to do.
    ///
    /// # Errors
    ///
    /// When the operating system has no poller to give.
    pub fn new() -> io::Result<Self> {
        Ok(Self {
            poller: Poller::new()?,
            soon: VecDeque::new(),
            later: Timers::new(),
            sources: HashMap::new(),
            stopped: false,
            started: Instant::now(),
            events: Events::new(),
        })
    }

    /// The time since the loop was made.
    pub fn time(&self) -> Duration {
        self.started.elapsed()
    }

    // ANCHOR: call
    /// Calls `callback` in the next turn, after those that were there before it.
    pub fn call_soon(&mut self, callback: impl FnOnce(&mut Self) + 'static) {
        self.soon.push_back(Box::new(callback));
    }

    /// Calls `callback` when `delay` has passed.
    pub fn call_later(&mut self, delay: Duration, callback: impl FnOnce(&mut Self) + 'static) {
        self.call_at(self.time().saturating_add(delay), callback);
    }

    /// Calls `callback` at that [time](Self::time).
    pub fn call_at(&mut self, time: Duration, callback: impl FnOnce(&mut Self) + 'static) {
        self.later.set(time, Box::new(callback));
    }
    // ANCHOR_END: call

    /// Calls `callback` on every turn in which `socket` has something to read, or is at its end. Replaces an earlier reader.
    ///
    /// # Errors
    ///
    /// When the poller does not take it.
    pub fn add_reader<S>(
        &mut self,
        socket: &Rc<S>,
        callback: impl Fn(&mut Self) + 'static,
    ) -> io::Result<()>
    where
        S: AsSource + 'static,
        for<'a> &'a S: AsRawSource,
    {
        self.source(socket)?.reader = Some(Rc::new(callback));
        self.watch(key(socket))
    }

    /// Calls `callback` on every turn in which `socket` has room to write. Replaces an earlier writer.
    ///
    /// # Errors
    ///
    /// When the poller does not take it.
    pub fn add_writer<S>(
        &mut self,
        socket: &Rc<S>,
        callback: impl Fn(&mut Self) + 'static,
    ) -> io::Result<()>
    where
        S: AsSource + 'static,
        for<'a> &'a S: AsRawSource,
    {
        self.source(socket)?.writer = Some(Rc::new(callback));
        self.watch(key(socket))
    }

    /// Calls nobody any more when `socket` can be read.
    ///
    /// # Errors
    ///
    /// When the poller does not let go of it.
    pub fn remove_reader<S>(&mut self, socket: &Rc<S>) -> io::Result<()> {
        if let Some(source) = self.sources.get_mut(&key(socket)) {
            source.reader = None;
            self.watch(key(socket))?;
        }
        Ok(())
    }

    /// Calls nobody any more when `socket` can be written.
    ///
    /// # Errors
    ///
    /// When the poller does not let go of it.
    pub fn remove_writer<S>(&mut self, socket: &Rc<S>) -> io::Result<()> {
        if let Some(source) = self.sources.get_mut(&key(socket)) {
            source.writer = None;
            self.watch(key(socket))?;
        }
        Ok(())
    }

    /// How many sockets are watched.
    pub fn watched(&self) -> usize {
        self.sources.len()
    }

    // ANCHOR: source
    /// The entry of `socket`, which is made known to the poller if it was not.
    fn source<S>(&mut self, socket: &Rc<S>) -> io::Result<&mut Source>
    where
        S: AsSource + 'static,
        for<'a> &'a S: AsRawSource,
    {
        let key = key(socket);
        if !self.sources.contains_key(&key) {
            // SAFETY: The entry keeps the socket open; it is removed, in `watch` and `drop`, after the poller has let go of it.
            unsafe {
                self.poller.add_with_mode(&**socket, Event::none(key), PollMode::Level)?;
            }
        }
        Ok(self.sources.entry(key).or_insert_with(|| Source {
            socket: socket.clone(),
            reader: None,
            writer: None,
        }))
    }
    // ANCHOR_END: source

    /// Tells the poller what the source of this key is watched for.
    fn watch(&mut self, key: usize) -> io::Result<()> {
        let Some(source) = self.sources.get(&key) else { return Ok(()) };
        let interest = Event::new(key, source.reader.is_some(), source.writer.is_some());
        if interest.readable || interest.writable {
            return self.poller.modify_with_mode(&*source.socket, interest, PollMode::Level);
        }
        self.poller.delete(&*source.socket)?;
        self.sources.remove(&key);
        Ok(())
    }

    // ANCHOR: run
    /// Runs callbacks until one of them calls [`stop`](Self::stop), or there is nothing left to wait for.
    ///
    /// # Errors
    ///
    /// When the operating system cannot wait.
    pub fn run(&mut self) -> io::Result<()> {
        self.stopped = false;
        while !self.stopped && !self.is_idle() {
            self.turn()?;
        }
        Ok(())
    }

    /// Waits until somebody is ready, and calls everybody who is.
    fn turn(&mut self) -> io::Result<()> {
        let wait =
            if self.soon.is_empty() { self.later.wait(self.time()) } else { Some(Duration::ZERO) };
        self.events.clear();
        self.poller.wait(&mut self.events, wait)?;
        for event in self.events.iter() {
            self.soon.push_back(Box::new(move |this| this.dispatch(event)));
        }
        let now = self.time();
        while let Some(callback) = self.later.take_due(now) {
            self.soon.push_back(callback);
        }
        // Those that are there now, and none that they add: they would keep the poller from being asked.
        for _ in 0..self.soon.len() {
            if let Some(callback) = self.soon.pop_front() {
                callback(self);
            }
        }
        Ok(())
    }
    // ANCHOR_END: run

    fn dispatch(&mut self, event: Event) {
        // A callback before this one may have removed it.
        let handler = |this: &Self, of: fn(&Source) -> &Option<Handler>| {
            this.sources.get(&event.key).and_then(|source| of(source).clone())
        };
        if event.readable
            && let Some(reader) = handler(self, |source| &source.reader)
        {
            reader(self);
        }
        if event.writable
            && let Some(writer) = handler(self, |source| &source.writer)
        {
            writer(self);
        }
    }

    /// Ends [`run`](Self::run) after the present turn.
    pub fn stop(&mut self) {
        self.stopped = true;
    }

    /// Whether nothing can ever happen: no callback, no timer, no socket.
    fn is_idle(&self) -> bool {
        self.soon.is_empty() && self.later.is_empty() && self.sources.is_empty()
    }
}

/// What the poller calls a socket: where it lives. As the loop holds it, nothing else lives there meanwhile.
fn key<S>(socket: &Rc<S>) -> usize {
    Rc::as_ptr(socket).addr()
}

impl Drop for EventLoop {
    fn drop(&mut self) {
        for source in self.sources.values() {
            // It was added, so it is there; and if it is not, all the better.
            let _ = self.poller.delete(&*source.socket);
        }
    }
}

impl std::fmt::Debug for EventLoop {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EventLoop")
            .field("soon", &self.soon.len())
            .field("later", &self.later.len())
            .field("sources", &self.sources.len())
            .finish_non_exhaustive()
    }
}
