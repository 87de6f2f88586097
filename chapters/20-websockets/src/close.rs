//! Close frames: a code and a reason (RFC 6455, sections 5.5.1 and 7.4).

use std::str;

use crate::fault::Fault;
use crate::utf8;

/// The codes that this crate gives a meaning.
pub mod codes {
    /// What the connection was for is done.
    pub const NORMAL: u16 = 1000;
    /// A server goes down, or a browser leaves the page.
    pub const GOING_AWAY: u16 = 1001;
    /// The peer broke the protocol.
    pub const PROTOCOL_ERROR: u16 = 1002;
    /// Never sent: the peer's close frame had no code.
    pub const NO_CODE: u16 = 1005;
    /// Never sent: the connection was lost without a close frame.
    pub const LOST: u16 = 1006;
    /// A message that is not what it says, as text that is no UTF-8.
    pub const INVALID_PAYLOAD: u16 = 1007;
    /// The peer broke a rule that is not the protocol's.
    pub const POLICY: u16 = 1008;
    /// A message is too big.
    pub const TOO_BIG: u16 = 1009;
    /// The server failed.
    pub const INTERNAL_ERROR: u16 = 1011;
    /// The service restarts; come again (registered with IANA).
    pub const SERVICE_RESTART: u16 = 1012;
    /// The service has too much to do; come later (registered with IANA).
    pub const TRY_AGAIN_LATER: u16 = 1013;
}

/// The longest reason, in bytes: a control frame has 125, of which the code takes two.
const REASON: usize = 123;

/// Whether a close frame may have that code: those that the protocol or IANA has given a meaning on the wire,
/// 3000 to 3999 for libraries and 4000 to 4999 for applications.
pub fn may_be_sent(code: u16) -> bool {
    matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999)
}

/// The longest beginning of `reason` that fits into a close frame, cut between characters.
pub fn shortened(reason: &str) -> &str {
    &reason[..reason.floor_char_boundary(REASON)]
}

/// Reads the payload of a close frame: no code at all, or a code and a reason.
///
/// # Errors
///
/// Half a code, one that must not be sent, or a reason that is no UTF-8.
pub fn parse(payload: &[u8]) -> Result<Option<(u16, &str)>, Fault> {
    match payload {
        [] => Ok(None),
        [_] => Err(Fault::HalfCode),
        [high, low, reason @ ..] => {
            let code = u16::from_be_bytes([*high, *low]);
            if !may_be_sent(code) {
                return Err(Fault::CloseCode(code));
            }
            let reason = str::from_utf8(reason).map_err(|_| utf8::Invalid)?;
            Ok(Some((code, reason)))
        }
    }
}
