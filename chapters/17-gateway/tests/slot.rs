//! The slot by itself, polled by hand from both sides.

use std::future::poll_fn;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Weak};
use std::task::{Context, Poll, Wake, Waker};

use gateway::rules::{HttpRules, WebSocketRules};
use gateway::{
    Accept, CallId, Close, Exchange, Extension, Extensions, Failure, Head, Message, Receive,
    ReceiveEvent, ResponseBody, ResponseStart, Rules, SendError, SendEvent, Sender, Slot,
};
use http::Method;
use proctor::{expect_eq, watch};

fn rules() -> Rules {
    Rules::Http(HttpRules::new(&Method::GET, Extensions::NONE.with(Extension::EarlyHint)))
}

/// Counts its wakes.
#[derive(Default)]
struct Wakes(AtomicUsize);

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, SeqCst);
    }
}

impl Wakes {
    fn count(&self) -> usize {
        self.0.load(SeqCst)
    }
}

fn counted() -> (Arc<Wakes>, Waker) {
    let wakes = Arc::new(Wakes::default());
    (Arc::clone(&wakes), wakes.into())
}

/// Sends without waiting.
fn send(slot: &Slot, call: CallId, event: impl Into<SendEvent>) -> Poll<Result<(), SendError>> {
    slot.poll_send(call, &mut Some(event.into()), &mut Context::from_waker(Waker::noop()))
}

#[test]
fn a_start_is_not_handed_over_before_what_follows_it() {
    let slot = Slot::new();
    let call = slot.begin(rules());
    let (seen, waker) = counted();
    let cx = &mut Context::from_waker(&waker);
    assert!(slot.poll_head(cx).is_pending());
    assert!(send(&slot, call, ResponseStart::new(200)).is_ready());
    expect_eq!(seen.count(), 1, "wakes of the server after the start");
    assert!(slot.poll_head(cx).is_pending(), "a start alone is kept");
    assert!(!slot.is_handed());
    assert!(send(&slot, call, ResponseBody::last("crab")).is_ready());
    expect_eq!(seen.count(), 2, "wakes of the server after the body");
    let Poll::Ready(Head::Response(start, SendEvent::HttpResponseBody(part))) = slot.poll_head(cx)
    else {
        panic!("a response was expected")
    };
    expect_eq!((start.status.as_u16(), &part.body[..]), (200, &b"crab"[..]), "the response");
    assert!(slot.is_handed() && slot.is_complete());
}

#[test]
fn hints_come_before_the_head_whether_the_start_is_there_or_not() {
    let slot = Slot::new();
    let call = slot.begin(rules());
    let cx = &mut Context::from_waker(Waker::noop());
    for _ in 0..2 {
        assert!(send(&slot, call, SendEvent::HttpResponseEarlyHint(Vec::new())).is_ready());
        assert!(matches!(slot.poll_head(cx), Poll::Ready(Head::EarlyHint(_))));
    }
    assert!(send(&slot, call, SendEvent::HttpResponseEarlyHint(Vec::new())).is_ready());
    assert!(send(&slot, call, ResponseStart::new(200)).is_ready());
    assert!(matches!(slot.poll_head(cx), Poll::Ready(Head::EarlyHint(_))));
    assert!(slot.poll_head(cx).is_pending());
    assert!(matches!(slot.poll_event(cx), Poll::Ready(SendEvent::HttpResponseStart(_))));
}

#[test]
fn there_is_room_for_one_event_and_all_who_wait_for_it_are_woken() {
    let slot = Slot::new();
    let call = slot.begin(rules());
    assert!(send(&slot, call, ResponseStart::new(200)).is_ready());
    assert!(send(&slot, call, ResponseBody::part("1")).is_ready());
    let waiting: Vec<_> = (0..3).map(|_| counted()).collect();
    for (_, waker) in &waiting {
        for _ in 0..2 {
            let event = &mut Some(ResponseBody::part("2").into());
            let sent = slot.poll_send(call, event, &mut Context::from_waker(waker));
            assert!(sent.is_pending() && event.is_some(), "what waits is not taken");
        }
    }
    let cx = &mut Context::from_waker(Waker::noop());
    assert!(slot.poll_event(cx).is_ready());
    expect_eq!(
        waiting[0].0.count(),
        0,
        "wakes when the start was taken, which was in nobody's way"
    );
    assert!(slot.poll_event(cx).is_ready());
    let counts: Vec<_> = waiting.iter().map(|(wakes, _)| wakes.count()).collect();
    expect_eq!(counts, [1, 1, 1], "wakes when the event was taken");
    assert!(slot.poll_event(cx).is_pending());
}

#[test]
fn all_is_said_when_the_last_event_was_taken_and_not_when_it_was_sent() {
    let slot = Slot::new();
    let call = slot.begin(rules());
    let cx = &mut Context::from_waker(Waker::noop());
    assert!(slot.take_event(cx).is_pending(), "nothing is said yet");
    assert!(send(&slot, call, ResponseStart::new(200)).is_ready());
    let taken = slot.take_event(cx);
    assert!(matches!(taken, Poll::Ready(Some(SendEvent::HttpResponseStart(_)))), "{taken:?}");
    assert!(slot.take_event(cx).is_pending(), "the response is not complete");
    assert!(send(&slot, call, ResponseBody::last("all")).is_ready());
    assert!(slot.is_complete(), "the application has said all");
    let taken = slot.take_event(cx);
    assert!(matches!(taken, Poll::Ready(Some(SendEvent::HttpResponseBody(_)))), "{taken:?}");
    assert!(matches!(slot.take_event(cx), Poll::Ready(None)), "nothing is left");
}

#[test]
fn who_takes_an_event_is_not_woken_by_it_and_who_else_waits_is() {
    let slot = Slot::new();
    let call = slot.begin(rules());
    let (taker, other) = (counted(), counted());
    let wait = |waker| {
        let event = &mut Some(ResponseBody::part("2").into());
        assert!(slot.poll_send(call, event, &mut Context::from_waker(waker)).is_pending());
    };
    let cx = &mut Context::from_waker(&taker.1);
    assert!(send(&slot, call, ResponseStart::new(200)).is_ready());
    assert!(send(&slot, call, ResponseBody::part("1")).is_ready());
    wait(&taker.1);
    let (mut start, mut event) = (None, None);
    assert!(slot.take_head(&mut start, &mut event, cx).is_ready());
    assert!(start.is_some() && event.is_some(), "both are taken");
    assert!(send(&slot, call, ResponseBody::part("2")).is_ready());
    wait(&taker.1);
    assert!(slot.take_event(cx).is_ready());
    expect_eq!(taker.0.count(), 0, "wakes of the one who takes");
    assert!(send(&slot, call, ResponseBody::part("3")).is_ready());
    wait(&other.1);
    assert!(slot.take_event(cx).is_ready());
    expect_eq!(other.0.count(), 1, "wakes of the other");
    assert!(send(&slot, call, ResponseBody::part("4")).is_ready());
    wait(&taker.1);
    assert!(slot.poll_event(cx).is_ready());
    assert!(taker.0.count() > 0, "poll_event promises nothing, so it wakes everybody");
}

#[test]
fn closing_wakes_everybody() {
    let slot = Slot::new();
    let call = slot.begin(rules());
    let (sender, receiver) = (counted(), counted());
    assert!(send(&slot, call, ResponseStart::new(200)).is_ready());
    assert!(send(&slot, call, ResponseBody::part("1")).is_ready());
    let event = &mut Some(ResponseBody::part("2").into());
    assert!(slot.poll_send(call, event, &mut Context::from_waker(&sender.1)).is_pending());
    assert!(slot.poll_over(call, &mut Context::from_waker(&receiver.1)).is_pending());
    slot.close();
    expect_eq!((sender.0.count(), receiver.0.count()), (1, 1), "wakes");
    let sent = slot.poll_send(call, event, &mut Context::from_waker(&sender.1));
    assert!(matches!(sent, Poll::Ready(Err(SendError::Disconnected(_)))), "{sent:?}");
    expect_eq!(Arc::strong_count(&sender.0), 2, "owners of the waker: the slot has let go of it");
}

#[test]
fn the_last_part_tells_one_that_waits_to_receive() {
    let slot = Slot::new();
    let call = slot.begin(rules());
    let (seen, waker) = counted();
    assert!(slot.poll_over(call, &mut Context::from_waker(&waker)).is_pending());
    assert!(send(&slot, call, ResponseStart::new(200)).is_ready());
    assert!(send(&slot, call, ResponseBody::part("1")).is_ready());
    expect_eq!(seen.count(), 0, "wakes before the last part");
    assert!(slot.poll_event(&mut Context::from_waker(Waker::noop())).is_ready());
    assert!(slot.poll_event(&mut Context::from_waker(Waker::noop())).is_ready());
    assert!(send(&slot, call, ResponseBody::last("2")).is_ready());
    expect_eq!(seen.count(), 1, "wakes after the last part");
    assert!(slot.is_over(call));
}

#[test]
fn an_earlier_call_cannot_disturb_a_later_one() {
    let slot = Slot::new();
    let earlier = slot.begin(rules());
    assert!(send(&slot, earlier, ResponseStart::new(200)).is_ready());
    assert!(send(&slot, earlier, ResponseBody::last("crab")).is_ready());
    let later = slot.begin(rules());
    assert!(slot.is_over(earlier) && !slot.is_over(later));
    expect_eq!(send(&slot, earlier, ResponseStart::new(500)), Poll::Ready(Ok(())), "a late start");
    assert!(slot.poll_event(&mut Context::from_waker(Waker::noop())).is_pending());
    assert!(slot.finish(earlier, Ok(())).is_ok());
    let failure = slot.finish(earlier, Err("late".into())).unwrap_err();
    assert!(matches!(failure, Failure::Failed(_)));
    assert!(send(&slot, later, ResponseStart::new(200)).is_ready());
    assert!(send(&slot, later, ResponseBody::last("crab")).is_ready());
    assert!(slot.finish(later, Ok(())).is_ok());
    slot.close();
    let sent = send(&slot, earlier, ResponseBody::part("late"));
    assert!(matches!(sent, Poll::Ready(Err(SendError::Disconnected(_)))), "{sent:?}");
    let never = slot.begin(rules());
    assert!(slot.is_over(never), "a call that begins on a closed connection is over");
}

#[test]
fn taking_the_head_makes_room() {
    let slot = Slot::new();
    let call = slot.begin(rules());
    let (seen, waker) = counted();
    assert!(send(&slot, call, ResponseStart::new(200)).is_ready());
    assert!(send(&slot, call, ResponseBody::part("1")).is_ready());
    let event = &mut Some(ResponseBody::part("2").into());
    assert!(slot.poll_send(call, event, &mut Context::from_waker(&waker)).is_pending());
    assert!(slot.poll_head(&mut Context::from_waker(Waker::noop())).is_ready());
    expect_eq!(seen.count(), 1, "wakes of the sender");
}

#[test]
fn a_server_that_waits_for_a_response_is_told_that_there_will_be_none() {
    let slot = Slot::new();
    let call = slot.begin(rules());
    let (seen, waker) = counted();
    assert!(slot.poll_head(&mut Context::from_waker(&waker)).is_pending());
    assert!(matches!(slot.finish(call, Ok(())), Err(Failure::NoResponse)));
    expect_eq!(seen.count(), 1, "wakes of the server");
}

#[test]
fn a_failure_before_the_head_is_taken_takes_it_back_unless_the_response_is_whole() {
    let cx = &mut Context::from_waker(Waker::noop());
    let slot = Slot::new();
    let call = slot.begin(rules());
    assert!(send(&slot, call, ResponseStart::new(200)).is_ready());
    assert!(send(&slot, call, ResponseBody::part("cr")).is_ready());
    assert!(slot.finish(call, Err("out of crabs".into())).is_err());
    assert!(slot.poll_head(cx).is_pending(), "the server can say 500");

    let call = slot.begin(rules());
    assert!(send(&slot, call, ResponseStart::new(200)).is_ready());
    assert!(send(&slot, call, ResponseBody::last("crab")).is_ready());
    assert!(slot.finish(call, Err("out of crabs".into())).is_err());
    assert!(slot.poll_head(cx).is_ready(), "the client gets what was meant for it");
}

/// An exchange that is nothing but a slot.
struct Bare(Slot);

impl Exchange for Bare {
    fn poll_receive(&self, call: CallId, cx: &mut Context<'_>) -> Poll<ReceiveEvent> {
        self.0.poll_over(call, cx).map(|()| ReceiveEvent::HttpDisconnect)
    }

    fn poll_send(
        &self,
        call: CallId,
        event: &mut Option<SendEvent>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), SendError>> {
        self.0.poll_send(call, event, cx)
    }
}

#[test]
fn tasks_on_several_threads_lose_nothing() {
    const SENDERS: usize = 8;
    const PARTS: usize = 500;
    watch(|| {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(4).build().unwrap();
        let received = runtime.block_on(async {
            let exchange = Arc::new(Bare(Slot::new()));
            let call = exchange.0.begin(rules());
            let send = Sender::new(exchange.clone(), call);
            let mut receive = Receive::new(exchange.clone(), call);
            let over = tokio::spawn(async move { receive.next().await });
            let server = tokio::spawn(async move {
                let mut parts = 0;
                while parts < SENDERS * PARTS {
                    match poll_fn(|cx| exchange.0.poll_event(cx)).await {
                        SendEvent::HttpResponseStart(_) => {}
                        _ => parts += 1,
                    }
                }
                exchange.0.close();
                parts
            });
            send.send(ResponseStart::new(200)).await.unwrap();
            let senders: Vec<_> = (0..SENDERS)
                .map(|_| {
                    let send = send.clone();
                    tokio::spawn(async move {
                        for _ in 0..PARTS {
                            send.send(ResponseBody::part("crab")).await.unwrap();
                        }
                    })
                })
                .collect();
            for sender in senders {
                sender.await.unwrap();
            }
            expect_eq!(over.await.unwrap(), ReceiveEvent::HttpDisconnect, "the last event");
            server.await.unwrap()
        });
        expect_eq!(received, SENDERS * PARTS, "parts");
    });
}

#[test]
fn one_who_waits_behind_many_who_gave_up_is_woken() {
    let full = || {
        let slot = Slot::new();
        let call = slot.begin(rules());
        assert!(send(&slot, call, ResponseStart::new(200)).is_ready());
        assert!(send(&slot, call, ResponseBody::part("1")).is_ready());
        (slot, call)
    };
    let tries = |slot: &Slot, call, waker: &Waker| {
        let event = &mut Some(ResponseBody::part("2").into());
        assert!(slot.poll_send(call, event, &mut Context::from_waker(waker)).is_pending());
    };
    for others in 0..200 {
        let (slot, call) = full();
        for _ in 0..others {
            // Another task each time, which tries once and drops its send.
            tries(&slot, call, &counted().1);
        }
        let (seen, waker) = counted();
        tries(&slot, call, &waker);
        while slot.poll_event(&mut Context::from_waker(Waker::noop())).is_ready() {}
        expect_eq!(seen.count(), 1, "wakes of one who waits behind {others} who gave up");
    }
}

#[test]
fn what_was_withdrawn_cannot_be_said_after_all() {
    let cx = &mut Context::from_waker(Waker::noop());
    let (kept, receiver) = (counted(), counted());
    let slot = Slot::new();
    let call = slot.begin(rules());
    assert!(send(&slot, call, ResponseStart::new(200)).is_ready());
    assert!(send(&slot, call, ResponseBody::part("cr")).is_ready());
    let event = &mut Some(ResponseBody::part("ab").into());
    assert!(slot.poll_send(call, event, &mut Context::from_waker(&kept.1)).is_pending());
    assert!(slot.poll_over(call, &mut Context::from_waker(&receiver.1)).is_pending());
    assert!(slot.finish(call, Err("out of crabs".into())).is_err());
    expect_eq!((kept.0.count(), receiver.0.count()), (1, 1), "wakes when the call was over");
    assert!(slot.is_over(call));
    // A task that the application has left behind.
    expect_eq!(send(&slot, call, ResponseBody::last("ab")), Poll::Ready(Ok(())), "a late part");
    assert!(slot.poll_event(cx).is_pending() && !slot.is_complete(), "a body without its start");

    let call = slot.begin(rules());
    assert!(slot.finish(call, Ok(())).is_err());
    expect_eq!(send(&slot, call, ResponseStart::new(200)), Poll::Ready(Ok(())), "a late start");
    expect_eq!(send(&slot, call, ResponseBody::last("crab")), Poll::Ready(Ok(())), "a late part");
    assert!(slot.poll_head(cx).is_pending() && !slot.is_complete(), "the server has said 500");
}

#[test]
fn what_a_socket_or_a_process_said_before_it_returned_is_not_withdrawn() {
    let cx = &mut Context::from_waker(Waker::noop());
    let slot = Slot::new();
    let call = slot.begin(Rules::WebSocket(WebSocketRules::new(Extensions::NONE)));
    assert!(send(&slot, call, Accept::new()).is_ready());
    assert!(slot.finish(call, Ok(())).is_ok());
    assert!(matches!(slot.poll_event(cx), Poll::Ready(SendEvent::WebSocketAccept(_))));
}

#[test]
fn a_socket_whose_end_was_received_keeps_no_sender_waiting() {
    let (seen, waker) = counted();
    let cx = &mut Context::from_waker(&waker);
    let slot = Slot::new();
    let call = slot.begin(Rules::WebSocket(WebSocketRules::new(Extensions::NONE)));
    assert!(send(&slot, call, Accept::new()).is_ready());
    let event = &mut Some(Message::from("crab").into());
    assert!(slot.poll_send(call, event, cx).is_pending());
    slot.receives(call, &ReceiveEvent::WebSocketConnect);
    expect_eq!(seen.count(), 0, "wakes while the client is there");
    slot.receives(call, &ReceiveEvent::WebSocketDisconnect(Close::new(1001)));
    expect_eq!(seen.count(), 1, "wakes when the application was told that the client is gone");
    let sent = slot.poll_send(call, event, cx);
    assert!(matches!(sent, Poll::Ready(Err(SendError::Disconnected(_)))), "{sent:?}");
}

/// Looks at the slot when it is woken and when it is dropped, as a waker or an event may that knows of it.
struct Looks(Weak<Slot>);

impl Looks {
    fn look(&self) {
        if let Some(slot) = self.0.upgrade() {
            slot.is_closed();
        }
    }
}

impl Wake for Looks {
    fn wake(self: Arc<Self>) {
        self.look();
    }
}

impl Drop for Looks {
    fn drop(&mut self) {
        self.look();
    }
}

impl AsRef<[u8]> for Looks {
    fn as_ref(&self) -> &[u8] {
        b"crab"
    }
}

#[test]
fn nothing_of_others_is_woken_or_dropped_under_the_lock() {
    /// A slot in which everybody waits, and everything is.
    fn full() -> (Arc<Slot>, CallId) {
        let slot = Arc::new(Slot::new());
        let waker = || Waker::from(Arc::new(Looks(Arc::downgrade(&slot))));
        let bytes = || bytes::Bytes::from_owner(Looks(Arc::downgrade(&slot)));
        let call = slot.begin(rules());
        for _ in 0..2 {
            // The second time, the wakers of the first are replaced.
            assert!(slot.poll_head(&mut Context::from_waker(&waker())).is_pending());
            assert!(slot.poll_over(call, &mut Context::from_waker(&waker())).is_pending());
        }
        assert!(send(&slot, call, ResponseStart::new(200)).is_ready());
        assert!(send(&slot, call, ResponseBody::part(bytes())).is_ready());
        for _ in 0..100 {
            let event = &mut Some(ResponseBody::part(bytes()).into());
            assert!(slot.poll_send(call, event, &mut Context::from_waker(&waker())).is_pending());
        }
        (slot, call)
    }
    type Act = fn(&Slot, CallId);
    let acts: [(&str, Act); 5] = [
        ("begin", |slot, _| {
            slot.begin(rules());
        }),
        ("close", |slot, _| slot.close()),
        ("finish", |slot, call| {
            assert!(slot.finish(call, Ok(())).is_err());
        }),
        ("poll_head", |slot, _| {
            let waker = Waker::noop();
            assert!(slot.poll_head(&mut Context::from_waker(waker)).is_ready());
            assert!(slot.poll_head(&mut Context::from_waker(waker)).is_pending());
        }),
        ("poll_event", |slot, _| {
            let waker = Waker::noop();
            while slot.poll_event(&mut Context::from_waker(waker)).is_ready() {}
        }),
    ];
    for (name, act) in acts {
        println!("{name}");
        watch(move || {
            let (slot, call) = full();
            act(&slot, call);
        });
    }
}
