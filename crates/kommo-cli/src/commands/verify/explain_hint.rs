//! Which `kommo explain` says why what was just refused does not match.

use std::ffi::OsStr;

use crate::input::secret_source::SecretSource;
use crate::run::context::Context;

/// A longer text is left to the operator: a line for people does not hold it.
const TEXT_CHARACTERS_MAX: usize = 300;

/// The command with the options that were typed, ready for sh. `typed` are options with their
/// values.
///
/// What came is quoted, or left out for a placeholder where a terminal would not show it as it is.
pub(super) fn explain_hint(
    kind: &str,
    secret: Option<&SecretSource>,
    typed: &[(&str, Option<&OsStr>)],
    context: &Context,
) -> String {
    let mut command = format!("`kommo explain {kind}");
    let mut add = |option: &str, value: &OsStr| {
        command.push_str(&format!(" {option} {}", word(option, value)));
    };
    match secret {
        Some(SecretSource::File(file)) => add("--secret-file", file.as_os_str()),
        Some(SecretSource::Env(name)) => add("--secret-env", OsStr::new(name)),
        None => {}
    }
    for (option, value) in typed {
        if let Some(value) = value {
            add(option, value);
        }
    }
    if let Some(name) = &context.profile_name {
        add("--profile", OsStr::new(name));
    }
    command.push_str("` says why");
    command
}

/// A word for sh: as it is, in single quotes, or a placeholder.
fn word(option: &str, value: &OsStr) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_./:=,@%+-".contains(c);
    let Some(text) = value.to_str() else {
        return placeholder(option);
    };
    if text.chars().count() > TEXT_CHARACTERS_MAX || text.chars().any(char::is_control) {
        return placeholder(option);
    }
    if !text.is_empty() && text.chars().all(is_plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// `"$SIGNATURE"` for `--signature`.
fn placeholder(option: &str) -> String {
    let name = option.trim_start_matches('-').replace('-', "_");
    format!("\"${}\"", name.to_uppercase())
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;

    use super::word;

    #[test]
    fn a_word_is_safe_for_a_shell_and_a_terminal() {
        let word = |text: &str| word("--signature", OsStr::new(text));
        assert_eq!(word("0a1b"), "0a1b");
        assert_eq!(word("a b;$(c)"), "'a b;$(c)'");
        assert_eq!(word("it's"), r"'it'\''s'");
        assert_eq!(word(""), "''");
        assert_eq!(word("\u{1b}[31m"), "\"$SIGNATURE\"");
        assert_eq!(word(&"0".repeat(301)), "\"$SIGNATURE\"");
    }
}
