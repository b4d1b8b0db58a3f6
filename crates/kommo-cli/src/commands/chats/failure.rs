//! What a failed call means, and what to do about it.

use core::time::Duration;

use kommo_chats::ErrorKind;
use kommo_http::{ChatsError, Refusal};
use kommo_keeper::{Clock, SystemClock};
use kommo_oauth::UnixSeconds;

use crate::connection::transport;
use crate::failure::error_code::ErrorCode;
use crate::failure::exit::{self, Failure};

/// Refused by the remote side, or done as it seems without a proof, is status 1; no answer, or one
/// that makes no sense, is status 3. `after_success` says what follows if it was done.
pub(super) fn of(error: &ChatsError, after_success: &str) -> Failure {
    let message = exit::chain(error);
    match error {
        _ if error.is_unconfirmed() => Failure::new(ErrorCode::Unconfirmed, message)
            .with("http_status", error.status())
            .hint(after_success),
        ChatsError::InvalidRequest(_) => Failure::usage(message),
        // A 5xx does not say whether it was done.
        ChatsError::Refused(refusal) if matches!(refusal.status(), 408 | 500..=599) => {
            in_doubt(message).with("http_status", refusal.status())
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
        ChatsError::Transport { .. } => in_doubt(message),
        _ => Failure::new(ErrorCode::BadAnswer, message),
    }
}

fn in_doubt(message: String) -> Failure {
    Failure::new(ErrorCode::InDoubt, message)
        .hint("it may have been carried out; to run it again later is harmless")
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
        ErrorKind::NotRegistered => {
            failure.hint("check the channel id, and that the account belongs to the platform that was called")
        }
        ErrorKind::BlockedAsText => failure.hint("the platform blocks after too many requests: wait before the next try"),
        ErrorKind::BadRequest => failure.hint(
            "check the amojo id of the account: `kommo api GET '/api/v4/account?with=amojo_id'` prints it",
        ),
        ErrorKind::Internal => failure.hint("the fault is on the other side: try again later"),
        _ => failure,
    }
}
