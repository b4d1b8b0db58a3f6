//! Hooks in an inbox: insert, claim, settle, sweep, and what a person does with those that failed.

macro_rules! hook_statements {
    ($connection:ty, now: $now:literal, skip: $skip:literal, any_of: [$any_of:literal $end:literal],
     text_of: [$text_of:literal $text_end:literal], bytes_of: [$bytes_of:literal $bytes_end:literal],
     lock: [$($lock:literal)?]) => {
        pub(super) const UNSIGNED_WAITING: &str = "SELECT COUNT(*) FROM (SELECT 1 FROM kommo_hooks WHERE inbox = $1 AND is_unsigned \
                 AND state = 'waiting' AND account = $2 LIMIT $3) AS waiting";

        /// How many unsigned hooks of an account wait, up to a number.
        pub(super) async fn unsigned_waiting(
            connection: &mut $connection,
            of: &OfInbox,
            account: Option<&str>,
            most: i64,
        ) -> Result<i64> {
            query_scalar(UNSIGNED_WAITING)
            .bind(of.number())
            .bind(account.unwrap_or_default())
            .bind(most)
            .fetch_one(connection)
            .await
        }

        pub(super) const PROMOTE_HOOK: &str = concat!(
                "UPDATE kommo_hooks SET due_at = ", $now, " WHERE id = \
                 (SELECT id FROM kommo_hooks WHERE conversation = ", $bytes_of, "$1", $bytes_end, " AND state = 'waiting' \
                 AND due_at IS NULL ORDER BY id LIMIT 1) AND NOT EXISTS (SELECT 1 FROM kommo_hooks AS head \
                 WHERE head.conversation = ", $bytes_of, "$1", $bytes_end, " AND head.due_at IS NOT NULL)"
            );

        /// Gives a conversation a head if it has none and something waits.
        pub(super) async fn promote_hook(
            connection: &mut $connection,
            conversation: &str,
        ) -> Result<()> {
            query(PROMOTE_HOOK)
            .bind(conversation)
            .execute(connection)
            .await
            .map(|_| ())
        }

        // No indexed column is changed, so that PostgreSQL writes no index. What is leased is read
        // and passed over: as many rows as there are leases.
        pub(super) const CLAIM_HOOKS: &str = concat!(
                "UPDATE kommo_hooks SET lease_token = $3, attempts = attempts + 1, leased_until = ", $now, " + $4 WHERE id ", $any_of,
                "SELECT id FROM kommo_hooks WHERE inbox = $1 AND due_at IS NOT NULL \
                 AND due_at <= (SELECT ", $now, ") AND (leased_until IS NULL OR leased_until <= (SELECT ", $now, ") \
                 OR leased_until > (SELECT ", $now, " + 172800000)) ORDER BY due_at LIMIT $2 ", $skip, $end,
                " RETURNING id, ", $text_of, "key", $text_end, " AS key, kind, event, account, ",
                $text_of, "conversation", $text_end, " AS conversation, attempts, stored_at, record, ", $now, " AS now"
            );

        /// Those that are due for the longest time, the oldest first.
        pub(super) async fn claim_hooks(
            connection: &mut $connection,
            of: &OfInbox,
            limit: i64,
            lease_milliseconds: i64,
            token: &[u8],
        ) -> Result<Vec<ClaimedHookRow>> {
            let mut claims: Vec<ClaimedHookRow> = query_as(CLAIM_HOOKS)
            .bind(of.number())
            .bind(limit)
            .bind(token)
            .bind(lease_milliseconds)
            .fetch_all(connection)
            .await?;
            claims.sort_by_key(|claim| claim.id);
            Ok(claims)
        }

        /// `false`: it is not the lease of the last attempt.
        pub(super) async fn renew_hook(
            connection: &mut $connection,
            id: i64,
            token: &[u8],
            attempts: i64,
            lease_milliseconds: i64,
        ) -> Result<bool> {
            let done = query(concat!(
                "UPDATE kommo_hooks SET leased_until = ", $now, " + $4 \
                 WHERE id = $1 AND lease_token = $2 AND attempts = $3"
            ))
            .bind(id)
            .bind(token)
            .bind(attempts)
            .bind(lease_milliseconds)
            .execute(connection)
            .await?;
            Ok(done.rows_affected() == 1)
        }

        /// `false`: it is not the lease of the last attempt, or the hook was erased.
        pub(super) async fn settle_hook(
            connection: &mut $connection,
            settled: &SettledHookRow,
        ) -> Result<bool> {
            if settled.is_removed {
                let done = query("DELETE FROM kommo_hooks WHERE id = $1 AND lease_token = $2 AND attempts = $3")
                    .bind(settled.id)
                    .bind(&settled.token)
                    .bind(settled.attempts)
                    .execute(connection)
                    .await?;
                return Ok(done.rows_affected() == 1);
            }
            let done = query(concat!(
                "UPDATE kommo_hooks SET state = $4, due_at = ", $now, " + $5, lease_token = NULL, leased_until = NULL, \
                 ended_at = CASE WHEN CAST($5 AS BIGINT) IS NULL THEN ", $now, " END, reason = $6, \
                 record = CASE WHEN $4 = 'done' THEN $7 ELSE record END \
                 WHERE id = $1 AND lease_token = $2 AND attempts = $3"
            ))
            .bind(settled.id)
            .bind(&settled.token)
            .bind(settled.attempts)
            .bind(settled.state)
            .bind(settled.pause)
            .bind(settled.reason.as_deref())
            .bind(Vec::<u8>::new())
            .execute(connection)
            .await?;
            Ok(done.rows_affected() == 1)
        }

        pub(super) async fn list_hooks(
            connection: &mut $connection,
            of: &OfInbox,
            chosen: &HookChoice,
            after: i64,
            limit: i64,
        ) -> Result<Vec<ListedHookRow>> {
            query_as(concat!(
                "SELECT id, ", $text_of, "key", $text_end, " AS key, kind, event, account, state, attempts, stored_at, ended_at, \
                 COALESCE(leased_until, due_at) AS due_at, reason, lease_token IS NOT NULL AS is_leased, ", $now, " AS now FROM kommo_hooks \
                 WHERE inbox = $1 AND id > $2 AND state = COALESCE($4, state) AND kind = COALESCE($5, kind) \
                 AND event = COALESCE($6, event) AND COALESCE(account, '') = COALESCE($7, account, '') \
                 AND key = COALESCE(", $bytes_of, "$8", $bytes_end, ", key) ORDER BY id LIMIT $3"
            ))
            .bind(of.number())
            .bind(after)
            .bind(limit)
            .bind(chosen.state)
            .bind(chosen.kind.as_deref())
            .bind(chosen.event.as_deref())
            .bind(chosen.account.as_deref())
            .bind(chosen.key.as_deref())
            .fetch_all(connection)
            .await
        }

        /// Of what has failed. In a transaction that nothing is put beside.
        pub(super) async fn replay_hooks(
            connection: &mut $connection,
            of: &OfInbox,
            chosen: &HookChoice,
            limit: i64,
        ) -> Result<u64> {
            $(query($lock).execute(&mut *connection).await?;)?
            let replayed: Vec<Option<String>> = query_scalar(concat!(
                "UPDATE kommo_hooks SET state = 'waiting', attempts = 0, ended_at = NULL, reason = NULL, \
                 due_at = CASE WHEN conversation IS NULL THEN ", $now, " END WHERE id IN (SELECT id FROM kommo_hooks \
                 WHERE inbox = $1 AND state = 'failed' AND ended_at IS NOT NULL AND kind = COALESCE($3, kind) \
                 AND event = COALESCE($4, event) AND COALESCE(account, '') = COALESCE($5, account, '') \
                 AND key = COALESCE(", $bytes_of, "$6", $bytes_end, ", key) ORDER BY id LIMIT $2) \
                 RETURNING ", $text_of, "conversation", $text_end, " AS conversation"
            ))
            .bind(of.number())
            .bind(limit)
            .bind(chosen.kind.as_deref())
            .bind(chosen.event.as_deref())
            .bind(chosen.account.as_deref())
            .bind(chosen.key.as_deref())
            .fetch_all(&mut *connection)
            .await?;
            let mut conversations: Vec<&String> = replayed.iter().flatten().collect();
            conversations.sort_unstable();
            conversations.dedup();
            for conversation in conversations {
                promote_hook(connection, conversation).await?;
            }
            Ok(replayed.len() as u64)
        }

        pub(super) const FORGET_HOOKS: &str = concat!(
                "DELETE FROM kommo_hooks WHERE id ", $any_of, "SELECT id FROM kommo_hooks WHERE inbox = $1 \
                 AND state = $2 AND ended_at IS NOT NULL AND ended_at <= (SELECT ", $now, " - $3) ORDER BY ended_at LIMIT $4", $end
            );

        /// What ended long enough ago, at most so many.
        pub(super) async fn forget_hooks(
            connection: &mut $connection,
            of: &OfInbox,
            state: &str,
            age_milliseconds: i64,
            limit: i64,
        ) -> Result<u64> {
            let done = query(FORGET_HOOKS)
            .bind(of.number())
            .bind(state)
            .bind(age_milliseconds)
            .bind(limit)
            .execute(connection)
            .await?;
            Ok(done.rows_affected())
        }

        pub(super) const MEND_DUE_HOOKS: &str = concat!(
                "UPDATE kommo_hooks SET due_at = ", $now, " WHERE id ", $any_of, "SELECT id FROM kommo_hooks WHERE inbox = $1 \
                 AND due_at IS NOT NULL AND due_at > (SELECT ", $now, " + 172800000) ORDER BY due_at DESC LIMIT $2", $end
            );

        /// No pause is longer than a day: what is due later than in two was written while the clock
        /// was far ahead. (Leases of such a clock do not count in a claim.)
        pub(super) async fn mend_due_hooks(
            connection: &mut $connection,
            of: &OfInbox,
            limit: i64,
        ) -> Result<u64> {
            let done = query(MEND_DUE_HOOKS)
            .bind(of.number())
            .bind(limit)
            .execute(connection)
            .await?;
            Ok(done.rows_affected())
        }

        pub(super) async fn hook_depth(
            connection: &mut $connection,
            of: &OfInbox,
        ) -> Result<HookDepthRow> {
            query_as(concat!(
                "SELECT COUNT(*) AS waiting, MIN(stored_at) AS oldest, \
                 (SELECT COUNT(*) FROM kommo_hooks WHERE inbox = $1 AND state = 'failed' \
                 AND ended_at IS NOT NULL) AS failed, ", $now, " AS now \
                 FROM (SELECT stored_at FROM kommo_hooks WHERE inbox = $1 AND due_at IS NOT NULL \
                 UNION ALL SELECT stored_at FROM kommo_hooks WHERE inbox = $1 AND state = 'waiting' AND due_at IS NULL) AS those"
            ))
            .bind(of.number())
            .fetch_one(connection)
            .await
        }

        /// In a transaction that nothing is put beside.
        pub(super) async fn erase_hooks(
            connection: &mut $connection,
            of: &OfInbox,
            account: &str,
        ) -> Result<u64> {
            $(query($lock).execute(&mut *connection).await?;)?
            let done = query("DELETE FROM kommo_hooks WHERE inbox = $1 AND account = $2")
                .bind(of.number())
                .bind(account)
                .execute(connection)
                .await?;
            Ok(done.rows_affected())
        }
    };
}

pub(crate) use hook_statements;
