//! What an idle connection holds: bytes of memory, which count the same every time.

use std::time::Duration;

use gateway::{Error, Receive, ResponseBody, ResponseStart, Scope, Sender};
use http_server::{Config, Server};
use proctor::memory::{Counting, Mark};
use proctor::watch_local;
use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};
use tokio::task::yield_now;
use tokio::time::sleep;

#[global_allocator]
static MEMORY: Counting = Counting;

const CONNECTIONS: usize = 50;
const GET: &[u8] = b"GET / HTTP/1.1\r\nhost: crab\r\naccept: */*\r\n\r\n";

/// Its future is not small.
async fn hello(_: Scope, _: Receive, send: Sender) -> Result<(), Error> {
    let mut page = [b'x'; 4 * 1024];
    send.send(ResponseStart::new(200)).await?;
    page[0] = b'y';
    send.send(ResponseBody::part(page.to_vec())).await?;
    Ok(send.send(ResponseBody::last("crab")).await?)
}

#[test]
fn a_parked_connection_holds_no_more_than_one_that_has_said_nothing_yet() {
    watch_local(async || {
        let mut pairs: Vec<_> = (0..CONNECTIONS).map(|_| duplex(8 * 1024)).collect();
        for (client, theirs) in &mut pairs {
            // A pipe takes its memory when it is first filled, and keeps it.
            let mut bytes = vec![0; 8 * 1024];
            client.write_all(&bytes).await.unwrap();
            theirs.read_exact(&mut bytes).await.unwrap();
            theirs.write_all(&bytes).await.unwrap();
            client.read_exact(&mut bytes).await.unwrap();
        }
        let config = Config { keep_alive: Duration::from_hours(1), ..Config::default() };
        let server = Server::new(hello, config);
        let before = Mark::here();
        let each = || before.held() / CONNECTIONS;
        let mut clients = Vec::new();
        for (client, theirs) in pairs.drain(..) {
            tokio::spawn(server.serve_connection(theirs));
            clients.push(client);
        }
        yield_now().await;
        let new = each();
        assert!(new < 2_048, "a connection that has said nothing yet holds {new} bytes");
        for round in 1..=3 {
            for client in &mut clients {
                client.write_all(GET).await.unwrap();
                let mut buffer = vec![0; 8 * 1024];
                let mut read = 0;
                while !buffer[..read].ends_with(b"crab\r\n0\r\n\r\n") {
                    read += client.read(&mut buffer[read..]).await.unwrap();
                }
            }
            let busy = each();
            assert!(
                busy > new + 8 * 1024,
                "in round {round}, one that was active holds {busy} bytes"
            );
            sleep(Duration::from_secs(2)).await;
            let parked = each();
            assert!(
                parked <= new + 64,
                "in round {round}, a parked one holds {parked} bytes, and a new one {new}"
            );
        }
    });
}

#[test]
fn where_more_are_awake_than_may_be_one_that_becomes_idle_is_parked_at_once() {
    watch_local(async || {
        let config = Config { keep_alive: Duration::from_hours(1), awake: 2, ..Config::default() };
        let server = Server::new(hello, config);
        let mut clients = Vec::new();
        let mut grown = Vec::new();
        for _ in 0..6 {
            let (mut client, mut theirs) = duplex(8 * 1024);
            let mut buffer = vec![0; 8 * 1024];
            client.write_all(&buffer).await.unwrap();
            theirs.read_exact(&mut buffer).await.unwrap();
            theirs.write_all(&buffer).await.unwrap();
            client.read_exact(&mut buffer).await.unwrap();
            let before = Mark::here();
            tokio::spawn(server.serve_connection(theirs));
            client.write_all(GET).await.unwrap();
            let mut read = 0;
            while !buffer[..read].ends_with(b"crab\r\n0\r\n\r\n") {
                read += client.read(&mut buffer[read..]).await.unwrap();
            }
            yield_now().await;
            grown.push(before.held());
            clients.push(client);
        }
        let small: Vec<bool> = grown.iter().map(|&bytes| bytes < 2_048).collect();
        assert_eq!(small, [false, false, true, true, true, true], "what each holds: {grown:?}");
    });
}

#[test]
fn one_that_was_parked_in_vain_stays_awake_the_next_time() {
    watch_local(async || {
        let config = Config { keep_alive: Duration::from_hours(1), awake: 0, ..Config::default() };
        let server = Server::new(hello, config);
        let (mut client, mut theirs) = duplex(8 * 1024);
        let mut buffer = vec![0; 8 * 1024];
        client.write_all(&buffer).await.unwrap();
        theirs.read_exact(&mut buffer).await.unwrap();
        theirs.write_all(&buffer).await.unwrap();
        client.read_exact(&mut buffer).await.unwrap();
        let before = Mark::here();
        tokio::spawn(server.serve_connection(theirs));
        let mut held = Vec::new();
        for pause in [40, 40, 2_000, 60, 60] {
            client.write_all(GET).await.unwrap();
            let mut read = 0;
            while !buffer[..read].ends_with(b"crab\r\n0\r\n\r\n") {
                read += client.read(&mut buffer[read..]).await.unwrap();
            }
            yield_now().await;
            held.push(before.held());
            sleep(Duration::from_millis(pause)).await;
        }
        let small: Vec<bool> = held.iter().map(|&bytes| bytes < 2_048).collect();
        // The second comes soon after the first; so does the third, but on a connection that is awake. The last ones take their time.
        assert_eq!(small, [true, false, false, true, true], "what it holds after each: {held:?}");
    });
}
