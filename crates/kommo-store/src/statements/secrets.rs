//! Client secrets of integrations that were made on the fly, and the states that brought them.

macro_rules! secret_statements {
    ($connection:ty) => {
        /// `false`: the state was used for another integration, or the integration has a secret.
        pub(super) async fn put_secret(
            connection: &mut $connection,
            state_hash: &str,
            client_id: &str,
            record: &[u8],
            at: i64,
        ) -> Result<bool> {
            let done = query(
                "INSERT INTO kommo_secrets (state_hash, client_id, record, stored_at) SELECT $1, $2, $3, $4 \
                 WHERE NOT EXISTS (SELECT 1 FROM kommo_secret_states WHERE state_hash = $1 AND client_id <> $2) \
                 ON CONFLICT DO NOTHING",
            )
            .bind(state_hash)
            .bind(client_id)
            .bind(record)
            .bind(at)
            .execute(connection)
            .await?;
            Ok(done.rows_affected() == 1)
        }

        /// One more state that brought the secret which is kept. `false`: it was used for another integration. States that were bound
        /// by `cutoff` are over.
        pub(super) async fn bind_state(
            connection: &mut $connection,
            state_hash: &str,
            client_id: &str,
            at: i64,
            cutoff: i64,
        ) -> Result<bool> {
            query("DELETE FROM kommo_secret_states WHERE stored_at <= $1")
                .bind(cutoff)
                .execute(&mut *connection)
                .await?;
            query(
                "INSERT INTO kommo_secret_states (state_hash, client_id, stored_at) SELECT $1, $2, $3 \
                 WHERE NOT EXISTS (SELECT 1 FROM kommo_secrets WHERE state_hash = $1) \
                 ON CONFLICT (state_hash) DO NOTHING",
            )
            .bind(state_hash)
            .bind(client_id)
            .bind(at)
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
        ) -> Result<Option<(String, Vec<u8>)>> {
            query_as(
                "SELECT state_hash, record FROM kommo_secrets WHERE client_id = $1",
            )
            .bind(client_id)
            .fetch_optional(connection)
            .await
        }

        /// In a transaction. The states stay used up, so that whoever has one does not bring the secret back.
        pub(super) async fn forget_secret(
            connection: &mut $connection,
            client_id: &str,
        ) -> Result<bool> {
            for statement in [
                "UPDATE kommo_secret_states SET client_id = '' WHERE client_id = $1",
                "INSERT INTO kommo_secret_states (state_hash, client_id, stored_at) \
                 SELECT state_hash, '', stored_at FROM kommo_secrets WHERE client_id = $1 \
                 ON CONFLICT (state_hash) DO UPDATE SET client_id = ''",
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
