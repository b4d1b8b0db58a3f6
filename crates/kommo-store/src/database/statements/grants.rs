//! Reading, listing and claiming grants, and their history.

macro_rules! grant_statements {
    ($connection:ty, now: $now:literal, skip: $skip:literal) => {
        pub(super) async fn load(
            connection: &mut $connection,
            key: &str,
        ) -> Result<Option<StoredRow>> {
            query_as(
                "SELECT realm, client_id, account_id, user_id, host, generation, revision, state, is_admin, \
                 expires_at, due_at, record FROM kommo_grants WHERE key = $1",
            )
            .bind(key)
            .fetch_optional(connection)
            .await
        }

        pub(super) async fn keys(
            connection: &mut $connection,
            after: &str,
            limit: i64,
        ) -> Result<Vec<String>> {
            query_scalar("SELECT key FROM kommo_grants WHERE key > $1 ORDER BY key LIMIT $2")
                .bind(after)
                .bind(limit)
                .fetch_all(connection)
                .await
        }

        pub(super) async fn list(
            connection: &mut $connection,
            after: &str,
            limit: i64,
        ) -> Result<Vec<ListedRow>> {
            query_as(
                "SELECT key, host, generation, state, is_admin, expires_at, due_at, updated_at \
                 FROM kommo_grants WHERE key > $1 ORDER BY key LIMIT $2",
            )
            .bind(after)
            .bind(limit)
            .fetch_all(connection)
            .await
        }

        pub(super) async fn list_account(
            connection: &mut $connection,
            account: &OfAccount,
        ) -> Result<Vec<ListedRow>> {
            query_as(
                "SELECT key, host, generation, state, is_admin, expires_at, due_at, updated_at \
                 FROM kommo_grants WHERE realm = $1 AND client_id = $2 AND account_id = $3 \
                 ORDER BY stored_at, key",
            )
            .bind(&account.integration.realm)
            .bind(&account.integration.client_id)
            .bind(&account.account_id)
            .fetch_all(connection)
            .await
        }

        pub(super) async fn history(
            connection: &mut $connection,
            key: &str,
            limit: i64,
        ) -> Result<Vec<HistoryRow>> {
            query_as(
                "SELECT at, happened, detail, generation, revision FROM kommo_history \
                 WHERE key = $1 ORDER BY id DESC LIMIT $2",
            )
            .bind(key)
            .bind(limit)
            .fetch_all(connection)
            .await
        }

        pub(super) async fn forget_history(
            connection: &mut $connection,
            before: i64,
        ) -> Result<u64> {
            let done = query("DELETE FROM kommo_history WHERE at < $1")
                .bind(before)
                .execute(connection)
                .await?;
            Ok(done.rows_affected())
        }

        pub(super) async fn is_imported(connection: &mut $connection, hash: &str) -> Result<bool> {
            let found: Option<String> =
                query_scalar("SELECT hash FROM kommo_imports WHERE hash = $1")
                    .bind(hash)
                    .fetch_optional(connection)
                    .await?;
            Ok(found.is_some())
        }

        /// Grants that are due, and grants that a clock that was ahead has postponed.
        pub(super) async fn claim_due(
            connection: &mut $connection,
            of: &OfIntegration,
            now: i64,
            limit: i64,
            lease_milliseconds: i64,
            token: &[u8],
        ) -> Result<Vec<String>> {
            query_scalar(concat!(
                "WITH due AS MATERIALIZED (SELECT key AS picked_key FROM kommo_grants \
                 WHERE realm = $5 AND client_id = $6 AND due_at <= $1 AND (lease_until IS NULL OR lease_until <= ",
                $now,
                " OR lease_until > ",
                $now,
                " + 172800000) ORDER BY due_at LIMIT $2 ",
                $skip,
                "), ahead AS MATERIALIZED (SELECT key AS picked_key FROM kommo_grants \
                 WHERE realm = $5 AND client_id = $6 AND reckoned_at > $7 AND due_at > $1 AND (lease_until IS NULL OR lease_until <= ",
                $now,
                " OR lease_until > ",
                $now,
                " + 172800000) ORDER BY reckoned_at LIMIT $2 ",
                $skip,
                "), picked AS MATERIALIZED (SELECT picked_key FROM due UNION ALL SELECT picked_key FROM ahead LIMIT $2) \
                 UPDATE kommo_grants SET lease_token = $3, claimed_revision = revision, claimed_at = $1, lease_until = ",
                $now,
                " + $4 FROM picked WHERE key = picked_key RETURNING key"
            ))
            .bind(now)
            .bind(limit)
            .bind(token)
            .bind(lease_milliseconds)
            .bind(&of.realm)
            .bind(&of.client_id)
            .bind(now.saturating_add(CLOCKS_MAY_DIFFER))
            .fetch_all(connection)
            .await
        }

        /// A first record must begin after this generation: 0 if no grant was ever erased.
        pub(super) async fn erased_generation(connection: &mut $connection) -> Result<i64> {
            let found: Option<i64> =
                query_scalar("SELECT value FROM kommo_meta WHERE name = 'erased_generation'")
                    .fetch_optional(connection)
                    .await?;
            Ok(found.unwrap_or_default())
        }
    };
}

pub(crate) use grant_statements;
