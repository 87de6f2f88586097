//! Who reads a frame, and stops in the middle, does not know afterwards where they were.
//!
//! ```text
//! cargo run -p websockets --example torn
//! ```

mod naive;

use std::io;
use std::time::Duration;

use naive::{read_message, write_message};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, duplex};
use tokio::time::{interval, sleep};

// ANCHOR: camera
async fn camera(mut stream: impl AsyncRead + AsyncWrite + Unpin) -> io::Result<()> {
    let mut shutter = interval(Duration::from_secs(1));
    loop {
        tokio::select! {
            _ = shutter.tick() => write_message(&mut stream, 2, b"a picture").await?,
            message = read_message(&mut stream) => {
                let (opcode, payload) = message?;
                println!("opcode {opcode}: {}", payload.escape_ascii());
            }
        }
    }
}
// ANCHOR_END: camera

// ANCHOR: main
#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() -> io::Result<()> {
    let (mut ada, stream) = duplex(1024);
    let server = tokio::spawn(camera(stream));

    let hello = [0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58];
    ada.write_all(&hello).await?;
    sleep(Duration::from_millis(1_500)).await;
    ada.write_all(&hello[..6]).await?;
    sleep(Duration::from_secs(1)).await;
    ada.write_all(&hello[6..]).await?;
    ada.write_all(&hello.repeat(3)).await?;
    sleep(Duration::from_secs(1)).await;
    server.abort();
    Ok(())
}
// ANCHOR_END: main
