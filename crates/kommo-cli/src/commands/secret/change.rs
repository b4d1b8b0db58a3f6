//! The three changes of a rotation, in a profile.

use crate::input::secret_source::SecretSource;
use crate::profile::content::{Profile, SecretEntry, SecretKind, SecretRole};
use crate::profile::setting::EnvName;

/// Names the next secret, or the first; says which it became.
pub(super) fn add(
    profile: &mut Profile,
    kind: SecretKind,
    source: SecretSource,
) -> Result<&'static str, String> {
    if profile.secret(kind).is_none() {
        set_current(profile, kind, source)?;
        return Ok("current");
    }
    if position_of_next(profile, kind).is_some() {
        return Err(format!(
            "there is a next {} secret already: promote or retire it first",
            kind.name()
        ));
    }
    let next = entry(kind, SecretRole::Next, source, None)?;
    profile.secrets.push(next);
    Ok("next")
}

/// The next one becomes the current, and that one the previous.
pub(super) fn promote(profile: &mut Profile, kind: SecretKind, until: u64) -> Result<(), String> {
    let missing = || format!("there is no next {} secret", kind.name());
    let at = position_of_next(profile, kind).ok_or_else(missing)?;
    let next = profile.secrets.remove(at).source().ok_or_else(missing)?;
    if let Some(current) = profile.secret(kind) {
        let previous = entry(kind, SecretRole::Previous, current, Some(until))?;
        profile.secrets.push(previous);
    }
    set_current(profile, kind, next)
}

/// Drops what is meant; `false` if it is not there.
pub(super) fn retire(
    profile: &mut Profile,
    kind: SecretKind,
    is_meant: impl Fn(&SecretSource) -> bool,
) -> bool {
    let before = profile.secrets.len();
    profile.secrets.retain(|entry| {
        entry.kind != kind || !entry.source().is_some_and(|source| is_meant(&source))
    });
    profile.secrets.len() < before
}

fn position_of_next(profile: &Profile, kind: SecretKind) -> Option<usize> {
    profile
        .secrets
        .iter()
        .position(|entry| entry.kind == kind && entry.role == SecretRole::Next)
}

fn entry(
    kind: SecretKind,
    role: SecretRole,
    source: SecretSource,
    until: Option<u64>,
) -> Result<SecretEntry, String> {
    let (file, env) = parts(source)?;
    Ok(SecretEntry {
        kind,
        role,
        file,
        env,
        until,
    })
}

type Parts = (Option<std::path::PathBuf>, Option<EnvName>);

fn parts(source: SecretSource) -> Result<Parts, String> {
    Ok(match source {
        SecretSource::File(file) => (Some(file), None),
        SecretSource::Env(name) => {
            let name: EnvName = name
                .parse()
                .map_err(|error: crate::profile::setting::SettingError| error.to_string())?;
            (None, Some(name))
        }
    })
}

fn set_current(
    profile: &mut Profile,
    kind: SecretKind,
    source: SecretSource,
) -> Result<(), String> {
    let (file, env) = match kind {
        SecretKind::Channel => (
            &mut profile.channel_secret_file,
            &mut profile.channel_secret_env,
        ),
        SecretKind::Client => (
            &mut profile.client_secret_file,
            &mut profile.client_secret_env,
        ),
        SecretKind::App => (&mut profile.app_secret_file, &mut profile.app_secret_env),
    };
    (*file, *env) = parts(source)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{Profile, SecretKind, SecretSource, add, promote, retire};

    fn env(name: &str) -> SecretSource {
        SecretSource::Env(name.to_owned())
    }

    #[test]
    fn a_secret_is_added_promoted_overlaps_and_goes() {
        let (mut profile, kind) = (Profile::default(), SecretKind::Client);
        assert_eq!(add(&mut profile, kind, env("ONE")), Ok("current"));
        assert_eq!(add(&mut profile, kind, env("TWO")), Ok("next"));
        assert!(add(&mut profile, kind, env("THREE")).is_err());
        assert_eq!(profile.secrets_to_try(kind, 0), [env("ONE"), env("TWO")]);
        assert_eq!(profile.secret(kind), Some(env("ONE")));

        promote(&mut profile, kind, 100).unwrap();
        assert_eq!(profile.secret(kind), Some(env("TWO")));
        assert_eq!(profile.secrets_to_try(kind, 100), [env("TWO"), env("ONE")]);
        assert_eq!(profile.secrets_to_try(kind, 101), [env("TWO")]);
        assert_eq!(profile.check(), Ok(()));

        assert!(!retire(&mut profile, SecretKind::Channel, |_| true));
        assert!(retire(&mut profile, kind, |source| *source == env("ONE")));
        assert_eq!(profile.secrets_to_try(kind, 0), [env("TWO")]);
    }

    #[test]
    fn without_a_next_one_nothing_is_promoted() {
        let mut profile = Profile::default();
        add(&mut profile, SecretKind::Channel, env("ONE")).unwrap();
        let before = profile.clone();
        assert!(promote(&mut profile, SecretKind::Channel, 1).is_err());
        assert_eq!(profile, before);
    }

    #[test]
    fn a_profile_with_secrets_beside_can_be_written_and_read_again() {
        let mut profile = Profile::default();
        for name in ["ONE", "TWO"] {
            add(&mut profile, SecretKind::Channel, env(name)).unwrap();
        }
        promote(&mut profile, SecretKind::Channel, 5).unwrap();
        let text = toml::to_string(&profile).unwrap();
        assert_eq!(toml::from_str::<Profile>(&text).unwrap(), profile);
    }
}
