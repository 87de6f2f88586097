//! What goes over an open WebSocket.

use bytes::Bytes;
use gateway::{Accept, Close, Error, Message, Receive, ReceiveEvent, Scope, Sender};
use tokio::io::AsyncReadExt;
use tokio::time::{sleep, timeout};
use websockets::deflate::{Pool, Settings, agree};
use websockets::frame::Opcode;
use websockets::{Config, Decoder, Encoder, Event, Limits, Role};

use crate::common::{
    Diary, SECOND, binary, code, connect, described, echo, listener, open, request, text,
};

#[tokio::test(start_paused = true)]
async fn text_and_bytes_come_back() {
    let mut client = open(echo, Config::default()).await;
    client.text("Hello, crabs!").await;
    assert_eq!(client.next().await, text("Hello, crabs!"));
    client.binary(&[0, 255, 1]).await;
    assert_eq!(client.next().await, binary(vec![0, 255, 1]));
    client.text("").await;
    assert_eq!(client.next().await, text(""));
    client.close(Some((1000, ""))).await;
    assert_eq!(client.closed().await, code(1000, ""));
    assert_eq!(client.reports().await, Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn fragments_arrive_as_one_message_and_a_ping_between_them_is_answered_at_once() {
    let mut client = open(echo, Config::default()).await;
    let frames = client.frames(|encoder, out| {
        encoder.fragment(Opcode::Text, false, "a cr\u{e1}".as_bytes().split_at(5).0, out);
        encoder.ping(b"there?", out);
    });
    client.say(frames).await;
    assert_eq!(client.next().await, Some(Event::Pong(Bytes::from_static(b"there?"))));
    let frames = client.frames(|encoder, out| {
        encoder.fragment(Opcode::Continuation, false, b"\xa1", out);
        encoder.fragment(Opcode::Continuation, true, b"b", out);
    });
    client.say(frames).await;
    assert_eq!(client.next().await, text("a cr\u{e1}b"));
}

#[tokio::test(start_paused = true)]
async fn a_message_of_many_reads_and_writes_comes_back_whole() {
    let mut client = open(echo, Config::default()).await;
    let long: Vec<u8> = (0..3_000_000_u32).flat_map(u32::to_be_bytes).collect();
    let frames = client.frames(|encoder, out| encoder.binary(&long, out));
    let (mut reader, mut writer) = tokio::io::split(client.stream);
    let speaks = tokio::spawn(async move {
        tokio::io::AsyncWriteExt::write_all(&mut writer, &frames).await.unwrap();
        writer
    });
    let mut came = vec![0; long.len() + 10];
    reader.read_exact(&mut came).await.unwrap();
    assert!(came[10..] == long, "it comes back as it went");
    drop(speaks.await.unwrap());
}

#[tokio::test(start_paused = true)]
async fn several_small_messages_of_one_turn_leave_in_one_write() {
    async fn counts(_: Scope, mut receive: Receive, send: Sender) -> Result<(), Error> {
        send.send(Accept::new()).await?;
        receive.next().await; // websocket.connect
        receive.next().await;
        for number in 0..100 {
            send.send(Message::from(format!("{number:02}"))).await?;
        }
        receive.next().await;
        Ok(())
    }
    let mut client = open(counts, Config::default()).await;
    client.text("go").await;
    let mut buffer = vec![0; 10_000];
    // What a stream in memory holds after one write is had by one read.
    assert_eq!(client.stream.read(&mut buffer).await.unwrap(), 400);
}

#[tokio::test(start_paused = true)]
async fn compressed_messages_go_both_ways_with_and_without_context_takeover() {
    for takeover in [false, true] {
        let settings = Settings {
            server_no_context_takeover: !takeover,
            client_no_context_takeover: !takeover,
            ..Settings::default()
        };
        let config = Config { compression: Some(settings), ..Config::default() };
        let mut client = connect(echo, config);
        let offer = "sec-websocket-extensions: permessage-deflate; client_max_window_bits";
        let head = client.shake_hands(&request(offer)).await;
        assert_eq!(head.contains("no_context_takeover"), !takeover, "{head}");
        let offered = [(
            "sec-websocket-extensions".parse().unwrap(),
            offer.split_once(": ").unwrap().1.parse().unwrap(),
        )];
        let agreed = agree(&offered.into_iter().collect(), &settings).unwrap();
        let (inflate, deflate) = Pool::new(settings).client(&agreed);
        let role = Role::Client { key: || [1, 2, 3, 4] };
        client.speak(
            Decoder::new(role, Limits::default()).with_inflate(Some(inflate)),
            Encoder::new(role).with_deflate(Some(deflate)),
        );
        let long = "sideways ".repeat(1_000);
        let mut sizes = Vec::new();
        for _ in 0..3 {
            client.text(&long).await;
            let before = client.read;
            assert_eq!(client.next().await, text(&long));
            sizes.push(client.read - before);
        }
        assert!(sizes[0] < 200, "{sizes:?} bytes on the wire");
        assert_eq!(sizes[1] < sizes[0], takeover, "what was said before helps: {sizes:?}");
        client.close(None).await;
        assert_eq!(client.closed().await, None);
    }
}

#[tokio::test(start_paused = true)]
async fn send_waits_while_the_client_does_not_read() {
    let diary = Diary::default();
    let noted = diary.clone();
    let feed = move |_: Scope, _: Receive, send: Sender| {
        let noted = noted.clone();
        async move {
            send.send(Accept::new()).await?;
            for number in 0..1_000 {
                send.send(Message::from(vec![0; 1_000])).await?;
                noted.note(number.to_string());
            }
            Ok(())
        }
    };
    let config = Config { write_buffer: 10_000, ..Config::default() };
    let mut client = open(feed, config).await;
    sleep(SECOND).await;
    // 16 KiB are in the stream, as much as the buffer on its way, and as much waits.
    let sent = diary.lines().len();
    assert!((20..50).contains(&sent), "{sent} messages were sent and none was read");
    for _ in 0..1_000 {
        assert_eq!(client.next().await, binary(vec![0; 1_000]));
    }
    assert_eq!(client.next().await, Some(Event::Close(code(1000, ""))));
}

#[tokio::test(start_paused = true)]
async fn a_client_is_not_read_while_the_application_does_not_receive() {
    let diary = Diary::default();
    let noted = diary.clone();
    let sleeps = move |_: Scope, mut receive: Receive, send: Sender| {
        let noted = noted.clone();
        async move {
            send.send(Accept::new()).await?;
            // Longer than any ping: whoever is not read is not silent.
            sleep(100 * SECOND).await;
            loop {
                let event = receive.next().await;
                noted.note(described(&event));
                if let ReceiveEvent::WebSocketDisconnect(_) = event {
                    return Ok(());
                }
            }
        }
    };
    for (config, message, most) in [
        (Config { queue: 4, ..Config::default() }, 100, 4 + 170),
        (Config { queue_bytes: 5_000, ..Config::default() }, 1_000, 5 + 18),
    ] {
        let mut client = open(sleeps.clone(), config).await;
        let frames = client.frames(|encoder, out| encoder.binary(&vec![0; message], out));
        let mut said = 0;
        // What the stream holds, and one read, may be taken: 16 KiB each.
        while timeout(SECOND, client.say(&frames)).await.is_ok() {
            said += 1;
            assert!(said < 3 * most, "{said} messages of {message} bytes were taken");
        }
        // The last one was said by half.
        sleep(100 * SECOND).await;
        assert_eq!(diary.lines().last(), Some(&format!("{message} bytes")));
        assert!(
            diary.lines().iter().filter(|line| **line == format!("{message} bytes")).count()
                >= said
        );
    }
}

#[tokio::test(start_paused = true)]
async fn other_tasks_may_send_and_receive_and_are_woken() {
    async fn spawns(_: Scope, mut receive: Receive, send: Sender) -> Result<(), Error> {
        send.send(Accept::new()).await?;
        let (tell, mut told) = tokio::sync::mpsc::channel(1);
        let receiving = tokio::spawn(async move {
            loop {
                let event = receive.next().await;
                let last = matches!(event, ReceiveEvent::WebSocketDisconnect(_));
                tell.send(event).await.unwrap();
                if last {
                    return;
                }
            }
        });
        let sending = send.clone();
        let echoing = tokio::spawn(async move {
            while let Some(event) = told.recv().await {
                if let ReceiveEvent::WebSocketReceive(message) = event {
                    sending.send(message).await.unwrap();
                }
            }
        });
        receiving.await?;
        Ok(echoing.await?)
    }
    let config = Config { queue: 1, write_buffer: 1, ..Config::default() };
    let mut client = open(spawns, config).await;
    let frames = client.frames(|encoder, out| {
        for number in 0..100 {
            encoder.text(&number.to_string(), out);
        }
    });
    client.say(frames).await;
    for number in 0..100 {
        assert_eq!(client.next().await, text(&number.to_string()));
    }
    client.close(None).await;
    assert_eq!(client.closed().await, None);
    assert_eq!(client.reports().await, Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn what_came_before_the_clients_close_is_received_before_the_disconnect() {
    let diary = Diary::default();
    let mut client = open(listener(&diary), Config::default()).await;
    let frames = client.frames(|encoder, out| {
        encoder.text("one", out);
        encoder.binary(b"two", out);
        encoder.close(Some((4000, "tide")), out);
    });
    client.say(frames).await;
    assert_eq!(client.closed().await, code(4000, ""));
    client.reports().await;
    assert_eq!(diary.lines(), ["websocket.connect", "text one", "3 bytes", "disconnect 4000 tide"]);
}

#[tokio::test(start_paused = true)]
async fn an_event_out_of_order_is_an_error_out_of_send_and_changes_nothing() {
    async fn app(_: Scope, _: Receive, send: Sender) -> Result<(), Error> {
        let early = send.send(Message::from("early")).await.unwrap_err();
        assert!(early.to_string().contains("websocket.accept"), "{early}");
        send.send(Accept::new()).await?;
        let twice = send.send(Accept::new()).await.unwrap_err();
        assert!(twice.to_string().contains("websocket.send"), "{twice}");
        let code = send.send(Close::new(1005)).await.unwrap_err();
        assert!(code.to_string().contains("1005"), "{code}");
        send.send(Message::from("well")).await?;
        send.send(Close::because(3000, "done")).await?;
        // After the end, what is sent is ignored.
        Ok(send.send(Message::from("late")).await?)
    }
    let mut client = open(app, Config::default()).await;
    assert_eq!(client.next().await, text("well"));
    assert_eq!(client.next().await, Some(Event::Close(code(3000, "done"))));
    client.close(Some((3000, ""))).await;
    assert_eq!(client.next().await, None);
    assert_eq!(client.reports().await, Vec::<String>::new());
}
