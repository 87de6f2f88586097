//! Which file a path means.
//!
//! What a path may consist of is decided on the text, segment by segment; that it stays in the folder whatever links lie there is
//! the kernel's to see to, where it can (`openat2` with `RESOLVE_BENEATH`), as it is the one that follows them.

use std::fs::{File, Metadata};
use std::io;
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags};

/// What is under a path.
pub(super) enum Found {
    File {
        file: File,
        metadata: Metadata,
        media_type: String,
    },
    /// A folder, whose name the path gave without a slash.
    Folder {
        name: String,
    },
    Nothing,
}

/// What `rest` of a target's path, still encoded, is in this folder. Blocks.
///
/// Whatever cannot be had is nothing: why is not the client's to know.
pub(super) fn find(folder: &Path, rest: &str) -> Found {
    let Some(mut relative) = relative(rest) else { return Found::Nothing };
    let wants_folder = rest.is_empty() || rest.ends_with('/');
    if wants_folder {
        relative.push("index.html");
    }
    let Ok(file) = open_beneath(folder, &relative) else { return Found::Nothing };
    let Ok(metadata) = file.metadata() else { return Found::Nothing };
    if metadata.is_dir() && !wants_folder {
        let name = rest.rsplit('/').next().unwrap_or_default().to_owned();
        return Found::Folder { name: format!("./{name}") };
    }
    if !metadata.is_file() {
        return Found::Nothing;
    }
    let guess = mime_guess::from_path(&relative).first_or_octet_stream();
    let text = guess.type_() == "text" || guess == "application/javascript";
    let media_type = if text { format!("{guess}; charset=utf-8") } else { guess.to_string() };
    Found::File { file, metadata, media_type }
}

// ANCHOR: relative
/// The path within the folder, if it is one: no segment goes up, hides a separator, or names a hidden file.
pub(super) fn relative(rest: &str) -> Option<PathBuf> {
    let mut path = PathBuf::new();
    let trimmed = rest.strip_prefix('/').unwrap_or(rest);
    let trimmed = trimmed.strip_suffix('/').unwrap_or(trimmed);
    for segment in trimmed.split('/').filter(|_| !trimmed.is_empty()) {
        // Each alone, so that an encoded slash does not become one.
        let segment = decoded(segment)?;
        let separates = |c: char| matches!(c, '/' | '\\' | ':') || c.is_control();
        if segment.is_empty() || segment.starts_with('.') || segment.contains(separates) {
            return None;
        }
        path.push(segment);
    }
    Some(path)
}
// ANCHOR_END: relative

/// Percent-decoded, once. None if an escape is broken, or it is not UTF-8.
fn decoded(segment: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(segment.len());
    let mut rest = segment.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let mut digit = || char::from(rest.next()?).to_digit(16);
            bytes.push(u8::try_from(digit()? * 16 + digit()?).ok()?);
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok()
}

/// Opens a file that is in the folder, or in one below, links followed.
fn open_beneath(folder: &Path, relative: &Path) -> io::Result<File> {
    // Not waiting for the other end of a pipe that lies there.
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK;
    let relative = if relative.as_os_str().is_empty() { Path::new(".") } else { relative };
    #[cfg(target_os = "linux")]
    {
        use rustix::fs::{CWD, ResolveFlags, openat, openat2};
        let at =
            openat(CWD, folder, OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
        let beneath = ResolveFlags::BENEATH | ResolveFlags::NO_MAGICLINKS;
        match openat2(&at, relative, flags, Mode::empty(), beneath) {
            // Linux before 5.6, and sandboxes.
            Err(rustix::io::Errno::NOSYS) => {}
            opened => return Ok(opened?.into()),
        }
    }
    open_checked(folder, relative, flags)
}

/// The same by a look before and a look afterwards: where a folder's links change in between, it may be refused wrongly, and not let out.
fn open_checked(folder: &Path, relative: &Path, flags: OFlags) -> io::Result<File> {
    use std::os::unix::fs::MetadataExt;
    let real = folder.join(relative).canonicalize()?;
    if !real.starts_with(folder.canonicalize()?) {
        return Err(io::ErrorKind::PermissionDenied.into());
    }
    let file: File = rustix::fs::open(&real, flags | OFlags::NOFOLLOW, Mode::empty())?.into();
    let (opened, looked_at) = (file.metadata()?, real.canonicalize()?.metadata()?);
    if (opened.dev(), opened.ino()) != (looked_at.dev(), looked_at.ino())
        || real.canonicalize()? != real
    {
        return Err(io::ErrorKind::PermissionDenied.into());
    }
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_stays_in_its_folder_however_it_is_written() {
        for good in ["/crab.svg", "/a/b/c.txt", "/with%20space", "/%C3%BC.txt", "/a..b", "/", ""] {
            assert!(relative(good).is_some(), "{good:?} was refused");
        }
        let bad = [
            "/../secret",
            "/a/../../secret",
            "/%2e%2e/secret",
            "/%2E./secret",
            "/..%2fsecret",
            "/%2e%2e%2fsecret",
            "/..\\secret",
            "/..%5csecret",
            "/a%5c..%5csecret",
            "//etc/passwd",
            "/%2fetc%2fpasswd",
            "/a//b",
            "/a%00.txt",
            "/c:/windows",
            "/.env",
            "/.git/config",
            "/a/./b",
            "/%",
            "/%zz",
            "/%ff",
            "/a%0ab",
            "/%252e%252e%252f/../x",
        ];
        for bad in bad {
            assert_eq!(relative(bad), None, "{bad:?} was let through");
        }
        // Decoded once, and not again.
        assert_eq!(relative("/%252e%252e"), Some(PathBuf::from("%2e%2e")));
    }

    #[test]
    fn a_link_out_is_not_followed_by_either_way_of_opening() {
        let outside = tempfile::tempdir().unwrap();
        std::fs::write(outside.path().join("secret"), "pearls").unwrap();
        let folder = tempfile::tempdir().unwrap();
        let inside = folder.path();
        std::fs::create_dir(inside.join("below")).unwrap();
        std::fs::write(inside.join("below/crab"), "crab").unwrap();
        std::os::unix::fs::symlink(outside.path().join("secret"), inside.join("out")).unwrap();
        std::os::unix::fs::symlink(outside.path(), inside.join("away")).unwrap();
        std::os::unix::fs::symlink("below/crab", inside.join("in")).unwrap();
        let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK;
        let by_kernel: &dyn Fn(&str) -> bool =
            &|name| open_beneath(inside, Path::new(name)).is_ok();
        let by_look: &dyn Fn(&str) -> bool =
            &|name| open_checked(inside, Path::new(name), flags).is_ok();
        for opens in [by_kernel, by_look] {
            assert!(opens("below/crab") && opens("in"), "what is in the folder can be had");
            assert!(!opens("out") && !opens("away/secret"), "what is outside was had by a link");
        }
    }
}
