//! A park that waits for sockets, in its smallest form: one waker for each socket.
//!
//! ```text
//! cargo run -p reactor --example parked
//! ```

use std::cell::RefCell;
use std::collections::HashMap;
use std::future::poll_fn;
use std::io::{self, Write};
use std::net::{TcpListener, TcpStream};
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Poll, Wake, Waker};
use std::time::Duration;

use executor::{Ebb, Park, sleep, spawn};
use polling::{Event, Events, Poller};

// ANCHOR: park
/// Who waits for a socket, by the socket's key.
type Waiting = Rc<RefCell<HashMap<usize, Waker>>>;

struct Sockets {
    poller: Arc<Poller>,
    waiting: Waiting,
    events: Events,
}

impl Park for Sockets {
    fn park(&mut self, timeout: Option<Duration>) {
        self.events.clear();
        self.poller.wait(&mut self.events, timeout).expect("the kernel can wait");
        for event in self.events.iter() {
            let waker = self.waiting.borrow_mut().remove(&event.key);
            if let Some(waker) = waker {
                waker.wake();
            }
        }
    }

    fn interrupt(&self) -> Waker {
        Waker::from(Arc::new(Interrupt(Arc::clone(&self.poller))))
    }
}

/// Ends the poller's wait, the present one or the next.
struct Interrupt(Arc<Poller>);

impl Wake for Interrupt {
    fn wake(self: Arc<Self>) {
        self.0.notify().expect("the poller can be interrupted");
    }
}
// ANCHOR_END: park

// ANCHOR: ready
/// Waits until `stream` is what `interest` asks for.
async fn ready(poller: &Poller, waiting: &Waiting, stream: &TcpStream, interest: Event) {
    let mut asked = false;
    poll_fn(|context| {
        if std::mem::replace(&mut asked, true) {
            return Poll::Ready(());
        }
        waiting.borrow_mut().insert(interest.key, context.waker().clone());
        poller.modify(stream, interest).expect("the socket was added");
        Poll::Pending
    })
    .await;
}
// ANCHOR_END: ready

// ANCHOR: main
const KEY: usize = 7;

fn main() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let mut client = TcpStream::connect(listener.local_addr()?)?;
    let stream = Rc::new(listener.accept()?.0);

    let (poller, waiting) = (Arc::new(Poller::new()?), Waiting::default());
    // SAFETY: The stream is deleted from the poller below, before it is dropped.
    unsafe { poller.add(&*stream, Event::none(KEY))? };
    let sockets = Sockets {
        poller: Arc::clone(&poller),
        waiting: Rc::clone(&waiting),
        events: Events::new(),
    };
    Ebb::with_park(sockets).block_on(async {
        // ANCHOR_END: main
        let waits = |interest| {
            let (poller, waiting) = (Arc::clone(&poller), Rc::clone(&waiting));
            let stream = Rc::clone(&stream);
            async move { ready(&poller, &waiting, &stream, interest).await }
        };
        // ANCHOR: main
        let reader = spawn(waits(Event::readable(KEY)));
        client.write_all(b"good morning\n")?;
        reader.await.expect("the task does not panic");
        println!("the reader was woken");

        // The bytes are still there, and so is the room to write.
        let reader = spawn(waits(Event::readable(KEY)));
        let writer = spawn(waits(Event::writable(KEY)));
        sleep(Duration::from_millis(100)).await;
        for (who, task) in [("reader", reader), ("writer", writer)] {
            println!("the {who} was {}woken", if task.is_finished() { "" } else { "never " });
        }
        Ok::<_, io::Error>(())
    })?;
    poller.delete(&*stream)
}
// ANCHOR_END: main
