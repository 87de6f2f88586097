//! Takes the terminal over and gives it back: at the end, after a panic, and on a signal.

use std::io::{self, Stdout, Write as _};
use std::panic;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result};
use crossterm::event::{self, Event};
use crossterm::terminal::{
    EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode,
};
use crossterm::{cursor, execute};
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;

use super::app::Input;
use crate::process;

/// Whether the terminal is ours.
static TAKEN: AtomicBool = AtomicBool::new(false);

/// Who reads the keyboard: we, or an editor that was started.
#[derive(Default)]
struct Keyboard {
    /// Whether the editor wants it.
    lent: AtomicBool,
    /// Held while it is read.
    reading: Mutex<()>,
}

/// The terminal as long as it is ours.
pub struct Screen {
    /// What to draw on.
    pub terminal: Terminal<CrosstermBackend<Stdout>>,
    keyboard: Arc<Keyboard>,
}

impl Screen {
    /// Takes the terminal over. Keys are sent to `inputs`.
    ///
    /// # Errors
    ///
    /// When the terminal does not do what it is asked.
    pub fn take(inputs: Sender<Input>) -> Result<Self> {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            give_back();
            process::stop_everything();
            before(info);
            if thread::current().name() != Some("main") {
                // Without that thread, nothing would ever happen again.
                std::process::exit(101);
            }
        }));
        take_over().context("the terminal cannot be taken over; `--plain` does without")?;
        let terminal = Terminal::new(CrosstermBackend::new(io::stdout()))?;
        let keyboard = Arc::new(Keyboard::default());
        let ours = Arc::clone(&keyboard);
        thread::spawn(move || read_keys(&ours, &inputs));
        Ok(Self { terminal, keyboard })
    }

    /// Gives the terminal to another program for as long as `other` runs.
    ///
    /// # Errors
    ///
    /// When the terminal cannot be taken back.
    pub fn lend<T>(&mut self, other: impl FnOnce() -> T) -> Result<T> {
        self.keyboard.lent.store(true, Ordering::SeqCst);
        let reading = self.keyboard.reading.lock().unwrap_or_else(PoisonError::into_inner);
        give_back();
        let value = other();
        take_over().context("the terminal cannot be taken back")?;
        drop(reading);
        self.keyboard.lent.store(false, Ordering::SeqCst);
        // The other program has drawn over what we remember.
        self.terminal = Terminal::new(CrosstermBackend::new(io::stdout()))?;
        Ok(value)
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        give_back();
    }
}

fn take_over() -> io::Result<()> {
    TAKEN.store(true, Ordering::SeqCst);
    enable_raw_mode()?;
    execute!(io::stdout(), EnterAlternateScreen, cursor::Hide)
}

/// Gives the terminal back, if it is ours. It may be called at any time and from any thread.
pub fn give_back() {
    if TAKEN.swap(false, Ordering::SeqCst) {
        // There is nobody to tell, and nothing better to do than to go on.
        let _ = disable_raw_mode();
        let _ = execute!(io::stdout(), LeaveAlternateScreen, cursor::Show);
        let _ = io::stdout().flush();
    }
}

/// Reads keys until the terminal is gone or nobody listens.
fn read_keys(keyboard: &Keyboard, inputs: &Sender<Input>) {
    const GLANCE: Duration = Duration::from_millis(50);
    loop {
        if keyboard.lent.load(Ordering::SeqCst) {
            thread::sleep(GLANCE);
            continue;
        }
        let reading = keyboard.reading.lock().unwrap_or_else(PoisonError::into_inner);
        let read = event::poll(GLANCE).and_then(|ready| ready.then(event::read).transpose());
        drop(reading);
        let input = match read {
            Ok(Some(Event::Key(key))) => Input::Key(key),
            Ok(Some(Event::Resize(..))) => Input::Resized,
            Ok(_) => continue,
            Err(_) => Input::NoKeyboard,
        };
        let gone = matches!(input, Input::NoKeyboard);
        if inputs.send(input).is_err() || gone {
            return;
        }
    }
}
