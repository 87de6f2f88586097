//! A trait's async method, in a future that must be `Send`. It must not compile.

// ANCHOR: gauge
trait Gauge {
    async fn height(&self) -> f64;
}

async fn report(gauge: &(impl Gauge + Sync)) {
    println!("{} m", gauge.height().await);
}

fn send_report(gauge: &'static (impl Gauge + Sync)) {
    spawn(report(gauge));
}
// ANCHOR_END: gauge

fn spawn<F: Future + Send + 'static>(_future: F) {
    // To another thread with it.
}

struct Pier;

impl Gauge for Pier {
    async fn height(&self) -> f64 {
        1.9
    }
}

fn main() {
    send_report(&Pier);
}
