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

/// Calls `see` with the start of the response, and with no second one, which would be refused.
fn at_start(send: Sender, mut see: impl FnMut(&mut ResponseStart) + Send + 'static) -> Sender {
    let mut started = false;
    send.map(move |mut event| {
        if let SendEvent::HttpResponseStart(start) | SendEvent::WebSocketResponseStart(start) =
            &mut event
            && !started
        {
            started = true;
            see(start);
        }
        event
    })
}
