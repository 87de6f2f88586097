//! A pseudo-terminal with `cargo learn` in it, and what its screen shows.

use std::io::{Read as _, Write as _};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, ExitStatus, MasterPty, PtySize, native_pty_system};

/// How the screen is sized unless a test needs another.
pub const SIZE: (u16, u16) = (40, 100);

/// A program in a pseudo-terminal.
pub struct Terminal {
    master: Box<dyn MasterPty + Send>,
    keyboard: Box<dyn std::io::Write + Send>,
    child: Box<dyn Child + Send + Sync>,
    screen: Arc<Mutex<vt100::Parser>>,
    /// Everything that was printed, escapes and all.
    printed: Arc<Mutex<Vec<u8>>>,
}

impl Terminal {
    /// Runs `program` in a terminal of `SIZE`, from the folder `place`.
    pub fn run(program: &str, arguments: &[&str], place: &Path, set: &[(&str, &str)]) -> Self {
        Self::sized(SIZE, program, arguments, place, set)
    }

    /// The same in a terminal with so many rows and columns.
    pub fn sized(
        (rows, cols): (u16, u16),
        program: &str,
        arguments: &[&str],
        place: &Path,
        set: &[(&str, &str)],
    ) -> Self {
        let size = PtySize { rows, cols, ..PtySize::default() };
        let pair = native_pty_system().openpty(size).unwrap();
        let mut command = CommandBuilder::new(program);
        command.args(arguments);
        command.cwd(place);
        command.env("TERM", "xterm-256color");
        for variable in ["NO_COLOR", "VISUAL", "EDITOR", "TERM_PROGRAM"] {
            command.env_remove(variable);
        }
        for (name, value) in set {
            command.env(name, value);
        }
        let child = pair.slave.spawn_command(command).unwrap();
        drop(pair.slave);

        let screen = Arc::new(Mutex::new(vt100::Parser::new(nonzero(rows), nonzero(cols), 0)));
        let printed = Arc::new(Mutex::new(Vec::new()));
        let mut reader = pair.master.try_clone_reader().unwrap();
        let (on_screen, all) = (Arc::clone(&screen), Arc::clone(&printed));
        thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(count @ 1..) = reader.read(&mut buffer) {
                on_screen.lock().unwrap().process(&buffer[..count]);
                all.lock().unwrap().extend_from_slice(&buffer[..count]);
            }
        });
        let keyboard = pair.master.take_writer().unwrap();
        Self { master: pair.master, keyboard, child, screen, printed }
    }

    /// What the screen shows, without the blanks at the ends of lines.
    pub fn text(&self) -> String {
        let text = self.screen.lock().unwrap().screen().contents();
        text.lines().flat_map(|line| [line.trim_end(), "\n"]).collect()
    }

    /// Whether the other screen is shown, whose content is gone afterwards.
    pub fn on_alternate_screen(&self) -> bool {
        self.screen.lock().unwrap().screen().alternate_screen()
    }

    /// Whether the cursor is hidden.
    pub fn hides_cursor(&self) -> bool {
        self.screen.lock().unwrap().screen().hide_cursor()
    }

    /// Whether some cell is coloured.
    pub fn has_colors(&self) -> bool {
        let parser = self.screen.lock().unwrap();
        let (rows, columns) = parser.screen().size();
        let (rows, columns) = (rows.get(), columns.get());
        let mut cells = (0..rows).flat_map(|row| (0..columns).map(move |column| (row, column)));
        cells.any(|(row, column)| {
            let cell = parser.screen().cell(row, column);
            cell.is_some_and(|cell| cell.fgcolor() != vt100::Color::Default)
        })
    }

    /// Everything that was printed, escapes and all.
    pub fn printed(&self) -> String {
        String::from_utf8_lossy(&self.printed.lock().unwrap()).into_owned()
    }

    /// Waits until the screen shows `text`.
    #[track_caller]
    pub fn shows(&self, text: &str) -> &Self {
        self.shows_all(&[text])
    }

    /// Waits until the screen shows all of these at once.
    #[track_caller]
    pub fn shows_all(&self, texts: &[&str]) -> &Self {
        let caller = std::panic::Location::caller();
        let start = Instant::now();
        loop {
            let text = self.text();
            let missing: Vec<_> = texts.iter().filter(|wanted| !text.contains(**wanted)).collect();
            if missing.is_empty() {
                return self;
            }
            assert!(
                start.elapsed().as_secs() < 120,
                "{caller}: waited in vain for {missing:?}; the screen shows\n{text}"
            );
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// Waits until the screen does not show `text`.
    #[track_caller]
    pub fn hides(&self, text: &str) -> &Self {
        let caller = std::panic::Location::caller();
        eventually(&format!("{text:?} to be gone ({caller})"), || {
            (!self.text().contains(text)).then_some(())
        });
        self
    }

    /// Types.
    pub fn types(&mut self, keys: &str) -> &mut Self {
        self.keyboard.write_all(keys.as_bytes()).unwrap();
        self.keyboard.flush().unwrap();
        self
    }

    /// Gives the terminal another size.
    pub fn resize(&self, rows: u16, cols: u16) {
        self.screen.lock().unwrap().screen_mut().set_size(nonzero(rows), nonzero(cols));
        self.master.resize(PtySize { rows, cols, ..PtySize::default() }).unwrap();
    }

    /// The process's id.
    pub fn id(&self) -> u32 {
        self.child.process_id().unwrap()
    }

    /// Waits for the program's end.
    pub fn end(&mut self) -> ExitStatus {
        let child = &mut self.child;
        eventually("the program to end", || child.try_wait().unwrap())
    }

    /// Fails unless the terminal is as it was before: the ordinary screen, with a cursor, in line mode.
    #[track_caller]
    pub fn is_given_back(&self) {
        eventually("the ordinary screen", || (!self.on_alternate_screen()).then_some(()));
        assert!(!self.hides_cursor(), "the cursor is hidden");
        #[cfg(unix)]
        {
            let modes = self.master.get_termios().expect("a pseudo-terminal has modes");
            let flags = format!("{:?}", modes.local_flags);
            assert!(flags.contains("ICANON") && flags.contains("ECHO"), "raw mode: {flags}");
        }
    }
}

fn nonzero(size: u16) -> std::num::NonZeroU16 {
    std::num::NonZeroU16::new(size).unwrap()
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
    }
}

/// Waits until `look` finds something. The bound is there for a test that would wait for ever.
pub fn eventually<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(start.elapsed().as_secs() < 120, "waited in vain for {what}");
        thread::sleep(Duration::from_millis(5));
    }
}
