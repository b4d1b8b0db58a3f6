//! The programs that a walk needs, and what to install if they are not there.

use std::path::PathBuf;

/// The browser.
pub(crate) const CHROMIUM: &str = "chromium";
/// What drives it.
pub(crate) const CHROMEDRIVER: &str = "chromedriver";

/// Whether `KOMMO_TEST_WITHOUT`, a list with commas, names the browser.
#[must_use]
pub fn is_left_out() -> bool {
    let list = std::env::var("KOMMO_TEST_WITHOUT").unwrap_or_default();
    list.split(',').any(|word| word.trim() == "browser")
}

/// What to do if a program is not there; `None` if all are.
#[must_use]
pub fn missing_programs() -> Option<String> {
    let missing: Vec<&str> = [CHROMIUM, CHROMEDRIVER]
        .into_iter()
        .filter(|program| path_of(program).is_none())
        .collect();
    if missing.is_empty() {
        return None;
    }
    Some(format!(
        "{} not found: apt-get install chromium chromium-driver, or KOMMO_TEST_WITHOUT=browser to leave these tests out",
        missing.join(" and ")
    ))
}

/// Where a program is, among the directories of `PATH`.
pub(crate) fn path_of(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|directory| directory.join(program))
        .find(|candidate| candidate.is_file())
}
