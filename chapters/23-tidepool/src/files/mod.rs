//! Files of a folder, under a path: `--static-dir /static=public`.
//!
//! `path` says which file a path means, and finds it without ever leaving the folder. `range` and `condition` are pure:
//! which bytes were asked for, and whether the client has them already. This module puts a response together.
//!
//! A file is opened once, and what is sent is what was opened, by `http.response.zerocopysend`: between the look at a path and the sending
//! by that path (`http.response.pathsend`) somebody could put another file there. Where a server does not offer it, the file is read in parts.
//!
//! It leaves out lists of folders, compression, and caching rules.

mod condition;
mod path;
mod range;

use std::fs::{File, Metadata};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use gateway::{
    App, Error, Extension, HttpScope, Receive, ResponseBody, ResponseStart, Scope, Sender,
    ZeroCopySend,
};
use http::{HeaderValue, Method, StatusCode, header};
use tokio::task::spawn_blocking;

use crate::cli::StaticDir;
use condition::{Validators, Verdict};
use path::Found;
use range::Asked;

/// How much is read at a time where the server does not send from files.
const PIECE: u64 = 64 * 1024;

/// An application beside which there are files.
pub struct Files<A> {
    app: A,
    folders: Vec<(String, Arc<PathBuf>)>,
}

impl<A: App> Files<A> {
    /// What is not under one of these paths goes to `app`. The longest path that fits counts.
    pub fn new(app: A, folders: &[StaticDir]) -> Self {
        let mut folders: Vec<_> = folders
            .iter()
            .map(|StaticDir { prefix, folder }| (prefix.clone(), Arc::new(folder.clone())))
            .collect();
        folders.sort_by_key(|(prefix, _)| std::cmp::Reverse(prefix.len()));
        Self { app, folders }
    }

    /// The folder of a path, and the rest of it.
    fn folder<'a>(&self, raw_path: &'a str) -> Option<(&Arc<PathBuf>, &'a str)> {
        self.folders.iter().find_map(|(prefix, folder)| {
            let rest = raw_path.strip_prefix(prefix.as_str())?;
            (rest.is_empty() || rest.starts_with('/')).then_some((folder, rest))
        })
    }
}

impl<A: App> App for Files<A> {
    async fn call(&self, scope: Scope, receive: Receive, send: Sender) -> Result<(), Error> {
        if let Scope::Http(http) = &scope
            && let Some((folder, rest)) = self.folder(http.uri.path())
        {
            return answer(Arc::clone(folder), rest.to_owned(), http, &send).await;
        }
        self.app.call(scope, receive, send).await
    }
}

async fn answer(
    folder: Arc<PathBuf>,
    rest: String,
    scope: &HttpScope,
    send: &Sender,
) -> Result<(), Error> {
    if !matches!(scope.method, Method::GET | Method::HEAD) {
        let start = ResponseStart::new(405).header(header::ALLOW, "GET, HEAD");
        return say(send, start, "files can be read, and no more\n").await;
    }
    // A path may lead over slow disks.
    let found = spawn_blocking(move || path::find(&folder, &rest)).await?;
    match found {
        Found::File { file, metadata, media_type } => {
            file_response(file, &metadata, media_type, scope, send).await
        }
        Found::Folder { name } => {
            // Relative, so that no host comes into it: neither the client's word for ours, nor another one by a double slash.
            let start = ResponseStart::new(307).header(header::LOCATION, format!("{name}/"));
            say(send, start, "it is a folder\n").await
        }
        Found::Nothing => say(send, ResponseStart::new(404), "no such file\n").await,
    }
}

async fn say(send: &Sender, start: ResponseStart, text: &'static str) -> Result<(), Error> {
    let plain = HeaderValue::from_static("text/plain; charset=utf-8");
    send.send(start.header(header::CONTENT_TYPE, plain)).await?;
    Ok(send.send(ResponseBody::last(text)).await?)
}

// ANCHOR: response
async fn file_response(
    file: File,
    metadata: &Metadata,
    media_type: String,
    scope: &HttpScope,
    send: &Sender,
) -> Result<(), Error> {
    let length = metadata.len();
    let validators = Validators::of(metadata);
    let named = |start: ResponseStart| validators.name(start);
    let asked = match validators.judge(scope) {
        Verdict::Failed => {
            return say(send, ResponseStart::new(412), "it has changed\n").await;
        }
        Verdict::Unchanged => {
            send.send(named(ResponseStart::new(304))).await?;
            return Ok(send.send(ResponseBody::last("")).await?);
        }
        Verdict::Send { ranges: true } if scope.method == Method::GET => {
            range::asked(scope.header("range"), length)
        }
        Verdict::Send { .. } => Asked::Whole,
    };
    let file = Arc::new(file);
    let start = |status: StatusCode| {
        named(ResponseStart::new(status)).header(header::ACCEPT_RANGES, "bytes")
    };
    match asked {
        Asked::Unsatisfiable => {
            let start =
                ResponseStart::new(416).header(header::CONTENT_RANGE, format!("bytes */{length}"));
            say(send, start, "it is shorter than that\n").await
        }
        Asked::Whole => {
            let start = start(StatusCode::OK)
                .header(header::CONTENT_TYPE, media_type)
                .header(header::CONTENT_LENGTH, length.to_string());
            send.send(start).await?;
            region(&file, 0, length, false, scope, send).await
        }
        Asked::One(range) => {
            let start = start(StatusCode::PARTIAL_CONTENT)
                .header(header::CONTENT_TYPE, media_type)
                .header(header::CONTENT_RANGE, range.of(length))
                .header(header::CONTENT_LENGTH, range.length().to_string());
            send.send(start).await?;
            region(&file, range.first, range.length(), false, scope, send).await
        }
        Asked::Several(ranges) => {
            let boundary = validators.boundary();
            let heads = ranges.iter().map(|range| {
                let range = range.of(length);
                format!("\r\n--{boundary}\r\ncontent-type: {media_type}\r\ncontent-range: {range}\r\n\r\n")
            });
            let heads: Vec<_> = heads.collect();
            let end = format!("\r\n--{boundary}--\r\n");
            let texts = heads.iter().map(String::len).sum::<usize>() + end.len();
            let whole = texts as u64 + ranges.iter().map(|range| range.length()).sum::<u64>();
            let start = start(StatusCode::PARTIAL_CONTENT)
                .header(header::CONTENT_TYPE, format!("multipart/byteranges; boundary={boundary}"))
                .header(header::CONTENT_LENGTH, whole.to_string());
            send.send(start).await?;
            for (range, head) in ranges.iter().zip(heads) {
                send.send(ResponseBody::part(head)).await?;
                region(&file, range.first, range.length(), true, scope, send).await?;
            }
            Ok(send.send(ResponseBody::last(end)).await?)
        }
    }
}
// ANCHOR_END: response

/// A part of a file, as a part of the body.
async fn region(
    file: &Arc<File>,
    first: u64,
    length: u64,
    more_body: bool,
    scope: &HttpScope,
    send: &Sender,
) -> Result<(), Error> {
    let file = Arc::clone(file);
    if scope.method == Method::HEAD {
        return Ok(send.send(ResponseBody { body: Bytes::new(), more_body }).await?);
    }
    if scope.extensions.offer(Extension::ZeroCopySend) {
        let (offset, count) = (Some(first), Some(length));
        return Ok(send.send(ZeroCopySend { file, offset, count, more_body }).await?);
    }
    let mut done = 0;
    loop {
        let most = (length - done).min(PIECE);
        let (own, at) = (Arc::clone(&file), first + done);
        let body = spawn_blocking(move || read(&own, at, most)).await??;
        done += most;
        let last = done >= length;
        send.send(ResponseBody { body, more_body: more_body || !last }).await?;
        if last {
            return Ok(());
        }
    }
}

/// Reads so much, not less. Only one task reads a file at a time.
fn read(file: &File, at: u64, count: u64) -> io::Result<Bytes> {
    let mut piece = Vec::new();
    let mut file = file;
    file.seek(SeekFrom::Start(at))?;
    let read = file.take(count).read_to_end(&mut piece)? as u64;
    if read < count {
        return Err(io::Error::other(format!(
            "the file has become {} bytes shorter",
            count - read
        )));
    }
    Ok(piece.into())
}
