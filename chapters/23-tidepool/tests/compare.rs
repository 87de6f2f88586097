//! The comparison with other servers, and the soak, both small: that they still run, keep what they have measured, and count right.
#![cfg(target_os = "linux")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// Cargo builds examples with the tests, and puts them beside them.
fn program() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let built = test.ancestors().nth(2).unwrap().join("examples/compare");
    assert!(built.exists(), "build it first: cargo build -p tidepool --example compare");
    built
}

fn compare(words: &str, out: &Path) -> Output {
    let mut command = Command::new(program());
    command.args(words.split_whitespace());
    if !words.starts_with("show") {
        command.arg("--out");
    }
    command.arg(out).output().unwrap()
}

/// What it printed; it must have ended well.
fn printed(output: &Output) -> String {
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let more = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "it ended with {}:\n{text}{more}", output.status);
    text
}

fn samples(path: &Path) -> usize {
    let text = fs::read_to_string(path).unwrap();
    text.lines().filter(|line| line.contains(",tidepool,")).count()
}

/// Two cores, and the programs of others.
fn can_be_measured() -> bool {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let wrk = Command::new("wrk").arg("--version").output().is_ok();
    if cores < 2 || !wrk {
        println!("skipped: it needs two cores and wrk (apt-get install wrk)");
    }
    cores >= 2 && wrk
}

const SMALL: &str = "--servers tidepool --rounds 1 --seconds 1 --connections 4";

#[test]
fn a_small_comparison_keeps_what_it_has_measured_and_another_goes_on_with_it() {
    if !can_be_measured() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("compare.csv");
    let text = printed(&compare(&format!("{SMALL} --only hello-64,ws16-64"), &file));
    assert!(text.contains("hello, 64 connections"), "{text}");
    assert!(text.contains("echo of 16 bytes, 64 WebSockets"), "{text}");
    assert!(text.contains("errors: none"), "{text}");
    assert_eq!(samples(&file), 2, "a line for each sample is kept");

    // It is not overwritten by mistake.
    let refused = compare(&format!("{SMALL} --only hello-64"), &file);
    let says = String::from_utf8_lossy(&refused.stderr);
    assert!(!refused.status.success() && says.contains("--continue"), "{says}");

    // What is there is not measured again.
    let before = fs::read_to_string(&file).unwrap();
    printed(&compare(&format!("{SMALL} --only hello-64,ws16-64,idle-ws-5 --continue"), &file));
    let after = fs::read_to_string(&file).unwrap();
    assert!(after.starts_with(&before), "what was measured stays as it was:\n{after}");
    assert_eq!(samples(&file), 3, "only what was missing is measured");
}

#[test]
fn a_server_that_is_not_installed_is_named_with_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("compare.csv");
    let nowhere = folder.path().join("nowhere");
    let words =
        format!("--servers granian,uvicorn --only idle-http-5 --peers {}", nowhere.display());
    let output = compare(&words, &file);
    let says = String::from_utf8_lossy(&output.stderr);
    for name in ["granian", "uvicorn"] {
        let expected = format!("{name} is not installed: python3 -m venv {}", nowhere.display());
        assert!(says.contains(&expected), "{says}");
    }
    assert!(!says.contains("hypercorn"), "nobody asked for that one:\n{says}");
}

#[test]
fn a_workload_that_is_not_there_is_said_with_those_that_are() {
    let folder = tempfile::tempdir().unwrap();
    let output = compare("--only helo", &folder.path().join("compare.csv"));
    let says = String::from_utf8_lossy(&output.stderr);
    assert!(says.contains("there is no workload helo; there are hello-1, hello-64"), "{says}");
}

#[test]
fn the_table_has_medians_and_compares_within_a_round() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("compare.csv");
    // The machine was busy in the second round, for both alike.
    let lines = [
        "# measured on a machine of paper",
        "workload,server,round,seconds,per second,p50 µs,p99 µs,p99.9 µs,processor µs,resident KiB,errors",
        "hello-64,hyper,1,2,1000.0,500,1000,3000,10.000,10240.00,0",
        "hello-64,tidepool,1,2,900.0,500,1000,3000,11.000,12288.00,0",
        "hello-64,hyper,2,2,100.0,5000,10000,30000,20.000,10240.00,0",
        "hello-64,tidepool,2,2,95.0,5000,10000,30000,21.000,12288.00,3",
        "hello-64,hyper,3,2,2000.0,400,900,2000,10.000,10240.00,0",
        "hello-64,tidepool,3,2,2200.0,400,900,2000,10.000,12288.00,0",
        "idle-ws-5000,tidepool,1,2,,,,,,2.54,0",
    ];
    fs::write(&file, lines.join("\n")).unwrap();
    let text = printed(&compare("show", &file));
    let fields = |name: &str| -> Vec<String> {
        let line = text.lines().find(|line| line.trim_start().starts_with(name)).unwrap();
        line.split_whitespace().map(str::to_owned).collect()
    };
    assert_eq!(
        fields("hyper"),
        ["hyper", "1000", "0.95", "0.50", "1.00", "3.00", "10.0", "1.05", "10"],
        "the ratio is the median of 0.90, 0.95 and 1.10:\n{text}"
    );
    assert_eq!(fields("tidepool")[..2], ["tidepool", "900"], "{text}");
    assert!(text.contains("hello, 64 connections, medians of 3 rounds"), "{text}");
    assert!(text.contains("errors: 3 of tidepool on hello-64"), "{text}");
    assert!(text.contains("tidepool       2.5"), "KiB of an idle connection:\n{text}");
    let idle = Command::new(program()).arg("show").arg(&file).arg("idle").output().unwrap();
    let text = printed(&idle);
    assert!(!text.contains("hello"), "only what was asked for is shown:\n{text}");
}

#[test]
fn a_short_soak_over_every_protocol_has_no_errors_and_leaves_nothing_open() {
    let mut command = Command::new(program());
    let output = command.args(["soak", "--seconds", "2", "--clients", "1"]).output().unwrap();
    let text = printed(&output);
    assert!(text.contains("errors: 0"), "{text}");
    let counts = text.lines().filter_map(|line| line.trim_start().split_once("  "));
    let counts: Vec<(u64, &str)> =
        counts.filter_map(|(count, what)| Some((count.parse().ok()?, what))).collect();
    let acts = counts.iter().filter(|(_, what)| what.starts_with(char::is_alphabetic));
    let acts: Vec<_> = acts.collect();
    assert_eq!(acts.len(), 7, "a count for each kind of client:\n{text}");
    assert!(acts.iter().all(|(count, _)| *count >= 3), "each kind has done something:\n{text}");
}
