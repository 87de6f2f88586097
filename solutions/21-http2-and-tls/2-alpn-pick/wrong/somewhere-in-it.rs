//! What is in the list can be found in it.
//!
//! caught by: names_are_bytes_and_all_of_them_count

/// What a server may speak.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// HTTP/2.
    Http2,
    /// HTTP/1.1.
    Http11,
}

impl Protocol {
    /// Its name in ALPN.
    pub fn name(self) -> &'static [u8] {
        match self {
            Self::Http2 => b"h2",
            Self::Http11 => b"http/1.1",
        }
    }
}

/// What has been agreed on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// What is spoken.
    pub protocol: Protocol,
    /// What the server's extension contains, if it sends one.
    pub extension: Option<Vec<u8>>,
}

/// Why there is no connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Alert {
    /// The client's list is no list.
    DecodeError,
    /// The two have no protocol in common.
    NoApplicationProtocol,
}

impl Alert {
    /// Its number in TLS.
    pub fn code(self) -> u8 {
        match self {
            Self::DecodeError => 50,
            Self::NoApplicationProtocol => 120,
        }
    }
}

/// Chooses what a connection speaks.
///
/// # Errors
///
/// A list that is none, and nothing in common.
pub fn pick(
    extension: Option<&[u8]>,
    ours: &[Protocol],
    fit_for_http2: bool,
) -> Result<Choice, Alert> {
    let theirs = match extension {
        Some(list) if names(list).is_none() => return Err(Alert::DecodeError),
        Some(list) => list,
        None => Protocol::Http11.name(),
    };
    let protocol = ours
        .iter()
        .copied()
        .filter(|&protocol| fit_for_http2 || protocol != Protocol::Http2)
        .find(|protocol| {
            let name = protocol.name();
            theirs.windows(name.len()).any(|part| part == name)
        })
        .ok_or(Alert::NoApplicationProtocol)?;
    Ok(Choice { protocol, extension: extension.map(|_| list_of(protocol)) })
}

/// The names in a list; none if it is no list.
fn names(list: &[u8]) -> Option<Vec<&[u8]>> {
    let (length, mut rest) = list.split_first_chunk()?;
    if usize::from(u16::from_be_bytes(*length)) != rest.len() {
        return None;
    }
    let mut names = Vec::new();
    while let Some((&length, behind)) = rest.split_first() {
        let (name, behind) = behind.split_at_checked(length.into())?;
        if name.is_empty() {
            return None;
        }
        names.push(name);
        rest = behind;
    }
    if names.is_empty() { None } else { Some(names) }
}

/// The list with this name alone.
fn list_of(protocol: Protocol) -> Vec<u8> {
    let name = protocol.name();
    let length = u8::try_from(name.len()).expect("both names are short");
    [&[0, length + 1, length], name].concat()
}
