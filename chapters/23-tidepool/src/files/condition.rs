//! Whether the client has the file already (RFC 9110, section 13).

use std::fs::Metadata;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use gateway::{HttpScope, ResponseStart};
use http::header;
use wsgi::clock::http_date;

/// What tells one version of a file from the next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Validators {
    tag: String,
    /// In whole seconds, as a header has it.
    modified: Option<Duration>,
}

/// What the request's conditions come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// 304.
    Unchanged,
    /// 412.
    Failed,
    /// The file is sent; a part of it, if one is asked for and may be had.
    Send { ranges: bool },
}

impl Validators {
    pub(super) fn of(metadata: &Metadata) -> Self {
        let since = metadata.modified().ok().and_then(|at| at.duration_since(UNIX_EPOCH).ok());
        Self::from(metadata.len(), since)
    }

    fn from(length: u64, modified: Option<Duration>) -> Self {
        let nanoseconds = modified.map_or(0, |since| since.as_nanos());
        let modified = modified.map(|since| Duration::from_secs(since.as_secs()));
        Self { tag: format!("\"{length:x}-{nanoseconds:x}\""), modified }
    }

    /// Puts them into a response.
    pub(super) fn name(&self, start: ResponseStart) -> ResponseStart {
        let start = start.header(header::ETAG, self.tag.as_str());
        match self.modified {
            Some(since) => start.header(header::LAST_MODIFIED, http_date(UNIX_EPOCH + since)),
            None => start,
        }
    }

    /// What stands between the parts of a response. A file that happens to contain it is still told apart: each part says how long it is.
    pub(super) fn boundary(&self) -> String {
        format!("tidepool-{}", self.tag.trim_matches('"'))
    }

    /// In the order of section 13.2.2.
    pub(super) fn judge(&self, scope: &HttpScope) -> Verdict {
        let field = |name| scope.header(name);
        if let Some(tags) = field("if-match") {
            // A weak tag never fits here.
            if !tags.split(',').map(str::trim).any(|tag| tag == "*" || tag == self.tag) {
                return Verdict::Failed;
            }
        } else if let Some(date) = field("if-unmodified-since").and_then(parse_http_date)
            && self.modified.is_none_or(|modified| modified > date)
        {
            return Verdict::Failed;
        }
        if let Some(tags) = field("if-none-match") {
            if self.is_among(tags) {
                return Verdict::Unchanged;
            }
        } else if let Some(date) = field("if-modified-since").and_then(parse_http_date)
            && self.modified.is_some_and(|modified| modified <= date)
        {
            return Verdict::Unchanged;
        }
        let ranges = match field("if-range").map(str::trim) {
            None => true,
            Some(tag) if tag.starts_with('"') => tag == self.tag,
            // A weak tag never fits; a date fits only if it is this one.
            Some(date) => parse_http_date(date).is_some_and(|date| self.modified == Some(date)),
        };
        Verdict::Send { ranges }
    }

    fn is_among(&self, tags: &str) -> bool {
        let tags = tags.split(',').map(str::trim);
        tags.map(|tag| tag.strip_prefix("W/").unwrap_or(tag))
            .any(|tag| tag == "*" || tag == self.tag)
    }
}

/// A date as servers write it today: `Sun, 06 Nov 1994 08:49:37 GMT`. Older forms are as if there were no condition.
fn parse_http_date(text: &str) -> Option<Duration> {
    // It is compared with what this server has written itself: so the writer is its own check.
    let words: Vec<_> = text.split_ascii_whitespace().collect();
    let [_, day, month, year, time, "GMT"] = words[..] else { return None };
    let months =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let month = months.iter().position(|name| *name == month)? as u64 + 1;
    let (day, year): (u64, u64) = (day.parse().ok()?, year.parse().ok()?);
    let time: Vec<u64> = time.split(':').map(|part| part.parse().ok()).collect::<Option<_>>()?;
    let [hours, minutes, seconds] = time[..] else { return None };
    if !(1970..10_000).contains(&year) {
        return None;
    }
    // Days since 1970, by the calendar that begins in March.
    let (y, m) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days =
        (365 * y + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day).checked_sub(719_469)?;
    let since = Duration::from_secs(((days * 24 + hours) * 60 + minutes) * 60 + seconds);
    let at: SystemTime = UNIX_EPOCH.checked_add(since)?;
    (http_date(at) == text).then_some(since)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_is_read_as_it_is_written() {
        for seconds in [0, 951_782_400, 784_111_777, 1_709_164_800, 4_102_444_799] {
            let since = Duration::from_secs(seconds);
            assert_eq!(parse_http_date(&http_date(UNIX_EPOCH + since)), Some(since));
        }
        assert_eq!(
            parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT"),
            Some(Duration::from_secs(784_111_777))
        );
        for text in [
            "",
            "Sun, 06 Nov 1994",
            "Mon, 06 Nov 1994 08:49:37 GMT",
            "Sun, 31 Feb 1994 08:49:37 GMT",
            "Sun, 06 Nov 1994 99:49:37 GMT",
        ] {
            assert_eq!(parse_http_date(text), None, "{text}");
        }
    }

    #[test]
    fn another_length_or_another_moment_is_another_tag() {
        let first = Validators::from(10, Some(Duration::from_millis(1_500)));
        let longer = Validators::from(11, Some(Duration::from_millis(1_500)));
        let later = Validators::from(10, Some(Duration::from_nanos(1_500_000_001)));
        assert!(first.tag != longer.tag && first.tag != later.tag);
    }
}
