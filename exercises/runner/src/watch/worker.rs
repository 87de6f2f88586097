//! Tries exercises on a thread of its own, one at a time; the newest wish counts.

use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;

use catalogue::Exercise;

use super::app::Input;
use crate::process::Cancel;
use crate::trial::Bench;

struct Order {
    trial: u64,
    exercise: Exercise,
    cancel: Cancel,
}

/// The thread that tries exercises.
#[derive(Debug)]
pub struct Worker {
    orders: Sender<Order>,
    /// Cancels what was ordered last.
    cancel: Cancel,
}

impl Worker {
    /// Starts the thread. What comes of the trials is sent to `inputs`.
    pub fn new(bench: Bench, inputs: Sender<Input>) -> Self {
        let (orders, receiver) = mpsc::channel();
        thread::spawn(move || work(&bench, &receiver, &inputs));
        Self { orders, cancel: Cancel::default() }
    }

    /// Cancels what is tried, and tries this.
    pub fn order(&mut self, trial: u64, exercise: Exercise) {
        self.cancel.cancel();
        self.cancel = Cancel::default();
        let order = Order { trial, exercise, cancel: self.cancel.clone() };
        // The thread ends with the program: it is there as long as we are.
        let _ = self.orders.send(order);
    }

    /// Cancels what is tried.
    pub fn cancel(&self) {
        self.cancel.cancel();
    }
}

fn work(bench: &Bench, orders: &Receiver<Order>, inputs: &Sender<Input>) {
    for Order { trial, exercise, cancel } in orders {
        let mut on_stage = |stage| {
            // Nobody listens any more when the program ends.
            let _ = inputs.send(Input::Stage(trial, stage));
        };
        let verdict = bench.try_one(&exercise, &cancel, &mut on_stage);
        if inputs.send(Input::Judged(trial, verdict)).is_err() {
            return;
        }
    }
}
