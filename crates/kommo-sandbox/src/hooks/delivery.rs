//! Hooks out: sent when ordered, or when something on the platform is the reason for one, and sent
//! again when the answer was bad.

use core::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::config::hook_kind::HookKind;
use crate::faults::kind::FaultKind;
use crate::faults::surface::Surface;
use crate::hooks::hook_record::hook_record;
use crate::hooks::ladder::pause_after;
use crate::hooks::making::{Hook, HookInputs, make_hook};
use crate::hooks::order::{HookError, HookOrder};
use crate::state::deliveries::{Delivery, DeliveryOutcome};
use crate::state::journal::{Detail, Direction, JournalEntry, Verdict};
use crate::state::platform::{Platform, WeakPlatform};
use crate::wire::outgoing::{Outgoing, Reach, Unanswered, check_reach, send};

/// The query parameters whose values are never shown.
const MASKED_PARAMETERS: [&str; 2] = ["code", "signature"];

/// How a delivery ended, and what was answered.
type Ended = (Delivery, Result<u16, Unanswered>);

impl Platform {
    /// Sends a hook and waits until it is answered, or until its limit of real time is over. A
    /// delivery that was started is finished and recorded even if the caller stops waiting. Repeats
    /// after a bad answer follow in the background, when the virtual clock is there.
    ///
    /// # Errors
    ///
    /// Nothing is sent then:
    ///
    /// - No `to`, and nothing configured: [`HookError::NoTarget`].
    /// - `to` is `"https://integration.example/hook"`: [`HookError::NotHttpAddress`].
    /// - `to` is `"http://192.0.2.1/hook"`: [`HookError::NotLoopback`], unless `allow_remote_hooks`
    ///   is set.
    /// - [`HookVariant::Replay`](crate::HookVariant::Replay) of what was never sent:
    ///   [`HookError::NothingToReplay`].
    pub async fn send_hook(&self, order: HookOrder) -> Result<Delivery, HookError> {
        let (begun, hook) = self.prepare_hook(&order)?;
        let answer = self.launch(&begun, hook).await;
        Ok(answer.map_or(begun, |(ended, _)| ended))
    }

    /// The latest deliveries with an id greater than `id`, oldest first, at most 1000.
    #[must_use]
    pub fn deliveries_after(&self, id: u64) -> Vec<Delivery> {
        self.lock().deliveries.after(id)
    }

    /// Waits until no hook is under way and none is due to be sent again: after the clock was
    /// moved, until the repeats that are due then were answered.
    pub async fn hooks_settled(&self) {
        let mut moves = self.moves();
        loop {
            let is_settled = {
                let state = self.lock();
                state.deliveries.are_settled(state.clock.now())
            };
            if is_settled || moves.changed().await.is_err() {
                return;
            }
        }
    }

    /// Sends a hook in the background; the delivery as it begins.
    pub(crate) fn start_hook(&self, order: &HookOrder) -> Result<Delivery, HookError> {
        let (begun, hook) = self.prepare_hook(order)?;
        drop(self.launch(&begun, hook));
        Ok(begun)
    }

    /// Sends the disconnect hook of an account in the background, if the settings have an address
    /// and the rules say so.
    pub(crate) fn start_disconnect_hook(&self, account: u64) {
        if self.lock().outward.disconnect_on_deactivation {
            let order = HookOrder {
                account: Some(account),
                ..HookOrder::new(HookKind::Disconnect)
            };
            // Without an address there is nothing to send.
            let _ = self.start_hook(&order);
        }
    }

    /// Sends the secrets of an integration made on the fly.
    pub(crate) async fn send_secrets(
        &self,
        outgoing: Outgoing,
        account: u64,
    ) -> Result<u16, Unanswered> {
        check_reach(&outgoing.to, self.reach())?;
        let hook = Hook {
            outgoing,
            account: Some(account),
            fault: None,
            destination: String::new(),
            repeat: false,
        };
        let begun = self.begin(HookKind::Secrets, &hook);
        let answer = self.launch(&begun, hook).await;
        answer.map_or(Err(Unanswered::Broken), |(_, answer)| answer)
    }

    fn reach(&self) -> Reach {
        match self.lock().outward.allow_remote_hooks {
            true => Reach::Anywhere,
            false => Reach::Loopback,
        }
    }

    fn prepare_hook(&self, order: &HookOrder) -> Result<(Delivery, Hook), HookError> {
        let names = self.names();
        let inputs = HookInputs {
            channel_id: &names.channel_id,
            channel_key: &names.channel_key,
            app_secret: &names.app_secret,
            served: self.served(),
            reach: self.reach(),
        };
        let hook = make_hook(&mut self.lock(), inputs, order)?;
        Ok((self.begin(order.kind, &hook), hook))
    }

    fn begin(&self, kind: HookKind, hook: &Hook) -> Delivery {
        self.begin_attempt(kind, hook, 1, None)
    }

    /// `of`: the first attempt, and the one that was answered last.
    fn begin_attempt(
        &self,
        kind: HookKind,
        hook: &Hook,
        attempt: u32,
        of: Option<(u64, u64)>,
    ) -> Delivery {
        let target = self.masked(&without_secrets(hook.outgoing.to.as_str()));
        let mut state = self.lock();
        let mut delivery = Delivery {
            id: 0,
            kind,
            at: state.clock.now(),
            method: hook.outgoing.method.to_string(),
            target,
            account: hook.account,
            outcome: DeliveryOutcome::UnderWay,
            status: None,
            attempt,
            repeats: of.map(|(first, _)| first),
            next_at: None,
        };
        let outgoing = hook.outgoing.clone();
        if let Some((_, latest)) = of {
            state.deliveries.stop_waiting(latest);
        }
        delivery.id = state.deliveries.begin(delivery.clone(), outgoing);
        delivery
    }

    /// A task of its own: the one who asked may hang up.
    fn launch(&self, begun: &Delivery, hook: Hook) -> JoinHandle<Ended> {
        let (platform, begun, reach) = (self.clone(), begun.clone(), self.reach());
        tokio::spawn(async move {
            let fault = hook.fault;
            if fault == Some(FaultKind::NeverSent) {
                let answer = Err(Unanswered::NeverSent);
                return (platform.end(&begun, &hook, answer), answer);
            }
            // What the hook is about is on the disk before anyone hears of it, if it can be.
            let _ = platform.kept().await;
            let answer = send(&hook.outgoing, reach).await;
            let ended = platform.end(&begun, &hook, answer);
            if fault == Some(FaultKind::SentTwice) {
                let again = platform.begin(begun.kind, &hook);
                let answer = send(&hook.outgoing, reach).await;
                platform.end(
                    &again,
                    &Hook {
                        repeat: false,
                        ..hook.clone()
                    },
                    answer,
                );
            }
            if ended.next_at.is_some() {
                tokio::spawn(repeat(
                    platform.downgrade(),
                    platform.moves(),
                    hook,
                    ended.clone(),
                ));
            }
            (ended, answer)
        })
    }

    /// Counts the hook and writes it down. If it is to be sent again, the delivery says when.
    fn end(&self, begun: &Delivery, hook: &Hook, answer: Result<u16, Unanswered>) -> Delivery {
        let mut state = self.lock();
        let now = state.clock.now();
        if answer != Err(Unanswered::NeverSent) {
            state.counters.hooks_sent += 1;
        }
        if answer == Ok(200) {
            state.counters.hooks_answered_200 += 1;
        }
        let is_bad = answer != Err(Unanswered::NeverSent)
            && !answer.is_ok_and(|status| begun.kind.is_content_with(status));
        let account = begun.account.unwrap_or_default();
        let is_switched_off = is_bad
            && begun.kind == HookKind::Crm
            && state
                .webhooks
                .note_bad_answer(account, &hook.destination, now);
        let pause = pause_after(begun.kind, begun.attempt, answer)
            .filter(|_| is_bad && hook.repeat && !is_switched_off);
        let next_at = pause.map(|pause| now.saturating_add(pause));
        let ended = state.deliveries.end(begun.id, answer, next_at);
        let mut entry = entry(begun, answer, hook.fault);
        if let Some(detail) = &mut entry.detail {
            detail.body_bytes = hook.outgoing.body.len();
        }
        if let (Some(detail), true) = (&mut entry.detail, is_switched_off) {
            detail.code = "crm-switched-off".into();
            detail
                .reason
                .push_str("; more than 100 bad answers in 2 hours: the webhook is switched off");
        }
        state
            .journal
            .push(entry, hook_record(&hook.outgoing, begun.at));
        drop(state);
        self.tell_moved();
        ended.unwrap_or_else(|| Delivery {
            next_at,
            ..begun.clone()
        })
    }

    /// Whether a repeat is still to be sent: its webhook may have been switched off.
    fn still_wants(&self, hook: &Hook) -> bool {
        let account = hook.account.unwrap_or_default();
        !self
            .lock()
            .webhooks
            .is_switched_off(account, &hook.destination)
    }
}

/// Sends a hook again until an answer is right or the ladder ends. Keeps the platform only while it
/// sends.
async fn repeat(
    platform: WeakPlatform,
    mut moves: watch::Receiver<u64>,
    hook: Hook,
    first: Delivery,
) {
    let mut latest = first.clone();
    while let Some(at) = latest.next_at {
        if wait_until(&platform, &mut moves, at).await.is_none() {
            return;
        }
        let Some(platform) = platform.upgrade() else {
            return;
        };
        if !platform.still_wants(&hook) {
            platform.lock().deliveries.stop_waiting(latest.id);
            platform.tell_moved();
            return;
        }
        let of = Some((first.id, latest.id));
        let begun = platform.begin_attempt(first.kind, &hook, latest.attempt + 1, of);
        let answer = send(&hook.outgoing, platform.reach()).await;
        latest = platform.end(&begun, &hook, answer);
    }
}

/// Waits until the virtual clock is there, moved by hand or by itself; `None` if the platform ended
/// before.
async fn wait_until(
    platform: &WeakPlatform,
    moves: &mut watch::Receiver<u64>,
    at: u64,
) -> Option<()> {
    loop {
        moves.mark_unchanged();
        let clock = *platform.upgrade()?.lock().clock;
        let left = at.saturating_sub(clock.now());
        if left == 0 {
            return Some(());
        }
        let moved = moves.changed();
        if clock.is_following() {
            // Woken at the latest by the clock itself; a failed wait is noticed above.
            let _ = tokio::time::timeout(Duration::from_secs(left), moved).await;
        } else {
            moved.await.ok()?;
        }
    }
}

fn entry(
    begun: &Delivery,
    answer: Result<u16, Unanswered>,
    fault: Option<FaultKind>,
) -> JournalEntry {
    let content = answer.is_ok_and(|status| begun.kind.is_content_with(status));
    let (code, reason) = match answer {
        Ok(_) if content => ("answered".to_owned(), "the receiver answered".to_owned()),
        Ok(status) => (
            "answered-otherwise".to_owned(),
            format!("the platform does not take {status} for a receipt"),
        ),
        Err(unanswered) => (unanswered.code().to_owned(), unanswered.reason().to_owned()),
    };
    let attempt = match begun.attempt {
        1 => String::new(),
        number => format!(", attempt {number}"),
    };
    JournalEntry {
        id: 0,
        at: begun.at,
        direction: Direction::Out,
        surface: Some(Surface::Hook),
        method: begun.method.clone(),
        target: begun.target.clone(),
        status: answer.ok(),
        verdict: match (answer, content) {
            (Err(Unanswered::NeverSent), _) => Verdict::Fault,
            (_, true) => Verdict::Accepted,
            (_, false) => Verdict::Refused,
        },
        rule: fault
            .and_then(|fault| fault.hook_rule(begun.kind))
            .map(str::to_owned),
        detail: Some(Detail {
            code: format!("{}-{code}", begun.kind.name()),
            reason: format!("{} hook{attempt}: {reason}", begun.kind.name()),
            faults: fault.iter().map(ToString::to_string).collect(),
            headers: Vec::new(),
            body_bytes: 0,
            explanations: Vec::new(),
        }),
    }
}

/// The address with the values of its secret parameters masked.
fn without_secrets(address: &str) -> String {
    let Some((before, query)) = address.split_once('?') else {
        return address.to_owned();
    };
    let shown: Vec<_> = query
        .split('&')
        .map(|pair| match pair.split_once('=') {
            Some((name, _)) if MASKED_PARAMETERS.contains(&name) => format!("{name}=({name})"),
            _ => pair.to_owned(),
        })
        .collect();
    format!("{before}?{}", shown.join("&"))
}
