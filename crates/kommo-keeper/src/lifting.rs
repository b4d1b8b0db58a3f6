//! A person has mended what a hold was laid for, and says so.

use kommo_oauth::{GrantKey, HoldKind};

use crate::clock::Clock as _;
use crate::grant_store::{GrantStore, StoreError, StoreErrorKind, Written};
use crate::keeper::Keeper;

/// Writes that met another revision before the lift is given up.
const CONFLICTS_AT_MOST: u32 = 16;

impl<S: GrantStore> Keeper<S> {
    /// Lifts every hold of a grant, and those of this process as a whole, at the wish of a person
    /// who has mended what caused them: a client secret, a redirect URI, an unpaid account. Nothing
    /// is sent. Gives the kinds that were lifted and would have lasted.
    ///
    /// The pause of a doubt stays; [`refresh_for_person`](crate::GrantHandle::refresh_for_person)
    /// does not wait for it.
    ///
    /// # Errors
    ///
    /// The store failed, or the record went on moving ([`StoreErrorKind::Unavailable`]). Some of the
    /// holds may be lifted.
    pub async fn lift_holds(&self, key: &GrantKey) -> Result<Vec<HoldKind>, StoreErrorKind> {
        let ports = self.ports();
        let mut lifted = ports.own_holds.lift_all(&ports.identity.get().requester);
        let failed = |error: <S as GrantStore>::Error| {
            ports.store_failed(Some(*key), &error);
            error.kind()
        };
        let mut conflicts = 0;
        loop {
            let grant = ports.store.load(key).await.map_err(failed)?;
            let Some((grant, hold)) = grant.and_then(|grant| {
                let hold = *grant.holds.first()?;
                Some((grant, hold))
            }) else {
                break;
            };
            let now = ports.clock.now();
            let Some(moved) = grant.lift(hold.kind) else {
                break;
            };
            match ports.store.write(None, &moved, now).await.map_err(failed)? {
                Written::Confirmed(_) if hold.lasts(now) && !lifted.contains(&hold.kind) => {
                    lifted.push(hold.kind);
                }
                Written::Confirmed(_) => {}
                Written::Conflict => conflicts += 1,
            }
            if conflicts > CONFLICTS_AT_MOST {
                return Err(StoreErrorKind::Unavailable);
            }
        }
        if let Some(entry) = self.known_entry(key) {
            entry.begin_anew();
        }
        Ok(lifted)
    }
}
