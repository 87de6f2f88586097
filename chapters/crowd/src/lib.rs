//! The crowd that visits the same site in every load picture.
//!
//! A hundred visitors come to `crabsarecool.com` within a few seconds: 75 want the front page, 20 open the live feed
//! and stay, and 5 are on slow phones, which take a second to say what they want and another to read the answer.
//! They come at the same moments to every server of the book. What differs is the server, and the picture shows it.
//!
//! ```no_run
//! use crowd::Crowd;
//!
//! let visits = crowd::visit("127.0.0.1:8000".parse()?, &Crowd::new());
//! print!("{}", visits.summary());
//! visits.picture("A thread for each connection").save("load")?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! The visitors are blocking threads on real sockets: the client's side is not what is measured.
//! Every one of them ends when the frame ends, whatever the server does.
//!
//! The client speaks as much HTTP/1.1 as reading an answer takes ([RFC 9112], section 6: a length, chunks, or the
//! connection's end). It leaves out keep-alive, redirects, cookies and everything else of a browser.
//!
//! [`memory`] has watchers only, as many as one likes, and asks what the server has in memory for them.
//!
//! [RFC 9112]: https://www.rfc-editor.org/rfc/rfc9112

mod answer;
pub mod memory;
mod visitor;
mod visits;

use std::net::SocketAddr;
use std::thread;
use std::time::{Duration, Instant};

pub use visits::{End, Group, Visit, Visits};

use visitor::{Errand, Street};

/// Who comes, and when.
///
/// [`Crowd::new`] is the crowd of the book's load pictures. The fields may be changed for other purposes; pictures that
/// are to be compared must have the same crowd.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Crowd {
    /// Visitors who fetch the page once.
    pub visitors: usize,
    /// Visitors who open the feed and stay until the frame's end, or the feed's.
    pub watchers: usize,
    /// Visitors who send their request, and read their page, a little at a time.
    pub slow_phones: usize,
    /// How long everybody is watched. Whoever has no answer by then never got one.
    pub frame: Duration,
    /// The last visitors arrive by then; the first at once.
    pub arrivals: Duration,
    /// The path that visitors and slow phones fetch.
    pub page: String,
    /// The path that watchers open.
    pub feed: String,
    /// Moves the arrivals about. The same seed gives the same arrivals.
    pub seed: u64,
}

impl Crowd {
    /// The crowd of the load pictures: 75 visitors, 20 watchers and 5 slow phones, in 10 s.
    pub fn new() -> Self {
        Self {
            visitors: 75,
            watchers: 20,
            slow_phones: 5,
            frame: Duration::from_secs(10),
            arrivals: Duration::from_secs(7),
            page: String::from("/"),
            feed: String::from("/feed"),
            seed: 10,
        }
    }

    /// Ten visitors in one second, for tests: 7, 2 and 1.
    pub fn small() -> Self {
        Self {
            visitors: 7,
            watchers: 2,
            slow_phones: 1,
            frame: Duration::from_secs(1),
            arrivals: Duration::from_millis(400),
            ..Self::new()
        }
    }

    /// What everybody is going to do, group by group, each in the order of arrival.
    fn errands(&self) -> Vec<Errand> {
        let mut random = Random(self.seed);
        let groups = [
            (Group::Visitors, self.visitors, &self.page),
            (Group::Watchers, self.watchers, &self.feed),
            (Group::SlowPhones, self.slow_phones, &self.page),
        ];
        let mut errands = Vec::new();
        for (group, count, path) in groups {
            for index in 0..count {
                // Evenly spread, and each somewhere within its part. Only the visitors come from the start: the
                // picture begins with how the site is when nobody watches.
                let start = if group == Group::Visitors { 0.0 } else { 0.12 };
                let part = (index as f64 + random.share()) / count as f64;
                errands.push(Errand {
                    group,
                    path: path.clone(),
                    arrives: self.arrivals.mul_f64(start + (1.0 - start) * part),
                    frame: self.frame,
                });
            }
        }
        errands
    }
}

impl Default for Crowd {
    fn default() -> Self {
        Self::new()
    }
}

/// Lets the crowd visit the server at that address, and returns when the last of them has left: at the latest when the
/// frame ends, earlier if everybody is done.
///
/// A server that refuses connections, breaks off or talks nonsense is no error: that is what the visits then say.
///
/// # Panics
///
/// If the operating system refuses to start a thread for each of the crowd.
pub fn visit(address: SocketAddr, crowd: &Crowd) -> Visits {
    let errands = crowd.errands();
    // A moment for the threads to start in: nobody comes late because the hundredth thread was not there yet.
    let opening = Instant::now() + Duration::from_millis(20);
    let visits = thread::scope(|scope| {
        let threads: Vec<_> = errands
            .iter()
            .map(|errand| {
                let street = Street { address, opening };
                thread::Builder::new()
                    .name(String::from("visitor"))
                    .stack_size(128 * 1024)
                    .spawn_scoped(scope, move || visitor::run(errand, &street))
                    .expect("a hundred threads can be started")
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().expect("a visitor does not panic")).collect()
    });
    Visits { frame: crowd.frame, visits }
}

/// SplitMix64 (Steele, Lea and Flood, 2014): a few lines that give the same numbers everywhere.
struct Random(u64);

impl Random {
    /// From 0 to 1, without 1.
    fn share(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^= mixed >> 31;
        (mixed >> 11) as f64 / (1_u64 << 53) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everybody_comes_at_the_same_moments_every_time() {
        assert_eq!(Crowd::new().errands(), Crowd::new().errands());
        let other = Crowd { seed: 11, ..Crowd::new() };
        assert_ne!(Crowd::new().errands(), other.errands());
    }

    #[test]
    fn a_hundred_come_in_three_groups_each_in_the_order_of_arrival() {
        let crowd = Crowd::new();
        let errands = crowd.errands();
        assert_eq!(errands.len(), 100);
        for group in [Group::Visitors, Group::Watchers, Group::SlowPhones] {
            let arrivals = errands.iter().filter(|errand| errand.group == group);
            let arrivals: Vec<Duration> = arrivals.map(|errand| errand.arrives).collect();
            assert!(arrivals.is_sorted());
            assert!(arrivals.iter().all(|at| *at <= crowd.arrivals));
        }
    }

    #[test]
    fn some_come_before_anybody_watches() {
        let errands = Crowd::new().errands();
        let first = errands.iter().filter(|errand| errand.group != Group::Visitors);
        let first = first.map(|errand| errand.arrives).min().unwrap();
        let before = errands.iter().filter(|errand| errand.arrives < first);
        assert!(before.count() >= 5);
    }
}
