//! Breakfast with callbacks: `call_soon`, `call_later` and `add_reader`, as in `python/callbacks.py`.
//!
//! ```text
//! cargo run -p event-loop --example callbacks
//! ```

// ANCHOR: main
use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::rc::Rc;
use std::time::Duration;

use event_loop::EventLoop;

fn main() -> io::Result<()> {
    let mut event_loop = EventLoop::new()?;
    let (door, neighbour) = pair()?;
    let door = Rc::new(door);

    let visitor = Rc::clone(&door);
    event_loop.add_reader(&door, move |event_loop| answer_door(event_loop, &visitor))?;
    event_loop.call_soon(move |event_loop| cook(event_loop, neighbour));
    println!("good morning");
    event_loop.run()
}

fn cook(event_loop: &mut EventLoop, neighbour: TcpStream) {
    println!("kettle on");
    event_loop.call_later(Duration::from_millis(300), |event_loop| {
        println!("coffee is ready");
        event_loop.stop();
    });
    println!("pot on");
    event_loop.call_later(Duration::from_millis(200), |_| println!("oatmeal is ready"));
    event_loop.call_soon(|event_loop| knock(event_loop, neighbour));
}

fn knock(event_loop: &mut EventLoop, neighbour: TcpStream) {
    println!("the neighbour knocks");
    if let Err(error) = (&neighbour).write_all(b"any coffee?") {
        println!("and breaks the door: {error}");
        event_loop.stop();
    }
}

fn answer_door(event_loop: &mut EventLoop, door: &Rc<TcpStream>) {
    let mut words = [0; 64];
    match (&**door).read(&mut words) {
        Ok(0) | Err(_) => event_loop.remove_reader(door).expect("the door is watched"),
        Ok(n) => println!("heard at the door: {}", String::from_utf8_lossy(&words[..n])),
    }
}
// ANCHOR_END: main

/// Two ends of one connection; the first does not wait.
fn pair() -> io::Result<(TcpStream, TcpStream)> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let client = TcpStream::connect(listener.local_addr()?)?;
    let (server, _) = listener.accept()?;
    server.set_nonblocking(true)?;
    Ok((server, client))
}
