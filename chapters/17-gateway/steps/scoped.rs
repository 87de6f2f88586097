//! The environ becomes a scope with a type: a request, a WebSocket, or the life of the server.
//!
//! ```text
//! cargo run -p gateway --example scoped
//! ```

use gateway::testing::{self, Request, WebSocketCall};
use gateway::{
    Accept, App, Close, Error, Message, Receive, ReceiveEvent, ResponseBody, ResponseStart, Scope,
    SendEvent, Sender, State,
};
use tokio::sync::broadcast;

// ANCHOR: app
async fn crab_chat(scope: Scope, mut receive: Receive, send: Sender) -> Result<(), Error> {
    match scope {
        Scope::Http(_) => {
            let start = ResponseStart::new(200).header("content-type", "text/html");
            send.send(start).await?;
            send.send(ResponseBody::last("<h1>Come in and chat</h1>\n")).await?;
            Ok(())
        }
        Scope::WebSocket(scope) => {
            let Some(room) = scope.state.get_shared::<Room>() else { return Err("no room")? };
            let name = String::from_utf8_lossy(scope.query_string()).into_owned();
            chat(&name, &room, &mut receive, &send).await
        }
        Scope::Lifespan(scope) => {
            receive.next().await; // lifespan.startup
            scope.state.insert(Room::new(16));
            send.send(SendEvent::LifespanStartupComplete).await?;
            receive.next().await; // lifespan.shutdown
            send.send(SendEvent::LifespanShutdownComplete).await?;
            Ok(())
        }
    }
}

type Room = broadcast::Sender<String>;

async fn chat(name: &str, room: &Room, receive: &mut Receive, send: &Sender) -> Result<(), Error> {
    let mut others = room.subscribe();
    loop {
        tokio::select! {
            event = receive.next() => match event {
                ReceiveEvent::WebSocketConnect => send.send(Accept::new()).await?,
                ReceiveEvent::WebSocketReceive(Message::Text(line)) => {
                    room.send(format!("{name}: {line}"))?;
                }
                ReceiveEvent::WebSocketDisconnect(_) => break,
                _ => {}
            },
            heard = others.recv() => send.send(Message::Text(heard?)).await?,
        }
    }
    room.send(format!("{name} has left"))?;
    Ok(())
}
// ANCHOR_END: app

// ANCHOR: main
#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() -> Result<(), Error> {
    let mut server = testing::lifespan(&crab_chat);
    let state = server.startup().await?;
    println!("lifespan   the application is ready");

    let page = testing::ask(&crab_chat, Request::get("/").state(state.clone())).await;
    print!("http       {} {}", page.status, page.text());

    let mut ada = enter(&crab_chat, "Ada", &state).await;
    let mut ben = enter(&crab_chat, "Ben", &state).await;
    ada.say("hello?");
    ada.settle().await;
    hears("Ben", &mut ben).await;
    ben.say("hello, Ada");
    ben.settle().await;
    hears("Ada", &mut ada).await; // her own
    hears("Ada", &mut ada).await;
    ben.close(Close::new(1001));
    ben.settle().await;
    hears("Ada", &mut ada).await;

    server.shutdown().await?;
    println!("lifespan   the application has put everything away");
    Ok(())
}
// ANCHOR_END: main

async fn enter<'a>(app: &'a impl App, name: &str, state: &State) -> WebSocketCall<'a> {
    let request = Request::get(&format!("/chat?{name}")).state(state.clone());
    let mut socket = testing::websocket(app, request);
    socket.accepted().await;
    println!("websocket  {name} is in");
    socket
}

async fn hears(name: &str, socket: &mut WebSocketCall<'_>) {
    if let Some(Message::Text(line)) = socket.heard().await {
        println!("websocket  {name} hears {line}");
    }
}
