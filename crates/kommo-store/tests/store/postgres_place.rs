//! A database of one test, on the server that the test command named or on one of our own.

use core::sync::atomic::{AtomicU32, Ordering};
use std::sync::OnceLock;

use kommo_store::{DatabaseUrl, Postgres, PostgresStore, StoreFault, StoreSettings};
use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, PgConnection, raw_sql};

use crate::cluster::Cluster;
use crate::place::Place;

pub(crate) struct PostgresPlace {
    pub(crate) url: String,
}

/// The server of this program.
pub(crate) fn cluster() -> &'static Cluster {
    static CLUSTER: OnceLock<Cluster> = OnceLock::new();
    CLUSTER.get_or_init(|| Cluster::start(""))
}

/// The URL of a database, on the server that is to be used.
pub(crate) fn server_url(database: &str) -> String {
    match std::env::var("KOMMO_TEST_POSTGRES_URL") {
        Ok(url) => with_database(&url, database),
        Err(_) => cluster().url(database),
    }
}

/// The same server, another database.
fn with_database(url: &str, database: &str) -> String {
    let (address, query) = url
        .split_once('?')
        .map_or((url, None), |(a, q)| (a, Some(q)));
    let (scheme, rest) = address.split_once("://").expect("a URL");
    let authority = rest.split('/').next().unwrap();
    let query = query.map(|query| format!("?{query}")).unwrap_or_default();
    format!("{scheme}://{authority}/{database}{query}")
}

pub(crate) fn is_left_out() -> bool {
    let is_left_out =
        std::env::var("KOMMO_TEST_WITHOUT").is_ok_and(|list| list.contains("postgres"));
    if is_left_out {
        eprintln!("left out: PostgreSQL (KOMMO_TEST_WITHOUT)");
    }
    is_left_out
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
    type Database = Postgres;

    const NEWER_CODES: &str = "UPDATE kommo_codes SET record = '\\x00'::bytea || convert_to(replace(convert_from( \
                               substr(record, 2), 'UTF8'), '{\"v\":1,', '{\"v\":2,\"more\":true,'), 'UTF8')";

    async fn make() -> Option<Self> {
        if is_left_out() {
            return None;
        }
        Some(Self::on(server_url).await)
    }

    async fn open_with(&self, settings: StoreSettings) -> Result<PostgresStore, StoreFault> {
        PostgresStore::connect(&DatabaseUrl::parse(&self.url).unwrap(), settings).await
    }

    async fn sql(&self, statement: &'static str) {
        let mut connection = connect(&self.url).await;
        raw_sql(statement).execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
    }

    fn address(&self) -> String {
        self.url.clone()
    }
}
