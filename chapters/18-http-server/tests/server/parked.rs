//! Connections that were idle for long enough to be parked. In these tests that is a second, as by default.

use std::sync::{Arc, Mutex};

use gateway::{Error, Receive, ResponseBody, ResponseStart, Scope, SendError, Sender};
use http_server::Server;
use proctor::{expect_eq, watch_async};
use tokio::time::{Instant, sleep};

use crate::app::Conformance;
use crate::common::{Diary, GET, SECOND, config, in_memory, in_memory_to, status};

#[test]
fn a_parked_connection_answers_again_and_its_idle_bound_counts_from_the_last_response() {
    watch_async(async {
        let mut client = in_memory(Conformance::default(), |_| {});
        for pause in [2, 4, 2] {
            client.say(GET).await;
            client.hear("crabs!").await;
            sleep(pause * SECOND).await;
        }
        let began = Instant::now();
        expect_eq!(client.hear_all().await, "", "what was heard");
        expect_eq!(began.elapsed(), 3 * SECOND, "the rest of the idle bound");
        client.server.await.unwrap();
    });
}

#[test]
fn a_parked_connection_without_an_idle_bound_stays() {
    watch_async(async {
        let mut client =
            in_memory(Conformance::default(), |config| config.keep_alive = 1_000_000_000 * SECOND);
        client.say(GET).await;
        client.hear("crabs!").await;
        sleep(1_000_000 * SECOND).await;
        client.say(GET).await;
        client.hear("crabs!").await;
    });
}

#[test]
fn requests_are_counted_on_when_a_connection_was_parked() {
    watch_async(async {
        let mut client = in_memory(Conformance::default(), |config| config.requests = Some(3));
        for _ in 0..2 {
            client.say(GET).await;
            let response = client.hear("crabs!").await;
            assert!(!response.contains("connection: close"), "{response}");
            sleep(2 * SECOND).await;
        }
        client.say(GET).await;
        let response = client.hear_all().await;
        assert!(response.contains("\r\nconnection: close\r\n"), "{response}");
    });
}

#[test]
fn a_parked_connection_is_closed_at_the_graceful_end_and_answers_what_it_was_asked_before() {
    watch_async(async {
        let failures = Diary::default();
        let server = Server::new(Conformance::default(), config(&failures));
        let mut idle = in_memory_to(&server, failures.clone());
        let mut asking = in_memory_to(&server, failures.clone());
        for client in [&mut idle, &mut asking] {
            client.say(GET).await;
            client.hear("crabs!").await;
        }
        sleep(2 * SECOND).await;
        // Neither server has had its turn when both have happened.
        asking.say(GET).await;
        server.close_idle();
        let began = Instant::now();
        let response = asking.hear_all().await;
        expect_eq!(status(&response), "HTTP/1.1 200 OK", "the status");
        assert!(response.contains("\r\nconnection: close\r\n"), "{response}");
        expect_eq!(idle.hear_all().await, "", "what the idle one heard");
        expect_eq!(began.elapsed().as_millis(), 0, "how long it took");
    });
}

#[test]
fn a_client_that_leaves_a_parked_connection_ends_it() {
    watch_async(async {
        let mut client = in_memory(Conformance::default(), |_| {});
        client.say(GET).await;
        client.hear("crabs!").await;
        sleep(2 * SECOND).await;
        let began = Instant::now();
        drop(client.stream);
        client.server.await.unwrap();
        expect_eq!(began.elapsed().as_millis(), 0, "how long it took");
    });
}

#[test]
fn an_empty_line_is_remembered_while_the_connection_is_parked() {
    watch_async(async {
        let mut client =
            in_memory(Conformance::default(), |config| config.keep_alive = 60 * SECOND);
        client.say(GET).await;
        client.hear("crabs!").await;
        client.say("\r\n").await;
        sleep(2 * SECOND).await;
        client.say(GET).await;
        client.hear("crabs!").await;
        client.say("\r\n").await;
        sleep(2 * SECOND).await;
        client.say("\r\n").await;
        expect_eq!(status(&client.hear_all().await), "HTTP/1.1 400 Bad Request", "the status");
    });
}

#[test]
fn an_application_that_keeps_its_sender_learns_that_the_client_has_gone_nevertheless() {
    watch_async(async {
        let kept = Arc::new(Mutex::new(None));
        let place = Arc::clone(&kept);
        let app = move |_: Scope, _: Receive, send: Sender| {
            let place = Arc::clone(&place);
            async move {
                send.send(ResponseStart::new(200)).await?;
                send.send(ResponseBody::last("crab")).await?;
                *place.lock().unwrap() = Some(send);
                Ok::<_, Error>(())
            }
        };
        let mut client = in_memory(app, |config| config.keep_alive = 60 * SECOND);
        client.say(GET).await;
        client.hear("crab").await;
        let sender: Sender = kept.lock().unwrap().take().unwrap();
        sleep(2 * SECOND).await;
        let there = sender.send(ResponseBody::last("more")).await;
        assert!(there.is_ok(), "{there:?}");
        drop(client.stream);
        client.server.await.unwrap();
        let gone = sender.send(ResponseBody::last("more")).await;
        assert!(matches!(gone, Err(SendError::Disconnected(_))), "{gone:?}");
    });
}

#[test]
fn work_after_the_response_keeps_a_connection_from_being_parked_and_it_answers() {
    watch_async(async {
        let diary = Diary::default();
        let noted = diary.clone();
        let app = move |_: Scope, _: Receive, send: Sender| {
            let noted = noted.clone();
            async move {
                send.send(ResponseStart::new(200)).await?;
                send.send(ResponseBody::last("crab")).await?;
                sleep(3 * SECOND).await;
                noted.note("worked");
                Ok::<_, Error>(())
            }
        };
        let mut client = in_memory(app, |config| config.keep_alive = 60 * SECOND);
        client.say(GET).await;
        client.hear("crab").await;
        sleep(2 * SECOND).await;
        expect_eq!(diary.lines().len(), 0, "what has ended");
        sleep(2 * SECOND).await;
        expect_eq!(diary.lines().len(), 1, "what has ended");
        client.say(GET).await;
        client.hear("crab").await;
    });
}
