//! Makes a certificate authority for this machine, and certificates for a server and a client, in a folder: `target/authority`, or the one that is named.
//!
//! The authority's own key is thrown away when this ends, so it can never sign anything else.

mod authority;

use std::fs;
use std::path::PathBuf;

use authority::Authority;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder =
        std::env::args().nth(1).map_or_else(|| PathBuf::from("target/authority"), PathBuf::from);
    fs::create_dir_all(&folder)?;
    let authority = Authority::new("Tide Pool Authority, this machine only")?;
    let trusted = authority.save(&folder)?;
    let (server, server_key) =
        authority.server(&["localhost", "127.0.0.1", "::1"])?.save(&folder, "server")?;
    let (client, client_key) = authority.client("Judit")?.save(&folder, "client")?;
    println!("who is to be trusted:   {}", trusted.display());
    println!("a server, and its key:  {} {}", server.display(), server_key.display());
    println!("a client, and its key:  {} {}", client.display(), client_key.display());
    Ok(())
}
