//! The files of `deploy`, and the options that the chapter's page names: all of them are options that there are.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use clap::CommandFactory;
use tidepool::cli::{Options, parse};

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
    // Not every machine has it.
    let Ok(verify) = verify else { return };
    let said = String::from_utf8_lossy(&verify.stderr);
    // It reads the machine's own units as well.
    let ours: Vec<_> = said.lines().filter(|line| line.contains("tide.")).collect();
    assert!(ours.is_empty(), "{ours:#?}");
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
