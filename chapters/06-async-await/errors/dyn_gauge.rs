//! A list of gauges of several types, with an async method. It must not compile.

// ANCHOR: gauge
trait Gauge {
    async fn height(&self) -> f64;
}

struct Harbour {
    gauges: Vec<Box<dyn Gauge>>,
}
// ANCHOR_END: gauge

struct Pier;

impl Gauge for Pier {
    async fn height(&self) -> f64 {
        1.9
    }
}

fn main() {
    drop(Harbour { gauges: vec![Box::new(Pier)] }.gauges);
}
