//! What is said at the start: where, with what, and what somebody should know who meets this server.

use crate::cli::{CertReqs, Http, Options};
use crate::listen::Bound;
use crate::settings;

/// Into the log.
pub(crate) fn say(lines: &[String]) {
    for line in lines {
        tracing::info!("{line}");
    }
}

/// A line each.
pub(crate) fn lines(options: &Options, bound: &[Bound]) -> Vec<String> {
    let processes = &options.processes;
    let threads = settings::threads(options);
    let plural =
        |count: usize, one: &str| format!("{count} {one}{}", if count == 1 { "" } else { "s" });
    let encrypted = options.tls.ssl_certfile.is_some();
    let addresses: Vec<_> = bound.iter().map(|bound| bound.address(encrypted)).collect();
    let mut lines = vec![format!(
        "Tidepool {} on {} (Press CTRL+C to quit)",
        env!("CARGO_PKG_VERSION"),
        addresses.join(", ")
    )];
    let workers = match processes.workers {
        1 => "this process".to_owned(),
        workers => plural(workers.into(), "worker process").replace("processs", "processes"),
    };
    lines.push(format!(
        "{workers}, {}{}",
        plural(threads, "thread"),
        if processes.workers == 1 { "" } else { " each" }
    ));
    lines.push(protocols(options));
    if let Some(address) = options.logging.metrics {
        lines.push(format!("figures on http://{address}/metrics"));
    }
    for folder in &options.application.static_dir {
        lines.push(format!("files of {} under {}/", folder.folder.display(), folder.prefix));
    }
    let proxies = &options.proxies;
    if proxies.proxy_headers || proxies.proxy_protocol {
        lines.push(format!("proxies whose word counts: {}", proxies.forwarded_allow_ips));
    }
    lines
}

/// What is spoken here.
fn protocols(options: &Options) -> String {
    let http = match options.listening.http {
        Http::Auto => "HTTP/1.1 and HTTP/2",
        Http::H1 => "HTTP/1.1",
        Http::H2 => "HTTP/2",
    };
    let tls = if options.tls.ssl_certfile.is_none() {
        ", not encrypted"
    } else {
        match options.tls.ssl_cert_reqs {
            CertReqs::None => " over TLS",
            CertReqs::Optional => " over TLS, for clients with a certificate and without",
            CertReqs::Required => " over TLS, for clients with a certificate",
        }
    };
    format!("{http}{tls}")
}
