//! After an error nobody asks again.
//!
//! caught by: nothing_follows_the_gauges_error

use wsgi::{App, Body, Environ, Error, StartResponse};

/// Something that reads the tide: a height in metres each time it is asked, `None` after the last.
pub type Gauge = Box<dyn Iterator<Item = Result<f64, Error>> + Send>;

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
        let readings = first.into_iter().chain(gauge);
        let lines = readings.map(|reading| Ok(format!("{:.2}\n", reading?).into_bytes()));
        Ok(Body::new(heading.into_iter().chain(lines)))
    }
}
