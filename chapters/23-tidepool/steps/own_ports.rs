//! Two workers and one port, in two ways: each binds the port for itself, or both have the same socket. One of them ends.
//!
//! `cargo run -p tidepool --example own_ports`: the first way loses about half of the clients that were connected.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};

use socket2::{Domain, Socket, Type};

const CLIENTS: usize = 100;

// ANCHOR: own
fn bind_for_itself(port: u16) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    // Several sockets may have this port. The kernel shares connections out among them.
    socket.set_reuse_port(true)?;
    socket.bind(&SocketAddr::from(([127, 0, 0, 1], port)).into())?;
    socket.listen(1024)?;
    Ok(socket.into())
}
// ANCHOR_END: own

fn main() -> io::Result<()> {
    // ANCHOR: main
    let old = bind_for_itself(0)?;
    let port = old.local_addr()?.port();
    let successor = bind_for_itself(port)?;
    tell("each binds the port", old, &successor)?;

    let old = TcpListener::bind("127.0.0.1:0")?;
    let successor = old.try_clone()?;
    tell("both have one socket", old, &successor)
    // ANCHOR_END: main
}

// ANCHOR: tell
fn tell(how: &str, old: TcpListener, successor: &TcpListener) -> io::Result<()> {
    let address = successor.local_addr()?;
    let clients = (0..CLIENTS).map(|_| TcpStream::connect(address));
    let clients: Vec<_> = clients.collect::<io::Result<_>>()?;
    drop(old);
    successor.set_nonblocking(true)?;
    while let Ok((mut stream, _)) = successor.accept() {
        stream.write_all(b"crab")?;
    }
    let answered = clients.iter().filter(|client| is_answered(client)).count();
    println!("{how}: {CLIENTS} connected, {answered} answered, {} lost", CLIENTS - answered);
    Ok(())
}
// ANCHOR_END: tell

fn is_answered(mut client: &TcpStream) -> bool {
    let mut heard = Vec::new();
    // A reset is an error, and no answer.
    client.read_to_end(&mut heard).is_ok() && heard == b"crab"
}
