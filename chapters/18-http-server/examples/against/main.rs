//! measuring
use std::io::{Read, Write};
mod servers;
fn main() -> std::io::Result<()> {
    let a: Vec<String> = std::env::args().skip(1).collect();
    match a[0].as_str() {
        "--serve" => {
            let l = std::net::TcpListener::bind("127.0.0.1:0")?;
            println!("{}", l.local_addr()?);
            std::thread::spawn(|| {
                for _ in std::io::stdin().lines() {}
                std::process::exit(0)
            });
            servers::serve(&a[1], l, std::time::Duration::from_secs(600))
        }
        "--ask" => {
            let mut s = std::net::TcpStream::connect(&a[1])?;
            s.set_nodelay(true)?;
            let n: usize = a[2].parse().unwrap();
            let path = &a[3];
            let req = if path == "/upload" {
                let mut r = b"POST /upload HTTP/1.1\r\nhost: 127.0.0.1:8000\r\ncontent-length: 1048576\r\n\r\n".to_vec();
                r.resize(r.len() + 1048576, b'x');
                r
            } else {
                format!("GET {path} HTTP/1.1\r\nHost: 127.0.0.1:8000\r\nUser-Agent: crab/1.0\r\nAccept: */*\r\n\r\n").into_bytes()
            };
            let end: &[u8] = match path.as_str() {
                "/" => b"crabs!\n",
                "/page" => b"xxxx",
                "/stream" => b"\r\n0\r\n\r\n",
                _ => b"1048576\n",
            };
            let mut b = vec![0; 2 << 20];
            for _ in 0..n {
                s.write_all(&req)?;
                let mut f = 0;
                loop {
                    let c = s.read(&mut b[f..])?;
                    assert!(c > 0);
                    f += c;
                    if b[..f].ends_with(end) && (path != "/page" || f > 10240 + 100) {
                        break;
                    }
                }
            }
            Ok(())
        }
        _ => panic!(),
    }
}
