//! What the library promises, over sockets of this machine.

use std::cell::Cell;
use std::future::{pending, poll_fn};
use std::io::{ErrorKind, Read, Write};
use std::net::{self, SocketAddr};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::mpsc;
use std::task::{Poll, Waker};
use std::thread;
use std::time::Duration;

use futures_util::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use proctor::count::{Drops, Polls};
use proctor::{expect_eq, watch};
use reactor::{
    Direction, Ebb, Reactor, Source, TcpListener, TcpStream, copy, join_all, sleep, spawn, timeout,
    yield_now,
};

const HERE: SocketAddr = SocketAddr::new(net::IpAddr::V4(net::Ipv4Addr::LOCALHOST), 0);

fn ebb<T>(body: impl Future<Output = T>) -> T {
    reactor::new().unwrap().block_on(body)
}

/// A connection's two ends, both with the reactor.
async fn pair() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind(HERE).unwrap();
    let near = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    (near, listener.accept().await.unwrap().0)
}

/// One end with the reactor, and the other with nobody.
async fn half_a_pair() -> (TcpStream, net::TcpStream) {
    let listener = net::TcpListener::bind(HERE).unwrap();
    let near = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    (near, listener.accept().unwrap().0)
}

#[test]
fn a_reader_that_waits_is_polled_once_before_the_bytes_come_and_once_after() {
    watch(|| {
        let polls = Polls::new();
        ebb(async {
            let (mut near, mut far) = half_a_pair().await;
            let reader = spawn(polls.of(async move {
                let mut text = [0; 4];
                near.read_exact(&mut text).await.unwrap();
                text
            }));
            yield_now().await;
            far.write_all(b"crab").unwrap();
            expect_eq!(&reader.await.unwrap(), b"crab", "the text");
        });
        expect_eq!(polls.count(), 2, "the polls");
    });
}

#[test]
fn one_task_reads_and_another_writes_on_one_stream() {
    watch(|| {
        ebb(async {
            let (near, far) = pair().await;
            let (mut input, mut output) = near.split();
            let (mut far_input, mut far_output) = far.split();
            // More than the kernel keeps for a connection: both ends must read while they write.
            let length = 8 * 1024 * 1024;
            let sends = vec![7; length];
            let echo = spawn(async move {
                let count = copy(&mut far_input, &mut far_output).await.unwrap();
                far_output.close().await.unwrap();
                count
            });
            let writer = spawn(async move {
                output.write_all(&sends).await.unwrap();
                output.close().await.unwrap();
            });
            let mut back = Vec::new();
            input.read_to_end(&mut back).await.unwrap();
            writer.await.unwrap();
            expect_eq!(echo.await.unwrap(), length as u64, "the bytes that were copied");
            expect_eq!(back.len(), length, "the bytes that came back");
        });
    });
}

#[test]
fn whoever_does_not_read_makes_the_writer_wait() {
    watch(|| {
        ebb(async {
            let (mut near, far) = half_a_pair().await;
            let written = Rc::new(Cell::new(0_usize));
            let seen = Rc::clone(&written);
            let writer = spawn(async move {
                let part = vec![0; 64 * 1024];
                while seen.get() < 64 * 1024 * 1024 {
                    seen.set(seen.get() + near.write(&part).await.unwrap());
                }
            });
            // It goes on until the buffers of the kernel are full, and no further.
            let mut before = usize::MAX;
            while written.get() != before {
                before = written.get();
                for _ in 0..1_000 {
                    yield_now().await;
                }
            }
            assert!(!writer.is_finished(), "the kernel took {} bytes", written.get());
            let reads = thread::spawn(move || {
                let mut far = far;
                std::io::copy(&mut far, &mut std::io::sink()).unwrap()
            });
            writer.await.unwrap();
            expect_eq!(reads.join().unwrap(), written.get() as u64, "the bytes that were read");
        });
    });
}

#[test]
fn a_refused_connection_is_an_error() {
    watch(|| {
        ebb(async {
            let nobody = net::TcpListener::bind(HERE).unwrap().local_addr().unwrap();
            let error = TcpStream::connect(nobody).await.unwrap_err();
            expect_eq!(error.kind(), ErrorKind::ConnectionRefused, "the error");
            expect_eq!(Reactor::sources(), 0, "the sockets left");
        });
    });
}

#[test]
fn a_reset_wakes_the_reader_and_the_writer() {
    watch(|| {
        ebb(async {
            let (near, far) = half_a_pair().await;
            let (mut input, mut output) = near.split();
            let reader = spawn(async move { input.read(&mut [0]).await });
            let writer = spawn(async move {
                let part = vec![0; 64 * 1024];
                loop {
                    if let Err(error) = output.write_all(&part).await {
                        return error;
                    }
                }
            });
            yield_now().await;
            yield_now().await;
            // With bytes unread a close is a reset.
            drop(far);
            expect_eq!(
                reader.await.unwrap().unwrap_err().kind(),
                ErrorKind::ConnectionReset,
                "the reader's error"
            );
            let error = writer.await.unwrap().kind();
            assert!(
                matches!(error, ErrorKind::BrokenPipe | ErrorKind::ConnectionReset),
                "the writer's error: {error:?}"
            );
        });
    });
}

#[test]
fn after_a_half_close_the_other_direction_goes_on() {
    watch(|| {
        ebb(async {
            let (mut near, mut far) = pair().await;
            near.write_all(b"tide?").await.unwrap();
            near.close().await.unwrap();
            let mut question = String::new();
            far.read_to_string(&mut question).await.unwrap();
            far.write_all(b"rising").await.unwrap();
            drop(far);
            let mut answer = String::new();
            near.read_to_string(&mut answer).await.unwrap();
            expect_eq!((question.as_str(), answer.as_str()), ("tide?", "rising"), "what was said");
        });
    });
}

#[test]
fn the_end_that_comes_together_with_the_last_bytes_is_seen() {
    watch(|| {
        ebb(async {
            let (mut near, mut far) = half_a_pair().await;
            let reader = spawn(async move {
                let mut lengths = Vec::new();
                loop {
                    let count = near.read(&mut [0; 64]).await.unwrap();
                    lengths.push(count);
                    if count == 0 {
                        return lengths;
                    }
                }
            });
            yield_now().await;
            far.write_all(b"crab").unwrap();
            drop(far);
            expect_eq!(reader.await.unwrap(), [4, 0], "what the reads returned");
        });
    });
}

#[test]
fn a_read_that_an_urgent_byte_cuts_short_does_not_hide_what_follows() {
    watch(|| {
        ebb(async {
            let (mut near, mut far) = half_a_pair().await;
            let reader = spawn(async move {
                let mut text = [0; 9];
                let mut read = 0;
                while read < text.len() {
                    read += near.read(&mut text[read..]).await.unwrap();
                }
                text
            });
            yield_now().await;
            far.write_all(b"tide").unwrap();
            socket2::SockRef::from(&far).send_out_of_band(b"!").unwrap();
            far.write_all(b"rises").unwrap();
            expect_eq!(&reader.await.unwrap(), b"tiderises", "the text");
        });
    });
}

#[test]
fn a_socket_that_is_dropped_leaves_the_register_and_its_place_is_used_again() {
    watch(|| {
        ebb(async {
            for _ in 0..3 {
                let pairs = join_all((0..10).map(|_| pair())).await;
                expect_eq!(Reactor::sources(), 20, "the sockets registered");
                drop(pairs);
                expect_eq!(Reactor::sources(), 0, "the sockets left");
            }
        });
    });
}

#[test]
fn an_event_for_a_socket_that_is_gone_does_no_harm_to_the_next_in_its_place() {
    watch(|| {
        ebb(async {
            let (near, mut far) = half_a_pair().await;
            far.write_all(b"for nobody").unwrap();
            drop(near);
            let (mut near, mut far) = half_a_pair().await;
            let reader = spawn(async move { near.read(&mut [0; 8]).await.unwrap() });
            yield_now().await;
            far.write_all(b"crab").unwrap();
            expect_eq!(reader.await.unwrap(), 4, "the bytes");
        });
    });
}

#[test]
fn a_task_that_is_aborted_while_it_reads_closes_its_connection() {
    watch(|| {
        ebb(async {
            let (mut near, mut far) = half_a_pair().await;
            let drops = Drops::new();
            let token = drops.token();
            let reader = spawn(async move {
                let _token = token;
                near.read(&mut [0]).await
            });
            yield_now().await;
            reader.abort();
            assert!(reader.await.unwrap_err().is_aborted());
            expect_eq!((drops.alive(), Reactor::sources()), (0, 0), "futures and sockets left");
            expect_eq!(far.read(&mut [0]).unwrap(), 0, "what the other end reads");
        });
    });
}

#[test]
fn a_wake_from_another_thread_interrupts_the_wait_for_sockets() {
    watch(|| {
        let (send, receive) = mpsc::channel::<Waker>();
        let other = thread::spawn(move || receive.iter().for_each(Waker::wake));
        ebb(async {
            let listener = TcpListener::bind(HERE).unwrap();
            let idle = spawn(async move { listener.accept().await.map(drop) });
            for _ in 0..100 {
                let mut left = false;
                poll_fn(|context| {
                    if std::mem::replace(&mut left, true) {
                        return Poll::Ready(());
                    }
                    send.send(context.waker().clone()).unwrap();
                    Poll::Pending
                })
                .await;
            }
            idle.abort();
        });
        drop(send);
        other.join().unwrap();
    });
}

#[test]
fn a_client_who_never_stops_talking_does_not_keep_the_thread() {
    watch(|| {
        ebb(async {
            let (mut near, far) = half_a_pair().await;
            let talks = thread::spawn(move || {
                let mut far = far;
                let talk = vec![0; 64 * 1024];
                while far.write_all(&talk).is_ok() {}
            });
            let listener = spawn(async move {
                let mut byte = [0];
                while near.read(&mut byte).await.unwrap() > 0 {}
            });
            // The reader of single bytes always finds one. The main future goes on nevertheless.
            for _ in 0..10 {
                yield_now().await;
            }
            assert!(!listener.is_finished());
            listener.abort();
            assert!(listener.await.is_err());
            talks.join().unwrap();
        });
    });
}

#[test]
fn a_timer_ends_the_wait_for_a_silent_client() {
    watch(|| {
        ebb(async {
            let (mut near, _far) = half_a_pair().await;
            let heard = timeout(Duration::from_millis(1), near.read(&mut [0])).await;
            assert!(heard.is_none(), "a silent client was heard: {heard:?}");
        });
    });
}

#[test]
fn an_output_at_the_deadline_is_returned_and_a_late_future_is_dropped() {
    watch(|| {
        Ebb::with_virtual_clock().block_on(async {
            let second = Duration::from_secs(1);
            expect_eq!(timeout(second, sleep(second)).await, Some(()), "at the deadline");
            let drops = Drops::new();
            let token = drops.token();
            let late = timeout(second, async move {
                let _token = token;
                pending::<()>().await;
            });
            expect_eq!(late.await, None, "after the deadline");
            expect_eq!(drops.alive(), 0, "the late futures left");
        });
    });
}

#[test]
fn the_latest_waker_is_woken() {
    watch(|| {
        ebb(async {
            let (near, mut far) = half_a_pair().await;
            let first = Rc::new(Cell::new(false));
            let (near, seen) = (Rc::new(near), Rc::clone(&first));
            let polled = Rc::clone(&near);
            // Polls once and waits for ever: its waker is the first.
            let early = spawn(async move {
                poll_fn(|context| {
                    seen.set(true);
                    let mut stream = &*polled;
                    Pin::new(&mut stream).poll_read(context, &mut [0]).map(drop)
                })
                .await;
            });
            yield_now().await;
            assert!(first.get());
            let late = spawn(async move { (&*near).read(&mut [0; 4]).await.unwrap() });
            yield_now().await;
            far.write_all(b"crab").unwrap();
            expect_eq!(late.await.unwrap(), 4, "the bytes");
            early.abort();
        });
    });
}

#[test]
#[should_panic(expected = "a socket needs a reactor")]
fn a_socket_without_a_reactor_says_what_it_needs() {
    let socket = net::TcpListener::bind(HERE).unwrap();
    let _ = Ebb::new().block_on(async { Source::new(socket) });
}

#[test]
fn a_source_takes_any_socket() {
    watch(|| {
        ebb(async {
            let (near, far) =
                socket2::Socket::pair(socket2::Domain::UNIX, socket2::Type::DGRAM, None).unwrap();
            near.set_nonblocking(true).unwrap();
            let source = Source::new(std::os::unix::net::UnixDatagram::from(
                std::os::fd::OwnedFd::from(near),
            ))
            .unwrap();
            let reader = spawn(async move {
                let mut buffer = [0; 16];
                poll_fn(|context| {
                    source.poll_io(Direction::Read, context, |socket| socket.recv(&mut buffer))
                })
                .await
            });
            yield_now().await;
            far.send(b"crab").unwrap();
            expect_eq!(reader.await.unwrap().unwrap(), 4, "the bytes");
        });
    });
}

#[test]
fn sockets_outlive_their_executor() {
    watch(|| {
        let mut ebb = reactor::new().unwrap();
        let (near, _far) = ebb.block_on(half_a_pair());
        drop(ebb);
        drop(near);
    });
}
