//! Watching the sources.

use std::path::Path;
use std::time::Duration;

use notify_debouncer_full::notify::{EventKind, RecommendedWatcher, RecursiveMode};
use notify_debouncer_full::{
    DebounceEventResult, DebouncedEvent, Debouncer, RecommendedCache, new_debouncer,
};

/// The folders whose files make the book.
const SOURCES: &[&str] = &["book/src", "book/theme", "chapters", "exercises", "solutions"];

/// How long the files must be quiet: an editor writes several times when it saves once.
const QUIET: Duration = Duration::from_millis(150);

/// A watcher; it stops when it is dropped.
pub type Watcher = Debouncer<RecommendedWatcher, RecommendedCache>;

/// Calls `changed` after each change to the book's sources, on a thread of its own.
///
/// # Errors
///
/// When the system cannot watch the folders.
pub fn watch(
    root: &Path,
    mut changed: impl FnMut() + Send + 'static,
) -> Result<Watcher, notify_debouncer_full::notify::Error> {
    let top = root.to_path_buf();
    let mut watcher = new_debouncer(QUIET, None, move |result: DebounceEventResult| {
        if result.is_ok_and(|events| events.iter().any(|event| matters(&top, event))) {
            changed();
        }
    })?;
    for folder in SOURCES {
        let folder = root.join(folder);
        if folder.is_dir() {
            watcher.watch(folder, RecursiveMode::Recursive)?;
        }
    }
    // For book.toml. An editor may put a new file in its place, so its folder is watched.
    watcher.watch(root.join("book"), RecursiveMode::NonRecursive)?;
    Ok(watcher)
}

fn matters(root: &Path, event: &DebouncedEvent) -> bool {
    // Reading a file is an event too, and every build reads them all.
    !matches!(event.kind, EventKind::Access(_))
        && event.paths.iter().any(|path| is_source(root, path))
}

/// Whether the book is made from this file.
fn is_source(root: &Path, path: &Path) -> bool {
    let Ok(path) = path.strip_prefix(root) else {
        return false;
    };
    let hidden = path.components().any(|part| {
        let part = part.as_os_str().to_string_lossy();
        part.starts_with('.') || part.ends_with('~') || part == "target" || part == "__pycache__"
    });
    let source = path == "book/book.toml"
        || SOURCES
            .iter()
            .any(|folder| path.strip_prefix(folder).is_ok_and(|rest| rest != Path::new("")));
    source && !hidden
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::sync::mpsc;
    use std::time::Instant;

    use notify_debouncer_full::notify::Event;
    use notify_debouncer_full::notify::event::{AccessKind, ModifyKind};

    use super::*;
    use crate::fixture::{Fixture, PROSE};

    #[test]
    fn the_books_sources_matter_and_nothing_else() {
        let root = Path::new("/tidepool");
        let source = |path: &str| is_source(root, &root.join(path));
        assert!(source("book/src/01-waiting.md"));
        assert!(source("book/theme/tidepool.css"));
        assert!(source("book/book.toml"));
        assert!(source("chapters/01-waiting/examples/tea.rs"));
        assert!(!source("book/dist/index.html"));
        assert!(!source("book/.dist-x/next/index.html"));
        assert!(!source("book/src/.01-waiting.md.swp"));
        assert!(!source("chapters/x/target/debug/y"));
        assert!(!source("Cargo.lock"));
    }

    #[test]
    fn a_change_to_a_source_is_noticed() {
        let fixture = Fixture::new();
        let root = fs::canonicalize(fixture.root()).unwrap();
        let (sender, changes) = mpsc::channel();
        let _watcher = watch(&root, move || sender.send(()).unwrap()).unwrap();
        fixture.write(PROSE, "# Waiting\n\nMore tea.\n");
        changes.recv().unwrap();
    }

    #[test]
    fn reading_a_source_is_no_change() {
        let root = Path::new("/tidepool");
        let event = |kind| {
            let event = Event::new(kind).add_path(root.join(PROSE));
            DebouncedEvent::new(event, Instant::now())
        };
        assert!(!matters(root, &event(EventKind::Access(AccessKind::Any))));
        assert!(matters(root, &event(EventKind::Modify(ModifyKind::Any))));
    }
}
