//! Client secrets of integrations that were made on the fly, and the states that brought them.

macro_rules! secret_statements {
    ($connection:ty, now: $now:literal) => {
        /// In a transaction that no other put runs beside.
        pub(super) async fn put_secret(
            connection: &mut $connection,
            state_hash: &str,
            client_id: &str,
            record: &[u8],
            room: &SecretRoom,
        ) -> Result<SecretPut> {
            expire_secrets(connection, room).await?;
            let is_there: Option<String> = query_scalar(
                "SELECT state_hash FROM kommo_secrets WHERE state_hash = $1 OR client_id = $2 LIMIT 1",
            )
            .bind(state_hash)
            .bind(client_id)
            .fetch_optional(&mut *connection)
            .await?;
            if is_there.is_some() {
                return Ok(SecretPut::NotNew);
            }
            if unclaimed_secrets(connection).await? >= u64::try_from(room.most).unwrap_or_default() {
                return Ok(SecretPut::Full);
            }
            let done = query(concat!(
                "INSERT INTO kommo_secrets (state_hash, client_id, record, stored_at, kept_at) \
                 SELECT $1, $2, $3, ", $now, " / 1000, ", $now, " \
                 WHERE NOT EXISTS (SELECT 1 FROM kommo_secret_states WHERE state_hash = $1 AND client_id <> $2) \
                 ON CONFLICT DO NOTHING"
            ))
            .bind(state_hash)
            .bind(client_id)
            .bind(record)
            .execute(connection)
            .await?;
            Ok(match done.rows_affected() {
                0 => SecretPut::NotNew,
                _ => SecretPut::Kept,
            })
        }

        /// An integration that has a grant keeps its secret, also when a version wrote the grant
        /// that does not mark it.
        pub(super) async fn expire_secrets(
            connection: &mut $connection,
            room: &SecretRoom,
        ) -> Result<u64> {
            query(
                "UPDATE kommo_secrets SET has_grant = TRUE WHERE NOT has_grant \
                 AND EXISTS (SELECT 1 FROM kommo_grants WHERE kommo_grants.client_id = kommo_secrets.client_id)",
            )
            .execute(&mut *connection)
            .await?;
            // One of an older version, or of a clock that was far ahead, begins to age now.
            query(concat!(
                "UPDATE kommo_secrets SET kept_at = ", $now, " WHERE NOT has_grant AND (kept_at IS NULL OR kept_at > ",
                $now, " + $1)"
            ))
            .bind(room.state_life)
            .execute(&mut *connection)
            .await?;
            query(concat!(
                "DELETE FROM kommo_secret_states WHERE stored_at * 1000 <= ", $now, " - $1"
            ))
            .bind(room.state_life)
            .execute(&mut *connection)
            .await?;
            let done = query(concat!(
                "DELETE FROM kommo_secrets WHERE NOT has_grant AND kept_at <= ", $now, " - $1"
            ))
            .bind(room.life)
            .execute(connection)
            .await?;
            Ok(done.rows_affected())
        }

        pub(super) async fn unclaimed_secrets(connection: &mut $connection) -> Result<u64> {
            let count: i64 = query_scalar(
                "SELECT COUNT(*) FROM kommo_secrets WHERE NOT has_grant \
                 AND NOT EXISTS (SELECT 1 FROM kommo_grants WHERE kommo_grants.client_id = kommo_secrets.client_id)",
            )
            .fetch_one(connection)
            .await?;
            Ok(u64::try_from(count).unwrap_or_default())
        }

        /// One more state that brought the secret which is kept. `false`: it was used for another
        /// integration, or as many states as may be remembered are.
        pub(super) async fn bind_state(
            connection: &mut $connection,
            state_hash: &str,
            client_id: &str,
            room: &SecretRoom,
        ) -> Result<bool> {
            expire_secrets(connection, room).await?;
            query(concat!(
                "INSERT INTO kommo_secret_states (state_hash, client_id, stored_at) SELECT $1, $2, ", $now, " / 1000 \
                 WHERE NOT EXISTS (SELECT 1 FROM kommo_secrets WHERE state_hash = $1) \
                 AND (SELECT COUNT(*) FROM kommo_secret_states WHERE client_id = $2) < $3 \
                 ON CONFLICT (state_hash) DO NOTHING"
            ))
            .bind(state_hash)
            .bind(client_id)
            .bind(room.most)
            .execute(&mut *connection)
            .await?;
            let bound = client_of_state(connection, state_hash).await?;
            Ok(bound.as_deref() == Some(client_id))
        }

        pub(super) async fn client_of_state(
            connection: &mut $connection,
            state_hash: &str,
        ) -> Result<Option<String>> {
            query_scalar(
                "SELECT client_id FROM kommo_secrets WHERE state_hash = $1 UNION ALL \
                 SELECT client_id FROM kommo_secret_states WHERE state_hash = $1 AND client_id <> '' LIMIT 1",
            )
            .bind(state_hash)
            .fetch_optional(connection)
            .await
        }

        pub(super) async fn secret(
            connection: &mut $connection,
            client_id: &str,
        ) -> Result<Option<SecretRow>> {
            query_as(
                "SELECT state_hash, record FROM kommo_secrets WHERE client_id = $1",
            )
            .bind(client_id)
            .fetch_optional(connection)
            .await
        }

        /// In a transaction. The states stay used up, so that they cannot bring the secret back.
        pub(super) async fn forget_secret(
            connection: &mut $connection,
            client_id: &str,
        ) -> Result<bool> {
            for statement in [
                "UPDATE kommo_secret_states SET client_id = '' WHERE client_id = $1",
                concat!(
                    "INSERT INTO kommo_secret_states (state_hash, client_id, stored_at) SELECT state_hash, '', ", $now,
                    " / 1000 FROM kommo_secrets WHERE client_id = $1 ON CONFLICT (state_hash) DO UPDATE SET client_id = ''"
                ),
            ] {
                query(statement)
                    .bind(client_id)
                    .execute(&mut *connection)
                    .await?;
            }
            let done = query("DELETE FROM kommo_secrets WHERE client_id = $1")
                .bind(client_id)
                .execute(connection)
                .await?;
            Ok(done.rows_affected() > 0)
        }
    };
}

pub(crate) use secret_statements;
