//! crabsarecool.com, version 1: a home page, crabs by name, a guest book, a picture, and the tide, live.
//!
//! Every later chapter serves this site.
//! Its pages are plain on purpose: what is looked at in this book is how they get to the browser.

use std::f64::consts::TAU;
use std::io::Read;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::app::{App, Body, Error, StartResponse};
use crate::clock::Clock;
use crate::environ::{Environ, percent_decode};

/// A crab on show.
struct Crab {
    name: &'static str,
    latin: &'static str,
    why: &'static str,
}

const CRABS: [Crab; 4] = [
    Crab {
        name: "coconut",
        latin: "Birgus latro",
        why: "It climbs trees, opens coconuts, and breathes air.",
    },
    Crab {
        name: "fiddler",
        latin: "Minuca pugnax",
        why: "One claw is as large as the rest of it, and it waves.",
    },
    Crab {
        name: "hermit",
        latin: "Pagurus bernhardus",
        why: "It lives in a borrowed shell and queues for a larger one.",
    },
    Crab {
        name: "spider",
        latin: "Macrocheira kaempferi",
        why: "From claw to claw it measures more than three metres.",
    },
];

/// The picture on the home page.
pub const PICTURE: &str = include_str!("../static/crab.svg");

/// The longest entry that the guest book takes, and how many it shows.
const ENTRY_BYTES: u64 = 1_024;
const ENTRIES: usize = 20;

/// How long the tide takes to come back, in this small pool.
const TIDE: Duration = Duration::from_mins(1);

/// The site.
struct Site {
    clock: Arc<dyn Clock>,
    guests: Mutex<Vec<String>>,
}

// ANCHOR: crab_app
/// The site crabsarecool.com. Its live feed waits on `clock`.
pub fn crab_app(clock: Arc<dyn Clock>) -> impl App + 'static {
    let site = Site { clock, guests: Mutex::new(vec![String::from("Judit")]) };
    move |environ: Environ, start_response: StartResponse| site.answer(environ, &start_response)
}

impl Site {
    fn answer(&self, mut environ: Environ, start_response: &StartResponse) -> Result<Body, Error> {
        let method = environ.request_method.as_str();
        let reading = matches!(method, "GET" | "HEAD");
        let path = environ.path_info.clone();
        match (path.as_str(), method) {
            ("/", _) if reading => page(start_response, "200 OK", "Crabs are cool", &home()),
            ("/guests", _) if reading => self.guest_book(start_response),
            ("/guests", "POST") => self.sign(&mut environ, start_response),
            ("/crab.svg", _) if reading => {
                start_response.call("200 OK", [("content-type", "image/svg+xml")])?;
                Ok(PICTURE.into())
            }
            ("/feed", _) if reading => self.feed(&environ.query_string, start_response),
            ("/" | "/guests" | "/crab.svg" | "/feed", _) => not_allowed(&path, start_response),
            _ => match path.strip_prefix("/crabs/") {
                Some(name) if reading => crab(name, start_response),
                Some(_) => not_allowed(&path, start_response),
                None => no_page(start_response),
            },
        }
    }
    // ANCHOR_END: crab_app

    // ANCHOR: guest_book
    fn guest_book(&self, start_response: &StartResponse) -> Result<Body, Error> {
        let guests = self.guests.lock().unwrap_or_else(PoisonError::into_inner);
        let mut content = String::from("<ul>\n");
        content.extend(guests.iter().map(|guest| format!("<li>{}</li>\n", escape(guest))));
        content.push_str(
            "</ul>\n<form method=\"post\" action=\"/guests\"><label>Your name <input name=\"name\"></label> <button>Sign</button></form>\n",
        );
        page(start_response, "200 OK", "Guest book", &content)
    }
    // ANCHOR_END: guest_book

    // ANCHOR: sign
    fn sign(&self, environ: &mut Environ, start_response: &StartResponse) -> Result<Body, Error> {
        let mut form = String::new();
        let read = environ.input.by_ref().take(ENTRY_BYTES + 1).read_to_string(&mut form)?;
        if read as u64 > ENTRY_BYTES {
            let content = "<p>Shorter, please.</p>\n";
            return page(start_response, "413 Content Too Large", "Too long", content);
        }
        let name = form_field(&form, "name").unwrap_or_default();
        let name = name.trim();
        if name.is_empty() {
            let content = "<p>Please give a name.</p>\n";
            return page(start_response, "400 Bad Request", "No name", content);
        }
        let mut guests = self.guests.lock().unwrap_or_else(PoisonError::into_inner);
        guests.push(name.to_owned());
        if guests.len() > ENTRIES {
            guests.remove(0);
        }
        let headers = [("location", "/guests"), ("content-type", "text/plain; charset=utf-8")];
        start_response.call("303 See Other", headers)?;
        Ok("Thank you.\n".into())
    }
    // ANCHOR_END: sign

    // ANCHOR: feed
    /// The tide, once a second; for ever, or as often as `?readings=5` says.
    fn feed(&self, query: &str, start_response: &StartResponse) -> Result<Body, Error> {
        let readings = form_field(query, "readings").and_then(|number| number.parse().ok());
        let clock = Arc::clone(&self.clock);
        // Told not to guess what this is, a browser shows the first line at once.
        let headers =
            [("content-type", "text/plain; charset=utf-8"), ("x-content-type-options", "nosniff")];
        start_response.call("200 OK", headers)?;
        Ok(Body::new((0..readings.unwrap_or(u64::MAX)).map(move |number| {
            if number > 0 {
                clock.sleep(Duration::from_secs(1));
            }
            Ok(tide(number).into_bytes())
        })))
    }
    // ANCHOR_END: feed
}

/// A reading of the tide, so many seconds after the watcher came, with the end of its line.
pub fn tide(second: u64) -> String {
    let turn = (second % TIDE.as_secs()) as f64 / TIDE.as_secs_f64();
    let metres = 2.0 - 1.5 * (turn * TAU).cos();
    let way = if turn < 0.5 { "rising" } else { "falling" };
    format!("{metres:.2} m, {way}\n")
}

/// What is on the home page.
pub fn home() -> String {
    let mut content = String::from(
        "<img src=\"/crab.svg\" alt=\"A crab, waving\" width=\"120\" height=\"90\">\n<ul>\n",
    );
    let link = |crab: &Crab| format!("<li><a href=\"/crabs/{0}\">{0}</a></li>\n", crab.name);
    content.extend(CRABS.iter().map(link));
    content.push_str(
        "</ul>\n<p><a href=\"/guests\">Guest book</a>, <a href=\"/feed\">the tide, live</a></p>\n",
    );
    content
}

fn crab(name: &str, start_response: &StartResponse) -> Result<Body, Error> {
    let Some(content) = introduce(name) else {
        let content = format!("<p>We have never met the {} crab.</p>\n", escape(name));
        return page(start_response, "404 Not Found", "No such crab", &content);
    };
    page(start_response, "200 OK", &format!("The {name} crab"), &content)
}

/// What is on a crab's page, if it is on show.
pub fn introduce(name: &str) -> Option<String> {
    let crab = CRABS.iter().find(|crab| crab.name == name)?;
    Some(format!("<p><em>{}</em></p>\n<p>{}</p>\n", crab.latin, crab.why))
}

fn no_page(start_response: &StartResponse) -> Result<Body, Error> {
    page(start_response, "404 Not Found", "No such page", "<p>Nothing but sand here.</p>\n")
}

fn not_allowed(path: &str, start_response: &StartResponse) -> Result<Body, Error> {
    let allow = if path == "/guests" { "GET, HEAD, POST" } else { "GET, HEAD" };
    start_response.call(
        "405 Method Not Allowed",
        [("allow", allow), ("content-type", "text/plain; charset=utf-8")],
    )?;
    Ok("This page cannot do that.\n".into())
}

/// A whole page of HTML.
fn page(
    start_response: &StartResponse,
    status: &str,
    title: &str,
    content: &str,
) -> Result<Body, Error> {
    start_response.call(status, [("content-type", "text/html; charset=utf-8")])?;
    Ok(document(title, content).into())
}

/// The bytes of a whole page of HTML.
pub fn document(title: &str, content: &str) -> String {
    format!("<!doctype html>\n<title>{title}</title>\n<h1>{title}</h1>\n{content}")
}

/// A field of a form as browsers send it: `name=Judit+P&town=Budapest`.
pub fn form_field(form: &str, name: &str) -> Option<String> {
    form.split('&').find_map(|pair| {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        (key == name).then(|| percent_decode(&value.replace('+', " ")))?
    })
}

/// Text that comes from somebody, as text in a page.
pub fn escape(text: &str) -> String {
    text.chars().fold(String::new(), |mut escaped, c| {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#x27;"),
            c => escaped.push(c),
        }
        escaped
    })
}
