//! An application that makes a part each second, and a client that reads one every three.
//!
//! `cargo run -p gateway --example one_part_ahead`

use std::sync::{Arc, Mutex};
use std::time::Duration;

use gateway::testing::{self, Request};
use gateway::{Error, Receive, ResponseBody, ResponseStart, Scope, Sender};
use timeline::{Kind, Recorder};
use tokio::time::{Instant, sleep};

const SECOND: Duration = Duration::from_secs(1);

/// When a part was made, and when `send` returned.
type Log = Arc<Mutex<Vec<(Duration, Duration)>>>;

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() -> Result<(), Error> {
    let (log, began) = (Log::default(), Instant::now());
    let for_app = Arc::clone(&log);
    // ANCHOR: app
    let app = move |_: Scope, _: Receive, send: Sender| {
        // ANCHOR_END: app
        let log = Arc::clone(&for_app);
        // ANCHOR: app
        async move {
            send.send(ResponseStart::new(200)).await?;
            for number in 1..=5 {
                sleep(SECOND).await; // makes the part
                // ANCHOR_END: app
                let made = began.elapsed();
                // ANCHOR: app
                send.send(ResponseBody::part(format!("part {number}\n"))).await?;
                // ANCHOR_END: app
                log.lock().unwrap().push((made, began.elapsed()));
                // ANCHOR: app
            }
            Ok(send.send(ResponseBody::last("")).await?)
        }
    };
    // ANCHOR_END: app

    let mut reads = Vec::new();
    let mut call = testing::call(&app, Request::get("/"));
    call.start().await;
    for second in 1..=16 {
        while began.elapsed() < second * SECOND {
            sleep(Duration::from_millis(100)).await;
            call.settle().await;
        }
        if second % 3 == 1 && second > 3 {
            if call.part().await.is_some() {
                reads.push(began.elapsed());
            }
            call.settle().await;
        }
    }

    let mut recorder = Recorder::new("One part ahead");
    let app = recorder.lane("application");
    let client = recorder.lane("client");
    let mut free = Duration::ZERO;
    for (number, &(made, sent)) in log.lock().unwrap().iter().enumerate() {
        let number = number + 1;
        println!("part {number}: made at {:>2} s, sent at {:>2} s", made.as_secs(), sent.as_secs());
        recorder.span(app, free, made, Kind::Working, format!("makes part {number}"));
        if sent > made {
            recorder.span(app, made, sent, Kind::Blocked, "in send");
        }
        free = sent;
    }
    for (number, &read) in reads.iter().enumerate() {
        recorder.mark(client, read, format!("reads part {}", number + 1));
    }
    let ends = reads.iter().map(|read| read.as_secs().to_string()).collect::<Vec<_>>();
    println!("read at {} s", ends.join(", "));
    recorder.rounded(Duration::from_millis(100)).finish().save("one-part-ahead")?;
    Ok(())
}
