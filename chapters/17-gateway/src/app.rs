//! What an application is: an async callable of scope, receive and send.

use std::any::Any;
use std::fmt;
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use crate::error::Error;
use crate::exchange::{Receive, Sender};
use crate::scope::Scope;

// ANCHOR: app
/// An application. It is called once for each request, each WebSocket, and once for the life of the process.
///
/// Every `async fn(Scope, Receive, Sender) -> Result<(), Error>` is one, and every closure of that shape;
/// so is a struct that implements this, and middleware is such a struct with an application in it.
///
/// All calls share one application: its state is behind `&self`, and it is `Send` and `Sync`, as calls run on any thread.
/// A call's future is `Send`, and is not boxed: the compiler knows its type all the way up to the server.
/// Where that is not wanted (applications of different types in one map), there is [`DynApp`].
///
/// ```
/// use gateway::{App, Error, Receive, ResponseBody, ResponseStart, Scope, Sender};
///
/// async fn hello(scope: Scope, _receive: Receive, send: Sender) -> Result<(), Error> {
///     let Scope::Http(_) = scope else { return Err(scope.unsupported().into()) };
///     send.send(ResponseStart::new(200).header("content-type", "text/plain")).await?;
///     send.send(ResponseBody::last("Hello, crabs!\n")).await?;
///     Ok(())
/// }
///
/// struct Greeter { name: String }
///
/// impl App for Greeter {
///     async fn call(&self, scope: Scope, _receive: Receive, send: Sender) -> Result<(), Error> {
///         let Scope::Http(_) = scope else { return Err(scope.unsupported().into()) };
///         send.send(ResponseStart::new(200)).await?;
///         send.send(ResponseBody::last(format!("Hello, {}!\n", self.name))).await?;
///         Ok(())
///     }
/// }
///
/// # fn serve(_: impl App) {}
/// serve(hello);
/// serve(Greeter { name: "Judit".to_owned() });
/// ```
// ANCHOR: trait
pub trait App: Send + Sync {
    /// Answers one call.
    ///
    /// The server drops the future when it gives up on the application: at a deadline, or when it goes down.
    /// When the client goes away it does not; it says so, by `receive` and by `send`.
    ///
    /// # Errors
    ///
    /// Whatever goes wrong. The server reports it, unless it [is](crate::is_disconnected) that the client left, and answers 500 if it still can.
    fn call(
        &self,
        scope: Scope,
        receive: Receive,
        send: Sender,
    ) -> impl Future<Output = Result<(), Error>> + Send;
}

impl<F, C> App for F
where
    F: Fn(Scope, Receive, Sender) -> C + Send + Sync,
    C: Future<Output = Result<(), Error>> + Send,
{
    fn call(
        &self,
        scope: Scope,
        receive: Receive,
        send: Sender,
    ) -> impl Future<Output = Result<(), Error>> + Send {
        self(scope, receive, send)
    }
}
// ANCHOR_END: trait
// ANCHOR_END: app

/// An application whose type is forgotten. A clone is the same application.
///
/// Each call costs one allocation more, for its future.
///
/// ```
/// # use gateway::{App, DynApp, Error, Receive, Scope, Sender};
/// # async fn pages(_: Scope, _: Receive, _: Sender) -> Result<(), Error> { Ok(()) }
/// # async fn feed(_: Scope, _: Receive, _: Sender) -> Result<(), Error> { Ok(()) }
/// let mounted = [("/feed", DynApp::new(feed)), ("/", DynApp::new(pages))];
/// let site = move |scope: Scope, receive: Receive, send: Sender| {
///     let path = match &scope {
///         Scope::Http(scope) => scope.path().into_owned(),
///         _ => "/".to_owned(),
///     };
///     let app = mounted.iter().find(|(prefix, _)| path.starts_with(prefix)).map(|(_, app)| app.clone());
///     async move { app.expect("every path begins with a slash").call(scope, receive, send).await }
/// };
/// # fn serve(_: impl App) {}
/// serve(site);
/// ```
#[derive(Clone)]
pub struct DynApp {
    app: Arc<dyn Boxed>,
}

impl DynApp {
    /// Forgets an application's type.
    pub fn new(app: impl App + 'static) -> Self {
        Self { app: Arc::new(app) }
    }
}

impl App for DynApp {
    fn call(
        &self,
        scope: Scope,
        receive: Receive,
        send: Sender,
    ) -> impl Future<Output = Result<(), Error>> + Send {
        self.app.call_boxed(scope, receive, send)
    }
}

impl fmt::Debug for DynApp {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("DynApp")
    }
}

pub(crate) type BoxedCall<'a> = Pin<Box<dyn Future<Output = Result<(), Error>> + Send + 'a>>;

/// [`App`] for trait objects.
trait Boxed: Send + Sync {
    fn call_boxed(&self, scope: Scope, receive: Receive, send: Sender) -> BoxedCall<'_>;
}

impl<A: App> Boxed for A {
    fn call_boxed(&self, scope: Scope, receive: Receive, send: Sender) -> BoxedCall<'_> {
        Box::pin(self.call(scope, receive, send))
    }
}

/// A call panicked. [`Rules::finish`](crate::rules::Rules::finish) makes it a [`Failure`](crate::Failure).
#[derive(Debug, thiserror::Error)]
#[error("the application panicked: {message}")]
pub struct Panicked {
    /// What the panic said.
    pub message: String,
}

impl Panicked {
    /// From what a panic leaves behind.
    pub fn new(payload: &(dyn Any + Send)) -> Self {
        let message = payload
            .downcast_ref::<String>()
            .map(String::as_str)
            .or_else(|| payload.downcast_ref::<&str>().copied())
            .unwrap_or("and did not say why");
        Self { message: message.to_owned() }
    }
}

/// Polls a call for a protocol server: a panic becomes the error [`Panicked`], so that it ends this call and nothing else.
///
/// After a panic the future must not be polled again; it can only be dropped.
pub fn poll_call<C>(call: Pin<&mut C>, cx: &mut Context<'_>) -> Poll<Result<(), Error>>
where
    C: Future<Output = Result<(), Error>> + ?Sized,
{
    // Nothing is looked at afterwards but the future, and that is dropped.
    match catch_unwind(AssertUnwindSafe(|| call.poll(cx))) {
        Ok(polled) => polled,
        Err(payload) => {
            let panicked = Panicked::new(&*payload);
            // What the panic carries may panic as well, when it is dropped; what that carries is left alone.
            if let Err(another) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
                mem::forget(another);
            }
            Poll::Ready(Err(panicked.into()))
        }
    }
}
