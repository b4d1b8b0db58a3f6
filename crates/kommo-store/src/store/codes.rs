//! Codes between their arrival and their exchange: `PendingCodes`.

use core::time::Duration;

use kommo_account::{ClientId, Realm};
use kommo_keeper::{ClaimedCode, CodeEnd, CodeOrigin, CodePut, PendingCode, PendingCodes};
use kommo_oauth::{CODE_LIFETIME, TokenPair, UnixSeconds};

use crate::backend::Backend;
use crate::code_columns::{from_columns, open_answer, seal_answer, to_columns};
use crate::columns::{AnswerKept, ClaimedColumns, CodeRoom};
use crate::error::StoreFault;
use crate::grant_columns::number;
use crate::hash_text::pair_hash;
use crate::realm_text::realm_text;

use super::{Store, lease_milliseconds, lease_token, readable};

/// How long the hash of an erased code stays: an exchange that began with the code's last second is over by then. So long a code that
/// waited in vain stays too, to be counted.
const KEPT_AT_MOST: Duration = Duration::from_secs(2 * 20 * 60);

/// Ages are judged within one realm: the clock of a sandbox says nothing about codes of the real platform.
impl<B: Backend> PendingCodes for Store<B> {
    type Error = StoreFault;

    async fn put_code(&self, pending: &PendingCode) -> Result<CodePut, StoreFault> {
        let columns = to_columns(&self.sealer, pending)?;
        let received_at = pending.received_at;
        let most_of_origin = match pending.origin {
            CodeOrigin::InstallHook => self.settings.max_hook_codes(),
            _ => self.settings.max_codes,
        };
        let room = CodeRoom {
            cutoff: number(received_at.minus(CODE_LIFETIME).get()),
            last_cutoff: number(received_at.minus(KEPT_AT_MOST).get()),
            most: i64::from(self.settings.max_codes),
            most_of_origin: i64::from(most_of_origin),
        };
        self.backend.put_code(&columns, &room).await
    }

    async fn expire_codes(
        &self,
        realm: Realm,
        client_id: &ClientId,
        now: UnixSeconds,
    ) -> Result<u64, StoreFault> {
        let cutoff = number(now.minus(CODE_LIFETIME).get());
        self.backend
            .expire_codes([&realm_text(realm), client_id.as_str()], cutoff)
            .await
    }

    async fn claim_codes(
        &self,
        realm: Realm,
        client_id: &ClientId,
        now: UnixSeconds,
        limit: u32,
        lease: Duration,
    ) -> Result<Vec<ClaimedCode>, StoreFault> {
        self.claim(realm, client_id, now, limit, lease, true).await
    }

    async fn claim_consents(
        &self,
        realm: Realm,
        client_id: &ClientId,
        now: UnixSeconds,
        limit: u32,
        lease: Duration,
    ) -> Result<Vec<ClaimedCode>, StoreFault> {
        self.claim(realm, client_id, now, limit, lease, false).await
    }

    async fn note_code(&self, _: &ClaimedCode, _: &str) -> Result<(), StoreFault> {
        Ok(())
    }

    /// Keeping the same pair again changes nothing, so a keeper that does not know whether it was kept may ask again. A row that went meanwhile, because the code grew older than 20 minutes, is made anew: the pair must not be lost. If an
    /// erasure took it, the pair is not kept.
    async fn keep_answer(&self, claimed: &ClaimedCode, pair: &TokenPair) -> Result<(), StoreFault> {
        let code = to_columns(&self.sealer, &claimed.pending)?;
        let answer = seal_answer(&self.sealer, &code.hash, pair)?;
        let columns = ClaimedColumns {
            id: claimed.id,
            claims: i64::from(claimed.earlier_claims) + 1,
            answer: Some(answer),
            pair_hash: Some(pair_hash(&pair.refresh_token)),
            code,
        };
        let token = claimed.token.to_be_bytes();
        match self.backend.keep_answer(&columns, &token).await? {
            AnswerKept::Kept => Ok(()),
            AnswerKept::Another => Err(StoreFault::AnswerThere {
                record: columns.code.hash,
            }),
            AnswerKept::Erased => Err(StoreFault::Erased {
                record: columns.code.hash,
            }),
        }
    }

    async fn settle_code(&self, claimed: &ClaimedCode, end: CodeEnd) -> Result<(), StoreFault> {
        match end {
            CodeEnd::Exchanged | CodeEnd::Refused => {
                self.backend
                    .end_code(
                        claimed.id,
                        &claimed.token.to_be_bytes(),
                        end == CodeEnd::Exchanged,
                    )
                    .await
            }
            CodeEnd::NoEffect => {
                let token = claimed.token.to_be_bytes();
                self.backend.uncount_claim(claimed.id, &token).await
            }
            CodeEnd::Later { pause, counts } => {
                let token = claimed.token.to_be_bytes();
                let pause = lease_milliseconds(pause);
                self.backend
                    .postpone_code(claimed.id, &token, pause, i64::from(!counts))
                    .await
            }
            // The lease ends by itself.
            _ => Ok(()),
        }
    }
}

impl<B: Backend> Store<B> {
    async fn claim(
        &self,
        realm: Realm,
        client_id: &ClientId,
        now: UnixSeconds,
        limit: u32,
        lease: Duration,
        with_hooks: bool,
    ) -> Result<Vec<ClaimedCode>, StoreFault> {
        let token = lease_token()?;
        let rows = self
            .backend
            .claim_codes(
                [&realm_text(realm), client_id.as_str()],
                number(now.minus(CODE_LIFETIME).get()),
                i64::from(limit),
                lease_milliseconds(lease),
                &token.to_be_bytes(),
                with_hooks,
            )
            .await?;
        let claimed = |row: &ClaimedColumns| {
            let earlier = u32::try_from(row.claims.saturating_sub(1)).unwrap_or(u32::MAX);
            let pending = from_columns(&self.sealer, realm, &row.code)?;
            let mut claim = ClaimedCode::new(row.id, token, earlier, pending);
            if let Some(answer) = &row.answer {
                claim.answer = Some(open_answer(&self.sealer, &row.code.hash, answer)?);
            }
            Ok(claim)
        };
        readable(rows.iter().map(claimed).collect())
    }
}
