//! The guest book, opened when the server starts and saved when it ends: by the application, which is told of both.
//!
//! `cargo run -p lifespan --example saved`

#[cfg(not(unix))]
fn main() {
    eprintln!("this program sends Unix signals");
}

#[cfg(unix)]
mod book;
#[cfg(unix)]
mod visit;

#[cfg(unix)]
fn main() -> std::process::ExitCode {
    visit::visit(site::main, |site| {
        site.until("serving");
        let ada = site.signs("Ada");
        site.until("Ada signs");
        site.signal(visit::Signal::TERM);
        ada.hears();
    })
}

#[cfg(unix)]
mod site {
    use std::process::ExitCode;
    use std::sync::Arc;

    use gateway::{Error, LifespanScope, Receive, Scope, SendEvent, Sender};

    use crate::book::{GuestBook, sign};

    // ANCHOR: app
    async fn app(scope: Scope, receive: Receive, send: Sender) -> Result<(), Error> {
        match scope {
            Scope::Http(scope) => sign(&scope, receive, &send).await,
            Scope::Lifespan(scope) => open_and_save(&scope, receive, &send).await,
            Scope::WebSocket(_) => Err(scope.unsupported().into()),
        }
    }

    async fn open_and_save(
        scope: &LifespanScope,
        mut receive: Receive,
        send: &Sender,
    ) -> Result<(), Error> {
        receive.next().await; // lifespan.startup
        let book = match GuestBook::open() {
            Ok(book) => Arc::new(book),
            Err(error) => {
                let why = format!("the guest book cannot be read: {error}");
                return Ok(send.send(SendEvent::LifespanStartupFailed(why)).await?);
            }
        };
        scope.state.insert_shared(Arc::clone(&book));
        send.send(SendEvent::LifespanStartupComplete).await?;

        receive.next().await; // lifespan.shutdown
        Ok(send
            .send(match book.save() {
                Ok(()) => SendEvent::LifespanShutdownComplete,
                Err(error) => SendEvent::LifespanShutdownFailed(error.to_string()),
            })
            .await?)
    }

    pub fn main() -> ExitCode {
        lifespan::run("127.0.0.1:0", app)
    }
    // ANCHOR_END: app
}
