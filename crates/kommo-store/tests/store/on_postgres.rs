//! What only PostgreSQL has: sessions, server settings, poolers, a server clock.

use alloc::sync::Arc;
use core::task::Poll;
use core::time::Duration;

use kommo_hooks::inbox::{HandlingOutcome, HookFacts, Put};
use kommo_keeper::{
    CodePut, GrantStore as _, PendingCodes as _, StoreError as _, StoreErrorKind, Written,
};
use kommo_store::{DatabaseUrl, Inbox, Store, StoreFault, StoreSettings};
use kommo_test_support::postgres_is_left_out;
use sqlx::{AssertSqlSafe, raw_sql};

use crate::child::{OtherProcess, REQUEST_LIMIT, until_some};
use crate::conformance::hook_spool::{handled, merged, settings, spooled_with};
use crate::hook_samples::{body, inbox, number_of, proven, put};
use crate::place::Place as _;
use crate::pooler::Pooler;
use crate::postgres_place::{PostgresPlace, cluster, connect, start_with};
use crate::samples::{account, at, client, code, consented, consented_again, key, pair};
use crate::silence::Silence;

#[track_caller]
fn check_misconfigured(result: Result<Store, StoreFault>, expected: &str) {
    let error = result.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Misconfigured);
    assert!(error.to_string().contains(expected), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_without_fsync_is_refused() {
    if postgres_is_left_out() {
        return;
    }
    let careless = start_with("-c fsync=off");
    let place = PostgresPlace::on(|database| careless.url_of(database)).await;
    check_misconfigured(place.open_with(StoreSettings::new()).await, "fsync is off");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_confirms_before_it_wrote_is_refused() {
    let Some(place) = PostgresPlace::make().await else {
        return;
    };
    place
        .sql(
            "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET synchronous_commit = off', current_database()); END $$",
        )
        .await;
    check_misconfigured(
        place.open_with(StoreSettings::new()).await,
        "synchronous_commit is off",
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_is_durable_whatever_the_settings_become() {
    let Some(place) = PostgresPlace::make().await else {
        return;
    };
    let store = Arc::new(place.open().await);
    place
        .sql(
            "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET synchronous_commit = off', current_database()); END $$; \
             CREATE FUNCTION durable() RETURNS TRIGGER LANGUAGE plpgsql AS $$ BEGIN \
             IF current_setting('synchronous_commit') = 'off' THEN RAISE EXCEPTION 'not durable'; END IF; RETURN NEW; END $$; \
             CREATE TRIGGER durable BEFORE INSERT ON kommo_hooks FOR EACH ROW EXECUTE FUNCTION durable(); \
             CREATE TRIGGER durable BEFORE INSERT ON kommo_grants FOR EACH ROW EXECUTE FUNCTION durable()",
        )
        .await;
    assert_eq!(put(&inbox(&store), 1, "a").await, Put::Stored);
    let mut lock = store.try_lock(&key(1)).await.unwrap().unwrap();
    let written = store.write(Some(&mut lock), &consented(1), at(1)).await;
    assert!(matches!(written.unwrap(), Written::Confirmed(_)));
    let settings = "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I RESET synchronous_commit', current_database()); END $$";
    place.sql(settings).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_erasure_takes_what_is_on_its_way_and_stops_no_put() {
    let Some(place) = PostgresPlace::make().await else {
        return;
    };
    let inbox = inbox(&Arc::new(place.open().await));
    put(&inbox, 1, "a").await;
    let mut writing = connect(&place.url).await;
    // As a put whose answer was lost: its transaction is open.
    let insert = "BEGIN; INSERT INTO kommo_hooks (key, inbox, stored_at, kind, event, account, is_unsigned, state, record) \
                  SELECT gen_random_uuid(), inbox, stored_at, kind, event, account, is_unsigned, state, record FROM kommo_hooks";
    raw_sql(insert).execute(&mut writing).await.unwrap();
    let mut erased = core::pin::pin!(inbox.erase_account(crate::hook_samples::chats_account()));
    tokio::select! {
        biased;
        erased = &mut erased => panic!("it did not wait: {erased:?}"),
        put = async {
            for number in 2..20 {
                put_other(&inbox, number).await;
            }
        } => put,
    }
    raw_sql("COMMIT").execute(&mut writing).await.unwrap();
    assert_eq!(erased.await.unwrap(), 2);
    assert_eq!(inbox.depth().await.unwrap().waiting, 18);
}

/// A hook of another account.
async fn put_other(inbox: &Inbox, number: u64) {
    let text = body(number);
    let facts = HookFacts::new("message").of_account(Some(crate::hook_samples::crm_account(9)));
    assert_eq!(inbox.put(&proven(&text, facts)).await.unwrap(), Put::Stored);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_merge_that_an_erasure_overtakes_puts_nothing_back() {
    let Some(place) = PostgresPlace::make().await else {
        return;
    };
    let directory = tempfile::tempdir().unwrap();
    let inbox = spooled_with(&Arc::new(place.open().await), directory.path(), settings());
    place
        .sql("ALTER TABLE kommo_hooks RENAME TO kommo_away")
        .await;
    assert_eq!(put(&inbox, 1, "a").await, Put::Spooled);
    // The merge stands still between its insertion and its commit.
    place
        .sql(
            "CREATE FUNCTION slow() RETURNS TRIGGER LANGUAGE plpgsql AS $$ BEGIN \
             PERFORM pg_advisory_xact_lock_shared(77); RETURN NEW; END $$; \
             CREATE TRIGGER slow AFTER INSERT ON kommo_away FOR EACH ROW EXECUTE FUNCTION slow()",
        )
        .await;
    let mut holding = connect(&place.url).await;
    let hold = "SELECT pg_advisory_lock(77); ALTER TABLE kommo_away RENAME TO kommo_hooks";
    raw_sql(hold).execute(&mut holding).await.unwrap();
    until_some(async || {
        let waits = "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted";
        let mut looking = connect(&place.url).await;
        let found = sqlx::query(waits).fetch_optional(&mut looking).await;
        found.unwrap()
    })
    .await;
    let erasing = {
        let inbox = inbox.clone();
        tokio::spawn(async move {
            inbox
                .erase_account(crate::hook_samples::chats_account())
                .await
        })
    };
    // It has removed the file, and waits for the merge.
    until_some(async || {
        let mut files = std::fs::read_dir(directory.path()).unwrap();
        let is_group = |file: std::io::Result<std::fs::DirEntry>| {
            file.unwrap()
                .path()
                .extension()
                .is_some_and(|ending| ending == "hooks")
        };
        (!files.any(is_group)).then_some(())
    })
    .await;
    assert!(!erasing.is_finished());
    let release = "SELECT pg_advisory_unlock(77)";
    raw_sql(release).execute(&mut holding).await.unwrap();
    assert_eq!(erasing.await.unwrap().unwrap(), 1);
    merged(&inbox).await;
    assert!(handled(&inbox).await.is_empty());
    assert_eq!(inbox.depth().await.unwrap().waiting, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_looked_at_stays_as_it_is() {
    let Some(place) = PostgresPlace::make().await else {
        return;
    };
    let looked_at = StoreSettings::new().read_only();
    let error = place.open_with(looked_at.clone()).await.unwrap_err();
    assert!(
        matches!(error, StoreFault::OlderSchema { found: 0, .. }),
        "{error}"
    );
    let mut connection = connect(&place.url).await;
    let (tables,): (i64,) =
        sqlx::query_as("SELECT count(*) FROM pg_class WHERE relname LIKE 'kommo%'")
            .fetch_one(&mut connection)
            .await
            .unwrap();
    assert_eq!(tables, 0);

    let store = place.open().await;
    store.write(None, &consented(1), at(1)).await.unwrap();
    let looking = place.open_with(looked_at).await.unwrap();
    assert!(looking.load(&key(1)).await.unwrap().is_some());
    let refused = looking.write(None, &consented(2), at(2)).await;
    assert!(refused.is_err(), "{refused:?}");
    let refused = looking.try_lock(&key(1)).await.map(drop);
    assert_eq!(
        refused.unwrap_err().to_string(),
        "the store was opened read-only"
    );
    assert!(store.load(&key(2)).await.unwrap().is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pooler_in_transaction_mode_is_refused() {
    if postgres_is_left_out() {
        return;
    }
    let place = PostgresPlace::on(|database| cluster().url_of(database)).await;
    let database = place.url.split(['/', '?']).nth(3).unwrap();
    let pooler = Pooler::start(cluster().socket(), database).await;
    let url = format!(
        "postgres://kommo@127.0.0.1:{}/{database}?sslmode=disable",
        pooler.port
    );
    let url = DatabaseUrl::parse(&url).unwrap();
    let connected = Store::open(&url, StoreSettings::new()).await;
    check_misconfigured(connected, "a pooler in front of the database");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_the_server_ended_has_no_lock_and_writes_nothing() {
    let Some(place) = PostgresPlace::make().await else {
        return;
    };
    let store = place.open().await;
    store.write(None, &consented(1), at(1)).await.unwrap();
    let mut lock = store.try_lock(&key(1)).await.unwrap().unwrap();
    end_all_sessions(&place).await;
    let grant = until_some(async || store.load(&key(1)).await.ok())
        .await
        .unwrap();
    let moved = consented_again(grant.clone(), 5);
    let error = store
        .write(Some(&mut lock), &moved, at(2))
        .await
        .unwrap_err();
    assert!(matches!(error, StoreFault::LockLost { .. }), "{error:?}");
    assert_eq!(error.kind(), StoreErrorKind::Unavailable);
    assert_eq!(store.load(&key(1)).await.unwrap(), Some(grant));
    // Without the lock the revision protects the record.
    let written = store.write(None, &moved, at(2)).await.unwrap();
    assert!(matches!(written, Written::Confirmed(_)));
    drop(lock);
    let lock = store.try_lock(&key(1)).await.unwrap().expect("free");
    store.unlock(lock).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_session_that_the_server_ended_is_replaced() {
    let Some(place) = PostgresPlace::make().await else {
        return;
    };
    let store = place.open().await;
    let lock = store.try_lock(&key(1)).await.unwrap().unwrap();
    store.unlock(lock).await.unwrap();
    end_all_sessions(&place).await;
    let lock = store
        .try_lock(&key(1))
        .await
        .unwrap()
        .expect("a lock over another session");
    store.unlock(lock).await.unwrap();
}

async fn end_all_sessions(place: &PostgresPlace) {
    place
        .sql(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity \
             WHERE datname = current_database() AND pid <> pg_backend_pid()",
        )
        .await;
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_stopped_holder_is_passed_over_and_its_late_write_fails() {
    let Some(place) = PostgresPlace::make().await else {
        return;
    };
    let store = place.open().await;
    store.write(None, &consented(1), at(1)).await.unwrap();
    let mut other = OtherProcess::start(&place.address());
    assert_eq!(other.ask("lock"), "locked");
    other.signal("-STOP");
    let mut lock = until_some(async || store.try_lock(&key(1)).await.unwrap()).await;
    let grant = store.load(&key(1)).await.unwrap().unwrap();
    let moved = consented_again(grant, 5);
    let written = store.write(Some(&mut lock), &moved, at(2)).await.unwrap();
    assert!(matches!(written, Written::Confirmed(_)));
    other.signal("-CONT");
    let late = other.ask("write");
    assert_eq!(
        late,
        format!(
            "error: lock of grant {} was lost with its connection",
            key(1)
        )
    );
    let grant = store.load(&key(1)).await.unwrap().unwrap();
    assert_eq!(grant.state.pairs().unwrap().newest().pair, pair(5));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lock_session_is_ended_by_the_server_when_it_falls_silent_and_others_are_not() {
    let Some(place) = PostgresPlace::make().await else {
        return;
    };
    let mut settings = StoreSettings::new();
    settings.request_limit = REQUEST_LIMIT;
    let store = place.open_with(settings).await.unwrap();
    store.write(None, &consented(1), at(1)).await.unwrap();
    let mut lock = store.try_lock(&key(1)).await.unwrap().unwrap();
    let other = place.open().await;
    let taken = until_some(async || other.try_lock(&key(1)).await.unwrap()).await;
    let grant = store.load(&key(1)).await.unwrap().unwrap();
    let late = store
        .write(Some(&mut lock), &consented_again(grant, 2), at(2))
        .await;
    assert!(matches!(late, Err(StoreFault::LockLost { .. })));
    other.unlock(taken).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn lock_sessions_are_bounded_and_used_again() {
    let Some(place) = PostgresPlace::make().await else {
        return;
    };
    let mut settings = StoreSettings::new();
    settings.lock_connections = 2;
    settings.wait_at_most = Duration::from_secs(5);
    let store = place.open_with(settings).await.unwrap();
    for user in 1..=20 {
        let lock = store.try_lock(&key(user)).await.unwrap().unwrap();
        store.unlock(lock).await.unwrap();
    }
    let one = store.try_lock(&key(1)).await.unwrap().unwrap();
    let two = store.try_lock(&key(2)).await.unwrap().unwrap();
    // Busy, which passes, and no failure of the database.
    assert!(store.try_lock(&key(3)).await.unwrap().is_none());
    let mut connection = connect(&place.url).await;
    let sql = "SELECT count(*)::text FROM pg_locks WHERE locktype = 'advisory' AND database = \
               (SELECT oid FROM pg_database WHERE datname = current_database())";
    let row = raw_sql(sql).fetch_one(&mut connection).await.unwrap();
    let held: String = sqlx::Row::get(&row, 0);
    assert_eq!(held, "2", "no lock was left behind");
    store.unlock(one).await.unwrap();
    let three = store.try_lock(&key(3)).await.unwrap().unwrap();
    store.unlock(three).await.unwrap();
    store.unlock(two).await.unwrap();
    store.close().await;
    let error = store.try_lock(&key(3)).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Unavailable);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_consent_that_is_being_written_is_erased_with_its_account() {
    let Some(place) = PostgresPlace::make().await else {
        return;
    };
    let store = Arc::new(place.open().await);
    store.write(None, &consented(1), at(1)).await.unwrap();
    let mut writing = connect(&place.url).await;
    let insert = "BEGIN; INSERT INTO kommo_grants SELECT replace(key, '/1', '/2'), realm, client_id, account_id, '2', host, \
                  generation, revision, state, is_admin, expires_at, due_at, NULL, NULL, NULL, stored_at, updated_at, record \
                  FROM kommo_grants";
    raw_sql(insert).execute(&mut writing).await.unwrap();
    let erasing = tokio::spawn({
        let store = Arc::clone(&store);
        async move {
            store
                .erase_account(kommo_account::Realm::Real, &client(), account())
                .await
        }
    });
    let waits = "SELECT count(*)::text FROM pg_locks WHERE NOT granted AND relation = 'kommo_grants'::regclass";
    let mut connection = connect(&place.url).await;
    until_some(async || {
        let row = raw_sql(waits).fetch_one(&mut connection).await.unwrap();
        let waiting: String = sqlx::Row::get(&row, 0);
        (waiting != "0").then_some(())
    })
    .await;
    raw_sql("COMMIT").execute(&mut writing).await.unwrap();
    assert_eq!(erasing.await.unwrap().unwrap().grants, 2);
}

/// Else a process that stops in between would keep all others from their codes.
#[tokio::test(flavor = "multi_thread")]
async fn codes_are_counted_in_a_transaction_that_the_server_ends_when_it_falls_silent() {
    let Some(place) = PostgresPlace::make().await else {
        return;
    };
    let mut settings = StoreSettings::new();
    settings.wait_at_most = Duration::from_secs(7);
    let store = place.open_with(settings).await.unwrap();
    place
        .sql(
            "CREATE TABLE seen (silent TEXT, locks BIGINT); \
             CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
             INSERT INTO seen SELECT current_setting('idle_in_transaction_session_timeout'), \
             (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()); \
             RETURN NEW; END $$; \
             CREATE TRIGGER note BEFORE INSERT ON kommo_codes FOR EACH ROW EXECUTE FUNCTION note()",
        )
        .await;
    let put = store.put_code(&code("a", 1)).await.unwrap();
    assert_eq!(put, CodePut::Stored);
    let mut connection = connect(&place.url).await;
    let seen = "SELECT silent || ' ' || locks::text FROM seen";
    let row = raw_sql(seen).fetch_one(&mut connection).await.unwrap();
    let seen: String = sqlx::Row::get(&row, 0);
    assert_eq!(seen, "7s 1");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_not_there_is_unavailable_and_a_wrong_name_is_a_mistake() {
    let Some(place) = PostgresPlace::make().await else {
        return;
    };
    let nowhere = DatabaseUrl::parse("postgres://u:planted7f3a@127.0.0.1:1/x").unwrap();
    let error = Store::open(&nowhere, StoreSettings::new())
        .await
        .unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Unavailable);
    assert!(!format!("{error} {error:?} {nowhere:?}").contains("planted"));
    let url = place.url.replace("kommo_test_", "kommo_none_");
    let url = DatabaseUrl::parse(&url).unwrap();
    let error = Store::open(&url, StoreSettings::new()).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Misconfigured, "{error:?}");
}

/// As after a failover, whose old primary accepts no writes: temporary, and no person is needed.
#[tokio::test(flavor = "multi_thread")]
async fn a_read_only_server_is_unavailable_and_is_written_to_when_that_is_over() {
    let Some(place) = PostgresPlace::make().await else {
        return;
    };
    let store = place.open().await;
    let set = |value: &str| {
        format!(
            "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET default_transaction_read_only = {value}', \
             current_database()); END $$"
        )
    };
    let mut connection = connect(&place.url).await;
    raw_sql(AssertSqlSafe(set("on")))
        .execute(&mut connection)
        .await
        .unwrap();
    end_other_sessions(&mut connection).await;
    // The first may meet a connection that had just been ended.
    for _ in 0..3 {
        let error = store.write(None, &consented(1), at(1)).await.unwrap_err();
        assert_eq!(error.kind(), StoreErrorKind::Unavailable, "{error:?}");
        let error = store.try_lock(&key(1)).await.unwrap_err();
        assert_eq!(error.kind(), StoreErrorKind::Unavailable, "{error:?}");
    }
    let error = place.open_with(StoreSettings::new()).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Unavailable, "{error:?}");
    let looking = StoreSettings::new().read_only();
    let looking = place.open_with(looking).await.unwrap();
    let problems = looking.problems().await.unwrap();
    assert_eq!(problems.len(), 1, "{problems:?}");
    let back = "SET default_transaction_read_only = off; SET transaction_read_only = off";
    raw_sql(back).execute(&mut connection).await.unwrap();
    raw_sql(AssertSqlSafe(set("off")))
        .execute(&mut connection)
        .await
        .unwrap();
    end_other_sessions(&mut connection).await;
    until_some(async || store.write(None, &consented(1), at(1)).await.ok()).await;
    let lock = until_some(async || store.try_lock(&key(1)).await.ok().flatten()).await;
    store.unlock(lock).await.unwrap();
}

async fn end_other_sessions(connection: &mut sqlx::PgConnection) {
    raw_sql(
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity \
         WHERE datname = current_database() AND pid <> pg_backend_pid()",
    )
    .execute(connection)
    .await
    .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_could_tear_pages_is_refused() {
    if postgres_is_left_out() {
        return;
    }
    let careless = start_with("-c full_page_writes=off");
    let place = PostgresPlace::on(|database| careless.url_of(database)).await;
    check_misconfigured(
        place.open_with(StoreSettings::new()).await,
        "full_page_writes is off",
    );
}

/// A process that stopped while it made the tables, or an older version that stopped at its start.
#[tokio::test(flavor = "multi_thread")]
async fn a_stopped_process_keeps_no_other_from_its_start() {
    let Some(place) = PostgresPlace::make().await else {
        return;
    };
    let mut stopped = connect(&place.url).await;
    let lock = "BEGIN; SELECT pg_advisory_xact_lock(7813574623098423551)";
    raw_sql(lock).execute(&mut stopped).await.unwrap();
    // Tables are missing, so the lock is waited for, though not for ever.
    let mut settings = StoreSettings::new();
    settings.wait_at_most = Duration::from_secs(3);
    let error = place.open_with(settings).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Unavailable, "{error:?}");
    raw_sql("ROLLBACK").execute(&mut stopped).await.unwrap();
    let store = place.open().await;
    store.write(None, &consented(1), at(1)).await.unwrap();
    // They are there, so it is not.
    raw_sql(lock).execute(&mut stopped).await.unwrap();
    let other = place.open().await;
    assert!(other.load(&key(1)).await.unwrap().is_some());
}

/// The server ends the transaction of a process that stopped while it made the tables.
#[tokio::test(flavor = "multi_thread")]
async fn the_tables_are_made_in_a_transaction_that_the_server_ends_when_it_falls_silent() {
    let Some(place) = PostgresPlace::make().await else {
        return;
    };
    place
        .sql(
            "CREATE TABLE seen (limits TEXT); \
             CREATE FUNCTION note() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN \
             INSERT INTO seen VALUES (concat_ws(' ', current_setting('idle_in_transaction_session_timeout'), \
             current_setting('lock_timeout'), current_setting('statement_timeout'))); END $$; \
             CREATE EVENT TRIGGER note ON ddl_command_end EXECUTE FUNCTION note()",
        )
        .await;
    let mut settings = StoreSettings::new();
    settings.wait_at_most = Duration::from_secs(17);
    place.open_with(settings).await.unwrap();
    let mut connection = connect(&place.url).await;
    let seen = "SELECT string_agg(DISTINCT limits, ',') FROM seen";
    let row = raw_sql(seen).fetch_one(&mut connection).await.unwrap();
    let seen: String = sqlx::Row::get(&row, 0);
    assert_eq!(seen, "17s 17s 17s");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_holder_learns_that_the_server_ended_its_session() {
    let Some(place) = PostgresPlace::make().await else {
        return;
    };
    let store = place.open().await;
    let mut lock = store.try_lock(&key(1)).await.unwrap().unwrap();
    assert!(store.still_held(&mut lock).await.unwrap());
    end_all_sessions(&place).await;
    assert!(!store.still_held(&mut lock).await.unwrap());
    assert!(!store.still_held(&mut lock).await.unwrap());
}

/// A holder that asks keeps its lock for longer than the server lets a silent one have it.
#[tokio::test(flavor = "multi_thread")]
async fn a_holder_that_asks_is_not_silent() {
    let Some(place) = PostgresPlace::make().await else {
        return;
    };
    let mut settings = StoreSettings::new();
    settings.request_limit = Duration::from_secs(2);
    let store = place.open_with(settings).await.unwrap();
    let mut lock = store.try_lock(&key(1)).await.unwrap().unwrap();
    let mut connection = connect(&place.url).await;
    let begun = "SELECT clock_timestamp()::text";
    let row = raw_sql(begun).fetch_one(&mut connection).await.unwrap();
    let begun: String = sqlx::Row::get(&row, 0);
    // Until the server's clock is past the limit of three request limits.
    loop {
        assert!(store.still_held(&mut lock).await.unwrap());
        let late =
            format!("SELECT (clock_timestamp() - '{begun}'::timestamptz > interval '8 s')::text");
        let row = raw_sql(AssertSqlSafe(late))
            .fetch_one(&mut connection)
            .await
            .unwrap();
        let is_late: String = sqlx::Row::get(&row, 0);
        if is_late == "true" {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    store.unlock(lock).await.unwrap();
}

/// Cut off from the server, every call ends, and the store works again as soon as the server is
/// heard.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_falls_silent_keeps_nobody_waiting_for_ever() {
    /// Far longer than all limits of this test together.
    const FOR_EVER: Duration = Duration::from_secs(120);
    if postgres_is_left_out() {
        return;
    }
    let place = PostgresPlace::on(|database| cluster().url_of(database)).await;
    // The tables are made without this test's short limits.
    place.open().await.close().await;
    let database = place.url.split(['/', '?']).nth(3).unwrap();
    let way = Silence::before(cluster().socket()).await;
    let url = format!(
        "postgres://kommo@127.0.0.1:{}/{database}?sslmode=disable",
        way.port
    );
    let url = DatabaseUrl::parse(&url).unwrap();
    let mut settings = StoreSettings::new();
    settings.wait_at_most = Duration::from_secs(8);
    // One of each: a permit that is kept would be missed.
    settings.connections = 1;
    settings.lock_connections = 2;
    let store = Store::open(&url, settings.clone()).await.unwrap();
    store.write(None, &consented(1), at(1)).await.unwrap();
    let mut held = store.try_lock(&key(1)).await.unwrap().unwrap();
    let idle = store.try_lock(&key(2)).await.unwrap().unwrap();
    store.unlock(idle).await.unwrap();
    way.set(true);
    let silent = async {
        let grant = store.load(&key(1)).await;
        assert_eq!(grant.unwrap_err().kind(), StoreErrorKind::Unavailable);
        let put = store.put_code(&code("a", 1)).await;
        assert_eq!(put.unwrap_err().kind(), StoreErrorKind::Unavailable);
    };
    let locking = async {
        let lock = store.try_lock(&key(2)).await;
        assert_eq!(lock.unwrap_err().kind(), StoreErrorKind::Unavailable);
        let is_held = store.still_held(&mut held).await;
        assert!(!is_held.unwrap_or(false));
        store.unlock(held).await.ok();
    };
    let connecting = async {
        let connected = Store::open(&url, settings.clone()).await;
        assert_eq!(connected.unwrap_err().kind(), StoreErrorKind::Unavailable);
    };
    let all = async { tokio::join!(silent, locking, connecting) };
    tokio::time::timeout(FOR_EVER, all).await.unwrap();
    way.set(false);
    until_some(async || store.load(&key(1)).await.ok().flatten()).await;
    for user in 1..=2 {
        let lock = until_some(async || store.try_lock(&key(user)).await.ok().flatten()).await;
        store.unlock(lock).await.unwrap();
    }
    // A connection that is cut off while others are not, as after the change of an address: it
    // keeps no permit.
    way.silence_open_ones();
    let error = store.load(&key(1)).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Unavailable, "{error:?}");
    until_some(async || store.load(&key(1)).await.ok().flatten()).await;
    way.set(false);
    // What was confirmed is durable: closing is not worth waiting for.
    let first = key(1);
    let mut reading = Box::pin(store.load(&first));
    way.set(true);
    let begun = tokio::time::timeout(Duration::from_millis(50), &mut reading).await;
    assert!(begun.is_err());
    let closing = store.close_within(Duration::from_millis(100));
    let is_closed = tokio::time::timeout(FOR_EVER, closing).await.unwrap();
    assert!(!is_closed);
}

#[tokio::test(flavor = "multi_thread")]
async fn stores_that_open_at_once_make_the_tables_once() {
    let Some(place) = PostgresPlace::make().await else {
        return;
    };
    let opened = tokio::join!(place.open(), place.open(), place.open(), place.open());
    opened.0.write(None, &consented(1), at(1)).await.unwrap();
    assert!(opened.3.load(&key(1)).await.unwrap().is_some());
}

/// Whatever was confirmed is there, in its order, although the server ends every session again and
/// again while hooks come and are handled.
#[tokio::test(flavor = "multi_thread")]
async fn hooks_that_were_confirmed_outlive_every_session() {
    let Some(place) = PostgresPlace::make().await else {
        return;
    };
    let receiver = inbox(&Arc::new(place.open().await));
    let worker = inbox(&Arc::new(place.open().await));
    let mut ending = connect(&place.url).await;
    let mut confirmed = Vec::new();
    let mut handled = Vec::new();
    for number in 0..60 {
        let text = body(number);
        let facts = HookFacts::new("message").in_conversation("a");
        let hook = proven(&text, facts);
        // As a receiver that may try again, since its hook is known by its key.
        let putting = until_some(async || receiver.put(&hook).await.ok());
        match number % 3 {
            0 => tokio::join!(putting, end_other_sessions(&mut ending)).0,
            _ => putting.await,
        };
        confirmed.push(number);
        // An attempt whose settlement got no answer is settled again.
        if let Ok(hooks) = worker.claim(10).await {
            for hook in hooks {
                let settling =
                    until_some(async || worker.settle(&hook, HandlingOutcome::Done).await.ok());
                match number % 4 {
                    0 => tokio::join!(settling, end_other_sessions(&mut ending)).0,
                    _ => settling.await,
                };
                handled.push(number_of(&hook));
            }
        }
    }
    // A claim whose answer was lost waits for the end of its lease.
    place
        .sql("UPDATE kommo_hooks SET leased_until = 0 WHERE leased_until IS NOT NULL")
        .await;
    loop {
        let hooks = until_some(async || worker.claim(10).await.ok()).await;
        let Some(hook) = hooks.first() else { break };
        assert!(worker.settle(hook, HandlingOutcome::Done).await.unwrap());
        handled.push(number_of(hook));
    }
    assert_eq!(handled, confirmed);
}

/// Puts hooks in this order, all at once.
async fn put_all(inbox: &Inbox, bodies: Vec<&String>) -> Vec<Put> {
    let puts = bodies.into_iter().map(|text| {
        let hook = proven(text, HookFacts::new("typing"));
        Box::pin(async move { inbox.put(&hook).await.unwrap() })
    });
    let mut puts: Vec<_> = puts.map(|put| (put, None)).collect();
    core::future::poll_fn(|context| {
        for (put, done) in &mut puts {
            if done.is_none()
                && let Poll::Ready(ready) = put.as_mut().poll(context)
            {
                *done = Some(ready);
            }
        }
        match puts.iter().all(|(_, done)| done.is_some()) {
            true => Poll::Ready(puts.iter().filter_map(|(_, done)| *done).collect()),
            false => Poll::Pending,
        }
    })
    .await
}

/// Two groups of the same hooks in opposite orders, while both wait for the table: neither is ended
/// as the victim of a deadlock.
#[tokio::test(flavor = "multi_thread")]
async fn groups_of_the_same_hooks_do_not_wait_for_each_other() {
    let Some(place) = PostgresPlace::make().await else {
        return;
    };
    let (one, other) = (place.open().await, place.open().await);
    let inboxes = [inbox(&Arc::new(one)), inbox(&Arc::new(other))];
    let mut holding = connect(&place.url).await;
    let lock = "BEGIN; LOCK TABLE kommo_hooks IN ACCESS EXCLUSIVE MODE";
    raw_sql(lock).execute(&mut holding).await.unwrap();
    let bodies: Vec<String> = (0..120).map(body).collect();
    let releasing = async {
        let mut watching = connect(&place.url).await;
        let waits = "SELECT count(*)::text FROM pg_locks WHERE NOT granted AND relation = 'kommo_hooks'::regclass";
        until_some(async || {
            let row = raw_sql(waits).fetch_one(&mut watching).await.unwrap();
            let waiting: String = sqlx::Row::get(&row, 0);
            (waiting == "2").then_some(())
        })
        .await;
        raw_sql("COMMIT").execute(&mut holding).await.unwrap();
    };
    let (forwards, backwards, ()) = tokio::join!(
        put_all(&inboxes[0], bodies.iter().collect()),
        put_all(&inboxes[1], bodies.iter().rev().collect()),
        releasing,
    );
    let puts = [forwards, backwards].concat();
    let stored = puts.iter().filter(|put| **put == Put::Stored).count();
    assert_eq!((stored, puts.len()), (120, 240));
}

/// A server that falls silent is one that does not take hooks: they are in the spool in time, and
/// come back in their order.
#[tokio::test(flavor = "multi_thread")]
async fn hooks_that_find_a_silent_server_are_spooled() {
    if postgres_is_left_out() {
        return;
    }
    let place = PostgresPlace::on(|database| cluster().url_of(database)).await;
    place.open().await.close().await;
    let database = place.url.split(['/', '?']).nth(3).unwrap();
    let way = Silence::before(cluster().socket()).await;
    let url = format!(
        "postgres://kommo@127.0.0.1:{}/{database}?sslmode=disable",
        way.port
    );
    let url = DatabaseUrl::parse(&url).unwrap();
    let store = Store::open(&url, StoreSettings::new()).await.unwrap();
    let directory = tempfile::tempdir().unwrap();
    let mut settings = settings();
    settings.put_within = Duration::from_secs(8);
    let inbox = spooled_with(&Arc::new(store), directory.path(), settings);
    merged(&inbox).await;
    assert_eq!(put(&inbox, 0, "a").await, Put::Stored);
    way.set(true);
    for number in 1..4 {
        assert_eq!(put(&inbox, number, "a").await, Put::Spooled);
    }
    way.set(false);
    merged(&inbox).await;
    let direct = crate::hook_samples::inbox(&Arc::new(place.open().await));
    assert_eq!(handled(&direct).await, [0, 1, 2, 3]);
}
