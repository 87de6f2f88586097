//! Files under a path: which, which bytes of them, and whether the client has them already.

use std::fs;
use std::os::unix::fs::symlink;

use gateway::testing::{self, Request};
use gateway::{Error, Receive, ResponseBody, ResponseStart, Scope, Sender};
use http::Method;
use proctor::{expect_eq, watch};
use tempfile::TempDir;
use tidepool::cli::StaticDir;
use tidepool::files::Files;

use crate::common::{Server, try_ask};

async fn beside(_: Scope, _: Receive, send: Sender) -> Result<(), Error> {
    send.send(ResponseStart::new(200)).await?;
    Ok(send.send(ResponseBody::last("the application")).await?)
}

fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let public = folder.path().join("public");
    fs::create_dir_all(public.join("deep")).unwrap();
    fs::write(folder.path().join("secret"), "pearls").unwrap();
    fs::write(public.join("crab.txt"), "0123456789").unwrap();
    fs::write(public.join("empty"), "").unwrap();
    fs::write(public.join(".hidden"), "pearls").unwrap();
    fs::write(public.join("index.html"), "<p>home").unwrap();
    fs::write(public.join("deep/index.html"), "<p>deep").unwrap();
    symlink("../secret", public.join("out")).unwrap();
    symlink("crab.txt", public.join("in")).unwrap();
    folder
}

fn files(folder: &TempDir) -> Files<impl gateway::App> {
    let folder = folder.path().join("public");
    Files::new(beside, &[StaticDir { prefix: "/static".into(), folder }])
}

async fn get(
    folder: &TempDir,
    path: &str,
    fields: &[(&str, &str)],
) -> (u16, String, testing::Answer) {
    let mut request = Request::get(path);
    for (name, value) in fields {
        request = request.header(name, value);
    }
    let answer = testing::ask(&files(folder), request).await;
    (answer.status.as_u16(), answer.text().into_owned(), answer)
}

#[tokio::test]
async fn files_are_served_with_their_types_and_the_rest_is_the_applications() {
    let folder = folder();
    let (status, text, answer) = get(&folder, "/static/crab.txt", &[]).await;
    assert_eq!((status, &*text), (200, "0123456789"));
    assert_eq!(answer.header("content-type"), Some("text/plain; charset=utf-8"));
    assert_eq!(answer.header("content-length"), Some("10"));
    assert_eq!(get(&folder, "/static/in", &[]).await.1, "0123456789", "a link that stays inside");
    assert_eq!(get(&folder, "/static/empty", &[]).await.0, 200);
    assert_eq!(get(&folder, "/static/", &[]).await.1, "<p>home");
    assert_eq!(get(&folder, "/static/deep/", &[]).await.1, "<p>deep");
    assert_eq!(get(&folder, "/", &[]).await.1, "the application");
    assert_eq!(get(&folder, "/statically", &[]).await.1, "the application");
    assert_eq!(get(&folder, "/static/none", &[]).await.0, 404);
}

#[tokio::test]
async fn nothing_outside_of_the_folder_can_be_had() {
    let folder = folder();
    for path in [
        "/static/../secret",
        "/static/..%2fsecret",
        "/static/%2e%2e/secret",
        "/static/..%5csecret",
        "/static/out",
        "/static/%2fetc%2fpasswd",
        "/static//etc/passwd",
        "/static/.hidden",
        "/static/crab.txt%00.html",
        "/static/deep/%2e%2e/%2e%2e/secret",
        "/static/deep/..%c0%af..%c0%afsecret",
        "/static/crab.txt/",
        "/static/crab.txt/..",
    ] {
        let (status, text, _) = get(&folder, path, &[]).await;
        assert_eq!((status, &*text), (404, "no such file\n"), "{path}");
    }
}

#[tokio::test]
async fn a_folder_without_its_slash_is_elsewhere_and_no_host_comes_into_it() {
    let folder = folder();
    let (status, _, answer) = get(&folder, "/static/deep", &[("host", "evil.example")]).await;
    assert_eq!((status, answer.header("location")), (307, Some("./deep/")));
    let (status, _, answer) = get(&folder, "/static//deep", &[]).await;
    assert_eq!((status, answer.header("location")), (404, None));
}

#[tokio::test]
async fn other_methods_are_told_which_there_are() {
    let folder = folder();
    let answer =
        testing::ask(&files(&folder), Request::new(Method::DELETE, "/static/crab.txt")).await;
    assert_eq!((answer.status.as_u16(), answer.header("allow")), (405, Some("GET, HEAD")));
    let answer =
        testing::ask(&files(&folder), Request::new(Method::HEAD, "/static/crab.txt")).await;
    assert_eq!((answer.status.as_u16(), answer.header("content-length")), (200, Some("10")));
    assert_eq!(answer.text(), "");
}

#[tokio::test]
async fn a_range_one_or_several_and_what_is_not_there() {
    let folder = folder();
    let range = async |value: &str| get(&folder, "/static/crab.txt", &[("range", value)]).await;
    let (status, text, answer) = range("bytes=2-4").await;
    assert_eq!((status, &*text), (206, "234"));
    assert_eq!(answer.header("content-range"), Some("bytes 2-4/10"));
    assert_eq!(range("bytes=-1").await.1, "9");
    let (status, _, answer) = range("bytes=10-").await;
    assert_eq!((status, answer.header("content-range")), (416, Some("bytes */10")));
    let (status, text, answer) = range("bytes=0-1,8-").await;
    assert_eq!(status, 206);
    let (kind, boundary) =
        answer.header("content-type").unwrap().split_once("; boundary=").unwrap();
    assert_eq!(kind, "multipart/byteranges");
    let part = |range: &str, bytes: &str| {
        format!(
            "\r\n--{boundary}\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-range: bytes {range}/10\r\n\r\n{bytes}"
        )
    };
    let whole = part("0-1", "01") + &part("8-9", "89") + &format!("\r\n--{boundary}--\r\n");
    assert_eq!(text, whole);
    assert_eq!(answer.header("content-length"), Some(&*whole.len().to_string()));
    let hundreds = (0..300).map(|n| format!("{n}-")).collect::<Vec<_>>().join(",");
    let (status, text, _) = range(&format!("bytes={hundreds}")).await;
    assert_eq!(
        (status, &*text),
        (200, "0123456789"),
        "hundreds of ranges are answered by the whole"
    );
}

#[tokio::test]
async fn what_the_client_has_is_not_sent_again() {
    let folder = folder();
    let (_, _, first) = get(&folder, "/static/crab.txt", &[]).await;
    let (tag, date) = (first.header("etag").unwrap(), first.header("last-modified").unwrap());
    let weak = format!("\"other\", W/{tag}");
    let cases: &[(&[(&str, &str)], u16)] = &[
        (&[("if-none-match", tag)], 304),
        (&[("if-none-match", &weak)], 304),
        (&[("if-none-match", "*")], 304),
        (&[("if-none-match", "\"other\"")], 200),
        (&[("if-modified-since", date)], 304),
        (&[("if-modified-since", "Sun, 06 Nov 1994 08:49:37 GMT")], 200),
        (&[("if-modified-since", "yesterday")], 200),
        // A tag is the better word.
        (&[("if-none-match", "\"other\""), ("if-modified-since", date)], 200),
        (&[("if-match", "\"other\"")], 412),
        (&[("if-match", tag)], 200),
        (&[("if-match", &weak)], 412),
        (&[("if-unmodified-since", "Sun, 06 Nov 1994 08:49:37 GMT")], 412),
        (&[("if-unmodified-since", date)], 200),
        (&[("range", "bytes=0-1"), ("if-range", tag)], 206),
        (&[("range", "bytes=0-1"), ("if-range", date)], 206),
        (&[("range", "bytes=0-1"), ("if-range", "\"other\"")], 200),
        (&[("range", "bytes=0-1"), ("if-range", &weak)], 200),
    ];
    for (fields, expected) in cases {
        let (status, text, _) = get(&folder, "/static/crab.txt", fields).await;
        assert_eq!(status, *expected, "{fields:?}");
        assert_eq!(text.is_empty(), status == 304, "{fields:?}");
    }
}

#[test]
fn a_server_sends_them_from_the_open_file() {
    watch(|| {
        let folder = folder();
        let large = vec![b'x'; 1_000_000];
        fs::write(folder.path().join("public/large"), &large).unwrap();
        let words = format!("--static-dir /static={}/public", folder.path().display());
        let (server, address) = Server::serving(&words);
        let body = |heard: String| heard.split_once("\r\n\r\n").unwrap().1.to_owned();
        let heard = try_ask(&address, "/static/large", "").unwrap();
        expect_eq!(body(heard).len(), large.len(), "how much came");
        let heard = try_ask(&address, "/static/crab.txt", "range: bytes=3-5\r\n").unwrap();
        expect_eq!(body(heard), "345", "the part");
        let heard = try_ask(&address, "/static/crab.txt", "range: bytes=0-0,9-9\r\n").unwrap();
        assert!(heard.contains("bytes 0-0/10\r\n\r\n0\r\n--"), "{heard}");
        let heard = try_ask(&address, "/static/../secret", "").unwrap();
        assert!(heard.starts_with("HTTP/1.1 404"), "{heard}");
        server.ends_well();
    });
}
