//! A protocol server for HTTP/1.1, on hyper: from bytes on a connection to calls of an application, and back.
//!
//! hyper parses requests and frames responses. What is here is what an application of [`gateway`] needs beside that,
//! and what a server needs that is open to everybody:
//!
//! - [`server`]: accepting, the bound on connections, the graceful end, and what other servers of connections need for the same ([`Serve`]).
//!   [`config`]: all that can be set.
//! - `connection`, `calls`: one connection in one task, with the application's future beside hyper's connection.
//! - [`transport`]: what a connection goes over, and seeing that the client has left.
//! - [`scan`], [`check`]: the strict look at each request, before and after hyper's parser.
//! - [`files`], `hints`, [`trailers`]: the extensions of ASGI that are offered.
//! - [`upgrade`]: where another protocol takes over, WebSockets for one.
//! - `io`, `timer`: counting bytes and time.
//!
//! It leaves out TLS and HTTP/2, and has of WebSockets only the place where they fit in.
//!
//! ```no_run
//! use gateway::{Error, Receive, ResponseBody, ResponseStart, Scope, Sender};
//!
//! async fn hello(_: Scope, _: Receive, send: Sender) -> Result<(), Error> {
//!     send.send(ResponseStart::new(200).header("content-type", "text/plain")).await?;
//!     Ok(send.send(ResponseBody::last("Hello, crabs!\n")).await?)
//! }
//!
//! #[tokio::main]
//! async fn main() -> std::io::Result<()> {
//!     let listener = tokio::net::TcpListener::bind("127.0.0.1:8000").await?;
//!     http_server::serve(listener, hello, http_server::Config::default()).await
//! }
//! ```
//!
//! # How much memory a slow client costs
//!
//! What waits in the server for one client is bounded: [`Config::write_buffer`] of its response, the part that passed that mark,
//! and the one that the application has sent since. A file is such a part for each 64 KiB of it.
//! Of its request, hyper holds what one read brings.
//!
//! A connection that is idle for [`Config::park`] is parked, and then holds less than 2 KiB of the server's memory.
#![forbid(unsafe_code)]
mod calls;
pub mod check;
pub mod config;
mod connection;
pub mod files;
mod hints;
mod io;
pub mod scan;
pub mod server;
mod timer;
pub mod trailers;
pub mod transport;
pub mod upgrade;

pub use config::{Config, Declined, OnDeclined};
pub use connection::Ticket;
pub use server::{Connections, Serve, Server, serve, serve_connection};
#[cfg(unix)]
pub use transport::Unix;
pub use transport::{Listener, Tcp, Transport};
pub use upgrade::{Upgrade, Upgraded, Upgrading};
