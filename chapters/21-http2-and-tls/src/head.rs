//! Heads of requests and responses, between h2's form of them and the application's.

use std::cell::RefCell;
use std::time::{Duration, SystemTime};

use gateway::ResponseStart;
use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderValue, Response, StatusCode, Uri, Version, header, request};
use http_server::Config;
use http_server::check::{CONNECTION_FIELDS, Objection, Wants, check};
use wsgi::clock::http_date;

/// Gives a request the shape that one of HTTP/1.1 has, and checks it as strictly: the target a path, `:authority` in the field `host`,
/// the crumbs of a cookie in one field (RFC 9113, sections 8.3.1 and 8.2.3).
///
/// # Errors
///
/// An [`Objection`].
pub(crate) fn normalize(
    parts: &mut request::Parts,
    most_fields: usize,
) -> Result<Wants, Objection> {
    if parts.headers.len() > most_fields {
        return Err((StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, "there are too many fields"));
    }
    // A request has few headers: looking at each is quicker than asking the map, which would hash the names.
    let (mut host, mut hosts, mut crumbs) = (None, 0, 0);
    for (name, value) in &parts.headers {
        if *name == header::HOST {
            host = host.or(Some(value));
            hosts += 1;
        } else if *name == header::COOKIE {
            crumbs += 1;
        }
    }
    if let Some(authority) = parts.uri.authority() {
        let authority = authority.as_str();
        if let Some(host) = host
            && !host.as_bytes().eq_ignore_ascii_case(authority.as_bytes())
        {
            return Err((StatusCode::BAD_REQUEST, "the host is another one than the authority"));
        }
        let host = HeaderValue::from_str(authority)
            .map_err(|_| (StatusCode::BAD_REQUEST, "the host is none"))?;
        if hosts < 2 {
            parts.headers.insert(header::HOST, host);
        }
    }
    if let Some(scheme) = parts.uri.scheme_str()
        && !matches!(scheme, "http" | "https")
    {
        return Err((StatusCode::BAD_REQUEST, "the target's scheme is not http"));
    }
    let target = parts.uri.path_and_query().cloned();
    let target = target.unwrap_or_else(|| PathAndQuery::from_static("/"));
    if parts.method != http::Method::CONNECT {
        parts.uri = Uri::from(target);
    }
    if crumbs > 1 {
        join_cookies(&mut parts.headers);
    }
    check(&parts.method, &parts.uri, Version::HTTP_11, &mut parts.headers)
}

fn join_cookies(headers: &mut HeaderMap) {
    let crumbs: Vec<_> =
        headers.get_all(header::COOKIE).iter().map(HeaderValue::as_bytes).collect();
    // Each is a field's value, so together they are one.
    if let Ok(cookie) = HeaderValue::from_bytes(&crumbs.join(&b"; "[..])) {
        headers.insert(header::COOKIE, cookie);
    }
}

/// The head of a response. What concerns the connection is dropped, and the server's fields are added.
pub(crate) fn response(start: ResponseStart, config: &Config) -> Response<()> {
    let mut response = Response::new(());
    *response.version_mut() = Version::HTTP_2;
    *response.status_mut() = start.status;
    let headers = response.headers_mut();
    *headers = start.headers;
    // A response has few headers: looking at each is quicker than asking the map, which would hash the name.
    let (mut meddles, mut named, mut dated) = (false, false, false);
    for name in headers.keys() {
        meddles |= CONNECTION_FIELDS.contains(name);
        named |= *name == header::SERVER;
        dated |= *name == header::DATE;
    }
    if meddles {
        for name in CONNECTION_FIELDS {
            headers.remove(name);
        }
    }
    if let Some(server) = &config.server
        && !named
    {
        headers.insert(header::SERVER, server.clone());
    }
    if config.date && !dated {
        headers.insert(header::DATE, date());
    }
    response
}

/// A content-length. `HeaderValue::from` would take two allocations.
pub(crate) fn length(bytes: u64) -> HeaderValue {
    HeaderValue::from_str(itoa::Buffer::new().format(bytes)).unwrap_or_else(|_| bytes.into())
}

/// The time on the wall, as a field says it; made once a second.
fn date() -> HeaderValue {
    thread_local! {
        static LAST: RefCell<(u64, HeaderValue)> = const { RefCell::new((0, HeaderValue::from_static(""))) };
    }
    let now = SystemTime::now();
    let since = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or(Duration::ZERO);
    LAST.with_borrow_mut(|(second, date)| {
        if *second != since.as_secs()
            && let Ok(fresh) = HeaderValue::from_str(&http_date(now))
        {
            (*second, *date) = (since.as_secs(), fresh);
        }
        date.clone()
    })
}

/// A short response of the server's own.
pub(crate) fn brief(status: StatusCode) -> ResponseStart {
    let text = HeaderValue::from_static("text/plain; charset=utf-8");
    ResponseStart::new(status).header(header::CONTENT_TYPE, text)
}
