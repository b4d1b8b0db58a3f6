//! The version of the tables, and who may use them.
//!
//! A step only adds: a table, a column that may be empty, an index. So processes of the previous
//! version keep running beside those of the new one. If a later version must break that, it raises
//! `oldest_program` in the same step, and older programs refuse the store.

use crate::error::StoreFault;

/// The version that this program makes: the number of its steps.
pub(crate) const SCHEMA_VERSION: i64 = 5;

/// The versions that a store names.
#[derive(Clone, Copy, Debug)]
pub(crate) struct StoredVersion {
    /// Steps that were taken.
    pub(crate) version: i64,
    /// The oldest program version that may use it.
    pub(crate) oldest_program: i64,
}

impl StoredVersion {
    /// Whether this program may use a store of this version, and how many of its own steps were
    /// taken.
    pub(crate) fn steps_taken(self) -> Result<usize, StoreFault> {
        if self.oldest_program > SCHEMA_VERSION {
            return Err(StoreFault::NewerSchema {
                needed: self.oldest_program,
                known: SCHEMA_VERSION,
            });
        }
        usize::try_from(self.version)
            .map_err(|_| StoreFault::damaged("schema", "version below zero"))
    }

    /// Whether the tables are as this program knows them, for one that may not make them.
    pub(crate) fn check_as_it_is(self) -> Result<(), StoreFault> {
        self.steps_taken()?;
        if self.version < SCHEMA_VERSION {
            return Err(StoreFault::OlderSchema {
                found: self.version,
                known: SCHEMA_VERSION,
            });
        }
        Ok(())
    }
}
