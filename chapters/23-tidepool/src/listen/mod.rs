//! The sockets to listen on: bound here, left open by the parent process, or handed over by systemd.
//!
//! They are taken before there is a runtime, and are the standard library's: so they can be handed to worker processes.
//! It leaves out accepting, which is [`accept`]'s.

pub mod accept;
pub mod inherited;
pub mod notify;
pub mod proxy_protocol;

use std::fmt;
use std::fs;
use std::io::{self, ErrorKind};
use std::net::{SocketAddr, TcpListener, ToSocketAddrs};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

use rustix::fs::Mode;
use rustix::net::{AddressFamily, sockopt};
use rustix::process::umask;
use socket2::{Domain, Protocol, Socket, Type};

use crate::cli::Listening;

/// A socket that listens.
#[derive(Debug)]
pub enum Bound {
    /// For TCP.
    Tcp(TcpListener),
    /// For connections on this machine.
    Unix(UnixListener),
}

/// Why there is no socket. The message says what to do.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {what}: {why}")]
pub struct CannotListen {
    what: String,
    why: String,
}

impl CannotListen {
    pub(crate) fn new(what: impl fmt::Display, why: impl fmt::Display) -> Self {
        Self { what: what.to_string(), why: why.to_string() }
    }
}

/// Where the sockets come from, and what is to be cleared up at the end.
#[derive(Debug, Default)]
pub struct Sockets {
    /// There is at least one.
    pub bound: Vec<Bound>,
    /// The file of a Unix socket that is ours, until this is dropped.
    _file: Option<SocketFile>,
}

// ANCHOR: take
impl Sockets {
    /// Takes what systemd hands over, or else what the options name.
    ///
    /// # Errors
    ///
    /// [`CannotListen`].
    pub fn take(options: &Listening) -> Result<Self, CannotListen> {
        let handed = inherited::from_systemd()?;
        if !handed.is_empty() {
            return Ok(Self { bound: handed, _file: None });
        }
        if let Some(number) = options.fd {
            return Ok(Self { bound: vec![inherited::descriptor(number)?], _file: None });
        }
        if let Some(path) = &options.uds {
            let (listener, file) = unix(path, options.uds_mode, options.backlog)
                .map_err(|error| CannotListen::new(path.display(), advice_on_path(&error, path)))?;
            return Ok(Self { bound: vec![Bound::Unix(listener)], _file: Some(file) });
        }
        let listener = tcp(&options.host, options.port, options.backlog, "--port")?;
        Ok(Self { bound: vec![Bound::Tcp(listener)], _file: None })
    }
}
// ANCHOR_END: take

impl From<Vec<Bound>> for Sockets {
    /// Those of somebody else.
    fn from(bound: Vec<Bound>) -> Self {
        Self { bound, _file: None }
    }
}

impl Bound {
    /// A socket that somebody else has opened: which kind it is, it says itself.
    pub(crate) fn from_fd(fd: OwnedFd) -> io::Result<Self> {
        if !sockopt::socket_acceptconn(&fd)? {
            return Err(io::Error::other("it is a socket, and does not listen"));
        }
        match sockopt::socket_domain(&fd)? {
            AddressFamily::UNIX => Ok(Self::Unix(fd.into())),
            AddressFamily::INET | AddressFamily::INET6 => Ok(Self::Tcp(fd.into())),
            _ => Err(io::Error::other("it is a socket of a kind that is not served")),
        }
    }

    /// As a reader may type it.
    pub fn address(&self, encrypted: bool) -> String {
        let scheme = if encrypted { "https" } else { "http" };
        match self {
            Self::Tcp(listener) => match listener.local_addr() {
                Ok(address) => format!("{scheme}://{address}"),
                Err(error) => format!("an unknown address ({error})"),
            },
            Self::Unix(listener) => {
                let address = listener.local_addr().ok();
                let path = address.as_ref().and_then(|address| address.as_pathname());
                path.map_or("a Unix socket".to_owned(), |path| format!("unix:{}", path.display()))
            }
        }
    }
}

impl AsFd for Bound {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Tcp(listener) => listener.as_fd(),
            Self::Unix(listener) => listener.as_fd(),
        }
    }
}

/// Of several addresses of a name, the first that can be had.
pub(crate) fn tcp(
    host: &str,
    port: u16,
    backlog: u32,
    option: &str,
) -> Result<TcpListener, CannotListen> {
    let what =
        if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") };
    let addresses = (host, port).to_socket_addrs().map_err(|error| {
        CannotListen::new(&what, format_args!("{host} is no address and no name of one: {error}"))
    })?;
    let mut last = None;
    for address in addresses {
        match bind(address, backlog) {
            Ok(listener) => return Ok(listener),
            Err(error) => last = Some(error),
        }
    }
    let error = last.unwrap_or_else(|| ErrorKind::AddrNotAvailable.into());
    Err(CannotListen::new(what, advice_on_port(&error, option)))
}

fn bind(address: SocketAddr, backlog: u32) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    // A port whose last owner has ended is free, though some of its connections are still on their way out.
    socket.set_reuse_address(true)?;
    socket.bind(&address.into())?;
    socket.listen(i32::try_from(backlog).unwrap_or(i32::MAX))?;
    socket.set_nonblocking(true)?;
    Ok(socket.into())
}

fn advice_on_port(error: &io::Error, option: &str) -> String {
    match error.kind() {
        ErrorKind::AddrInUse => {
            format!("another program has this port: end that one, or take another by {option} (0 is a free one)")
        }
        ErrorKind::PermissionDenied => {
            "the system keeps ports below 1024 for itself: take one above, as 8000, and put a proxy before it, or have systemd hand the socket over".into()
        }
        ErrorKind::AddrNotAvailable => {
            "no interface of this machine has this address: take 127.0.0.1, or 0.0.0.0 for all of them".into()
        }
        _ => error.to_string(),
    }
}

fn advice_on_path(error: &io::Error, path: &Path) -> String {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.map_or(".".into(), |folder| folder.display().to_string());
    match error.kind() {
        ErrorKind::AddrInUse => {
            "another server answers there: end that one, or take another path".into()
        }
        ErrorKind::AlreadyExists => "there is something that is no socket: move it away".into(),
        ErrorKind::PermissionDenied => format!("this user may not write to the folder {folder}"),
        ErrorKind::NotFound => format!("there is no folder {folder}: make it first"),
        _ => error.to_string(),
    }
}

/// The file of a Unix socket, which is removed when this is dropped: if it still is the one that was made.
#[derive(Debug)]
struct SocketFile {
    path: PathBuf,
    inode: (u64, u64),
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        // Where it is gone, or somebody else's by now, there is nothing to do.
        if inode(&self.path).ok() == Some(self.inode) {
            let _ = fs::remove_file(&self.path);
        }
    }
}

fn inode(path: &Path) -> io::Result<(u64, u64)> {
    let metadata = fs::symlink_metadata(path)?;
    Ok((metadata.dev(), metadata.ino()))
}

// ANCHOR: unix
fn unix(path: &Path, mode: u32, backlog: u32) -> io::Result<(UnixListener, SocketFile)> {
    if let Ok(there) = fs::symlink_metadata(path) {
        if !there.file_type().is_socket() {
            return Err(ErrorKind::AlreadyExists.into());
        }
        // A server that was killed leaves its file behind; one that lives answers.
        if UnixStream::connect(path).is_ok() {
            return Err(ErrorKind::AddrInUse.into());
        }
        fs::remove_file(path)?;
    }
    let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    // Nobody may connect before the mode is what it shall be.
    let usual = umask(Mode::from_raw_mode(0o777));
    let bound = socket.bind(&socket2::SockAddr::unix(path)?);
    umask(usual);
    bound?;
    let file = SocketFile { path: path.to_owned(), inode: inode(path)? };
    fs::set_permissions(path, fs::Permissions::from_mode(mode))?;
    socket.listen(i32::try_from(backlog).unwrap_or(i32::MAX))?;
    socket.set_nonblocking(true)?;
    Ok((OwnedFd::from(socket).into(), file))
}
// ANCHOR_END: unix
