//! What the tests share: a scripted transport, and a server on a real socket.
#![expect(dead_code, reason = "each test file uses a part of it")]

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use proctor::script::Script;
use wsgi::{
    App, Body, Config, Environ, Error, ErrorLog, StartResponse, TestClock, Transport,
    serve_connection, serve_each,
};

/// A scripted stream as a transport. Each read takes `pace` on the test's clock.
pub struct Scripted {
    pub script: Script,
    pub clock: Arc<TestClock>,
    pub pace: Duration,
}

impl Read for Scripted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.clock.advance(self.pace);
        self.script.read(buffer)
    }
}

impl Write for Scripted {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.script.write(bytes)
    }
    fn flush(&mut self) -> io::Result<()> {
        self.script.flush()
    }
}

impl Transport for Scripted {
    fn read_within(&mut self, _: Duration) -> io::Result<()> {
        Ok(())
    }
    fn write_within(&mut self, _: Duration) -> io::Result<()> {
        Ok(())
    }
    fn close_writing(&mut self) -> io::Result<()> {
        Ok(())
    }
    fn addresses(&self) -> (SocketAddr, SocketAddr) {
        (([127, 0, 0, 1], 8000).into(), ([127, 0, 0, 1], 50_000).into())
    }
}

/// Bytes that several hold.
#[derive(Clone, Default)]
pub struct Shared(Arc<Mutex<Vec<u8>>>);

impl Shared {
    pub fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A configuration whose clock stands still, whose responses are unsigned, and whose complaints are kept.
pub fn quiet() -> (Config, Arc<TestClock>, Shared) {
    let clock = Arc::new(TestClock::new());
    let complaints = Shared::default();
    let config = Config {
        signed: false,
        clock: clock.clone(),
        errors: ErrorLog::new(complaints.clone()),
        ..Config::default()
    };
    (config, clock, complaints)
}

/// What a server with `app` says to this script, and what it complains of.
pub fn talk(script: Script, pace: Duration, app: &dyn App) -> (String, String) {
    let (config, clock, complaints) = quiet();
    talk_with(script, pace, app, &config, clock, &complaints)
}

pub fn talk_with(
    script: Script,
    pace: Duration,
    app: &dyn App,
    config: &Config,
    clock: Arc<TestClock>,
    complaints: &Shared,
) -> (String, String) {
    let heard = script.clone();
    let stream = Scripted { script, clock, pace };
    if let Err(error) = serve_connection(stream, app, config) {
        config.errors.report(&format!("connection: {error}"));
    }
    (heard.written_text(), complaints.text())
}

/// Says hello, with the path.
pub fn hello(environ: Environ, start_response: StartResponse) -> Result<Body, Error> {
    start_response.call("200 OK", [("content-type", "text/plain")])?;
    Ok(format!("hello {}\n", environ.path_info).into())
}

/// Sends the request's body back, part by part, while it is read.
pub fn echo(environ: Environ, start_response: StartResponse) -> Result<Body, Error> {
    start_response.call("200 OK", [("content-type", "application/octet-stream")])?;
    let mut input = environ.input;
    Ok(Body::new(std::iter::from_fn(move || {
        let mut buffer = [0; 64];
        match input.read(&mut buffer) {
            Ok(0) => None,
            Ok(count) => Some(Ok(buffer[..count].to_vec())),
            Err(error) => Some(Err(error.into())),
        }
    })))
}

/// A server on a real socket, for so many connections.
pub fn spawn(connections: usize, app: impl App + 'static) -> (SocketAddr, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let server = std::thread::spawn(move || {
        serve_each(listener.incoming().take(connections), &app, &Config::default());
    });
    (address, server)
}
