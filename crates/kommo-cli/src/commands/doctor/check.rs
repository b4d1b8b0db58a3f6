//! What the doctor found, for people and for programs.

use serde_json::{Value, json};

use crate::terminal::paragraph::wrapped;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Level {
    /// As it should be.
    Ok,
    /// Worth knowing.
    Advice,
    /// It works until something else happens.
    Warning,
    /// It does not work.
    Error,
}

impl Level {
    const fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Advice => "advice",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }

    const fn colour(self) -> &'static str {
        match self {
            Self::Ok => "32",
            Self::Advice => "36",
            Self::Warning => "33",
            Self::Error => "31",
        }
    }
}

/// One thing that was checked.
struct Check {
    area: &'static str,
    level: Level,
    code: &'static str,
    message: String,
    remedy: Option<String>,
}

/// Everything that was checked, in order.
pub(super) struct Report {
    checks: Vec<Check>,
}

impl Report {
    pub(super) const fn new() -> Self {
        Self { checks: Vec::new() }
    }

    /// As it should be.
    pub(super) fn good(
        &mut self,
        area: &'static str,
        code: &'static str,
        message: impl Into<String>,
    ) {
        self.checks.push(Check {
            area,
            level: Level::Ok,
            code,
            message: message.into(),
            remedy: None,
        });
    }

    /// A finding.
    pub(super) fn add(
        &mut self,
        area: &'static str,
        level: Level,
        code: &'static str,
        message: &str,
        remedy: &str,
    ) {
        self.checks.push(Check {
            area,
            level,
            code,
            message: message.to_owned(),
            remedy: Some(remedy.to_owned()),
        });
    }

    pub(super) fn len(&self) -> usize {
        self.checks.len()
    }

    pub(super) fn has_code_beginning(&self, start: &str) -> bool {
        self.checks
            .iter()
            .any(|check| check.code.starts_with(start))
    }

    pub(super) fn has_error(&self) -> bool {
        self.checks.iter().any(|check| check.level == Level::Error)
    }

    pub(super) fn to_json(&self) -> Value {
        let findings: Vec<_> = self
            .checks
            .iter()
            .map(|check| {
                json!({
                    "area": check.area,
                    "code": check.code,
                    "level": check.level.name(),
                    "message": check.message,
                    "remedy": check.remedy,
                })
            })
            .collect();
        json!({ "ok": !self.has_error(), "findings": findings })
    }

    /// One line for what is well, a short paragraph for what is not.
    pub(super) fn to_text(&self, has_colour: bool) -> String {
        let mut lines = Vec::new();
        for check in &self.checks {
            let level = match has_colour {
                true => format!(
                    "\u{1b}[{}m{}\u{1b}[0m{}",
                    check.level.colour(),
                    check.level.name(),
                    " ".repeat(7 - check.level.name().len())
                ),
                false => format!("{:<7}", check.level.name()),
            };
            let Some(remedy) = &check.remedy else {
                let message = wrapped(&check.message, 18);
                lines.push(format!(
                    "{:<9} {level} {}",
                    check.area,
                    message.trim_start()
                ));
                continue;
            };
            lines.push(format!("{:<9} {level} {}", check.area, check.code));
            lines.push(wrapped(&check.message, 18));
            lines.push(wrapped(&format!("→ {remedy}"), 18));
        }
        lines.join("\n")
    }
}
