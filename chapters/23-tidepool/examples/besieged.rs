//! Two sieges, each with the bound that is meant for it and without: what the server has in memory, and who has an answer.
//!
//! `cargo run -p tidepool --example besieged`: without its bound, memory stays where it was driven, and most answers come too late.

mod operator;

use std::io::Write;
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

use gateway::{Error, Receive, ResponseBody, ResponseStart, Scope, Sender};
use operator::{Server, ask, resident, serves, try_ask};
use tokio::sync::Semaphore;
use tokio::time::sleep;

// ANCHOR: app
/// The database has four connections, and a question takes 50 ms.
static DATABASE: Semaphore = Semaphore::const_new(4);

async fn site(scope: Scope, _receive: Receive, send: Sender) -> Result<(), Error> {
    let Scope::Http(http) = scope else { return Err(scope.unsupported().into()) };
    match &*http.path() {
        "/photograph" => {
            send.send(ResponseStart::new(200)).await?;
            return Ok(send.send(ResponseBody::last(vec![b'*'; 4 << 20])).await?);
        }
        "/tides" => {
            let _connection = DATABASE.acquire().await?;
            sleep(Duration::from_millis(50)).await;
            send.send(ResponseStart::new(200)).await?;
        }
        _ => send.send(ResponseStart::new(200)).await?,
    }
    Ok(send.send(ResponseBody::last("crab\n")).await?)
}
// ANCHOR_END: app

fn main() {
    if serves() {
        tidepool::main(site);
    }
    let small = std::env::args().any(|word| word == "--small");
    let (viewers, seconds) = if small { (5, 1) } else { (50, 4) };

    println!(
        "{viewers} ask for a photograph of 4 MiB and do not read it:   before   during    after"
    );
    for words in ["--timeout-write never", "--timeout-write 1"] {
        let server = Server::start(&format!("--threads 1 --no-access-log {words}"));
        ask(&server.address, "/", "");
        let before = resident(server.id());
        let viewers: Vec<_> =
            (0..viewers).map(|_| asks_for_a_photograph(&server.address)).collect();
        thread::sleep(Duration::from_millis(500));
        let during = resident(server.id());
        // Two seconds later they are still there, as far as it is for them to say.
        thread::sleep(Duration::from_secs(2));
        let after = resident(server.id());
        drop(viewers);
        println!("  {words:<51} {before:>4.0} MiB {during:>4.0} MiB {after:>4.0} MiB");
    }

    println!(
        "for {seconds} s, 160 a second ask for the tides, of which the database knows 80; an answer is in time within a second:"
    );
    for words in ["no --limit-concurrency", "--limit-concurrency 16"] {
        let options = words.strip_prefix("no ").map_or(words, |_| "");
        let server = Server::start(&format!("--threads 1 --no-access-log {options}"));
        println!("  {words:<24} {}", rush(&server.address, 160 * seconds));
    }
}

fn asks_for_a_photograph(address: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).expect("the server accepts");
    stream.write_all(b"GET /photograph HTTP/1.1\r\nhost: crab\r\n\r\n").expect("the server reads");
    stream
}

fn rush(address: &str, count: u32) -> String {
    let begun = Instant::now();
    let client = |at: u32| {
        let address = address.to_owned();
        let client = move || {
            let due = begun + Duration::from_secs(1) * at / 160;
            thread::sleep(due.saturating_duration_since(Instant::now()));
            let heard = try_ask(&address, "/tides", "").unwrap_or_default();
            (due.elapsed(), heard.contains(" 200 "))
        };
        thread::Builder::new().stack_size(128 * 1024).spawn(client)
    };
    let clients = (0..count).map(|at| client(at).expect("a thread can be started"));
    let clients: Vec<_> = clients.collect();
    let (mut served, mut refused, mut late) = (Vec::new(), 0, 0);
    for client in clients {
        match client.join().expect("a client does not panic") {
            (took, true) if took < Duration::from_secs(1) => served.push(took.as_secs_f64()),
            (_, true) => late += 1,
            (_, false) => refused += 1,
        }
    }
    served.sort_by(f64::total_cmp);
    let median = served.get(served.len() / 2).copied().unwrap_or_default();
    format!(
        "{} served in time (median {median:.2} s), {refused} told to come back, {late} answered too late",
        served.len()
    )
}
