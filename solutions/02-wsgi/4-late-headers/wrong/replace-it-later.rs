//! A status can be replaced when an error comes up.
//!
//! caught by: a_table_of_a_broken_gauge_is_503_and_has_no_heading

use wsgi::{App, Body, Environ, Error, StartResponse};

/// Something that reads the tide: a height in metres each time it is asked, `None` after the last.
pub type Gauge = Box<dyn Iterator<Item = Result<f64, Error>> + Send>;

/// The table of tides, read from the gauge that `open` opens for each request.
pub fn tide_table(open: impl Fn() -> Gauge + Send + Sync + 'static) -> impl App + 'static {
    move |environ: Environ, start_response: StartResponse| -> Result<Body, Error> {
        start_response.call("200 OK", [("content-type", "text/plain")])?;
        Ok(Body::new(Table {
            gauge: open(),
            heading: (environ.query_string != "bare").then_some("height of the tide, m"),
            start_response: Some(start_response),
        }))
    }
}

/// The table's lines, one part each.
struct Table {
    gauge: Gauge,
    /// Until it is sent.
    heading: Option<&'static str>,
    /// Until the response is started.
    start_response: Option<StartResponse>,
}

impl Iterator for Table {
    type Item = Result<Vec<u8>, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Some(heading) = self.heading.take() {
            return Some(Ok(format!("{heading}\n").into_bytes()));
        }
        let reading = self.gauge.next();
        if let Some(start_response) = self.start_response.take() {
            let failed = matches!(reading, Some(Err(_)));
            let status = if failed { "503 Service Unavailable" } else { "200 OK" };
            if failed
                && let Err(error) = start_response.replace(status, [("content-type", "text/plain")])
            {
                return Some(Err(error.into()));
            }
            if failed {
                self.gauge = Box::new(std::iter::empty());
                return Some(Ok(b"The gauge is out of order.\n".to_vec()));
            }
        }
        reading.map(|reading| Ok(format!("{:.2}\n", reading?).into_bytes()))
    }
}
