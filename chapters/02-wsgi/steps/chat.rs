//! A chat as a WSGI application, and why it is none.
//!
//! ```text
//! cargo run -p wsgi --example chat
//! ```

use std::collections::BTreeMap;
use std::io::{self, BufRead, BufReader, Read};
use std::sync::{Arc, Mutex};

use wsgi::testing::Exchange;
use wsgi::{App, Body, Environ, Error, StartResponse};

/// What was said to each visitor, and has not reached them.
type Mailboxes = Arc<Mutex<BTreeMap<String, Vec<String>>>>;

// ANCHOR: chat
fn chat_app(mailboxes: Mailboxes) -> impl App {
    move |environ: Environ, start_response: StartResponse| -> Result<Body, Error> {
        start_response.call("200 OK", [("content-type", "text/plain")])?;
        let name = environ.query_string;
        mailboxes.lock().unwrap().insert(name.clone(), Vec::new());
        let mailboxes = Arc::clone(&mailboxes);
        let mut lines = BufReader::new(environ.input).lines();
        Ok(Body::new(std::iter::from_fn(move || {
            let said = lines.next()?.unwrap_or_default(); // waits for this visitor to speak
            let mut mailboxes = mailboxes.lock().unwrap();
            for (other, mailbox) in mailboxes.iter_mut().filter(|(other, _)| **other != name) {
                println!("  for {other}: {name} says {said}");
                mailbox.push(format!("{name}: {said}\n"));
            }
            let heard = mailboxes.get_mut(&name).map(std::mem::take);
            Some(Ok(heard.unwrap_or_default().concat().into_bytes()))
        })))
    }
}
// ANCHOR_END: chat

// ANCHOR: main
fn main() -> Result<(), Error> {
    let app = chat_app(Mailboxes::default());
    let mut ada = enter(&app, "Ada", &["hello?", "is anybody there?"]);
    let mut ben = enter(&app, "Ben", &["sorry, I was away"]);

    hear("Ada", &mut ada)?;
    hear("Ada", &mut ada)?;
    println!("(an hour passes; Ben is looking at an empty page)");
    hear("Ben", &mut ben)
}
// ANCHOR_END: main

/// A visitor who enters, and will say these lines when the server reads them.
fn enter(app: &dyn App, name: &'static str, lines: &'static [&'static str]) -> Exchange {
    let mut environ = Environ::testing("POST", &format!("/chat?{name}"));
    environ.input = Box::new(Says { name, lines });
    Exchange::begin(app, environ)
}

/// Asks the application for the visitor's next part, as the server does.
fn hear(name: &str, exchange: &mut Exchange) -> Result<(), Error> {
    println!("server asks for {name}'s next part");
    let part = exchange.part()?.unwrap_or_default();
    let part = String::from_utf8_lossy(&part).trim_end().replace('\n', " / ");
    println!("{name} hears {}", if part.is_empty() { "nothing" } else { &part });
    Ok(())
}

/// A visitor's side of the connection: a read waits until the visitor has said a line.
struct Says {
    name: &'static str,
    lines: &'static [&'static str],
}

impl Read for Says {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let Some((line, rest)) = self.lines.split_first() else {
            return Ok(0);
        };
        self.lines = rest;
        println!("  the application waits for {} to say something", self.name);
        let bytes = format!("{line}\n");
        buffer[..bytes.len()].copy_from_slice(bytes.as_bytes());
        Ok(bytes.len())
    }
}
