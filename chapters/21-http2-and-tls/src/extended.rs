//! A stream that becomes something else than a request: extended CONNECT (RFC 8441), WebSockets for one.
//!
//! What is spoken on it is none of this crate's business: [`http_server::Config::upgrade`] is asked, as for an `upgrade` field of HTTP/1.1.
//! The stream's DATA, both ways, is then the connection. So the same code serves a WebSocket over either protocol, and here it has windows instead of a socket's buffers.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use gateway::{Address, Error, ResponseBody, ResponseStart, poll_call};
use h2::server::SendResponse;
use h2::{Reason, RecvStream, SendStream};
use http::{HeaderValue, StatusCode, header};
use http_server::upgrade::{Answered, Boxed, Upgraded, Upgrading};
use http_server::{Config, Transport};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::task::coop::poll_proceed;
use tokio::time::{Sleep, sleep_until, timeout};

use crate::flush::Flush;
use crate::head;
use crate::stream::{poll_room, refuse};
use crate::wait::Wait;

/// A client's wish for another protocol, and the call that is about it.
pub(crate) struct Wish {
    pub(crate) upgrading: Box<dyn Upgrading>,
    pub(crate) call: Option<Boxed<Result<(), Error>>>,
}

impl Wish {
    fn poll_call(&mut self, config: &Config, cx: &mut Context<'_>) -> Poll<()> {
        let Some(call) = &mut self.call else { return Poll::Ready(()) };
        let returned = ready!(poll_call(call.as_mut(), cx));
        self.call = None;
        if let Err(failure) = self.upgrading.finish(returned)
            && !failure.is_expected()
        {
            config.errors.report(&failure.to_string());
        }
        Poll::Ready(())
    }

    /// Nobody is there for it any more.
    async fn gone(mut self, config: &Config) {
        self.upgrading.gone();
        let called = std::future::poll_fn(|cx| self.poll_call(config, cx));
        if timeout(config.after_disconnect, called).await.is_err() {
            config
                .errors
                .report("an application went on after its client had left, and was dropped");
        }
    }
}

/// Serves such a stream, until it is closed and the call has returned or was given up.
pub(crate) async fn serve(
    wish: Wish,
    respond: SendResponse<Bytes>,
    body: RecvStream,
    flush: Flush,
    config: &Config,
) {
    // In a box, as the other protocol may be spoken for hours.
    if let Some(other) = Box::pin(answer(wish, respond, body, flush, config)).await {
        other.await;
    }
}

/// Waits for what the application makes of the wish, and says it to the client. Returns the other protocol, if it is spoken from here on.
// ANCHOR: answer
async fn answer(
    mut wish: Wish,
    mut respond: SendResponse<Bytes>,
    body: RecvStream,
    flush: Flush,
    config: &Config,
) -> Option<Boxed<()>> {
    let answered = std::future::poll_fn(|cx| {
        let _ = wish.poll_call(config, cx);
        if let Poll::Ready(answered) = wish.upgrading.poll_answer(cx) {
            return Poll::Ready(Some(answered));
        }
        respond.poll_reset(cx).map(|_| None)
    })
    .await;
    match answered {
        Some(Answered::Switch(headers)) => {
            let mut start = ResponseStart::new(StatusCode::OK);
            start.headers = headers;
            if let Ok(stream) = respond.send_response(head::response(start, config), false) {
                return Some(wish.upgrading.serve(Upgraded {
                    stream: Box::new(Tunnel::new(body, stream)),
                    heard: Bytes::new(),
                    first: Vec::new(),
                    call: wish.call,
                    grace: config.after_disconnect,
                    errors: config.errors.clone(),
                }));
            }
        }
        Some(Answered::Response(start, part)) => {
            deny(&mut wish, &mut respond, start, part, flush, config).await;
        }
        Some(Answered::Failed) => {
            let start = head::brief(StatusCode::INTERNAL_SERVER_ERROR);
            // If the stream is not there any more, nobody wants to know.
            let _ = refuse(&mut respond, start, "Internal Server Error\n", config);
        }
        None => {}
    }
    // The client need not send anything more.
    drop(body);
    wish.gone(config).await;
    None
}
// ANCHOR_END: answer

/// The application answers as to a request.
async fn deny(
    wish: &mut Wish,
    respond: &mut SendResponse<Bytes>,
    mut start: ResponseStart,
    part: ResponseBody,
    flush: Flush,
    config: &Config,
) {
    if !part.more_body && !start.headers.contains_key(header::CONTENT_LENGTH) {
        start.headers.insert(header::CONTENT_LENGTH, HeaderValue::from(part.body.len()));
    }
    let empty = !part.more_body && part.body.is_empty();
    let Ok(stream) = respond.send_response(head::response(start, config), empty) else { return };
    if empty {
        return;
    }
    let mut denial = Denial {
        stream,
        part: Some(part),
        sent: 0,
        write: Wait::new(config.write, config.write_rate),
        sleep: None,
    };
    let end = std::future::poll_fn(|cx| denial.poll(wish, config, cx)).await;
    let reason = match end {
        Ok(End::Whole) => {
            let _ = denial.stream.send_data(Bytes::new(), true);
            return;
        }
        Ok(End::Late) => Reason::CANCEL,
        Ok(End::Cut) => {
            // The client is to see what there was.
            flush.next().await;
            Reason::INTERNAL_ERROR
        }
        Err(_) => return,
    };
    denial.stream.send_reset(reason);
}

/// The body of a denial.
struct Denial {
    stream: SendStream<Bytes>,
    part: Option<ResponseBody>,
    sent: u64,
    write: Wait,
    sleep: Option<Pin<Box<Sleep>>>,
}

/// How a denial ends.
enum End {
    Whole,
    /// The application has left before it was whole.
    Cut,
    /// The client has made no room in time.
    Late,
}

impl Denial {
    fn poll(
        &mut self,
        wish: &mut Wish,
        config: &Config,
        cx: &mut Context<'_>,
    ) -> Poll<Result<End, h2::Error>> {
        loop {
            let _ = wish.poll_call(config, cx);
            if let Poll::Ready(reset) = self.stream.poll_reset(cx) {
                return Poll::Ready(Err(reset?.into()));
            }
            match &mut self.part {
                Some(part) if !part.body.is_empty() => {
                    let wanted = part.body.len();
                    let Poll::Ready(room) = poll_room(&mut self.stream, wanted, cx) else {
                        return self.poll_late(cx).map(|()| Ok(End::Late));
                    };
                    let piece = part.body.split_to(room?);
                    self.write.end();
                    self.sent += piece.len() as u64;
                    self.stream.send_data(piece, false)?;
                }
                Some(part) if !part.more_body => return Poll::Ready(Ok(End::Whole)),
                _ => {
                    self.part = None;
                    match ready!(wish.upgrading.poll_part(cx)) {
                        Some(part) => self.part = Some(part),
                        None => return Poll::Ready(Ok(End::Cut)),
                    }
                    // Parts without bytes would go on for ever.
                    ready!(poll_proceed(cx)).made_progress();
                }
            }
        }
    }

    /// Ready when the client has made no room for too long.
    fn poll_late(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Some(until) = self.write.goes_on(self.sent) else { return Poll::Pending };
        let sleep = self.sleep.get_or_insert_with(|| Box::pin(sleep_until(until)));
        if sleep.deadline() != until {
            sleep.as_mut().reset(until);
        }
        sleep.as_mut().poll(cx)
    }
}

/// A stream's DATA as a connection. END_STREAM is its end, and RST_STREAM is a connection that breaks (RFC 8441, section 5).
pub(crate) struct Tunnel {
    body: RecvStream,
    /// What is left of a frame that was read in part.
    heard: Bytes,
    stream: Arc<Mutex<SendStream<Bytes>>>,
    ended: bool,
}

impl Tunnel {
    fn new(body: RecvStream, stream: SendStream<Bytes>) -> Self {
        Self { body, heard: Bytes::new(), stream: Arc::new(Mutex::new(stream)), ended: false }
    }
}

fn lock(stream: &Mutex<SendStream<Bytes>>) -> MutexGuard<'_, SendStream<Bytes>> {
    // Nothing panics while it holds this.
    stream.lock().unwrap_or_else(PoisonError::into_inner)
}

fn broken(error: h2::Error) -> io::Error {
    io::Error::new(io::ErrorKind::ConnectionReset, error)
}

// ANCHOR: tunnel
impl AsyncRead for Tunnel {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        while this.heard.is_empty() {
            match ready!(this.body.poll_data(cx)) {
                Some(Ok(part)) => this.heard = part,
                Some(Err(error)) => return Poll::Ready(Err(broken(error))),
                None => return Poll::Ready(Ok(())),
            }
        }
        let part = this.heard.split_to(this.heard.len().min(buf.remaining()));
        buf.put_slice(&part);
        // It is read: the client may send as much again.
        let _ = this.body.flow_control().release_capacity(part.len());
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Tunnel {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let mut stream = lock(&self.stream);
        let room = ready!(poll_room(&mut stream, bytes.len(), cx)).map_err(broken)?;
        let piece = Bytes::copy_from_slice(&bytes[..room]);
        stream.send_data(piece, false).map_err(broken)?;
        Poll::Ready(Ok(room))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        // The connection's task writes what h2 has.
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.ended {
            return Poll::Ready(Ok(()));
        }
        self.ended = true;
        Poll::Ready(lock(&self.stream).send_data(Bytes::new(), true).map_err(broken))
    }
}
// ANCHOR_END: tunnel

impl Transport for Tunnel {
    const WATCHES: bool = true;

    fn left(&self, _: bool) -> impl Future<Output = ()> + Send + 'static {
        let stream = Arc::clone(&self.stream);
        std::future::poll_fn(move |cx| lock(&stream).poll_reset(cx).map(drop))
    }

    fn reset(&self) {
        lock(&self.stream).send_reset(Reason::CANCEL);
    }

    fn addresses(&self) -> (Option<Address>, Option<Address>) {
        (None, None)
    }
}
