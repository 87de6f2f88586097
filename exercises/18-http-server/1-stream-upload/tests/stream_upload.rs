//! Uploads of all sizes, shelves of all speeds, and an eye on the memory.

use std::io::{self, ErrorKind};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use bytes::Bytes;
use gateway::testing::{Answer, Request, StartupError};
use gateway::{
    App, Error, Failure, Receive, ReceiveEvent, Scope, Sender, UnsupportedScope, testing,
};
use proctor::count::{Drops, Token};
use proctor::memory::{Counting, Mark};
use stream_upload::{File, Shelf, Uploads};
use tokio::time::{Instant, sleep, timeout};

#[global_allocator]
static MEMORY: Counting = Counting;

const KIB: usize = 1024;
const GIB: u64 = 1 << 30;
const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_hours(1);

/// How much of a body may be held, and how much the call's own affairs may take beside it.
const MOST: usize = 256 * KIB;
const SLACK: usize = 32 * KIB;

/// What long bodies consist of: these bytes, again and again, twice here, so that a part can begin anywhere.
static BYTES: [u8; 128 * KIB] = {
    let mut bytes = [0; 128 * KIB];
    let mut at = 0;
    while at < bytes.len() {
        let turn = at % (64 * KIB);
        bytes[at] = (turn % 251).to_le_bytes()[0] ^ (turn / KIB).to_le_bytes()[0];
        at += 1;
    }
    bytes
};

/// A long body in parts that are a little shorter than what it consists of.
fn long(request: Request, length: u64) -> Request {
    let mut at = 0_usize;
    let length = usize::try_from(length).unwrap();
    let mut request = request;
    while at < length {
        let begin = at % (64 * KIB);
        let part = (64 * KIB - 15).min(length - at);
        request = request.part(&BYTES[begin..begin + part]);
        at += part;
    }
    request
}

/// What happens on a shelf.
#[derive(Debug, Default)]
struct Notes {
    /// How many bytes were written, into all files.
    written: u64,
    kept: Vec<Vec<u8>>,
    /// A long body has come in other bytes than those that were sent.
    garbled: Option<u64>,
    dropped: usize,
}

/// A shelf that takes its time, and fails where it is told to.
#[derive(Debug, Clone, Default)]
struct Wood {
    notes: Arc<Mutex<Notes>>,
    write_takes: Duration,
    keep_takes: Duration,
    fails_at: Option<u64>,
    fails_to_keep: bool,
    /// Long bodies are compared, not stored.
    long: bool,
}

impl Wood {
    fn notes(&self) -> MutexGuard<'_, Notes> {
        self.notes.lock().unwrap()
    }

    /// What was kept, as text.
    fn kept(&self) -> Vec<String> {
        self.notes().kept.iter().map(|file| String::from_utf8_lossy(file).into_owned()).collect()
    }
}

impl Shelf for Wood {
    type File = Page;

    fn create(&self) -> Page {
        Page { wood: self.clone(), bytes: Vec::new(), length: 0, kept: false }
    }
}

struct Page {
    wood: Wood,
    bytes: Vec<u8>,
    length: u64,
    kept: bool,
}

fn full() -> io::Error {
    ErrorKind::StorageFull.into()
}

impl File for Page {
    async fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        if !self.wood.write_takes.is_zero() {
            sleep(self.wood.write_takes).await;
        }
        if self.wood.fails_at.is_some_and(|at| self.length + bytes.len() as u64 > at) {
            return Err(full());
        }
        let mut notes = self.wood.notes();
        if self.wood.long {
            let mut left = bytes;
            let mut at = self.length;
            while !left.is_empty() {
                let begin = usize::try_from(at).unwrap() % (64 * KIB);
                let some = left.len().min(64 * KIB);
                if left[..some] != BYTES[begin..begin + some] {
                    notes.garbled.get_or_insert(at);
                }
                at += some as u64;
                left = &left[some..];
            }
        } else {
            self.bytes.extend_from_slice(bytes);
        }
        self.length += bytes.len() as u64;
        notes.written += bytes.len() as u64;
        Ok(())
    }

    async fn keep(mut self) -> io::Result<()> {
        if !self.wood.keep_takes.is_zero() {
            sleep(self.wood.keep_takes).await;
        }
        if self.wood.fails_to_keep {
            return Err(full());
        }
        self.kept = true;
        let bytes = std::mem::take(&mut self.bytes);
        self.wood.notes().kept.push(bytes);
        Ok(())
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        if !self.kept
            && let Ok(mut notes) = self.wood.notes.lock()
        {
            notes.dropped += 1;
        }
    }
}

/// A part's bytes, and a token that lives as long as anybody holds it.
struct Part(Bytes, #[expect(dead_code, reason = "it is there to be dropped")] Token);

impl AsRef<[u8]> for Part {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

/// What an application does, seen from outside.
#[derive(Debug, Default)]
struct Seen {
    received: u64,
    events: usize,
    tried: Vec<&'static str>,
    /// It has held too much, in words.
    excess: Option<String>,
}

/// Uploads, whose parts and allocations are counted. When too much is held, the client leaves.
struct Watched {
    uploads: Uploads<Wood>,
    parts: Drops,
    seen: Arc<Mutex<Seen>>,
}

impl Watched {
    fn new(shelf: Wood, limit: u64) -> Self {
        Self { uploads: Uploads { shelf, limit }, parts: Drops::new(), seen: Arc::default() }
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap()
    }

    fn shelf(&self) -> &Wood {
        &self.uploads.shelf
    }

    /// Nothing was kept, and no response was begun.
    fn left_nothing(&self, when: &str) {
        proctor::expect_eq!(self.shelf().kept().len(), 0, "how many files were kept, {when}");
        let tried = &self.seen().tried;
        assert!(tried.is_empty(), "{when}, and this was sent: {tried:?}");
    }
}

impl App for Watched {
    async fn call(&self, scope: Scope, receive: Receive, send: Sender) -> Result<(), Error> {
        let mark = Mark::here();
        let (seen, parts) = (Arc::clone(&self.seen), self.parts.clone());
        let notes = Arc::clone(&self.uploads.shelf.notes);
        let receive = receive.map(move |event| {
            let ReceiveEvent::HttpRequest(mut part) = event else { return event };
            let mut seen = seen.lock().unwrap();
            seen.events += 1;
            if seen.excess.is_some() {
                return ReceiveEvent::HttpDisconnect;
            }
            if !part.body.is_empty() {
                seen.received += part.body.len() as u64;
                part.body = Bytes::from_owner(Part(part.body, parts.token()));
            }
            let (alive, copies) = (parts.alive(), mark.highest());
            if alive * 64 * KIB + mark.held() > MOST + SLACK || copies > MOST + SLACK {
                let written = notes.lock().unwrap().written;
                seen.excess = Some(format!(
                    "{} bytes were received, {written} of them written. Of the parts, of up to 64 KiB each, {alive} are still held, \
                     and the call has taken {} KiB from the allocator.\n\
                     256 KiB is the most; what is not written yet should still be with the client",
                    seen.received,
                    copies / KIB
                ));
                return ReceiveEvent::HttpDisconnect;
            }
            ReceiveEvent::HttpRequest(part)
        });
        let seen = Arc::clone(&self.seen);
        let send = send.map(move |event| {
            seen.lock().unwrap().tried.push(event.name());
            event
        });
        self.uploads.call(scope, receive, send).await
    }
}

/// The body was kept, and the client told so.
fn kept(answer: &Answer, length: u64, body: &str) {
    if let Err(failure) = &answer.ended {
        panic!("{body}: {failure}");
    }
    proctor::expect_eq!(answer.status.as_u16(), 201, "the status, for {body}");
    proctor::expect_eq!(answer.text(), format!("{length} bytes\n"), "the response, for {body}");
    assert!(answer.complete, "{body}: the response has no end");
}

fn refused(answer: &Answer, app: &Watched, body: &str) {
    if let Err(failure) = &answer.ended {
        panic!("{body}: {failure}");
    }
    proctor::expect_eq!(answer.status.as_u16(), 413, "the status, for {body}");
    assert!(answer.complete, "{body}: the response has no end");
    proctor::expect_eq!(app.shelf().kept().len(), 0, "how many files were kept, for {body}");
}

#[test]
fn a_body_is_kept_however_it_comes() {
    proctor::watch_async(async {
        for parts in [
            &["crab"][..],
            &["cr", "ab"],
            &["c", "r", "a", "b"],
            &["", "crab"],
            &["cr", "", "", "ab", ""],
        ] {
            let app = Watched::new(Wood::default(), 100);
            let request =
                parts.iter().fold(Request::post("/"), |request, part| request.part(*part));
            let answer = testing::ask(&app, request).await;
            let body = format!("a body in the parts {parts:?}");
            kept(&answer, 4, &body);
            proctor::expect_eq!(app.shelf().kept(), ["crab"], "what was kept, for {body}");
        }
        let app = Watched::new(Wood::default(), 100);
        let answer = testing::ask(&app, Request::post("/")).await;
        kept(&answer, 0, "no body");
        proctor::expect_eq!(app.shelf().kept(), [""], "what was kept, for no body");
    });
}

#[test]
fn a_gibibyte_goes_through_in_constant_memory() {
    proctor::watch_async(async {
        let app = Watched::new(Wood { long: true, ..Wood::default() }, GIB);
        let request = Request::post("/").header("content-length", &GIB.to_string());
        let answer = testing::ask(&app, long(request, GIB)).await;
        if let Some(excess) = &app.seen().excess {
            panic!("{excess}");
        }
        kept(&answer, GIB, "a body of a gibibyte");
        let notes = app.shelf().notes();
        proctor::expect_eq!(notes.written, GIB, "how many bytes were written of a gibibyte");
        assert!(
            notes.garbled.is_none(),
            "from byte {:?} on, the file has other bytes than the body",
            notes.garbled
        );
    });
}

#[test]
fn a_slow_shelf_leaves_the_body_with_the_client() {
    proctor::watch_async(async {
        let shelf = Wood { long: true, write_takes: SECOND, ..Wood::default() };
        let app = Watched::new(shelf, GIB);
        let length = 100 * 64 * KIB as u64;
        let answer = testing::ask(&app, long(Request::post("/"), length)).await;
        if let Some(excess) = &app.seen().excess {
            panic!("with a shelf that takes a second for each write: {excess}");
        }
        kept(&answer, length, "a body of 6.25 MiB on a slow shelf");
        assert!(app.shelf().notes().garbled.is_none(), "the file has other bytes than the body");
    });
}

#[test]
fn a_part_is_written_while_the_next_one_is_still_to_come() {
    proctor::watch_async(async {
        // Fewer bytes than may be held: nothing but the wish to have it whole makes anybody wait.
        let app = Watched::new(Wood { long: true, ..Wood::default() }, GIB);
        let request = Request::post("/").part(&BYTES[..64 * KIB]).part(&BYTES[..64 * KIB]);
        let request = request.part(&BYTES[..64 * KIB]).part(&BYTES[..64 * KIB]);
        let request = request.part(&BYTES[..64 * KIB]).part(&BYTES[..64 * KIB]);
        let mut call = testing::call(&app, request.wait(HOUR).part("crab"));
        let early = timeout(SECOND, call.ended()).await;
        assert!(early.is_err(), "the body has no end yet, and the call has ended: {early:?}");
        if let Some(excess) = &app.seen().excess {
            panic!("{excess}");
        }
        let written = app.shelf().notes().written;
        assert!(
            written >= 2 * 64 * KIB as u64,
            "a client has sent 384 KiB and pauses, and {written} bytes of them are written"
        );
        let answer = call.answer().await;
        kept(&answer, 6 * 64 * KIB as u64 + 4, "a body with a pause of an hour in it");
    });
}

#[test]
fn what_the_length_says_is_refused_before_anything_is_received() {
    proctor::watch_async(async {
        for length in [11, 1_u64 << 40] {
            let app = Watched::new(Wood::default(), 10);
            let request = Request::post("/").header("content-length", &length.to_string());
            let answer = testing::ask(&app, request.part("five!").part("sixsix")).await;
            let body =
                format!("a body whose content-length is {length}, where 10 bytes are the most");
            refused(&answer, &app, &body);
            proctor::expect_eq!(
                app.seen().events,
                0,
                "how many events were received of {body}.\n\
                 The first `receive` asks a client for its body that waits to be asked"
            );
        }
    });
}

#[test]
fn a_body_without_a_length_is_counted() {
    proctor::watch_async(async {
        let app = Watched::new(Wood::default(), 10);
        let request = Request::post("/").part("five!").part("five!").wait(SECOND).part("!");
        let request = request.wait(HOUR);
        let request = (0..100).fold(request, |request, _| request.part("and more"));
        let began = Instant::now();
        let answer = testing::ask(&app, request).await;
        let body = "a body of 11 bytes and more in chunks, where 10 are the most";
        refused(&answer, &app, body);
        proctor::expect_eq!(
            began.elapsed(),
            SECOND,
            "when 413 was sent to a client that sends its byte 11 after a second, and the rest an hour later"
        );
        proctor::expect_eq!(app.seen().received, 11, "how many bytes were received of {body}");
    });
}

#[test]
fn a_body_that_is_longer_than_it_said_is_counted() {
    proctor::watch_async(async {
        let app = Watched::new(Wood::default(), 10);
        let request = Request::post("/").header("content-length", "5").part("five!").part("sixsix");
        let answer = testing::ask(&app, request).await;
        refused(
            &answer,
            &app,
            "a body of 11 bytes, where 10 are the most and content-length says 5.\n\
             A server compares the two, but a middleware that unpacks bodies may stand between it and this",
        );
    });
}

#[test]
fn what_is_too_much_is_not_written_first() {
    proctor::watch_async(async {
        let shelf = Wood { write_takes: SECOND, ..Wood::default() };
        let app = Watched::new(shelf, 10);
        let began = Instant::now();
        let request = Request::post("/").part("five!").part("sixsix");
        let answer = testing::ask(&app, request).await;
        refused(&answer, &app, "a body of 11 bytes in two parts, where 10 are the most");
        proctor::expect_eq!(
            began.elapsed(),
            SECOND,
            "when 413 was sent, where the first part takes a second to write, and with the second one the body is too long"
        );
    });
}

#[test]
fn the_limit_itself_is_within_the_limit() {
    proctor::watch_async(async {
        for request in [
            Request::post("/").part("five!").part("five!"),
            Request::post("/").header("content-length", "10").part("five!").part("five!"),
        ] {
            let app = Watched::new(Wood::default(), 10);
            let answer = testing::ask(&app, request).await;
            kept(&answer, 10, "a body of 10 bytes, where 10 are the most");
            proctor::expect_eq!(app.shelf().kept(), ["five!five!"], "what was kept");
        }
    });
}

#[test]
fn half_a_body_is_not_kept() {
    proctor::watch_async(async {
        for (request, when) in [
            (Request::post("/").disconnect(), "before it sent anything"),
            (Request::post("/").part("cr").disconnect(), "after its first part"),
            (
                Request::post("/").part("cr").part("").wait(SECOND).disconnect(),
                "after an empty part",
            ),
            (
                Request::post("/")
                    .header("content-length", "4")
                    .part("crab")
                    .wait(SECOND)
                    .disconnect(),
                "with all its bytes sent and no end",
            ),
        ] {
            let app = Watched::new(Wood::default(), 100);
            let answer = testing::ask(&app, request).await;
            app.left_nothing(&format!("a client left {when}"));
            if let Err(failure) = &answer.ended {
                assert!(
                    failure.is_expected(),
                    "a client that left {when} was reported as a failure: {failure}\n\
                     Nobody has made a mistake: return Ok, or pass the Disconnected on as it came"
                );
            }
        }
    });
}

#[test]
fn the_answer_waits_until_the_file_is_kept() {
    proctor::watch_async(async {
        let app = Watched::new(Wood { keep_takes: SECOND, ..Wood::default() }, 100);
        let mut call = testing::call(&app, Request::post("/").part("crab"));
        let early = timeout(SECOND / 2, call.event()).await;
        assert!(
            early.is_err(),
            "the file is not kept yet, which takes a second and can fail, and {} was sent",
            early.ok().flatten().map_or("nothing", |event| event.name())
        );
        kept(&call.answer().await, 4, "a body on a shelf that keeps it after a second");
    });
}

#[test]
fn a_shelf_that_fails_is_a_failure() {
    proctor::watch_async(async {
        for (shelf, when) in [
            (Wood { fails_at: Some(0), ..Wood::default() }, "at the first part"),
            (Wood { fails_at: Some(6), ..Wood::default() }, "at the second part"),
            (Wood { fails_to_keep: true, ..Wood::default() }, "when the file was to be kept"),
        ] {
            let app = Watched::new(shelf, 100);
            let answer = testing::ask(&app, Request::post("/").part("lob").part("ster")).await;
            let error = match &answer.ended {
                Err(Failure::Failed(error)) => error.downcast_ref::<io::Error>(),
                _ => None,
            };
            proctor::expect_eq!(
                error.map(io::Error::kind),
                Some(ErrorKind::StorageFull),
                "the error of a call whose shelf is full {when}; the call ended with {:?}",
                answer.ended
            );
            app.left_nothing(&format!("the shelf was full {when}"));
        }
    });
}

#[test]
fn other_calls_are_declined() {
    proctor::watch_async(async {
        let app = Watched::new(Wood::default(), 100);
        match testing::lifespan(&app).startup().await {
            Ok(_) | Err(StartupError::Failed(_)) => {
                panic!("an upload has answered lifespan.startup")
            }
            Err(StartupError::Unsupported(failure)) => {
                let error = match &failure {
                    Failure::Failed(error) => error.downcast_ref::<UnsupportedScope>(),
                    _ => None,
                };
                proctor::expect_eq!(
                    error.map(|error| error.kind),
                    Some("lifespan"),
                    "the kind of call that was declined; the call ended with \"{failure}\", \
                     and what was wanted is the error that `scope.unsupported()` makes"
                );
            }
        }
    });
}
