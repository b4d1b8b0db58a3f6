//! A finding: what is wrong, how bad it is, and what to do.

use alloc::string::String;
use core::fmt;

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Level {
    /// Worth knowing.
    Advice,
    /// It works until something else happens.
    Warning,
    /// It does not work.
    Error,
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Advice => "advice",
            Self::Warning => "warning",
            Self::Error => "error",
        })
    }
}

/// One thing about the settings.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Finding {
    /// A stable name, in lower case with hyphens.
    pub code: &'static str,
    /// How bad it is.
    pub level: Level,
    /// What is wrong, in one sentence. Of the settings it repeats only lengths and positions.
    pub message: String,
    /// What to do about it.
    pub remedy: &'static str,
}

pub(crate) fn finding(
    code: &'static str,
    level: Level,
    message: String,
    remedy: &'static str,
) -> Finding {
    Finding {
        code,
        level,
        message,
        remedy,
    }
}
