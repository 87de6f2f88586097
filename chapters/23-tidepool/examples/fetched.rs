//! A folder of files, and what can be had of it and what cannot.
//!
//! `cargo run -p tidepool --example fetched`: three answers from the folder, and five 404s: under this path the application is asked for nothing.

mod operator;

use std::fs;
use std::os::unix::fs::symlink;

use operator::{Server, serves, try_ask};

fn main() -> std::io::Result<()> {
    if serves() {
        tidepool::main(gateway::crab_app);
    }
    let top = std::env::temp_dir().join(format!("tidepool-fetched-{}", std::process::id()));
    let public = top.join("public");
    fs::create_dir_all(&public)?;
    fs::write(top.join("secret"), "the recipe\n")?;
    fs::write(public.join("tide.txt"), "low at 04:12\n")?;
    fs::write(public.join(".env"), "KEY=crab\n")?;
    symlink("../secret", public.join("out"))?;
    let server = Server::start(&format!("--static-dir /files={}", public.display()));

    let first = try_ask(&server.address, "/files/tide.txt", "")?;
    let tag = first.lines().find_map(|line| line.strip_prefix("etag: ")).unwrap_or_default();
    for (path, fields) in [
        ("/files/tide.txt", ""),
        ("/files/tide.txt", "range: bytes=7-11\r\n"),
        ("/files/tide.txt", &*format!("if-none-match: {tag}\r\n")),
        ("/files/../secret", ""),
        ("/files/%2e%2e/secret", ""),
        ("/files/..%2fsecret", ""),
        ("/files/.env", ""),
        ("/files/out", ""),
    ] {
        let heard = try_ask(&server.address, path, fields)?;
        let status = heard.lines().next().unwrap_or_default();
        let field = fields.split_once(':').map_or("", |(name, _)| name);
        println!("{path:<22} {field:<14} {status}");
    }
    server.end();
    fs::remove_dir_all(&top)
}
