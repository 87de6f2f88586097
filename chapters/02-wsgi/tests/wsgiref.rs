//! Python's own WSGI beside ours: the validator's rules, one by one, and the same site served by both.
//! Skips, loudly, where there is no python3.

mod common;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use common::{spawn, talk};
use proctor::script::Script;
use wsgi::{Body, Environ, Error, Headers, StartError, StartResponse, TestClock, crab_app};

fn python(script: &str, argument: &str) -> Option<Child> {
    let path = format!("{}/python/{script}", env!("CARGO_MANIFEST_DIR"));
    let child = Command::new("python3").arg(path).arg(argument).stdout(Stdio::piped()).spawn();
    if child.is_err() {
        eprintln!("SKIPPED: python3 is not installed, so {script} was not compared with");
    }
    child.ok()
}

/// What becomes of a rule of wsgiref's here.
enum Ours {
    /// The call that breaks it gets this error.
    Refuses(fn() -> Result<(), StartError>, StartError),
    /// A server with an application that breaks it says this.
    Answers(wsgi_app::Breaks, &'static str),
    /// It cannot be broken: the type leaves no room for it.
    Type(&'static str),
    /// It may be broken here, for a reason.
    Allows(&'static str),
}

mod wsgi_app {
    pub type Breaks = fn(super::Environ, super::StartResponse) -> Result<super::Body, super::Error>;
}

fn start(status: &str, name: &str, value: &str) -> Result<(), StartError> {
    let headers: Headers = [("content-type", "text/plain"), (name, value)].into();
    wsgi::protocol::check_start(status, &headers).map(drop)
}

#[expect(clippy::unnecessary_wraps, reason = "an application returns a result")]
fn never_starts(_: Environ, _: StartResponse) -> Result<Body, Error> {
    Ok("crab".into())
}

fn starts_twice(_: Environ, start_response: StartResponse) -> Result<Body, Error> {
    start_response.call("200 OK", [("content-type", "text/plain")])?;
    start_response.call("200 OK", [("content-type", "text/plain")])?;
    Ok("crab".into())
}

/// Every rule that `python/rules.py` breaks, what Python makes of it, and what becomes of it here.
#[expect(clippy::too_many_lines, reason = "a table")]
fn table() -> Vec<(&'static str, &'static str, Ours)> {
    use Ours::{Allows, Answers, Refuses, Type};
    let status = |text: &str| StartError::Status(text.into());
    vec![
        ("environ is a dict", "refused", Type("Environ is a struct")),
        ("environ has REQUEST_METHOD", "refused", Type("a struct has all its fields")),
        (
            "environ has no HTTP_CONTENT_TYPE",
            "refused",
            Type("headers keep their own names; content_type is a field"),
        ),
        (
            "environ has QUERY_STRING",
            "warned",
            Type("query_string: String, empty if there is none"),
        ),
        ("environ's values are strings", "refused", Type("each field has its type")),
        ("wsgi.version is a tuple", "refused", Type("the version is the crate's")),
        ("wsgi.url_scheme is http or https", "refused", Type("Scheme has two values")),
        (
            "the method is a known one",
            "warned",
            Allows("RFC 9110 keeps the list of methods open; the application decides"),
        ),
        (
            "SCRIPT_NAME begins with a slash",
            "refused",
            Type("the server leaves it empty; only middleware mounts"),
        ),
        ("SCRIPT_NAME is not a slash", "refused", Type("the server leaves it empty")),
        (
            "PATH_INFO begins with a slash",
            "refused",
            Allows("`OPTIONS *` has the path *; all else begins with /, see below"),
        ),
        ("CONTENT_LENGTH is no negative number", "refused", Type("content_length: Option<u64>")),
        ("wsgi.input can be read", "refused", Type("input: Box<dyn Read + Send>")),
        ("wsgi.errors can be written", "refused", Type("errors: Box<dyn Write + Send>")),
        ("the application gets two arguments", "refused", Type("App::call has two")),
        ("start_response gets no keywords", "refused", Type("Rust has none")),
        ("the status is a string", "refused", Type("status: &str")),
        (
            "the status begins with three digits",
            "refused",
            Refuses(|| start("20 OK", "a", "b"), status("20 OK")),
        ),
        (
            "the status has a space and a reason",
            "warned",
            Refuses(|| start("200", "a", "b"), status("200")),
        ),
        (
            "the status is 100 or more",
            "refused",
            Refuses(|| start("099 Low", "a", "b"), status("099 Low")),
        ),
        ("the headers are a list", "refused", Type("headers: Headers")),
        ("a header is a pair of strings", "refused", Type("Headers holds names and values")),
        (
            "no header is called Status",
            "refused",
            Refuses(|| start("200 OK", "Status", "200"), StartError::Name("Status".into())),
        ),
        (
            "no header's name has a colon",
            "refused",
            Refuses(|| start("200 OK", "a:b", "c"), StartError::Name("a:b".into())),
        ),
        (
            "no header's name ends in a dash",
            "refused",
            Allows("it is a token, and RFC 9110 asks for no more"),
        ),
        (
            "no header's value has a control character",
            "refused",
            Refuses(|| start("200 OK", "a", "b\r\nc: d"), StartError::Value("a".into())),
        ),
        ("a body has a Content-Type", "refused", Allows("RFC 9110 says should, not must")),
        (
            "no body has no Content-Type",
            "refused",
            Allows("a 304 may carry what the 200 would have carried"),
        ),
        ("exc_info is a tuple", "refused", Type("StartResponse::replace is a method of its own")),
        ("the application returns an iterable", "refused", Type("App::call returns a Body")),
        (
            "the iterable is not a string",
            "refused",
            Type("Body::from(&str) is one part, not one for each character"),
        ),
        ("the parts are bytes", "refused", Type("a part is a Vec<u8>")),
        (
            "start_response is called before the first part",
            "refused",
            Answers(never_starts, "GET /: start_response was not called before the first part\n"),
        ),
        (
            "the iterable is not read after close",
            "refused",
            Type("a body that was dropped is gone"),
        ),
        ("the iterable is closed", "said", Type("a Body is dropped, whatever happens")),
        (
            "the input is read with a size",
            "refused",
            Allows("input ends where the request's body ends, so reading to the end is safe"),
        ),
        (
            "the input is not closed",
            "refused",
            Type("Read has no close; dropping input early harms nobody"),
        ),
        ("what is written is bytes", "refused", Type("there is no write callable")),
        (
            "no header is about the connection",
            "refused",
            Refuses(
                || start("200 OK", "Connection", "close"),
                StartError::HopByHop("Connection".into()),
            ),
        ),
        (
            "start_response is called once",
            "refused",
            Answers(
                starts_twice,
                "GET /: the response was started already; start_response is called once\n",
            ),
        ),
    ]
}

#[test]
fn every_rule_of_wsgirefs_is_kept_by_a_type_or_by_an_error_or_is_waived_for_a_reason() {
    let mut types = 0;
    let mut waived = 0;
    for (rule, _, ours) in table() {
        match ours {
            Ours::Refuses(breaks, error) => assert_eq!(breaks(), Err(error), "{rule}"),
            Ours::Answers(app, complaint) => {
                let script = Script::new().gives("GET / HTTP/1.1\r\nHost: c\r\n\r\n");
                let (said, complaints) = talk(script, Duration::ZERO, &app);
                assert!(said.starts_with("HTTP/1.1 500 "), "{rule}: {said}");
                assert_eq!(complaints, complaint, "{rule}");
            }
            Ours::Type(why) => {
                assert!(!why.is_empty(), "{rule}");
                types += 1;
            }
            Ours::Allows(why) => {
                assert!(!why.is_empty(), "{rule}");
                waived += 1;
            }
        }
    }
    // The chapter's text names these.
    assert_eq!((table().len(), types, waived), (40, 25, 6));
}

#[test]
fn python_says_of_each_rule_what_the_table_says_it_does() {
    let Some(python) = python("rules.py", "") else {
        return;
    };
    let output = python.wait_with_output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    let said: Vec<(&str, &str)> = said.lines().filter_map(|line| line.split_once('\t')).collect();
    let expected: Vec<(&str, &str)> =
        table().iter().map(|(rule, verdict, _)| (*rule, *verdict)).collect();
    assert_eq!(said, expected);
}

#[test]
fn the_environ_of_any_request_satisfies_the_validator() {
    for target in ["/", "/crabs/coconut?a=b", "http://crabs/x", "http://crabs?x", "/%2e%2e/"] {
        let app = move |environ: Environ, start_response: StartResponse| -> Result<Body, Error> {
            assert!(environ.path_info.starts_with('/'), "{target}: {environ:?}");
            assert_eq!(environ.script_name, "");
            start_response.call("200 OK", [("content-type", "text/plain")])?;
            Ok(Body::empty())
        };
        let script = Script::new().gives(format!("GET {target} HTTP/1.1\r\nHost: crabs\r\n\r\n"));
        assert!(talk(script, Duration::ZERO, &app).0.starts_with("HTTP/1.1 200 OK"));
    }
}

/// Status, the content's type and the content, over a connection of its own.
fn fetch(address: &str, method: &str, target: &str, form: &str) -> (String, String, String) {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    // HTTP/1.0, so that wsgiref and ours both send the body bare and close.
    let request = format!(
        "{method} {target} HTTP/1.0\r\nHost: crabs\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{form}",
        form.len()
    );
    stream.write_all(request.as_bytes()).unwrap();
    let mut response = String::new();
    stream.read_to_string(&mut response).unwrap();
    let (head, body) = response.split_once("\r\n\r\n").unwrap();
    let status = head.lines().next().unwrap().split_once(' ').unwrap().1;
    let content_type =
        head.lines().find_map(|line| line.strip_prefix("content-type: ")).unwrap_or_default();
    (status.into(), content_type.into(), body.into())
}

/// Ends the process when the test ends.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn the_site_in_python_and_the_site_in_rust_are_the_same_site() {
    let Some(mut python) = python("crab_app.py", "0") else {
        return;
    };
    let stdout = python.stdout.take().unwrap();
    let _ended = Ended(python);
    let mut line = String::new();
    BufReader::new(stdout).read_line(&mut line).unwrap();
    let theirs = line.split("http://").nth(1).unwrap().trim_end().trim_end_matches('/').to_owned();

    let requests = [
        ("GET", "/", ""),
        // No HEAD: wsgiref sends its body, unless the application thinks of leaving it out.
        ("GET", "/crabs/spider", ""),
        ("GET", "/crabs/%C3%A9rmit", ""),
        ("GET", "/crab.svg", ""),
        ("GET", "/nowhere", ""),
        ("PUT", "/crabs/spider", ""),
        ("POST", "/guests", "name=P%C3%A9ter+%26+Lili"),
        ("POST", "/guests", "name="),
        ("GET", "/guests", ""),
        ("GET", "/feed?readings=1", ""),
    ];
    let (ours, _) = spawn(requests.len(), crab_app(Arc::new(TestClock::new())));
    for (method, target, form) in requests {
        assert_eq!(
            fetch(&ours.to_string(), method, target, form),
            fetch(&theirs, method, target, form),
            "{method} {target}: on the left ours, on the right Python's"
        );
    }
}
