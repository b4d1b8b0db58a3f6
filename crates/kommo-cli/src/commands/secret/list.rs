//! `kommo secret list`: ids, roles, places, and when each matched last.

use kommo_oauth::UnixSeconds;
use kommo_store::KeyUse;
use serde_json::{Value, json};

use crate::failure::error_code::ErrorCode;
use crate::failure::exit::{Failure, Outcome};
use crate::input::secret_source::SecretSource;
use crate::keeper::secret_use;
use crate::profile::content::{Profile, SecretKind, SecretRole};
use crate::run::context::Context;
use crate::time::clock;
use crate::time::instant;

const KINDS: [SecretKind; 3] = [SecretKind::Client, SecretKind::Channel, SecretKind::App];

/// One secret of a profile.
struct Listed {
    kind: SecretKind,
    role: &'static str,
    source: SecretSource,
    until: Option<u64>,
}

/// The ids of all secrets that can be read.
pub(super) fn known(profile: &Profile) -> Vec<(SecretKind, String)> {
    let listed = all(profile, 0);
    let ids = listed.iter().map(|listed| {
        Some((
            listed.kind,
            secret_use::id_of(listed.kind, &listed.source).ok()?,
        ))
    });
    ids.flatten().collect()
}

pub(super) fn run(context: &Context) -> Result<Outcome, Failure> {
    let now = clock::unix_now()?;
    let listed = all(context.profile()?, now);
    if listed.is_empty() {
        return Err(
            Failure::new(ErrorCode::NotFound, "the profile names no secret")
                .hint("name one with `kommo init` or `kommo secret add`"),
        );
    }
    // The secrets are the profile's; they are listed even if the store cannot be read.
    let uses = secret_use::all(context).unwrap_or_else(|failure| {
        let message = failure.message();
        let unknown = format!("not known which secret matched last: {message}");
        context.output.note(&unknown);
        Vec::new()
    });
    let (mut texts, mut objects) = (Vec::new(), Vec::new());
    for secret in &listed {
        let id = secret_use::id_of(secret.kind, &secret.source);
        let used = id.as_ref().ok().and_then(|id| last_use(&uses, id));
        texts.push(to_text(secret, &id, used, now));
        objects.push(json!({
            "kind": secret.kind.name(),
            "role": secret.role,
            "id": id.as_deref().ok(),
            "place": secret.source.label(),
            "until": secret.until,
            "matched_at": used.map(|used| used.used_at.get()),
            "matched_for": used.map(|used| used.purpose.as_str()),
            "error": id.as_ref().err().map(|failure| failure.message()),
        }));
    }
    context.output.result(
        &texts.join("\n"),
        &json!({ "secrets": Value::from(objects) }),
    )?;
    Ok(Outcome::Done)
}

fn all(profile: &Profile, now: u64) -> Vec<Listed> {
    let mut listed = Vec::new();
    for kind in KINDS {
        listed.extend(profile.secret(kind).map(|source| Listed {
            kind,
            role: "current",
            source,
            until: None,
        }));
        for entry in profile.secrets.iter().filter(|entry| entry.kind == kind) {
            let role = match entry.role {
                SecretRole::Next => "next",
                SecretRole::Previous if entry.is_tried_at(now) => "previous",
                SecretRole::Previous => "ended",
            };
            listed.extend(entry.source().map(|source| Listed {
                kind,
                role,
                source,
                until: entry.until,
            }));
        }
    }
    listed
}

fn last_use<'a>(uses: &'a [KeyUse], id: &str) -> Option<&'a KeyUse> {
    let of_it = uses.iter().filter(|used| used.key_id == id);
    of_it.max_by_key(|used| used.used_at)
}

fn to_text(
    secret: &Listed,
    id: &Result<String, Failure>,
    used: Option<&KeyUse>,
    now: u64,
) -> String {
    let name = match id {
        Ok(id) => id.as_str(),
        Err(_) => "unreadable",
    };
    let until = secret
        .until
        .map_or_else(String::new, |until| match now <= until {
            true => format!(", for another {}", instant::length(until - now)),
            false => String::new(),
        });
    let used = used.map_or_else(
        || "no match noted".to_owned(),
        |used| {
            let ago = instant::distance(used.used_at, UnixSeconds::new(now));
            format!("matched {ago} ago ({})", used.purpose)
        },
    );
    format!(
        "{:<8}{:<10}{name:<12}{used}{until}\n        {}",
        secret.kind.name(),
        secret.role,
        secret.source.label()
    )
}
