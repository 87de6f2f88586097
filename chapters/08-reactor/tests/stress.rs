//! Many tasks that do what comes into their heads, by seed, on one Ebb: in the end nothing may be left of them.
//!
//! A lost wake-up shows as a task that never ends, so all of it runs under a watchdog.

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::io::{self, ErrorKind};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::task::{Poll, Waker};
use std::thread;
use std::time::Duration;

use futures_util::{AsyncReadExt, AsyncWriteExt};
use proctor::{expect_eq, watch};
use reactor::{
    AbortHandle, Ebb, Reactor, TaskGroup, TcpListener, TcpStream, copy, sleep, spawn, timeout,
    yield_now,
};

const HERE: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

/// SplitMix64 (Steele, Lea and Flood, 2014).
#[derive(Clone)]
struct Random(Rc<Cell<u64>>);

impl Random {
    fn new(seed: u64) -> Self {
        Self(Rc::new(Cell::new(seed)))
    }

    fn below(&self, limit: usize) -> usize {
        self.0.set(self.0.get().wrapping_add(0x9e37_79b9_7f4a_7c15));
        let mut mixed = self.0.get();
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % limit as u64).unwrap()
    }

    fn micros(&self) -> Duration {
        Duration::from_micros(self.below(300) as u64)
    }
}

/// What a client and its server know.
#[derive(Clone)]
struct World {
    random: Random,
    server: SocketAddr,
    /// Tasks of the server that somebody may abort at any time.
    victims: Rc<RefCell<Vec<AbortHandle>>>,
    whole: Rc<Cell<usize>>,
    /// Conversations that the server ended too early, and how many it was made to.
    broken: Rc<Cell<usize>>,
    aborted: Rc<Cell<usize>>,
    /// One for each task that nobody waits for, and this one.
    tokens: Rc<()>,
}

impl World {
    /// Sends `length` bytes to an echo in parts, with pauses, and reads them back; or leaves somewhere on the way.
    async fn visit(&self) -> io::Result<()> {
        let random = &self.random;
        let mut stream = TcpStream::connect(self.server).await?;
        match random.below(8) {
            // It says nothing and leaves at once, or resets.
            0 => return Ok(()),
            1 => {
                stream.write_all(b"gone").await?;
                socket2::SockRef::from(stream.get_ref()).set_linger(Some(Duration::ZERO))?;
                return Ok(());
            }
            // It waits for words that do not come, for a while.
            2 => {
                let heard = timeout(random.micros(), stream.read(&mut [0])).await;
                assert!(heard.is_none_or(|read| read.is_err()), "an echo of nothing");
                return Ok(());
            }
            // It sends and closes, and reads the end only.
            3 => {
                stream.write_all(b"last words").await?;
                stream.close().await?;
                let mut echoed = Vec::new();
                stream.read_to_end(&mut echoed).await?;
                if !echoed.is_empty() {
                    expect_eq!(&*echoed, b"last words", "the echo");
                }
                self.note(echoed.len(), 10);
                return Ok(());
            }
            _ => {}
        }
        let length = 1 + random.below(1 << random.below(20));
        let (mut input, mut output) = stream.split();
        let sender = self.clone();
        let sends = spawn(async move {
            // All of it is here until the end.
            let sender = sender;
            let random = &sender.random;
            let bytes: Vec<u8> = (0..length).map(pattern).collect();
            let mut rest = &bytes[..];
            while !rest.is_empty() {
                let (part, after) = rest.split_at(1 + random.below(rest.len()));
                output.write_all(part).await?;
                rest = after;
                match random.below(4) {
                    0 => sleep(random.micros()).await,
                    1 => yield_now().await,
                    _ => {}
                }
            }
            output.close().await
        });
        let mut read = 0;
        // Buffers that fit and buffers that do not: a short read is another thing than a full one.
        let mut buffer = vec![0; 1 + random.below(20_000)];
        loop {
            let count = input.read(&mut buffer).await?;
            if count == 0 {
                break;
            }
            let is_right = |(at, byte): (usize, &u8)| *byte == pattern(read + at);
            assert!(buffer[..count].iter().enumerate().all(is_right), "the echo is another");
            read += count;
            if random.below(50) == 0 {
                // It leaves in the middle, with bytes unread.
                sends.abort();
                let _ = sends.await;
                return Ok(());
            }
        }
        self.note(read, length);
        sends.await.expect("nobody aborts it")
    }

    fn note(&self, read: usize, length: usize) {
        assert!(read <= length, "{read} bytes came back of {length}");
        let count = if read == length { &self.whole } else { &self.broken };
        count.set(count.get() + 1);
    }
}

/// The byte at a place of what is sent.
fn pattern(at: usize) -> u8 {
    u8::try_from(at % 251).unwrap()
}

fn is_gone(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::BrokenPipe | ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted
    )
}

/// Far longer than anything takes here.
const NOBODY_WAITS_LONGER: Duration = Duration::from_secs(20);

async fn live(seed: u64) -> usize {
    let listener = TcpListener::bind(HERE).unwrap();
    let world = World {
        random: Random::new(seed),
        server: listener.local_addr().unwrap(),
        victims: Rc::default(),
        whole: Rc::default(),
        broken: Rc::default(),
        aborted: Rc::default(),
        tokens: Rc::default(),
    };
    let random = world.random.clone();
    let (victims, chance) = (Rc::clone(&world.victims), random.clone());
    let tokens = Rc::clone(&world.tokens);
    let server = spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let token = Rc::clone(&tokens);
            let echo = spawn(async move {
                let (mut input, mut output) = stream.split();
                let echoed = copy(&mut input, &mut output).await;
                let closed = output.close().await;
                if let Err(error) = echoed.map(drop).and(closed) {
                    assert!(is_gone(&error), "the server: {error}");
                }
                drop(token);
            });
            if chance.below(6) == 0 {
                victims.borrow_mut().push(echo.abort_handle());
            }
        }
    });
    let mut clients = TaskGroup::new();
    for _ in 0..40 {
        let world = world.clone();
        clients.spawn(async move {
            match timeout(NOBODY_WAITS_LONGER, world.visit()).await {
                Some(Err(error)) => assert!(is_gone(&error), "a client: {error}"),
                Some(Ok(())) => {}
                None => panic!("a client waits for ever"),
            }
        });
    }
    // Aborts this one and that one meanwhile, never waiting for anything.
    let mut left = 40;
    while left > 0 {
        if timeout(Duration::from_micros(200), clients.next()).await.is_some_and(|ended| {
            ended.expect("the group is there").expect("a client does not panic");
            true
        }) {
            left -= 1;
        }
        let victims = world.victims.take();
        for victim in victims {
            if random.below(2) == 0 {
                victim.abort();
                world.aborted.set(world.aborted.get() + 1);
            }
        }
    }
    let (broken, aborted) = (world.broken.get(), world.aborted.get());
    assert!(broken <= aborted, "{broken} broken conversations, and {aborted} aborted");
    server.abort();
    assert!(server.await.unwrap_err().is_aborted());
    // The server's tasks end when they see that their clients are gone.
    while Rc::strong_count(&world.tokens) > 1 {
        yield_now().await;
    }
    world.whole.get()
}

#[test]
fn whatever_clients_do_nothing_is_left_of_them() {
    let whole = Arc::new(AtomicUsize::new(0));
    // A few seeds under each watchdog: on a busy machine they take a while.
    for seeds in [0..4, 4..8, 8..12, 12..16, 16..20, 20..24] {
        let whole = Arc::clone(&whole);
        watch(move || {
            let mut ebb = reactor::new().unwrap();
            for seed in seeds {
                whole.fetch_add(ebb.block_on(live(seed)), Ordering::Relaxed);
                let left = (ebb.tasks(), ebb.timers(), ebb.block_on(async { Reactor::sources() }));
                expect_eq!(left, (0, 0, 0), "tasks, timers and sockets left of seed {seed}");
            }
        });
    }
    let whole = whole.load(Ordering::Relaxed);
    assert!(whole > 200, "only {whole} conversations came to their end: this tests nothing");
}

/// Hands its waker to another thread and waits until that one has woken it.
async fn by_way_of(others: &mpsc::Sender<(Waker, mpsc::Sender<()>)>) {
    let (tell, told) = mpsc::channel();
    let mut asked = false;
    poll_fn(|context| {
        if !asked {
            asked = true;
            others.send((context.waker().clone(), tell.clone())).unwrap();
        }
        match told.try_recv() {
            Ok(()) => Poll::Ready(()),
            Err(_) => Poll::Pending,
        }
    })
    .await;
}

/// Tasks that are woken by two other threads, now and then while they are polled, and by timers, and are aborted at times.
async fn be_woken(seed: u64, others: Vec<mpsc::Sender<(Waker, mpsc::Sender<()>)>>) {
    let random = Random::new(seed);
    let others = Rc::new(others);
    let mut group = TaskGroup::new();
    for _ in 0..30 {
        let (random, others) = (random.clone(), Rc::clone(&others));
        group.spawn(async move {
            for _ in 0..20 {
                let other = &others[random.below(others.len())];
                match random.below(5) {
                    0 => yield_now().await,
                    1 => {
                        let _ = timeout(random.micros(), by_way_of(other)).await;
                    }
                    2 => {
                        let (other, number) = (other.clone(), random.below(10));
                        let task = spawn(async move {
                            by_way_of(&other).await;
                            number
                        });
                        if random.below(2) == 0 {
                            task.abort();
                        }
                        assert!(task.await.map_or(true, |number| number < 10));
                    }
                    _ => by_way_of(other).await,
                }
            }
        });
    }
    group.join().await.unwrap();
}

/// Runs the above on an executor of some kind: each wake must arrive.
fn wakes_arrive_on(mut ebb: Ebb) {
    let wakers: Vec<_> = (0..2)
        .map(|_| {
            let (send, receive) = mpsc::channel::<(Waker, mpsc::Sender<()>)>();
            let thread = thread::spawn(move || {
                for (waker, tell) in receive {
                    let _ = tell.send(());
                    waker.wake();
                }
            });
            (send, thread)
        })
        .collect();
    for seed in 0..20 {
        let others = wakers.iter().map(|(send, _)| send.clone()).collect();
        ebb.block_on(be_woken(seed, others));
        expect_eq!((ebb.tasks(), ebb.timers()), (0, 0), "tasks and timers left of seed {seed}");
    }
    for (send, thread) in wakers {
        drop(send);
        thread.join().unwrap();
    }
}

#[test]
fn every_wake_of_another_thread_arrives_at_a_parked_thread() {
    watch(|| wakes_arrive_on(Ebb::new()));
}

#[test]
fn every_wake_of_another_thread_arrives_at_a_waiting_reactor() {
    watch(|| wakes_arrive_on(reactor::new().unwrap()));
}
