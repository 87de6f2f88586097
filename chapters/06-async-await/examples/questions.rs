//! A function that stops to ask, resumed from outside.

use std::cell::Cell;
use std::future::poll_fn;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

// ANCHOR: machine
thread_local! {
    static QUESTION: Cell<Option<&'static str>> = const { Cell::new(None) };
    static ANSWER: Cell<Option<f64>> = const { Cell::new(None) };
}

/// Puts a question, and is done when there is an answer.
async fn ask(pier: &'static str) -> f64 {
    QUESTION.set(Some(pier));
    poll_fn(|_| ANSWER.take().map_or(Poll::Pending, Poll::Ready)).await
}

async fn both() -> String {
    let north = ask("north").await;
    let south = ask("south").await;
    format!("north {north} m, south {south} m")
}
// ANCHOR_END: machine

// ANCHOR: main
fn main() {
    let mut context = Context::from_waker(Waker::noop());
    let mut machine = pin!(both());
    let report = loop {
        if let Poll::Ready(report) = machine.as_mut().poll(&mut context) {
            break report;
        }
        let question = QUESTION.take().expect("who is pending has asked");
        println!("asks for {question}");
        ANSWER.set(Some(if question == "north" { 1.9 } else { 1.2 }));
    };
    println!("{report}");
}
// ANCHOR_END: main
