//! What belongs to accounts, integrations and keys.

macro_rules! account_statements {
    ($connection:ty, lock: [$($lock:literal)?]) => {
        /// In a transaction that no `put_code` and no consent runs beside.
        pub(super) async fn erase_rows(
            connection: &mut $connection,
            account: &OfAccount,
        ) -> Result<Erased> {
            // A grant that is being written is visible to this statement, or is written after it
            // and finds what this left.
            $(query($lock).execute(&mut *connection).await?;)?
            let client_id = &*account.integration.client_id;
            let of_account = |statement: &'static str| {
                query(statement)
                    .bind(&account.integration.realm)
                    .bind(client_id)
                    .bind(&account.account_id)
            };
            // Their hashes stay for a while, so that an exchange that is under way brings nothing
            // back.
            let codes = of_account(
                "UPDATE kommo_codes SET is_done = TRUE, is_erased = TRUE, host = '', record = $4, answer = NULL, \
                 lease_token = NULL, lease_until = NULL WHERE realm = $1 AND client_id = $2 AND host IN \
                 (SELECT host FROM kommo_grants WHERE realm = $1 AND client_id = $2 AND account_id = $3)",
            )
            .bind(Vec::<u8>::new())
            .execute(&mut *connection)
            .await?;
            let history_lines = of_account(
                "DELETE FROM kommo_history WHERE key IN \
                 (SELECT key FROM kommo_grants WHERE realm = $1 AND client_id = $2 AND account_id = $3)",
            )
            .execute(&mut *connection)
            .await?;
            of_account(
                "DELETE FROM kommo_imports WHERE key IN \
                 (SELECT key FROM kommo_grants WHERE realm = $1 AND client_id = $2 AND account_id = $3)",
            )
            .execute(&mut *connection)
            .await?;
            // What begins here from now on is later than anything that a run of these grants can
            // name. No grant comes to a million generations or pairs.
            of_account(
                "INSERT INTO kommo_meta (name, value) \
                 SELECT 'erased_generation', (COALESCE(MAX(generation), 0) / 1000000 + 1) * 1000000 \
                 FROM kommo_grants WHERE realm = $1 AND client_id = $2 AND account_id = $3 HAVING COUNT(*) > 0 \
                 ON CONFLICT (name) DO UPDATE SET value = CASE WHEN kommo_meta.value < excluded.value \
                 THEN excluded.value ELSE kommo_meta.value + 1000000 END",
            )
            .execute(&mut *connection)
            .await?;
            of_account(
                "DELETE FROM kommo_primary WHERE realm = $1 AND client_id = $2 AND account_id = $3",
            )
            .execute(&mut *connection)
            .await?;
            let grants = of_account(
                "DELETE FROM kommo_grants WHERE realm = $1 AND client_id = $2 AND account_id = $3",
            )
            .execute(&mut *connection)
            .await?;
            let mut erased = Erased {
                grants: grants.rows_affected(),
                history_lines: history_lines.rows_affected(),
                codes: codes.rows_affected(),
                ..Erased::default()
            };
            // An integration that was made on the fly belongs to one account. One that other
            // accounts have was not.
            let others: i64 = query_scalar("SELECT COUNT(*) FROM kommo_grants WHERE client_id = $1")
                .bind(client_id)
                .fetch_one(&mut *connection)
                .await?;
            if erased.grants > 0 && others == 0 {
                erased.secrets = u64::from(forget_secret(connection, client_id).await?);
            }
            Ok(erased)
        }

        pub(super) async fn primary(
            connection: &mut $connection,
            account: &OfAccount,
        ) -> Result<Option<String>> {
            query_scalar(
                "SELECT user_id FROM kommo_primary WHERE realm = $1 AND client_id = $2 AND account_id = $3",
            )
            .bind(&account.integration.realm)
            .bind(&account.integration.client_id)
            .bind(&account.account_id)
            .fetch_optional(connection)
            .await
        }

        pub(super) async fn set_primary(
            connection: &mut $connection,
            account: &OfAccount,
            user_id: &str,
        ) -> Result<()> {
            query(
                "INSERT INTO kommo_primary (realm, client_id, account_id, user_id) VALUES ($1, $2, $3, $4) \
                 ON CONFLICT (realm, client_id, account_id) DO UPDATE SET user_id = excluded.user_id",
            )
            .bind(&account.integration.realm)
            .bind(&account.integration.client_id)
            .bind(&account.account_id)
            .bind(user_id)
            .execute(connection)
            .await
            .map(|_| ())
        }

        pub(super) async fn note_key_use(
            connection: &mut $connection,
            purpose: &str,
            key_id: &str,
            at: i64,
        ) -> Result<()> {
            query(
                "INSERT INTO kommo_key_uses (purpose, key_id, used_at) VALUES ($1, $2, $3) \
                 ON CONFLICT (purpose, key_id) DO UPDATE SET used_at = excluded.used_at \
                 WHERE kommo_key_uses.used_at < excluded.used_at",
            )
            .bind(purpose)
            .bind(key_id)
            .bind(at)
            .execute(connection)
            .await
            .map(|_| ())
        }

        pub(super) async fn key_uses(
            connection: &mut $connection,
        ) -> Result<Vec<KeyUseRow>> {
            query_as(
                "SELECT purpose, key_id, used_at FROM kommo_key_uses ORDER BY purpose, used_at DESC, key_id",
            )
            .fetch_all(connection)
            .await
        }
    };
}

pub(crate) use account_statements;
