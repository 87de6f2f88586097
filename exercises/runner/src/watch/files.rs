//! Tells when the exercises' files are saved.

use std::path::Path;
use std::sync::mpsc::Sender;
use std::time::Duration;

use anyhow::{Context, Result};
use notify_debouncer_full::notify::event::{AccessKind, AccessMode};
use notify_debouncer_full::notify::{
    Config, EventKind, PollWatcher, RecommendedWatcher, RecursiveMode, Watcher,
};
use notify_debouncer_full::{DebounceEventResult, Debouncer, NoCache, new_debouncer_opt};

use super::app::Input;

/// Events that come closer together than this are one.
/// It can be short, because a trial that began too early is cancelled by the next save.
const TOGETHER: Duration = Duration::from_millis(20);

/// How often to look, where the operating system does not tell.
const POLL: Duration = Duration::from_millis(300);

/// A watch on the exercises' files, which ends when this is dropped.
pub enum Files {
    /// The operating system tells.
    Told(Debouncer<RecommendedWatcher, NoCache>),
    /// We look now and then.
    Polled(Debouncer<PollWatcher, NoCache>),
}

/// Watches everything under `folder`. What was saved is sent to `inputs`.
/// Where the operating system cannot tell, or `poll` is set, it is looked at now and then.
///
/// # Errors
///
/// When the folder cannot be watched in either way.
pub fn watch(folder: &Path, poll: bool, inputs: &Sender<Input>) -> Result<Files> {
    if !poll && let Ok(told) = start(folder, Config::default(), inputs.clone()) {
        return Ok(Files::Told(told));
    }
    // Their times would tell only saves that are a second apart.
    let config = Config::default().with_poll_interval(POLL).with_compare_contents(true);
    start(folder, config, inputs.clone())
        .map(Files::Polled)
        .with_context(|| format!("{} cannot be watched", folder.display()))
}

fn start<T: Watcher>(
    folder: &Path,
    config: Config,
    inputs: Sender<Input>,
) -> notify_debouncer_full::notify::Result<Debouncer<T, NoCache>> {
    let told = move |result: DebounceEventResult| {
        // An error tells of a file that is gone already; the next save is told again.
        let Ok(events) = result else { return };
        let paths: Vec<_> = events
            .into_iter()
            .filter(|event| changes(event.kind))
            .flat_map(|event| event.event.paths)
            .collect();
        if !paths.is_empty() {
            // Nobody listens any more when the program ends.
            let _ = inputs.send(Input::Saved(paths));
        }
    };
    let mut debouncer = new_debouncer_opt::<_, T, _>(TOGETHER, None, told, NoCache::new(), config)?;
    debouncer.watch(folder, RecursiveMode::Recursive)?;
    Ok(debouncer)
}

/// Compilers read the files too; only writing them counts.
fn changes(kind: EventKind) -> bool {
    match kind {
        EventKind::Access(kind) => kind == AccessKind::Close(AccessMode::Write),
        _ => true,
    }
}
