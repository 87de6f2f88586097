//! Cargo, as the checkout's tools start it.

use std::env;
use std::ffi::OsString;
use std::process::Command;

/// Cargo, as somebody starts it at a terminal: the one that runs us, which spares rustup's choice of a toolchain; else the one on the path.
///
/// To a program that it runs, Cargo says of which package it is, in the environment. A Cargo below sees a change in what some build scripts ask for,
/// as ring's does, and compiles again all that depends on one; and the next one at the terminal does so once more.
pub fn cargo() -> Command {
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo")));
    for (name, _) in env::vars_os() {
        let of = |start: &str| name.as_encoded_bytes().starts_with(start.as_bytes());
        if of("CARGO_MANIFEST_") || of("CARGO_PKG_") {
            cargo.env_remove(&name);
        }
    }
    cargo
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_said_of_the_package_that_asks() {
        // What runs a test says these.
        for name in ["CARGO_MANIFEST_DIR", "CARGO_PKG_NAME"] {
            assert!(env::var_os(name).is_some(), "there is a {name} to be forgotten");
            assert!(
                cargo().get_envs().any(|(key, value)| key == name && value.is_none()),
                "Cargo is not told {name}"
            );
        }
    }
}
