//! What applications and servers report, in the order in which they do.

use std::io;
use std::sync::{Arc, Mutex};

/// Writes what it meets, in order.
#[derive(Debug, Clone, Default)]
pub struct Diary {
    lines: Arc<Mutex<Vec<u8>>>,
}

impl Diary {
    pub fn note(&self, line: impl AsRef<str>) {
        let mut lines = self.lines.lock().unwrap();
        lines.extend_from_slice(line.as_ref().as_bytes());
        lines.push(b'\n');
    }

    pub fn lines(&self) -> Vec<String> {
        let lines = String::from_utf8(self.lines.lock().unwrap().clone()).unwrap();
        lines.lines().map(str::to_owned).collect()
    }

    /// Waits until there are so many lines. Other tasks run meanwhile.
    pub async fn until(&self, count: usize) {
        while self.lines().len() < count {
            tokio::task::yield_now().await;
        }
    }
}

impl io::Write for Diary {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.lines.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
