//! The site with four processes. Run with `cargo run -p threads --example crabs_preforked`, and stop it with Ctrl-C.

#[cfg(not(unix))]
fn main() {
    println!(
        "This example hands a socket to its children as Unix does it; there is nothing to show here."
    );
}

#[cfg(unix)]
fn main() -> std::io::Result<()> {
    use std::net::TcpListener;
    use std::process::Command;
    use std::sync::Arc;
    use std::time::Duration;

    use threads::prefork::{self, Workers};
    use wsgi::{Config, WallClock};

    if let Some((_, listener)) = prefork::worker()? {
        let app = wsgi::crab_app(Arc::new(WallClock::new()));
        let config = Config { multiprocess: true, ..Config::default() };
        prefork::serve(&listener, &app, &config);
        return Ok(());
    }
    let listener = TcpListener::bind("127.0.0.1:8000")?;
    println!("http://127.0.0.1:8000, 4 processes");
    let myself = std::env::current_exe()?;
    let mut workers = Workers::start(listener, 4, move || Command::new(&myself))?;
    loop {
        std::thread::sleep(Duration::from_secs(1));
        for (number, status) in workers.replace_fallen()? {
            println!("worker {number} has ended ({status}), and another is hired");
        }
    }
}
