//! What the store does on both databases: the promises of every store, and those of its own.

mod promises;
mod accounts;
mod buckets;
mod codes;
mod due;
mod erased;
mod grants;
mod hooks;
mod hook_faults;
mod hook_rules;
pub(crate) mod hook_spool;
mod worker;
mod transfer;
mod processes;
mod records;
mod shared;

/// Makes a module per database with a test for each function.
macro_rules! on_both {
    ($($name:ident)*) => {
        #[cfg(feature = "sqlite")]
        mod on_sqlite {
            $(
                #[tokio::test(flavor = "multi_thread")]
                async fn $name() {
                    super::$name::<crate::sqlite_place::SqlitePlace>().await;
                }
            )*
        }

        #[cfg(feature = "postgres")]
        mod on_postgres {
            $(
                #[tokio::test(flavor = "multi_thread")]
                async fn $name() {
                    super::$name::<crate::postgres_place::PostgresPlace>().await;
                }
            )*
        }
    };
}

/// The database of a test, or the end of the test if the operator left that database out.
macro_rules! place {
    ($place:ident) => {
        match $place::make().await {
            Some(place) => place,
            None => return,
        }
    };
}

pub(crate) use {on_both, place};
