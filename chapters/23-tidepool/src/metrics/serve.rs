//! Where Prometheus fetches the figures: a server beside the server, with an application of its own.

use std::net::TcpListener;
use std::sync::Arc;

use gateway::{Error, Receive, ResponseBody, ResponseStart, Scope, Sender};
use http_server::{Config, Connections, Server};
use tokio::task::JoinHandle;

use crate::log;

/// Answers every request with what `figures` returns, until the task is aborted.
///
/// # Panics
///
/// Outside a Tokio runtime.
///
/// # Errors
///
/// What the operating system says about the socket.
pub fn serve(
    listener: TcpListener,
    figures: impl Fn() -> String + Send + Sync + 'static,
) -> std::io::Result<JoinHandle<()>> {
    let listener = tokio::net::TcpListener::from_std(listener)?;
    let figures = Arc::new(figures);
    let app = move |scope: Scope, _: Receive, send: Sender| {
        let figures = Arc::clone(&figures);
        async move {
            let Scope::Http(_) = scope else { return Err::<(), Error>(scope.unsupported().into()) };
            let start = ResponseStart::new(200)
                .header("content-type", "text/plain; version=0.0.4; charset=utf-8");
            send.send(start).await?;
            Ok(send.send(ResponseBody::last(figures())).await?)
        }
    };
    let config = Config { connections: 16, errors: log::errors(), ..Config::default() };
    let server = Server::new(app, config);
    Ok(tokio::spawn(async move {
        let connections = Connections::default();
        server.accept(listener, &connections).await;
    }))
}
