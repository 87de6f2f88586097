//! Middleware: an application around an application.
//!
//! Each of these looks at what passes by, through [`Receive::map`](crate::Receive::map) and [`Sender::map`](crate::Sender::map).
//! None keeps a part back, none reads a body, and a lifespan call goes through untouched.
//!
//! They leave out what belongs to a framework: compression, sessions, errors made into pages.

mod access_log;
mod request_id;
mod timing;

pub use access_log::AccessLog;
pub use request_id::{RequestId, RequestIds};
pub use timing::{Ended, Timed, Timing};

use crate::event::{ResponseStart, SendEvent};
use crate::exchange::Sender;
use crate::rules::{Rules, Verdict};
use crate::scope::Scope;

/// Calls `see` with the start of the response: with the one that is sent, and with none that is refused.
///
/// The rules are pure, so middleware can ask them too: what passes here passes below.
fn at_start(
    send: Sender,
    scope: &Scope,
    mut see: impl FnMut(&mut ResponseStart) + Send + 'static,
) -> Sender {
    let mut rules = Rules::of(scope);
    send.map(move |mut event| {
        let passes = matches!(rules.send(&event), Ok(Verdict::Pass));
        if let SendEvent::HttpResponseStart(start) | SendEvent::WebSocketResponseStart(start) =
            &mut event
            && passes
        {
            see(start);
        }
        event
    })
}
