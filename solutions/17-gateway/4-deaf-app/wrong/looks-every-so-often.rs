//! To hear at once when the client goes, look once a second.
//!
//! caught by: who_leaves_between_two_readings_need_not_wait_for_the_next

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Poll;
use std::time::Duration;

use gateway::{App, Error, Receive, ReceiveEvent, ResponseBody, ResponseStart, Scope, Sender};
use tokio::time::{Instant, sleep, sleep_until};

/// The tide, as a response that goes on.
pub struct Feed {
    /// Where the gauge is.
    pub pier: Arc<Pier>,
}

impl App for Feed {
    async fn call(&self, scope: Scope, mut receive: Receive, send: Sender) -> Result<(), Error> {
        let Scope::Http(_) = scope else { return Err(scope.unsupported().into()) };
        let _seat = Seat::on(&self.pier);
        let mut gauge = self.pier.gauge();
        send.send(ResponseStart::new(200).header("content-type", "text/event-stream")).await?;
        loop {
            let reading = tokio::select! {
                reading = gauge.read() => reading?,
                () = gone(&mut receive) => return Ok(()),
            };
            let Some(level) = reading else { break };
            send.send(ResponseBody::part(format!("data: {level}\n\n"))).await?;
        }
        send.send(ResponseBody::last("")).await?;
        Ok(())
    }
}

/// Waits until the client has gone, and passes over what it still sends.
async fn gone(receive: &mut Receive) {
    loop {
        sleep(Duration::from_secs(1)).await;
        let mut next = std::pin::pin!(receive.next());
        let looked = std::future::poll_fn(|cx| Poll::Ready(next.as_mut().poll(cx))).await;
        if looked == Poll::Ready(ReceiveEvent::HttpDisconnect) {
            return;
        }
    }
}

/// A seat that is taken until this is dropped.
struct Seat<'a> {
    pier: &'a Pier,
    number: usize,
}

impl<'a> Seat<'a> {
    fn on(pier: &'a Pier) -> Self {
        Self { pier, number: pier.sit_down() }
    }
}

impl Drop for Seat<'_> {
    fn drop(&mut self) {
        self.pier.stand_up(self.number);
    }
}

/// The gauge broke.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Broken;

impl std::fmt::Display for Broken {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("the gauge broke")
    }
}

impl std::error::Error for Broken {}

/// A pier with a gauge at its end, and seats for those who listen.
#[derive(Debug)]
pub struct Pier {
    every: Duration,
    closes_after: Option<u32>,
    breaks_after: Option<u32>,
    seats: Mutex<Vec<bool>>,
    visits: AtomicUsize,
    readings: AtomicUsize,
}

impl Pier {
    /// A pier whose gauge shows a level every so often, for ever.
    pub fn new(every: Duration) -> Self {
        Self {
            every,
            closes_after: None,
            breaks_after: None,
            seats: Mutex::default(),
            visits: AtomicUsize::new(0),
            readings: AtomicUsize::new(0),
        }
    }

    /// The gauge is taken in after so many readings.
    pub fn closes_after(self, readings: u32) -> Self {
        Self { closes_after: Some(readings), ..self }
    }

    /// The gauge breaks after so many readings.
    pub fn breaks_after(self, readings: u32) -> Self {
        Self { breaks_after: Some(readings), ..self }
    }

    /// Takes a seat.
    pub fn sit_down(&self) -> usize {
        self.visits.fetch_add(1, Ordering::Relaxed);
        let mut seats = self.seats.lock().unwrap_or_else(PoisonError::into_inner);
        let free = seats.iter().position(|taken| !taken);
        let seat = free.unwrap_or(seats.len());
        if free.is_none() {
            seats.push(true);
        }
        seats[seat] = true;
        seat
    }

    /// Gives a seat back.
    ///
    /// # Panics
    ///
    /// If nobody sits there.
    pub fn stand_up(&self, seat: usize) {
        let mut seats = self.seats.lock().unwrap_or_else(PoisonError::into_inner);
        let taken = seats.get_mut(seat).is_some_and(std::mem::take);
        drop(seats);
        assert!(taken, "seat {seat} was given back, and nobody sits there");
    }

    /// How many seats are taken.
    pub fn seated(&self) -> usize {
        let seats = self.seats.lock().unwrap_or_else(PoisonError::into_inner);
        seats.iter().filter(|&&taken| taken).count()
    }

    /// How many seats were ever taken.
    pub fn visits(&self) -> usize {
        self.visits.load(Ordering::Relaxed)
    }

    /// How many readings were taken, by all listeners together.
    pub fn readings(&self) -> usize {
        self.readings.load(Ordering::Relaxed)
    }

    /// The gauge, for one listener, from now on.
    pub fn gauge(&self) -> Gauge<'_> {
        Gauge { pier: self, due: Instant::now() + self.every, read: 0 }
    }
}

/// The gauge, as one listener reads it.
#[derive(Debug)]
pub struct Gauge<'a> {
    pier: &'a Pier,
    due: Instant,
    read: u32,
}

impl Gauge<'_> {
    /// Waits for the next reading; `None` when the gauge was taken in.
    ///
    /// Cancellation safe: if this is dropped before it returns, the next call waits for the same reading.
    ///
    /// # Errors
    ///
    /// If the gauge breaks.
    pub async fn read(&mut self) -> Result<Option<u32>, Broken> {
        sleep_until(self.due).await;
        if self.pier.breaks_after == Some(self.read) {
            return Err(Broken);
        }
        if self.pier.closes_after == Some(self.read) {
            return Ok(None);
        }
        self.pier.readings.fetch_add(1, Ordering::Relaxed);
        self.due += self.pier.every;
        self.read += 1;
        Ok(Some(self.read))
    }
}
