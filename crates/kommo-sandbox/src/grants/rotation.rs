//! What a use of a token does to the tokens before it and beside it: the three readings of
//! rotation.
//!
//! ```text
//!   P ──refresh──► C1         strict: P's refresh token dies when C1 is issued
//!     └─refresh──► C2         until refresh used: when C1's or C2's refresh token is used
//!                             until access used: when either token of C1 or C2 is used
//!                             newer kills older: C1 dies when C2 is issued
//! ```

use super::grant::{Ledger, PairId};
use crate::config::oauth_rules::{OauthRules, Rotation, Siblings};

impl Ledger {
    /// The refresh token of `parent` was used, and `child` was issued for it.
    pub(super) fn rotate(&mut self, parent: PairId, child: PairId, rules: &OauthRules) {
        let Some(pair) = self.pairs.get_mut(parent) else {
            return;
        };
        let older = core::mem::take(&mut pair.children);
        let grandparent = pair.parent;
        if rules.revoke_old_access_on_refresh {
            pair.access_dead = true;
        }
        if rules.siblings == Siblings::NewerKillsOlder {
            for sibling in &older {
                self.kill_refresh(*sibling);
                if let Some(sibling) = self.pairs.get_mut(*sibling) {
                    sibling.access_dead = true;
                }
            }
        }
        if let Some(pair) = self.pairs.get_mut(parent) {
            pair.children = older;
            pair.children.push(child);
        }
        match rules.rotation {
            Rotation::Strict => self.kill_refresh(parent),
            Rotation::UntilRefreshUsed | Rotation::UntilAccessUsed => {
                if let Some(grandparent) = grandparent {
                    self.kill_refresh(grandparent);
                }
            }
        }
    }

    /// The access token of `pair` was let in.
    pub(super) fn access_was_used(&mut self, pair: PairId, rules: &OauthRules) {
        let Some(known) = self.pairs.get(pair) else {
            return;
        };
        let (parent, first) = (known.parent, !known.access_used);
        if first && let Some(pair) = self.pairs.get_mut(pair) {
            pair.access_used = true;
        }
        if let (Rotation::UntilAccessUsed, Some(parent)) = (rules.rotation, parent) {
            self.kill_refresh(parent);
        }
    }

    fn kill_refresh(&mut self, id: PairId) {
        let Some(pair) = self.pairs.get(id).filter(|pair| !pair.refresh_dead) else {
            return;
        };
        let grant = pair.grant;
        if let Some(pair) = self.pairs.get_mut(id) {
            pair.refresh_dead = true;
        }
        if let Some(grant) = self.grants.get_mut(grant) {
            grant.living.retain(|living| *living != id);
        }
    }
}
