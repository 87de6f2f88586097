//! The server: the files of the book, a script in each page, and the stream of events that the script listens to.

use std::convert::Infallible;
use std::io;
use std::net::TcpListener;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use futures_util::stream::{self, Stream};
use tokio::sync::watch;
use tower_http::services::{ServeDir, ServeFile};

use crate::html::escape;

/// The script that reloads a page.
const SCRIPT: &str = include_str!("reload.js");

/// What is served now, and what is wrong with the newest sources.
#[derive(Debug)]
pub struct Live {
    folder: PathBuf,
    state: watch::Sender<Now>,
}

#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
struct Now {
    /// Which book is served; another one means that a page is old.
    built: String,
    /// What the last build failed with.
    problem: Option<String>,
}

impl Live {
    /// A server of `folder`, which may be empty still.
    pub fn new(folder: PathBuf) -> Self {
        let (state, _) = watch::channel(Now { built: stamp(0), problem: None });
        Self { folder, state }
    }

    /// A build went well; `changed` says whether its pages differ from the last ones.
    pub fn built(&self, changed: bool) {
        self.state.send_modify(|now| {
            // The first page after a failure may be the error page, which must go.
            if changed || now.problem.is_some() {
                let count = now.built.rsplit('-').next().and_then(|n| n.parse().ok());
                now.built = stamp(count.unwrap_or(0) + 1);
            }
            now.problem = None;
        });
    }

    /// A build failed.
    pub fn broken(&self, problem: &str) {
        self.state.send_modify(|now| now.problem = Some(problem.to_owned()));
    }

    /// Whether there is a book to serve.
    fn has_a_book(&self) -> bool {
        self.folder.join("index.html").is_file()
    }

    fn now(&self) -> Now {
        self.state.borrow().clone()
    }
}

/// A name that no other build has, of this server or an earlier one.
fn stamp(count: u64) -> String {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    format!("{}-{count}", since.as_millis())
}

/// Serves until the listener fails.
pub async fn run(listener: TcpListener, live: Arc<Live>) -> io::Result<()> {
    let listener = tokio::net::TcpListener::from_std(listener)?;
    axum::serve(listener, router(live)).await
}

fn router(live: Arc<Live>) -> Router {
    let files =
        ServeDir::new(&live.folder).not_found_service(ServeFile::new(live.folder.join("404.html")));
    Router::new()
        .route("/.reload", get(events))
        .fallback_service(files)
        .layer(middleware::from_fn_with_state(Arc::clone(&live), page))
        .with_state(live)
}

/// The stream of events: what is served now, and then each change.
async fn events(
    State(live): State<Arc<Live>>,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let mut receiver = live.state.subscribe();
    receiver.mark_changed();
    let stream = stream::unfold(receiver, |mut receiver| async {
        receiver.changed().await.ok()?;
        let now = receiver.borrow_and_update().clone();
        let data = serde_json::to_string(&now).unwrap_or_default();
        Some((Ok(Event::default().data(data)), receiver))
    });
    Sse::new(stream).keep_alive(KeepAlive::default())
}

/// Puts the script into each page, keeps browsers from remembering old files, and answers while there is no book.
async fn page(State(live): State<Arc<Live>>, mut request: Request, next: Next) -> Response {
    if request.uri().path() == "/.reload" {
        return next.run(request).await;
    }
    let now = live.now();
    let script = SCRIPT.replace("{{built}}", &now.built);
    if !live.has_a_book() {
        let problem = now.problem.unwrap_or_default();
        return (
            StatusCode::SERVICE_UNAVAILABLE,
            Html(format!(
                "<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>To be mended</title></head><body><h1>The book cannot be built yet</h1><pre>{}</pre><script>{script}</script></body></html>",
                escape(&problem)
            )),
        )
            .into_response();
    }
    // A file's date has whole seconds, and two builds may share one.
    request.headers_mut().remove(header::IF_MODIFIED_SINCE);
    let mut response = next.run(request).await;
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    let is_page = response
        .headers()
        .get(header::CONTENT_TYPE)
        .is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"));
    if !is_page {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    let Ok(bytes) = to_bytes(body, usize::MAX).await else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let mut html = String::from_utf8_lossy(&bytes).into_owned();
    let end = html.rfind("</body>").unwrap_or(html.len());
    html.insert_str(end, &format!("<script>{script}</script>"));
    parts.headers.remove(header::CONTENT_LENGTH);
    Response::from_parts(parts, Body::from(html))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::{BufRead, BufReader, Read, Write};
    use std::net::{Ipv4Addr, SocketAddr, TcpStream};

    use super::*;

    struct Server {
        live: Arc<Live>,
        address: SocketAddr,
        _dir: tempfile::TempDir,
        _runtime: tokio::runtime::Runtime,
    }

    fn server(files: &[(&str, &str)]) -> Server {
        let dir = tempfile::tempdir().unwrap();
        for (name, text) in files {
            fs::write(dir.path().join(name), text).unwrap();
        }
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let live = Arc::new(Live::new(dir.path().to_path_buf()));
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        runtime.spawn(run(listener, Arc::clone(&live)));
        Server { live, address, _dir: dir, _runtime: runtime }
    }

    impl Server {
        fn request(&self, path: &str) -> BufReader<TcpStream> {
            let mut stream = TcpStream::connect(self.address).unwrap();
            write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nIf-Modified-Since: Fri, 01 Jan 2100 00:00:00 GMT\r\n\r\n").unwrap();
            BufReader::new(stream)
        }

        fn get(&self, path: &str) -> String {
            let mut response = String::new();
            self.request(path).read_to_string(&mut response).unwrap();
            response
        }
    }

    const BOOK: &[(&str, &str)] = &[
        ("index.html", "<html><body><p>Tea</p></body></html>"),
        ("404.html", "<html><body><p>No tea</p></body></html>"),
        ("book.js", "let a = 1;"),
    ];

    #[test]
    fn pages_get_the_script_and_other_files_do_not() {
        let server = server(BOOK);
        let page = server.get("/");
        assert!(page.starts_with("HTTP/1.1 200"), "{page}");
        assert!(page.contains("cache-control: no-store"), "{page}");
        assert!(page.contains("<p>Tea</p><script>"), "{page}");
        assert!(page.trim_end().ends_with("</script></body></html>"), "{page}");
        let script = server.get("/book.js");
        assert!(script.ends_with("let a = 1;"), "{script}");
    }

    #[test]
    fn what_there_is_not_gets_the_books_own_error_page() {
        let page = server(BOOK).get("/none.html");
        assert!(page.starts_with("HTTP/1.1 404"), "{page}");
        assert!(page.contains("<p>No tea</p>"), "{page}");
    }

    #[test]
    fn a_page_hears_of_builds_and_of_problems() {
        let server = server(BOOK);
        let mut lines = server.request("/.reload").lines();
        let mut next = || -> serde_json::Value {
            let line =
                lines.by_ref().map(Result::unwrap).find(|line| line.starts_with("data:")).unwrap();
            serde_json::from_str(line.trim_start_matches("data:")).unwrap()
        };
        let first = next();
        server.live.broken("a.md:3: no tea");
        let second = next();
        assert_eq!(second["problem"], "a.md:3: no tea");
        assert_eq!(second["built"], first["built"], "the last good book stays");
        server.live.built(true);
        let third = next();
        assert!(third["problem"].is_null());
        assert_ne!(third["built"], first["built"]);
        server.live.built(false);
        assert_eq!(next()["built"], third["built"], "nothing changed, nothing reloads");
    }

    #[test]
    fn without_a_book_the_page_says_what_is_to_be_mended() {
        let server = server(&[]);
        server.live.broken("a.md:3: <tea> is missing");
        let page = server.get("/");
        assert!(page.starts_with("HTTP/1.1 503"), "{page}");
        assert!(page.contains("a.md:3: &lt;tea&gt; is missing"), "{page}");
        assert!(page.contains("EventSource"), "{page}");
    }
}
