//! The files of `deploy`, read as those read them who are meant to: the server, systemd, nginx; and the options that the chapter's page names.

use std::ffi::OsString;
use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use clap::CommandFactory;
use proctor::expect_eq;
use rustix::process::Signal;
use tidepool::cli::{Options, parse};

use crate::common::{Load, Server, with_programs};
use crate::tls::{Files, curl, python, run, secure};

fn deploy(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy").join(name)
}

fn text(name: &str) -> String {
    fs::read_to_string(deploy(name)).unwrap()
}

/// What the server would make of these words, in which the configuration is where it is here.
fn options(words: &[&str], environment: &[(&str, &str)]) -> Options {
    let here = deploy("tide.toml").display().to_string();
    let words = words.iter().map(|word| OsString::from(word.replace("/etc/tide.toml", &here)));
    let look = |name: &str| {
        let found = environment.iter().find(|(of, _)| *of == name);
        found.map(|(_, value)| (*value).to_owned())
    };
    match parse(words, &look) {
        Ok(options) => options,
        Err(refusal) => panic!("{}", refusal.text),
    }
}

#[test]
fn the_unit_starts_the_server_with_options_that_it_has() {
    let unit = text("tide.service");
    let line = unit.lines().find_map(|line| line.strip_prefix("ExecStart=")).unwrap();
    let options = options(&line.split(' ').collect::<Vec<_>>(), &[]);
    assert_eq!(options.processes.workers, 4);
    assert_eq!(options.limits.limit_concurrency, Some(200));
}

#[test]
fn the_unit_waits_for_longer_than_the_server_takes_to_end() {
    let unit = text("tide.service");
    let line = unit.lines().find_map(|line| line.strip_prefix("TimeoutStopSec=")).unwrap();
    let patience: u64 = line.parse().unwrap();
    let needed = tidepool::settings::whole_end(&options(&["tide"], &[])).as_secs();
    // The supervisor kills who has not ended by then, and takes a second for itself.
    assert!(
        patience > needed + 1,
        "systemd kills after {patience} s, and an end may take {needed} s"
    );
}

#[test]
fn the_proxy_asks_the_socket_that_systemd_binds() {
    let unit = text("tide.socket");
    let path = unit.lines().find_map(|line| line.strip_prefix("ListenStream=")).unwrap();
    let nginx = text("nginx.conf");
    assert!(nginx.contains(&format!("server unix:{path};")), "nginx.conf asks elsewhere");
    assert_eq!(nginx.matches('{').count(), nginx.matches('}').count(), "nginx.conf's brackets");
}

#[test]
fn the_container_starts_the_server_with_options_that_it_has() {
    let file = text("Containerfile");
    let environment: Vec<_> =
        file.lines().filter_map(|line| line.strip_prefix("ENV ")?.split_once('=')).collect();
    let words = |instruction: &str| {
        let line = file.lines().find_map(|line| line.strip_prefix(instruction)).unwrap();
        serde_json::from_str::<Vec<String>>(line).expect("a list of words, not a shell's line")
    };
    let words = [words("ENTRYPOINT "), words("CMD ")].concat();
    let options = options(&words.iter().map(String::as_str).collect::<Vec<_>>(), &environment);
    assert_eq!(options.listening.host, "0.0.0.0");
    let whole = tidepool::settings::whole_end(&options);
    assert!(whole.as_secs() < 30, "Kubernetes kills after 30 s, and an end may take {whole:?}");
}

#[test]
fn the_container_runs_the_program_with_the_c_library_that_it_was_linked_with() {
    let file = text("Containerfile");
    let images: Vec<_> = file.lines().filter_map(|line| line.strip_prefix("FROM ")).collect();
    let of = |name: &str, number: &str| images[0].contains(name) && images[1].contains(number);
    let same = of("bookworm", "debian12") || of("trixie", "debian13");
    assert!(same, "not of one release of Debian, by their names: {images:?}");
}

#[test]
fn systemd_finds_nothing_wrong_with_the_units() {
    let folder = tempfile::tempdir().unwrap();
    // The program has to be there.
    let program = folder.path().join("tide");
    fs::copy("/bin/true", &program).unwrap();
    for name in ["tide.service", "tide.socket"] {
        let unit = text(name).replace("/usr/local/bin/tide", &program.display().to_string());
        fs::write(folder.path().join(name), unit).unwrap();
    }
    let verify = Command::new("systemd-analyze")
        .args(["verify", "--man=no"])
        .args(["tide.service", "tide.socket"].map(|name| folder.path().join(name)))
        .output();
    let Ok(verify) = verify else {
        println!("skipped: there is no systemd-analyze");
        return;
    };
    let said = String::from_utf8_lossy(&verify.stderr);
    // It reads the machine's own units as well.
    let ours: Vec<_> = said.lines().filter(|line| line.contains("tide.")).collect();
    assert!(ours.is_empty(), "{ours:#?}");
}

/// nginx's own configuration, around ours: one process, whoever starts it, which ends with the test; and nothing outside of its folder.
const AROUND: &str = "
daemon off;
master_process off;
error_log stderr notice;
pid nginx.pid;
events {}
http {
    access_log off;
    client_body_temp_path body;
    proxy_temp_path proxy;
    fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi;
    scgi_temp_path scgi;
    include site.conf;
}
";

/// The server with the options of `tide.toml`, and nginx with `nginx.conf` in front of it.
struct Behind {
    files: Files,
    server: Server,
    nginx: Server,
    /// Where nginx listens.
    address: String,
}

impl Behind {
    /// Both serve. `None`: there is no nginx, and that was said.
    fn nginx() -> Option<Self> {
        // On some systems it is where only root looks.
        let found = ["nginx", "/usr/sbin/nginx"]
            .into_iter()
            .find(|name| Command::new(name).arg("-v").stderr(Stdio::null()).status().is_ok());
        let Some(nginx) = found else {
            println!("skipped: there is no nginx");
            return None;
        };
        let files = Files::new();
        let path = |name: &str| files.path(name).display().to_string();
        // Another program may be given it before it is bound here, but hardly ever is.
        let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let address = free.to_string();

        let changes = [("127.0.0.1:9000", "127.0.0.1:0"), ("/srv/tide/static", &path(""))];
        fs::write(files.path("tide.toml"), changed(&text("tide.toml"), &changes)).unwrap();
        let words = format!("--config {} --uds {}", path("tide.toml"), path("tide.sock"));
        let mut server = Server::start(&words);
        server.until("all workers are ready");

        let site = changed(
            &text("nginx.conf"),
            &[
                ("unix:/run/tide.sock", &format!("unix:{}", path("tide.sock"))),
                ("listen 443 ssl;", &format!("listen {address} ssl;")),
                ("/etc/ssl/crab.pem", &path("server.pem")),
                ("/etc/ssl/crab.key", &path("server-key.pem")),
            ],
        );
        fs::write(files.path("site.conf"), site).unwrap();
        fs::write(files.path("nginx.conf"), AROUND).unwrap();
        let (folder, file) = (path(""), path("nginx.conf"));
        let words = ["-e", "stderr", "-p", &folder, "-c", &file];
        let said = run(nginx, &[&["-t"], &words[..]].concat()).unwrap();
        assert!(said.contains("test is successful"), "{said}");
        assert!(!said.contains("[warn]"), "{said}");
        let mut nginx = Server::of(Command::new(nginx).args(words).stdin(Stdio::null()));
        // It listens by then.
        nginx.until("event method");
        Some(Self { files, server, nginx, address })
    }

    /// curl's words for a path, after others. `None`: there is no curl, and that was said.
    fn curl(&self, words: &[&str], path: &str) -> Option<String> {
        let at = self.url("https", path);
        curl(&[&["--cacert", &self.authority()], words, &[&at]].concat())
    }

    fn url(&self, scheme: &str, path: &str) -> String {
        format!("{scheme}://{}{path}", self.address)
    }

    fn authority(&self) -> String {
        self.files.path("authority.pem").display().to_string()
    }

    fn end(self) {
        self.server.ends_well();
        self.nginx.ends_well();
    }
}

/// A file in which something is another one here. It has to be there, once.
fn changed(text: &str, changes: &[(&str, &str)]) -> String {
    changes.iter().fold(text.to_owned(), |text, (from, to)| {
        assert_eq!(text.matches(from).count(), 1, "how often there is {from:?} in:\n{text}");
        text.replace(from, to)
    })
}

#[test]
fn behind_nginx_the_application_sees_who_asks_and_how_and_believes_no_client() {
    with_programs(|| {
        let Some(site) = Behind::nginx() else { return };
        let forged = [
            "x-forwarded-for: 198.51.100.7",
            "x-forwarded-proto: http",
            "forwarded: for=198.51.100.7;proto=http",
        ];
        for words in [&[][..], &forged.map(|field| ["-H", field]).concat()] {
            let Some(heard) = site.curl(words, "/scope") else { break };
            expect_eq!(heard, "127.0.0.1:0 https \"\"", "client, scheme and path of mounting");
        }
        site.end();
    });
}

#[test]
fn behind_nginx_an_event_is_there_at_once_and_the_server_hears_who_leaves() {
    with_programs(|| {
        let Some(mut site) = Behind::nginx() else { return };
        if curl(&["--version"]).is_some() {
            let mut command = Command::new("curl");
            command.args(["-sSN", "--max-time", "20", "--cacert", &site.authority()]);
            // This one ends when its client leaves, and not before.
            let mut watcher = Server::of(command.arg(site.url("https", "/feed?once")));
            watcher.until("data: low tide");
            drop(watcher);
            site.server.until("\"uri\":\"/feed?once\"");
        }
        site.end();
    });
}

#[test]
fn behind_nginx_a_websocket_is_open_until_its_client_leaves() {
    with_programs(|| {
        let Some(mut site) = Behind::nginx() else { return };
        if let Some(python) = python() {
            let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients/hears.py");
            let script = script.display().to_string();
            for (path, expected) in [("/scheme", "wss\n"), ("/open", "crab\n")] {
                let said = run(&python, &[&script, &site.url("wss", path), &site.authority()]);
                expect_eq!(said.unwrap(), expected, "what Python has heard at {path}");
            }
            site.server.until("\"uri\":\"/open\"");
        }
        site.end();
    });
}

#[test]
fn behind_nginx_no_request_fails_while_workers_are_replaced() {
    with_programs(|| {
        let Some(mut site) = Behind::nginx() else { return };
        let (client, address) = (site.files.client(), site.address.clone());
        // A GET that was not answered, nginx would send again.
        let request =
            "POST / HTTP/1.1\r\nhost: crab\r\nconnection: close\r\ncontent-length: 1\r\n\r\n!";
        let load = Load::of(move || {
            let mut heard = String::new();
            let asked = TcpStream::connect(&address).and_then(|stream| {
                let mut stream = secure(&client, stream);
                stream.write_all(request.as_bytes())?;
                stream.read_to_string(&mut heard)
            });
            asked.is_ok() && heard.ends_with("crab\n")
        });
        load.go_on(20);
        for _ in 0..3 {
            site.server.signal(Signal::HUP);
            site.server.until("workers are replaced, one by one");
            site.server.until_each(&["is ready"; 4]);
            load.go_on(20);
        }
        expect_eq!(load.end(), 0, "how many failed");
        site.end();
    });
}

#[test]
fn every_option_that_the_page_names_is_one() {
    // Of Uvicorn, of Cargo, and of the program that compares.
    const OTHERS: [&str; 12] = [
        "app-dir",
        "env-file",
        "example",
        "factory",
        "h11-max-incomplete-event-size",
        "interface",
        "log-config",
        "loop",
        "out",
        "release",
        "ssl-ciphers",
        "ssl-version",
    ];
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../book/src/23-tidepool.md");
    let page = fs::read_to_string(page).unwrap();
    let command = Options::command();
    let ours: Vec<_> = command.get_arguments().filter_map(clap::Arg::get_long).collect();
    let mut named = 0;
    for part in page.split("--").skip(1) {
        let end = part.find(|c: char| !c.is_ascii_alphanumeric() && c != '-').unwrap_or(part.len());
        let name = part[..end].trim_end_matches('-');
        if name.is_empty() || name == "help" || OTHERS.contains(&name) {
            continue;
        }
        let plain = name.strip_prefix("no-").unwrap_or(name);
        assert!(ours.contains(&name) || ours.contains(&plain), "--{name} is no option");
        named += 1;
    }
    assert!(named > 20, "the page names options");
}
