//! A list of gauges of several types, with an async method. It must not compile.

// ANCHOR: gauge
trait Gauge {
    async fn height(&self) -> f64;
}

fn main() {
    let gauges: Vec<Box<dyn Gauge>> = Vec::new();
    println!("{} gauges", gauges.len());
}
// ANCHOR_END: gauge
