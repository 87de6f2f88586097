//! The camera and the chat room of the example `site`.

#[path = "../examples/site/camera.rs"]
mod camera;
#[path = "../examples/site/chat.rs"]
mod chat;
#[path = "../examples/site/origin.rs"]
mod origin;

use gateway::testing::{Request, WebSocketCall, websocket};
use gateway::{Accept, Close, Error, Message, Receive, Scope, SendEvent, Sender, State};
use tokio::task::yield_now;
use tokio::time::sleep;

use chat::{BEHIND, Room};

async fn accept(send: &Sender) -> Result<(), Error> {
    Ok(send.send(Accept::new()).await?)
}

async fn site(scope: Scope, receive: Receive, send: Sender) -> Result<(), Error> {
    let Scope::WebSocket(socket) = &scope else { return Err(scope.unsupported().into()) };
    if socket.path() == "/camera" {
        return camera::show(send).await;
    }
    chat::visit(socket, receive, send).await
}

/// A room, and a state with it.
fn open_room() -> (Room, State) {
    let (room, mut state) = (Room::default(), State::new());
    state.insert(room.clone());
    (room, state)
}

async fn hears(member: &mut WebSocketCall<'_>) -> String {
    match member.heard().await {
        Some(Message::Text(words)) => words,
        other => panic!("words were expected, and {other:?} came"),
    }
}

/// The number of the next picture.
async fn sees(viewer: &mut WebSocketCall<'_>) -> u32 {
    match viewer.heard().await {
        Some(Message::Binary(picture)) => u32::from_be_bytes(picture[..4].try_into().unwrap()),
        other => panic!("a picture was expected, and {other:?} came"),
    }
}

#[tokio::test(start_paused = true)]
async fn a_member_that_stops_reading_delays_nobody_and_is_dropped_after_its_bound() {
    let (room, state) = open_room();
    let enter = || websocket(&site, Request::get("/chat").state(state.clone()));
    let (mut crab, mut slow) = (enter(), enter());
    for member in [&mut crab, &mut slow] {
        member.accepted().await;
        member.settle().await;
    }
    assert_eq!(hears(&mut crab).await, "crab 0 comes in, and makes us 1");
    assert_eq!(hears(&mut crab).await, "crab 1 comes in, and makes us 2");
    assert_eq!(room.members(), 2);
    for number in 0..2 * BEHIND {
        crab.say(number.to_string());
        assert_eq!(
            hears(&mut crab).await,
            format!("crab 0: {number}"),
            "nothing is lost, nothing is late"
        );
    }
    assert_eq!(room.members(), 1, "the one that does not read is out");
    // What it was sent before is still to be read; then it is told why.
    let mut last = slow.event().await;
    while let Some(SendEvent::WebSocketSend(_)) = last {
        last = slow.event().await;
    }
    let Some(SendEvent::WebSocketClose(close)) = last else {
        panic!("a close was expected, and {last:?} came")
    };
    assert_eq!(close, Close::because(1013, "you are too far behind"));
    slow.ended().await.unwrap();
    assert_eq!(hears(&mut crab).await, "crab 1 leaves");
}

#[tokio::test(start_paused = true)]
async fn a_member_who_says_much_at_once_drops_nobody_who_reads() {
    let (room, state) = open_room();
    let enter = || websocket(&site, Request::get("/chat").state(state.clone()));
    let (mut loud, mut reader) = (enter(), enter());
    for member in [&mut loud, &mut reader] {
        member.accepted().await;
        member.settle().await;
    }
    for number in 0..3 * BEHIND {
        loud.say(number.to_string());
    }
    let last = format!("crab 0: {}", 3 * BEHIND - 1);
    let until_last = async |member: &mut WebSocketCall<'_>| {
        while hears(member).await != last {
            yield_now().await;
        }
    };
    tokio::join!(until_last(&mut loud), until_last(&mut reader));
    assert_eq!(room.members(), 2);
}

#[tokio::test(start_paused = true)]
async fn nobody_of_a_visit_that_ends_stays_in_the_room() {
    let (room, state) = open_room();
    let enter = || websocket(&site, Request::get("/chat").state(state.clone()));
    let mut crab = enter();
    crab.accepted().await;
    crab.settle().await;
    let mut other = enter();
    other.accepted().await;
    other.settle().await;
    other.close(Close::default());
    other.ended().await.unwrap();
    for words in
        ["crab 0 comes in, and makes us 1", "crab 1 comes in, and makes us 2", "crab 1 leaves"]
    {
        assert_eq!(hears(&mut crab).await, words);
    }
    assert_eq!(room.members(), 1);
    drop(crab);
    assert_eq!(room.members(), 0);
}

#[tokio::test]
async fn only_the_sites_own_pages_get_a_websocket() {
    let guarded = async |scope: Scope, _: Receive, send: Sender| -> Result<(), Error> {
        let Scope::WebSocket(socket) = &scope else { return Err(scope.unsupported().into()) };
        if origin::is_ours(socket) {
            accept(&send).await
        } else {
            Ok(send.send(Close::default()).await?)
        }
    };
    for (origin, is_let_in) in [
        (None, true),
        (Some("http://crab:8000"), true),
        (Some("https://crab:8000"), true),
        (Some("http://crab"), false),
        (Some("http://shark:8000"), false),
        (Some("http://crab:8000.shark"), false),
        (Some("null"), false),
    ] {
        let mut request = Request::get("/chat").with(|it| {
            it.headers.insert("host", "crab:8000".parse().unwrap());
        });
        if let Some(origin) = origin {
            request = request.header("origin", origin);
        }
        let answer = websocket(&guarded, request).event().await;
        let accepts = matches!(answer, Some(SendEvent::WebSocketAccept(_)));
        assert_eq!(accepts, is_let_in, "a page of {origin:?}: {answer:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_viewer_that_reads_slowly_sees_fewer_pictures_and_no_old_ones() {
    let mut viewer = websocket(&site, Request::get("/camera"));
    viewer.accepted().await;
    for number in 1..5 {
        assert_eq!(sees(&mut viewer).await, number, "a picture at its time");
    }
    viewer.settle().await;
    sleep(camera::PACE * 100).await;
    // One was made, and one waits to be sent, before nobody looked.
    let numbers = [sees(&mut viewer).await, sees(&mut viewer).await, sees(&mut viewer).await];
    assert!(numbers[0] <= 6 && numbers[2] >= 100, "pictures {numbers:?}");
}
