//! A request becomes a WebSocket, and an echo answers on it.
//!
//! ```text
//! cargo run -p websockets --example upgraded
//! ```

mod naive;

use std::convert::Infallible;
use std::error::Error;
use std::io;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::Empty;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use naive::{read_message, write_message};
use sha1::{Digest, Sha1};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, duplex};

// ANCHOR: answer
async fn answer(mut request: Request<Incoming>) -> Result<Response<Empty<Bytes>>, Infallible> {
    const GUID: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    let mut response = Response::new(Empty::new());
    let Some(key) = request.headers().get("sec-websocket-key") else {
        *response.status_mut() = StatusCode::BAD_REQUEST;
        return Ok(response);
    };
    let accept = STANDARD.encode(Sha1::new().chain_update(key).chain_update(GUID).finalize());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    headers.insert("connection", "upgrade".parse().expect("it is a valid value"));
    headers.insert("upgrade", "websocket".parse().expect("it is a valid value"));
    headers.insert("sec-websocket-accept", accept.parse().expect("base64 is a valid value"));

    let upgrade = hyper::upgrade::on(&mut request);
    tokio::spawn(async move {
        if let Ok(stream) = upgrade.await {
            let _ = echo(TokioIo::new(stream)).await;
        }
    });
    Ok(response)
}
// ANCHOR_END: answer

// ANCHOR: echo
async fn echo(mut stream: impl AsyncRead + AsyncWrite + Unpin) -> io::Result<()> {
    loop {
        let (opcode, payload) = read_message(&mut stream).await?;
        write_message(&mut stream, opcode, &payload).await?;
    }
}
// ANCHOR_END: echo

// ANCHOR: main
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let (mut ada, stream) = duplex(1024);
    let connection = http1::Builder::new()
        .serve_connection(TokioIo::new(stream), service_fn(answer))
        .with_upgrades();
    tokio::spawn(connection);

    let request = "GET /echo HTTP/1.1\r\n\
                   host: crabsarecool.com\r\n\
                   connection: upgrade\r\n\
                   upgrade: websocket\r\n\
                   sec-websocket-version: 13\r\n\
                   sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    ada.write_all(request.as_bytes()).await?;
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(ada.read_u8().await?);
    }
    // ANCHOR_END: main
    // What time it is differs from run to run.
    let lines = str::from_utf8(&head)?.lines().filter(|line| !line.starts_with("date"));
    let head = lines.collect::<Vec<_>>().join("\n");
    // ANCHOR: main
    println!("{head}");

    let frame = [0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58];
    ada.write_all(&frame).await?;
    let mut answer = [0; 7];
    ada.read_exact(&mut answer).await?;
    println!("{answer:02x?}");
    println!("{}", str::from_utf8(&answer[2..])?);
    Ok(())
}
// ANCHOR_END: main
