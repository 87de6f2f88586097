//! A guest book that is to outlive its server: read from a file, shown, signed, and saved.
//!
//! The file is the one that the environment variable `GUEST_BOOK` names.

use std::env;
use std::fs;
use std::io;
use std::sync::Mutex;
use std::time::Duration;

use gateway::{Error, HttpScope, Receive, ResponseBody, ResponseStart, Sender};
use tokio::time::sleep;

/// The names of the guests.
pub struct GuestBook {
    names: Mutex<Vec<String>>,
}

// ANCHOR: book
impl GuestBook {
    pub fn open() -> io::Result<Self> {
        let text = fs::read_to_string(file()?)?;
        let names: Vec<_> = text.lines().map(str::to_owned).collect();
        eprintln!("the book is open: {}", names.join(", "));
        Ok(Self { names: Mutex::new(names) })
    }

    pub fn save(&self) -> io::Result<()> {
        let names = self.names.lock().unwrap();
        fs::write(file()?, names.join("\n") + "\n")?;
        eprintln!("the book is saved: {}", names.join(", "));
        Ok(())
    }
}
// ANCHOR_END: book

fn file() -> io::Result<std::ffi::OsString> {
    env::var_os("GUEST_BOOK").ok_or_else(|| io::Error::other("GUEST_BOOK names no file"))
}

// ANCHOR: sign
/// Adds the name that comes as the request's body. The ink takes a moment to dry.
pub async fn sign(scope: &HttpScope, mut receive: Receive, send: &Sender) -> Result<(), Error> {
    let book = scope.state.get_shared::<GuestBook>().ok_or("there is no guest book")?;
    let name = String::from_utf8(receive.body(1_024).await?.to_vec())?;
    eprintln!("{name} signs");
    sleep(Duration::from_millis(300)).await;
    book.names.lock().unwrap().push(name);
    send.send(ResponseStart::new(200)).await?;
    Ok(send.send(ResponseBody::last("Thank you.\n")).await?)
}
// ANCHOR_END: sign
