//! The echo server of chapter 1 on Ebb, and its two clients, all in one thread.
//!
//! ```text
//! cargo run -p reactor --example echo_ebb
//! ```

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use futures_util::{AsyncReadExt, AsyncWriteExt};
use reactor::{TcpListener, TcpStream, copy, join_all, sleep, spawn};

// ANCHOR: main
async fn echo(stream: TcpStream) -> io::Result<u64> {
    let (mut reader, mut writer) = stream.split();
    copy(&mut reader, &mut writer).await
}

async fn client(name: &str, address: SocketAddr, pause: u64) -> io::Result<()> {
    let mut stream = TcpStream::connect(address).await?;
    sleep(Duration::from_secs(pause)).await;
    stream.write_all(b"good morning").await?;
    stream.close().await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    println!("{name} client, after {pause} s: {answer}");
    Ok(())
}

fn main() -> io::Result<()> {
    reactor::new()?.block_on(async {
        let listener = TcpListener::bind(([127, 0, 0, 1], 0).into())?;
        let address = listener.local_addr()?;
        let server = spawn(async move {
            loop {
                let (stream, _) = listener.accept().await?;
                drop(spawn(echo(stream)));
            }
            #[expect(unreachable_code, reason = "it says what `?` returns")]
            Ok::<(), io::Error>(())
        });
        let clients = [client("first", address, 1), client("second", address, 0)];
        join_all(clients).await.into_iter().collect::<io::Result<()>>()?;
        server.abort();
        Ok(())
    })
}
// ANCHOR_END: main
