//! The step that a run asks for, with all the data that it needs.

extern crate alloc;

use alloc::boxed::Box;

use kommo_account::AccountHost;
use kommo_oauth::UnixSeconds;
use kommo_oauth::grant::{AttemptId, Grant, GrantState, UnsavedPair};
use kommo_oauth::refresh::{Outcome, RefreshProtocol, Step};

use crate::pair_text::{id_of, id_of_pair};
use crate::platform::PairId;
use crate::worker::{Recorded, Request};

/// One step.
pub(crate) enum Task {
    Load,
    Lock,
    ReadLifeboat,
    ReserveLifeboat,
    Record(Box<Grant>),
    Save(Box<Grant>),
    Send(Request),
    LookUp,
    WriteLifeboat(Box<UnsavedPair>),
    DeleteLifeboat(AttemptId),
    WaitToSave,
    ReleaseLifeboat,
    Release,
    Done(Option<PairId>),
}

/// The attempt that a record announces.
pub(crate) fn recorded(grant: &Grant, now: UnixSeconds) -> Option<Recorded> {
    let GrantState::Refreshing(refreshing) = &grant.state else {
        return None;
    };
    let held = refreshing.pairs.find(refreshing.attempt.used)?;
    Some(Recorded {
        attempt: refreshing.attempt.id,
        used: id_of_pair(held),
        is_declared: refreshing.doubt.is_some(),
        generation: grant.generation,
        at: now,
    })
}

/// What a run asks for now.
pub(crate) fn task(protocol: &RefreshProtocol) -> Task {
    match protocol.poll() {
        Step::Load => Task::Load,
        Step::Lock => Task::Lock,
        Step::ReadLifeboat => Task::ReadLifeboat,
        Step::ReserveLifeboat => Task::ReserveLifeboat,
        Step::ReleaseLifeboat => Task::ReleaseLifeboat,
        Step::Record(transition) => Task::Record(Box::new(transition.grant.clone())),
        Step::Save(transition) => Task::Save(Box::new(transition.grant.clone())),
        Step::Send {
            host,
            refresh_token,
        } => Task::Send(request(host, refresh_token.expose())),
        Step::LookUp { .. } => Task::LookUp,
        Step::WriteLifeboat(unsaved) => Task::WriteLifeboat(Box::new(unsaved.clone())),
        Step::DeleteLifeboat(unsaved) => Task::DeleteLifeboat(unsaved.attempt),
        Step::WaitToSave => Task::WaitToSave,
        Step::Release => Task::Release,
        Step::Done(outcome) => Task::Done(handed_out(outcome)),
        _ => Task::Done(None),
    }
}

fn request(host: AccountHost, refresh_token: &str) -> Request {
    Request {
        used: id_of(refresh_token),
        host,
    }
}

/// The token that an outcome hands out.
fn handed_out(outcome: &Outcome) -> Option<PairId> {
    let usable = match outcome {
        Outcome::Met { token, .. } => Some(token),
        Outcome::Unmet { usable, .. } => usable.as_ref(),
        _ => None,
    };
    usable.map(|usable| id_of(usable.access_token.expose()))
}
