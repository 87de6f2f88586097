//! The order of events, as the checklist of ASGI's rules has it.

mod model;

use gateway::rules::{HttpRules, LifespanRules, WebSocketRules};
use gateway::{
    Accept, Close, Disconnected, Error, Extension, Extensions, Failure, ReceiveEvent, ResponseBody,
    ResponseStart, ResponseTrailers, Rules, SendError, SendEvent, Verdict, Violation,
};
use http::Method;
use proptest::prelude::*;

fn http() -> Rules {
    Rules::Http(HttpRules::new(&Method::GET, Extensions::NONE))
}

fn offering(extension: Extension) -> Rules {
    Rules::Http(HttpRules::new(&Method::GET, Extensions::NONE.with(extension)))
}

fn start() -> SendEvent {
    ResponseStart::new(200).into()
}

fn refusal(rules: &mut Rules, event: impl Into<SendEvent>) -> Violation {
    match rules.send(&event.into()) {
        Err(SendError::Violation(violation)) => violation,
        other => panic!("a violation was expected, and this came: {other:?}"),
    }
}

#[track_caller]
fn passes(rules: &mut Rules, event: impl Into<SendEvent>) {
    let event = event.into();
    assert_eq!(rules.send(&event), Ok(Verdict::Pass), "{}", event.name());
}

#[test]
fn wrong_order_is_an_error_out_of_send() {
    let violation = refusal(&mut http(), ResponseBody::last("crab"));
    assert_eq!(
        violation.to_string(),
        "http.response.body came where http.response.start was expected"
    );
}

#[test]
fn a_second_start_while_the_response_is_open_is_an_error_out_of_send() {
    let mut rules = http();
    passes(&mut rules, start());
    let violation = refusal(&mut rules, start());
    let expected = "http.response.body";
    assert_eq!(violation, Violation::OutOfOrder { event: "http.response.start", expected });
    passes(&mut rules, ResponseBody::last("the refused event has changed nothing"));
}

#[test]
fn a_missing_start_is_the_failure_no_response() {
    assert!(matches!(http().finish(Ok(())), Err(Failure::NoResponse)));
}

#[test]
fn a_missing_last_part_is_the_failure_unfinished() {
    let mut rules = http();
    passes(&mut rules, start());
    passes(&mut rules, ResponseBody::part("cr"));
    assert!(matches!(rules.finish(Ok(())), Err(Failure::Unfinished)));
}

#[test]
fn after_the_final_part_further_messages_are_ignored_while_the_client_is_there() {
    let mut rules = http();
    passes(&mut rules, start());
    passes(&mut rules, ResponseBody::last("crab"));
    for event in [start(), ResponseBody::part("more").into(), Accept::new().into()] {
        assert_eq!(rules.send(&event), Ok(Verdict::Ignore), "{}", event.name());
    }
    assert!(rules.finish(Ok(())).is_ok());
}

#[test]
fn after_the_final_part_it_is_the_disconnect_error_once_the_client_is_gone() {
    let mut rules = http();
    passes(&mut rules, start());
    passes(&mut rules, ResponseBody::last("crab"));
    rules.gone();
    assert_eq!(rules.send(&start()), Err(Disconnected.into()));
}

#[test]
fn send_after_the_connection_is_gone_is_an_error_the_application_can_match_on() {
    for mut rules in [
        http(),
        Rules::WebSocket(WebSocketRules::new(Extensions::NONE)),
        Rules::Lifespan(LifespanRules::new()),
    ] {
        rules.gone();
        assert!(matches!(rules.send(&start()), Err(SendError::Disconnected(_))));
    }
}

#[test]
fn the_disconnect_error_that_bubbles_up_is_not_a_failure_to_report() {
    let mut rules = http();
    rules.gone();
    let wrapped = std::io::Error::from(SendError::from(Disconnected));
    assert_eq!(wrapped.kind(), std::io::ErrorKind::BrokenPipe);
    for error in [Error::from(SendError::from(Disconnected)), Error::from(wrapped)] {
        let failure = rules.finish(Err(error)).expect_err("it was an error");
        assert!(failure.is_expected(), "{failure:?}");
    }
    let failure = rules.finish(Err("out of crabs".into())).expect_err("it was an error");
    assert!(!failure.is_expected(), "{failure:?}");
}

#[test]
fn a_body_longer_than_its_content_length_is_an_error() {
    let mut rules = http();
    passes(&mut rules, ResponseStart::new(200).header("content-length", "3"));
    let violation = refusal(&mut rules, ResponseBody::last("crab"));
    assert_eq!(violation, Violation::TooLong { announced: 3, sent: 4 });
}

#[test]
fn a_body_shorter_than_its_content_length_is_an_error() {
    let mut rules = http();
    passes(&mut rules, ResponseStart::new(200).header("content-length", "5"));
    passes(&mut rules, ResponseBody::part("cr"));
    let violation = refusal(&mut rules, ResponseBody::last("ab"));
    assert_eq!(violation, Violation::TooShort { announced: 5, sent: 4 });
    assert!(matches!(rules.finish(Ok(())), Err(Failure::Unfinished)));
}

#[test]
fn the_length_for_head_204_and_304_is_that_of_a_body_that_is_not_sent() {
    let mut rules = Rules::Http(HttpRules::new(&Method::HEAD, Extensions::NONE));
    passes(&mut rules, ResponseStart::new(200).header("content-length", "5"));
    assert!(rules.is_bodiless());
    passes(&mut rules, ResponseBody::last(""));

    let mut rules = http();
    passes(&mut rules, ResponseStart::new(304).header("content-length", "5"));
    assert!(rules.is_bodiless());
    passes(&mut rules, ResponseBody::last(""));

    let start = ResponseStart::new(204).header("content-length", "0");
    assert!(matches!(refusal(&mut http(), start), Violation::Length(_)));
}

#[test]
fn empty_parts_are_legal() {
    let mut rules = http();
    passes(&mut rules, start());
    passes(&mut rules, ResponseBody::part(""));
    passes(&mut rules, ResponseBody::last(""));
    assert!(rules.is_complete());
}

#[test]
fn control_characters_in_a_header_are_an_error_out_of_send() {
    for value in ["/\r\nset-cookie: a=b", "a\nb", "a\0b", "a\x7fb", "\x1b[31m"] {
        let violation = refusal(&mut http(), ResponseStart::new(303).header("location", value));
        assert_eq!(
            violation.to_string(),
            "http.response.start cannot be sent: the value of location has control characters in it",
            "{value:?}"
        );
    }
}

#[test]
fn a_header_name_that_is_no_token_is_an_error_out_of_send() {
    for name in ["set cookie", "x:y", "x\r\ny", ""] {
        let violation = refusal(&mut http(), ResponseStart::new(200).header(name, "crab"));
        assert!(matches!(violation, Violation::Start(_)), "{name:?}: {violation}");
    }
}

#[test]
fn an_informational_status_cannot_start_a_response() {
    assert_eq!(refusal(&mut http(), ResponseStart::new(103)), Violation::Informational(103));
}

#[test]
fn an_extension_that_is_not_offered_is_refused() {
    let hint = SendEvent::HttpResponseEarlyHint(Vec::new());
    assert_eq!(refusal(&mut http(), hint.clone()), Violation::NotOffered(Extension::EarlyHint));
    passes(&mut offering(Extension::EarlyHint), hint);

    let mut rules = http();
    passes(&mut rules, start());
    let file = SendEvent::HttpResponsePathSend("/crab.svg".into());
    assert_eq!(refusal(&mut rules, file.clone()), Violation::NotOffered(Extension::PathSend));
    let mut rules = offering(Extension::PathSend);
    passes(&mut rules, start());
    passes(&mut rules, file);
    assert!(rules.is_complete(), "a file is the whole body");
}

#[test]
fn push_is_told_why_not_even_where_a_server_says_that_it_offers_it() {
    let push = SendEvent::HttpResponsePush {
        path: "/crab.svg".to_owned(),
        headers: http::HeaderMap::new(),
    };
    let violation = refusal(&mut offering(Extension::Push), push);
    assert!(violation.to_string().contains("browsers have removed HTTP/2's push"), "{violation}");
}

#[test]
fn trailers_come_after_the_body_and_only_if_they_were_announced() {
    let mut rules = offering(Extension::Trailers);
    passes(&mut rules, ResponseStart::new(200).with_trailers());
    refusal(&mut rules, ResponseTrailers::default());
    passes(&mut rules, ResponseBody::last("crab"));
    assert!(!rules.is_complete());
    passes(&mut rules, ResponseTrailers { more_trailers: true, ..ResponseTrailers::default() });
    passes(&mut rules, ResponseTrailers::default());
    assert!(rules.is_complete());

    let mut rules = offering(Extension::Trailers);
    passes(&mut rules, start());
    let expected = "http.response.body";
    assert_eq!(
        refusal(&mut rules, ResponseTrailers::default()),
        Violation::OutOfOrder { event: "http.response.trailers", expected }
    );
}

#[test]
fn an_event_of_another_protocol_is_refused() {
    let violation = refusal(&mut http(), SendEvent::LifespanStartupComplete);
    assert_eq!(violation.to_string(), "lifespan.startup.complete has no place in a call of http");
}

#[test]
fn a_websocket_is_accepted_before_anything_is_sent() {
    let mut rules = Rules::WebSocket(WebSocketRules::new(Extensions::NONE));
    refusal(&mut rules, SendEvent::WebSocketSend("crab".into()));
    passes(&mut rules, Accept::new());
    refusal(&mut rules, Accept::new());
    passes(&mut rules, SendEvent::WebSocketSend("crab".into()));
    passes(&mut rules, Close::default());
    assert_eq!(rules.send(&Close::default().into()), Ok(Verdict::Ignore));
}

#[test]
fn close_codes_are_validated() {
    for (code, right) in [
        (999, false),
        (1000, true),
        (1003, true),
        (1004, false),
        (1005, false),
        (1006, false),
        (1007, true),
        (1014, true),
        (1015, false),
        (2999, false),
        (3000, true),
        (4999, true),
        (5000, false),
    ] {
        let mut rules = Rules::WebSocket(WebSocketRules::new(Extensions::NONE));
        passes(&mut rules, Accept::new());
        assert_eq!(rules.send(&Close::new(code).into()).is_ok(), right, "{code}");
    }
}

#[test]
fn a_denial_response_is_refused_unless_offered() {
    let start = SendEvent::WebSocketResponseStart(ResponseStart::new(401));
    let mut rules = Rules::WebSocket(WebSocketRules::new(Extensions::NONE));
    let violation = refusal(&mut rules, start.clone());
    assert_eq!(violation, Violation::NotOffered(Extension::WebSocketResponse));
    let offered = Extensions::NONE.with(Extension::WebSocketResponse);
    let mut rules = Rules::WebSocket(WebSocketRules::new(offered));
    passes(&mut rules, start);
    assert!(matches!(rules.finish(Ok(())), Err(Failure::Unfinished)));
    passes(&mut rules, SendEvent::WebSocketResponseBody(ResponseBody::last("who are you?")));
    assert!(rules.finish(Ok(())).is_ok());
}

#[test]
fn a_websocket_application_that_returns_without_closing_has_ended_well() {
    let mut rules = Rules::WebSocket(WebSocketRules::new(Extensions::NONE));
    assert!(matches!(rules.finish(Ok(())), Err(Failure::NoResponse)));
    passes(&mut rules, Accept::new());
    assert!(rules.finish(Ok(())).is_ok());
}

#[test]
fn a_process_is_ready_only_after_it_was_told_of_its_start() {
    let mut rules = Rules::Lifespan(LifespanRules::new());
    refusal(&mut rules, SendEvent::LifespanStartupComplete);
    rules.receive(&ReceiveEvent::LifespanStartup);
    refusal(&mut rules, SendEvent::LifespanShutdownComplete);
    passes(&mut rules, SendEvent::LifespanStartupComplete);
    refusal(&mut rules, SendEvent::LifespanStartupComplete);
    assert!(rules.finish(Ok(())).is_ok(), "it may leave when it has nothing to put away");
    rules.receive(&ReceiveEvent::LifespanShutdown);
    assert!(matches!(rules.finish(Ok(())), Err(Failure::Unfinished)));
    passes(&mut rules, SendEvent::LifespanShutdownComplete);
    assert!(rules.is_complete());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn any_events_in_any_order_are_judged_as_the_model_judges_them(
        kind: u8,
        offered: u8,
        steps in prop::collection::vec(any::<u8>(), 0..40),
    ) {
        model::check(kind, offered, &steps);
    }

    /// Events at random seldom make a whole response. These do.
    #[test]
    fn whole_responses_with_something_put_in_are_judged_as_the_model_judges_them(
        offered: u8,
        hints in 0..3_usize,
        start in 0..5_u8,
        parts in prop::collection::vec(12..14_u8, 0..5),
        end in 14..19_u8,
        trailers in prop::collection::vec(20..22_u8, 0..3),
        intruder: u8,
        place: prop::sample::Index,
    ) {
        let mut steps = vec![22; hints];
        steps.push(start);
        steps.extend(parts);
        steps.push(end);
        steps.extend(trailers);
        model::check(0, offered, &steps);
        steps.insert(place.index(steps.len() + 1), intruder);
        model::check(0, offered, &steps);
    }
}
