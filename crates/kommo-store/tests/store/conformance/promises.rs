//! The promises of every store, on both databases, plain and encrypted.

use core::time::Duration;

use kommo_keeper::testing::conformance::StoreFixture;
use kommo_oauth::grant::GrantKey;
use kommo_store::{Store, StoreSettings};
use tokio::sync::OnceCell;

use crate::place::Place;
use crate::samples::encrypted_with;

pub(crate) struct Fixture<P, const IS_ENCRYPTED: bool> {
    place: P,
    reader: OnceCell<Store>,
}

impl<P: Place + 'static, const IS_ENCRYPTED: bool> StoreFixture for Fixture<P, IS_ENCRYPTED> {
    type Store = Store;

    async fn create() -> Option<Self> {
        let place = P::make().await?;
        let reader = OnceCell::new();
        Some(Self { place, reader })
    }

    async fn open(&self) -> Store {
        let settings = match IS_ENCRYPTED {
            true => encrypted_with(1),
            false => StoreSettings::new(),
        };
        self.place.open_with(settings).await.unwrap()
    }

    /// The databases have clocks of their own, so what is stored grows older instead.
    async fn pass_time(&self, length: Duration) {
        let (millis, micros) = (length.as_millis(), length.as_micros());
        let aged = format!(
            "UPDATE kommo_codes SET kept_at = kept_at - {millis}, lease_until = lease_until - {millis}; \
             UPDATE kommo_grants SET lease_until = lease_until - {millis}; \
             UPDATE kommo_buckets SET full_at = full_at - {micros}"
        );
        self.place.sql(&aged).await;
    }

    async fn history_length(&self, key: &GrantKey) -> Option<u64> {
        let reader = self.reader.get_or_init(|| self.open()).await;
        let lines = reader.history(key, 1_000).await.unwrap();
        Some(lines.len().try_into().unwrap())
    }
}

/// A module with the tests of all groups.
macro_rules! all_groups {
    ($name:ident: $fixture:ty) => {
        mod $name {
            mod grants {
                kommo_keeper::store_tests!(grants, $fixture);
            }
            mod due {
                kommo_keeper::store_tests!(due, $fixture);
            }
            mod codes {
                kommo_keeper::store_tests!(codes, $fixture);
            }
            mod buckets {
                kommo_keeper::store_tests!(buckets, $fixture);
            }
        }
    };
}

#[cfg(feature = "sqlite")]
all_groups!(on_sqlite: crate::conformance::promises::Fixture<crate::sqlite_place::SqlitePlace, false>);

#[cfg(feature = "sqlite")]
all_groups!(on_encrypted_sqlite: crate::conformance::promises::Fixture<crate::sqlite_place::SqlitePlace, true>);

#[cfg(feature = "postgres")]
all_groups!(on_postgres: crate::conformance::promises::Fixture<crate::postgres_place::PostgresPlace, false>);

#[cfg(feature = "postgres")]
all_groups!(on_encrypted_postgres: crate::conformance::promises::Fixture<crate::postgres_place::PostgresPlace, true>);
