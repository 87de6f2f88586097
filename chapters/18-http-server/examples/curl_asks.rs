//! curl visits crabsarecool.com, and what it says and hears is shown.
//!
//! ```text
//! cargo run -p http-server --example curl_asks
//! ```

use gateway::{Error, Shutdown, crab_app, testing};
use http_server::{Config, Server};
use tokio::net::TcpListener;
use tokio::process::Command;

// ANCHOR: asks
const ASKS: [&[&str]; 4] = [
    &["/feed?readings=2"],
    &["--head", "/crabs/hermit"],
    &["-H", "Expect: 100-continue", "-d", "name=Ben", "/guests"],
    &["-H", "Transfer-Encoding: gzip, chunked", "-d", "name=Eve", "/guests"],
];
// ANCHOR_END: asks

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let state = testing::lifespan(&crab_app).startup().await?;
    let config = Config { date: false, ..Config::default() };
    let server = Server::with_state(crab_app, config, state, Shutdown::new());
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let port = listener.local_addr()?.port();
    tokio::spawn(async move { server.serve_until(listener, std::future::pending()).await });

    for arguments in ASKS {
        let Some((path, options)) = arguments.split_last() else { continue };
        let quoted =
            |word: &&str| if word.contains(' ') { format!("'{word}'") } else { (*word).to_owned() };
        println!("curl -v {}", arguments.iter().map(quoted).collect::<Vec<_>>().join(" "));
        let output = Command::new("curl")
            .args(["-v", "-sS", "--max-time", "20", "-A", "", "-H", "Accept:"])
            .args(["--connect-to", &format!("crabsarecool.com:80:127.0.0.1:{port}")])
            .args(options)
            .arg(format!("http://crabsarecool.com{path}"))
            .output()
            .await?;
        // Lines about the connection, which begin with a star, have the port in them; empty ones differ from curl to curl.
        let said = String::from_utf8_lossy(&output.stderr);
        for line in
            said.lines().filter(|line| line.starts_with(['>', '<']) && line.trim_end().len() > 1)
        {
            println!("{}", line.trim_end());
        }
        if !options.contains(&"--head") {
            println!("{}", String::from_utf8_lossy(&output.stdout).trim_end());
        }
        println!();
    }
    Ok(())
}
