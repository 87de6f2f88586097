//! The server's own log, by `tracing`: lines for people in Uvicorn's shape, or an object a line for programs.
//!
//! What it says about itself goes to standard error, and the requests ([`ACCESS`]) to standard output.
//! A line that cannot be written, as the disk is full, is lost, and the server goes on.
//!
//! It leaves out files and their rotation: whoever starts the server knows where its output is to go.

mod access;
mod format;

use std::io::{self, IsTerminal, Write};

use tracing::level_filters::LevelFilter;
use tracing::{Level, Metadata};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::util::SubscriberInitExt;
use wsgi::ErrorLog;

use crate::cli::{LogFormat, LogLevel, Logging};

pub use access::Access;
use format::{Json, Text};

/// The target of the lines about requests.
pub const ACCESS: &str = "tidepool::access";

/// From now on `tracing` writes as the options say. A subscriber that the program has set before stays.
pub fn install(options: &Logging) {
    let level = match options.log_level {
        LogLevel::Error => Level::ERROR,
        LogLevel::Warning => Level::WARN,
        LogLevel::Info => Level::INFO,
        LogLevel::Debug => Level::DEBUG,
        LogLevel::Trace => Level::TRACE,
    };
    let builder = tracing_subscriber::fmt()
        .with_max_level(LevelFilter::from_level(level))
        .with_writer(Outputs)
        // What cannot be written cannot be complained about either.
        .log_internal_errors(false);
    // It fails only where there is a subscriber already.
    let _ = match options.log_format {
        LogFormat::Text => {
            let on_terminal = io::stderr().is_terminal() && io::stdout().is_terminal();
            let colours = options.use_colors.unwrap_or(on_terminal);
            builder.with_ansi(colours).event_format(Text).finish().try_init()
        }
        LogFormat::Json => builder.with_ansi(false).event_format(Json).finish().try_init(),
    };
}

/// A log for the parts below, which know nothing of `tracing`: each line is an error.
pub fn errors() -> ErrorLog {
    ErrorLog::new(Lines)
}

struct Lines;

impl Write for Lines {
    /// It gets whole lines.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        tracing::error!("{}", String::from_utf8_lossy(bytes).trim_end());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Standard output for requests, standard error for the rest.
struct Outputs;

impl<'a> MakeWriter<'a> for Outputs {
    type Writer = Output;

    fn make_writer(&'a self) -> Output {
        Output::Error
    }

    fn make_writer_for(&'a self, metadata: &Metadata<'_>) -> Output {
        if metadata.target() == ACCESS { Output::Standard } else { Output::Error }
    }
}

enum Output {
    Standard,
    Error,
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // A whole line in one call, so that the lines of several processes do not mix.
        match self {
            Self::Standard => {
                let mut out = io::stdout().lock();
                out.write_all(bytes)?;
                out.flush()?;
            }
            Self::Error => io::stderr().lock().write_all(bytes)?,
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
