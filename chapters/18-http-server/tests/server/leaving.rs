//! Clients that leave: how an application learns of it, and how long it may go on.

use std::convert::identity;
use std::future::pending;

use gateway::{Error, Receive, ResponseBody, ResponseStart, Scope, SendError, Sender};
use proctor::{expect_eq, watch_async};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::task::yield_now;
use tokio::time::{Instant, sleep};

use crate::common::{Client, Diary, GET, SECOND, in_memory, over_tcp, real};

/// An application that does this with its two ends.
macro_rules! app {
    (|$diary:ident, $receive:ident, $send:ident| $body:expr) => {{
        let diary = Diary::default();
        let written = diary.clone();
        let app = move |_: Scope, $receive: Receive, $send: Sender| {
            let $diary = written.clone();
            async move { identity::<Result<(), Error>>($body) }
        };
        (diary, app)
    }};
}

/// Waits for the disconnect, twice, and tries to send.
macro_rules! waiting {
    () => {
        app!(|diary, receive, send| {
            let mut receive = receive;
            diary.note("called");
            while receive.part().await?.is_some() {}
            diary.note(receive.next().await.name());
            diary.note(receive.next().await.name());
            diary.note(format!("{:?}", send.send(ResponseStart::new(200)).await));
            Ok(())
        })
    };
}

const MET: [&str; 4] =
    ["called", "http.disconnect", "http.disconnect", "Err(Disconnected(Disconnected))"];

#[test]
fn one_that_waits_on_receive_learns_of_a_lost_client_at_once_and_again() {
    real(|| async {
        let (diary, app) = waiting!();
        let mut client = over_tcp(app, |_| {}).await;
        client.say(GET).await;
        diary.until(1).await;
        drop(client.stream);
        client.server.await.unwrap();
        expect_eq!(diary.lines(), MET, "what the application met");
        expect_eq!(client.failures.lines(), Vec::<String>::new(), "failures");
    });
}

#[test]
fn one_that_waits_on_receive_learns_it_behind_pipelined_bytes() {
    real(|| async {
        let (diary, app) = waiting!();
        let mut client = over_tcp(app, |_| {}).await;
        client.say(GET.repeat(3)).await;
        diary.until(1).await;
        drop(client.stream);
        client.server.await.unwrap();
        expect_eq!(diary.lines(), MET, "what the first call met, and there was no second");
    });
}

#[test]
fn one_that_streams_learns_of_a_lost_client_by_the_error_of_send_behind_an_unread_body() {
    real(|| async {
        let (diary, app) = app!(|diary, _receive, send| {
            send.send(ResponseStart::new(200)).await?;
            diary.note("called");
            loop {
                if let Err(error) = send.send(ResponseBody::part("crab")).await {
                    diary.note(error.to_string());
                    break Err(error.into());
                }
                yield_now().await;
            }
        });
        let mut client = over_tcp(app, |_| {}).await;
        client.say("POST / HTTP/1.1\r\nhost: crab\r\ncontent-length: 1000000\r\n\r\n").await;
        client.say(vec![b'x'; 100_000]).await;
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
fn one_that_only_waits_is_told_at_its_next_word_with_a_body_unread() {
    real(|| async {
        let (diary, app) = app!(|diary, _receive, send| {
            diary.note("called");
            // It neither receives nor sends until the test says so.
            diary.until(2).await;
            diary.note(format!("{:?}", send.send(ResponseStart::new(200)).await));
            Ok(())
        });
        let mut client = over_tcp(app, |_| {}).await;
        client.say("POST / HTTP/1.1\r\nhost: crab\r\ncontent-length: 1000000\r\n\r\n").await;
        client.say(vec![b'x'; 50_000]).await;
        diary.until(1).await;
        drop(client.stream);
        // The kernel's news is there before a connection that is made afterwards.
        let (_, other) = app!(|_diary, _receive, send| {
            send.send(ResponseStart::new(200)).await?;
            send.send(ResponseBody::last("crab")).await?;
            Ok(())
        });
        let mut next = over_tcp(other, |_| {}).await;
        next.say(GET).await;
        next.hear("crab").await;
        diary.note("go on");
        client.server.await.unwrap();
        expect_eq!(
            diary.lines(),
            ["called", "go on", "Err(Disconnected(Disconnected))"],
            "what the application met"
        );
    });
}

/// Sends a body until neither kernel has room for more of it, and leaves: what says so stands behind what nobody has read.
async fn leave_behind_a_full_window(client: &mut Client<TcpStream>) {
    let request = "POST / HTTP/1.1\r\nhost: crab\r\ncontent-length: 1000000000\r\n\r\n";
    client.say(request).await;
    let (mut sent, mut full) = (0, 0);
    while full < 1_000 {
        match client.stream.try_write(&[b'x'; 64 * 1024]) {
            Ok(count) => (sent, full) = (sent + count, 0),
            Err(_) => full += 1,
        }
        yield_now().await;
    }
    assert!(sent > 500_000, "{sent} bytes fill the window");
}

#[test]
fn one_that_streams_learns_it_behind_more_than_the_kernel_has_room_for() {
    real(|| async {
        let (diary, app) = app!(|diary, _receive, send| {
            diary.note("called");
            // The client is gone by now, and the server cannot know.
            diary.until(2).await;
            send.send(ResponseStart::new(200)).await?;
            loop {
                if let Err(error) = send.send(ResponseBody::part("crab")).await {
                    diary.note(error.to_string());
                    break Err(error.into());
                }
                yield_now().await;
            }
        });
        let mut client = over_tcp(app, |_| {}).await;
        leave_behind_a_full_window(&mut client).await;
        diary.until(1).await;
        drop(client.stream);
        diary.note("go on");
        client.server.await.unwrap();
        expect_eq!(
            diary.lines(),
            ["called", "go on", "nothing can be sent: the client is gone"],
            "what the application met"
        );
        expect_eq!(client.failures.lines(), Vec::<String>::new(), "failures");
    });
}

#[test]
fn one_that_receives_learns_it_behind_more_than_the_kernel_has_room_for() {
    real(|| async {
        let (diary, app) = app!(|diary, receive, _send| {
            let mut receive = receive;
            diary.note("called");
            diary.until(2).await;
            while let Ok(Some(_)) = receive.part().await {}
            diary.note(receive.next().await.name());
            Ok(())
        });
        let mut client = over_tcp(app, |_| {}).await;
        leave_behind_a_full_window(&mut client).await;
        diary.until(1).await;
        drop(client.stream);
        diary.note("go on");
        client.server.await.unwrap();
        expect_eq!(
            diary.lines(),
            ["called", "go on", "http.disconnect"],
            "what the application met"
        );
    });
}

#[test]
fn a_lost_client_is_told_to_an_application_whose_response_hyper_has_let_go_of() {
    real(|| async {
        let (diary, app) = app!(|diary, _receive, send| {
            send.send(ResponseStart::new(200)).await?;
            loop {
                // To HEAD, nothing of this goes out.
                if let Err(SendError::Disconnected(_)) = send.send(ResponseBody::part("crab")).await
                {
                    diary.note("gone");
                    break;
                }
                yield_now().await;
            }
            Ok(())
        });
        let mut client = over_tcp(app, |_| {}).await;
        client.say("HEAD / HTTP/1.1\r\nhost: crab\r\n\r\n").await;
        client.hear("\r\n\r\n").await;
        drop(client.stream);
        client.server.await.unwrap();
        expect_eq!(diary.lines(), ["gone"], "what the application met");
    });
}

#[test]
fn a_client_that_closes_its_sending_side_is_gone_unless_half_close_is_on() {
    real(|| async {
        for half_close in [false, true] {
            let (diary, app) = app!(|diary, receive, send| {
                let mut receive = receive;
                while receive.part().await?.is_some() {}
                diary.note("called");
                diary.until(2).await;
                // Others run until the news, if there is any, is here.
                for _ in 0..1_000 {
                    yield_now().await;
                }
                send.send(ResponseStart::new(200)).await?;
                send.send(ResponseBody::last("crab")).await?;
                diary.note("answered");
                Ok(())
            });
            let mut client = over_tcp(app, |config| config.half_close = half_close).await;
            client.say("GET / HTTP/1.1\r\nhost: crab\r\nconnection: close\r\n\r\n").await;
            diary.until(1).await;
            client.stream.shutdown().await.unwrap();
            diary.note("half-closed");
            let response = client.hear_all().await;
            client.server.await.unwrap();
            let answered = response.ends_with("crab");
            expect_eq!(
                answered,
                half_close,
                "whether it is answered, with half_close {half_close}"
            );
            expect_eq!(
                diary.lines().len(),
                if half_close { 3 } else { 2 },
                "what was written, with half_close {half_close}"
            );
            expect_eq!(client.failures.lines(), Vec::<String>::new(), "failures");
        }
    });
}

#[test]
fn a_client_that_half_closes_with_its_request_gets_a_response_that_is_ready_at_once() {
    real(|| async {
        let (_, app) = app!(|_diary, _receive, send| {
            send.send(ResponseStart::new(200)).await?;
            send.send(ResponseBody::last("crab")).await?;
            Ok(())
        });
        let mut client = over_tcp(app, |_| {}).await;
        client.say(GET).await;
        client.stream.shutdown().await.unwrap();
        let response = client.hear_all().await;
        assert!(response.ends_with("crab"), "{response}");
    });
}

#[test]
fn an_application_that_does_not_listen_is_dropped_after_its_grace() {
    watch_async(async {
        let (diary, app) = app!(|diary, _receive, _send| {
            diary.note("called");
            pending::<()>().await;
            Ok(())
        });
        let mut client = in_memory(app, |config| config.after_disconnect = 20 * SECOND);
        client.say(GET).await;
        diary.until(1).await;
        let began = Instant::now();
        drop(client.stream);
        client.server.await.unwrap();
        expect_eq!(began.elapsed().as_secs(), 20, "seconds until it was dropped");
        expect_eq!(
            client.failures.lines(),
            ["an application went on after its client had left, and was dropped"],
            "failures"
        );
    });
}

#[test]
fn an_application_that_cleans_up_has_the_time_for_it() {
    watch_async(async {
        let (diary, app) = app!(|diary, receive, _send| {
            let mut receive = receive;
            while receive.part().await?.is_some() {}
            receive.next().await;
            sleep(10 * SECOND).await;
            diary.note("clean");
            Ok(())
        });
        let mut client = in_memory(app, |_| {});
        client.say(GET).await;
        sleep(SECOND).await;
        drop(client.stream);
        client.server.await.unwrap();
        expect_eq!(diary.lines(), ["clean"], "what the application did");
    });
}
