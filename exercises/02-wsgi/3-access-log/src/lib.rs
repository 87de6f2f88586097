#![doc = include_str!("../README.md")]

use std::sync::{Arc, Mutex};

use wsgi::{App, Body, Environ, Error, StartResponse};

/// Where the lines go.
pub type Log = Arc<dyn Fn(String) + Send + Sync>;

/// An application that logs what another one does.
pub struct AccessLog<A> {
    app: A,
    log: Log,
}

impl<A: App> AccessLog<A> {
    /// Puts a log in front of `app`.
    pub fn new(app: A, log: Log) -> Self {
        Self { app, log }
    }
}

impl<A: App> App for AccessLog<A> {
    fn call(&self, environ: Environ, start_response: StartResponse) -> Result<Body, Error> {
        todo!("call the application, and log one line when its body is over")
    }
}
