//! A pool of threads that serves connections.
//!
//! When every thread is busy and the queue is full, nobody is accepted:
//! whoever connects waits in the listener's backlog, and when that is full as well, the kernel lets them wait outside.

use std::io;
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;

use wsgi::{App, Config};

use crate::pool::Pool;
use crate::shared::{pause_after, serve_one};

/// Serves `app` to whoever connects, on the threads of `pool`, for ever.
pub fn serve(listener: &TcpListener, app: &Arc<dyn App>, config: &Config, pool: &Pool) {
    serve_each(listener.incoming(), app, config, pool);
}

// ANCHOR: serve_each
/// Serves `app` on each of the connections that `incoming` yields, on the threads of `pool`.
///
/// Returns when `incoming` has ended and the last connection is in the pool's queue.
/// Dropping the pool waits until it has been served.
pub fn serve_each(
    incoming: impl IntoIterator<Item = io::Result<TcpStream>>,
    app: &Arc<dyn App>,
    config: &Config,
    pool: &Pool,
) {
    for accepted in incoming {
        match accepted {
            Ok(stream) => {
                let (app, config) = (Arc::clone(app), config.clone());
                pool.submit(move || serve_one(stream, &*app, &config));
            }
            Err(error) => pause_after("accept", &error, config),
        }
    }
}
// ANCHOR_END: serve_each
