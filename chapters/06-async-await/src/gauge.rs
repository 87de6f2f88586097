//! Whatever can be asked for the height of the water.

use std::time::Duration;

use futures_by_hand::Clock;
use futures_by_hand::gauge::reading;

// ANCHOR: gauge
/// Something that can be asked for the height of the water.
pub trait Gauge {
    /// The height in metres. The future may be sent to another thread.
    fn height(&self) -> impl Future<Output = f64> + Send;
}
// ANCHOR_END: gauge

/// A gauge at a pier, which takes its time.
#[derive(Debug)]
pub struct Pier {
    clock: Clock,
    height: f64,
    takes: Duration,
}

impl Pier {
    /// A gauge that answers `height`, in metres, so long after it is asked.
    pub fn new(clock: &Clock, height: f64, takes: Duration) -> Self {
        Self { clock: clock.clone(), height, takes }
    }
}

// ANCHOR: pier
impl Gauge for Pier {
    async fn height(&self) -> f64 {
        reading(&self.clock, self.height, self.takes).await
    }
}
// ANCHOR_END: pier

// ANCHOR: higher
/// The higher of two gauges, asked one after the other.
pub async fn higher(north: &(impl Gauge + Sync), south: &(impl Gauge + Sync)) -> f64 {
    let first = north.height().await;
    first.max(south.height().await)
}
// ANCHOR_END: higher
