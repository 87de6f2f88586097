//! Each option does what it says; and where they come from, and which of them wins.

use std::ffi::OsString;
use std::io::Write;
use std::path::Path;
use std::time::Duration;

use clap::{CommandFactory, Parser};
use http2_and_tls::{Allowance, Clients, Http2, TlsConfig};
use lifespan::{Mode, Stages};
use tidepool::cli::{self, ForwardedHeader, Http, LogFormat, LogLevel, Options, Refusal};
use tidepool::settings;

fn parse(words: &str) -> Options {
    with(words, &[]).unwrap_or_else(|refusal| panic!("{words}: {}", refusal.text))
}

fn with(words: &str, environment: &[(&str, &str)]) -> Result<Options, Refusal> {
    let words = std::iter::once("tidepool").chain(words.split_whitespace());
    let look = |name: &str| {
        environment.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
    };
    cli::parse(words.map(OsString::from), &look)
}

fn http(options: &Options) -> http_server::Config {
    settings::http(options)
}

fn life(options: &Options) -> lifespan::Config {
    settings::life(options, Stages::new(|_| {}))
}

fn ws(options: &Options) -> websockets::Config {
    settings::web_sockets(options)
}

fn h2(options: &Options) -> Http2 {
    settings::http2(options)
}

fn tls(options: &Options) -> TlsConfig {
    settings::tls(options).unwrap_or_else(|| TlsConfig::new("", ""))
}

fn often(allowance: Allowance) -> bool {
    allowance == Allowance { burst: 9, per_second: 8 }
}

fn is(time: Duration, seconds: u64) -> bool {
    time == Duration::from_secs(seconds)
}

/// An option as somebody would give it, and where it arrives: in what the part is set up with that does it.
/// Those that have no such place are tried on a process, in `process.rs`.
type Row = (&'static str, fn(&Options) -> bool);

const TABLE: &[Row] = &[
    ("--host 127.0.0.2", |o| o.listening.host == "127.0.0.2"),
    ("--port 8001", |o| o.listening.port == 8001),
    ("--uds /tmp/crab", |o| o.listening.uds == Some("/tmp/crab".into())),
    ("--uds-mode 600", |o| o.listening.uds_mode == 0o600),
    ("--fd 3", |o| o.listening.fd == Some(3)),
    ("--backlog 7", |o| o.listening.backlog == 7),
    ("--http h1", |o| o.listening.http == Http::H1),
    ("--ssl-certfile crab.pem --http h1", |o| !tls(o).http2 && tls(o).http1),
    ("--ssl-certfile crab.pem --http 2", |o| tls(o).http2 && !tls(o).http1),
    ("--ssl-certfile crab.pem", |o| tls(o).certificates == Path::new("crab.pem")),
    ("--ssl-certfile crab.pem", |o| tls(o).key == Path::new("crab.pem")),
    ("--ssl-certfile crab.pem --ssl-keyfile key.pem", |o| tls(o).key == Path::new("key.pem")),
    ("--ssl-certfile crab.pem --ssl-keyfile-password tide", |o| {
        tls(o).password == Some("tide".into())
    }),
    ("--ssl-certfile crab.pem --ssl-cert-reqs optional --ssl-ca-certs ca.pem", |o| {
        tls(o).clients == Clients::Optional("ca.pem".into())
    }),
    ("--ssl-certfile crab.pem --ssl-cert-reqs 2 --ssl-ca-certs ca.pem", |o| {
        tls(o).clients == Clients::Required("ca.pem".into())
    }),
    ("--ssl-certfile crab.pem --no-ssl-resumption", |o| !tls(o).resumption),
    ("--ssl-certfile crab.pem --ssl-resumption=false", |o| !tls(o).resumption),
    ("--ssl-certfile crab.pem --ssl-timeout-handshake 9", |o| is(tls(o).handshake, 9)),
    ("--ssl-certfile crab.pem --ssl-max-handshakes 9", |o| tls(o).handshakes == Some(9)),
    ("--http2-max-concurrent-streams 9", |o| h2(o).streams == 9),
    ("--http2-initial-stream-window-size 9KiB", |o| h2(o).window == 9 * 1024),
    ("--http2-initial-connection-window-size 9MiB", |o| {
        h2(o).connection_window == Some(9 * 1024 * 1024)
    }),
    ("--http2-max-frame-size 32KiB", |o| h2(o).frame == 32 * 1024),
    ("--http2-max-send-buffer-size 9KiB", |o| h2(o).send_buffer == 9 * 1024),
    ("--http2-timeout-idle 9", |o| is(h2(o).keep_alive, 9)),
    ("--http2-keep-alive-interval 9", |o| is(h2(o).ping, 9)),
    ("--http2-keep-alive-timeout 9", |o| is(h2(o).ping_timeout, 9)),
    ("--http2-limit-resets 9/8", |o| often(h2(o).resets)),
    ("--http2-limit-settings 9/8", |o| often(h2(o).settings)),
    ("--http2-limit-pings 9/8", |o| often(h2(o).pings)),
    ("--http2-limit-empty-data 9/8", |o| often(h2(o).empty)),
    ("--http2-limit-other-frames 9/8", |o| often(h2(o).others)),
    ("--http2-limit-window-updates 9/8", |o| often(h2(o).updates)),
    ("--workers 3", |o| o.processes.workers == 3),
    ("--threads 5", |o| settings::threads(o) == 5),
    ("--limit-max-requests 9", |o| o.processes.limit_max_requests == Some(9)),
    ("--limit-max-requests-jitter 9", |o| o.processes.limit_max_requests_jitter == 9),
    ("--timeout-worker-healthcheck 9", |o| is(o.processes.timeout_worker_healthcheck, 9)),
    ("--lifespan on", |o| life(o).mode == Mode::On),
    ("--lifespan off", |o| life(o).mode == Mode::Off),
    ("--root-path /tide/", |o| http(o).root_path == "/tide"),
    ("--header x-tide:low", |o| o.application.header.len() == 1),
    ("--no-server-header", |o| http(o).server.is_none()),
    ("--server-header=false", |o| http(o).server.is_none()),
    ("--no-date-header", |o| !http(o).date),
    ("--date-header=false", |o| !http(o).date),
    ("--static-dir /s=public", |o| o.application.static_dir.iter().any(|dir| dir.prefix == "/s")),
    ("--log-level debug", |o| o.logging.log_level == LogLevel::Debug),
    ("--log-format json", |o| o.logging.log_format == LogFormat::Json),
    ("--no-access-log", |o| !o.logging.access_log),
    ("--access-log=false", |o| !o.logging.access_log),
    ("--use-colors", |o| o.logging.use_colors == Some(true)),
    ("--no-use-colors", |o| o.logging.use_colors == Some(false)),
    ("--metrics 127.0.0.1:9000", |o| o.logging.metrics.is_some()),
    ("--no-proxy-headers", |o| !o.proxies.proxy_headers),
    ("--proxy-headers=false", |o| !o.proxies.proxy_headers),
    ("--forwarded-header forwarded", |o| o.proxies.forwarded_header == ForwardedHeader::Forwarded),
    ("--forwarded-allow-ips 10.0.0.0/8,unix", |o| {
        o.proxies.forwarded_allow_ips.to_string() == "10.0.0.0/8,unix"
    }),
    ("--proxy-protocol", |o| settings::prelude(o).is_some()),
    ("--proxy-protocol --timeout-proxy-protocol 9", |o| {
        settings::prelude(o).is_some_and(|prelude| is(prelude.bound, 9))
    }),
    ("--limit-concurrency 9", |o| http(o).in_flight == Some(9)),
    ("--retry-after 9", |o| is(http(o).retry_after, 9)),
    ("--limit-connections 9", |o| http(o).connections == 9),
    ("--limit-requests-per-connection 9", |o| http(o).requests == Some(9)),
    ("--limit-head-bytes 9KiB", |o| http(o).head_bytes == 9 * 1024),
    ("--limit-head-fields 9", |o| http(o).head_fields == 9),
    ("--limit-drain 9", |o| http(o).drain == 9),
    ("--write-buffer 9", |o| http(o).write_buffer == 9),
    ("--unsent 9", |o| http(o).unsent == Some(9)),
    ("--unsent 0", |o| http(o).unsent.is_none()),
    ("--min-body-rate 9", |o| http(o).body_rate == 9),
    ("--min-write-rate 9", |o| http(o).write_rate == 9),
    ("--awake-connections 9", |o| http(o).awake == 9),
    ("--half-close", |o| http(o).half_close),
    ("--timeout-startup 9", |o| is(life(o).startup, 9)),
    ("--timeout-first-byte 9", |o| is(http(o).first_byte, 9)),
    ("--timeout-head 9", |o| is(http(o).head, 9)),
    ("--timeout-keep-alive 9", |o| is(http(o).keep_alive, 9)),
    ("--park-after 9", |o| is(http(o).park, 9)),
    ("--timeout-body 9", |o| is(http(o).body, 9)),
    ("--timeout-write 9", |o| is(http(o).write, 9)),
    ("--timeout-after-disconnect 9", |o| is(http(o).after_disconnect, 9)),
    ("--timeout-linger 9", |o| is(http(o).linger, 9)),
    ("--quiet-shutdown 9", |o| is(life(o).quiet, 9)),
    ("--timeout-graceful-shutdown 9", |o| is(http(o).graceful, 9)),
    ("--timeout-shutdown 9", |o| is(life(o).shutdown, 9)),
    ("--timeout-leave 9", |o| is(life(o).leave, 9)),
    ("--ws-max-size 9", |o| ws(o).limits.message == 9),
    ("--ws-max-queue 9", |o| ws(o).queue == 9),
    ("--ws-max-queue-bytes 9", |o| ws(o).queue_bytes == 9),
    ("--ws-write-buffer 9", |o| ws(o).write_buffer == 9),
    ("--ws-ping-interval 9", |o| ws(o).patience.ping_interval == Some(Duration::from_secs(9))),
    ("--ws-ping-interval never", |o| ws(o).patience.ping_interval.is_none()),
    ("--ws-ping-timeout 9", |o| ws(o).patience.ping_timeout == Some(Duration::from_secs(9))),
    ("--ws-per-message-deflate", |o| ws(o).compression.is_some()),
    ("--ws-timeout-handshake 9", |o| is(ws(o).handshake, 9)),
    ("--ws-timeout-write 9", |o| is(ws(o).write, 9)),
    ("--ws-timeout-close 9", |o| is(ws(o).patience.close, 9)),
    ("--ws-timeout-linger 9", |o| is(ws(o).linger, 9)),
    ("--ws-drain 9", |o| is(ws(o).drain, 9)),
    ("--reload", |o| o.development.reload),
    ("--reload-dir src", |o| o.development.reload_dir == [Path::new("src")]),
    ("--reload-include *.html", |o| o.development.reload_include[0].to_string() == "*.html"),
    ("--reload-exclude *.rs", |o| o.development.reload_exclude[0].to_string() == "*.rs"),
    ("--reload-delay 9", |o| is(o.development.reload_delay, 9)),
    ("--reload-command true", |o| o.development.reload_command.is_some()),
];

#[test]
fn every_option_that_help_names_arrives_where_it_is_used() {
    let options = Options::command();
    let names = options.get_arguments().filter_map(clap::Arg::get_long);
    for name in names.filter(|name| !matches!(*name, "config" | "help" | "version")) {
        let row = TABLE
            .iter()
            .any(|(words, _)| words.split([' ', '=']).any(|word| word == format!("--{name}")));
        assert!(row, "--{name} has no row in the table: what does it change?");
    }
    let default = parse("");
    for (words, arrives) in TABLE {
        assert!(!arrives(&default), "{words}: it is so without that option");
        assert!(arrives(&parse(words)), "{words}: it changes nothing");
    }
}

#[test]
fn each_default_of_the_parts_is_the_command_lines_as_well() {
    let (ours, theirs) = (life(&parse("")), lifespan::Config::default());
    let times = |config: &lifespan::Config| {
        let lifespan::Config { mode, startup, quiet, shutdown, leave, .. } = config.clone();
        format!("{mode:?} {startup:?} {quiet:?} {shutdown:?} {leave:?}")
    };
    assert_eq!(times(&ours), times(&theirs));
    assert_eq!(ws(&parse("")), websockets::Config::default());
    assert_eq!(format!("{:?}", h2(&parse(""))), format!("{:?}", Http2::default()));
    assert!(settings::tls(&parse("")).is_none(), "there is TLS without a certificate");
    let encrypted = tls(&parse("--ssl-certfile a.pem --ssl-keyfile b.pem"));
    assert_eq!(format!("{encrypted:?}"), format!("{:?}", TlsConfig::new("a.pem", "b.pem")));
    let all = |config: &http_server::Config| {
        let c = config;
        let times = (
            c.first_byte,
            c.head,
            c.keep_alive,
            c.park,
            c.body,
            c.write,
            c.after_disconnect,
            c.linger,
            c.graceful,
        );
        let sizes = (
            c.body_rate,
            c.write_rate,
            c.head_bytes,
            c.head_fields,
            c.drain,
            c.write_buffer,
            c.unsent,
        );
        let counts = (c.connections, c.awake, c.in_flight, c.retry_after, c.requests);
        format!(
            "{times:?} {sizes:?} {counts:?} {} {} {:?} {:?}",
            c.half_close, c.date, c.server, c.root_path
        )
    };
    assert_eq!(all(&ours.http), all(&theirs.http));
}

fn file(text: &str) -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    file
}

#[test]
fn the_command_line_wins_over_the_environment_and_that_over_the_file() {
    let file = file(
        "port = 1\nlog-level = \"debug\"\ntimeout_keep_alive = 7\nheader = [\"a:1\", \"b:2\"]\naccess-log = false\n",
    );
    let config = format!("--config {}", file.path().display());
    let port = |words: &str, environment: &[(&str, &str)]| {
        let words = format!("{words} {config}");
        with(&words, environment)
            .map(|options| options.listening.port)
            .map_err(|refusal| refusal.text)
    };
    assert_eq!(port("--port 3", &[("TIDEPOOL_PORT", "2")]), Ok(3));
    assert_eq!(port("", &[("TIDEPOOL_PORT", "2")]), Ok(2));
    assert_eq!(port("", &[]), Ok(1));
    assert_eq!(parse("").listening.port, 8000);
    let options = parse(&config);
    assert_eq!(options.logging.log_level, LogLevel::Debug);
    assert_eq!(options.times.timeout_keep_alive, Duration::from_secs(7));
    assert_eq!(options.application.header.len(), 2);
    assert!(!options.logging.access_log);
    assert!(parse(&format!("{config} --access-log")).logging.access_log);
    // The file may be named by the environment.
    let path = file.path().display().to_string();
    let named = with("", &[("TIDEPOOL_CONFIG", &path)]).unwrap();
    assert_eq!(named.listening.port, 1);
}

#[test]
fn what_belongs_together_may_come_from_different_places() {
    let file = file("ssl-certfile = \"crab.pem\"\nssl-keyfile = \"key.pem\"\n");
    let config = format!("--config {}", file.path().display());
    let secret = ("TIDEPOOL_SSL_KEYFILE_PASSWORD", "low tide");
    let options = with(&config, &[secret]).unwrap_or_else(|refusal| panic!("{}", refusal.text));
    assert_eq!(tls(&options).key, Path::new("key.pem"));
    assert_eq!(tls(&options).password, Some("low tide".into()));
    // Nobody is to read it over a shoulder, or in a log.
    let Err(help) = with(&format!("{config} --help"), &[secret]) else { panic!() };
    assert!(!help.text.contains("low tide"), "{}", help.text);
    assert!(!format!("{options:?}").contains("low tide"));
}

#[test]
fn web_concurrency_is_the_number_of_workers_unless_ours_says_otherwise() {
    let file = file("workers = 2\n");
    let config = format!("--config {}", file.path().display());
    let workers = |words: &str, environment: &[(&str, &str)]| {
        with(words, environment).unwrap().processes.workers
    };
    assert_eq!(workers("", &[("WEB_CONCURRENCY", "4")]), 4);
    assert_eq!(workers(&config, &[("WEB_CONCURRENCY", "4")]), 4);
    assert_eq!(workers("", &[("WEB_CONCURRENCY", "4"), ("TIDEPOOL_WORKERS", "5")]), 5);
    assert_eq!(workers("--workers 6", &[("WEB_CONCURRENCY", "4")]), 6);
    assert_eq!(workers("", &[("WEB_CONCURRENCY", "")]), 1);
    let trusted = with("", &[("FORWARDED_ALLOW_IPS", "*")]).unwrap().proxies.forwarded_allow_ips;
    assert_eq!(trusted.to_string(), "*");
}

#[test]
fn the_nearest_word_says_where_to_listen() {
    let file = file("uds = \"/tmp/crab\"\n");
    let config = format!("--config {}", file.path().display());
    assert!(parse(&config).listening.uds.is_some());
    assert!(parse(&format!("{config} --port 1")).listening.uds.is_none());
    assert!(with(&config, &[("TIDEPOOL_FD", "3")]).unwrap().listening.uds.is_none());
    assert!(with("--uds /tmp/a --fd 3", &[]).is_err());
}

#[test]
fn what_is_wrong_is_said_with_its_place_and_what_would_be_right() {
    let path = |file: &tempfile::NamedTempFile| format!("--config {}", file.path().display());
    let bad = file("port = \"many\"\n");
    let unknown = file("prt = 8000\n");
    let no_toml = file("port 8000\n");
    let cases = [
        ("--port many".to_owned(), vec![], vec!["many", "--port"]),
        ("--prot 8000".to_owned(), vec![], vec!["--prot", "--port"]),
        ("--timeout-head soon".to_owned(), vec![], vec!["soon", "500ms"]),
        ("--limit-drain lots".to_owned(), vec![], vec!["lots", "64KiB"]),
        ("--static-dir public".to_owned(), vec![], vec!["/static=public"]),
        ("--header crab".to_owned(), vec![], vec!["NAME:VALUE"]),
        ("--forwarded-allow-ips proxy".to_owned(), vec![], vec!["proxy", "192.0.2.0/24"]),
        ("--http 3".to_owned(), vec![], vec!["auto", "h1", "h2"]),
        ("--http2-limit-resets 200".to_owned(), vec![], vec!["200/20"]),
        ("--http2-max-concurrent-streams 0".to_owned(), vec![], vec!["0"]),
        ("--ssl-keyfile k.pem".to_owned(), vec![], vec!["--ssl-keyfile", "--ssl-certfile"]),
        ("--ssl-cert-reqs 2".to_owned(), vec![], vec!["--ssl-cert-reqs", "--ssl-certfile"]),
        (
            "--ssl-certfile c.pem --ssl-cert-reqs required".to_owned(),
            vec![],
            vec!["--ssl-ca-certs"],
        ),
        (
            "--ssl-certfile c.pem --ssl-ca-certs ca.pem".to_owned(),
            vec![],
            vec!["--ssl-cert-reqs required"],
        ),
        ("--workers 0".to_owned(), vec![], vec!["--workers", "1"]),
        ("--log-level loud".to_owned(), vec![], vec!["loud", "info"]),
        (
            String::new(),
            vec![("TIDEPOOL_PORT", "many")],
            vec!["TIDEPOOL_PORT", "many", "a whole number from 0 to 65535"],
        ),
        (String::new(), vec![("WEB_CONCURRENCY", "many")], vec!["WEB_CONCURRENCY", "many"]),
        (path(&bad), vec![], vec![bad.path().to_str().unwrap(), "port", "many"]),
        (path(&unknown), vec![], vec!["prt: there is no such option: is it port?"]),
        (path(&no_toml), vec![], vec!["is not TOML", "port 8000"]),
        ("--config /nowhere/tide.toml".to_owned(), vec![], vec!["/nowhere/tide.toml", "--config"]),
    ];
    for (words, environment, expected) in cases {
        let Err(refusal) = with(&words, &environment) else { panic!("{words} was accepted") };
        assert_eq!(refusal.code, 2, "{words}");
        for expected in expected {
            assert!(
                refusal.text.contains(expected),
                "{words}: {expected:?} is not in {}",
                refusal.text
            );
        }
    }
}

#[test]
fn help_is_for_standard_output_in_groups_and_is_no_failure() {
    let Err(help) = with("--help", &[]) else { panic!("it was no question") };
    assert_eq!(help.code, 0);
    let groups = [
        "Listening:",
        "Processes and threads:",
        "Behind a proxy:",
        "Limits:",
        "Times:",
        "Exit codes:",
    ];
    for group in groups {
        assert!(help.text.contains(group), "{group} is not in {}", help.text);
    }
    // What a file has set is shown as what is so unless it is said otherwise.
    let file = file("port = 4711\n");
    let Err(help) = with(&format!("--config {} --help", file.path().display()), &[]) else {
        panic!()
    };
    let words: Vec<_> = help.text.split_whitespace().collect();
    assert!(words.windows(2).any(|two| two == ["[default:", "4711]"]), "{}", help.text);
    assert!(Options::try_parse_from(["tidepool"]).is_ok());
}
