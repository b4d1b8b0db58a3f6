//! What a failed call means, and what to do about it.

use core::time::Duration;

use kommo_chats::ErrorKind;
use kommo_http::{ChatsError, Refusal};
use kommo_keeper::{Clock, SystemClock};
use kommo_oauth::UnixSeconds;

use crate::connection::transport;
use crate::failure::error_code::ErrorCode;
use crate::failure::exit::{self, Failure};

/// What to say about a call that may have been carried out.
#[derive(Clone, Copy)]
pub(super) struct Advice<'a> {
    /// After a success whose answer cannot be read.
    pub(super) after_success: &'a str,
    /// After an answer that did not come.
    pub(super) in_doubt: &'a str,
}

impl Advice<'static> {
    /// Of a call that does the same if it comes twice.
    pub(super) const HARMLESS: Self = Self {
        after_success: "it was probably carried out: run it again to be sure, that is harmless",
        in_doubt: "it may have been carried out; to run it again later is harmless",
    };
}

/// Refused by the remote side, or done as it seems without a proof, is status 1; no answer, or one
/// that makes no sense, is status 3.
pub(super) fn of(error: &ChatsError, advice: Advice<'_>) -> Failure {
    let message = exit::chain(error);
    match error {
        _ if error.is_unconfirmed() => Failure::new(ErrorCode::Unconfirmed, message)
            .with("http_status", error.status())
            .hint(advice.after_success),
        ChatsError::InvalidRequest(_) => Failure::usage(message),
        // A 5xx does not say whether it was done.
        ChatsError::Refused(refusal) if matches!(refusal.status(), 408 | 500..=599) => {
            in_doubt(message, advice).with("http_status", refusal.status())
        }
        ChatsError::Refused(refusal) => hinted(refused(message, refusal), refusal),
        ChatsError::TooManyRequests(refusal) => Failure::new(ErrorCode::Throttled, message)
            .retry_at(after(refusal.retry_after()))
            .hint("wait before the next try; each one counts"),
        ChatsError::Redirected { .. } => Failure::refused(message)
            .hint("check --account and --chats-host: the Chats API does not redirect"),
        ChatsError::Paused { left, .. } => {
            Failure::new(ErrorCode::Throttled, message).retry_at(after(Some(*left)))
        }
        ChatsError::Held { hold, .. } => Failure::new(ErrorCode::Throttled, message)
            .retry_at(Some(UnixSeconds::new(hold.until_unix_seconds))),
        ChatsError::Transport { error, .. } if !error.is_in_doubt() => {
            let failure = Failure::new(ErrorCode::Unreachable, message);
            transport::with_advice(failure, error)
        }
        ChatsError::Transport { .. } => in_doubt(message, advice),
        _ => Failure::new(ErrorCode::BadAnswer, message),
    }
}

fn in_doubt(message: String, advice: Advice<'_>) -> Failure {
    Failure::new(ErrorCode::InDoubt, message).hint(advice.in_doubt)
}

fn refused(message: String, refusal: &Refusal) -> Failure {
    let code = match refusal.error().kind() {
        ErrorKind::BlockedAsText => ErrorCode::Blocked,
        ErrorKind::Internal => ErrorCode::ServerError,
        _ => ErrorCode::Refused,
    };
    Failure::new(code, message).with("http_status", refusal.status())
}

/// The instant at which a pause ends.
fn after(pause: Option<Duration>) -> Option<UnixSeconds> {
    Some(SystemClock::new().now().plus(pause?))
}

fn hinted(failure: Failure, refusal: &Refusal) -> Failure {
    match refusal.error().kind() {
        ErrorKind::InvalidSignature => failure.hint(
            "probably another secret than this channel's; `kommo explain chats` looks into a request",
        ),
        ErrorKind::NotRegistered => failure.hint(
            "check the channel id, that the account belongs to the platform that was called, and that the channel is connected: `kommo chats connect`",
        ),
        ErrorKind::BlockedAsText => failure.hint("the platform blocks after too many requests: wait before the next try"),
        ErrorKind::BadRequest => failure.hint(
            "check the ids: `kommo api GET '/api/v4/account?with=amojo_id'` prints the account's, and '/api/v4/users?with=amojo_id' those of the users",
        ),
        ErrorKind::Internal => failure.hint("the fault is on the platform's side: try again later"),
        _ => failure,
    }
}
