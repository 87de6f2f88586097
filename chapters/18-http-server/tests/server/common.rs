//! A server under test, and a client that speaks bytes: over a socket, or in memory where time is virtual.

#[path = "../diary/mod.rs"]
mod diary;

use std::io;
use std::time::Duration;

use gateway::{App, DynApp};
use http_server::{Config, Server};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream, duplex};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime;
use tokio::task::JoinHandle;
use wsgi::server::ErrorLog;

pub use diary::Diary;

pub const GET: &str = "GET / HTTP/1.1\r\nhost: crab\r\n\r\n";

/// Defaults that do not depend on the clock on the wall, and report to a diary.
pub fn config(failures: &Diary) -> Config {
    Config {
        date: false,
        server: None,
        errors: ErrorLog::new(failures.clone()),
        ..Config::default()
    }
}

/// Runs a test with real sockets and real time, on one thread, watched.
pub fn real<F: Future<Output = ()>>(test: impl FnOnce() -> F + Send + 'static) {
    proctor::watch(|| {
        runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(test());
    });
}

/// Runs a test with programs that others wrote, which take their time to begin: they have a minute.
pub fn with_programs<F: Future<Output = ()>>(test: impl FnOnce() -> F) {
    let runtime = runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        tokio::time::timeout(60 * SECOND, test()).await.expect("it ends within a minute");
    });
}

pub struct Client<S> {
    pub stream: S,
    pub server: JoinHandle<()>,
    pub failures: Diary,
}

/// A connection in memory, that holds so many bytes each way.
pub fn in_memory(
    app: impl App + 'static,
    change: impl FnOnce(&mut Config),
) -> Client<DuplexStream> {
    let failures = Diary::default();
    let mut config = config(&failures);
    change(&mut config);
    in_memory_to(&Server::new(DynApp::new(app), config), failures)
}

pub fn in_memory_to<A: App + 'static>(server: &Server<A>, failures: Diary) -> Client<DuplexStream> {
    const PIPE: usize = 16 * 1024;
    let (stream, theirs) = duplex(PIPE);
    Client { stream, server: tokio::spawn(server.serve_connection(theirs)), failures }
}

/// A connection over a socket. One is accepted.
pub async fn over_tcp(
    app: impl App + 'static,
    change: impl FnOnce(&mut Config),
) -> Client<TcpStream> {
    let failures = Diary::default();
    let mut config = config(&failures);
    change(&mut config);
    let unsent = config.unsent;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let stream = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    let (theirs, _) = listener.accept().await.unwrap();
    let connection = Server::new(DynApp::new(app), config)
        .serve_connection(http_server::Tcp::new(theirs, unsent));
    Client { stream, server: tokio::spawn(connection), failures }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Client<S> {
    pub async fn say(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream.write_all(bytes.as_ref()).await.unwrap();
    }

    /// Reads until the text ends like that.
    pub async fn hear(&mut self, end: &str) -> String {
        let mut heard = Vec::new();
        while !heard.ends_with(end.as_bytes()) {
            let count = self.stream.read_buf(&mut heard).await.unwrap();
            assert!(
                count > 0,
                "the connection ended before {end:?}: {}",
                String::from_utf8_lossy(&heard)
            );
        }
        String::from_utf8(heard).unwrap()
    }

    /// Reads until the server closes the connection.
    pub async fn hear_all(&mut self) -> String {
        let mut heard = Vec::new();
        self.stream.read_to_end(&mut heard).await.unwrap();
        String::from_utf8(heard).unwrap()
    }

    /// Sends one request, and reads all up to the end of the connection.
    pub async fn ask(&mut self, request: impl AsRef<[u8]>) -> String {
        self.say(request).await;
        self.hear_all().await
    }
}

/// A request without a body, after which the connection is closed.
pub fn get(target: &str) -> String {
    format!("GET {target} HTTP/1.1\r\nhost: crab\r\nconnection: close\r\n\r\n")
}

/// The first line of a response.
pub fn status(response: &str) -> &str {
    response.split("\r\n").next().unwrap_or_default()
}

pub const SECOND: Duration = Duration::from_secs(1);

/// What curl gets, asked like that; `None`, and a line that says so, where there is no curl.
pub async fn curl(arguments: &[&str], url: &str) -> Option<String> {
    let mut command = tokio::process::Command::new("curl");
    command.args(["-sS", "--max-time", "50"]).args(arguments).arg(url).kill_on_drop(true);
    let output = match command.output().await {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            println!("skipped: there is no curl");
            return None;
        }
        output => output.unwrap(),
    };
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(error, "", "curl {arguments:?} {url}");
    Some(String::from_utf8(output.stdout).unwrap())
}
