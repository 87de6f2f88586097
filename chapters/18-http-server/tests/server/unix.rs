//! Unix sockets: the same server behind a file's name.

use std::fs;
use std::path::{Path, PathBuf};

use crate::app::Conformance;
use crate::common::{Client, Diary, GET, config, curl, get, real};
use gateway::{Error, Receive, ResponseBody, ResponseStart, Scope, Sender};
use http_server::{Server, Unix};
use proctor::expect_eq;
use tokio::io::AsyncWriteExt;
use tokio::net::{UnixListener, UnixSocket, UnixStream};
use tokio::sync::oneshot;

/// A path for a socket, in the build's folder. Whatever is there is removed in the end.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        let name = format!("http-server-{}-{name}", std::process::id());
        Self(Path::new(env!("CARGO_TARGET_TMPDIR")).join(name))
    }

    fn text(&self) -> &str {
        self.0.to_str().unwrap()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

#[test]
fn client_and_server_of_a_unix_socket_are_paths_and_curl_gets_through() {
    real(|| async {
        let path = Scratch::new("curl");
        let listener = UnixListener::bind(&path.0).unwrap();
        let failures = Diary::default();
        let server = Server::new(Conformance::default(), config(&failures));
        let (stop, stopped) = oneshot::channel::<()>();
        let serving = tokio::spawn(async move {
            let stop = async {
                let _ = stopped.await;
            };
            expect_eq!(server.serve_until(listener, stop).await, 0, "connections dropped");
        });
        let over = ["--unix-socket", path.text()];
        if let Some(scope) = curl(&over, "http://crab/scope").await {
            let scope: serde_json::Value = serde_json::from_str(&scope).unwrap();
            expect_eq!(scope["server"], serde_json::json!([path.text(), null]), "the server");
            expect_eq!(scope["client"], serde_json::json!(null), "the client");
            expect_eq!(scope["headers"][0], serde_json::json!(["host", "crab"]), "the host");
            let upload = ["--unix-socket", path.text(), "--data-binary", "crab"];
            expect_eq!(curl(&upload, "http://crab/echo").await.unwrap(), "crab", "the echo");
            let long = curl(&over, "http://crab/bytes?n=3000000&part=16384").await.unwrap();
            expect_eq!(long.len(), 3_000_000, "bytes of a long response");
        }
        // A client that has given its end a name.
        let named = Scratch::new("named");
        let socket = UnixSocket::new_stream().unwrap();
        socket.bind(&named.0).unwrap();
        let stream = socket.connect(&path.0).await.unwrap();
        let mut client = Client { stream, server: serving, failures };
        let response = client.ask(get("/scope")).await;
        let expected = format!("\"client\":[\"{}\",null]", named.text());
        assert!(response.contains(&expected), "{expected} is missing: {response}");
        stop.send(()).unwrap();
        client.server.await.unwrap();
    });
}

#[test]
fn a_client_that_leaves_a_unix_socket_is_noticed_with_a_body_unread() {
    real(|| async {
        let diary = Diary::default();
        let noted = diary.clone();
        let app = move |_: Scope, _: Receive, send: Sender| {
            let noted = noted.clone();
            async move {
                send.send(ResponseStart::new(200)).await?;
                noted.note("called");
                loop {
                    if let Err(error) = send.send(ResponseBody::part("crab")).await {
                        noted.note(error.to_string());
                        break Err::<(), Error>(error.into());
                    }
                    tokio::task::yield_now().await;
                }
            }
        };
        let (mut stream, theirs) = UnixStream::pair().unwrap();
        let failures = Diary::default();
        let server = Server::new(app, config(&failures));
        let server = tokio::spawn(server.serve_connection(Unix::new(theirs)));
        let request = "POST / HTTP/1.1\r\nhost: crab\r\ncontent-length: 1000000\r\n\r\n";
        stream.write_all(request.as_bytes()).await.unwrap();
        stream.write_all(&[b'x'; 50_000]).await.unwrap();
        let mut client = Client { stream, server, failures };
        client.hear("crab\r\n").await;
        drop(client.stream);
        client.server.await.unwrap();
        expect_eq!(
            diary.lines(),
            ["called", "nothing can be sent: the client is gone"],
            "what the application met"
        );
        expect_eq!(client.failures.lines(), Vec::<String>::new(), "failures");
    });
}

#[test]
fn a_unix_socket_keeps_a_connection_for_one_request_after_the_other() {
    real(|| async {
        let (stream, theirs) = UnixStream::pair().unwrap();
        let failures = Diary::default();
        let server = Server::new(Conformance::default(), config(&failures));
        let server = tokio::spawn(server.serve_connection(Unix::new(theirs)));
        let mut client = Client { stream, server, failures };
        for _ in 0..3 {
            client.say(GET).await;
            client.hear("crabs!").await;
        }
    });
}
