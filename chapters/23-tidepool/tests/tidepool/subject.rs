//! An application that does what a test asks of it, by its path and by its environment.

use std::env;
use std::fs;
use std::process;
use std::thread;
use std::time::Duration;

use gateway::{
    Accept, Error, Message, Receive, ReceiveEvent, ResponseBody, ResponseStart, Scope, SendEvent,
    Sender,
};

fn main() {
    tidepool::main(subject)
}

async fn subject(scope: Scope, mut receive: Receive, send: Sender) -> Result<(), Error> {
    let http = match scope {
        Scope::Http(http) => http,
        Scope::Lifespan(_) => return live(receive, send).await,
        Scope::WebSocket(socket) => {
            receive.next().await;
            send.send(Accept::new()).await?;
            let word = if socket.path() == "/scheme" { socket.scheme() } else { "crab" };
            send.send(Message::from(word)).await?;
            if socket.path() == "/open" {
                while !matches!(receive.next().await, ReceiveEvent::WebSocketDisconnect(_)) {}
            }
            return Ok(());
        }
    };
    let text = match &*http.path() {
        "/pid" => process::id().to_string(),
        "/version" => version(),
        "/scope" => {
            let client = http.client().map_or("nobody".to_owned(), ToString::to_string);
            format!("{client} {} {:?}", http.scheme(), http.root_path())
        }
        "/spoken" => {
            let name = http.tls().and_then(|tls| tls.client_name.clone());
            format!("{} {} {}", http.http_version(), http.scheme(), name.unwrap_or_default())
        }
        "/headers" => format!("{:?}", env::var("NOTIFY_SOCKET").ok()),
        "/quit" => process::exit(7),
        "/block" => {
            // Not a polite one: the thread is gone.
            eprintln!("{} blocks", process::id());
            thread::sleep(Duration::from_hours(1));
            String::new()
        }
        // One event, and no other until the client leaves: who waits for more than one of them waits for ever.
        "/feed" if http.uri.query() == Some("once") => {
            let events = "text/event-stream";
            send.send(ResponseStart::new(200).header("content-type", events)).await?;
            send.send(ResponseBody::part("data: low tide\n\n")).await?;
            while !matches!(receive.next().await, ReceiveEvent::HttpDisconnect) {}
            return Ok(());
        }
        "/feed" => {
            send.send(ResponseStart::new(200)).await?;
            let shutdown = http.shutdown();
            loop {
                send.send(ResponseBody::part("tide\n")).await?;
                tokio::select! {
                    () = shutdown.begun() => break,
                    () = tokio::time::sleep(Duration::from_millis(20)) => {}
                }
            }
            return Ok(send.send(ResponseBody::last("bye\n")).await?);
        }
        "/deaf" => {
            send.send(ResponseStart::new(200)).await?;
            loop {
                send.send(ResponseBody::part("tide\n")).await?;
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
        _ => "crab\n".to_owned(),
    };
    send.send(ResponseStart::new(200).header("content-type", "text/plain")).await?;
    Ok(send.send(ResponseBody::last(text)).await?)
}

/// What the file says that a test has named, at the start of the program.
fn version() -> String {
    static VERSION: std::sync::OnceLock<String> = std::sync::OnceLock::new();
    let read = || env::var("SUBJECT_FILE").ok().and_then(|file| fs::read_to_string(file).ok());
    VERSION.get_or_init(|| read().unwrap_or_default()).clone()
}

async fn live(mut receive: Receive, send: Sender) -> Result<(), Error> {
    if version() == "broken" {
        receive.next().await;
        let why = "there is no water".to_owned();
        return Ok(send.send(SendEvent::LifespanStartupFailed(why)).await?);
    }
    loop {
        match receive.next().await {
            ReceiveEvent::LifespanStartup => send.send(SendEvent::LifespanStartupComplete).await?,
            ReceiveEvent::LifespanShutdown => {
                return Ok(send.send(SendEvent::LifespanShutdownComplete).await?);
            }
            _ => {}
        }
    }
}
