//! Buckets of requests. A row says when the bucket will be full, in microseconds of the database's
//! clock.

macro_rules! bucket_statements {
    ($connection:ty, now: $now:literal) => {
        /// `None`: one request was taken. Else how long until one can be, in microseconds.
        pub(super) async fn take_request(
            connection: &mut $connection,
            bucket: &BucketRow<'_>,
        ) -> Result<Option<i64>> {
            let taken: Option<i64> = query_scalar(concat!(
                "INSERT INTO kommo_buckets (name, full_at) VALUES ($1, ",
                $now,
                " * 1000 + $2) \
                 ON CONFLICT (name) DO UPDATE SET full_at = $2 + CASE \
                 WHEN kommo_buckets.full_at BETWEEN ",
                $now,
                " * 1000 AND ",
                $now,
                " * 1000 + $4 \
                 THEN kommo_buckets.full_at ELSE ",
                $now,
                " * 1000 END \
                 WHERE kommo_buckets.full_at - $3 <= ",
                $now,
                " * 1000 \
                 OR kommo_buckets.full_at > ",
                $now,
                " * 1000 + $4 RETURNING full_at"
            ))
            .bind(bucket.name)
            .bind(bucket.interval)
            .bind(bucket.ahead)
            .bind(bucket.jump)
            .fetch_optional(&mut *connection)
            .await?;
            if taken.is_some() {
                return Ok(None);
            }
            let left: Option<i64> = query_scalar(concat!(
                "SELECT full_at - $2 - ",
                $now,
                " * 1000 FROM kommo_buckets WHERE name = $1"
            ))
            .bind(bucket.name)
            .bind(bucket.ahead)
            .fetch_optional(connection)
            .await?;
            Ok(Some(left.unwrap_or_default()))
        }

        pub(super) async fn forget_full_buckets(connection: &mut $connection) -> Result<u64> {
            let done = query(concat!(
                "DELETE FROM kommo_buckets WHERE full_at <= ",
                $now,
                " * 1000"
            ))
            .execute(connection)
            .await?;
            Ok(done.rows_affected())
        }
    };
}

pub(crate) use bucket_statements;
