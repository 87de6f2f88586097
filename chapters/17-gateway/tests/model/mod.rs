//! The rules a second time, as languages: what was accepted so far must be the beginning of a word.
//!
//! The property tests and the fuzz target compare the state machine with this, event by event.

use std::env::current_exe;
use std::fs::File;
use std::sync::{Arc, OnceLock};

use gateway::rules::{HttpRules, LifespanRules, WebSocketRules};
use gateway::{
    Accept, Close, Extension, Extensions, Message, ReceiveEvent, ResponseBody, ResponseStart,
    ResponseTrailers, Rules, SendError, SendEvent, Verdict, ZeroCopySend,
};
use http::Method;

/// The languages. A word is what was accepted, a letter an event.
struct Language {
    /// Whether a word could become a whole one.
    begins: fn(&str) -> bool,
    /// Whether nothing more can be said.
    ends: fn(&str) -> bool,
}

/// Hints `h`, a start `s` or one with trailers `S`, then a file `p` or parts `b` and a last one `l`, then trailers `t` and the last of them `T`.
fn response(word: &str) -> Option<&str> {
    let rest = word.trim_start_matches('h');
    let Some(start) = rest.chars().next() else { return Some("h") };
    let rest = rest.strip_prefix(['s', 'S'])?;
    let rest = match rest.strip_prefix('p') {
        Some(rest) => rest,
        None => match rest.trim_start_matches('b') {
            "" => return Some("b"),
            rest => rest.strip_prefix('l')?,
        },
    };
    match (start, rest.trim_start_matches('t')) {
        ('s', "") if rest.is_empty() => Some(""),
        ('S', "") => Some("t"),
        ('S', "T") => Some(""),
        _ => None,
    }
}

/// Refused `c`; or accepted `a`, messages `m`, closed `c`; or denied by a start `d`, parts `e` and a last one `f`.
fn websocket(word: &str) -> Option<&str> {
    match word.chars().next() {
        None => Some("a"),
        Some('c') if word == "c" => Some(""),
        Some('a') => match word[1..].trim_start_matches('m') {
            "" => Some("m"),
            "c" => Some(""),
            _ => None,
        },
        Some('d') => match word[1..].trim_start_matches('e') {
            "" => Some("e"),
            "f" => Some(""),
            _ => None,
        },
        _ => None,
    }
}

/// Told of the start `1`, ready `r` or failed `F`; told of the end `2`, answered `A`.
fn lifespan(word: &str) -> Option<&str> {
    match word {
        "" | "1" | "1r" | "1r2" => Some("?"),
        "1F" | "1r2A" => Some(""),
        _ => None,
    }
}

/// Compares the rules with the model. Bytes say what happens.
pub fn check(kind: u8, offered: u8, steps: &[u8]) {
    let extensions = Extension::ALL
        .into_iter()
        .filter(|&extension| offered & 1 << extension as u8 != 0)
        .fold(Extensions::NONE, Extensions::with);
    let head = kind & 0x80 != 0;
    let method = if head { Method::HEAD } else { Method::GET };
    let (mut rules, language) = match kind % 3 {
        0 => (
            Rules::Http(HttpRules::new(&method, extensions)),
            Language {
                begins: |word| response(word).is_some(),
                ends: |word| response(word) == Some(""),
            },
        ),
        1 => (
            Rules::WebSocket(WebSocketRules::new(extensions)),
            Language {
                begins: |word| websocket(word).is_some(),
                ends: |word| websocket(word) == Some(""),
            },
        ),
        _ => (
            Rules::Lifespan(LifespanRules::new()),
            Language {
                begins: |word| lifespan(word).is_some(),
                ends: |word| lifespan(word) == Some(""),
            },
        ),
    };
    let mut word = String::new();
    let mut gone = false;
    let mut length = Length { left: None, bodiless: head };
    for &step in steps {
        let Some((event, letter)) = event(step) else {
            // Something happens that the application does not do.
            match (step % 4, kind % 3) {
                (0, 2) => told(&mut rules, &mut word, '1', &ReceiveEvent::LifespanStartup),
                (1, 2) => told(&mut rules, &mut word, '2', &ReceiveEvent::LifespanShutdown),
                (2, 1) => {
                    rules.receive(&ReceiveEvent::WebSocketDisconnect(Close::new(1001)));
                    gone = true;
                }
                (3, _) => {
                    rules.gone();
                    gone = true;
                }
                _ => rules.receive(&ReceiveEvent::HttpDisconnect),
            }
            continue;
        };
        let before = rules.clone();
        let said = rules.send(&event);
        if gone {
            assert!(matches!(said, Err(SendError::Disconnected(_))), "{word} {event:?}: {said:?}");
            assert_eq!(rules, before, "{word} {event:?}");
            continue;
        }
        if (language.ends)(&word) {
            assert_eq!(said, Ok(Verdict::Ignore), "{word} {event:?}");
            assert_eq!(rules, before, "{word} {event:?}");
            continue;
        }
        let longer = format!("{word}{}", letter.unwrap_or('!'));
        let right = (language.begins)(&longer)
            && offers(extensions, &event)
            && length.clone().allows(&event);
        if right {
            assert_eq!(said, Ok(Verdict::Pass), "{word} {event:?}");
            length.allows(&event);
            word = longer;
        } else {
            assert!(matches!(said, Err(SendError::Violation(_))), "{word} {event:?}: {said:?}");
            assert_eq!(rules, before, "what is refused changes nothing: {word} {event:?}");
        }
    }
    let ended = (language.ends)(&word);
    assert_eq!(rules.is_complete(), ended, "{word}");
    let well = gone
        || ended
        || match kind % 3 {
            0 => false,
            1 => word.starts_with('a'),
            _ => word == "1r",
        };
    assert_eq!(rules.finish(Ok(())).is_ok(), well, "{word}");
}

fn told(rules: &mut Rules, word: &mut String, letter: char, event: &ReceiveEvent) {
    rules.receive(event);
    let longer = format!("{word}{letter}");
    if lifespan(&longer).is_some() {
        *word = longer;
    }
}

/// What is left of a content-length.
#[derive(Clone)]
struct Length {
    left: Option<u64>,
    bodiless: bool,
}

impl Length {
    fn allows(&mut self, event: &SendEvent) -> bool {
        let (bytes, more) = match event {
            SendEvent::HttpResponseStart(start) => {
                let length = start.headers.get("content-length");
                let length = length.and_then(|length| length.to_str().ok()?.parse().ok());
                self.left = length.filter(|_| !self.bodiless && start.status != 304);
                return true;
            }
            SendEvent::HttpResponseBody(part) => (Some(part.body.len() as u64), part.more_body),
            SendEvent::HttpResponseZeroCopySend(part) => (part.count, part.more_body),
            SendEvent::HttpResponsePathSend(_) => (None, false),
            _ => return true,
        };
        let (Some(left), Some(bytes)) = (self.left, bytes) else {
            self.left = None;
            return true;
        };
        let Some(after) = left.checked_sub(bytes) else { return false };
        self.left = Some(after);
        more || after == 0
    }
}

fn offers(extensions: Extensions, event: &SendEvent) -> bool {
    let needed = match event {
        SendEvent::HttpResponseStart(start) if start.trailers => Extension::Trailers,
        SendEvent::HttpResponsePathSend(_) => Extension::PathSend,
        SendEvent::HttpResponseZeroCopySend(_) => Extension::ZeroCopySend,
        SendEvent::HttpResponseEarlyHint(_) => Extension::EarlyHint,
        SendEvent::WebSocketResponseStart(_) => Extension::WebSocketResponse,
        _ => return true,
    };
    extensions.offer(needed)
}

/// An event and its letter; none for what can never be sent. Nothing, where a byte stands for something else.
fn event(step: u8) -> Option<(SendEvent, Option<char>)> {
    let start = ResponseStart::new;
    let event: (SendEvent, _) = match step % 36 {
        0 => (start(200).into(), Some('s')),
        1 => (start(200).with_trailers().into(), Some('S')),
        2 => (start(200).header("content-length", "6").into(), Some('s')),
        3 => (start(204).into(), Some('s')),
        4 => (start(304).header("content-length", "6").into(), Some('s')),
        5 => (start(200).header("location", "/\r\nset-cookie: a=b").into(), None),
        6 => (start(200).header("con tent", "x").into(), None),
        7 => (start(103).into(), None),
        8 => (start(1_000).into(), None),
        9 => (start(204).header("content-length", "0").into(), None),
        10 => (start(200).header("content-length", "+6").into(), None),
        11 => {
            let twice = start(200).header("content-length", "6").header("content-length", "6");
            (twice.into(), None)
        }
        12 => (ResponseBody::part("crab").into(), Some('b')),
        13 => (ResponseBody::part("").into(), Some('b')),
        14 => (ResponseBody::last("ab").into(), Some('l')),
        15 => (ResponseBody::last("").into(), Some('l')),
        16 => (SendEvent::HttpResponsePathSend("/crab.svg".into()), Some('p')),
        17 => (file(Some(2), true).into(), Some('b')),
        18 => (file(Some(2), false).into(), Some('l')),
        19 => (file(None, true).into(), Some('b')),
        20 => {
            let more = ResponseTrailers { more_trailers: true, ..ResponseTrailers::default() };
            (more.into(), Some('t'))
        }
        21 => (ResponseTrailers::default().into(), Some('T')),
        22 => (SendEvent::HttpResponseEarlyHint(Vec::new()), Some('h')),
        23 => {
            let headers = http::HeaderMap::new();
            (SendEvent::HttpResponsePush { path: "/".to_owned(), headers }, None)
        }
        24 => (Accept::new().into(), Some('a')),
        25 => (Message::from("crab").into(), Some('m')),
        26 => (Close::default().into(), Some('c')),
        27 => (Close::new(1006).into(), None),
        28 => (Close::because(1000, "x".repeat(124)).into(), None),
        29 => (SendEvent::WebSocketResponseStart(start(403)), Some('d')),
        30 => (SendEvent::WebSocketResponseBody(ResponseBody::part("")), Some('e')),
        31 => (SendEvent::WebSocketResponseBody(ResponseBody::last("")), Some('f')),
        32 => (SendEvent::LifespanStartupComplete, Some('r')),
        33 => (SendEvent::LifespanStartupFailed("low tide".to_owned()), Some('F')),
        34 => (SendEvent::LifespanShutdownComplete, Some('A')),
        _ => return None,
    };
    Some(event)
}

fn file(count: Option<u64>, more_body: bool) -> ZeroCopySend {
    static FILE: OnceLock<Arc<File>> = OnceLock::new();
    let file = FILE.get_or_init(|| {
        let program = current_exe().expect("a running program has a file");
        Arc::new(File::open(program).expect("its file can be opened"))
    });
    ZeroCopySend { file: Arc::clone(file), offset: None, count, more_body }
}
