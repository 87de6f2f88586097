//! A server that is killed: what it was about to say, and what it was about to save, is lost.
//!
//! `cargo run -p lifespan --example killed`

#[cfg(not(unix))]
fn main() {
    eprintln!("this program sends Unix signals");
}

#[cfg(unix)]
#[path = "../examples/book/mod.rs"]
mod book;
#[cfg(unix)]
#[path = "../examples/visit/mod.rs"]
mod visit;

#[cfg(unix)]
fn main() -> std::process::ExitCode {
    visit::visit(naive::main, |site| {
        site.until("serving");
        let ada = site.signs("Ada");
        site.until("Ada signs");
        site.signal(visit::Signal::INT);
        ada.hears();
    })
}

#[cfg(unix)]
mod naive {
    use std::future::pending;
    use std::process::ExitCode;
    use std::sync::Arc;

    use gateway::{Error, Receive, Scope, Sender, Shutdown, State};
    use http_server::{Config, Server};
    use tokio::net::TcpListener;

    use crate::book::{GuestBook, sign};

    // ANCHOR: naive
    async fn app(scope: Scope, receive: Receive, send: Sender) -> Result<(), Error> {
        let Scope::Http(scope) = scope else { return Err(scope.unsupported().into()) };
        sign(&scope, receive, &send).await
    }

    #[tokio::main]
    pub async fn main() -> ExitCode {
        let book = Arc::new(GuestBook::open().unwrap());
        let mut state = State::new();
        state.insert_shared(Arc::clone(&book));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        eprintln!("serving http://{}", listener.local_addr().unwrap());
        let server = Server::with_state(app, Config::default(), state, Shutdown::new());
        server.serve_until(listener, pending()).await;
        book.save().unwrap();
        ExitCode::SUCCESS
    }
    // ANCHOR_END: naive
}
