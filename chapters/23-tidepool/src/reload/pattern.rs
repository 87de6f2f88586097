//! Names of files with stars in them: `*.rs`, `**/target/**`.

use std::convert::Infallible;
use std::fmt;
use std::path::Path;
use std::str::FromStr;

/// A pattern. `*` is any part of a name, `?` one character, `**` between slashes any number of folders.
/// One without a slash is for the file's name alone, in whatever folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern(String);

impl Pattern {
    /// Whether a path fits.
    pub fn fits(&self, path: &Path) -> bool {
        let path = path.to_string_lossy();
        if !self.0.contains('/') {
            return name_fits(&self.0, path.rsplit('/').next().unwrap_or_default());
        }
        let split = |text: &'_ str| text.split('/').map(str::to_owned).collect::<Vec<_>>();
        path_fits(&split(&self.0), &split(&path))
    }
}

fn path_fits(pattern: &[String], path: &[String]) -> bool {
    match pattern.split_first() {
        None => path.is_empty(),
        Some((first, rest)) if first == "**" => {
            (0..=path.len()).any(|skipped| path_fits(rest, &path[skipped..]))
        }
        Some((first, rest)) => path
            .split_first()
            .is_some_and(|(name, below)| name_fits(first, name) && path_fits(rest, below)),
    }
}

fn name_fits(pattern: &str, name: &str) -> bool {
    let mut rest = pattern.chars();
    match rest.next() {
        None => name.is_empty(),
        Some('*') => {
            let mut ends = name.char_indices().map(|(at, _)| at).chain([name.len()]);
            ends.any(|at| name_fits(rest.as_str(), &name[at..]))
        }
        Some(character) => {
            let mut below = name.chars();
            let next = below.next();
            next.is_some_and(|next| character == '?' || character == next)
                && name_fits(rest.as_str(), below.as_str())
        }
    }
}

impl FromStr for Pattern {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_fits_names_or_whole_paths() {
        for (pattern, path, expected) in [
            ("*.rs", "src/main.rs", true),
            ("*.rs", "main.rs", true),
            ("*.rs", "main.rss", false),
            ("Cargo.toml", "below/Cargo.toml", true),
            ("c?ab.*", "crab.html", true),
            ("c?ab.*", "cab.html", false),
            ("**/target/**", "target/debug/main.rs", true),
            ("**/target/**", "below/target/main.rs", true),
            ("**/target/**", "src/target.rs", false),
            ("**/.*/**", ".git/config.rs", true),
            ("**/.*/**", "src/main.rs", false),
            ("src/*.rs", "src/below/main.rs", false),
        ] {
            let pattern: Pattern = pattern.parse().unwrap_or_else(|never| match never {});
            assert_eq!(pattern.fits(Path::new(path)), expected, "{pattern} {path}");
        }
    }
}
