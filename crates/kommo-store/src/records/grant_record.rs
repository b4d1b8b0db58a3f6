//! Between a grant and its row: sealed record, plain columns, and the check that both say the same.

use core::time::Duration;

use kommo_oauth::UnixSeconds;
use kommo_oauth::grant::{Grant, GrantEvent, GrantKey, GrantState, Revision};

use crate::error::StoreFault;
use crate::records::rows::{GrantRow, HistoryRow, ListedRow, StoredRow};
use crate::records::summaries::{GrantSummary, HistoryLine};
use crate::sealing::hash_text::pair_hash;
use crate::sealing::sealer::{AssociatedData, Sealer};

/// A number of ours as the databases keep it.
pub(crate) fn number(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

fn from_number(record: &str, what: &'static str, value: i64) -> Result<u64, StoreFault> {
    u64::try_from(value).map_err(|_| StoreFault::damaged(record, what))
}

pub(crate) fn instant(
    record: &str,
    what: &'static str,
    value: i64,
) -> Result<UnixSeconds, StoreFault> {
    from_number(record, what, value).map(UnixSeconds::new)
}

pub(crate) const fn grant_data(name: &str, generation: u64) -> AssociatedData<'_> {
    AssociatedData {
        purpose: "grant",
        name,
        generation,
    }
}

/// The row of a grant that is to be written as `revision`, and its line of history.
pub(crate) fn to_columns(
    sealer: &Sealer,
    grant: &Grant,
    revision: Revision,
    happened: GrantEvent,
    at: UnixSeconds,
    refresh_before: Duration,
) -> Result<(GrantRow, HistoryRow), StoreFault> {
    let key = grant.key.to_string();
    let mut stored = grant.clone();
    stored.revision = revision;
    let place = grant_data(&key, grant.generation.get());
    let record = sealer.seal(place, &stored.to_stored())?;
    let line = HistoryRow {
        at: number(at.get()),
        happened: happened.name().to_owned(),
        detail: happened.detail().to_owned(),
        generation: number(grant.generation.get()),
        revision: number(revision.get()),
    };
    let columns = GrantRow {
        realm: grant.key.realm_text(),
        client_id: grant.key.client_id.to_string(),
        account_id: grant.key.account_id.to_string(),
        user_id: grant.key.user_id.to_string(),
        host: grant.host.as_str().to_owned(),
        generation: line.generation,
        revision: line.revision,
        state: grant.state.name(),
        is_admin: grant.is_admin,
        expires_at: expires_at(grant).map(|end| number(end.get())),
        due_at: grant.due_at(refresh_before).map(|due| number(due.get())),
        reckoned_at: grant.due_reckoned_at().map(|at| number(at.get())),
        record,
        pair_hash: consented_pair(grant, happened),
        import_hash: None,
        history_lines: i64::MAX,
        key,
    };
    Ok((columns, line))
}

fn consented_pair(grant: &Grant, happened: GrantEvent) -> Option<String> {
    let pairs = grant.state.pairs()?;
    matches!(happened, GrantEvent::Consented).then(|| pair_hash(&pairs.newest().pair.refresh_token))
}

fn expires_at(grant: &Grant) -> Option<UnixSeconds> {
    match &grant.state {
        GrantState::LongLived(token) => token.expires_at,
        state => state.pairs().map(|pairs| pairs.newest().pair.expires_at),
    }
}

/// The grant of a row.
///
/// INVARIANT (I7): a column that differs from the record is damage. Sweeps and lists read the
/// columns, and a write is compared with them. Only `due_at` may differ, since claims postpone it
/// and `refresh_before` is a setting; but an empty one beside a record that is due at some time
/// would hide the grant from every sweep.
pub(crate) fn from_columns(
    sealer: &Sealer,
    key: &GrantKey,
    columns: &StoredRow,
) -> Result<Grant, StoreFault> {
    let name = key.to_string();
    let generation = from_number(&name, "column generation", columns.generation)?;
    let record = sealer.open(grant_data(&name, generation), &columns.record)?;
    let grant =
        Grant::from_stored(key, &record).map_err(|error| StoreFault::of_record(&name, error))?;
    let revision = from_number(&name, "column revision", columns.revision)?;
    let ends_at = expires_at(&grant).map(|end| number(end.get()));
    let is_due = grant.due_at(Duration::ZERO).is_some();
    for (is_equal, what) in [
        (key.realm_text() == columns.realm, "column realm"),
        (
            key.client_id.as_str() == columns.client_id,
            "column client_id",
        ),
        (
            key.account_id.to_string() == columns.account_id,
            "column account_id",
        ),
        (key.user_id.to_string() == columns.user_id, "column user_id"),
        (grant.generation.get() == generation, "column generation"),
        (grant.revision.get() == revision, "column revision"),
        (grant.host.as_str() == columns.host, "column host"),
        (grant.state.name() == columns.state, "column state"),
        (grant.is_admin == columns.is_admin, "column is_admin"),
        (ends_at == columns.expires_at, "column expires_at"),
        (!is_due || columns.due_at.is_some(), "column due_at"),
    ] {
        if !is_equal {
            return Err(StoreFault::damaged(&name, what));
        }
    }
    Ok(grant)
}

/// The longest text of a damaged key that an error repeats.
const KEY_TEXT_AT_MOST: usize = 200;

/// The key in a row.
pub(crate) fn parse_key(text: &str) -> Result<GrantKey, StoreFault> {
    GrantKey::parse(text).map_err(|_| {
        let shown: String = text.escape_debug().take(KEY_TEXT_AT_MOST).collect();
        StoreFault::damaged(shown, "column key")
    })
}

pub(crate) fn to_line(columns: ListedRow) -> Result<GrantSummary, StoreFault> {
    let key = parse_key(&columns.key)?;
    let name = &columns.key;
    let optional = |what, value: Option<i64>| value.map(|at| instant(name, what, at)).transpose();
    Ok(GrantSummary {
        key,
        host: columns
            .host
            .parse()
            .map_err(|_| StoreFault::damaged(name, "column host"))?,
        generation: kommo_oauth::grant::Generation::new(from_number(
            name,
            "column generation",
            columns.generation,
        )?),
        is_admin: columns.is_admin,
        expires_at: optional("column expires_at", columns.expires_at)?,
        due_at: optional("column due_at", columns.due_at)?,
        updated_at: instant(name, "column updated_at", columns.updated_at)?,
        state: columns.state,
    })
}

pub(crate) fn to_history_line(
    key: &GrantKey,
    columns: HistoryRow,
) -> Result<HistoryLine, StoreFault> {
    let name = key.to_string();
    let generation = from_number(&name, "history column generation", columns.generation)?;
    let revision = from_number(&name, "history column revision", columns.revision)?;
    Ok(HistoryLine {
        at: instant(&name, "history column at", columns.at)?,
        happened: columns.happened,
        detail: columns.detail,
        generation: kommo_oauth::grant::Generation::new(generation),
        revision: Revision::new(revision),
    })
}
