//! Ebb's other half: sockets that wake tasks.
#![forbid(unsafe_code)]
