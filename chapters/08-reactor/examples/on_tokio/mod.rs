//! The same site by way of hyper on Tokio's current-thread runtime, for the examples that compare.

use std::io;
use std::net;
use std::rc::Rc;
use std::time::Duration;

use event_loop::Service;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use reactor::hyper::wsgi::{Site, is_nobodys_fault};
use tokio::net::TcpListener;
use tokio::task::{LocalSet, spawn_local};

// ANCHOR: serve
/// Serves `service` to whoever connects, each in a task of their own, for ever.
pub fn serve(listener: net::TcpListener, service: &Rc<Service>) -> io::Result<()> {
    listener.set_nonblocking(true)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    LocalSet::new().block_on(&runtime, async {
        let listener = TcpListener::from_std(listener)?;
        let here = listener.local_addr()?;
        loop {
            let Ok((stream, client)) = listener.accept().await else {
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            };
            let service = Rc::clone(service);
            let head = service.config().head;
            let site = Site::new(Rc::clone(&service), here, client, TokioTimer::new());
            spawn_local(async move {
                let served = http1::Builder::new()
                    .timer(TokioTimer::new())
                    .header_read_timeout(head)
                    .serve_connection(TokioIo::new(stream), site)
                    .await;
                if let Err(error) = served
                    && !is_nobodys_fault(&error)
                {
                    service.config().errors.report(&format!("{client}: {error}"));
                }
            });
        }
    })
}
// ANCHOR_END: serve
