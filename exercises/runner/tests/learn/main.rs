//! `cargo learn` from outside: the program on small checkouts in temporary folders.

mod app;
mod commands;
mod common;
mod prove;
mod pseudo;
mod watch;
