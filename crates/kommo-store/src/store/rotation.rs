//! The second phase of a rotation: every record is sealed anew with the key that writes.

use crate::backend::Backend;
use crate::code_columns::{answer_place, code_place};
use crate::columns::{SealedColumns, SealedTable};
use crate::error::StoreFault;
use crate::grant_columns::grant_place;
use crate::rotated::Rotated;
use crate::sealed::Place;

use super::Store;
use super::secrets::secret_place;

/// Records that are read at a time.
const AT_A_TIME: i64 = 200;

impl<B: Backend> Store<B> {
    /// Seals every record anew with the first key of the ring; without keys, it writes them plain.
    /// Before this, every process that shares the store must be able to read with that key. It may
    /// run beside them, and again after it was interrupted.
    ///
    /// It does not know of lifeboats. Before the old key is dropped, call
    /// [`Lifeboat::rotate_encryption`](crate::Lifeboat::rotate_encryption) on every machine that
    /// has one: a pair that lies there is perhaps the only one of its account.
    ///
    /// # Errors
    ///
    /// A record that no key opens: [`StoreFault::WrongKey`] or [`StoreFault::Damaged`], with its
    /// name. What came before it is done.
    pub async fn rotate_encryption(&self) -> Result<Rotated, StoreFault> {
        let mut rotated = Rotated::default();
        for table in [
            SealedTable::Grants,
            SealedTable::Codes,
            SealedTable::Answers,
            SealedTable::Secrets,
        ] {
            let mut after = String::new();
            loop {
                let rows = self.backend.sealed(table, &after, AT_A_TIME).await?;
                let Some(last) = rows.last() else { break };
                after.clone_from(&last.name);
                for row in &rows {
                    match self.reseal(table, row).await? {
                        true => rotated.resealed += 1,
                        false => rotated.current += 1,
                    }
                }
            }
        }
        Ok(rotated)
    }

    async fn reseal(&self, table: SealedTable, row: &SealedColumns) -> Result<bool, StoreFault> {
        if self.sealer.is_current(&row.record) {
            return Ok(false);
        }
        let generation = u64::try_from(row.generation)
            .map_err(|_| StoreFault::damaged(&row.name, "column generation"))?;
        let place: Place<'_> = match table {
            SealedTable::Grants => grant_place(&row.name, generation),
            SealedTable::Codes => code_place(&row.name),
            SealedTable::Answers => answer_place(&row.name),
            SealedTable::Secrets => secret_place(&row.name),
        };
        let plain = self.sealer.open(place, &row.record)?;
        let new = self.sealer.seal(place, &plain)?;
        // Whoever wrote it meanwhile used the key that writes.
        self.backend
            .reseal(table, &row.name, &row.record, &new)
            .await
    }
}
