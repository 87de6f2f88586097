//! A thread for each connection.
//!
//! Nothing bounds the number of threads but the operating system.

use std::io;
use std::net::{TcpListener, TcpStream};
use std::thread;

use wsgi::{App, Config};

use crate::shared::{pause_after, serve_one};

/// Serves `app` to whoever connects, each on a thread of its own, for ever.
pub fn serve(listener: &TcpListener, app: &dyn App, config: &Config) {
    serve_each(listener.incoming(), app, config);
}

// ANCHOR: serve_each
/// Serves `app` on each of the connections that `incoming` yields, each on a thread of its own.
///
/// Returns when `incoming` has ended and every connection has been served.
/// A panic of the application ends its connection.
pub fn serve_each(
    incoming: impl IntoIterator<Item = io::Result<TcpStream>>,
    app: &dyn App,
    config: &Config,
) {
    thread::scope(|scope| {
        for accepted in incoming {
            match accepted {
                Ok(stream) => {
                    let serve = move || serve_one(stream, app, config);
                    if let Err(error) = thread::Builder::new().spawn_scoped(scope, serve) {
                        pause_after("no thread", &error, config);
                    }
                }
                Err(error) => pause_after("accept", &error, config),
            }
        }
    });
}
// ANCHOR_END: serve_each
