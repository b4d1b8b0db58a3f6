//! The second half of the scenario: a grant, from the consent to the disconnect.

use kommo_keeper::{Counter, DisconnectVerdict};
use kommo_oauth::grant::GrantKey;
use kommo_sandbox::{Fault, FaultKind, HookKind, HookOrder, Sandbox, Surface};
use kommo_sign::{ClientSecret, DisconnectKey};
use serde_json::Value;

use super::grant_stage::GrantStage;
use super::hook_receiver::HookReceiver;
use super::step::{Step, tell};
use crate::failure::exit::Failure;
use crate::keeper::stores;
use crate::run::context::Context;

const DAY_SECONDS: u64 = 86_400;

/// More than a keeper waits between two probes of an account.
const PROBE_PAUSE_SECONDS: u64 = 601;

/// Prints every step as it happens, and whether all succeeded.
pub(super) async fn tell_all(sandbox: &Sandbox, context: &Context) -> Result<bool, Failure> {
    let mut stage = GrantStage::set(sandbox).await?;
    let (step, key) = consent(&stage).await;
    let mut is_ok = tell(&step, context)?;
    let Some(key) = key else {
        return Ok(false);
    };
    is_ok &= tell(&call(&stage, &key).await, context)?;
    is_ok &= tell(&expiry(&stage, &key).await, context)?;
    is_ok &= tell(&lost_answer(&stage, &key).await, context)?;
    is_ok &= tell(&restart(&mut stage, &key).await?, context)?;
    is_ok &= tell(&replayed_hook(&stage).await, context)?;
    is_ok &= tell(&disconnect_hook(&stage).await, context)?;
    stage.keeper.drain().await;
    stores::close(stage.keeper.store()).await;
    Ok(is_ok)
}

fn step(name: &'static str, told: Result<Step, String>) -> Step {
    told.unwrap_or_else(|error| Step::new(name, false, error))
}

async fn consent(stage: &GrantStage<'_>) -> (Step, Option<GrantKey>) {
    match stage.consent().await {
        Ok(key) => {
            let detail = format!("code exchanged: a grant of account {}", key.account_id);
            let step = Step::new("consent", true, detail)
                .with("account_id", key.account_id.get())
                .with("user_id", key.user_id.get());
            (step, Some(key))
        }
        Err(error) => (Step::new("consent", false, error), None),
    }
}

async fn call(stage: &GrantStage<'_>, key: &GrantKey) -> Step {
    let told = stage.call(key).await.map(|account| {
        let name = account
            .get("name")
            .and_then(Value::as_str)
            .unwrap_or_default();
        let detail = format!("GET /api/v4/account says \"{name}\"");
        Step::new("call", true, detail)
    });
    step("call", told)
}

/// A day later the access token has ended: the first call brings a new pair.
async fn expiry(stage: &GrantStage<'_>, key: &GrantKey) -> Step {
    let before = stage.sandbox.counters().refreshes;
    stage.sandbox.advance_seconds(DAY_SECONDS);
    let told = stage.call(key).await.map(|_| {
        let refreshes = stage.sandbox.counters().refreshes - before;
        let detail = format!("a day later: {refreshes} refresh, and the call goes through");
        Step::new("expiry", refreshes == 1, detail).with("refreshes", refreshes)
    });
    step("expiry", told)
}

/// The platform makes a new pair, and its answer never arrives.
async fn lost_answer(stage: &GrantStage<'_>, key: &GrantKey) -> Step {
    let name = "lost-answer";
    stage.sandbox.advance_seconds(DAY_SECONDS);
    let lost = Fault::new(FaultKind::DropAfterCommit)
        .on(Surface::Token)
        .times(1);
    stage.sandbox.inject(lost);
    let told = stage.call(key).await.map(|_| {
        let doubts = stage.keeper.metrics().get(Counter::Doubts);
        let dropped = stage.sandbox.counters().answers_dropped_after_commit;
        let detail = "the new tokens got lost on the way: asked again, recovered";
        Step::new(name, doubts == 1 && dropped == 1, detail)
            .with("doubts", doubts)
            .with("answers_dropped_after_commit", dropped)
    });
    stage.sandbox.clear_faults();
    step(name, told)
}

async fn restart(stage: &mut GrantStage<'_>, key: &GrantKey) -> Result<Step, Failure> {
    let before = stage.sandbox.counters().refreshes;
    stage.restart().await?;
    let told = stage.call(key).await.map(|_| {
        let refreshes = stage.sandbox.counters().refreshes - before;
        let detail = "a new keeper on the same file continues, without a refresh";
        Step::new("restart", refreshes == 0, detail).with("refreshes", refreshes)
    });
    Ok(step("restart", told))
}

/// A disconnect hook has no time in it: a captured one is valid for ever, so it is a reason to look
/// and no more.
async fn replayed_hook(stage: &GrantStage<'_>) -> Step {
    let name = "replayed-hook";
    let told = report(stage).await.map(|verdicts| {
        let is_alive = matches!(verdicts.as_slice(), [DisconnectVerdict::StillConnected(_)]);
        Step::new(
            name,
            is_alive,
            "proven, probed, still connected: the grant continues",
        )
    });
    step(name, told)
}

/// The administrator takes the access back.
async fn disconnect_hook(stage: &GrantStage<'_>) -> Step {
    let name = "disconnected";
    stage.sandbox.advance_seconds(PROBE_PAUSE_SECONDS);
    if let Err(error) = stage.sandbox.deactivate(Some(stage.account.get())) {
        return Step::new(name, false, error.to_string());
    }
    let told = report(stage).await.map(|verdicts| {
        let is_over = matches!(verdicts.as_slice(), [DisconnectVerdict::Disconnected(_)]);
        Step::new(
            name,
            is_over,
            "proven, probed, refused: the grant is over, tokens sealed",
        )
    });
    step(name, told)
}

/// A hook over HTTP, proven by its signature, reported to the keeper.
async fn report(stage: &GrantStage<'_>) -> Result<Vec<DisconnectVerdict>, String> {
    let receiver = HookReceiver::start().await;
    let mut receiver = receiver.map_err(|error| error.to_string())?;
    let order = HookOrder {
        to: Some(receiver.url()),
        account: Some(stage.account.get()),
        ..HookOrder::new(HookKind::Disconnect)
    };
    let sent = stage.sandbox.send_hook(order).await;
    sent.map_err(|error| error.to_string())?;
    let query = receiver.take().ok_or("the hook did not arrive")?;
    let secret = ClientSecret::new(&stage.client_secret).map_err(|error| error.to_string())?;
    let account = DisconnectKey::new(&secret)
        .verify_query(stage.client_id.as_str(), &query)
        .map_err(|error| error.to_string())?;
    let account = kommo_account::AccountId::new(account);
    let verdicts = stage.keeper.disconnect_reported(account).await;
    verdicts.map_err(|trouble| format!("the store failed: {trouble:?}"))
}
