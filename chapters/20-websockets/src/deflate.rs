//! Compressed messages: the extension `permessage-deflate` (RFC 7692), on zlib.
//!
//! A compressor and an inflater cost some 370 KiB of memory, most of it the compressor's, and with context takeover each connection needs its own.
//! So it is not taken over by default: then an engine is needed only while a message goes through it, and a [`Pool`] lends it.

use std::fmt;
use std::mem;
use std::sync::{Arc, Mutex, PoisonError};

use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};
use http::HeaderMap;
use http::header::SEC_WEBSOCKET_EXTENSIONS;

use crate::fault::Fault;

/// The extension's name.
pub const NAME: &str = "permessage-deflate";

/// With what every compressed message would end, so it is left out (section 7.2.1).
const TAIL: [u8; 4] = [0x00, 0x00, 0xff, 0xff];

/// What a server wants of compression.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// Whether the server's compressor forgets each message before the next. Default: `true`.
    pub server_no_context_takeover: bool,
    /// Whether the client's is told to. Default: `true`.
    pub client_no_context_takeover: bool,
    /// How far back the server's compressor looks, as a power of two: 9 to 15. Default: 15, 32 KiB.
    pub server_max_window_bits: u8,
    /// How far back the client's may look, if it lets itself be told: 9 to 15. Default: 15.
    pub client_max_window_bits: u8,
    /// How hard to try: from 1, fast, to 9. Default: 1.
    pub level: u32,
    /// How long a message is at least to be compressed, in bytes. Default: 64.
    pub smallest: usize,
    /// How many unused engines of each kind are kept. Default: 64.
    pub kept: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            server_no_context_takeover: true,
            client_no_context_takeover: true,
            server_max_window_bits: 15,
            client_max_window_bits: 15,
            level: 1,
            smallest: 64,
            kept: 64,
        }
    }
}

/// What both sides have agreed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Agreed {
    /// The server's compressor forgets each message.
    pub server_no_context_takeover: bool,
    /// The client's does.
    pub client_no_context_takeover: bool,
    /// How far back the server's looks, as a power of two.
    pub server_max_window_bits: u8,
    /// How far back the client's does.
    pub client_max_window_bits: u8,
    /// Whether the client may be told about its window.
    tells_client_bits: bool,
}

impl fmt::Display for Agreed {
    /// As `sec-websocket-extensions` of the response has it.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(NAME)?;
        if self.server_no_context_takeover {
            formatter.write_str("; server_no_context_takeover")?;
        }
        if self.client_no_context_takeover {
            formatter.write_str("; client_no_context_takeover")?;
        }
        if self.server_max_window_bits < 15 {
            write!(formatter, "; server_max_window_bits={}", self.server_max_window_bits)?;
        }
        if self.tells_client_bits && self.client_max_window_bits < 15 {
            write!(formatter, "; client_max_window_bits={}", self.client_max_window_bits)?;
        }
        Ok(())
    }
}

/// Takes the first of a client's offers that can be met; `None` if there is none.
///
/// An offer with a parameter that is unknown, repeated, or has a value that it cannot have, is passed over (section 7.1).
/// So is one that wants a window of 8 bits of the server, which zlib does not have.
pub fn agree(headers: &HeaderMap, settings: &Settings) -> Option<Agreed> {
    let values = headers.get_all(SEC_WEBSOCKET_EXTENSIONS).into_iter();
    let values: Vec<&str> = values.filter_map(|value| value.to_str().ok()).collect();
    values.iter().flat_map(|value| split(value, ',')).find_map(|offer| agree_to(offer, settings))
}

fn agree_to(offer: &str, settings: &Settings) -> Option<Agreed> {
    let mut parameters = split(offer, ';').map(str::trim);
    if !parameters.next()?.eq_ignore_ascii_case(NAME) {
        return None;
    }
    let (mut server_takeover, mut client_takeover) = (None, None);
    let (mut server_bits, mut client_bits) = (None, None);
    for parameter in parameters {
        let (name, value) = match parameter.split_once('=') {
            Some((name, value)) => (name.trim_end(), Some(unquoted(value.trim_start())?)),
            None => (parameter, None),
        };
        let repeated = match (name, value) {
            ("server_no_context_takeover", None) => server_takeover.replace(()).is_some(),
            ("client_no_context_takeover", None) => client_takeover.replace(()).is_some(),
            ("server_max_window_bits", Some(value)) => server_bits.replace(bits(value)?).is_some(),
            ("client_max_window_bits", Some(value)) => client_bits.replace(bits(value)?).is_some(),
            ("client_max_window_bits", None) => client_bits.replace(15).is_some(),
            _ => return None,
        };
        if repeated {
            return None;
        }
    }
    if server_bits == Some(8) {
        return None;
    }
    let server_most = settings.server_max_window_bits.clamp(9, 15);
    let client_most = settings.client_max_window_bits.clamp(9, 15);
    Some(Agreed {
        server_no_context_takeover: settings.server_no_context_takeover
            || server_takeover.is_some(),
        client_no_context_takeover: settings.client_no_context_takeover
            || client_takeover.is_some(),
        server_max_window_bits: server_bits.unwrap_or(15).min(server_most),
        client_max_window_bits: client_bits.map_or(15, |bits| bits.min(client_most)),
        tells_client_bits: client_bits.is_some(),
    })
}

/// Splits outside of quotes.
fn split(text: &str, separator: char) -> impl Iterator<Item = &str> {
    let (mut quoted, mut escaped) = (false, false);
    text.split(move |character| {
        if escaped {
            escaped = false;
            return false;
        }
        match character {
            '"' => quoted = !quoted,
            '\\' if quoted => escaped = true,
            _ => {}
        }
        !quoted && character == separator
    })
}

fn unquoted(value: &str) -> Option<&str> {
    match value.strip_prefix('"') {
        Some(value) => value.strip_suffix('"'),
        None => Some(value),
    }
}

/// A window: 8 to 15, without leading zeros.
fn bits(value: &str) -> Option<u8> {
    let canonical = !value.starts_with(['0', '+']);
    value.parse().ok().filter(|bits| canonical && matches!(bits, 8..=15))
}

/// Compressors and inflaters that nobody uses at the moment. A clone is the same pool.
#[derive(Clone)]
pub struct Pool {
    shared: Arc<Shared>,
}

struct Shared {
    settings: Settings,
    compressors: Mutex<Vec<(u8, Compress)>>,
    inflaters: Mutex<Vec<Decompress>>,
}

impl fmt::Debug for Pool {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Pool")
            .field("settings", &self.shared.settings)
            .finish_non_exhaustive()
    }
}

impl Pool {
    /// An empty one. It makes engines as they are needed.
    pub fn new(settings: Settings) -> Self {
        let (compressors, inflaters) = (Mutex::default(), Mutex::default());
        Self { shared: Arc::new(Shared { settings, compressors, inflaters }) }
    }

    /// What it was made with.
    pub fn settings(&self) -> &Settings {
        &self.shared.settings
    }

    /// Both halves of a server's connection on which that was agreed.
    pub fn server(&self, agreed: &Agreed) -> (Inflate, Deflate) {
        (
            Inflate {
                pool: self.clone(),
                takeover: !agreed.client_no_context_takeover,
                bits: agreed.client_max_window_bits,
                engine: None,
            },
            Deflate {
                pool: self.clone(),
                takeover: !agreed.server_no_context_takeover,
                bits: agreed.server_max_window_bits,
                engine: None,
            },
        )
    }

    /// Both halves of a client's connection on which that was agreed.
    pub fn client(&self, agreed: &Agreed) -> (Inflate, Deflate) {
        self.server(&Agreed {
            server_no_context_takeover: agreed.client_no_context_takeover,
            client_no_context_takeover: agreed.server_no_context_takeover,
            server_max_window_bits: agreed.client_max_window_bits,
            client_max_window_bits: agreed.server_max_window_bits,
            tells_client_bits: agreed.tells_client_bits,
        })
    }

    fn compressor(&self, bits: u8) -> Compress {
        let mut kept = self.shared.compressors.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(at) = kept.iter().rposition(|(of, _)| *of == bits) {
            return kept.swap_remove(at).1;
        }
        let level = Compression::new(self.shared.settings.level.clamp(1, 9));
        Compress::new_with_window_bits(level, false, bits)
    }

    fn keep_compressor(&self, bits: u8, mut engine: Compress) {
        engine.reset();
        let mut kept = self.shared.compressors.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() < self.shared.settings.kept {
            kept.push((bits, engine));
        }
    }

    /// One that understands every window.
    fn inflater(&self) -> Decompress {
        let kept = self.shared.inflaters.lock().unwrap_or_else(PoisonError::into_inner).pop();
        kept.unwrap_or_else(|| Decompress::new_with_window_bits(false, 15))
    }

    fn keep_inflater(&self, mut engine: Decompress) {
        engine.reset(false);
        let mut kept = self.shared.inflaters.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() < self.shared.settings.kept {
            kept.push(engine);
        }
    }
}

/// The reading half.
#[derive(Debug)]
pub struct Inflate {
    pool: Pool,
    takeover: bool,
    bits: u8,
    engine: Option<Decompress>,
}

impl Inflate {
    /// Inflates a portion of a message behind what is in `out`, which becomes no longer than `limit` and a little.
    ///
    /// # Errors
    ///
    /// Bytes that do not inflate, or a message longer than `limit` bytes.
    pub(crate) fn more(
        &mut self,
        mut input: &[u8],
        out: &mut Vec<u8>,
        limit: usize,
    ) -> Result<(), Fault> {
        /// How much memory a portion gets at once, in bytes.
        const STEP: usize = 32 * 1024;
        let engine = self.engine.get_or_insert_with(|| {
            if self.takeover {
                Decompress::new_with_window_bits(false, self.bits.clamp(9, 15))
            } else {
                self.pool.inflater()
            }
        });
        loop {
            if out.len() == out.capacity() {
                out.reserve(input.len().saturating_mul(3).clamp(64, STEP));
            }
            let (read, written) = (engine.total_in(), out.len());
            let status = engine
                .decompress_vec(input, out, FlushDecompress::Sync)
                .map_err(|_| Fault::Deflate)?;
            let read = usize::try_from(engine.total_in() - read).unwrap_or(input.len());
            input = &input[read..];
            if out.len() > limit {
                return Err(Fault::TooBig(limit));
            }
            if status == Status::StreamEnd {
                // A block may say that it is the last (section 7.2.3.4). What follows begins anew.
                engine.reset(false);
            } else if read == 0 && out.len() == written && !input.is_empty() {
                return Err(Fault::Deflate);
            }
            if input.is_empty() && out.len() < out.capacity() {
                return Ok(());
            }
        }
    }

    /// The message is whole.
    pub(crate) fn end(&mut self, out: &mut Vec<u8>, limit: usize) -> Result<(), Fault> {
        self.more(&TAIL, out, limit)?;
        if !self.takeover
            && let Some(engine) = self.engine.take()
        {
            self.pool.keep_inflater(engine);
        }
        Ok(())
    }
}

/// The writing half.
#[derive(Debug)]
pub struct Deflate {
    pool: Pool,
    takeover: bool,
    bits: u8,
    engine: Option<Compress>,
}

impl Deflate {
    /// The compressed message; `None` if it is too short for that.
    pub(crate) fn message(&mut self, mut input: &[u8]) -> Option<Vec<u8>> {
        if input.len() < self.pool.settings().smallest {
            return None;
        }
        let engine = self.engine.get_or_insert_with(|| self.pool.compressor(self.bits));
        let mut out = Vec::with_capacity(input.len() / 2 + 64);
        loop {
            let read = engine.total_in();
            // It fails only when it is used after its end, and it has none.
            let _ = engine.compress_vec(input, &mut out, FlushCompress::Sync);
            let read = usize::try_from(engine.total_in() - read).unwrap_or(input.len());
            input = &input[read..];
            if input.is_empty() && out.len() < out.capacity() {
                break;
            }
            out.reserve(input.len() / 2 + 64);
        }
        if out.ends_with(&TAIL) {
            out.truncate(out.len() - TAIL.len());
        }
        if out.is_empty() {
            // An empty message, flushed twice over: the empty block that stands for it.
            out.push(0);
        }
        if !self.takeover {
            let engine = mem::take(&mut self.engine)?;
            self.pool.keep_compressor(self.bits, engine);
        }
        Some(out)
    }
}
