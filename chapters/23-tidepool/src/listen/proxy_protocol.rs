//! The header of the PROXY protocol, versions 1 and 2: a load balancer's word on who has connected to it.
//!
//! [`parse`] is pure: bytes so far in, and out comes whether more is needed, what was said, or what is wrong.
//! Source: "The PROXY protocol", HAProxy, 2020/03/05. It leaves out version 2's additional fields (TLVs), which are skipped, and their checksum.

use std::io::{self, ErrorKind};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt};

/// The longest line of version 1, its end included.
const LINE: usize = 107;
/// The most that version 2 may have behind its first 16 bytes. The addresses take 216 at most; the rest are TLVs.
const TAIL: usize = 2_048;
const SIGNATURE: &[u8; 12] = b"\r\n\r\n\0\r\nQUIT\n";

/// Client and server; none if the balancer speaks for itself (a health check), or does not know.
pub type Said = Option<(SocketAddr, SocketAddr)>;

/// What is at the beginning of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Parsed {
    /// Not all of it yet.
    Partial,
    /// A header of so many bytes.
    Whole(usize, Said),
}

/// What is there is no such header.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// It begins otherwise.
    #[error("it does not begin with one")]
    NoHeader,
    /// It is too long.
    #[error("it is longer than it may be")]
    TooLong,
    /// It says what cannot be.
    #[error("it cannot be understood")]
    Invalid,
}

/// Reads a header, and returns what it says and what was read behind it. It reads no more than a header's bound and one buffer.
///
/// # Errors
///
/// What reading says, and [`Malformed`].
pub async fn read(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<(Said, Bytes)> {
    let mut bytes = BytesMut::with_capacity(512);
    loop {
        match parse(&bytes).map_err(|error| io::Error::new(ErrorKind::InvalidData, error))? {
            Parsed::Whole(length, said) => return Ok((said, bytes.split_off(length).freeze())),
            Parsed::Partial if stream.read_buf(&mut bytes).await? == 0 => {
                return Err(ErrorKind::UnexpectedEof.into());
            }
            Parsed::Partial => {}
        }
    }
}

/// Looks at the bytes that have come so far.
///
/// # Errors
///
/// [`Malformed`], as soon as it shows.
pub fn parse(bytes: &[u8]) -> Result<Parsed, Malformed> {
    let begins = |with: &[u8]| bytes.iter().zip(with).all(|(one, other)| one == other);
    if begins(SIGNATURE) {
        version_2(bytes)
    } else if begins(b"PROXY ") {
        version_1(bytes)
    } else {
        Err(Malformed::NoHeader)
    }
}

fn version_1(bytes: &[u8]) -> Result<Parsed, Malformed> {
    let seen = &bytes[..bytes.len().min(LINE)];
    let Some(end) = seen.windows(2).position(|two| two == b"\r\n") else {
        return if seen.len() == LINE { Err(Malformed::TooLong) } else { Ok(Parsed::Partial) };
    };
    let line = std::str::from_utf8(&seen[..end]).map_err(|_| Malformed::Invalid)?;
    let words: Vec<_> = line.split(' ').collect();
    let said = match *words {
        ["PROXY", "UNKNOWN", ..] => None,
        ["PROXY", family, client, server, client_port, server_port] => {
            let client = address(family, client, client_port)?;
            Some((client, address(family, server, server_port)?))
        }
        _ => return Err(Malformed::Invalid),
    };
    Ok(Parsed::Whole(end + 2, said))
}

fn address(family: &str, address: &str, port: &str) -> Result<SocketAddr, Malformed> {
    let address: IpAddr = address.parse().map_err(|_| Malformed::Invalid)?;
    if address.is_ipv4() != (family == "TCP4") || !matches!(family, "TCP4" | "TCP6") {
        return Err(Malformed::Invalid);
    }
    let digits = port.bytes().all(|byte| byte.is_ascii_digit());
    let port = port.parse().ok().filter(|_| digits).ok_or(Malformed::Invalid)?;
    Ok(SocketAddr::new(address, port))
}

fn version_2(bytes: &[u8]) -> Result<Parsed, Malformed> {
    let Some((head, tail)) = bytes.split_first_chunk::<16>() else { return Ok(Parsed::Partial) };
    let [.., version_and_command, family, high, low] = *head;
    let length = usize::from(u16::from_be_bytes([high, low]));
    let local = match version_and_command {
        // A health check: the balancer speaks for itself.
        0x20 => true,
        0x21 => false,
        _ => return Err(Malformed::Invalid),
    };
    if length > TAIL {
        return Err(Malformed::TooLong);
    }
    let Some(tail) = tail.get(..length) else { return Ok(Parsed::Partial) };
    let said = match family {
        _ if local => None,
        0x11 => Some(two_addresses::<4, Ipv4Addr>(tail)?),
        0x21 => Some(two_addresses::<16, Ipv6Addr>(tail)?),
        // Datagrams, Unix sockets, and what is not known: as if nothing were said.
        _ => None,
    };
    Ok(Parsed::Whole(16 + length, said))
}

/// Both addresses, then both ports.
fn two_addresses<const N: usize, A>(bytes: &[u8]) -> Result<(SocketAddr, SocketAddr), Malformed>
where
    A: From<[u8; N]> + Into<IpAddr>,
{
    let (client, rest) = bytes.split_first_chunk::<N>().ok_or(Malformed::Invalid)?;
    let (server, rest) = rest.split_first_chunk::<N>().ok_or(Malformed::Invalid)?;
    let (client_port, rest) = rest.split_first_chunk::<2>().ok_or(Malformed::Invalid)?;
    let (server_port, _) = rest.split_first_chunk::<2>().ok_or(Malformed::Invalid)?;
    let together = |address: [u8; N], port: [u8; 2]| {
        SocketAddr::new(A::from(address).into(), u16::from_be_bytes(port))
    };
    Ok((together(*client, *client_port), together(*server, *server_port)))
}
