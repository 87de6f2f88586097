//! A blocking HTTP/1.1 server, and the interface that WSGI puts between a server and an application.
//!
//! Five things, each of which can be used without those below it:
//!
//! - [`protocol`]: HTTP/1.1 as a state machine without input and output. Bytes in, events out; responses in, bytes out.
//! - [`app`] and [`environ`]: what an application is. One call, one response.
//! - [`responder`]: one call of an application, turned into bytes for the protocol.
//! - [`server`]: the driver that blocks, one connection at a time.
//! - [`testing`]: the driver that needs no connection.
//!
//! And [`crab`] is the application that the whole book serves: crabsarecool.com.
//!
//! Left out: TLS, HTTP/2, compression, ranges, and every way of serving two clients at once. Later chapters bring them.
//!
//! # Examples
//!
//! ```no_run
//! use std::net::TcpListener;
//! use wsgi::{Body, Config, Environ, Error, StartResponse};
//!
//! fn hello(_environ: Environ, start_response: StartResponse) -> Result<Body, Error> {
//!     start_response.call("200 OK", [("content-type", "text/plain")])?;
//!     Ok("Hello, crabs!\n".into())
//! }
//!
//! let listener = TcpListener::bind("127.0.0.1:8000")?;
//! wsgi::serve(&listener, &hello, &Config::default());
//! # Ok::<(), std::io::Error>(())
//! ```

pub mod app;
pub mod clock;
pub mod crab;
pub mod environ;
pub mod headers;
pub mod protocol;
pub mod responder;
pub mod server;
pub mod testing;

pub use app::{App, Body, Error, Start, StartResponse};
pub use clock::{Clock, TestClock, WallClock};
pub use crab::crab_app;
pub use environ::{Circumstances, Environ, Scheme};
pub use headers::Headers;
pub use protocol::StartError;
pub use server::{Config, ErrorLog, Transport, serve, serve_connection, serve_each};
