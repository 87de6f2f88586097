//! An empty part gets the response going, and holds the heading back.
//!
//! caught by: a_table_has_its_heading_and_then_its_readings

use wsgi::{App, Body, Environ, Error, StartResponse};

/// Something that reads the tide: a height in metres each time it is asked, `None` after the last.
pub type Gauge = Box<dyn Iterator<Item = Result<f64, Error>> + Send>;

/// The table of tides, read from the gauge that `open` opens for each request.
pub fn tide_table(open: impl Fn() -> Gauge + Send + Sync + 'static) -> impl App + 'static {
    move |environ: Environ, start_response: StartResponse| -> Result<Body, Error> {
        Ok(Body::new(Table {
            gauge: open(),
            heading: (environ.query_string != "bare").then_some("height of the tide, m"),
            start_response: Some(start_response),
            begun: false,
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
    begun: bool,
}

impl Iterator for Table {
    type Item = Result<Vec<u8>, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.heading.is_some() && !self.begun {
            self.begun = true;
            return Some(Ok(Vec::new()));
        }
        let reading = self.gauge.next();
        if let Some(start_response) = self.start_response.take() {
            let failed = matches!(reading, Some(Err(_)));
            let status = if failed { "503 Service Unavailable" } else { "200 OK" };
            if let Err(error) = start_response.call(status, [("content-type", "text/plain")]) {
                return Some(Err(error.into()));
            }
            if failed {
                self.gauge = Box::new(std::iter::empty());
                return Some(Ok(b"The gauge is out of order.\n".to_vec()));
            }
        }
        let heading = self.heading.take().map_or(String::new(), |heading| format!("{heading}\n"));
        match reading {
            Some(Ok(reading)) => Some(Ok(format!("{heading}{reading:.2}\n").into_bytes())),
            Some(Err(error)) => Some(Err(error)),
            None => (!heading.is_empty()).then(|| Ok(heading.into_bytes())),
        }
    }
}
