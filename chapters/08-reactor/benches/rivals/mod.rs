//! The same echo on three runtimes, for the benchmark and for the example `net_peers`.
//!
//! Both ends of each connection are tasks of the runtime that is measured, so one thread does all the work
//! and no other process decides how long it takes.

use futures_util::{AsyncReadExt, AsyncWriteExt};

/// Messages there and back, shared out among the connections.
pub const MESSAGES: usize = 10_000;
const LENGTH: usize = 64;

/// Connections that have been made on a runtime, and a server that answers on each.
pub trait Rival {
    /// Sends the messages of one round, and waits for all of them to come back.
    fn round(&mut self, messages: usize);
}

// ANCHOR: echo
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
// ANCHOR_END: echo

/// Ebb, whole.
pub fn ebb(connections: usize) -> Box<dyn Rival> {
    use reactor::{Ebb, TaskGroup, TcpListener, TcpStream, spawn};

    /// The streams are dropped first: they are registered with the executor.
    struct OnEbb {
        clients: Vec<TcpStream>,
        ebb: Ebb,
    }

    impl Rival for OnEbb {
        fn round(&mut self, messages: usize) {
            let Self { clients, ebb } = self;
            let each = messages / clients.len();
            *clients = ebb.block_on(async {
                let mut group = TaskGroup::new();
                for mut client in clients.drain(..) {
                    group.spawn(async move {
                        ask(&mut client, each).await;
                        client
                    });
                }
                group.join().await.unwrap()
            });
        }
    }

    let mut ebb = reactor::new().unwrap();
    let clients = ebb.block_on(async {
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
    Box::new(OnEbb { clients, ebb })
}

/// Tokio's runtime of one thread.
pub fn tokio(connections: usize) -> Box<dyn Rival> {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::{TcpListener, TcpStream};
    use tokio::runtime::Runtime;
    use tokio::task::JoinSet;

    struct OnTokio {
        clients: Vec<TcpStream>,
        runtime: Runtime,
    }

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

    impl Rival for OnTokio {
        fn round(&mut self, messages: usize) {
            let Self { clients, runtime } = self;
            let each = messages / clients.len();
            *clients = runtime.block_on(async {
                let mut group = JoinSet::new();
                for mut client in clients.drain(..) {
                    group.spawn(async move {
                        ask(&mut client, each).await;
                        client
                    });
                }
                group.join_all().await
            });
        }
    }

    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let clients = runtime.block_on(async {
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
    Box::new(OnTokio { clients, runtime })
}

/// async-executor's executor of one thread, with async-io's reactor.
pub fn async_io(connections: usize) -> Box<dyn Rival> {
    use std::net::{SocketAddr, TcpListener, TcpStream};

    use async_executor::LocalExecutor;
    use async_io::Async;

    struct OnAsyncIo {
        clients: Vec<Async<TcpStream>>,
        executor: LocalExecutor<'static>,
    }

    impl Rival for OnAsyncIo {
        fn round(&mut self, messages: usize) {
            let Self { clients, executor } = self;
            let each = messages / clients.len();
            *clients = async_io::block_on(executor.run(async {
                let tasks: Vec<_> = clients
                    .drain(..)
                    .map(|mut client| {
                        executor.spawn(async move {
                            ask(&mut client, each).await;
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
        }
    }

    let executor = LocalExecutor::new();
    let clients = async_io::block_on(executor.run(async {
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
    Box::new(OnAsyncIo { clients, executor })
}
