//! A database of one test, on the server that the test command named or on one of our own.

use core::sync::atomic::{AtomicU32, Ordering};
use std::sync::OnceLock;

use kommo_test_support::{POSTGRES_URL, PostgresCluster, postgres_is_left_out, with_database};
use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, PgConnection, raw_sql};

use crate::place::Place;

pub(crate) struct PostgresPlace {
    pub(crate) url: String,
}

/// The server of this program.
pub(crate) fn cluster() -> &'static PostgresCluster {
    static CLUSTER: OnceLock<PostgresCluster> = OnceLock::new();
    CLUSTER.get_or_init(|| start_with(""))
}

/// A server with these settings.
pub(crate) fn start_with(settings: &str) -> PostgresCluster {
    PostgresCluster::start_with(settings).unwrap_or_else(|error| panic!("{error}"))
}

/// The URL of a database, on the server that is to be used.
pub(crate) fn server_url(database: &str) -> String {
    match std::env::var(POSTGRES_URL) {
        Ok(url) => with_database(&url, database),
        Err(_) => cluster().url_of(database),
    }
}

pub(crate) async fn connect(url: &str) -> PgConnection {
    let options: PgConnectOptions = url.parse().unwrap();
    options.connect().await.unwrap()
}

impl PostgresPlace {
    /// A new database on a server.
    pub(crate) async fn on(server: impl Fn(&str) -> String) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("kommo_test_{}_{number}", std::process::id());
        let mut connection = connect(&server("postgres")).await;
        raw_sql(AssertSqlSafe(format!("CREATE DATABASE {name}")))
            .execute(&mut connection)
            .await
            .unwrap();
        connection.close().await.unwrap();
        Self { url: server(&name) }
    }
}

impl Place for PostgresPlace {
    const NEWER_CODES: &str = "UPDATE kommo_codes SET record = '\\x00'::bytea || convert_to(replace(convert_from( \
                               substr(record, 2), 'UTF8'), '{\"v\":1,', '{\"v\":2,\"more\":true,'), 'UTF8')";

    const NEWER_HOOKS: &str = "UPDATE kommo_hooks SET record = substr(record, 1, 5) || convert_to(replace(convert_from( \
                               substr(record, 6), 'UTF8'), '{\"v\":1,', '{\"v\":2,'), 'UTF8')";

    async fn make() -> Option<Self> {
        if postgres_is_left_out() {
            return None;
        }
        Some(Self::on(server_url).await)
    }

    async fn sql(&self, statement: &str) {
        let mut connection = connect(&self.url).await;
        raw_sql(AssertSqlSafe(statement.to_owned()))
            .execute(&mut connection)
            .await
            .unwrap();
        connection.close().await.unwrap();
    }

    fn address(&self) -> String {
        self.url.clone()
    }
}
