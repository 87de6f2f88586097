//! A finished picture: what recorders, plots and strips all become.

use std::path::Path;
use std::{env, fs, io};

use serde::Serialize;

/// A picture: the drawing, the facts and the words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    pub(crate) svg: String,
    pub(crate) json: String,
    pub(crate) story: String,
}

impl Picture {
    /// The drawing, as a document that stands alone and may also be put into a page as it is.
    pub fn svg(&self) -> String {
        self.svg.clone()
    }

    /// The facts that are drawn, for other tools. Times are in nanoseconds.
    pub fn json(&self) -> String {
        self.json.clone()
    }

    /// What the drawing shows, in words: its text alternative.
    pub fn story(&self) -> String {
        self.story.clone()
    }

    /// Writes `NAME.svg` and `NAME.json` into the folder that the environment variable `TIMELINE_DIR` names.
    /// Without that variable it does nothing, so that an example that draws runs anywhere.
    ///
    /// # Errors
    ///
    /// If the folder or the files cannot be written; the message names the path.
    pub fn save(&self, name: &str) -> io::Result<()> {
        let Some(folder) = env::var_os("TIMELINE_DIR").filter(|folder| !folder.is_empty()) else {
            return Ok(());
        };
        self.save_in(Path::new(&folder), name)
    }

    /// Writes `NAME.svg` and `NAME.json` into that folder, which is made if it is not there.
    ///
    /// # Errors
    ///
    /// If the folder or the files cannot be written; the message names the path.
    pub fn save_in(&self, folder: &Path, name: &str) -> io::Result<()> {
        let explain = |path: &Path, error: &io::Error| {
            let problem = format!("cannot write the picture {}: {error}", path.display());
            io::Error::new(error.kind(), problem)
        };
        fs::create_dir_all(folder).map_err(|error| explain(folder, &error))?;
        for (ending, text) in [("svg", &self.svg), ("json", &self.json)] {
            let path = folder.join(format!("{name}.{ending}"));
            fs::write(&path, text).map_err(|error| explain(&path, &error))?;
        }
        Ok(())
    }
}

/// A value as JSON on one line.
pub(crate) fn one_line(value: &(impl Serialize + ?Sized)) -> String {
    serde_json::to_string(value).expect("strings, numbers and structs of them always serialize")
}

/// An array as JSON, one element a line.
pub(crate) fn one_a_line<T: Serialize>(values: impl Iterator<Item = T>) -> String {
    let lines: Vec<String> = values.map(|value| one_line(&value)).collect();
    if lines.is_empty() {
        return String::from("[]");
    }
    format!("[\n{}\n]", lines.join(",\n"))
}
