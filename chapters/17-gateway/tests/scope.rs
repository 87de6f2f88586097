//! The scope: ASGI's keys, and what an application finds in them.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use gateway::testing::Request;
use gateway::{
    Address, App, DynApp, Error, Extension, Extensions, HttpScope, LifespanState, Receive,
    ResponseBody, ResponseStart, Scope, Sender, Shutdown, State, testing,
};
use http::{HeaderValue, Version};
use proctor::{expect_eq, watch_async};
use proptest::prelude::*;

/// The scope that an application is given.
fn scope_of(request: Request) -> HttpScope {
    watch_async(async move {
        let (give, mut take) = tokio::sync::mpsc::unbounded_channel();
        let app = move |scope: Scope, _receive: Receive, send: Sender| {
            let give = give.clone();
            async move {
                let Scope::Http(scope) = scope else { return Err(scope.unsupported().into()) };
                give.send(scope)?;
                send.send(ResponseStart::new(204)).await?;
                Ok::<_, Error>(send.send(ResponseBody::last("")).await?)
            }
        };
        let answer = testing::ask(&app, request).await;
        assert!(answer.complete);
        take.recv().await.unwrap()
    })
}

#[test]
fn http_version_is_1_0_or_1_1_or_2() {
    for (version, text) in
        [(Version::HTTP_10, "1.0"), (Version::HTTP_11, "1.1"), (Version::HTTP_2, "2")]
    {
        let scope = scope_of(Request::get("/").with(|head| head.version = version));
        expect_eq!(scope.http_version(), text, "http_version");
    }
}

#[test]
fn path_is_percent_decoded_and_utf8_decoded_without_query() {
    let scope = scope_of(Request::get("/crabs/f%C3%A9d%c3%a9ric%20c?name=%C3%A9&x"));
    expect_eq!(&*scope.path(), "/crabs/fédéric c", "path");
    expect_eq!(scope.raw_path(), b"/crabs/f%C3%A9d%c3%a9ric%20c", "raw_path");
    expect_eq!(scope.query_string(), b"name=%C3%A9&x", "query_string, still encoded");
    expect_eq!(scope_of(Request::get("/")).query_string(), b"", "query_string without a query");
}

#[test]
fn path_with_invalid_utf8_has_replacement_characters_and_broken_escapes_stay() {
    for (target, path) in [
        ("/%ff%fe", "/\u{fffd}\u{fffd}"),
        ("/%C3", "/\u{fffd}"),
        ("/100%", "/100%"),
        ("/%zz%4", "/%zz%4"),
        ("/%25", "/%"),
        ("/%2541", "/%41"),
        ("/a%2Fb", "/a/b"),
        ("/%00", "/\0"),
    ] {
        expect_eq!(&*scope_of(Request::get(target)).path(), path, "the path of {target}");
    }
}

proptest! {
    #[test]
    fn any_text_survives_percent_encoding(text in "\\PC{0,20}") {
        let encoded: Vec<_> = text.bytes().map(|byte| format!("%{byte:02X}")).collect();
        let request = Request::get(&format!("/{}", encoded.concat()));
        let mut path = None;
        let _ = request.with(|head| path = Some(head.path().into_owned()));
        prop_assert_eq!(path, Some(format!("/{text}")));
    }
}

#[test]
fn headers_have_lower_case_names_and_keep_duplicates_in_order() {
    let request =
        Request::get("/").header("Accept", "a").header("X-Crab", "1").header("aCCept", "b");
    let scope = scope_of(request);
    let accept: Vec<_> = scope.headers.get_all("accept").iter().collect();
    expect_eq!(accept, ["a", "b"], "the values of accept");
    assert!(scope.headers.keys().all(|name| name.as_str() == name.as_str().to_lowercase()));
    expect_eq!(scope.header("x-crab"), Some("1"), "the value of x-crab");
}

#[test]
fn client_and_server_are_an_address_or_a_unix_path() {
    let scope = scope_of(Request::get("/"));
    expect_eq!(scope.client().unwrap().to_string(), "127.0.0.1:50000", "client");
    expect_eq!(scope.server().unwrap().to_string(), "127.0.0.1:80", "server");
    let socket = PathBuf::from("/run/crab.sock");
    let scope = scope_of(Request::get("/").connection(|connection| {
        connection.client = Some(Address::Unix(None));
        connection.server = Some(Address::Unix(Some("/run/crab.sock".into())));
    }));
    expect_eq!(scope.client(), Some(&Address::Unix(None)), "client");
    expect_eq!(scope.server(), Some(&Address::Unix(Some(socket))), "server");
}

#[test]
fn scheme_and_root_path_are_the_connections_and_change_for_one_request_only() {
    let scope = scope_of(Request::get("/shop/crabs"));
    expect_eq!(scope.scheme(), "http", "scheme");
    let mut behind_a_proxy = scope.clone();
    let connection = Arc::make_mut(&mut behind_a_proxy.connection);
    connection.encrypted = true;
    connection.root_path = "/shop".to_owned();
    expect_eq!(behind_a_proxy.scheme(), "https", "scheme behind the proxy");
    expect_eq!(behind_a_proxy.root_path(), "/shop", "root_path");
    expect_eq!((scope.scheme(), scope.root_path()), ("http", ""), "the others are as they were");
}

#[test]
fn state_is_a_shallow_copy_per_request() {
    #[derive(Debug)]
    struct Database(&'static str);
    #[derive(Debug, PartialEq)]
    struct User(&'static str);

    let stored = LifespanState::new();
    stored.insert(Database("crabs"));
    let state = stored.snapshot();
    let (mut one, other) = (state.clone(), state.clone());
    one.insert(User("Judit"));
    expect_eq!(one.get::<User>(), Some(&User("Judit")), "the user in her request");
    expect_eq!(other.get::<User>(), None, "the user in another request");
    let shared = |state: &State| state.get_shared::<Database>().unwrap();
    assert!(Arc::ptr_eq(&shared(&one), &shared(&other)), "the values are shared");
    expect_eq!(one.get::<Database>().unwrap().0, "crabs", "the database");
    assert!(State::new().is_empty() && !state.is_empty());
}

#[test]
fn extensions_are_what_the_server_offers() {
    let extensions = Extensions::NONE.with(Extension::Trailers).with(Extension::PathSend);
    assert!(extensions.offer(Extension::Trailers) && !extensions.offer(Extension::EarlyHint));
    let names: Vec<_> = extensions.iter().map(Extension::name).collect();
    expect_eq!(names, ["http.response.pathsend", "http.response.trailers"], "the names");
    expect_eq!(
        extensions.without(Extension::Trailers),
        Extensions::NONE.with(Extension::PathSend),
        "without trailers"
    );
}

#[test]
fn a_shutdown_is_seen_by_all_and_by_those_who_come_later() {
    watch_async(async {
        let shutdown = Shutdown::new();
        let waiting = tokio::spawn({
            let shutdown = shutdown.clone();
            async move { shutdown.begun().await }
        });
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished() && !shutdown.has_begun());
        shutdown.begin();
        waiting.await.unwrap();
        shutdown.begun().await;
        assert!(shutdown.has_begun());
    });
}

async fn hello(scope: Scope, _receive: Receive, send: Sender) -> Result<(), Error> {
    let Scope::Http(_) = scope else { return Err(scope.unsupported().into()) };
    send.send(ResponseStart::new(200)).await?;
    Ok(send.send(ResponseBody::last("Hello, crabs!")).await?)
}

/// An application with state.
struct Greeter {
    name: String,
}

impl App for Greeter {
    async fn call(&self, _scope: Scope, _receive: Receive, send: Sender) -> Result<(), Error> {
        send.send(ResponseStart::new(200)).await?;
        Ok(send.send(ResponseBody::last(format!("Hello, {}!", self.name))).await?)
    }
}

/// Middleware.
struct Loud<A> {
    app: A,
}

impl<A: App> App for Loud<A> {
    async fn call(&self, scope: Scope, receive: Receive, send: Sender) -> Result<(), Error> {
        let send = send.map(|mut event| {
            if let gateway::SendEvent::HttpResponseBody(part) = &mut event {
                part.body = part.body.to_ascii_uppercase().into();
            }
            event
        });
        self.app.call(scope, receive, send).await
    }
}

#[test]
fn functions_closures_structs_and_middleware_are_applications() {
    async fn text(app: &impl App) -> String {
        testing::ask(app, Request::get("/")).await.text().into_owned()
    }
    watch_async(async {
        let greeting = String::from("Ahoy!");
        let closure = move |_scope: Scope, _receive: Receive, send: Sender| {
            let greeting = greeting.clone();
            async move {
                send.send(ResponseStart::new(200)).await?;
                Ok::<_, Error>(send.send(ResponseBody::last(greeting)).await?)
            }
        };
        expect_eq!(text(&hello).await, "Hello, crabs!", "from a function");
        expect_eq!(text(&closure).await, "Ahoy!", "from a closure");
        let greeter = Greeter { name: "Judit".to_owned() };
        expect_eq!(text(&greeter).await, "Hello, Judit!", "from a struct");
        expect_eq!(text(&Loud { app: greeter }).await, "HELLO, JUDIT!", "through middleware");
        let mut mounted = BTreeMap::new();
        mounted.insert("quiet", DynApp::new(hello));
        mounted.insert("loud", DynApp::new(Loud { app: hello }));
        expect_eq!(text(&mounted["loud"].clone()).await, "HELLO, CRABS!", "through a map");
        expect_eq!(text(&Loud { app: mounted["quiet"].clone() }).await, "HELLO, CRABS!", "both");
    });
}

#[test]
fn an_application_declines_what_it_does_not_speak() {
    watch_async(async {
        let mut socket = testing::websocket(&hello, Request::get("/"));
        let failure = socket.ended().await.unwrap_err();
        expect_eq!(
            failure.to_string(),
            "the application failed: this application does not speak websocket",
            "the failure"
        );
    });
}

#[test]
fn what_a_handler_holds_goes_with_the_request() {
    // A value in the state of one request is dropped with the request, not with the server.
    struct Guard(Arc<()>);
    let alive = Arc::new(());
    let seen = Arc::downgrade(&alive);
    let mut state = State::new();
    state.insert(Guard(alive));
    let held = state.get::<Guard>().map(|guard| Arc::strong_count(&guard.0));
    expect_eq!(held, Some(1), "the owners of the value");
    let scope = scope_of(Request::get("/").state(state));
    drop(scope);
    assert!(seen.upgrade().is_none());
}

#[test]
fn a_header_value_can_be_bytes() {
    let value = HeaderValue::from_bytes(b"\xc3\xa9").unwrap();
    let scope = scope_of(Request::get("/").with(|head| {
        head.headers.insert("x-name", value);
    }));
    expect_eq!(scope.headers["x-name"].as_bytes(), "é".as_bytes(), "the bytes");
    expect_eq!(scope.header("x-name"), None, "as text, which it is not");
}
