//! What an application is: a function, a closure, a struct, and an application with another one in it.
//!
//! `cargo run -p gateway --example kinds_of_app`

use gateway::testing::{self, Request};
use gateway::{App, DynApp, Error, Receive, ResponseBody, ResponseStart, Scope, SendEvent, Sender};

// ANCHOR: kinds
async fn hello(_scope: Scope, _receive: Receive, send: Sender) -> Result<(), Error> {
    send.send(ResponseStart::new(200).header("content-type", "text/plain")).await?;
    send.send(ResponseBody::last("hello, crabs\n")).await?;
    Ok(())
}

struct Greeter {
    greeting: String,
}

impl App for Greeter {
    async fn call(&self, _scope: Scope, _receive: Receive, send: Sender) -> Result<(), Error> {
        send.send(ResponseStart::new(200).header("content-type", "text/plain")).await?;
        send.send(ResponseBody::part(self.greeting.clone())).await?;
        send.send(ResponseBody::last(", crabs\n")).await?;
        Ok(())
    }
}
// ANCHOR_END: kinds

// ANCHOR: shouting
struct Shouting<A> {
    app: A,
}

impl<A: App> App for Shouting<A> {
    async fn call(&self, scope: Scope, receive: Receive, send: Sender) -> Result<(), Error> {
        let send = send.map(|event| match event {
            SendEvent::HttpResponseBody(part) => {
                ResponseBody { body: part.body.to_ascii_uppercase().into(), ..part }.into()
            }
            other => other,
        });
        self.app.call(scope, receive, send).await
    }
}
// ANCHOR_END: shouting

// ANCHOR: main
#[tokio::main(flavor = "current_thread")]
async fn main() {
    let greeting = "moin";
    let closure = move |_: Scope, _: Receive, send: Sender| async move {
        send.send(ResponseStart::new(200).header("content-type", "text/plain")).await?;
        send.send(ResponseBody::last(format!("{greeting}, crabs\n"))).await?;
        Ok(())
    };
    let greeter = || Greeter { greeting: "ahoy".to_owned() };
    let apps = [
        ("a function", DynApp::new(hello)),
        ("a closure", DynApp::new(closure)),
        ("a struct", DynApp::new(greeter())),
        ("one in another", DynApp::new(Shouting { app: greeter() })),
        ("twice", DynApp::new(Shouting { app: Shouting { app: hello } })),
    ];
    for (kind, app) in &apps {
        let answer = testing::ask(app, Request::get("/")).await;
        print!("{kind:<15} parts: {}   {}", answer.sent.len() - 1, answer.text());
    }
}
// ANCHOR_END: main
