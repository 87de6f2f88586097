//! Where and when something was measured.

use std::fs;
use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

/// The processor, its cores and the operating system; no name of a machine.
pub fn describe() -> String {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let cores = match cores {
        1 => String::from("1 core"),
        n => format!("{n} cores"),
    };
    let processor = processor().unwrap_or_else(|| std::env::consts::ARCH.to_owned());
    let system = match std::env::consts::OS {
        "linux" => "Linux",
        "macos" => "macOS",
        "windows" => "Windows",
        other => other,
    };
    format!("{processor}, {cores}, {system}")
}

/// The processor's name as the system gives it.
fn processor() -> Option<String> {
    let name = if cfg!(target_os = "linux") {
        model_name(&fs::read_to_string("/proc/cpuinfo").ok()?)?.to_owned()
    } else if cfg!(target_os = "macos") {
        let output =
            Command::new("sysctl").args(["-n", "machdep.cpu.brand_string"]).output().ok()?;
        String::from_utf8(output.stdout).ok()?
    } else {
        return None;
    };
    let name = name.split_whitespace().collect::<Vec<_>>().join(" ");
    (!name.is_empty()).then_some(name)
}

/// The first `model name` in the text of `/proc/cpuinfo`.
fn model_name(cpuinfo: &str) -> Option<&str> {
    cpuinfo
        .lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(key, _)| key.trim() == "model name")
        .map(|(_, value)| value.trim())
}

/// Today, in UTC, as `2026-11-21`.
pub fn today() -> String {
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    date(seconds / 86_400)
}

/// The date that is `days` after 1970-01-01, by the Gregorian calendar.
fn date(mut days: u64) -> String {
    let leap = |year: u64| {
        year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
    };
    let mut year = 1970;
    while days >= 365 + u64::from(leap(year)) {
        days -= 365 + u64::from(leap(year));
        year += 1;
    }
    let february = 28 + u64::from(leap(year));
    let mut month = 1;
    for length in [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] {
        if days < length {
            break;
        }
        days -= length;
        month += 1;
    }
    format!("{year}-{month:02}-{:02}", days + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_become_dates() {
        assert_eq!(date(0), "1970-01-01");
        assert_eq!(date(59), "1970-03-01");
        assert_eq!(date(11_016), "2000-02-29");
        assert_eq!(date(11_322), "2000-12-31");
        assert_eq!(date(20_778), "2026-11-21");
    }

    #[test]
    fn the_processor_has_its_name_from_the_system() {
        let cpuinfo = "processor\t: 0\nmodel name\t: Abacus  9\nflags\t: x\n";
        assert_eq!(model_name(cpuinfo), Some("Abacus  9"));
        assert_eq!(model_name("flags : x\n"), None);
        assert!(describe().contains("core"));
    }
}
