//! The example `soak`, small: connections come and leave, and nothing is left of them.

use std::env;
use std::process::Command;

#[test]
fn a_server_is_after_its_clients_as_it_was_before_them() {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let soak = Command::new(cargo)
        .args(["run", "--quiet", "--package", "reactor", "--example", "soak", "--", "200"])
        .output()
        .unwrap();
    let output = String::from_utf8_lossy(&soak.stdout);
    let errors = String::from_utf8_lossy(&soak.stderr);
    assert!(soak.status.success(), "{output}{errors}");
    assert!(output.ends_with("nothing is left\n"), "{output}{errors}");
}
