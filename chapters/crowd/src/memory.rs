//! What a server has in memory while so many watch the tide.

use std::env;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Command, Stdio};
use std::thread;

/// Mebibytes that a server in a process of its own keeps resident while so many watch the tide.
///
/// The server is this program, called with `arguments`. It prints its address in a line, and ends [with its input](end_with_input).
///
/// # Errors
///
/// When the server cannot be started or reached, and when nothing says what memory it has.
pub fn of_watched(arguments: &[&str], watchers: usize) -> io::Result<f64> {
    let mut server = Command::new(env::current_exe()?)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let mut address = String::new();
    let output = server.stdout.take().ok_or(io::ErrorKind::BrokenPipe)?;
    BufReader::new(output).read_line(&mut address)?;
    let address: SocketAddr = address.trim_end().parse().map_err(io::Error::other)?;

    let mut connections = Vec::new();
    for _ in 0..watchers {
        let mut watcher = TcpStream::connect(address)?;
        watcher.write_all(b"GET /feed HTTP/1.0\r\n\r\n")?;
        connections.push(watcher);
    }
    // Whoever has seen the first reading is being served.
    for watcher in &mut connections {
        let mut seen = Vec::new();
        while !seen.ends_with(b"rising\n") {
            let mut byte = [0];
            watcher.read_exact(&mut byte)?;
            seen.push(byte[0]);
        }
    }
    let memory = resident(server.id())?;
    drop(connections);
    drop(server.stdin.take());
    server.wait()?;
    Ok(memory)
}

/// Ends this process when the other one closes its input.
pub fn end_with_input() {
    thread::spawn(|| {
        let _ = io::stdin().read(&mut [0]);
        std::process::exit(0);
    });
}

/// Resident memory of a process, in MiB.
///
/// # Errors
///
/// When neither `/proc` nor `ps` says it.
pub fn resident(process: u32) -> io::Result<f64> {
    let kibibytes = if let Ok(status) = std::fs::read_to_string(format!("/proc/{process}/status")) {
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        line.and_then(|value| value.split_whitespace().next()).map(str::to_owned)
    } else {
        let ps = Command::new("ps").args(["-o", "rss=", "-p", &process.to_string()]).output()?;
        Some(String::from_utf8_lossy(&ps.stdout).trim().to_owned())
    };
    let kibibytes = kibibytes.and_then(|text| text.parse::<f64>().ok());
    kibibytes
        .map(|kibibytes| kibibytes / 1024.0)
        .ok_or_else(|| io::Error::other("neither /proc nor ps says what memory a process has"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn a_process_has_some_memory_and_one_that_is_not_there_has_none() {
        assert!(resident(std::process::id()).unwrap() > 0.1);
        assert!(resident(u32::MAX).is_err());
    }
}
