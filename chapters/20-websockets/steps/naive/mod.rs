//! Frames as one first reads them: a head, and then its payload.

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

// ANCHOR: read
pub async fn read_message(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<(u8, Vec<u8>)> {
    let [first, second] = stream.read_u16().await?.to_be_bytes();
    let length = match second & 0x7f {
        126 => u64::from(stream.read_u16().await?),
        127 => stream.read_u64().await?,
        length => u64::from(length),
    };
    let mut key = [0; 4];
    stream.read_exact(&mut key).await?;
    let mut payload = vec![0; usize::try_from(length).map_err(io::Error::other)?];
    stream.read_exact(&mut payload).await?;
    for (index, byte) in payload.iter_mut().enumerate() {
        *byte ^= key[index % 4];
    }
    Ok((first & 0x0f, payload))
}
// ANCHOR_END: read

// ANCHOR: write
pub async fn write_message(
    stream: &mut (impl AsyncWrite + Unpin),
    opcode: u8,
    payload: &[u8],
) -> io::Result<()> {
    // What does not fit into seven bits has its length behind them: not here.
    let short = u8::try_from(payload.len()).ok().filter(|length| *length < 126);
    let length = short.ok_or(io::ErrorKind::InvalidInput)?;
    stream.write_all(&[0x80 + opcode, length]).await?;
    stream.write_all(payload).await
}
// ANCHOR_END: write
