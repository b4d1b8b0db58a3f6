//! The second phase of a rotation: every record is sealed anew with the key that writes.

use crate::error::StoreFault;
use crate::records::code_record::{answer_data, code_data};
use crate::records::grant_record::grant_data;
use crate::records::hook_record::hook_data;
use crate::records::rotated::Rotated;
use crate::records::rows::{SealedRow, SealedTable};
use crate::sealing::sealer::AssociatedData;

use super::Store;
use super::secrets::secret_data;

/// Records that are read at a time.
const AT_A_TIME: i64 = 200;

impl Store {
    /// Seals every record anew with the first key of the ring; without keys, it writes them plain.
    /// Before this, every process that shares the store must be able to read with that key. It may
    /// run beside them, and again after it was interrupted.
    ///
    /// It does not know of lifeboats. Before the old key is dropped, call
    /// [`Lifeboat::rotate_encryption`](crate::Lifeboat::rotate_encryption) on every machine that
    /// has one: a pair in it may be the only one of its account.
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
            SealedTable::Hooks,
        ] {
            let mut after = String::new();
            loop {
                let rows = self.database.sealed(table, &after, AT_A_TIME).await?;
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

    async fn reseal(&self, table: SealedTable, row: &SealedRow) -> Result<bool, StoreFault> {
        if self.sealer.is_current(&row.record) {
            return Ok(false);
        }
        let generation = u64::try_from(row.generation)
            .map_err(|_| StoreFault::damaged(&row.name, "column generation"))?;
        let place: AssociatedData<'_> = match table {
            SealedTable::Grants => grant_data(&row.name, generation),
            SealedTable::Codes => code_data(&row.name),
            SealedTable::Answers => answer_data(&row.name),
            SealedTable::Secrets => secret_data(&row.name),
            SealedTable::Hooks => hook_data(&row.name),
        };
        let plain = self.sealer.open(place, &row.record)?;
        let new = self.sealer.seal(place, &plain)?;
        // A worker that wrote it meanwhile used the key that writes.
        self.database
            .reseal(table, &row.name, &row.record, &new)
            .await
    }
}
