//! When a hook that was answered badly is sent again.
//!
//! Source: CRM webhooks page (the whole ladder); Digital Pipeline page ("up to 4 within one hour").
//! Choices: a timeout counts as 499, a connection that is refused or breaks off as no code; the
//! steps of the Digital Pipeline, and those of the Open API, of which nothing is published but that
//! any other answer than 200 is retried.

use crate::config::hook_kind::HookKind;
use crate::wire::outgoing::Unanswered;

const MINUTE: u64 = 60;

/// The pause after attempt number `attempt`, from 1, in seconds of the virtual clock; `None` if no
/// further attempt is made. Only for answers that the platform is not content with.
pub(crate) fn pause_after(
    kind: HookKind,
    attempt: u32,
    answer: Result<u16, Unanswered>,
) -> Option<u64> {
    let is_server_error = match answer {
        Ok(status) => status == 499 || (500..600).contains(&status),
        Err(unanswered) => unanswered == Unanswered::TimedOut,
    };
    let minutes = match (kind, attempt) {
        (HookKind::Crm, 1) => 5,
        (HookKind::Crm, 2) => 15,
        (HookKind::Crm, 3) if is_server_error => 15,
        (HookKind::Crm, 4) if is_server_error => 60,
        (HookKind::DigitalPipeline, 1) => 5,
        (HookKind::DigitalPipeline, 2 | 3) => 15,
        (HookKind::OpenApi, 1) => 1,
        (HookKind::OpenApi, 2) => 5,
        (HookKind::OpenApi, 3) => 15,
        _ => return None,
    };
    Some(minutes * MINUTE)
}

#[cfg(test)]
mod tests {
    use super::pause_after;
    use crate::config::hook_kind::HookKind;
    use crate::wire::outgoing::Unanswered;

    fn minutes(kind: HookKind, answer: Result<u16, Unanswered>) -> Vec<u64> {
        (1..)
            .map_while(|attempt| pause_after(kind, attempt, answer))
            .map(|pause| pause / 60)
            .collect()
    }

    #[test]
    fn the_ladder_of_the_page() {
        for full in [Ok(500), Ok(599), Ok(499), Err(Unanswered::TimedOut)] {
            assert_eq!(minutes(HookKind::Crm, full), [5, 15, 15, 60], "{full:?}");
        }
        for short in [Ok(404), Ok(302), Ok(600), Err(Unanswered::NotConnected)] {
            assert_eq!(minutes(HookKind::Crm, short), [5, 15], "{short:?}");
        }
        assert_eq!(minutes(HookKind::DigitalPipeline, Ok(404)), [5, 15, 15]);
        assert_eq!(minutes(HookKind::OpenApi, Ok(403)), [1, 5, 15]);
        assert!(minutes(HookKind::Chat, Ok(500)).is_empty());
    }
}
