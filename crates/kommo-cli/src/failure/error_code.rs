//! The codes of failures: what a program in another language decides by. Each code has one exit
//! status.
//!
//! The README, "Error codes", has the same table with what to do about each code; a test compares
//! both.

/// One table of what each code is called and which exit status it has.
macro_rules! error_codes {
    ($($(#[$meta:meta])* $name:ident: $text:literal, $status:literal;)+) => {
        /// Why a command failed, for programs.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum ErrorCode {
            $($(#[$meta])* $name,)+
        }

        impl ErrorCode {
            #[cfg(test)]
            const ALL: &[Self] = &[$(Self::$name),+];

            /// The text that programs compare. It never changes.
            pub(crate) const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)+
                }
            }

            /// 1: the answer is no. 2: what the operator typed or set up is wrong. 3: I/O or the
            /// network failed.
            pub(crate) const fn status(self) -> u8 {
                match self {
                    $(Self::$name => $status,)+
                }
            }
        }
    };
}

error_codes! {
    /// The grant is dead or disconnected: a person must consent again.
    ReauthRequired: "reauth-required", 1;
    /// The store has no such grant.
    NoGrant: "no-grant", 1;
    /// A long-lived token has expired or was revoked.
    LongLivedEnded: "long-lived-ended", 1;
    /// A long-lived token cannot be refreshed.
    NotRefreshable: "not-refreshable", 1;
    /// The authorization code was refused.
    CodeRefused: "code-refused", 1;
    /// The platform refused the integration: its id, its secret or its Redirect URI.
    ClientMisconfigured: "client-misconfigured", 1;
    /// The account is not paid for.
    PaymentRequired: "payment-required", 1;
    /// Too many requests.
    Throttled: "throttled", 1;
    /// The platform blocks this address or this account.
    Blocked: "blocked", 1;
    /// The grant is paused until an instant, for another reason.
    Held: "held", 1;
    /// The account was erased on request.
    Erased: "erased", 1;
    /// The state of the grant does not allow this.
    WrongState: "wrong-state", 1;
    /// What was named does not exist.
    NotFound: "not-found", 1;
    /// The remote side failed by its own word (5xx).
    ServerError: "server-error", 1;
    /// The remote side refused the request for another reason.
    Refused: "refused", 1;
    /// The remote side reported success, and its answer cannot be read: it was probably done.
    Unconfirmed: "unconfirmed", 1;

    /// The command line is wrong.
    Usage: "usage", 2;
    /// A value that the command needs is neither given nor in the profile.
    SettingMissing: "setting-missing", 2;
    /// Several grants match, and the command takes one.
    AmbiguousGrant: "ambiguous-grant", 2;
    /// There is no such profile.
    ProfileMissing: "profile-missing", 2;
    /// The profile cannot be understood.
    ProfileInvalid: "profile-invalid", 2;
    /// A profile of that name exists already.
    ProfileExists: "profile-exists", 2;
    /// The secret, key or token that was named is empty, too long, or of another form.
    SecretInvalid: "secret-invalid", 2;
    /// The store is not set up as it must be.
    StoreMisconfigured: "store-misconfigured", 2;
    /// The records are encrypted with another key.
    StoreKeyWrong: "store-key-wrong", 2;

    /// No connection or no answer; nothing was done.
    Unreachable: "unreachable", 3;
    /// A request was sent, and its outcome is not known.
    InDoubt: "in-doubt", 3;
    /// Another worker is refreshing this grant.
    Busy: "busy", 3;
    /// The answer of the remote side cannot be understood.
    BadAnswer: "bad-answer", 3;
    /// The store cannot be reached, read or written.
    StoreFailed: "store-failed", 3;
    /// A record of the store is damaged.
    StoreDamaged: "store-damaged", 3;
    /// A newer version of the program wrote the store.
    StoreNewer: "store-newer", 3;
    /// A file or a stream cannot be read or written.
    Io: "io", 3;
    /// A signal stopped the command before it had its result.
    Interrupted: "interrupted", 3;
    /// A defect of this program.
    Internal: "internal", 3;
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::ErrorCode;

    /// Code and status of each row of the README's table.
    fn documented() -> Vec<(String, u8)> {
        let readme = include_str!("../../README.md");
        let (_, section) = readme.split_once("\n## Error codes\n").unwrap();
        let section = section.split("\n## ").next().unwrap();
        let rows = section.lines().filter_map(|line| line.strip_prefix("| `"));
        rows.map(|row| {
            let (code, rest) = row.split_once("` | ").unwrap();
            let (status, _) = rest.split_once(" | ").unwrap();
            (code.to_owned(), status.parse().unwrap())
        })
        .collect()
    }

    #[test]
    fn the_table_of_the_readme_has_every_code_with_its_status_and_no_other() {
        let of_code = ErrorCode::ALL
            .iter()
            .map(|code| (code.as_str().to_owned(), code.status()));
        assert_eq!(documented(), of_code.collect::<Vec<_>>());
    }

    #[test]
    fn no_two_codes_have_one_text_and_each_status_is_one_of_three() {
        for (index, code) in ErrorCode::ALL.iter().enumerate() {
            let text = code.as_str();
            assert!(
                text.bytes()
                    .all(|byte| byte.is_ascii_lowercase() || byte == b'-')
            );
            assert!((1..=3).contains(&code.status()));
            let rest = ErrorCode::ALL.get(index + 1..).unwrap();
            assert!(rest.iter().all(|other| other.as_str() != text), "{text}");
        }
    }
}
