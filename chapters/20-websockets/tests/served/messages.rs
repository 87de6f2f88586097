//! What goes over an open WebSocket.

use websockets::Config;

use crate::common::{binary, code, echo, open, text};

#[tokio::test(start_paused = true)]
async fn text_and_bytes_come_back() {
    let mut client = open(echo, Config::default()).await;
    client.text("Hello, crabs!").await;
    assert_eq!(client.next().await, text("Hello, crabs!"));
    client.binary(&[0, 255, 1]).await;
    assert_eq!(client.next().await, binary(vec![0, 255, 1]));
    client.text("").await;
    assert_eq!(client.next().await, text(""));
    client.close(Some((1000, ""))).await;
    assert_eq!(client.closed().await, code(1000, ""));
    assert_eq!(client.reports().await, Vec::<String>::new());
}
