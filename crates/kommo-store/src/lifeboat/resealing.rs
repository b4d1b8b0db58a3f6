//! The second phase of a rotation, for the files that the store does not know of.

use std::path::Path;

use crate::error::StoreFault;
use crate::records::rotated::Rotated;

use super::slots::SLOT;
use super::{ENDING, Inner, Lifeboat, PART, is_torn, place, read_file};

/// Beside the ending of a file that is being sealed anew.
const RESEALED: &str = "new";

impl Lifeboat {
    /// Seals every file anew with the first key of the ring, as
    /// [`Store::rotate_encryption`](crate::Store::rotate_encryption) does with the records; without
    /// keys, it writes them plain. Call it wherever a lifeboat is, with that lifeboat's ring,
    /// before the old key is dropped: the store does not know of these files. It may run beside
    /// keepers, and again after it was interrupted.
    ///
    /// # Errors
    ///
    /// - a file that no key opens: [`StoreFault::WrongKey`] or [`StoreFault::Damaged`], with its
    ///   name. All others are done, and this one still needs its key; [`problems`](Self::problems)
    ///   names every such file;
    /// - a file that cannot be read or replaced: [`StoreFault::File`].
    pub async fn rotate_encryption(&self) -> Result<Rotated, StoreFault> {
        self.blocking(Inner::reseal_all).await
    }
}

impl Inner {
    /// One problem does not stop the other files.
    fn reseal_all(&self) -> Result<Rotated, StoreFault> {
        let mut rotated = Rotated::default();
        let mut problem = None;
        for name in self.names()? {
            for ending in [ENDING, PART] {
                match self.reseal(&name, ending) {
                    Ok(Some(true)) => rotated.resealed += 1,
                    Ok(Some(false)) => rotated.current += 1,
                    Ok(None) => {}
                    // What a crash tore has no pair in it.
                    Err(torn) if ending == PART && is_torn(&torn) => {}
                    Err(error) => problem = problem.or(Some(error)),
                }
            }
        }
        for (slot, name, sealed) in self.slots_with_pairs()? {
            match self.take_out(&slot, &name, &sealed) {
                Ok(()) => rotated.resealed += 1,
                Err(error) => problem = problem.or(Some(error)),
            }
        }
        problem.map_or(Ok(rotated), Err)
    }

    /// A pair that stayed in its slot gets a file of its own, sealed with the first key.
    fn take_out(&self, slot: &Path, name: &str, sealed: &[u8]) -> Result<(), StoreFault> {
        let plain = self.sealer.open(place(name), sealed)?;
        let new = self.sealer.seal(place(name), &plain)?;
        let part = self.path(name, &format!("{SLOT}.{RESEALED}"));
        self.put_whole(&part, &self.path(name, ENDING), &new)?;
        self.remove(slot)
    }

    /// `None` if it is not there. A pair that is saved and removed meanwhile may come back; its
    /// generation shows that it is old, and it is removed again.
    fn reseal(&self, name: &str, ending: &str) -> Result<Option<bool>, StoreFault> {
        let path = self.path(name, ending);
        let Some(sealed) = read_file(&path)? else {
            return Ok(None);
        };
        let plain = self.sealer.open(place(name), &sealed)?;
        if self.sealer.is_current(&sealed) {
            return Ok(Some(false));
        }
        let new = self.sealer.seal(place(name), &plain)?;
        // Not the part's own name: a keeper may be writing that.
        let part = self.path(name, &format!("{ending}.{RESEALED}"));
        if !path.exists() {
            return Ok(None);
        }
        self.put_whole(&part, &path, &new)?;
        Ok(Some(true))
    }
}
