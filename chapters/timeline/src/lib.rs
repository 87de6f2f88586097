//! Pictures of runs.
//!
//! The figures of the book are drawn by the programs that the text runs.
//! A program tells a [`Recorder`] who did what and when: a **lane** for each thread, task or chess table,
//! a **span** for a stretch of time in a lane, a **mark** for an instant, an **arrow** for one lane waking another.
//! The recorder makes a [`Picture`] of it: an SVG, the same facts as JSON, and the story in words.
//!
//! ```
//! use std::time::Duration;
//! use timeline::{Kind, Recorder};
//!
//! let second = Duration::from_secs(1);
//! let mut recorder = Recorder::new("Two fetches, one at a time");
//! let main = recorder.lane("main thread");
//! recorder.span(main, Duration::ZERO, second, Kind::Waiting, "GET /one");
//! recorder.span(main, second, 2 * second, Kind::Waiting, "GET /two");
//! recorder.mark(main, 2 * second, "both are here");
//!
//! let picture = recorder.finish();
//! assert!(picture.story().contains("From 1 s to 2 s, main thread is waiting (GET /two)"));
//! picture.save("fetch")?; // writes fetch.svg and fetch.json where $TIMELINE_DIR says, if it says
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! Times are [`Duration`](std::time::Duration)s since the run began, so that any clock will do:
//! a simulation passes its own, and [`Live`] reads a real clock for threads.
//! [`Plot`] draws lines and points on two axes, and [`Strips`] very many lanes as one thin row each, in the same style.
//!
//! # How a picture is drawn
//!
//! No text is measured, and nothing depends on a font.
//! Heights are in `em`; horizontal positions are in percent of the picture's width, which is that of the page.
//! On a narrow screen the time axis shrinks and the letters do not.
//! A label that would no longer fit is hidden at that width; its words stay in the stepping line, the tooltip and the story.
//! Kinds differ by form (solid, pale, striped, dotted) before they differ by colour.
//! Colours are CSS variables named `--tl-…`; without them the picture brings its own, for light and dark.
//!
//! Every event carries `class="ev"`, `data-step` and `data-says`, by which the page's script steps through the picture.
//! The same recording always gives the same bytes.
//!
//! # What it leaves out
//!
//! Sampling, tracing and profiling: a program says what it wants to be seen.

mod chart;
mod draw;
mod live;
mod picture;
mod place;
mod plot;
mod recorder;
mod run;
mod strips;
mod time;

pub use live::{Live, Running};
pub use picture::Picture;
pub use plot::Plot;
pub use recorder::{Kind, Lane, Recorder};
pub use strips::{Row, Strips};
pub use time::words;
