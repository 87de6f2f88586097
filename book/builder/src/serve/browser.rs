//! Opening a browser, where there is one to open.

use std::env;

/// Opens `url`, or says why not. The address has been printed already.
pub fn open(url: &str) {
    if !has_display(|name| env::var_os(name).is_some_and(|value| !value.is_empty())) {
        println!("There is no display here, so no browser was opened.");
        return;
    }
    if let Err(error) = open::that_detached(url) {
        println!("No browser could be opened ({error}).");
    }
}

/// Whether a graphical browser can show something. Where none can, the system's opener might start one in the terminal.
fn has_display(set: impl Fn(&str) -> bool) -> bool {
    if cfg!(any(target_os = "macos", target_os = "windows")) {
        return !set("SSH_CONNECTION");
    }
    ["DISPLAY", "WAYLAND_DISPLAY", "WSL_DISTRO_NAME"].iter().any(|name| set(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(target_os = "linux")]
    fn a_browser_is_opened_where_there_is_a_display() {
        assert!(!has_display(|_| false));
        assert!(has_display(|name| name == "WAYLAND_DISPLAY"));
        assert!(has_display(|name| name == "WSL_DISTRO_NAME"));
    }
}
