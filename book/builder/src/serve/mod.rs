//! `cargo book`: the book on this machine, rebuilt and reloaded when a source changes.
//!
//! It binds to 127.0.0.1 and nothing else, and serves what lies in `book/dist`: the last book that was whole.
//! A build that fails leaves that book in place and says in the browser and the terminal what is to be mended.

mod browser;
mod live;
mod watch;

use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use crate::site::Site;
use crate::{Error, book};
pub use live::Live;

/// How to serve.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// The port on 127.0.0.1; 0 takes any that is free.
    pub port: u16,
    /// Whether to open a browser.
    pub open: bool,
}

/// Builds the book, serves it and rebuilds it, until the process is stopped.
///
/// # Errors
///
/// When the port is taken, when the sources cannot be watched, or when the checkout cannot be read at all.
pub fn serve(root: &Path, options: Options) -> anyhow::Result<()> {
    // First the port: whoever has to choose another one should not wait for a build.
    let listener = bind(options.port)?;
    let address = listener.local_addr()?;
    let live = Arc::new(Live::new(root.join("book/dist")));
    rebuild(root, &live);

    let _watcher = {
        let (root, live) = (root.to_path_buf(), Arc::clone(&live));
        watch::watch(&root.clone(), move || rebuild(&root, &live))?
    };
    let url = format!("http://{address}/");
    println!("The book is at {url} (Ctrl-C stops it).");
    if options.open {
        browser::open(&url);
    }
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?
        .block_on(live::run(listener, live))?;
    Ok(())
}

/// Builds the book once more and tells the pages that are open.
fn rebuild(root: &Path, live: &Live) {
    let began = Instant::now();
    match build(root) {
        Ok(published) => {
            if published.changed {
                println!("Built in {:.1} s.", began.elapsed().as_secs_f64());
            }
            live.built(published.changed);
        }
        Err(error) => {
            eprintln!("{error}");
            eprintln!("To be mended; until then you see the last good book, if there is one.");
            live.broken(&error.to_string());
        }
    }
}

fn build(root: &Path) -> Result<book::Published, Error> {
    let mut site = Site::read(root, |name| std::env::var(name).ok())?;
    // The error page's links start from the site's top, and here that is `/`.
    site.config.set("output.html.site-url", "/").map_err(Error::Configuration)?;
    book::publish(&Arc::new(site))
}

/// Takes the port, or says what to do.
fn bind(port: u16) -> anyhow::Result<TcpListener> {
    let listener = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port))).map_err(|error| {
        match error.kind() {
            ErrorKind::AddrInUse => anyhow::anyhow!(
                "port {port} on 127.0.0.1 is taken, perhaps by another `cargo book`: look at http://127.0.0.1:{port}/, or choose another port with `cargo book --port {}` (0 takes any that is free)",
                port.saturating_add(1)
            ),
            ErrorKind::PermissionDenied => anyhow::anyhow!(
                "port {port} needs rights that you do not have: choose one above 1023, as in `cargo book --port 3000`"
            ),
            _ => anyhow::Error::from(error).context(format!("cannot listen on 127.0.0.1:{port}")),
        }
    })?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_that_is_taken_says_what_to_do() {
        let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = taken.local_addr().unwrap().port();
        let message = bind(port).unwrap_err().to_string();
        assert!(message.contains(&format!("port {port} on 127.0.0.1 is taken")), "{message}");
        assert!(message.contains("--port"), "{message}");
        assert!(bind(0).is_ok());
    }
}
