//! Ebb's sockets beside Tokio's current-thread runtime and async-executor with async-io, in one run.
//!
//! Both ends of each connection are tasks of the runtime that is measured, so one thread does all the work
//! and no other process decides how long it takes.
//!
//! `cargo bench -p reactor`

use divan::Bencher;
use futures_util::{AsyncReadExt, AsyncWriteExt};

/// Messages there and back, shared out among the connections.
const MESSAGES: usize = 10_000;
const LENGTH: usize = 64;

fn main() {
    event_loop::descriptors::raise_limit(4_096);
    divan::main();
}

/// Sends back what comes, until the end.
async fn echo(mut stream: impl AsyncReadExt + AsyncWriteExt + Unpin) {
    let mut buffer = [0; 1024];
    loop {
        match stream.read(&mut buffer).await.unwrap() {
            0 => return,
            count => stream.write_all(&buffer[..count]).await.unwrap(),
        }
    }
}

async fn ask(stream: &mut (impl AsyncReadExt + AsyncWriteExt + Unpin), rounds: usize) {
    let mut buffer = [7; LENGTH];
    for _ in 0..rounds {
        stream.write_all(&buffer).await.unwrap();
        stream.read_exact(&mut buffer).await.unwrap();
    }
}

#[divan::bench(args = [1, 1_000], sample_count = 30)]
fn ebb(bencher: Bencher<'_, '_>, connections: usize) {
    use reactor::{TaskGroup, TcpListener, TcpStream, spawn};

    let mut ebb = reactor::new().unwrap();
    let mut clients: Vec<_> = ebb.block_on(async {
        let listener = TcpListener::bind(([127, 0, 0, 1], 0).into()).unwrap();
        let address = listener.local_addr().unwrap();
        let mut clients = Vec::new();
        for _ in 0..connections {
            clients.push(TcpStream::connect(address).await.unwrap());
            let (stream, _) = listener.accept().await.unwrap();
            drop(spawn(echo(stream)));
        }
        clients
    });
    bencher.bench_local(|| {
        clients = ebb.block_on(async {
            let mut group = TaskGroup::new();
            for mut client in clients.drain(..) {
                group.spawn(async move {
                    ask(&mut client, MESSAGES / connections).await;
                    client
                });
            }
            group.join().await.unwrap()
        });
    });
    // A stream is dropped in the executor that it is registered with, or after it.
    drop((clients, ebb));
}

#[divan::bench(args = [1, 1_000], sample_count = 30)]
fn tokio(bencher: Bencher<'_, '_>, connections: usize) {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::{TcpListener, TcpStream};
    use tokio::task::JoinSet;

    async fn echo(mut stream: TcpStream) {
        let mut buffer = [0; 1024];
        loop {
            match stream.read(&mut buffer).await.unwrap() {
                0 => return,
                count => stream.write_all(&buffer[..count]).await.unwrap(),
            }
        }
    }

    async fn ask(stream: &mut TcpStream, rounds: usize) {
        let mut buffer = [7; LENGTH];
        for _ in 0..rounds {
            stream.write_all(&buffer).await.unwrap();
            stream.read_exact(&mut buffer).await.unwrap();
        }
    }

    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let mut clients: Vec<_> = runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut clients = Vec::new();
        for _ in 0..connections {
            clients.push(TcpStream::connect(address).await.unwrap());
            let (stream, _) = listener.accept().await.unwrap();
            tokio::spawn(echo(stream));
        }
        clients
    });
    bencher.bench_local(|| {
        clients = runtime.block_on(async {
            let mut group = JoinSet::new();
            for mut client in clients.drain(..) {
                group.spawn(async move {
                    ask(&mut client, MESSAGES / connections).await;
                    client
                });
            }
            group.join_all().await
        });
    });
}

#[divan::bench(args = [1, 1_000], sample_count = 30)]
fn async_io(bencher: Bencher<'_, '_>, connections: usize) {
    use std::net::{SocketAddr, TcpListener, TcpStream};

    use async_executor::LocalExecutor;
    use async_io::Async;

    let executor = LocalExecutor::new();
    let mut clients: Vec<_> = async_io::block_on(executor.run(async {
        let listener = Async::<TcpListener>::bind(([127, 0, 0, 1], 0)).unwrap();
        let address: SocketAddr = listener.get_ref().local_addr().unwrap();
        let mut clients = Vec::new();
        for _ in 0..connections {
            clients.push(Async::<TcpStream>::connect(address).await.unwrap());
            let (stream, _) = listener.accept().await.unwrap();
            executor.spawn(echo(stream)).detach();
        }
        clients
    }));
    bencher.bench_local(|| {
        clients = async_io::block_on(executor.run(async {
            let tasks: Vec<_> = clients
                .drain(..)
                .map(|mut client| {
                    executor.spawn(async move {
                        ask(&mut client, MESSAGES / connections).await;
                        client
                    })
                })
                .collect();
            let mut clients = Vec::new();
            for task in tasks {
                clients.push(task.await);
            }
            clients
        }));
    });
}
