//! Grants as the bare loop keeps them: the store's own tables, written to by plain SQL. A record is
//! the newest pair and the one before, as JSON, which is about as long as the store's.

use kommo_sandbox::MadeGrant;
use serde::{Deserialize, Serialize};
use sqlx::{PgConnection, PgPool, query, query_as};

use crate::failure::{Result, failure};

/// One pair.
#[derive(Clone, Deserialize, Serialize)]
pub(crate) struct BarePair {
    pub(crate) access_token: String,
    pub(crate) refresh_token: String,
}

/// The content of the column `record`.
#[derive(Clone, Deserialize, Serialize)]
pub(crate) struct BareRecord {
    pub(crate) newest: BarePair,
    pub(crate) before: Option<BarePair>,
}

/// A row that a bare worker has read.
pub(crate) struct BareRow {
    pub(crate) key: String,
    pub(crate) host: String,
    pub(crate) revision: i64,
    pub(crate) record: BareRecord,
}

/// Adds a grant as it was made.
pub(crate) async fn add(
    pool: &PgPool,
    realm: &str,
    client_id: &str,
    made: &MadeGrant,
    now: i64,
) -> Result<()> {
    let record = BareRecord {
        newest: BarePair {
            access_token: made.access_token.clone(),
            refresh_token: made.refresh_token.clone(),
        },
        before: None,
    };
    let key = format!("{realm}/{client_id}/{}/{}", made.account, made.user);
    query(
        "INSERT INTO kommo_grants (key, realm, client_id, account_id, user_id, host, generation, revision, state, \
         is_admin, expires_at, due_at, stored_at, updated_at, record) \
         VALUES ($1, $2, $3, $4, $5, $6, 1, 1, 'active', TRUE, $7, $8, $9, $9, $10)",
    )
    .bind(key)
    .bind(realm)
    .bind(client_id)
    .bind(made.account.to_string())
    .bind(made.user.to_string())
    .bind(&made.account_host)
    .bind(i64::try_from(made.expires_at)?)
    .bind(i64::try_from(made.expires_at)? - 3600)
    .bind(now)
    .bind(serde_json::to_vec(&record)?)
    .execute(pool)
    .await?;
    Ok(())
}

/// The next rows after a key that belong to one share.
pub(crate) async fn page(
    connection: &mut PgConnection,
    after: &str,
    (share, of): (u32, u32),
    limit: i64,
) -> Result<Vec<BareRow>> {
    let rows: Vec<(String, String, i64, Vec<u8>)> = query_as(
        "SELECT key, host, revision, record FROM kommo_grants \
         WHERE key > $1 AND CAST(user_id AS BIGINT) % $2 = $3 ORDER BY key LIMIT $4",
    )
    .bind(after)
    .bind(i64::from(of))
    .bind(i64::from(share))
    .bind(limit)
    .fetch_all(connection)
    .await?;
    let row = |(key, host, revision, record): (String, String, i64, Vec<u8>)| {
        let record = serde_json::from_slice(&record)?;
        Ok(BareRow {
            key,
            host,
            revision,
            record,
        })
    };
    rows.into_iter().map(row).collect()
}

/// One commit: the row, and its line of history. The same columns as the store writes.
pub(crate) async fn write(
    connection: &mut PgConnection,
    row: &mut BareRow,
    state: &str,
    happened: &str,
    (now, expires_at): (i64, i64),
) -> Result<()> {
    row.revision += 1;
    let done = query(
        "WITH written AS (UPDATE kommo_grants SET revision = $2, host = $3, generation = $4, state = $5, is_admin = TRUE, \
         expires_at = $6, due_at = $7, updated_at = $8, record = $9 WHERE key = $1 AND revision = $2 - 1 RETURNING key) \
         INSERT INTO kommo_history (key, at, happened, detail, generation, revision) \
         SELECT key, $8, $10, '', $4, $2 FROM written",
    )
    .bind(&row.key)
    .bind(row.revision)
    .bind(&row.host)
    .bind(row.revision / 2 + 1)
    .bind(state)
    .bind(expires_at)
    .bind(expires_at - 3600)
    .bind(now)
    .bind(serde_json::to_vec(&row.record)?)
    .bind(happened)
    .execute(connection)
    .await?;
    if done.rows_affected() == 1 {
        Ok(())
    } else {
        Err(failure(format!(
            "row {} was written by another worker",
            row.key
        )))
    }
}
