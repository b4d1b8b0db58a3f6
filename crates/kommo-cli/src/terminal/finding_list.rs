//! What `kommo-explain` found, for people and for programs.

use kommo_explain::{Explanation, Finding};
use serde_json::{Value, json};

use crate::terminal::output::Output;
use crate::terminal::paragraph::wrapped;

/// One thing that is wrong.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Row<'a> {
    pub(crate) code: &'a str,
    pub(crate) message: &'a str,
    pub(crate) remedy: &'a str,
}

/// What was found.
pub(crate) fn rows(explanation: &Explanation) -> Vec<Row<'_>> {
    explanation.findings().iter().map(row).collect()
}

fn row(finding: &Finding) -> Row<'_> {
    Row {
        code: finding.code().as_str(),
        message: finding.message(),
        remedy: finding.remedy(),
    }
}

/// `{"accepted":…,"findings":[{"code","message","remedy"}…]}`.
pub(crate) fn to_json(accepted: bool, findings: &[Row<'_>]) -> Value {
    let findings = findings.iter().map(
        |Row {
             code,
             message,
             remedy,
         }| { json!({ "code": code, "message": message, "remedy": remedy }) },
    );
    json!({ "accepted": accepted, "findings": findings.collect::<Vec<_>>() })
}

/// The verdict, then each finding: its code, what is wrong, what to do.
pub(crate) fn to_text(accepted: bool, findings: &[Row<'_>], output: &Output) -> String {
    let paint = Paint {
        is_on: output.has_colour(),
    };
    let mut text = if accepted {
        paint.green("accepted")
    } else {
        paint.red("refused")
    };
    for finding in findings {
        text.push_str("\n\n");
        text.push_str(&paint.bold(finding.code));
        text.push('\n');
        text.push_str(&wrapped(finding.message, 2));
        text.push('\n');
        text.push_str(&wrapped(&format!("→ {}", finding.remedy), 2));
    }
    text
}

struct Paint {
    is_on: bool,
}

impl Paint {
    fn green(&self, text: &str) -> String {
        self.with("32", text)
    }

    fn red(&self, text: &str) -> String {
        self.with("31", text)
    }

    fn bold(&self, text: &str) -> String {
        self.with("1", text)
    }

    fn with(&self, code: &str, text: &str) -> String {
        if self.is_on {
            format!("\u{1b}[{code}m{text}\u{1b}[0m")
        } else {
            text.to_owned()
        }
    }
}
