//! What systemd wants to know (`sd_notify(3)`): that the server is ready, that it stops.

use std::env;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};

/// Where a supervisor listens, if one does.
#[derive(Debug)]
pub struct Supervisor {
    socket: Option<(UnixDatagram, SocketAddr)>,
}

impl Supervisor {
    /// The one that `NOTIFY_SOCKET` names. Children are not to inherit that variable: their word is not this process's.
    pub fn of_process() -> Self {
        let name = env::var_os("NOTIFY_SOCKET");
        let socket = name.and_then(|name| Self::connect(name.as_bytes()).ok());
        Self { socket }
    }

    fn connect(name: &[u8]) -> io::Result<(UnixDatagram, SocketAddr)> {
        let address = match name {
            #[cfg(target_os = "linux")]
            [b'@', abstract_name @ ..] => {
                use std::os::linux::net::SocketAddrExt;
                SocketAddr::from_abstract_name(abstract_name)?
            }
            path => SocketAddr::from_pathname(std::ffi::OsStr::from_bytes(path))?,
        };
        let socket = UnixDatagram::unbound()?;
        // A supervisor that does not listen must not hold up the server.
        socket.set_nonblocking(true)?;
        Ok((socket, address))
    }

    /// The server serves.
    pub fn ready(&self) {
        self.say("READY=1\nSTATUS=serving");
    }

    /// The server is ending.
    pub fn stopping(&self) {
        self.say("STOPPING=1\nSTATUS=stopping");
    }

    fn say(&self, state: &str) {
        if let Some((socket, address)) = &self.socket {
            // There is nobody else to tell.
            let _ = socket.send_to_addr(state.as_bytes(), address);
        }
    }
}
