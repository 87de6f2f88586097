//! The site with a state machine for each connection, and no timers: somebody watches the feed, and everybody waits.
//!
//! ```text
//! cargo run -p event-loop --example states
//! ```

use std::collections::HashMap;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, LazyLock};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use event_loop::{Conversation, Next, Pace, Service};
use polling::{Event, Events, PollMode, Poller};
use timeline::{Kind, Lane, Live};
use wsgi::{Clock, Config, WallClock, crab_app};

// ANCHOR: serve
/// Serves three visits.
fn serve(listener: &TcpListener, service: &Service) -> io::Result<()> {
    const LISTENER: usize = 0;
    listener.set_nonblocking(true)?;
    let mut visits: HashMap<usize, (TcpStream, Conversation)> = HashMap::new();
    let poller = Poller::new()?; // dropped before them, if we return early
    // SAFETY: The listener outlives the poller.
    unsafe { poller.add_with_mode(listener, Event::readable(LISTENER), PollMode::Level)? };
    let started = Instant::now();
    let mut came = 0;
    let mut events = Events::new();
    while came < 3 || !visits.is_empty() {
        events.clear();
        poller.wait(&mut events, None)?;
        for event in events.iter() {
            if event.key == LISTENER {
                let (stream, client) = listener.accept()?;
                stream.set_nonblocking(true)?;
                came += 1;
                // SAFETY: A visit is deleted below before it is dropped, or outlives the poller.
                unsafe { poller.add_with_mode(&stream, Event::readable(came), PollMode::Level)? };
                let limits = service.config().limits.clone();
                let conversation = Conversation::new(limits, listener.local_addr()?, client);
                visits.insert(came, (stream, conversation));
            } else if let Some((stream, conversation)) = visits.get_mut(&event.key) {
                // ANCHOR: interest
                let interest = match conversation.go(&mut &*stream, service, started.elapsed()) {
                    Ok(Next::Read(_)) => Event::readable(event.key),
                    Ok(Next::Write(_) | Next::Again) => Event::writable(event.key),
                    Ok(Next::Pause(_)) => unreachable!("the application waits on the wall clock"),
                    Ok(Next::Close) | Err(_) => {
                        poller.delete(&*stream)?;
                        visits.remove(&event.key);
                        continue;
                    }
                };
                poller.modify_with_mode(&*stream, interest, PollMode::Level)?;
                // ANCHOR_END: interest
            }
        }
    }
    poller.delete(listener)
}
// ANCHOR_END: serve

// ANCHOR: main
fn main() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let server = listener.local_addr()?;
    let visitors = thread::spawn(move || visit(server));

    // The clock that the site waits on blocks, and this server has one thread.
    let clock = WallClock::new();
    // ANCHOR_END: main
    let clock = Recorded(clock);
    // ANCHOR: main
    let service = Service::new(crab_app(Arc::new(clock)), Arc::new(Pace::new()), Config::default());
    serve(&listener, &service)?;
    // ANCHOR_END: main
    visitors.join().expect("the visitors do not panic")?;
    PICTURE.live.recording().rounded(Duration::from_millis(50)).finish().save("states")
    // ANCHOR: main
}
// ANCHOR_END: main

// ANCHOR: visit
/// A phone that sends half a request, a visitor in a hurry, and then somebody who watches the tide.
fn visit(server: SocketAddr) -> io::Result<()> {
    let mut phone = TcpStream::connect(server)?;
    phone.write_all(b"GET /crabs/hermit HTTP/1.1\r\n")?;
    // ANCHOR_END: visit
    let thinks = PICTURE.live.span(PICTURE.phone, Kind::Idle, "has sent half a request");
    // ANCHOR: visit
    let took = get(server, "/crabs/fiddler")?;
    // ANCHOR_END: visit
    PICTURE.live.mark(PICTURE.visitor, "has its page");
    // ANCHOR: visit
    println!("while a phone is sending:     /crabs/fiddler after {took:.1} s");

    let mut watcher = TcpStream::connect(server)?;
    watcher.write_all(b"GET /feed?readings=3 HTTP/1.0\r\n\r\n")?;
    // ANCHOR_END: visit
    let _watches = PICTURE.live.span(PICTURE.watcher, Kind::Waiting, "watches the tide");
    // ANCHOR: visit
    thread::sleep(Duration::from_millis(100));
    // ANCHOR_END: visit
    drop(thinks);
    let waits = PICTURE.live.span(PICTURE.phone, Kind::Waiting, "waits for its page");
    // ANCHOR: visit
    let begun = Instant::now();
    phone.write_all(b"Host: crabsarecool.com\r\nConnection: close\r\n\r\n")?;
    phone.read_to_string(&mut String::new())?;
    let took = begun.elapsed().as_secs_f64();
    // ANCHOR_END: visit
    drop(waits);
    // ANCHOR: visit
    println!("while the tide is watched:    /crabs/hermit after {took:.1} s");
    watcher.read_to_string(&mut String::new())?;
    Ok(())
}
// ANCHOR_END: visit

/// Fetches a page; the seconds that it took.
fn get(server: SocketAddr, path: &str) -> io::Result<f64> {
    let begun = Instant::now();
    let mut stream = TcpStream::connect(server)?;
    write!(stream, "GET {path} HTTP/1.1\r\nHost: crabsarecool.com\r\nConnection: close\r\n\r\n")?;
    stream.read_to_string(&mut String::new())?;
    Ok(begun.elapsed().as_secs_f64())
}

/// The run, as it is drawn.
struct Picture {
    live: Live,
    thread: Lane,
    phone: Lane,
    visitor: Lane,
    watcher: Lane,
}

static PICTURE: LazyLock<Picture> = LazyLock::new(|| {
    let live = Live::new("One thread, and an application that sleeps");
    let lane = |name| live.lane(name);
    let (thread, phone) = (lane("the loop's thread"), lane("phone"));
    let (visitor, watcher) = (lane("visitor"), lane("watcher"));
    Picture { live, thread, phone, visitor, watcher }
});

/// A clock whose sleeps are drawn.
struct Recorded(WallClock);

impl Clock for Recorded {
    fn now(&self) -> Duration {
        self.0.now()
    }
    fn sleep(&self, time: Duration) {
        let _sleeps = PICTURE.live.span(PICTURE.thread, Kind::Blocked, "sleeps in crab_app");
        self.0.sleep(time);
    }
    fn date(&self) -> SystemTime {
        self.0.date()
    }
}
