//! Codes between their arrival and their exchange.

macro_rules! code_statements {
    ($connection:ty, now: $now:literal, skip: $skip:literal) => {
        /// One at a time, in a transaction: else two could count before either adds.
        pub(super) async fn put_code(
            connection: &mut $connection,
            code: &CodeRow,
            room: &CodeRoom,
        ) -> Result<CodePut> {
            // A clock that was far ahead must not keep codes for ever.
            query(concat!(
                "UPDATE kommo_codes SET kept_at = ", $now, " WHERE realm = $1 AND COALESCE(kept_at, received_at * 1000) > ",
                $now, " + $2"
            ))
            .bind(&code.realm)
            .bind(room.life)
            .execute(&mut *connection)
            .await?;
            query(concat!(
                "DELETE FROM kommo_codes WHERE realm = $1 AND COALESCE(kept_at, received_at * 1000) <= ", $now,
                " - $2 AND answer IS NULL AND ((is_done AND NOT is_erased) OR COALESCE(kept_at, received_at * 1000) <= ",
                $now, " - $3)"
            ))
            .bind(&code.realm)
            .bind(room.life)
            .bind(room.last_life)
            .execute(&mut *connection)
            .await?;
            // Ended codes do not wait. The longest remembered is dropped first, and a flood of one
            // origin displaces no code of another.
            query(
                "DELETE FROM kommo_codes WHERE realm = $1 AND origin = $2 AND is_done AND NOT is_erased AND id <= \
                 (SELECT id FROM kommo_codes WHERE realm = $1 AND origin = $2 AND is_done AND NOT is_erased \
                 ORDER BY id DESC LIMIT 1 OFFSET $3)",
            )
            .bind(&code.realm)
            .bind(&code.origin)
            .bind(room.most_of_origin)
            .execute(&mut *connection)
            .await?;
            let (known, waiting, of_origin): (i64, i64, i64) = query_as(concat!(
                "SELECT (SELECT COUNT(*) FROM kommo_codes WHERE hash = $2), \
                 COUNT(CASE WHEN COALESCE(kept_at, received_at * 1000) > ", $now, " - $4 THEN 1 END), \
                 COUNT(CASE WHEN origin = $3 AND COALESCE(kept_at, received_at * 1000) > ", $now, " - $4 THEN 1 END) \
                 FROM kommo_codes WHERE realm = $1 AND NOT is_done"
            ))
            .bind(&code.realm)
            .bind(&code.hash)
            .bind(&code.origin)
            .bind(room.life)
            .fetch_one(&mut *connection)
            .await?;
            if known > 0 {
                return Ok(CodePut::Duplicate);
            }
            if waiting >= room.most || of_origin >= room.most_of_origin {
                return Ok(CodePut::Full);
            }
            // What anyone can send for a host takes no room from the consents of known users.
            let at_host: i64 = query_scalar(concat!(
                "SELECT COUNT(*) FROM kommo_codes WHERE realm = $1 AND host = $2 AND NOT is_done \
                 AND (origin = 'install-hook') = ($3 = 'install-hook') \
                 AND (origin = 'unbound-redirect') = ($3 = 'unbound-redirect') AND COALESCE(kept_at, received_at * 1000) > ", $now, " - $4"
            ))
            .bind(&code.realm)
            .bind(&code.host)
            .bind(&code.origin)
            .bind(room.life)
            .fetch_one(&mut *connection)
            .await?;
            if at_host >= room.most_of_host {
                return Ok(CodePut::HostFull);
            }
            let done = query(concat!(
                "INSERT INTO kommo_codes (hash, realm, client_id, host, origin, received_at, record, kept_at) \
                 VALUES ($1, $2, $3, $4, $5, $6, $7, ", $now, ") ON CONFLICT (hash) DO NOTHING"
            ))
            .bind(&code.hash)
            .bind(&code.realm)
            .bind(&code.client_id)
            .bind(&code.host)
            .bind(&code.origin)
            .bind(code.received_at)
            .bind(&code.record)
            .execute(connection)
            .await?;
            match done.rows_affected() {
                0 => Ok(CodePut::Duplicate),
                _ => Ok(CodePut::Stored),
            }
        }

        /// Those that waited in vain. The hash stays, the code goes.
        pub(super) async fn expire_codes(
            connection: &mut $connection,
            of: &OfIntegration,
            life: i64,
        ) -> Result<u64> {
            let done = query(concat!(
                "UPDATE kommo_codes SET is_done = TRUE, record = $4, lease_token = NULL, lease_until = NULL \
                 WHERE realm = $1 AND client_id = $2 AND COALESCE(kept_at, received_at * 1000) <= ",
                $now,
                " - $3 AND answer IS NULL AND NOT is_done AND (lease_token IS NULL OR lease_until <= ",
                $now,
                " OR lease_until > ",
                $now,
                " + 172800000)"
            ))
            .bind(&of.realm)
            .bind(&of.client_id)
            .bind(life)
            .bind(Vec::<u8>::new())
            .execute(connection)
            .await?;
            Ok(done.rows_affected())
        }

        /// Consents of known users first, then unbound ones, then hooks; the newest of each first.
        pub(super) async fn claim_codes(
            connection: &mut $connection,
            claim: &CodeClaim<'_>,
        ) -> Result<Vec<ClaimedRow>> {
            let of = claim.of;
            let mut claims: Vec<ClaimedRow> = query_as(concat!(
                "WITH picked AS MATERIALIZED (SELECT id AS picked_id FROM kommo_codes \
                 WHERE realm = $1 AND client_id = $2 AND NOT is_done \
                 AND (COALESCE(kept_at, received_at * 1000) > ",
                $now,
                " - $3 OR answer IS NOT NULL) \
                 AND ($7 OR origin NOT IN ('install-hook', 'unbound-redirect')) AND hash = COALESCE($8, hash) \
                 AND (lease_until IS NULL OR lease_until <= ",
                $now,
                " OR lease_until > ",
                $now,
                " + 172800000) ORDER BY (origin = 'install-hook'), (origin = 'unbound-redirect'), id DESC LIMIT $4 ",
                $skip,
                ") UPDATE kommo_codes SET lease_token = $5, claims = claims + 1, tries = tries + 1, lease_until = ",
                $now,
                " + $6 FROM picked WHERE id = picked_id \
                 RETURNING id, claims, tries, hash, realm, client_id, host, origin, received_at, record, answer"
            ))
            .bind(&of.realm)
            .bind(&of.client_id)
            .bind(claim.life)
            .bind(claim.limit)
            .bind(claim.token)
            .bind(claim.lease_milliseconds)
            .bind(claim.with_strangers)
            .bind(claim.hash)
            .fetch_all(connection)
            .await?;
            claims.sort_by_key(|claim| {
                let is = |origin: &str| claim.code.origin == origin;
                let strangers = (is("install-hook"), is("unbound-redirect"));
                (strangers, core::cmp::Reverse(claim.id))
            });
            Ok(claims)
        }

        /// Of the codes that no worker has.
        pub(super) async fn lift_code_pauses(
            connection: &mut $connection,
            of: &OfIntegration,
            host: Option<&str>,
        ) -> Result<u64> {
            let done = query(concat!(
                "UPDATE kommo_codes SET lease_until = NULL \
                 WHERE realm = $1 AND client_id = $2 AND NOT is_done AND lease_token IS NULL \
                 AND host = COALESCE($3, host) AND lease_until > ", $now
            ))
            .bind(&of.realm)
            .bind(&of.client_id)
            .bind(host)
            .execute(connection)
            .await?;
            Ok(done.rows_affected())
        }

        pub(super) async fn keep_answer(
            connection: &mut $connection,
            claimed: &ClaimedRow,
            token: &[u8],
        ) -> Result<AnswerKept> {
            let code = &claimed.code;
            let done = query(concat!(
                "INSERT INTO kommo_codes (id, hash, realm, client_id, host, origin, received_at, record, \
                 claims, lease_token, answer, pair_hash, tries, kept_at) \
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, ", $now, ") \
                 ON CONFLICT (hash) DO UPDATE SET answer = excluded.answer, pair_hash = excluded.pair_hash, \
                 record = excluded.record, is_done = FALSE \
                 WHERE (kommo_codes.answer IS NULL OR kommo_codes.pair_hash = excluded.pair_hash) \
                 AND NOT kommo_codes.is_erased"
            ))
            .bind(claimed.id)
            .bind(&code.hash)
            .bind(&code.realm)
            .bind(&code.client_id)
            .bind(&code.host)
            .bind(&code.origin)
            .bind(code.received_at)
            .bind(&code.record)
            .bind(claimed.claims)
            .bind(token)
            .bind(claimed.answer.as_deref())
            .bind(claimed.pair_hash.as_deref())
            .bind(claimed.tries)
            .execute(&mut *connection)
            .await?;
            if done.rows_affected() == 1 {
                return Ok(AnswerKept::Kept);
            }
            let is_erased: Option<bool> =
                query_scalar("SELECT is_erased FROM kommo_codes WHERE hash = $1")
                    .bind(&code.hash)
                    .fetch_optional(connection)
                    .await?;
            // A row that was there and is gone had no answer: an erasure removed it.
            Ok(match is_erased {
                Some(false) => AnswerKept::Another,
                Some(true) | None => AnswerKept::Erased,
            })
        }

        pub(super) async fn waiting_codes(
            connection: &mut $connection,
            of: &OfIntegration,
            limit: i64,
        ) -> Result<Vec<WaitingRow>> {
            query_as(concat!(
                "SELECT host, origin, COALESCE(kept_at, received_at * 1000) AS kept_at, tries, why, lease_until, \
                 lease_token IS NOT NULL AS is_claimed, answer IS NOT NULL AS has_answer, ", $now,
                " AS now FROM kommo_codes WHERE realm = $1 AND client_id = $2 AND NOT is_done ORDER BY id DESC LIMIT $3"
            ))
            .bind(&of.realm)
            .bind(&of.client_id)
            .bind(limit)
            .fetch_all(connection)
            .await
        }

        $crate::database::statements::claimed_code::claim_statements! { $connection;
            fn note_code(why: &str) =
                "UPDATE kommo_codes SET why = $3 WHERE id = $1 AND lease_token = $2";

            /// The claim did not lead to an exchange.
            fn uncount_claim() =
                "UPDATE kommo_codes SET claims = claims - 1 WHERE id = $1 AND lease_token = $2 AND claims > 0";

            /// Releases the claim; the code cannot be claimed before the pause ends.
            fn postpone_code(pause_milliseconds: i64, uncounted: i64) = concat!(
                "UPDATE kommo_codes SET claims = claims - $4, lease_token = NULL, lease_until = ",
                $now,
                " + $3 WHERE id = $1 AND lease_token = $2 AND claims > 0"
            );

            /// The code may be submitted again, as if it had never come. One with an answer stays.
            fn forget_code() =
                "DELETE FROM kommo_codes WHERE id = $1 AND lease_token = $2 AND answer IS NULL AND NOT is_done";
        }

        /// The hash stays, the code goes. A code that has an answer ends only when that became a
        /// grant.
        pub(super) async fn end_code(
            connection: &mut $connection,
            id: i64,
            token: &[u8],
            is_exchanged: bool,
        ) -> Result<()> {
            query(
                "UPDATE kommo_codes SET is_done = TRUE, record = $3, answer = NULL, pair_hash = NULL, \
                 lease_token = NULL, lease_until = NULL WHERE id = $1 AND lease_token = $2 AND ($4 OR answer IS NULL)",
            )
            .bind(id)
            .bind(token)
            .bind(Vec::<u8>::new())
            .bind(is_exchanged)
            .execute(connection)
            .await
            .map(|_| ())
        }
    };
}

pub(crate) use code_statements;
