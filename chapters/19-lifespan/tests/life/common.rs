//! A server in memory, where time is virtual; and a diary of what happens, with the second in which it does.

use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use gateway::{
    App, DynApp, Error, Receive, ReceiveEvent, ResponseBody, ResponseStart, Scope, SendEvent,
    Sender,
};
use lifespan::{Config, Outcome, Signal, Signals, Stages, serve};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use wsgi::ErrorLog;

pub const SECOND: Duration = Duration::from_secs(1);

/// Lines, each with the second in which it was written.
#[derive(Debug, Clone)]
pub struct Diary {
    began: Instant,
    lines: Arc<Mutex<Vec<String>>>,
}

impl Diary {
    pub fn new() -> Self {
        Self { began: Instant::now(), lines: Arc::default() }
    }

    pub fn note(&self, line: impl AsRef<str>) {
        let line = format!("{:>2} {}", self.began.elapsed().as_secs(), line.as_ref());
        self.lines.lock().unwrap().push(line);
    }

    pub fn lines(&self) -> Vec<String> {
        self.lines.lock().unwrap().clone()
    }

    /// Waits until such a line is there. Other tasks run meanwhile.
    pub async fn until(&self, what: &str) {
        while !self.lines().iter().any(|line| line.contains(what)) {
            tokio::task::yield_now().await;
        }
    }
}

/// What is reported as a failure of the application.
impl io::Write for Diary {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.note(String::from_utf8_lossy(bytes).trim_end());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A server that runs beside the test.
pub struct Site {
    pub diary: Diary,
    pub signals: mpsc::UnboundedSender<Signal>,
    connect: mpsc::UnboundedSender<DuplexStream>,
    serving: JoinHandle<Outcome>,
}

pub fn site(diary: &Diary, app: impl App + 'static, change: impl FnOnce(&mut Config)) -> Site {
    let (connect, listener) = mpsc::unbounded_channel();
    let (signals, scripted) = Signals::scripted();
    let noted = diary.clone();
    let http = http_server::Config {
        date: false,
        server: None,
        errors: ErrorLog::new(diary.clone()),
        ..http_server::Config::default()
    };
    let stages = Stages::new(move |stage| noted.note(stage.to_string()));
    let mut config = Config { http, stages, ..Config::default() };
    change(&mut config);
    let serving = tokio::spawn(serve(listener, DynApp::new(app), config, scripted));
    Site { diary: diary.clone(), signals, connect, serving }
}

impl Site {
    /// A connection, or none if nobody is accepted any more.
    pub fn try_connect(&self) -> Option<Client> {
        let (stream, theirs) = duplex(16 * 1024);
        self.connect.send(theirs).ok().map(|()| Client { stream })
    }

    pub fn connect(&self) -> Client {
        self.try_connect().expect("the listener is closed")
    }

    /// Connects, and sends a request.
    pub async fn ask(&self, target: &str) -> Client {
        let mut client = self.connect();
        client.ask(target).await;
        client
    }

    pub fn signal(&self, signal: Signal) {
        self.signals.send(signal).expect("the server has ended");
    }

    /// Waits for the end: the outcome's words, and the exit code.
    pub async fn ended(self) -> (String, u8) {
        let outcome = self.serving.await.unwrap();
        (outcome.to_string(), outcome.code())
    }
}

pub struct Client {
    stream: DuplexStream,
}

impl Client {
    pub async fn ask(&mut self, target: &str) {
        let request = format!("GET {target} HTTP/1.1\r\nhost: crab\r\n\r\n");
        self.stream.write_all(request.as_bytes()).await.unwrap();
    }

    /// Reads until the text ends like that.
    pub async fn hear(&mut self, end: &str) -> String {
        let mut heard = Vec::new();
        while !heard.ends_with(end.as_bytes()) {
            let count = self.stream.read_buf(&mut heard).await.unwrap();
            let text = String::from_utf8_lossy(&heard);
            assert!(count > 0, "the connection ended before {end:?}: {text}");
        }
        String::from_utf8(heard).unwrap()
    }

    /// Reads until the server closes the connection.
    pub async fn hear_all(&mut self) -> String {
        let mut heard = Vec::new();
        self.stream.read_to_end(&mut heard).await.unwrap();
        String::from_utf8(heard).unwrap()
    }
}

/// A whole response.
pub async fn respond(send: &Sender, text: impl Into<String>) -> Result<(), Error> {
    send.send(ResponseStart::new(200)).await?;
    Ok(send.send(ResponseBody::last(text.into())).await?)
}

/// A lifespan in which nothing goes wrong, and that notes what it is told.
pub async fn well(diary: &Diary, mut receive: Receive, send: &Sender) -> Result<(), Error> {
    expect(&mut receive, ReceiveEvent::LifespanStartup).await;
    diary.note("startup");
    send.send(SendEvent::LifespanStartupComplete).await?;
    expect(&mut receive, ReceiveEvent::LifespanShutdown).await;
    diary.note("shutdown");
    Ok(send.send(SendEvent::LifespanShutdownComplete).await?)
}

pub async fn expect(receive: &mut Receive, event: ReceiveEvent) {
    assert_eq!(receive.next().await.name(), event.name());
}

/// An application of two parts.
pub fn app<L, H>(
    lifespan: impl Fn(Receive, Sender) -> L + Clone + Send + Sync + 'static,
    http: impl Fn(gateway::HttpScope, Receive, Sender) -> H + Clone + Send + Sync + 'static,
) -> impl App + Clone + 'static
where
    L: Future<Output = Result<(), Error>> + Send + 'static,
    H: Future<Output = Result<(), Error>> + Send + 'static,
{
    move |scope: Scope,
          receive: Receive,
          send: Sender|
          -> std::pin::Pin<Box<dyn Future<Output = Result<(), Error>> + Send>> {
        match scope {
            Scope::Lifespan(_) => Box::pin(lifespan(receive, send)),
            Scope::Http(scope) => Box::pin(http(scope, receive, send)),
            Scope::WebSocket(_) => unreachable!("nobody opens a WebSocket here"),
        }
    }
}

/// Notes when it is dropped.
pub struct Grave(pub Diary, pub &'static str);

impl Drop for Grave {
    fn drop(&mut self) {
        self.0.note(format!("{} is dropped", self.1));
    }
}
