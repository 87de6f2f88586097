//! However valid requests are cut into reads, the application gets the same calls with the same bodies, and the client the same answers.

use std::time::Duration;

use gateway::{Error, Receive, ResponseBody, ResponseStart, Scope, Sender};
use http_server::{Config, Server};
use proctor::watch_async;
use proptest::prelude::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};
use tokio::time::sleep;

/// Answers with what it was asked.
async fn mirror(scope: Scope, mut receive: Receive, send: Sender) -> Result<(), Error> {
    let Scope::Http(scope) = scope else { return Err(scope.unsupported().into()) };
    let body = receive.body(10_000).await?;
    let body = String::from_utf8_lossy(&body);
    let legs = scope.header("x-legs").unwrap_or("no");
    let text = format!("{} {} {legs} {body:?}\n", scope.method, scope.uri);
    send.send(ResponseStart::new(200)).await?;
    Ok(send.send(ResponseBody::last(text)).await?)
}

/// What the client reads if the bytes come in these parts, each after the server had its turn, and after that pause.
async fn answers(parts: Vec<Vec<u8>>, pause: Duration) -> String {
    let (client, theirs) = duplex(1_024);
    let patience = Duration::from_hours(1);
    let config = Config {
        date: false,
        server: None,
        head: patience,
        keep_alive: patience,
        body: patience,
        ..Config::default()
    };
    let server = tokio::spawn(Server::new(mirror, config).serve_connection(theirs));
    let (mut reader, mut writer) = tokio::io::split(client);
    let writing = async move {
        for part in parts {
            writer.write_all(&part).await.unwrap();
            tokio::task::yield_now().await;
            if pause > Duration::ZERO {
                sleep(pause).await;
            }
        }
        writer
    };
    let mut heard = String::new();
    let (writer, read) = tokio::join!(writing, reader.read_to_string(&mut heard));
    read.unwrap();
    drop((reader, writer));
    server.await.unwrap();
    heard
}

fn request() -> impl Strategy<Value = String> {
    let chunk = "[a-z\r\n]{1,20}".prop_map(|data| format!("{:x}\r\n{data}\r\n", data.len()));
    let chunked =
        (prop::collection::vec(chunk, 0..4), prop::bool::ANY).prop_map(|(chunks, trailer)| {
            let trailer = if trailer { "x-trailer: crab\r\n" } else { "" };
            let head = "POST /chunks HTTP/1.1\r\nHost: crab\r\nTransfer-Encoding: chunked\r\n\r\n";
            format!("{head}{}0\r\n{trailer}\r\n", chunks.concat())
        });
    prop_oneof![
        "[a-z]{0,8}".prop_map(|path| format!(
            "GET /{path}?a=b HTTP/1.1\r\nhost: crab\r\nx-legs: 10\r\n\r\n"
        )),
        "[a-z\r\n]{0,40}".prop_map(|body| {
            let length = body.len();
            format!("PUT /length HTTP/1.1\r\nhost: crab\r\ncontent-length: {length}\r\n\r\n{body}")
        }),
        chunked,
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn any_split_of_valid_requests_gives_the_same_calls_and_answers(
        requests in prop::collection::vec(request(), 0..4),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..12),
    ) {
        let last = "GET /last HTTP/1.1\r\nhost: crab\r\nconnection: close\r\n\r\n";
        let bytes = (requests.concat() + last).into_bytes();
        let mut cuts: Vec<_> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
        cuts.extend([0, bytes.len()]);
        cuts.sort_unstable();
        let parts: Vec<_> = cuts.windows(2).map(|cut| bytes[cut[0]..cut[1]].to_vec()).collect();
        let slow = Vec::clone(&parts);
        let (whole, single, cut, slow) = watch_async(async move {
            let single = bytes.chunks(1).map(<[u8]>::to_vec).collect();
            let now = Duration::ZERO;
            let (whole, single) = (answers(vec![bytes], now).await, answers(single, now).await);
            // Between two requests, the connection is parked meanwhile.
            let slow = answers(slow, Duration::from_secs(2)).await;
            (whole, single, answers(parts, now).await, slow)
        });
        prop_assert_eq!(whole.matches("200 OK").count(), requests.len() + 1, "{}", whole);
        prop_assert_eq!(&single, &whole);
        prop_assert_eq!(&cut, &whole);
        prop_assert_eq!(&slow, &whole);
    }
}
