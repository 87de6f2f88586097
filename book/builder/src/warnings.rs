//! What mdBook warns about while it renders, caught so that it can be reported with everything else.

use std::fmt::{self, Write as _};
use std::sync::{Arc, Mutex, PoisonError};

use tracing::field::{Field, Visit};
use tracing::span;
use tracing::{Event, Level, Metadata, Subscriber};

/// Runs `work` and returns its warnings and errors besides its result.
pub fn caught<T>(work: impl FnOnce() -> T) -> (T, Vec<String>) {
    let caught = Arc::new(Mutex::new(Vec::new()));
    let collector = Collector(Arc::clone(&caught));
    let result = tracing::subscriber::with_default(collector, work);
    let warnings = std::mem::take(&mut *caught.lock().unwrap_or_else(PoisonError::into_inner));
    (result, warnings)
}

struct Collector(Arc<Mutex<Vec<String>>>);

impl Subscriber for Collector {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() <= Level::WARN
    }

    fn event(&self, event: &Event<'_>) {
        let mut message = Message(String::new());
        event.record(&mut message);
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(message.0);
    }

    // Spans are of no interest here.
    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }
    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}
    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}
    fn enter(&self, _: &span::Id) {}
    fn exit(&self, _: &span::Id) {}
}

struct Message(String);

impl Visit for Message {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "message" {
            let _ = write!(self.0, "{value:?}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn warnings_are_caught_and_lesser_events_are_not() {
        let (result, warnings) = caught(|| {
            tracing::info!("brewing");
            tracing::warn!("no {}", "milk");
            3
        });
        assert_eq!(result, 3);
        assert_eq!(warnings, ["no milk"]);
    }
}
