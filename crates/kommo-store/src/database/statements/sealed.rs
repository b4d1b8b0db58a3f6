//! Sealed records of any table, to be sealed anew.

macro_rules! sealed_statements {
    ($connection:ty, text_of: [$text_of:literal $text_end:literal], bytes_of: [$bytes_of:literal $bytes_end:literal]) => {
        pub(super) async fn sealed(
            connection: &mut $connection,
            table: SealedTable,
            after: &str,
            limit: i64,
        ) -> Result<Vec<SealedRow>> {
            let statement = match table {
                SealedTable::Grants => {
                    "SELECT key AS name, generation, record FROM kommo_grants WHERE key > $1 ORDER BY key LIMIT $2"
                }
                SealedTable::Codes => {
                    "SELECT hash AS name, CAST(0 AS BIGINT) AS generation, record FROM kommo_codes \
                     WHERE hash > $1 AND NOT is_done ORDER BY hash LIMIT $2"
                }
                SealedTable::Answers => {
                    "SELECT hash AS name, CAST(0 AS BIGINT) AS generation, answer AS record FROM kommo_codes \
                     WHERE hash > $1 AND answer IS NOT NULL ORDER BY hash LIMIT $2"
                }
                SealedTable::Secrets => {
                    "SELECT state_hash AS name, CAST(0 AS BIGINT) AS generation, record FROM kommo_secrets \
                     WHERE state_hash > $1 ORDER BY state_hash LIMIT $2"
                }
                // What is done has lost its body.
                SealedTable::Hooks => {
                    concat!(
                        "SELECT ", $text_of, "key", $text_end, " AS name, CAST(0 AS BIGINT) AS generation, record FROM kommo_hooks \
                         WHERE key > ", $bytes_of, "$1", $bytes_end, " AND state <> 'done' ORDER BY kommo_hooks.key LIMIT $2"
                    )
                }
            };
            query_as(statement)
                .bind(after)
                .bind(limit)
                .fetch_all(connection)
                .await
        }

        pub(super) async fn reseal(
            connection: &mut $connection,
            table: SealedTable,
            name: &str,
            old: &[u8],
            new: &[u8],
        ) -> Result<bool> {
            let statement = match table {
                SealedTable::Grants => {
                    "UPDATE kommo_grants SET record = $3 WHERE key = $1 AND record = $2"
                }
                SealedTable::Codes => {
                    "UPDATE kommo_codes SET record = $3 WHERE hash = $1 AND record = $2"
                }
                SealedTable::Answers => {
                    "UPDATE kommo_codes SET answer = $3 WHERE hash = $1 AND answer = $2"
                }
                SealedTable::Secrets => {
                    "UPDATE kommo_secrets SET record = $3 WHERE state_hash = $1 AND record = $2"
                }
                SealedTable::Hooks => {
                    concat!(
                        "UPDATE kommo_hooks SET record = $3 WHERE key = ", $bytes_of, "$1", $bytes_end, " AND record = $2"
                    )
                }
            };
            let done = query(statement)
                .bind(name)
                .bind(old)
                .bind(new)
                .execute(connection)
                .await?;
            Ok(done.rows_affected() == 1)
        }
    };
}

pub(crate) use sealed_statements;
