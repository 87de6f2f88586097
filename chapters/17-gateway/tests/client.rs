//! The test client: what a call goes through when a test is on the other side.

use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::task::Poll;
use std::time::Duration;

use gateway::testing::{Request, StartupError};
use gateway::{
    Accept, Close, Error, Extension, Failure, Message, Receive, ReceiveEvent, RequestBody,
    ResponseBody, ResponseStart, ResponseTrailers, Scope, SendError, SendEvent, Sender, State,
    Violation, testing,
};
use proctor::{expect_eq, watch_async};
use tokio::time::{sleep, timeout};

/// Sends back each part of the body as it comes.
async fn echo(scope: Scope, mut receive: Receive, send: Sender) -> Result<(), Error> {
    let Scope::Http(_) = scope else { return Err(scope.unsupported().into()) };
    send.send(ResponseStart::new(200)).await?;
    while let Some(part) = receive.part().await? {
        send.send(ResponseBody::part(part)).await?;
    }
    Ok(send.send(ResponseBody::last("")).await?)
}

/// Counts, once a second, for ever.
async fn counting(_scope: Scope, _receive: Receive, send: Sender) -> Result<(), Error> {
    send.send(ResponseStart::new(200)).await?;
    for number in 0.. {
        send.send(ResponseBody::part(format!("{number}\n"))).await?;
        sleep(Duration::from_secs(1)).await;
    }
    Ok(())
}

#[test]
fn a_request_is_body_parts_as_they_arrive_with_more_body() {
    watch_async(async {
        let (tell, mut told) = tokio::sync::mpsc::unbounded_channel();
        let app = move |_scope: Scope, mut receive: Receive, _send: Sender| {
            let tell = tell.clone();
            async move {
                loop {
                    let event = receive.next().await;
                    let more = matches!(&event, ReceiveEvent::HttpRequest(part) if part.more_body);
                    tell.send(event)?;
                    if !more {
                        return Ok::<_, Error>(());
                    }
                }
            }
        };
        let part = |body: &'static str, more_body| {
            ReceiveEvent::from(RequestBody { body: body.into(), more_body })
        };
        for (request, expected) in [
            (Request::get("/"), vec![part("", false)]),
            (Request::post("/").body("crab"), vec![part("crab", false)]),
            (Request::post("/").part("cr").part("ab"), vec![part("cr", true), part("ab", false)]),
            (
                Request::post("/").part("cr").disconnect(),
                vec![part("cr", true), ReceiveEvent::HttpDisconnect],
            ),
        ] {
            let _ = testing::call(&app, request).ended().await;
            let events: Vec<_> = std::iter::from_fn(|| told.try_recv().ok()).collect();
            expect_eq!(events, expected, "the events");
        }
    });
}

#[test]
fn an_echo_streams_both_ways() {
    watch_async(async {
        let mut call = testing::call(&echo, Request::post("/").open());
        expect_eq!(call.start().await.status, 200, "the status");
        for word in ["tide", "pool"] {
            call.give(word, true);
            expect_eq!(call.part().await.unwrap(), word, "the part");
        }
        call.give("", false);
        expect_eq!(call.part().await, None, "the end");
        assert!(call.ended().await.is_ok());
    });
}

#[test]
fn a_disconnect_in_the_middle_of_the_body_is_seen_by_receive() {
    watch_async(async {
        let answer = testing::ask(&echo, Request::post("/").part("cr").disconnect()).await;
        assert!(!answer.complete);
        assert!(matches!(answer.ended, Err(Failure::Disconnected)), "{:?}", answer.ended);
    });
}

#[test]
fn disconnect_is_repeated_if_receive_is_called_again() {
    watch_async(async {
        let app = async |_scope: Scope, mut receive: Receive, send: Sender| {
            send.send(ResponseStart::new(200)).await?;
            send.send(ResponseBody::last("crab")).await?;
            for _ in 0..3 {
                assert_eq!(receive.next().await, ReceiveEvent::HttpDisconnect);
            }
            Ok::<_, Error>(())
        };
        // The body was not read, and the response is complete.
        let answer = testing::ask(&app, Request::post("/").body("crab")).await;
        assert!(answer.complete && answer.ended.is_ok(), "{answer:?}");
    });
}

#[test]
fn one_that_waits_on_receive_learns_of_a_lost_client_at_once() {
    watch_async(async {
        let app = async |_scope: Scope, mut receive: Receive, _send: Sender| {
            while receive.next().await != ReceiveEvent::HttpDisconnect {}
            Ok::<_, Error>(())
        };
        let request = Request::get("/").wait(Duration::from_secs(3)).disconnect();
        let began = tokio::time::Instant::now();
        let answer = testing::ask(&app, request).await;
        expect_eq!(began.elapsed(), Duration::from_secs(3), "the time until it had returned");
        assert!(answer.ended.is_ok(), "{:?}", answer.ended);
    });
}

#[test]
fn one_that_streams_learns_of_a_lost_client_by_the_error_of_send() {
    watch_async(async {
        let answer = testing::ask(&counting, Request::get("/").disconnect_after(3)).await;
        expect_eq!(answer.text(), "0\n1\n2\n", "what the client has read");
        assert!(matches!(answer.ended, Err(Failure::Disconnected)), "{:?}", answer.ended);
    });
}

#[test]
fn time_is_virtual_and_recorded() {
    watch_async(async {
        let request = Request::get("/").disconnect_after(4);
        let answer = testing::ask(&counting, request).await;
        let seconds: Vec<_> = answer.sent.iter().map(|sent| sent.at.as_secs_f64()).collect();
        expect_eq!(seconds, [0.0, 0.0, 1.0, 2.0, 3.0], "when the start and the parts came");
    });
}

#[test]
fn send_waits_while_the_client_does_not_read() {
    static SENT: AtomicUsize = AtomicUsize::new(0);
    async fn flood(_scope: Scope, _receive: Receive, send: Sender) -> Result<(), Error> {
        send.send(ResponseStart::new(200)).await?;
        for _ in 0..1_000 {
            send.send(ResponseBody::part("crab")).await?;
            SENT.fetch_add(1, Relaxed);
        }
        Ok(send.send(ResponseBody::last("")).await?)
    }
    watch_async(async {
        let mut call = testing::call(&flood, Request::get("/"));
        call.start().await;
        for read in 1..10 {
            call.settle().await;
            expect_eq!(SENT.load(Relaxed), read, "parts sent, one ahead of {} read", read - 1);
            call.part().await;
        }
        drop(call);
    });
}

#[test]
fn a_send_that_waits_fails_when_the_client_leaves() {
    watch_async(async {
        let app = async |_scope: Scope, _receive: Receive, send: Sender| {
            send.send(ResponseStart::new(200)).await?;
            send.send(ResponseBody::part("one")).await?;
            let waited = send.send(ResponseBody::part("two")).await;
            assert!(waited.unwrap_err().is_disconnected());
            Ok::<_, Error>(())
        };
        let request = Request::get("/").wait(Duration::from_secs(1)).disconnect();
        assert!(testing::call(&app, request).ended().await.is_ok());
    });
}

#[test]
fn a_send_that_is_dropped_while_it_waits_has_sent_nothing() {
    watch_async(async {
        let app = async |_scope: Scope, _receive: Receive, send: Sender| {
            send.send(ResponseStart::new(200)).await?;
            send.send(ResponseBody::part("one")).await?;
            let late = timeout(Duration::from_secs(1), send.send(ResponseBody::part("two")));
            assert!(late.await.is_err());
            Ok::<_, Error>(send.send(ResponseBody::last("three")).await?)
        };
        let mut call = testing::call(&app, Request::get("/"));
        call.start().await;
        call.settle().await;
        sleep(Duration::from_secs(2)).await;
        call.settle().await;
        expect_eq!(call.answer().await.text(), "onethree", "the body");
    });
}

#[test]
fn several_senders_at_a_time_lose_nothing() {
    watch_async(async {
        let app = async |_scope: Scope, _receive: Receive, send: Sender| {
            send.send(ResponseStart::new(200)).await?;
            let mut tasks = tokio::task::JoinSet::new();
            for number in 0..100 {
                let send = send.clone();
                tasks.spawn(
                    async move { send.send(ResponseBody::part(format!("{number} "))).await },
                );
            }
            while let Some(sent) = tasks.join_next().await {
                sent??;
            }
            Ok::<_, Error>(send.send(ResponseBody::last("")).await?)
        };
        let answer = testing::ask(&app, Request::get("/")).await;
        let mut numbers: Vec<usize> =
            answer.text().split_whitespace().map(|number| number.parse().unwrap()).collect();
        numbers.sort_unstable();
        expect_eq!(numbers, (0..100).collect::<Vec<_>>(), "the numbers, sorted");
    });
}

#[test]
fn a_sender_that_outlives_its_call_is_ignored_or_told_that_the_client_is_gone() {
    watch_async(async {
        let (give, mut take) = tokio::sync::mpsc::unbounded_channel();
        let app = move |_scope: Scope, _receive: Receive, send: Sender| {
            let give = give.clone();
            async move {
                send.send(ResponseStart::new(200)).await?;
                send.send(ResponseBody::last("crab")).await?;
                Ok::<_, Error>(give.send(send)?)
            }
        };
        let mut call = testing::call(&app, Request::get("/"));
        assert!(call.ended().await.is_ok());
        let kept = take.recv().await.unwrap();
        expect_eq!(kept.send(ResponseBody::part("more")).await, Ok(()), "a late part");
        call.disconnect();
        assert!(kept.send(ResponseBody::part("more")).await.unwrap_err().is_disconnected());
    });
}

#[test]
fn an_application_that_returns_without_a_response_yields_500() {
    watch_async(async {
        let app = async |_: Scope, _: Receive, _: Sender| Ok::<_, Error>(());
        let answer = testing::ask(&app, Request::get("/")).await;
        expect_eq!(answer.status, 500, "the status");
        assert!(matches!(answer.ended, Err(Failure::NoResponse)), "{:?}", answer.ended);
    });
}

#[test]
fn an_application_that_fails_between_start_and_body_yields_500() {
    watch_async(async {
        let app = async |_: Scope, _: Receive, send: Sender| {
            send.send(ResponseStart::new(200)).await?;
            Err::<(), Error>("out of crabs".into())
        };
        let answer = testing::ask(&app, Request::get("/")).await;
        expect_eq!(answer.status, 500, "the status");
        assert!(answer.sent.is_empty());
        assert!(matches!(answer.ended, Err(Failure::Failed(_))), "{:?}", answer.ended);
    });
}

#[test]
fn an_application_that_fails_after_its_first_part_leaves_an_incomplete_response() {
    watch_async(async {
        let app = async |_: Scope, _: Receive, send: Sender| {
            send.send(ResponseStart::new(200)).await?;
            send.send(ResponseBody::part("cr")).await?;
            // This one waits until the client has the first.
            send.send(ResponseBody::part("a")).await?;
            Err::<(), Error>("out of crabs".into())
        };
        let answer = testing::ask(&app, Request::get("/")).await;
        expect_eq!(answer.status, 200, "the status");
        expect_eq!((answer.complete, &*answer.text()), (false, "cra"), "complete, and the body");
    });
}

#[test]
fn an_application_that_panics_ends_its_own_call_only() {
    watch_async(async {
        let app = async |scope: Scope, _: Receive, send: Sender| {
            let Scope::Http(scope) = scope else { return Err(scope.unsupported().into()) };
            assert!(scope.path() != "/pinch", "ouch");
            send.send(ResponseStart::new(200)).await?;
            Ok::<_, Error>(send.send(ResponseBody::last("crab")).await?)
        };
        let answer = testing::ask(&app, Request::get("/pinch")).await;
        expect_eq!(answer.status, 500, "the status");
        expect_eq!(
            answer.ended.unwrap_err().to_string(),
            "the application panicked: ouch",
            "the failure"
        );
        assert!(testing::ask(&app, Request::get("/")).await.ended.is_ok());
    });
}

#[test]
fn a_violation_can_be_matched_on_and_the_response_go_on() {
    watch_async(async {
        let app = async |_: Scope, _: Receive, send: Sender| {
            send.send(ResponseStart::new(200)).await?;
            let again = send.send(ResponseStart::new(500)).await;
            let Err(SendError::Violation(Violation::OutOfOrder { .. })) = again else {
                return Err("the second start was let through".into());
            };
            Ok::<_, Error>(send.send(ResponseBody::last("crab")).await?)
        };
        let answer = testing::ask(&app, Request::get("/")).await;
        assert!(answer.complete && answer.ended.is_ok(), "{answer:?}");
        expect_eq!(answer.status, 200, "the status");
    });
}

#[test]
fn head_has_headers_as_for_get_and_no_body() {
    watch_async(async {
        let app = async |_: Scope, _: Receive, send: Sender| {
            send.send(ResponseStart::new(200).header("content-length", "4")).await?;
            send.send(ResponseBody::part("cr")).await?;
            Ok::<_, Error>(send.send(ResponseBody::last("ab")).await?)
        };
        let answer = testing::ask(&app, Request::new(http::Method::HEAD, "/")).await;
        expect_eq!(answer.header("content-length"), Some("4"), "content-length");
        assert!(answer.body.is_empty() && answer.complete && answer.ended.is_ok(), "{answer:?}");
    });
}

#[test]
fn trailers_and_hints_reach_the_client_where_they_are_offered() {
    watch_async(async {
        let app = async |_: Scope, _: Receive, send: Sender| {
            let link = "</crab.svg>; rel=preload".parse()?;
            send.send(SendEvent::HttpResponseEarlyHint(vec![link])).await?;
            send.send(ResponseStart::new(200).with_trailers()).await?;
            send.send(ResponseBody::last("crab")).await?;
            let headers = [("x-legs".parse()?, "10".parse()?)].into_iter().collect();
            let more_trailers = false;
            Ok::<_, Error>(send.send(ResponseTrailers { headers, more_trailers }).await?)
        };
        let request = Request::get("/").offer(Extension::Trailers).offer(Extension::EarlyHint);
        let answer = testing::ask(&app, request).await;
        assert!(answer.ended.is_ok() && answer.complete, "{answer:?}");
        expect_eq!(answer.status, 200, "the status");
        expect_eq!(answer.trailers["x-legs"], "10", "the trailer");
        let names: Vec<_> = answer.sent.iter().map(|sent| sent.event.name()).collect();
        let expected = [
            "http.response.early_hint",
            "http.response.start",
            "http.response.body",
            "http.response.trailers",
        ];
        expect_eq!(names, expected, "the events");
    });
}

#[test]
fn a_body_has_a_limit_and_needs_its_end() {
    watch_async(async {
        let app = async |_: Scope, mut receive: Receive, send: Sender| {
            let said = match receive.body(4).await {
                Ok(body) => format!("{body:?}"),
                Err(error) => error.to_string(),
            };
            send.send(ResponseStart::new(200)).await?;
            Ok::<_, Error>(send.send(ResponseBody::last(said)).await?)
        };
        for (request, said) in [
            (Request::get("/"), "b\"\""),
            (Request::post("/").body("crab"), "b\"crab\""),
            (Request::post("/").part("c").part("").part("ra").part("b"), "b\"crab\""),
            (
                Request::post("/").part("cra").part("bs"),
                "the request's body is longer than 4 bytes",
            ),
        ] {
            expect_eq!(testing::ask(&app, request).await.text(), said, "what the application said");
        }
        let answer = testing::ask(&app, Request::post("/").part("cr").disconnect()).await;
        assert!(matches!(answer.ended, Err(Failure::Disconnected)), "{:?}", answer.ended);
    });
}

#[test]
fn an_application_that_never_stops_sending_still_lets_others_run() {
    watch_async(async {
        let app = async |_: Scope, _: Receive, send: Sender| {
            loop {
                // Deaf: it does not look at what send says.
                let _ = send.send(ResponseBody::part("crab")).await;
            }
            #[expect(unreachable_code, reason = "it says what the loop would return")]
            Ok::<_, Error>(())
        };
        let deaf = tokio::spawn(async move {
            testing::call(&app, Request::get("/").disconnect()).ended().await
        });
        for _ in 0..10 {
            tokio::task::yield_now().await;
        }
        deaf.abort();
        assert!(deaf.await.unwrap_err().is_cancelled());
    });
}

/// A room in which what is said is said to oneself.
async fn parrot(scope: Scope, mut receive: Receive, send: Sender) -> Result<(), Error> {
    let Scope::WebSocket(scope) = scope else { return Err(scope.unsupported().into()) };
    assert_eq!(receive.next().await, ReceiveEvent::WebSocketConnect);
    let Some(chosen) = scope.subprotocols.first() else {
        send.send(SendEvent::WebSocketResponseStart(ResponseStart::new(400))).await?;
        let body = ResponseBody::last("speak up");
        return Ok(send.send(SendEvent::WebSocketResponseBody(body)).await?);
    };
    send.send(Accept { subprotocol: Some(chosen.parse()?), ..Accept::new() }).await?;
    loop {
        match receive.next().await {
            ReceiveEvent::WebSocketReceive(message) => send.send(message).await?,
            ReceiveEvent::WebSocketDisconnect(close) => {
                assert_eq!(receive.next().await, ReceiveEvent::WebSocketDisconnect(close));
                return Ok(());
            }
            event => return Err(format!("unexpected: {}", event.name()).into()),
        }
    }
}

#[test]
fn a_websocket_is_a_conversation() {
    watch_async(async {
        let request = Request::get("/chat").subprotocol("crab").subprotocol("lobster");
        let mut socket = testing::websocket(&parrot, request);
        expect_eq!(socket.accepted().await.subprotocol.unwrap(), "crab", "the subprotocol");
        socket.say("ahoy");
        expect_eq!(socket.heard().await, Some(Message::from("ahoy")), "the text");
        socket.say(vec![0, 255]);
        expect_eq!(socket.heard().await, Some(Message::from(vec![0, 255])), "the bytes");
        socket.close(Close::because(1001, "low tide"));
        assert!(socket.ended().await.is_ok());
    });
}

#[test]
fn a_websocket_is_refused_with_a_response_where_that_is_offered() {
    watch_async(async {
        let request = Request::get("/chat").offer(Extension::WebSocketResponse);
        let mut socket = testing::websocket(&parrot, request);
        let Some(SendEvent::WebSocketResponseStart(start)) = socket.event().await else {
            panic!("a denial was expected")
        };
        expect_eq!(start.status, 400, "the status");
        assert!(matches!(socket.event().await, Some(SendEvent::WebSocketResponseBody(_))));
        assert!(socket.ended().await.is_ok());
    });
}

#[test]
fn sending_to_a_websocket_that_is_gone_is_the_disconnect_error() {
    watch_async(async {
        let app = async |_: Scope, _: Receive, send: Sender| {
            send.send(Accept::new()).await?;
            sleep(Duration::from_secs(1)).await;
            send.send(Message::from("are you there?")).await?;
            Ok::<_, Error>(())
        };
        let mut socket = testing::websocket(&app, Request::get("/"));
        socket.accepted().await;
        socket.close(Close::default());
        assert!(matches!(socket.ended().await, Err(Failure::Disconnected)));
    });
}

#[derive(Debug, PartialEq)]
struct Pool(&'static str);

async fn lively(scope: Scope, mut receive: Receive, send: Sender) -> Result<(), Error> {
    let Scope::Lifespan(scope) = scope else { return Err(scope.unsupported().into()) };
    assert_eq!(receive.next().await, ReceiveEvent::LifespanStartup);
    scope.state.insert(Pool("warm"));
    send.send(SendEvent::LifespanStartupComplete).await?;
    assert_eq!(receive.next().await, ReceiveEvent::LifespanShutdown);
    Ok(send.send(SendEvent::LifespanShutdownFailed("it leaks".to_owned())).await?)
}

#[test]
fn a_lifespan_has_a_start_with_state_and_an_end() {
    watch_async(async {
        let mut lifespan = testing::lifespan(&lively);
        let state: State = lifespan.startup().await.unwrap();
        expect_eq!(state.get::<Pool>(), Some(&Pool("warm")), "what was stored");
        expect_eq!(lifespan.shutdown().await, Err("it leaks".to_owned()), "the shutdown");
        assert!(lifespan.ended().await.is_ok());
    });
}

#[test]
fn what_a_process_or_a_socket_said_before_its_call_returned_was_said() {
    watch_async(async {
        // It is ready, and has nothing to put away.
        let ready = async |scope: Scope, mut receive: Receive, send: Sender| {
            let Scope::Lifespan(scope) = scope else { return Err(scope.unsupported().into()) };
            receive.next().await;
            scope.state.insert(Pool("warm"));
            Ok::<_, Error>(send.send(SendEvent::LifespanStartupComplete).await?)
        };
        let mut lifespan = testing::lifespan(&ready);
        let state = lifespan.startup().await.unwrap();
        expect_eq!(state.get::<Pool>(), Some(&Pool("warm")), "what was stored");
        expect_eq!(lifespan.shutdown().await, Ok(()), "the shutdown");
        assert!(lifespan.ended().await.is_ok());

        let leaves = async |_: Scope, _: Receive, send: Sender| {
            send.send(Accept::new()).await?;
            send.send(Message::from("bye")).await?;
            Ok::<_, Error>(())
        };
        let mut socket = testing::websocket(&leaves, Request::get("/"));
        socket.accepted().await;
        expect_eq!(socket.heard().await, Some(Message::from("bye")), "its last word");
    });
}

#[test]
fn an_application_that_does_not_speak_lifespan_is_known_by_its_failure_on_that_scope() {
    watch_async(async {
        let startup = testing::lifespan(&echo).startup().await;
        assert!(matches!(startup, Err(StartupError::Unsupported(_))), "{startup:?}");
        let app = async |_: Scope, mut receive: Receive, send: Sender| {
            receive.next().await;
            let why = "no water".to_owned();
            Ok::<_, Error>(send.send(SendEvent::LifespanStartupFailed(why)).await?)
        };
        let startup = testing::lifespan(&app).startup().await;
        assert!(
            matches!(&startup, Err(StartupError::Failed(why)) if why == "no water"),
            "{startup:?}"
        );
    });
}

#[test]
fn receive_keeps_its_event_when_the_wait_for_it_is_dropped() {
    watch_async(async {
        let app = async |_: Scope, mut receive: Receive, send: Sender| {
            // Polled once, and dropped.
            {
                let mut next = std::pin::pin!(receive.next());
                poll_fn(|cx| {
                    assert!(next.as_mut().poll(cx).is_pending());
                    Poll::Ready(())
                })
                .await;
            }
            let body = receive.body(100).await?;
            send.send(ResponseStart::new(200)).await?;
            Ok::<_, Error>(send.send(ResponseBody::last(body)).await?)
        };
        let request = Request::post("/").wait(Duration::from_secs(1)).part("crab");
        expect_eq!(testing::ask(&app, request).await.text(), "crab", "the body");
    });
}

#[test]
fn maps_see_events_from_the_inside_out_and_once_each() {
    watch_async(async {
        let seen = Arc::new(AtomicUsize::new(0));
        let app = {
            let seen = Arc::clone(&seen);
            move |_: Scope, receive: Receive, send: Sender| {
                let counted = Arc::clone(&seen);
                let tag = |tag: &'static str| {
                    move |mut event: SendEvent| {
                        if let SendEvent::HttpResponseBody(part) = &mut event {
                            part.body = [&part.body[..], tag.as_bytes()].concat().into();
                        }
                        event
                    }
                };
                let send = send.map(tag("outer")).map(tag("inner ")).map(move |event| {
                    counted.fetch_add(1, Relaxed);
                    event
                });
                let mut receive = receive.map(|event| match event {
                    ReceiveEvent::HttpRequest(part) => {
                        RequestBody { body: part.body.to_ascii_uppercase().into(), ..part }.into()
                    }
                    event => event,
                });
                async move {
                    let body = receive.body(100).await?;
                    send.send(ResponseStart::new(200)).await?;
                    send.send(ResponseBody::part(body)).await?;
                    // This one waits for room, and is polled more than once.
                    send.send(ResponseBody::part(" ")).await?;
                    Ok::<_, Error>(send.send(ResponseBody::last("")).await?)
                }
            }
        };
        let mut call = testing::call(&app, Request::post("/").body("crab "));
        call.settle().await;
        call.settle().await;
        let answer = call.answer().await;
        expect_eq!(answer.text(), "CRAB inner outer inner outerinner outer", "the body");
        expect_eq!(seen.load(Relaxed), 4, "events seen");
    });
}

#[test]
fn a_map_sees_what_is_given_up_while_it_waits() {
    watch_async(async {
        let seen = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&seen);
        let app = move |_: Scope, _: Receive, send: Sender| {
            let counted = Arc::clone(&counted);
            let send = send.map(move |event| {
                counted.fetch_add(1, Relaxed);
                event
            });
            async move {
                send.send(ResponseStart::new(200)).await?;
                send.send(ResponseBody::part("cr")).await?;
                // Nobody reads yet, so the first of these does not come through.
                let patience = Duration::from_secs(1);
                let given_up = timeout(patience, send.send(ResponseBody::last("ab"))).await;
                assert!(given_up.is_err(), "{given_up:?}");
                Ok::<_, Error>(send.send(ResponseBody::last("ab")).await?)
            }
        };
        let mut call = testing::call(&app, Request::get("/"));
        assert!(timeout(Duration::from_secs(2), call.ended()).await.is_err());
        expect_eq!(call.answer().await.text(), "crab", "the body");
        expect_eq!(seen.load(Relaxed), 4, "events seen: a start, a part, and the last part twice");
    });
}

#[test]
fn what_an_application_sends_last_is_there_though_it_has_returned() {
    watch_async(async {
        let app = async |scope: Scope, mut receive: Receive, send: Sender| {
            receive.next().await;
            match scope {
                Scope::WebSocket(_) => {
                    send.send(Accept::new()).await?;
                    send.send(Message::from("bye")).await?;
                }
                _ => send.send(SendEvent::LifespanStartupComplete).await?,
            }
            Ok::<_, Error>(())
        };
        let mut socket = testing::websocket(&app, Request::get("/"));
        socket.accepted().await;
        expect_eq!(socket.heard().await, Some(Message::from("bye")), "the last message");
        assert!(socket.ended().await.is_ok());
        let mut lifespan = testing::lifespan(&app);
        assert!(lifespan.startup().await.is_ok(), "it is ready, and has nothing to put away");
        expect_eq!(lifespan.shutdown().await, Ok(()), "the shutdown");
    });
}

/// Panics when somebody lets go of it.
struct Fragile;

impl Drop for Fragile {
    fn drop(&mut self) {
        panic!("broken");
    }
}

#[test]
fn a_panic_whose_payload_panics_ends_its_own_call_only() {
    watch_async(async {
        let app = async |_: Scope, _: Receive, _: Sender| -> Result<(), Error> {
            std::panic::panic_any(Fragile)
        };
        let answer = testing::ask(&app, Request::get("/")).await;
        assert!(matches!(answer.ended, Err(Failure::Panicked(_))), "{:?}", answer.ended);
    });
}
