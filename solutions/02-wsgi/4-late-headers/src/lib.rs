//! A table of tides whose status is known before its first part is sent.

use wsgi::{App, Body, Environ, Error, StartResponse};

/// Something that reads the tide: a height in metres each time it is asked, `None` after the last.
pub type Gauge = Box<dyn Iterator<Item = Result<f64, Error>> + Send>;

// ANCHOR: table
/// The table of tides, read from the gauge that `open` opens for each request.
pub fn tide_table(open: impl Fn() -> Gauge + Send + Sync + 'static) -> impl App + 'static {
    move |environ: Environ, start_response: StartResponse| -> Result<Body, Error> {
        let text = [("content-type", "text/plain")];
        let mut gauge = open();
        let first = gauge.next();
        if let Some(Err(_)) = first {
            start_response.call("503 Service Unavailable", text)?;
            return Ok("The gauge is out of order.\n".into());
        }
        start_response.call("200 OK", text)?;
        let heading =
            (environ.query_string != "bare").then(|| Ok(b"height of the tide, m\n".to_vec()));
        let mut readings = first.into_iter().chain(gauge);
        let mut broken = false;
        let lines = std::iter::from_fn(move || {
            let reading = if broken { None } else { readings.next() }?;
            broken = reading.is_err();
            Some(reading.map(|reading| format!("{reading:.2}\n").into_bytes()))
        });
        Ok(Body::new(heading.into_iter().chain(lines)))
    }
}
// ANCHOR_END: table
