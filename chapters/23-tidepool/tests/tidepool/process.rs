//! Several processes: deaths, replacements, ends; under load, and with real signals.

use std::collections::BTreeSet;
use std::fs;
use std::net::TcpListener;
use std::thread;

use proctor::{expect_eq, watch};
use rustix::process::Signal;

use crate::common::{CLIENTS, Load, Server, ask, kill, try_ask};

#[test]
fn a_worker_that_is_killed_under_load_takes_its_own_requests_along_and_no_others() {
    watch(|| {
        let (mut server, address) = Server::serving("--workers 2 --no-access-log");
        let load = Load::on(&address);
        load.go_on(50);
        expect_eq!(load.failed(), 0, "how many failed before");
        let victim: i32 = ask(&address, "/pid").parse().unwrap();
        kill(victim, Signal::KILL);
        server.until("by signal 9: it is replaced");
        server.until("worker 3 is ready");
        let with_it = load.failed();
        load.go_on(200);
        expect_eq!(load.end(), with_it, "how many failed after it was replaced");
        assert!(with_it <= CLIENTS, "{with_it} requests failed of {CLIENTS} clients");
        server.ends_well();
    });
}

#[test]
fn hangup_under_load_replaces_all_workers_and_no_request_fails() {
    watch(|| {
        let (mut server, address) = Server::serving("--workers 2 --no-access-log");
        let before = pids(&address);
        let load = Load::on(&address);
        load.go_on(50);
        for _ in 0..3 {
            server.signal(Signal::HUP);
            server.until("workers are replaced, one by one");
            server.until_each(&["is ready", "is ready"]);
            load.go_on(50);
        }
        expect_eq!(load.end(), 0, "how many failed");
        let after = pids(&address);
        assert!(before.is_disjoint(&after), "{before:?} {after:?}");
        let lines = server.ends_well();
        assert!(!lines.iter().any(|line| line.contains("is killed")), "{lines:#?}");
    });
}

/// Who answers.
fn pids(address: &str) -> BTreeSet<String> {
    (0..50).map(|_| ask(address, "/pid")).collect()
}

#[test]
fn hangup_with_a_program_that_does_not_start_goes_on_with_the_old_one() {
    watch(|| {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), "one").unwrap();
        let mut server = Server::with("--port 0 --workers 2", |command| {
            command.env("SUBJECT_FILE", file.path())
        });
        let address = server.address();
        server.until("all workers are ready");
        fs::write(file.path(), "broken").unwrap();
        server.signal(Signal::HUP);
        server.until("the old ones go on");
        expect_eq!(ask(&address, "/version"), "one", "who answers");
        fs::write(file.path(), "two").unwrap();
        server.signal(Signal::HUP);
        server.until_each(&["is ready", "is ready", "stopped", "stopped"]);
        expect_eq!(ask(&address, "/version"), "two", "who answers");
        server.ends_well();
    });
}

#[test]
fn a_worker_whose_threads_are_all_blocked_is_killed_and_replaced() {
    watch(|| {
        let (mut server, address) =
            Server::serving("--workers 2 --threads 1 --timeout-worker-healthcheck 600ms");
        let blocked = thread::spawn({
            let address = address.clone();
            move || try_ask(&address, "/block", "").is_err()
        });
        server.until("has not answered");
        server.until("worker 3 is ready");
        assert!(blocked.join().unwrap(), "its client hears that it is over");
        expect_eq!(ask(&address, "/"), "crab\n", "the answer");
        server.ends_well();
    });
}

#[test]
fn a_worker_that_has_answered_enough_is_replaced() {
    watch(|| {
        let (mut server, address) =
            Server::serving("--workers 2 --limit-max-requests 10 --limit-max-requests-jitter 5");
        for _ in 0..60 {
            expect_eq!(ask(&address, "/"), "crab\n", "the answer");
        }
        server.until("worker 3 is ready");
        server.ends_well();
    });
}

#[test]
fn ttin_and_ttou_change_the_number_of_workers() {
    watch(|| {
        let (mut server, address) = Server::serving("--workers 2");
        server.signal(Signal::TTIN);
        server.until("3 workers are wanted");
        server.until("worker 3 is ready");
        server.signal(Signal::TTOU);
        server.until("2 workers are wanted");
        server.until("stopped");
        expect_eq!(ask(&address, "/"), "crab\n", "the answer");
        server.ends_well();
    });
}

#[test]
fn workers_end_when_their_supervisor_is_killed() {
    watch(|| {
        let (mut server, address) = Server::serving("--workers 2");
        server.signal(Signal::KILL);
        let each = ["the supervisor is gone", "stopped"];
        server.until_each(&[each, each].concat());
        assert!(try_ask(&address, "/", "").is_err(), "somebody still listens");
    });
}

#[test]
fn a_second_interrupt_ends_all_workers_at_once() {
    watch(|| {
        let (mut server, address) = Server::serving("--workers 2 --threads 1");
        let client = thread::spawn({
            let address = address.clone();
            move || try_ask(&address, "/deaf", "")
        });
        server.until("GET /deaf");
        server.signal(Signal::INT);
        server.until("applications are told");
        server.signal(Signal::INT);
        let (code, lines) = server.ended();
        expect_eq!(code, Some(130), "the exit code");
        assert!(lines.iter().any(|line| line.contains("SIGINT again")), "{lines:#?}");
        drop(client.join());
    });
}

#[test]
fn figures_are_summed_over_workers_and_outlive_them() {
    watch(|| {
        let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
        let (mut server, address) = Server::serving(&format!(
            "--workers 2 --metrics {free} --timeout-worker-healthcheck 900ms"
        ));
        for _ in 0..20 {
            ask(&address, "/");
        }
        // A worker says what it has counted a few times a second.
        let wait_for = |expected: &str| {
            let mut text = ask(&free, "/");
            while !text.contains(expected) {
                thread::yield_now();
                text = ask(&free, "/");
            }
            text
        };
        let counted = "tidepool_requests_total{method=\"GET\",status=\"2xx\"} 20\n";
        let text = wait_for(counted);
        assert!(text.contains("tidepool_workers_ready 2\n"), "{text}");
        server.signal(Signal::HUP);
        server.until_each(&["stopped", "stopped"]);
        let text = wait_for("tidepool_worker_starts_total 4\n");
        assert!(text.contains(counted), "what an ended worker has counted is lost: {text}");
        server.ends_well();
    });
}

#[test]
fn a_change_builds_and_restarts_and_a_request_meanwhile_waits() {
    watch(|| {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        fs::write(path("version"), "one").unwrap();
        fs::write(path("site.rs"), "// one").unwrap();
        // The build waits for a word of the test, and then says what the program says.
        let script = format!(
            "cd {} && echo building && until [ -e go ]; do sleep 0.02; done && rm go && cp next version && echo built",
            folder.path().display()
        );
        let mut server = Server::with("--port 0 --reload --reload-delay 50ms", |command| {
            command
                .arg("--reload-command")
                .arg(script)
                .arg("--reload-dir")
                .arg(folder.path())
                .env("SUBJECT_FILE", path("version"))
        });
        let address = server.address();
        expect_eq!(ask(&address, "/version"), "one", "who answers");
        for next in ["two", "three"] {
            fs::write(path("next"), next).unwrap();
            fs::write(path("site.rs"), next).unwrap();
            server.until_each(&["building", "stopped"]);
            let waiting = thread::spawn({
                let address = address.clone();
                move || ask(&address, "/version")
            });
            fs::write(path("go"), "").unwrap();
            server.until("built");
            expect_eq!(waiting.join().unwrap(), next, "who answers the request that has waited");
        }
        // What does not matter is no change.
        fs::write(path("notes.txt"), "low tide").unwrap();
        server.ends_well();
    });
}

#[test]
fn what_cargo_run_says_of_the_package_is_not_for_the_build() {
    watch(|| {
        let folder = tempfile::tempdir().unwrap();
        let mut server = Server::with("--port 0 --reload --reload-delay 50ms", |command| {
            command
                .arg("--reload-command=echo built for ${CARGO_MANIFEST_DIR-}${CARGO_PKG_NAME-}.")
                .arg(format!("--reload-dir={}", folder.path().display()))
                .env("CARGO_MANIFEST_DIR", folder.path())
                .env("CARGO_PKG_NAME", "site")
        });
        server.address();
        server.until("watching");
        fs::write(folder.path().join("site.rs"), "// two").unwrap();
        expect_eq!(server.until("built for"), "built for .", "what a build script would see");
        server.ends_well();
    });
}

#[test]
fn a_build_that_fails_waits_for_the_next_change() {
    watch(|| {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        fs::write(path("version"), "one").unwrap();
        let mut server = Server::with("--port 0 --reload --reload-delay 50ms", |command| {
            command
                .arg(format!("--reload-command=test ! -e {}", path("broken").display()))
                .arg(format!("--reload-dir={}", folder.path().display()))
                .env("SUBJECT_FILE", path("version"))
        });
        let address = server.address();
        expect_eq!(ask(&address, "/version"), "one", "who answers");
        fs::write(path("broken"), "").unwrap();
        fs::write(path("site.rs"), "let").unwrap();
        server.until_each(&["it cannot be built", "stopped"]);
        fs::remove_file(path("broken")).unwrap();
        fs::write(path("version"), "two").unwrap();
        fs::write(path("site.rs"), "// two").unwrap();
        server.until("has changed: building");
        expect_eq!(ask(&address, "/version"), "two", "who answers");
        server.ends_well();
    });
}
