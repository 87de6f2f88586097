//! A server that catches Ctrl-C: it ends well by that, and by nothing else; and its `main` has to know the guest book.
//!
//! `cargo run -p lifespan --example caught`

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
    use visit::Signal;
    if std::env::args().nth(1).is_some_and(|signal| signal == "TERM") {
        return visit::visit(caught::main, |site| play(site, Signal::TERM));
    }
    visit::visit(caught::main, |site| play(site, Signal::INT))
}

#[cfg(unix)]
fn play(site: &mut visit::Visit, signal: visit::Signal) {
    site.until("serving");
    let ada = site.signs("Ada");
    site.until("Ada signs");
    site.signal(signal);
    ada.hears();
}

#[cfg(unix)]
mod caught {
    use std::process::ExitCode;
    use std::sync::Arc;

    use gateway::{Error, Receive, Scope, Sender, Shutdown, State};
    use http_server::{Config, Server};
    use tokio::net::TcpListener;

    use crate::book::{GuestBook, sign};

    // ANCHOR: caught
    async fn app(scope: Scope, receive: Receive, send: Sender) -> Result<(), Error> {
        let Scope::Http(scope) = scope else { return Err(scope.unsupported().into()) };
        sign(&scope, receive, &send).await
    }

    async fn ctrl_c() {
        tokio::signal::ctrl_c().await.unwrap();
    }

    #[tokio::main]
    pub async fn main() -> ExitCode {
        let book = Arc::new(GuestBook::open().unwrap());
        let mut state = State::new();
        state.insert_shared(Arc::clone(&book));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        eprintln!("serving http://{}", listener.local_addr().unwrap());
        let server = Server::with_state(app, Config::default(), state, Shutdown::new());
        server.serve_until(listener, ctrl_c()).await;
        book.save().unwrap();
        ExitCode::SUCCESS
    }
    // ANCHOR_END: caught
}
