//! The statements as `SQLite` takes them.

use sqlx::SqliteConnection;

use crate::database::statements::statements;
use crate::records::rows::{GrantRow, HookRow, SettledRow};

statements! {
    SqliteConnection,
    now: "CAST(unixepoch('now', 'subsec') * 1000 AS INTEGER)",
    skip: "",
    any_of: ["IN (" ")"],
    text_of: ["NULLIF(lower(hex(" ")), '')"],
    bytes_of: ["unhex(" ")"],
    lock: []
}

/// Puts the row in place of the revision before its own. `false`: that is not there, or the pair of
/// a first one was erased.
pub(super) async fn write_grant(
    connection: &mut SqliteConnection,
    grant: &GrantRow,
    line: &HistoryRow,
) -> Result<bool> {
    if grant.revision == 1 {
        let done = query(
            "INSERT INTO kommo_grants (key, realm, client_id, account_id, user_id, host, generation, revision, \
             state, is_admin, expires_at, due_at, stored_at, updated_at, record, reckoned_at) \
             SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $13, $14, $16 \
             WHERE NOT EXISTS (SELECT 1 FROM kommo_codes WHERE is_erased AND pair_hash = $15) \
             AND NOT EXISTS (SELECT 1 FROM kommo_meta WHERE name = 'erased_generation' AND value >= $7) \
             ON CONFLICT (key) DO NOTHING",
        )
        .bind(&grant.key)
        .bind(&grant.realm)
        .bind(&grant.client_id)
        .bind(&grant.account_id)
        .bind(&grant.user_id)
        .bind(&grant.host)
        .bind(grant.generation)
        .bind(grant.revision)
        .bind(grant.state)
        .bind(grant.is_admin)
        .bind(grant.expires_at)
        .bind(grant.due_at)
        .bind(line.at)
        .bind(&grant.record)
        .bind(&grant.pair_hash)
        .bind(grant.reckoned_at)
        .execute(connection)
        .await?;
        return Ok(done.rows_affected() == 1);
    }
    let done = query(
        "UPDATE kommo_grants SET host = $3, generation = $4, revision = $5, state = $6, is_admin = $7, \
         expires_at = $8, due_at = $9, updated_at = $10, record = $11, reckoned_at = $12 \
         WHERE key = $1 AND revision = $2 AND generation <= $4",
    )
    .bind(&grant.key)
    .bind(grant.revision - 1)
    .bind(&grant.host)
    .bind(grant.generation)
    .bind(grant.revision)
    .bind(grant.state)
    .bind(grant.is_admin)
    .bind(grant.expires_at)
    .bind(grant.due_at)
    .bind(line.at)
    .bind(&grant.record)
    .bind(grant.reckoned_at)
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// The line of history; and what else belongs to the write of a grant: old lines that go, an import
/// that is noted.
pub(super) async fn write_line(
    connection: &mut SqliteConnection,
    grant: &GrantRow,
    line: &HistoryRow,
) -> Result<()> {
    let key = &grant.key;
    if grant.trims_history() {
        query(
            "DELETE FROM kommo_history WHERE key = $1 AND id <= \
             (SELECT id FROM kommo_history WHERE key = $1 ORDER BY id DESC LIMIT 1 OFFSET $2)",
        )
        .bind(key)
        .bind(grant.history_lines.saturating_sub(1))
        .execute(&mut *connection)
        .await?;
    }
    if let Some(hash) = &grant.import_hash {
        query(
            "INSERT INTO kommo_imports (hash, key, at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
        )
        .bind(hash)
        .bind(key)
        .bind(line.at)
        .execute(&mut *connection)
        .await?;
    }
    query(
        "INSERT INTO kommo_history (key, at, happened, detail, generation, revision) \
         VALUES ($1, $2, $3, $4, $5, $6)",
    )
    .bind(key)
    .bind(line.at)
    .bind(&line.happened)
    .bind(&line.detail)
    .bind(line.generation)
    .bind(line.revision)
    .execute(connection)
    .await
    .map(|_| ())
}

/// Releases a claim. A record that was written since the claim has its own due instant, and the
/// earlier of the two counts.
pub(super) async fn settle_one(
    connection: &mut SqliteConnection,
    settled: &SettledRow,
) -> Result<()> {
    query(
        "UPDATE kommo_grants SET lease_token = NULL, \
         lease_until = CASE WHEN revision = claimed_revision AND $3 IS NULL THEN lease_until END, \
         due_at = CASE WHEN $3 IS NULL THEN due_at \
                       WHEN revision = claimed_revision OR due_at IS NULL THEN $3 \
                       WHEN due_at < $3 THEN due_at ELSE $3 END, \
         reckoned_at = CASE WHEN $3 IS NULL OR (revision <> claimed_revision AND due_at < $3) THEN reckoned_at \
                            ELSE claimed_at END \
         WHERE key = $1 AND lease_token = $2",
    )
    .bind(&settled.key)
    .bind(&settled.token)
    .bind(settled.again_at)
    .execute(connection)
    .await
    .map(|_| ())
}

/// There is one writer.
pub(super) async fn lock_conversations(
    _: &mut SqliteConnection,
    _: impl Iterator<Item = &str>,
) -> Result<()> {
    Ok(())
}

pub(super) const PUT_HOOK: &str = "INSERT INTO kommo_hooks (key, inbox, kind, event, account, conversation, is_unsigned, record, \
         state, stored_at, due_at) SELECT unhex($1), $2, $3, $4, $5, unhex($6), $7, $8, 'waiting', now, \
         CASE WHEN $6 IS NULL OR NOT EXISTS (SELECT 1 FROM kommo_hooks WHERE conversation = unhex($6) AND due_at IS NOT NULL) \
         THEN now END FROM (SELECT CAST(unixepoch('now', 'subsec') * 1000 AS INTEGER) AS now) WHERE TRUE \
         ON CONFLICT (key) DO NOTHING";

/// In a transaction. `false`: one with its key is there.
pub(super) async fn put_hook(
    connection: &mut SqliteConnection,
    of: &OfInbox,
    hook: &HookRow,
) -> Result<bool> {
    let done = query(PUT_HOOK)
        .bind(&hook.key)
        .bind(of.number())
        .bind(&*hook.kind)
        .bind(&*hook.event)
        .bind(hook.account.as_deref())
        .bind(hook.conversation.as_deref())
        .bind(hook.is_unsigned)
        .bind(&hook.record)
        .execute(connection)
        .await?;
    Ok(done.rows_affected() == 1)
}

pub(super) const IS_KNOWN: &str = "SELECT EXISTS (SELECT 1 FROM kommo_hooks WHERE key = unhex($1))";

/// Whether a hook with this key is there.
pub(super) async fn is_known(connection: &mut SqliteConnection, key: &str) -> Result<bool> {
    query_scalar(IS_KNOWN).bind(key).fetch_one(connection).await
}
