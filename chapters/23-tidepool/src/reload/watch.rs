//! Which changes matter.

use std::env;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use notify_debouncer_full::notify::{RecommendedWatcher, RecursiveMode};
use notify_debouncer_full::{DebounceEventResult, Debouncer, RecommendedCache, new_debouncer};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use super::Pattern;
use crate::cli::Development;

/// What the options name, or the package that was started by `cargo run`, or where we are.
pub(super) fn folders(options: &Development) -> Vec<PathBuf> {
    if !options.reload_dir.is_empty() {
        return options.reload_dir.clone();
    }
    let package = env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
    vec![package.unwrap_or_else(|| PathBuf::from("."))]
}

/// The files that matter.
pub(super) struct Files {
    folders: Vec<PathBuf>,
    include: Vec<Pattern>,
    exclude: Vec<Pattern>,
}

impl Files {
    pub(super) fn new(options: &Development, folders: &[PathBuf]) -> io::Result<Self> {
        let folders =
            folders.iter().map(|folder| folder.canonicalize()).collect::<io::Result<_>>()?;
        Ok(Self {
            folders,
            include: options.reload_include.clone(),
            exclude: options.reload_exclude.clone(),
        })
    }

    pub(super) fn matter(&self, path: &Path) -> bool {
        let inside = self.folders.iter().find_map(|folder| path.strip_prefix(folder).ok());
        let Some(inside) = inside else { return false };
        let matches = |patterns: &[Pattern]| patterns.iter().any(|pattern| pattern.fits(inside));
        matches(&self.include) && !matches(&self.exclude)
    }
}

pub(super) type Watcher = Debouncer<RecommendedWatcher, RecommendedCache>;

/// The name of a file that has changed, for each time that one has, after it was quiet for a while.
pub(super) fn changes(
    options: &Development,
    folders: &[PathBuf],
) -> io::Result<(Watcher, UnboundedReceiver<String>)> {
    let files = Arc::new(Files::new(options, folders)?);
    let (sender, receiver) = unbounded_channel();
    let wanted = Arc::clone(&files);
    let handler = move |result: DebounceEventResult| {
        let Ok(events) = result else { return };
        let writes = events.iter().filter(|event| !event.kind.is_access());
        let mut paths = writes.flat_map(|event| &event.paths);
        if let Some(path) = paths.find(|path| wanted.matter(path)) {
            // Nobody listens any more at the end.
            let _ = sender.send(path.display().to_string());
        }
    };
    let mut watcher =
        new_debouncer(options.reload_delay, None, handler).map_err(io::Error::other)?;
    for folder in &files.folders {
        watcher.watch(folder, RecursiveMode::Recursive).map_err(io::Error::other)?;
    }
    Ok((watcher, receiver))
}
