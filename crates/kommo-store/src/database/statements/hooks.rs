//! Hooks in an inbox: insert, claim, settle, sweep, and what a person does with those that failed.

macro_rules! hook_statements {
    ($connection:ty, now: $now:literal, skip: $skip:literal, any_of: [$any_of:literal $end:literal],
     text_of: [$text_of:literal $text_end:literal], bytes_of: [$bytes_of:literal $bytes_end:literal]) => {
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
                $text_of, "conversation", $text_end, " AS conversation, CAST(attempts AS BIGINT) AS attempts, stored_at, record, ", $now, " AS now"
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
                 attempts = attempts - CASE WHEN $8 THEN 1 ELSE 0 END, \
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
            .bind(settled.is_uncounted)
            .execute(connection)
            .await?;
            Ok(done.rows_affected() == 1)
        }

        pub(super) const FORGET_KNOWN_HOOKS: &str = concat!(
                "DELETE FROM kommo_hooks WHERE id ", $any_of, "SELECT id FROM kommo_hooks WHERE id ", $any_of,
                "SELECT id FROM kommo_hooks WHERE inbox = $1 AND is_unsigned AND state = 'done' AND account = $2 \
                 ORDER BY id DESC LIMIT $4 OFFSET $3", $end, " ", $skip, $end
            );

        /// Of the unsigned hooks of an account that are done, those before the newest so many: at
        /// most as many as that.
        pub(super) async fn forget_known_hooks(
            connection: &mut $connection,
            of: &OfInbox,
            account: &str,
            known_at_most: i64,
        ) -> Result<()> {
            query(FORGET_KNOWN_HOOKS)
                .bind(of.number())
                .bind(account)
                .bind(known_at_most)
                .bind(known_at_most.max(1))
                .execute(connection)
                .await
                .map(|_| ())
        }

        /// The inbox is listed from now on.
        pub(super) async fn name_inbox(connection: &mut $connection, of: &OfInbox) -> Result<()> {
            query("INSERT INTO kommo_inboxes (number, realm, name) VALUES ($1, $2, $3) ON CONFLICT (number) DO NOTHING")
                .bind(of.number())
                .bind(&of.realm)
                .bind(&of.inbox)
                .execute(connection)
                .await
                .map(|_| ())
        }

        pub(super) async fn list_inboxes(connection: &mut $connection) -> Result<Vec<InboxRow>> {
            query_as("SELECT realm, name FROM kommo_inboxes ORDER BY realm, name")
                .fetch_all(connection)
                .await
        }

        type Kind = <$connection as sqlx::Connection>::Database;

        /// The conditions of a choice, after one.
        fn add_choice(statement: &mut QueryBuilder<Kind>, chosen: &HookChoice) {
            if let Some(state) = chosen.state {
                // Not bound: an index of one state is used only if the statement names it.
                statement.push(format_args!(" AND state = '{state}'"));
            }
            if let Some(id) = chosen.id {
                statement.push(" AND id = ").push_bind(id);
            }
            for (column, value) in [
                (" AND kind = ", &chosen.kind),
                (" AND event = ", &chosen.event),
                (" AND account = ", &chosen.account),
            ] {
                if let Some(value) = value {
                    statement.push(column).push_bind(&**value);
                }
            }
            for (column, value) in [
                (concat!(" AND key = ", $bytes_of), &chosen.key),
                (concat!(" AND conversation = ", $bytes_of), &chosen.conversation),
            ] {
                if let Some(value) = value {
                    statement.push(column).push_bind(&**value).push($bytes_end);
                }
            }
            for (column, age) in [
                (concat!(" AND stored_at <= ", $now, " - "), chosen.older_than),
                (concat!(" AND stored_at > ", $now, " - "), chosen.younger_than),
            ] {
                if let Some(age) = age {
                    statement.push(column).push_bind(age);
                }
            }
        }

        pub(super) async fn list_hooks(
            connection: &mut $connection,
            of: &OfInbox,
            chosen: &HookChoice,
            page: &HookPage,
        ) -> Result<Vec<ListedHookRow>> {
            let mut statement = QueryBuilder::new(concat!(
                "SELECT id, ", $text_of, "key", $text_end, " AS key, kind, event, account, ",
                $text_of, "conversation", $text_end, " AS conversation, state, CAST(attempts AS BIGINT) AS attempts, stored_at, ended_at, \
                 COALESCE(leased_until, due_at) AS due_at, reason, lease_token IS NOT NULL AS is_leased, ", $now, " AS now, "
            ));
            statement.push(match page.with_records {
                true => "record",
                false => "substr(record, 1, 0) AS record",
            });
            statement.push(" FROM kommo_hooks WHERE inbox = ").push_bind(of.number());
            if let Some(after) = page.after {
                statement.push(" AND id > ").push_bind(after);
            }
            if let Some(before) = page.before {
                statement.push(" AND id < ").push_bind(before);
            }
            add_choice(&mut statement, chosen);
            statement.push(match page.newest_first {
                true => " ORDER BY id DESC LIMIT ",
                false => " ORDER BY id LIMIT ",
            });
            statement.push_bind(page.limit);
            statement.build_query_as().fetch_all(connection).await
        }

        /// Of what has failed, after an id, at most so many. In a transaction; the state does not
        /// count. Returns the last id that was looked at, and how many wait again.
        pub(super) async fn replay_hooks(
            connection: &mut $connection,
            of: &OfInbox,
            chosen: &HookChoice,
            after: i64,
            limit: i64,
        ) -> Result<(Option<i64>, u64)> {
            let mut looking = QueryBuilder::new(concat!(
                "SELECT id, ", $text_of, "conversation", $text_end, " AS conversation FROM kommo_hooks \
                 WHERE state = 'failed' AND inbox = "
            ));
            looking.push_bind(of.number()).push(" AND id > ").push_bind(after);
            add_choice(&mut looking, chosen);
            looking.push(" ORDER BY id LIMIT ").push_bind(limit);
            let failed: Vec<(i64, Option<String>)> =
                looking.build_query_as().fetch_all(&mut *connection).await?;
            let Some((last, _)) = failed.last() else {
                return Ok((None, 0));
            };
            let mut conversations: Vec<&str> =
                failed.iter().filter_map(|(_, conversation)| conversation.as_deref()).collect();
            conversations.sort_unstable();
            conversations.dedup();
            lock_conversations(connection, conversations.iter().copied()).await?;
            let mut replaying = QueryBuilder::<Kind>::new(concat!(
                "UPDATE kommo_hooks SET state = 'waiting', attempts = 0, ended_at = NULL, reason = NULL, \
                 due_at = CASE WHEN conversation IS NULL THEN ", $now, " END WHERE state = 'failed' AND id IN ("
            ));
            let mut ids = replaying.separated(", ");
            for (id, _) in &failed {
                ids.push_bind(*id);
            }
            replaying.push(")");
            let replayed = replaying.build().persistent(false).execute(&mut *connection).await?;
            for conversation in conversations {
                promote_hook(connection, conversation).await?;
            }
            Ok((Some(*last), replayed.rows_affected()))
        }

        pub(super) const FORGET_DONE_HOOKS: &str = concat!(
                "DELETE FROM kommo_hooks WHERE id ", $any_of, "SELECT id FROM kommo_hooks WHERE inbox = $1 \
                 AND state = 'done' AND ended_at <= (SELECT ", $now, " - $2) ORDER BY ended_at LIMIT $3", $end
            );

        pub(super) const FORGET_FAILED_HOOKS: &str = concat!(
                "DELETE FROM kommo_hooks WHERE id ", $any_of, "SELECT id FROM kommo_hooks WHERE inbox = $1 \
                 AND state = 'failed' AND ended_at <= (SELECT ", $now, " - $2) ORDER BY ended_at LIMIT $3", $end
            );

        /// What ended long enough ago, at most so many.
        pub(super) async fn forget_hooks(
            connection: &mut $connection,
            of: &OfInbox,
            state: EndedState,
            age_milliseconds: i64,
            limit: i64,
        ) -> Result<u64> {
            let done = query(match state {
                EndedState::Done => FORGET_DONE_HOOKS,
                EndedState::Failed => FORGET_FAILED_HOOKS,
            })
            .bind(of.number())
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
                 (SELECT COUNT(*) FROM kommo_hooks WHERE inbox = $1 AND state = 'failed') AS failed, ", $now, " AS now \
                 FROM (SELECT stored_at FROM kommo_hooks WHERE inbox = $1 AND due_at IS NOT NULL \
                 UNION ALL SELECT stored_at FROM kommo_hooks WHERE inbox = $1 AND state = 'waiting' AND due_at IS NULL) AS those"
            ))
            .bind(of.number())
            .fetch_one(connection)
            .await
        }

        pub(super) const LAST_OF_HOOKS: &str =
            "SELECT MAX(id) FROM (SELECT id FROM kommo_hooks WHERE id > $1 ORDER BY id LIMIT $2) AS these";

        pub(super) const HOOKS_OF_ACCOUNT: &str = concat!(
            "SELECT id, ", $text_of, "conversation", $text_end, " AS conversation FROM kommo_hooks \
             WHERE id > $1 AND id <= $2 AND inbox = $3 AND account = $4 ORDER BY id LIMIT $5"
        );

        /// In a transaction: reads the rows after an id, and erases those of an account, at most so
        /// many of each. Returns the last id that was looked at, and how many were erased. Without
        /// an index of accounts, which each hook would have to write.
        pub(super) async fn erase_hooks(
            connection: &mut $connection,
            of: &OfInbox,
            account: &str,
            after: i64,
            read: i64,
            limit: i64,
        ) -> Result<(Option<i64>, u64)> {
            let last: Option<i64> = query_scalar(LAST_OF_HOOKS)
                .bind(after)
                .bind(read)
                .fetch_one(&mut *connection)
                .await?;
            let Some(last) = last else {
                return Ok((None, 0));
            };
            let found: Vec<(i64, Option<String>)> = query_as(HOOKS_OF_ACCOUNT)
                .bind(after)
                .bind(last)
                .bind(of.number())
                .bind(account)
                .bind(limit)
                .fetch_all(&mut *connection)
                .await?;
            let Some((last_found, _)) = found.last() else {
                return Ok((Some(last), 0));
            };
            let is_full = i64::try_from(found.len()).is_ok_and(|count| count == limit);
            let last = if is_full { *last_found } else { last };
            let mut conversations: Vec<&str> =
                found.iter().filter_map(|(_, conversation)| conversation.as_deref()).collect();
            conversations.sort_unstable();
            conversations.dedup();
            // What is put behind a head that goes here must see that it goes.
            lock_conversations(connection, conversations.iter().copied()).await?;
            let mut erasing = QueryBuilder::<Kind>::new("DELETE FROM kommo_hooks WHERE id IN (");
            let mut ids = erasing.separated(", ");
            for (id, _) in &found {
                ids.push_bind(*id);
            }
            erasing.push(")");
            let erased = erasing.build().persistent(false).execute(&mut *connection).await?;
            for conversation in conversations {
                promote_hook(connection, conversation).await?;
            }
            Ok((Some(last), erased.rows_affected()))
        }
    };
}

pub(crate) use hook_statements;
