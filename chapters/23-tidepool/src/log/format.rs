//! A line for people, `INFO:     127.0.0.1:50000 - "GET / HTTP/1.1" 200 OK`, and one for programs.

use std::borrow::Cow;
use std::fmt::{self, Write};

use serde_json::{Map, Value};
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::{FormatTime, SystemTime};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

use super::ACCESS;

/// Uvicorn's shape: the level, and the message at the tenth column. An application's own events have their fields behind it.
pub(super) struct Text;

impl<S, N> FormatEvent<S, N> for Text
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        _: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let (name, colour) = match *event.metadata().level() {
            Level::ERROR => ("ERROR", 31),
            Level::WARN => ("WARNING", 33),
            Level::INFO => ("INFO", 32),
            Level::DEBUG => ("DEBUG", 36),
            Level::TRACE => ("TRACE", 34),
        };
        let mut line = Line::default();
        event.record(&mut line);
        if writer.has_ansi_escapes() {
            write!(writer, "\x1b[{colour}m{name}\x1b[0m:")?;
        } else {
            write!(writer, "{name}:")?;
        }
        write!(writer, "{:1$}{2}", "", 9 - name.len(), printable(&line.message))?;
        if event.metadata().target() != ACCESS {
            writer.write_str(&printable(&line.fields))?;
        }
        writer.write_char('\n')
    }
}

/// An object with the time, the level, where it comes from, the process, and the event's fields, of which one is the message.
pub(super) struct Json;

impl<S, N> FormatEvent<S, N> for Json
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        _: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let mut time = String::new();
        SystemTime.format_time(&mut Writer::new(&mut time))?;
        let mut object = Object::default();
        let mut put = |name: &str, value: Value| drop(object.0.insert(name.to_owned(), value));
        put("timestamp", time.into());
        put("level", event.metadata().level().as_str().into());
        put("logger", event.metadata().target().into());
        put("pid", std::process::id().into());
        event.record(&mut object);
        writeln!(writer, "{}", Value::Object(object.0))
    }
}

#[derive(Default)]
struct Object(Map<String, Value>);

impl Object {
    fn put(&mut self, field: &Field, value: impl Into<Value>) {
        self.0.insert(field.name().to_owned(), value.into());
    }
}

impl Visit for Object {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.put(field, format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, value);
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.put(field, value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, value);
    }
}

/// The same text with its control characters escaped: so nobody writes lines of their own, or colours.
fn printable(text: &str) -> Cow<'_, str> {
    if !text.contains(char::is_control) {
        return text.into();
    }
    let mut escaped = String::with_capacity(text.len() + 8);
    for character in text.chars() {
        if character.is_control() {
            escaped.extend(character.escape_default());
        } else {
            escaped.push(character);
        }
    }
    escaped.into()
}

#[derive(Default)]
struct Line {
    message: String,
    fields: String,
}

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        // Writing to a string cannot fail.
        let _ = match field.name() {
            "message" => write!(self.message, "{value:?}"),
            name => write!(self.fields, " {name}={value:?}"),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_escaped_and_nothing_else() {
        assert_eq!(printable("GET /crabs ü"), "GET /crabs ü");
        assert_eq!(printable("a\r\nINFO: b\x1b[31m\u{85}"), "a\\r\\nINFO: b\\u{1b}[31m\\u{85}");
    }
}
