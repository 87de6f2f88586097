//! Servers that start, ask, and stop.

use std::pin::pin;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use gateway::testing::{self, Answer, LifespanCall, Request, StartupError};
use gateway::{App, Error, Failure, LifespanState, Receive, Scope, SendEvent, Sender, State};
use tokio::time::{Instant, sleep, timeout};
use warm_cache::{Hall, Prices, Trouble};

const HALF: Duration = Duration::from_millis(500);
const SECOND: Duration = Duration::from_secs(1);
/// How long the tests wait for something that should take a few seconds.
const PATIENCE: Duration = Duration::from_mins(1);

fn prices(hall: &Hall) -> Prices {
    Prices { hall: hall.clone() }
}

/// `Prices`, as a server sees it that looks closely.
struct Watched<'a> {
    prices: &'a Prices,
    /// What the lifespan call has stored so far.
    live: Mutex<LifespanState>,
    /// What it had stored when it said that it was ready.
    ready: Arc<OnceLock<State>>,
}

impl<'a> Watched<'a> {
    fn new(prices: &'a Prices) -> Self {
        Self { prices, live: Mutex::default(), ready: Arc::default() }
    }

    fn live(&self) -> LifespanState {
        self.live.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl App for Watched<'_> {
    async fn call(&self, scope: Scope, receive: Receive, send: Sender) -> Result<(), Error> {
        let Scope::Lifespan(lifespan) = &scope else {
            return self.prices.call(scope, receive, send).await;
        };
        let live = lifespan.state.clone();
        *self.live.lock().unwrap_or_else(PoisonError::into_inner) = live.clone();
        let ready = Arc::clone(&self.ready);
        let send = send.map(move |event| {
            if matches!(event, SendEvent::LifespanStartupComplete) {
                let _ = ready.set(live.snapshot());
            }
            event
        });
        self.prices.call(scope, receive, send).await
    }
}

/// A server, from its start to its end.
struct Server<'a> {
    app: &'a Watched<'a>,
    lifespan: LifespanCall<'a>,
    /// How the lifespan call ended, if it has.
    ended: Option<Result<(), Failure>>,
}

impl<'a> Server<'a> {
    fn new(app: &'a Watched<'a>) -> Self {
        Self { app, lifespan: testing::lifespan(app), ended: None }
    }

    /// Starts, and expects that to succeed.
    async fn start(app: &'a Watched<'a>) -> Self {
        let mut server = Self::new(app);
        match server.startup().await {
            Ok(()) => server,
            Err(StartupError::Failed(why)) => {
                panic!(
                    "everything works in the hall, and the application said lifespan.startup.failed: {why}"
                )
            }
            Err(StartupError::Unsupported(failure)) => {
                panic!("the lifespan call ended before it had answered lifespan.startup: {failure}")
            }
        }
    }

    async fn startup(&mut self) -> Result<(), StartupError> {
        let startup = timeout(PATIENCE, self.lifespan.startup()).await;
        startup
            .expect("lifespan.startup was received, and a minute later there is no answer to it")
            .map(drop)
    }

    fn state(&self) -> State {
        self.app.ready.get().cloned().unwrap_or_default()
    }

    /// Asks a request, while the lifespan call goes on. Returns how long it took, too.
    async fn ask(&mut self, path: &str) -> (Answer, Duration) {
        let began = Instant::now();
        let request = Request::get(path).state(self.state());
        let mut answer = pin!(timeout(PATIENCE, testing::ask(self.app.prices, request)));
        let answer = loop {
            tokio::select! {
                biased;
                answer = &mut answer => break answer,
                ended = self.lifespan.ended(), if self.ended.is_none() => self.ended = Some(ended),
            }
        };
        let answer = answer.unwrap_or_else(|_| panic!("GET {path} has no answer after a minute"));
        (answer, began.elapsed())
    }

    /// Asks for a price, and expects it to be that, after so many seconds.
    async fn expect(&mut self, path: &str, price: &str, seconds: u64, when: &str) {
        let (answer, took) = self.ask(path).await;
        let got = (answer.status.as_u16(), answer.text().into_owned());
        proctor::expect_eq!(got, (200, price.to_owned()), "the answer to GET {path} {when}");
        proctor::expect_eq!(took, Duration::from_secs(seconds), "how long GET {path} took {when}");
    }

    async fn shutdown(&mut self) -> Result<(), String> {
        if let Some(Err(failure)) = &self.ended {
            panic!("the lifespan call ended while the server was up: {failure}");
        }
        let shutdown = timeout(PATIENCE, self.lifespan.shutdown()).await;
        shutdown
            .expect("lifespan.shutdown was received, and a minute later there is no answer to it")
    }

    /// Waits for the end of the lifespan call, when there is nothing left to be said.
    async fn end(&mut self) {
        let ended = timeout(PATIENCE, self.lifespan.ended()).await;
        let ended =
            ended.expect("the lifespan call has said its last word, and goes on for a minute");
        if let Err(Failure::Panicked(why)) = ended {
            panic!("the lifespan call panicked: {why}");
        }
    }

    /// Stops, and expects that to succeed.
    async fn stop(mut self) {
        if let Err(why) = self.shutdown().await {
            panic!(
                "everything works in the hall, and the application said lifespan.shutdown.failed: {why}"
            );
        }
        self.end().await;
    }
}

fn used(hall: &Hall) -> [usize; 4] {
    [hall.lines(), hall.lists(), hall.questions(), hall.closings()]
}

const USED: &str =
    "how many [lines were got, lists asked for, single prices asked for, lines closed]";

#[test]
fn the_list_is_there_before_the_first_request() {
    proctor::watch_async(async {
        let hall = Hall::new();
        let prices = prices(&hall);
        let app = Watched::new(&prices);
        let began = Instant::now();
        let mut server = Server::start(&app).await;
        proctor::expect_eq!(used(&hall), [1, 1, 0, 0], "{USED} when start-up was complete");
        proctor::expect_eq!(
            began.elapsed(),
            3 * SECOND,
            "when start-up was complete, with a second for the line and two for the list"
        );
        server.expect("/crab", "24", 0, "after start-up").await;
        server.expect("/oyster", "3", 0, "after start-up").await;
    });
}

#[test]
fn requests_share_one_line_and_one_list() {
    proctor::watch_async(async {
        let hall = Hall::new();
        let prices = prices(&hall);
        let app = Watched::new(&prices);
        let mut server = Server::start(&app).await;
        for time in ["the first time", "the second time", "the third time"] {
            server.expect("/lobster", "39", 0, time).await;
        }
        proctor::expect_eq!(used(&hall), [1, 1, 0, 0], "{USED} after three requests");
    });
}

#[test]
fn what_one_request_has_learnt_the_next_one_knows() {
    proctor::watch_async(async {
        let hall = Hall::new();
        let prices = prices(&hall);
        let app = Watched::new(&prices);
        let mut server = Server::start(&app).await;
        server.expect("/urchin", "12", 1, "when it is not on the list").await;
        server.expect("/urchin", "12", 0, "when an earlier request has asked the hall").await;
        server.expect("/crab", "24", 0, "after that").await;
        proctor::expect_eq!(
            used(&hall),
            [1, 1, 1, 0],
            "{USED} after two requests for what is not on the list, one after the other"
        );
    });
}

#[test]
fn a_price_that_is_known_waits_for_nobody() {
    proctor::watch_async(async {
        let hall = Hall::new();
        let prices = prices(&hall);
        let app = Watched::new(&prices);
        let mut server = Server::start(&app).await;
        let state = server.state();
        let crab = async {
            sleep(HALF).await;
            let began = Instant::now();
            let request = Request::get("/crab").state(state);
            (testing::ask(&prices, request).await, began.elapsed())
        };
        let (urchin, (crab, took)) = tokio::join!(server.ask("/urchin"), crab);
        proctor::expect_eq!(urchin.0.text(), "12", "the answer to GET /urchin");
        proctor::expect_eq!(crab.text(), "24", "the answer to GET /crab meanwhile");
        proctor::expect_eq!(
            took,
            Duration::ZERO,
            "how long GET /crab took while another request waited for the hall"
        );
    });
}

#[test]
fn what_nobody_sells_is_not_found() {
    proctor::watch_async(async {
        let hall = Hall::new();
        let prices = prices(&hall);
        let app = Watched::new(&prices);
        let mut server = Server::start(&app).await;
        let (answer, _) = server.ask("/kraken").await;
        proctor::expect_eq!(answer.status.as_u16(), 404, "the status of GET /kraken");
        let (answer, _) = server.ask("/kraken").await;
        proctor::expect_eq!(
            answer.status.as_u16(),
            404,
            "the status of GET /kraken when it is asked for once more"
        );
        server.expect("/crab", "24", 0, "after that").await;
    });
}

#[test]
fn a_hall_that_fails_fails_one_call() {
    proctor::watch_async(async {
        let hall = Hall::with(Trouble::Price);
        let prices = prices(&hall);
        let app = Watched::new(&prices);
        let mut server = Server::start(&app).await;
        let (answer, _) = server.ask("/urchin").await;
        match &answer.ended {
            Err(Failure::Failed(error)) if error.to_string().contains("lost his voice") => {}
            other => panic!(
                "the hall has failed with {:?}, and the request's call ended with {other:?}",
                Trouble::Price.to_string()
            ),
        }
        server.expect("/crab", "24", 0, "when a question has failed before").await;
        proctor::expect_eq!(hall.closings(), 0, "how often the line was closed by then");
        server.stop().await;
    });
}

#[test]
fn until_start_up_is_complete_there_is_no_cache() {
    proctor::watch_async(async {
        let hall = Hall::new();
        let prices = prices(&hall);
        let app = Watched::new(&prices);
        let mut server = Server::new(&app);
        let early = async {
            for half in 0..6 {
                sleep(HALF / if half == 0 { 2 } else { 1 }).await;
                // This comes with what the lifespan call has stored by now.
                let at = HALF / 2 + HALF * half;
                let request = Request::get("/crab").state(app.live().snapshot());
                let answer = timeout(HALF / 4, testing::ask(&prices, request)).await;
                let got = match answer {
                    Ok(answer) => answer.status.as_u16().to_string(),
                    Err(_) => String::from("nothing yet"),
                };
                proctor::expect_eq!(
                    got,
                    "503",
                    "the status of a request that came {at:?} after the beginning of start-up, which takes three seconds"
                );
            }
        };
        let (started, ()) = tokio::join!(server.startup(), early);
        if let Err(error) = started {
            panic!("start-up has failed: {error}");
        }
        server.expect("/crab", "24", 0, "after that").await;
        proctor::expect_eq!(used(&hall), [1, 1, 0, 0], "{USED} by then");
    });
}

#[test]
fn a_server_without_lifespan_has_no_prices() {
    proctor::watch_async(async {
        let hall = Hall::new();
        let prices = prices(&hall);
        let answer = timeout(PATIENCE, testing::ask(&prices, Request::get("/crab"))).await;
        let status = answer.expect("a request with an empty state has no answer").status;
        proctor::expect_eq!(status.as_u16(), 503, "the status of a request with an empty state");
        proctor::expect_eq!(used(&hall), [0, 0, 0, 0], "{USED} by it");

        // And not even when another server has them.
        let app = Watched::new(&prices);
        let server = Server::start(&app).await;
        let answer = testing::ask(&prices, Request::get("/crab")).await;
        proctor::expect_eq!(
            answer.status.as_u16(),
            503,
            "the status of a request with an empty state, while the same application runs in a server with lifespan"
        );
        server.stop().await;
    });
}

#[test]
fn the_line_is_closed_once_and_then_it_is_said() {
    proctor::watch_async(async {
        let hall = Hall::new();
        let prices = prices(&hall);
        let app = Watched::new(&prices);
        let mut server = Server::start(&app).await;
        server.expect("/crab", "24", 0, "after start-up").await;
        server.expect("/urchin", "12", 1, "after start-up").await;
        proctor::expect_eq!(hall.closings(), 0, "how often the line was closed before shutdown");
        let said = server.shutdown().await;
        proctor::expect_eq!(
            hall.closings(),
            1,
            "how often the line was closed by the time when the server has its answer to lifespan.shutdown, and exits"
        );
        proctor::expect_eq!(said, Ok(()), "the answer to lifespan.shutdown");
        server.end().await;
        sleep(PATIENCE).await;
        proctor::expect_eq!(hall.closings(), 1, "how often the line was closed in the end");
        drop(server);
        drop(app);
        sleep(PATIENCE).await;
        proctor::expect_eq!(
            hall.closings(),
            1,
            "how often the line was closed when the state had been dropped as well"
        );
    });
}

#[test]
fn a_client_that_leaves_closes_nothing() {
    proctor::watch_async(async {
        let hall = Hall::new();
        let prices = prices(&hall);
        let app = Watched::new(&prices);
        let mut server = Server::start(&app).await;
        // The server gives up on one call in the middle, the client of the other one leaves.
        let request = Request::get("/urchin").state(server.state());
        let given_up = timeout(HALF, testing::ask(&prices, request)).await;
        assert!(given_up.is_err(), "the hall takes a second, and the request took half of one");
        let request = Request::get("/urchin").state(server.state()).wait(HALF).disconnect();
        let _ = timeout(PATIENCE, testing::ask(&prices, request)).await;
        sleep(PATIENCE).await;
        proctor::expect_eq!(
            hall.closings(),
            0,
            "how often the line was closed when two calls had ended in the middle"
        );
        server.expect("/crab", "24", 0, "after that").await;
        server.stop().await;
        proctor::expect_eq!(hall.closings(), 1, "how often the line was closed at shutdown");
    });
}

#[test]
fn a_line_that_does_not_close_is_said() {
    proctor::watch_async(async {
        let hall = Hall::with(Trouble::Close);
        let prices = prices(&hall);
        let app = Watched::new(&prices);
        let mut server = Server::start(&app).await;
        let said = server.shutdown().await;
        let Err(why) = said else {
            panic!(
                "the hall does not hang up, and the application has not said lifespan.shutdown.failed"
            )
        };
        assert!(
            why.contains(&Trouble::Close.to_string()),
            "lifespan.shutdown.failed has the message {why:?}; the error says {:?}",
            Trouble::Close.to_string()
        );
        server.end().await;
    });
}

/// Expects that a server does not start, and that the application says why.
async fn fails(trouble: Trouble) {
    let hall = Hall::with(trouble);
    let prices = prices(&hall);
    let app = Watched::new(&prices);
    let mut server = Server::new(&app);
    let started = server.startup().await;
    // At this moment the server exits.
    let left_open = hall.lines() - hall.closings();
    match started {
        Err(StartupError::Failed(why)) => {
            assert!(
                why.contains(&trouble.to_string()),
                "lifespan.startup.failed has the message {why:?}; the error says {:?}",
                trouble.to_string()
            );
        }
        Err(StartupError::Unsupported(failure)) => panic!(
            "start-up has failed, and the lifespan call ended without having said lifespan.startup.failed ({failure}): a server takes that for \"I have no lifespan\", and serves the application without"
        ),
        Ok(()) => panic!("{trouble}, and the application said lifespan.startup.complete"),
    }
    proctor::expect_eq!(
        left_open,
        0,
        "how many lines were open when the server heard lifespan.startup.failed, because {trouble}"
    );
    server.end().await;
    proctor::expect_eq!(
        hall.closings(),
        hall.lines(),
        "how often a line was closed, when start-up has failed because {trouble}"
    );
}

#[test]
fn a_start_without_a_line_fails_and_says_why() {
    proctor::watch_async(fails(Trouble::Connect));
}

#[test]
fn a_start_without_a_list_fails_and_leaves_nothing_open() {
    proctor::watch_async(fails(Trouble::List));
}

#[test]
fn the_same_prices_can_be_started_again() {
    proctor::watch_async(async {
        let hall = Hall::new();
        let prices = prices(&hall);
        for time in ["in the first server", "in the second server, after the first had stopped"] {
            let app = Watched::new(&prices);
            let mut server = Server::start(&app).await;
            server.expect("/urchin", "12", 1, time).await;
            server.expect("/urchin", "12", 0, &format!("again {time}")).await;
            server.stop().await;
        }
        proctor::expect_eq!(
            used(&hall),
            [2, 2, 2, 2],
            "{USED} by two servers, one after the other"
        );
    });
}

#[test]
fn two_servers_have_a_line_each() {
    proctor::watch_async(async {
        let hall = Hall::new();
        let prices = prices(&hall);
        let apps = (Watched::new(&prices), Watched::new(&prices));
        let (mut first, mut second) = tokio::join!(Server::start(&apps.0), Server::start(&apps.1));
        first.expect("/urchin", "12", 1, "in one of two servers").await;
        first.stop().await;
        proctor::expect_eq!(
            used(&hall),
            [2, 2, 1, 1],
            "{USED} by two servers, the first of which has stopped"
        );
        let (answer, _) = second.ask("/urchin").await;
        proctor::expect_eq!(
            (answer.status.as_u16(), answer.text().as_ref()),
            (200, "12"),
            "the answer to GET /urchin in the second server, when the first had closed its line"
        );
        second.stop().await;
        proctor::expect_eq!(hall.closings(), 2, "how many lines two servers have closed");
    });
}

#[test]
fn websockets_are_declined() {
    proctor::watch_async(async {
        let prices = prices(&Hall::new());
        let mut socket = testing::websocket(&prices, Request::get("/crab"));
        let event = timeout(PATIENCE, socket.event()).await;
        assert!(
            matches!(event, Ok(None)),
            "the application does not speak WebSocket, and has said something to one: {event:?}"
        );
    });
}
