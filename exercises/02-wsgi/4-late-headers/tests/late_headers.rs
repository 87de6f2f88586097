//! The table of tides, with gauges good and bad.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use late_headers::{Gauge, tide_table};
use wsgi::testing::{Answer, Exchange};
use wsgi::{App, Environ, StartError, StartResponse};

const HEADING: &str = "height of the tide, m\n";

/// The answer to a request for the table of a gauge with these readings.
fn ask(target: &str, readings: &'static [Result<f64, &'static str>]) -> Answer {
    let target = target.to_owned();
    proctor::watch(move || {
        let app = tide_table(move || -> Gauge {
            Box::new(readings.iter().map(|reading| reading.map_err(Into::into)))
        });
        Exchange::begin(&app, Environ::testing("GET", &target)).finish()
    })
}

#[track_caller]
fn assert_answer(answer: &Answer, status: &str, text: &str) {
    if let Some(failure) = &answer.failure {
        panic!("expected {status} and a whole body, but the response failed: {failure}");
    }
    proctor::expect_eq!(answer.status, status, "the status");
    proctor::expect_eq!(answer.text, text, "the body");
    proctor::expect_eq!(
        answer.headers.get("content-type"),
        Some("text/plain"),
        "the content's type"
    );
}

#[test]
fn a_bare_table_has_its_readings() {
    assert_answer(&ask("/tides?bare", &[Ok(0.5), Ok(1.25)]), "200 OK", "0.50\n1.25\n");
}

#[test]
fn a_bare_table_of_a_broken_gauge_is_503() {
    assert_answer(
        &ask("/tides?bare", &[Err("low battery")]),
        "503 Service Unavailable",
        "The gauge is out of order.\n",
    );
}

#[test]
fn a_table_has_its_heading_and_then_its_readings() {
    assert_answer(
        &ask("/tides", &[Ok(0.5), Ok(1.25)]),
        "200 OK",
        &format!("{HEADING}0.50\n1.25\n"),
    );
}

#[test]
fn a_table_of_a_broken_gauge_is_503_and_has_no_heading() {
    assert_answer(
        &ask("/tides", &[Err("low battery")]),
        "503 Service Unavailable",
        "The gauge is out of order.\n",
    );
    assert_answer(
        &ask("/tides", &[Err("no such gauge"), Ok(1.0)]),
        "503 Service Unavailable",
        "The gauge is out of order.\n",
    );
}

#[test]
fn a_table_without_readings_is_its_heading() {
    assert_answer(&ask("/tides", &[]), "200 OK", HEADING);
    assert_answer(&ask("/tides?bare", &[]), "200 OK", "");
}

#[test]
fn a_gauge_that_breaks_later_fails_the_body() {
    for (target, text) in [("/tides", format!("{HEADING}0.50\n")), ("/tides?bare", "0.50\n".into())]
    {
        let answer = ask(target, &[Ok(0.5), Err("low battery"), Ok(1.0)]);
        proctor::expect_eq!(
            answer.status,
            "200 OK",
            "{target}: the status, which was sent before the gauge broke"
        );
        proctor::expect_eq!(answer.text, text, "{target}: what was sent before the gauge broke");
        proctor::expect_eq!(
            answer.failure.as_deref(),
            Some("low battery"),
            "{target}: the gauge's error must reach the server, so that the client sees that lines are missing"
        );
    }
}

#[test]
fn nothing_follows_the_gauges_error() {
    for (target, good) in [("/tides", 2), ("/tides?bare", 1)] {
        proctor::watch(move || {
            let app = tide_table(|| -> Gauge {
                Box::new([Ok(0.5), Err("low battery".into()), Ok(1.0), Ok(1.5)].into_iter())
            });
            let environ = Environ::testing("GET", target);
            let mut body = app.call(environ, StartResponse::new(|_| Ok(()))).unwrap();
            let before = body.by_ref().take_while(Result::is_ok).count();
            assert!(
                (1..=good).contains(&before),
                "{target}: expected up to {good} parts before the error, got {before}"
            );
            let after = body.next().map(|part| part.map_err(|error| error.to_string()));
            proctor::expect_eq!(
                after,
                None,
                "{target}: the part after the gauge's error, though the gauge has recovered"
            );
        });
    }
}

#[test]
fn what_the_server_answers_is_not_ignored() {
    for readings in [&[Ok(0.5), Ok(1.25)][..], &[Err("low battery")], &[]] {
        for target in ["/tides", "/tides?bare"] {
            let first = proctor::watch(move || {
                let app = tide_table(move || -> Gauge {
                    Box::new(readings.iter().map(|reading| reading.map_err(Into::into)))
                });
                let refuses = StartResponse::new(|_| Err(StartError::AlreadyStarted));
                match app.call(Environ::testing("GET", target), refuses) {
                    Err(_) => None,
                    Ok(mut body) => Some(body.next().map(|part| part.map_err(drop))),
                }
            });
            assert!(
                matches!(first, None | Some(Some(Err(())))),
                "{target} with {readings:?}: `start_response` has returned an error, which `tide_table` or its first part must return; the first part is {first:?}"
            );
        }
    }
}

#[test]
fn a_reading_is_sent_before_the_one_after_the_next_is_taken() {
    for target in ["/tides", "/tides?bare"] {
        proctor::watch(move || {
            let taken = Arc::new(AtomicUsize::new(0));
            let count = Arc::clone(&taken);
            let app = tide_table(move || -> Gauge {
                let count = Arc::clone(&count);
                let mut number = 0;
                Box::new(std::iter::from_fn(move || {
                    number += 1;
                    let taken = count.fetch_add(1, Ordering::SeqCst) + 1;
                    assert!(
                        taken < 1_000,
                        "{target}: 1,000 readings of an endless gauge were taken before the first was sent"
                    );
                    Some(Ok(f64::from(number)))
                }))
            });
            let mut exchange = Exchange::begin(&app, Environ::testing("GET", target));
            let mut text = String::new();
            for line in 1..=5 {
                while !text.contains(&format!("{line}.00\n")) {
                    match exchange.part() {
                        Ok(Some(part)) => text.push_str(str::from_utf8(&part).unwrap()),
                        other => {
                            panic!("{target}: expected a part with line {line}, got {other:?}")
                        }
                    }
                }
                let taken = taken.load(Ordering::SeqCst);
                assert!(
                    taken <= line + 1,
                    "{target}: {taken} readings were taken when line {line} had been sent"
                );
            }
        });
    }
}

#[test]
fn each_request_has_its_own_status() {
    let opened = AtomicUsize::new(0);
    let app = tide_table(move || -> Gauge {
        let broken = opened.fetch_add(1, Ordering::SeqCst) == 1;
        Box::new(std::iter::once(if broken { Err("low battery".into()) } else { Ok(1.0) }))
    });
    let statuses =
        [(); 3].map(|()| Exchange::begin(&app, Environ::testing("GET", "/tides")).finish().status);
    proctor::expect_eq!(
        statuses,
        ["200 OK", "503 Service Unavailable", "200 OK"],
        "the statuses of three requests, of which the second meets a broken gauge"
    );
}
