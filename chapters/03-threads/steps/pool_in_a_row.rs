//! A pool of four whose workers work one at a time, beside one whose workers don't.
//!
//! Run with `cargo run -p threads --example pool_in_a_row`.

use std::io;
use std::sync::mpsc::{self, Receiver};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use timeline::{Kind, Live};

type Job = Box<dyn FnOnce() + Send>;

// ANCHOR: work
fn work(jobs: &Mutex<Receiver<Job>>) {
    while let Ok(job) = jobs.lock().unwrap().recv() {
        job();
    }
}
// ANCHOR_END: work

// ANCHOR: mended
fn mended_work(jobs: &Mutex<Receiver<Job>>) {
    while let Some(job) = next(jobs) {
        job();
    }
}

fn next(jobs: &Mutex<Receiver<Job>>) -> Option<Job> {
    jobs.lock().unwrap().recv().ok()
}
// ANCHOR_END: mended

fn main() -> io::Result<()> {
    run("Four workers, in a row", work).save("pool-in-a-row")?;
    run("Four workers, side by side", mended_work).save("pool-side-by-side")
}

/// Four jobs of a tenth of a second, on four workers.
fn run(title: &str, work: fn(&Mutex<Receiver<Job>>)) -> timeline::Picture {
    let live = Live::new(title);
    let (sender, receiver) = mpsc::channel::<Job>();
    let receiver = Arc::new(Mutex::new(receiver));
    let lanes: Arc<Vec<_>> = Arc::new((1..=4).map(|n| live.lane(format!("worker {n}"))).collect());
    let workers: Vec<_> = (0..4)
        .map(|number| {
            let receiver = Arc::clone(&receiver);
            let worker = thread::Builder::new().name(number.to_string());
            worker.spawn(move || work(&receiver)).expect("a thread can be had")
        })
        .collect();
    for job in 1..=4 {
        let (live, lanes) = (live.clone(), Arc::clone(&lanes));
        let job: Job = Box::new(move || {
            let worker = thread::current().name().and_then(|name| name.parse().ok()).unwrap_or(0);
            let _span = live.span(lanes[worker], Kind::Working, format!("job {job}"));
            thread::sleep(Duration::from_millis(100));
        });
        sender.send(job).expect("the workers listen");
    }
    drop(sender);
    for worker in workers {
        worker.join().expect("no job panics");
    }
    println!("{title}: {:.1} s", live.now().as_secs_f64());
    live.finish()
}
