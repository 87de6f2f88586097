//! What the operating system says of a process.

use std::fs;
use std::io;
use std::process::Command;

/// Resident memory of a process, in MiB.
pub fn resident(process: u32) -> io::Result<f64> {
    let kibibytes = if let Ok(status) = fs::read_to_string(format!("/proc/{process}/status")) {
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
