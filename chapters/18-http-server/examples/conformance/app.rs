//! One small application for all clients and suites that come from outside. Each route shows one thing that a server must do.

use std::io;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use bytes::Bytes;
use gateway::{
    Address, App, Error, Extension, HttpScope, Receive, ResponseBody, ResponseStart,
    ResponseTrailers, Scope, SendEvent, Sender,
};
use http::{HeaderValue, header};
use serde_json::{Value, json};
use tokio::task::yield_now;
use tokio::time::sleep;
use wsgi::server::ErrorLog;

const TEXT: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");

/// The application.
pub struct Conformance {
    /// How long `/noread` does not read: 15 s.
    pub noread: Duration,
    /// Where `/slow` reports: standard error.
    pub reports: ErrorLog,
    /// How many parts of `/flood` were accepted.
    pub flooded: AtomicUsize,
}

impl Default for Conformance {
    fn default() -> Self {
        Self {
            noread: Duration::from_secs(15),
            reports: ErrorLog::new(io::stderr()),
            flooded: AtomicUsize::new(0),
        }
    }
}

impl App for Conformance {
    async fn call(&self, scope: Scope, mut receive: Receive, send: Sender) -> Result<(), Error> {
        let Scope::Http(scope) = scope else { return Err(scope.unsupported().into()) };
        match &*scope.path() {
            "/" => text(&send, "Hello, crabs!").await,
            "/echo" => {
                send.send(start()).await?;
                while let Some(part) = receive.part().await? {
                    send.send(ResponseBody::part(part)).await?;
                }
                Ok(send.send(ResponseBody::last("")).await?)
            }
            "/upload" => {
                let mut bytes = 0;
                while let Some(part) = receive.part().await? {
                    bytes += part.len();
                }
                text(&send, bytes.to_string()).await
            }
            "/bytes" => {
                let (mut left, part) = (number(&scope, "n"), number(&scope, "part").max(1));
                let crabs = Bytes::from(vec![b'x'; part.min(left)]);
                send.send(start().header(header::CONTENT_LENGTH, left.to_string())).await?;
                while left > part {
                    left -= part;
                    send.send(ResponseBody::part(crabs.clone())).await?;
                }
                Ok(send.send(ResponseBody::last(crabs.slice(..left))).await?)
            }
            "/sleep" => {
                sleep(Duration::from_millis(number(&scope, "ms") as u64)).await;
                text(&send, "slept").await
            }
            "/scope" => {
                let start =
                    ResponseStart::new(200).header(header::CONTENT_TYPE, "application/json");
                send.send(start).await?;
                Ok(send.send(ResponseBody::last(asgi(&scope).to_string())).await?)
            }
            "/early" => Err("this fails before the start".into()),
            "/startonly" => {
                send.send(start()).await?;
                Err("this fails after the start".into())
            }
            "/mid" => {
                send.send(start()).await?;
                send.send(ResponseBody::part("the first part")).await?;
                // Without a pause nothing would be on its way yet, and the server could still answer 500.
                yield_now().await;
                Err("this fails after the first part".into())
            }
            "/none" => Ok(()),
            "/split" => {
                send.send(start().header("x-split", "crab\r\nset-cookie: legs=10")).await?;
                Ok(send.send(ResponseBody::last("split")).await?)
            }
            "/slow" => self.slow(receive, &send).await,
            "/flood" => self.flood(&send).await,
            "/stat" => text(&send, self.flooded.load(Relaxed).to_string()).await,
            "/noread" => {
                sleep(self.noread).await;
                text(&send, "not read").await
            }
            "/sse" => {
                let start =
                    ResponseStart::new(200).header(header::CONTENT_TYPE, "text/event-stream");
                send.send(start).await?;
                for number in 0_u64.. {
                    send.send(ResponseBody::part(format!("data: {number}\n\n"))).await?;
                    sleep(Duration::from_millis(200)).await;
                }
                Ok(())
            }
            "/trailers" => trailers(&scope, &send).await,
            "/hints" => {
                if scope.extensions.offer(Extension::EarlyHint) {
                    let link = HeaderValue::from_static("</crab.css>; rel=preload; as=style");
                    send.send(SendEvent::HttpResponseEarlyHint(vec![link])).await?;
                }
                text(&send, "hinted").await
            }
            _ => {
                send.send(ResponseStart::new(404).header(header::CONTENT_TYPE, TEXT)).await?;
                Ok(send.send(ResponseBody::last("not found")).await?)
            }
        }
    }
}

impl Conformance {
    /// One part, then the wait for the disconnect, then one more: both are reported.
    async fn slow(&self, mut receive: Receive, send: &Sender) -> Result<(), Error> {
        send.send(start()).await?;
        send.send(ResponseBody::part("one part")).await?;
        while receive.part().await?.is_some() {}
        let event = receive.next().await;
        self.reports.report(&format!("/slow: receive said {}", event.name()));
        let result = send.send(ResponseBody::last("and another")).await;
        match &result {
            Ok(()) => self.reports.report("/slow: send took it"),
            Err(error) => self.reports.report(&format!("/slow: send said {error}")),
        }
        Ok(result?)
    }

    async fn flood(&self, send: &Sender) -> Result<(), Error> {
        self.flooded.store(0, Relaxed);
        let part = Bytes::from(vec![b'x'; 1_000_000]);
        send.send(start()).await?;
        for _ in 0..300 {
            send.send(ResponseBody::part(part.clone())).await?;
            self.flooded.fetch_add(1, Relaxed);
        }
        Ok(send.send(ResponseBody::last("")).await?)
    }
}

fn start() -> ResponseStart {
    ResponseStart::new(200).header(header::CONTENT_TYPE, TEXT)
}

async fn text(send: &Sender, text: impl Into<Bytes>) -> Result<(), Error> {
    send.send(start()).await?;
    Ok(send.send(ResponseBody::last(text)).await?)
}

async fn trailers(scope: &HttpScope, send: &Sender) -> Result<(), Error> {
    if !scope.extensions.offer(Extension::Trailers) {
        return text(send, "no trailers").await;
    }
    send.send(start().header(header::TRAILER, "x-legs").with_trailers()).await?;
    send.send(ResponseBody::last("trailers follow")).await?;
    let headers = [("x-legs".parse()?, HeaderValue::from_static("10"))].into_iter().collect();
    Ok(send.send(ResponseTrailers { headers, more_trailers: false }).await?)
}

/// A number from the query; 0 if it is not there.
fn number(scope: &HttpScope, name: &str) -> usize {
    let query = String::from_utf8_lossy(scope.query_string());
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    pairs.filter(|(key, _)| *key == name).find_map(|(_, value)| value.parse().ok()).unwrap_or(0)
}

/// The scope under ASGI's keys. Bytes are shown as text.
fn asgi(scope: &HttpScope) -> Value {
    let headers: Vec<_> = scope
        .headers
        .iter()
        .map(|(name, value)| json!([name.as_str(), String::from_utf8_lossy(value.as_bytes())]))
        .collect();
    let extensions: serde_json::Map<_, _> =
        scope.extensions.iter().map(|extension| (extension.name().to_owned(), json!({}))).collect();
    json!({
        "type": "http",
        "asgi": { "version": gateway::ASGI_VERSION, "spec_version": gateway::SPEC_VERSION },
        "http_version": scope.http_version(),
        "method": scope.method.as_str(),
        "scheme": scope.scheme(),
        "path": scope.path(),
        "raw_path": String::from_utf8_lossy(scope.raw_path()),
        "query_string": String::from_utf8_lossy(scope.query_string()),
        "root_path": scope.root_path(),
        "headers": headers,
        "client": scope.client().map(address),
        "server": scope.server().map(address),
        "extensions": extensions,
    })
}

fn address(address: &Address) -> Value {
    match address {
        Address::Ip(address) => json!([address.ip().to_string(), address.port()]),
        Address::Unix(path) => json!([path, null]),
    }
}
