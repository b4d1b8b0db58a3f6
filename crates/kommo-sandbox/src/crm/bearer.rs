//! Whose call it is: the access token of a call to the CRM API, and the user in whose name it is
//! made.

use crate::grants::{Access, AccessFault, GrantKey};
use crate::reply::outcome::Outcome;
use crate::reply::problem::problem;
use crate::secrets::access_token::SigningKey;
use crate::secrets::token_text::Fingerprint;
use crate::state::platform_state::PlatformState;
use crate::wire::received_request::ReceivedRequest;

/// A caller that is let in.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    pub(crate) access: Access,
    pub(crate) key: GrantKey,
    /// The user whose rights count: the one who granted, or the one that `X-Context-User-ID` names.
    pub(crate) user: u64,
    pub(crate) admin: bool,
}

/// The token's fingerprint, if this platform signed it. Checks a signature, so it must not be
/// called under the lock.
pub(crate) fn bearer(request: &ReceivedRequest<'_>, key: &SigningKey) -> Bearer {
    let mut values = request.values("authorization");
    let (Some(value), None) = (values.next(), values.next()) else {
        return Bearer::Missing;
    };
    let token = core::str::from_utf8(value)
        .ok()
        .and_then(|value| value.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, token)| token.trim());
    match token {
        None => Bearer::Missing,
        Some(token) => key.verify(token).map_or(Bearer::Foreign, Bearer::Ours),
    }
}

/// What stands in `Authorization`.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Bearer {
    Missing,
    Foreign,
    Ours(Fingerprint),
}

/// Lets a caller in at the host of `account`, or at a host of the whole platform.
pub(crate) fn let_in(
    state: &PlatformState,
    request: &ReceivedRequest<'_>,
    bearer: Bearer,
    account: Option<u64>,
    now: u64,
) -> Result<Caller, Outcome> {
    let token = match bearer {
        Bearer::Missing => {
            return Err(unauthorized(
                "L1",
                "token-missing",
                "there is no Authorization header with a bearer token",
            ));
        }
        Bearer::Foreign => {
            return Err(unauthorized(
                "L1",
                "token-unknown",
                "this platform did not sign the access token",
            ));
        }
        Bearer::Ours(token) => token,
    };
    let (access, key) = state
        .grants
        .check_access(token, account, now)
        .map_err(|fault| match fault {
            AccessFault::Unknown => unauthorized(
                "L1",
                "token-unknown",
                "the access token was issued by an earlier run of a sandbox, which this one knows nothing of: the sandbox was restarted; log in again",
            ),
            AccessFault::Expired => {
                unauthorized("K5", "token-expired", "the access token has expired")
            }
            AccessFault::Revoked => unauthorized(
                "K11",
                "token-revoked",
                "the access token was revoked, or replaced by a refresh",
            ),
            AccessFault::WrongAccount => unauthorized(
                "L1",
                "token-of-another-account",
                "the access token belongs to an account at another host",
            ),
        })?;
    let key = key.clone();
    let place = state.account(key.account);
    // A user who left the account would keep what was granted as an administrator; users never
    // leave here.
    let admin = state.person(key.account, key.user) == Some(true);
    let mut caller = Caller {
        access,
        user: key.user,
        key,
        admin,
    };
    let Some(context) = request.values("x-context-user-id").next() else {
        return Ok(caller);
    };
    let named = core::str::from_utf8(context)
        .ok()
        .and_then(|id| id.parse().ok())
        .and_then(|id| place?.user(id))
        .filter(|_| admin);
    let Some(user) = named else {
        let reason =
            "X-Context-User-ID needs a grant of an administrator and a user of the account";
        return Err(Outcome::refused(
            "context-user-refused",
            reason,
            problem(
                403,
                "Forbidden",
                "The user in whose name the call is made is not admitted",
            ),
        )
        .by_rule("L9"));
    };
    caller.user = user.id;
    caller.admin = user.admin;
    Ok(caller)
}

/// 401, and the rule that was broken.
pub(crate) fn unauthorized(
    rule: &'static str,
    code: &'static str,
    reason: &'static str,
) -> Outcome {
    let answer = problem(401, "Unauthorized", "Invalid user name or password");
    Outcome::refused(code, reason, answer).by_rule(rule)
}
