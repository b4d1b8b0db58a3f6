//! Hooks out: sent when ordered, or when something on the platform is the reason for one.

use tokio::task::JoinHandle;

use crate::config::hook_kind::HookKind;
use crate::faults::kind::FaultKind;
use crate::faults::surface::Surface;
use crate::hooks::making::{Hook, Means, make_hook};
use crate::hooks::order::{HookError, HookOrder};
use crate::state::deliveries::{Delivery, DeliveryOutcome};
use crate::state::journal::{Detail, Direction, JournalEntry, Verdict};
use crate::state::platform::Platform;
use crate::wire::outgoing::{Outgoing, Reach, Unanswered, check_reach, send};

/// The query parameters whose values are never shown.
const MASKED_PARAMETERS: [&str; 2] = ["code", "signature"];

/// How a delivery ended, and what was answered.
type Ended = (Delivery, Result<u16, Unanswered>);

impl Platform {
    /// Sends a hook and waits until it is answered, or until its limit of real time is over. A
    /// delivery that was started is finished and recorded even if the caller stops waiting.
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
        let means = Means {
            channel_id: self.channel_id(),
            channel_key: self.channel_key(),
            served: self.served(),
            reach: self.reach(),
        };
        let hook = make_hook(&mut self.lock(), means, order)?;
        Ok((self.begin(order.kind, &hook), hook))
    }

    fn begin(&self, kind: HookKind, hook: &Hook) -> Delivery {
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
        };
        let outgoing = hook.outgoing.clone();
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
                return (platform.end(&begun, answer, fault), answer);
            }
            let answer = send(&hook.outgoing, reach).await;
            let ended = platform.end(&begun, answer, fault);
            if fault == Some(FaultKind::SentTwice) {
                let again = platform.begin(begun.kind, &hook);
                let answer = send(&hook.outgoing, reach).await;
                platform.end(&again, answer, fault);
            }
            (ended, answer)
        })
    }

    /// Counts the hook and writes it down.
    fn end(
        &self,
        begun: &Delivery,
        answer: Result<u16, Unanswered>,
        fault: Option<FaultKind>,
    ) -> Delivery {
        let mut state = self.lock();
        if answer != Err(Unanswered::NeverSent) {
            state.counters.hooks_sent += 1;
        }
        if answer == Ok(200) {
            state.counters.hooks_answered_200 += 1;
        }
        let ended = state.deliveries.end(begun.id, answer);
        state.journal.push(entry(begun, answer, fault));
        ended.unwrap_or_else(|| begun.clone())
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
    JournalEntry {
        id: 0,
        at: begun.at,
        direction: Direction::Out,
        method: begun.method.clone(),
        target: begun.target.clone(),
        status: answer.ok(),
        verdict: match (answer, content) {
            (Err(Unanswered::NeverSent), _) => Verdict::Fault,
            (_, true) => Verdict::Accepted,
            (_, false) => Verdict::Refused,
        },
        rule: fault
            .and_then(|fault| fault.rule(Surface::Hook))
            .map(str::to_owned),
        detail: Some(Detail {
            code: format!("{}-{code}", begun.kind.name()),
            reason: format!("{} hook: {reason}", begun.kind.name()),
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
