//! One secret, many hooks.

use core::fmt;

use kommo_sign::{ChannelSecret, ChatHookKey, VerifyError};

use crate::error::{ResultsTooShort, results_of};
use crate::hook::{HookVerdict, ReceivedHook};
use crate::level::{Level, with_lanes};
use crate::mac_key::MacKey;
use crate::verify_window::verify_window;
use crate::window::WINDOW;

/// A channel secret with its key schedule done, which judges many chat hooks in one call: make it
/// once, share it.
///
/// The verdicts are those of [`ChatHookKey::verify`]. Never panics, never allocates. The time
/// depends on the number of the hooks, the lengths of their bodies and the line ends they have; not
/// on the verdicts, and not on where a signature differs.
///
/// It needs about 70 KiB of stack.
///
/// # Examples
///
/// ```
/// use kommo_sign::{BodyForm, ChannelSecret};
/// use kommo_sign_bulk::{BulkHookKey, HookVerdict, ReceivedHook};
///
/// let key = BulkHookKey::new(&ChannelSecret::new("channel-secret")?);
/// let body = b"{\"account_id\":\"x\",\"time\":1}\n";
/// let hooks = [
///     ReceivedHook { body, signature: "1b58ec7918f80d142eaadae57ae2265cb1472ff6" },
///     ReceivedHook { body, signature: "0000000000000000000000000000000000000000" },
/// ];
/// let mut verdicts = [HookVerdict::Mismatch; 2];
/// key.verify_many(&hooks, &mut verdicts)?;
/// assert_eq!(verdicts, [HookVerdict::Proven(BodyForm::WithoutLf), HookVerdict::Mismatch]);
/// assert_eq!(hooks[0].proven(verdicts[0]), Some(&b"{\"account_id\":\"x\",\"time\":1}"[..]));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct BulkHookKey {
    one: ChatHookKey,
    key: MacKey,
    level: Level,
}

impl BulkHookKey {
    /// Does the key schedule of a secret, for the widest lanes of this processor.
    #[must_use]
    pub fn new(secret: &ChannelSecret) -> Self {
        Self::with_level(secret, Level::best())
    }

    /// The same for lanes of the caller's choice.
    #[must_use]
    pub fn with_level(secret: &ChannelSecret, level: Level) -> Self {
        Self {
            one: ChatHookKey::new(secret),
            key: MacKey::new(secret),
            level,
        }
    }

    /// The lanes in use.
    #[must_use]
    pub const fn level(&self) -> Level {
        self.level
    }

    /// Judges every hook; `verdicts[i]` belongs to `hooks[i]`. Verdicts behind the last hook stay
    /// as they are.
    ///
    /// # Errors
    ///
    /// [`ResultsTooShort`] if there are fewer verdicts than hooks; then nothing is written.
    pub fn verify_many(
        &self,
        hooks: &[ReceivedHook<'_>],
        verdicts: &mut [HookVerdict],
    ) -> Result<(), ResultsTooShort> {
        let verdicts = results_of(verdicts, hooks.len())?;
        for (hooks, verdicts) in hooks.chunks(WINDOW).zip(verdicts.chunks_mut(WINDOW)) {
            with_lanes!(
                self.level,
                simd => verify_window(simd, &self.key, hooks, verdicts),
                self.one_at_a_time(hooks, verdicts)
            );
        }
        Ok(())
    }

    fn one_at_a_time(&self, hooks: &[ReceivedHook<'_>], verdicts: &mut [HookVerdict]) {
        for (hook, verdict) in hooks.iter().zip(verdicts) {
            *verdict = match self.one.verify(hook.body, hook.signature) {
                Ok(proven) => HookVerdict::Proven(proven.form()),
                Err(VerifyError::Malformed(reason)) => HookVerdict::Malformed(reason),
                Err(_) => HookVerdict::Mismatch,
            };
        }
    }
}

impl fmt::Debug for BulkHookKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BulkHookKey")
            .field("level", &self.level)
            .finish_non_exhaustive()
    }
}
