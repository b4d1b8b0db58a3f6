//! Values that a command needs and that are neither given nor in the profile: all of them are said
//! at once.

use serde_json::Value;

use crate::failure::error_code::ErrorCode;
use crate::failure::exit::Failure;

/// One value: its setting in a profile, what people call it, the option that sets it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Needed {
    setting: &'static str,
    what: &'static str,
    option: &'static str,
}

pub(crate) const CLIENT_ID: Needed = needed("client_id", "client id", "--client-id C");
pub(crate) const REDIRECT_URI: Needed =
    needed("redirect_uri", "redirect uri", "--redirect-uri URI");
pub(crate) const AUDIENCE: Needed = needed("redirect_uri", "redirect uri", "--audience URL");
pub(crate) const SECRET: Needed = needed(
    "secret",
    "secret",
    "--secret-file FILE or --secret-env NAME",
);
pub(crate) const WEBHOOK_SECRET: Needed = needed(
    "webhook_secret",
    "webhook secret",
    "--webhook-secret-file FILE or --webhook-secret-env NAME",
);
pub(crate) const PLATFORM: Needed = needed("platform", "platform", "--platform kommo or amocrm");
pub(crate) const ACCOUNT: Needed = needed("account", "account", "--account HOST");
pub(crate) const APP_ID: Needed = needed("appid", "application id", "--appid ID");
pub(crate) const CHANNEL_ID: Needed = needed("channel_id", "channel id", "--channel ID");
pub(crate) const ACCOUNT_AMOJO_ID: Needed = needed(
    "account_amojo_id",
    "amojo id of the account",
    "--account-amojo-id UUID",
);

const fn needed(setting: &'static str, what: &'static str, option: &'static str) -> Needed {
    Needed {
        setting,
        what,
        option,
    }
}

/// What was looked for and not found so far.
#[derive(Debug, Default)]
pub(crate) struct Missing {
    all: Vec<Needed>,
    also: Vec<String>,
}

impl Missing {
    /// Takes note of a value that was not found.
    pub(crate) fn check<T>(&mut self, found: Option<T>, needed: Needed) -> Option<T> {
        if found.is_none() {
            self.all.push(needed);
        }
        found
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// Adds where such a value comes from.
    pub(crate) fn advise(&mut self, advice: &str) {
        self.also.push(advice.to_owned());
    }

    /// The refusal. It is a defect to call it if no value is missing.
    pub(crate) fn into_failure(self) -> Failure {
        let defect = || Failure::new(ErrorCode::Internal, "a value was lost");
        self.failure().unwrap_or_else(defect)
    }

    fn failure(&self) -> Option<Failure> {
        let names: Vec<_> = self
            .all
            .iter()
            .map(|needed| format!("no {}", needed.what))
            .collect();
        let options: Vec<_> = self
            .all
            .iter()
            .map(|needed| needed.option.to_owned())
            .collect();
        let settings: Vec<_> = self.all.iter().map(|needed| needed.setting).collect();
        let verb = match names.as_slice() {
            [] => return None,
            [_] => "was",
            _ => "were",
        };
        let message = format!("{} {verb} given", listed(&names));
        let mut hint = format!(
            "give {}, or name it in a profile with `kommo init`",
            listed(&options)
        );
        if names.len() > 1 {
            hint = hint.replace("name it in", "name them in");
        }
        for advice in &self.also {
            hint.push_str("; ");
            hint.push_str(advice);
        }
        let failure = Failure::new(ErrorCode::SettingMissing, message).hint(hint);
        Some(failure.with("missing", Value::from(settings)))
    }
}

/// Two values that are needed together.
pub(crate) fn both<A, B>(
    first: (Option<A>, Needed),
    second: (Option<B>, Needed),
) -> Result<(A, B), Failure> {
    let mut missing = Missing::default();
    let first = missing.check(first.0, first.1);
    let second = missing.check(second.0, second.1);
    match (first, second) {
        (Some(first), Some(second)) => Ok((first, second)),
        _ => Err(missing.into_failure()),
    }
}

/// `a`, `a and b`, `a, b and c`.
pub(crate) fn listed(words: &[String]) -> String {
    match words {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::{CLIENT_ID, Missing, REDIRECT_URI, SECRET};

    #[test]
    fn all_that_is_missing_is_said_at_once() {
        let mut missing = Missing::default();
        assert_eq!(missing.check(Some(1), SECRET), Some(1));
        assert_eq!(missing.failure(), None);
        missing.check::<()>(None, CLIENT_ID);
        assert_eq!(
            missing.failure().unwrap().message(),
            "no client id was given"
        );
        missing.check::<()>(None, REDIRECT_URI);
        missing.check::<()>(None, SECRET);
        let failure = missing.failure().unwrap();
        assert_eq!(
            failure.message(),
            "no client id, no redirect uri and no secret were given"
        );
        assert_eq!(failure.to_json()["missing"][1], "redirect_uri");
    }
}
