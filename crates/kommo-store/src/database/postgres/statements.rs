//! The statements as `PostgreSQL` takes them.

use alloc::collections::BTreeSet;

use sqlx::{AssertSqlSafe, PgConnection};

use crate::database::statements::statements;
use crate::records::rows::{GrantRow, HookRow, SettledRow};

statements! {
    PgConnection,
    now: "CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)",
    skip: "FOR UPDATE SKIP LOCKED",
    any_of: ["= ANY (ARRAY(" "))"],
    text_of: ["replace(CAST(" " AS TEXT), '-', '')"],
    bytes_of: ["CAST(COALESCE(NULLIF(" ", ''), '00000000000000000000000000000000') AS UUID)"],
    lock: ["LOCK TABLE kommo_grants IN SHARE ROW EXCLUSIVE MODE"]
}

/// Puts the row in place of the revision before its own, and the line into the history: one
/// statement, so one transaction and one round trip. `false`: that revision is not there, or the
/// pair of a first one was erased.
pub(super) async fn write_grant(
    connection: &mut PgConnection,
    grant: &GrantRow,
    line: &HistoryRow,
) -> Result<bool> {
    let written = if grant.revision == 1 {
        "WITH written AS (INSERT INTO kommo_grants (key, revision, host, generation, state, is_admin, expires_at, \
         due_at, updated_at, record, realm, client_id, account_id, user_id, reckoned_at, stored_at) \
         SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $13, $14, $15, $16, $17, $9 \
         WHERE NOT EXISTS (SELECT 1 FROM kommo_codes WHERE is_erased AND pair_hash = $18) \
         AND NOT EXISTS (SELECT 1 FROM kommo_meta WHERE name = 'erased_generation' AND value >= $4) \
         ON CONFLICT (key) DO NOTHING RETURNING key)"
    } else {
        "WITH written AS (UPDATE kommo_grants SET revision = $2, host = $3, generation = $4, state = $5, \
         is_admin = $6, expires_at = $7, due_at = $8, updated_at = $9, record = $10, reckoned_at = $17 \
         WHERE key = $1 AND revision = $2 - 1 AND generation <= $4 AND realm = $13 AND client_id = $14 AND account_id = $15 \
         AND user_id = $16 RETURNING key)"
    };
    // The other parts of the write are in the same statement. The texts are ours, the numbers too.
    let trimmed = match grant.trims_history() {
        true => format!(
            ", trimmed AS (DELETE FROM kommo_history WHERE key = $1 AND id <= \
             (SELECT id FROM kommo_history WHERE key = $1 ORDER BY id DESC LIMIT 1 OFFSET {}))",
            grant.history_lines.saturating_sub(1)
        ),
        false => String::new(),
    };
    let parameters = if grant.revision == 1 { 18 } else { 17 };
    let imported = match &grant.import_hash {
        Some(_) => format!(
            ", imported AS (INSERT INTO kommo_imports (hash, key, at) SELECT ${}, key, $9 FROM written ON CONFLICT DO NOTHING)",
            parameters + 1
        ),
        None => String::new(),
    };
    let statement = format!(
        "{written}{trimmed}{imported} INSERT INTO kommo_history (key, at, happened, detail, generation, revision) \
         SELECT key, $9, $11, $12, $4, $2 FROM written"
    );
    let mut statement = query(AssertSqlSafe(statement))
        .bind(&grant.key)
        .bind(grant.revision)
        .bind(&grant.host)
        .bind(grant.generation)
        .bind(grant.state)
        .bind(grant.is_admin)
        .bind(grant.expires_at)
        .bind(grant.due_at)
        .bind(line.at)
        .bind(&grant.record)
        .bind(&line.happened)
        .bind(&line.detail)
        .bind(&grant.realm)
        .bind(&grant.client_id)
        .bind(&grant.account_id)
        .bind(&grant.user_id)
        .bind(grant.reckoned_at);
    if grant.revision == 1 {
        statement = statement.bind(&grant.pair_hash);
    }
    if let Some(hash) = &grant.import_hash {
        statement = statement.bind(hash);
    }
    let done = statement.execute(connection).await?;
    Ok(done.rows_affected() == 1)
}

/// Releases claims. A record that was written since its claim has its own due instant, and the
/// earlier of the two counts.
pub(super) async fn settle_all(
    connection: &mut PgConnection,
    settled: &[SettledRow],
) -> Result<()> {
    let keys: Vec<&str> = settled.iter().map(|claim| &*claim.key).collect();
    let tokens: Vec<&[u8]> = settled.iter().map(|claim| &*claim.token).collect();
    let instants: Vec<Option<i64>> = settled.iter().map(|claim| claim.again_at).collect();
    query(
        "WITH settled AS MATERIALIZED (SELECT kommo_grants.key AS settled_key, again_at \
         FROM unnest($1::text[], $2::bytea[], $3::bigint[]) AS given (given_key, token, again_at) \
         JOIN kommo_grants ON key = given_key COLLATE \"C\" AND lease_token = token \
         ORDER BY key FOR UPDATE OF kommo_grants) \
         UPDATE kommo_grants SET lease_token = NULL, \
         lease_until = CASE WHEN revision = claimed_revision AND again_at IS NULL THEN lease_until END, \
         due_at = CASE WHEN again_at IS NULL THEN due_at \
                       WHEN revision = claimed_revision OR due_at IS NULL THEN again_at \
                       ELSE LEAST(due_at, again_at) END, \
         reckoned_at = CASE WHEN again_at IS NULL OR (revision <> claimed_revision AND due_at < again_at) THEN reckoned_at \
                            ELSE claimed_at END \
         FROM settled WHERE key = settled_key",
    )
    .bind(keys)
    .bind(tokens)
    .bind(instants)
    .execute(connection)
    .await
    .map(|_| ())
}

/// The class of the advisory locks of conversations; their number is the beginning of the hash.
const CONVERSATION_LOCKS: i32 = 0x4b48_434c;

/// Until the end of the transaction nothing else is put into these conversations or settled in
/// them: who inserts behind a head, and who promotes the next when the head leaves, must see each
/// other. A process that stops meanwhile is ended by the server (`session_limits`). In one order
/// for all, so that no two wait for each other.
pub(super) async fn lock_conversations(
    connection: &mut PgConnection,
    conversations: impl Iterator<Item = &str>,
) -> Result<()> {
    let number = |hash: &str| {
        let digits = hash.get(..8).unwrap_or_default();
        u32::from_str_radix(digits, 16)
            .unwrap_or_default()
            .cast_signed()
    };
    let mut numbers: Vec<i32> = conversations.map(number).collect();
    numbers.sort_unstable();
    numbers.dedup();
    query(
        "SELECT COUNT(locked) FROM (SELECT CAST(pg_advisory_xact_lock($1, number) AS TEXT) AS locked \
         FROM unnest($2::int[]) AS given (number) OFFSET 0) AS taken",
    )
    .bind(CONVERSATION_LOCKS)
    .bind(numbers)
    .execute(connection)
    .await
    .map(|_| ())
}

macro_rules! put_hooks {
    ($known:literal, $conflict:literal) => {
        concat!(
            "INSERT INTO kommo_hooks (key, inbox, kind, event, account, conversation, is_unsigned, record, \
             state, stored_at, due_at) \
             SELECT CAST(key AS UUID), $1, kind, event, account, CAST(conversation AS UUID), is_unsigned, record, 'waiting', now, \
             CASE WHEN conversation IS NULL OR (may_lead AND NOT EXISTS (SELECT 1 FROM kommo_hooks AS known \
             WHERE known.conversation = CAST(given.conversation AS UUID) AND known.due_at IS NOT NULL)) THEN now END \
             FROM unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::bool[], $8::bool[], $9::bytea[]) \
             WITH ORDINALITY AS given (key, kind, event, account, conversation, is_unsigned, may_lead, record, place), \
             (SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT) AS now) AS clock",
            $known,
            " ORDER BY CASE WHEN conversation IS NULL THEN key END, place",
            $conflict,
            " RETURNING replace(CAST(key AS TEXT), '-', '')"
        )
    };
}

pub(super) const KNOWN_HOOKS: &str = "SELECT replace(CAST(key AS TEXT), '-', '') FROM kommo_hooks \
         WHERE key = ANY (CAST($1::text[] AS UUID[]))";

/// Which of these keys are there.
pub(super) async fn known_hooks(
    connection: &mut PgConnection,
    keys: Vec<&str>,
) -> Result<Vec<String>> {
    query_scalar(KNOWN_HOOKS)
        .bind(keys)
        .fetch_all(connection)
        .await
}

/// Without `ON CONFLICT`, which writes to the log once more for each row. (`OFFSET 0`: keys are
/// looked up one by one.)
pub(super) const PUT_HOOKS: &str = put_hooks!(
    " WHERE NOT EXISTS (SELECT 1 FROM kommo_hooks AS other WHERE other.key = CAST(given.key AS UUID) OFFSET 0)",
    ""
);

/// For when another transaction is putting one of them at this moment.
pub(super) const PUT_CONTENDED_HOOKS: &str = put_hooks!("", " ON CONFLICT (key) DO NOTHING");

/// In a transaction that holds the locks of the conversations. Hooks without a conversation are
/// inserted in the order of their keys: else two transactions with the same hooks could wait for
/// each other. Returns the keys that are new. A hook whose `may_lead` is false is behind another of
/// the same call.
pub(super) async fn put_hooks(
    connection: &mut PgConnection,
    of: &OfInbox,
    hooks: &[(&HookRow, bool)],
    statement: &'static str,
) -> Result<Vec<String>> {
    let texts = |of: fn(&HookRow) -> &str| hooks.iter().map(|(hook, _)| of(hook)).collect();
    let keys: Vec<&str> = texts(|hook| &hook.key);
    let kinds: Vec<&str> = texts(|hook| &hook.kind);
    let events: Vec<&str> = texts(|hook| &hook.event);
    let accounts: Vec<Option<&str>> = hooks
        .iter()
        .map(|(hook, _)| hook.account.as_deref())
        .collect();
    let conversations: Vec<Option<&str>> = hooks
        .iter()
        .map(|(hook, _)| hook.conversation.as_deref())
        .collect();
    let unsigned: Vec<bool> = hooks.iter().map(|(hook, _)| hook.is_unsigned).collect();
    let leading: Vec<bool> = hooks.iter().map(|(_, may_lead)| *may_lead).collect();
    let records: Vec<&[u8]> = hooks.iter().map(|(hook, _)| &*hook.record).collect();
    query_scalar(statement)
        .bind(of.number())
        .bind(keys)
        .bind(kinds)
        .bind(events)
        .bind(accounts)
        .bind(conversations)
        .bind(unsigned)
        .bind(leading)
        .bind(records)
        .fetch_all(connection)
        .await
}

pub(super) const SETTLE_HOOKS: &str = "WITH given AS (SELECT * FROM unnest($1::bigint[], $2::bytea[], $3::bigint[], $4::text[], \
         $5::bigint[], $6::text[], $7::bool[], $8::bool[]) \
         AS given (id, token, attempts, state, pause, reason, is_removed, is_uncounted)), \
         removed AS (DELETE FROM kommo_hooks USING given WHERE kommo_hooks.id = given.id AND lease_token = token \
         AND kommo_hooks.attempts = given.attempts AND given.is_removed RETURNING kommo_hooks.id), \
         settled AS (UPDATE kommo_hooks SET state = given.state, due_at = now + pause, lease_token = NULL, leased_until = NULL, \
         ended_at = CASE WHEN pause IS NULL THEN now END, reason = given.reason, \
         attempts = kommo_hooks.attempts - CASE WHEN given.is_uncounted THEN 1 ELSE 0 END, \
         record = CASE WHEN given.state = 'done' THEN ''::bytea ELSE record END \
         FROM given, (SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT) AS now) AS clock \
         WHERE kommo_hooks.id = given.id AND lease_token = token AND kommo_hooks.attempts = given.attempts \
         AND NOT given.is_removed RETURNING kommo_hooks.id) \
         SELECT id FROM removed UNION ALL SELECT id FROM settled";

pub(super) const PROMOTE_HOOKS: &str = "UPDATE kommo_hooks SET due_at = CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT) \
         WHERE id = ANY (ARRAY(SELECT (SELECT next.id FROM kommo_hooks AS next WHERE next.conversation = left_by \
         AND next.state = 'waiting' AND next.due_at IS NULL ORDER BY next.id LIMIT 1) \
         FROM unnest(CAST($1::text[] AS UUID[])) AS given (left_by) WHERE NOT EXISTS (SELECT 1 FROM kommo_hooks AS head \
         WHERE head.conversation = left_by AND head.due_at IS NOT NULL OFFSET 0)))";

/// Ends attempts, in a transaction that holds the locks of their conversations: two ways there and
/// back, however many they are. `false`: not the lease of the last attempt.
pub(super) async fn settle_hooks(
    connection: &mut PgConnection,
    settled: &[SettledHookRow],
) -> Result<Vec<bool>> {
    let mut seen = BTreeSet::new();
    if !settled.iter().all(|hook| seen.insert(hook.id)) {
        // One hook twice: the second finds what the first left.
        let mut done = Vec::with_capacity(settled.len());
        for hook in settled {
            let is_settled = settle_hook(connection, hook).await?;
            if let (true, Some(conversation)) = (is_settled, &hook.conversation) {
                promote_hook(connection, conversation).await?;
            }
            done.push(is_settled);
        }
        return Ok(done);
    }
    let ids: Vec<i64> = settled.iter().map(|hook| hook.id).collect();
    let tokens: Vec<&[u8]> = settled.iter().map(|hook| &*hook.token).collect();
    let attempts: Vec<i64> = settled.iter().map(|hook| hook.attempts).collect();
    let states: Vec<&str> = settled.iter().map(|hook| hook.state).collect();
    let pauses: Vec<Option<i64>> = settled.iter().map(|hook| hook.pause).collect();
    let reasons: Vec<Option<&str>> = settled.iter().map(|hook| hook.reason.as_deref()).collect();
    let uncounted: Vec<bool> = settled.iter().map(|hook| hook.is_uncounted).collect();
    let removed: Vec<bool> = settled.iter().map(|hook| hook.is_removed).collect();
    let done: Vec<i64> = query_scalar(SETTLE_HOOKS)
        .bind(ids)
        .bind(tokens)
        .bind(attempts)
        .bind(states)
        .bind(pauses)
        .bind(reasons)
        .bind(removed)
        .bind(uncounted)
        .fetch_all(&mut *connection)
        .await?;
    let done: BTreeSet<i64> = done.into_iter().collect();
    let ended = settled.iter().filter(|hook| done.contains(&hook.id));
    let left: BTreeSet<&str> = ended
        .filter_map(|hook| hook.conversation.as_deref())
        .collect();
    if !left.is_empty() {
        let left: Vec<&str> = left.into_iter().collect();
        query(PROMOTE_HOOKS).bind(left).execute(connection).await?;
    }
    Ok(settled.iter().map(|hook| done.contains(&hook.id)).collect())
}

/// The transactions of other sessions that have written to the hooks. The number of a virtual
/// transaction is not used again while its session lasts.
pub(super) async fn hook_writers(connection: &mut PgConnection) -> Result<Vec<String>> {
    query_scalar(
        "SELECT concat(pid, ' ', virtualtransaction) FROM pg_locks WHERE locktype = 'relation' \
         AND relation = CAST('kommo_hooks' AS regclass) AND mode = 'RowExclusiveLock' AND granted \
         AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) \
         AND pid <> pg_backend_pid()",
    )
    .fetch_all(connection)
    .await
}
