//! What a failed call means, and what to do about it.

use kommo_chats::ErrorKind;
use kommo_http::{ChatsError, Refusal};

use crate::exit::{self, Failure};

/// Refused by the remote side is status 1; no answer, or one that makes no sense, is status 3.
pub(super) fn of(error: &ChatsError) -> Failure {
    let message = exit::chain(error);
    match error {
        ChatsError::InvalidRequest(_) => Failure::usage(message),
        ChatsError::Refused(refusal) => hinted(Failure::refused(message), refusal),
        ChatsError::TooManyRequests(_) => {
            Failure::refused(message).hint("wait before the next try; each one counts")
        }
        ChatsError::Redirected { .. } => Failure::refused(message)
            .hint("check --account and --chats-host: the Chats API does not redirect"),
        _ => Failure::io(message),
    }
}

fn hinted(failure: Failure, refusal: &Refusal) -> Failure {
    match refusal.error().kind() {
        ErrorKind::InvalidSignature => failure.hint(
            "probably another secret than this channel's; `kommo explain chats` looks into a request",
        ),
        ErrorKind::NotRegistered => {
            failure.hint("check the channel id, and that the account lives on the platform that was called")
        }
        ErrorKind::BlockedAsText => failure.hint("blocked after too many requests: do not try again at once"),
        ErrorKind::BadRequest => failure.hint("check the amojo id of the account"),
        ErrorKind::Internal => failure.hint("the fault is on the other side: try again later"),
        _ => failure,
    }
}
